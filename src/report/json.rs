//! JSON as the contract names it. Keys keep the order of the contract; nothing treacherous
//! stands unescaped in a string.

use serde::Serialize;

use super::{
    column::Columns,
    envelope::{Document, Head},
    redact::Redactor,
    text,
};

/// The whole list.
pub(super) fn document<T: Columns>(head: &Head, items: &[T], redactor: Option<&Redactor>) -> String {
    pretty(&Document::new(T::LIST, head, items), redactor)
}

/// Items only, one a line.
pub(super) fn lines<T: Columns>(items: &[T], redactor: Option<&Redactor>) -> String {
    let line = |item: &T| finished(serde_json::to_string(item), redactor);
    items.iter().map(line).collect()
}

/// Anything, for people and machines.
pub(super) fn pretty(value: &impl Serialize, redactor: Option<&Redactor>) -> String {
    finished(serde_json::to_string_pretty(value), redactor)
}

/// Our own types always serialise: every map has text for keys.
fn finished(json: serde_json::Result<String>, redactor: Option<&Redactor>) -> String {
    let json = json.unwrap_or_default();
    let json = match redactor {
        Some(redactor) => map_strings(&json, redactor),
        None => json,
    };
    text::printable_json(json) + "\n"
}

/// Redacts each string of a JSON text, its order and layout untouched. Keys are the contract's
/// and stay, unless they come from a policy, as `oidc…:sub` does.
fn map_strings(json: &str, redactor: &Redactor) -> String {
    let mut out = String::with_capacity(json.len());
    let mut rest = json;
    while let Some(start) = rest.find('"') {
        let end = closing(rest, start + 1);
        let (literal, tail) = (&rest[start..end], &rest[end..]);
        out.push_str(&rest[..start]);
        let is_key = tail.trim_start().starts_with(':');
        match serde_json::from_str::<String>(literal) {
            Ok(value) if !is_key || value.contains(['/', ':', '.']) => {
                out.push_str(&serde_json::Value::from(redactor.text(&value)).to_string());
            }
            _ => out.push_str(literal),
        }
        rest = tail;
    }
    out + rest
}

/// Just after the quote that ends a string whose content begins at `from`.
fn closing(json: &str, from: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in json.bytes().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset + 1,
            _ => {}
        }
    }
    json.len()
}
