//! Changing a JSON text in place: replacing ranges, list items, statements, in the
//! document's own style.

use super::super::document::Document;
use super::super::json::Span;

/// Replacements of ranges that do not overlap.
#[derive(Default)]
pub(super) struct Patch {
    changes: Vec<(Span, String)>,
}

impl Patch {
    pub(super) fn replace(&mut self, span: Span, text: impl Into<String>) {
        self.changes.push((span, text.into()));
    }

    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.replace(Span { start: at, end: at }, text);
    }

    pub(super) fn delete(&mut self, start: usize, end: usize) {
        self.replace(Span { start, end }, "");
    }

    pub(super) fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    pub(super) fn apply(mut self, document: &Document) -> String {
        self.changes.sort_by_key(|(span, _)| *span);
        let mut text = document.text().to_owned();
        for (span, replacement) in self.changes.iter().rev() {
            text.replace_range(span.start..span.end, replacement);
        }
        text
    }
}

/// A JSON string.
pub(super) fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Appends to a list whose items stand at `items`, or makes a list of a single value.
/// `value` is the whole value, `is_list` whether it is written as a list.
pub(super) fn append_item(
    patch: &mut Patch,
    document: &Document,
    value: Span,
    is_list: bool,
    items: &[Span],
    item: &str,
) {
    let Some(last) = items.last().filter(|_| is_list) else {
        let old = items.first().map(|only| document.slice(*only));
        let comma = Style::of(document).comma();
        let list = old.map_or(format!("[{item}]"), |old| format!("[{old}{comma}{item}]"));
        return patch.replace(value, list);
    };
    patch.insert(last.end, format!("{}{item}", separator(document, value, items)));
}

/// What stands between two items, or would.
fn separator(document: &Document, list: Span, items: &[Span]) -> String {
    if let [.., before, last] = items {
        return document.slice(Span { start: before.end, end: last.start }).to_owned();
    }
    let first = items.first().map_or(list.end, |item| item.start);
    let lead = document.slice(Span { start: list.start + 1, end: first });
    if lead.contains('\n') { format!(",{lead}") } else { Style::of(document).comma().to_owned() }
}

/// Removes one of at least two items with the comma that belongs to it.
pub(super) fn remove_item(patch: &mut Patch, items: &[Span], index: usize) {
    match (index.checked_sub(1).and_then(|before| items.get(before)), items.get(index), items.get(index + 1)) {
        (Some(before), Some(item), _) => patch.delete(before.end, item.end),
        (None, Some(item), Some(next)) => patch.delete(item.start, next.start),
        _ => {}
    }
}

/// Appends a statement; a single statement becomes a list of two.
pub(super) fn append_statement(document: &Document, statement: &Json) -> String {
    let mut patch = Patch::default();
    let spans: Vec<Span> = document.statements().iter().map(|statement| statement.span).collect();
    let Some(last) = spans.last() else {
        if let Some(list) = document.list() {
            patch.replace(list, format!("[{}]", statement.render(&Style::of(document), None)));
        }
        return patch.apply(document);
    };
    let style = Style::of(document);
    let rendered = statement.render(&style, style.indent_of(document, *last));
    match document.list() {
        Some(list) => append_item(&mut patch, document, list, true, &spans, &rendered),
        None => {
            patch.insert(last.start, "[");
            patch.insert(last.end, format!("{}{rendered}]", style.comma()));
        }
    }
    patch.apply(document)
}

/// How a document is laid out.
pub(super) struct Style {
    spaced: bool,
    unit: Option<String>,
}

impl Style {
    /// Two spaces, one element a line.
    pub(super) fn pretty() -> Self {
        Self { spaced: true, unit: Some("  ".to_owned()) }
    }

    pub(super) fn of(document: &Document) -> Self {
        let text = document.text();
        let spaced = text.contains("\": ") || text.contains("\" :") || text.contains('\n');
        let first_line = text.lines().nth(1).unwrap_or_default();
        let unit: String = first_line.chars().take_while(|c| c.is_whitespace()).collect();
        Self { spaced, unit: (!unit.is_empty()).then_some(unit) }
    }

    pub(super) fn is_spaced(&self) -> bool {
        self.spaced
    }

    fn comma(&self) -> &'static str {
        if self.spaced { ", " } else { "," }
    }

    fn colon(&self) -> &'static str {
        if self.spaced { ": " } else { ":" }
    }

    /// The white space before the line an element stands on, if the element is spread
    /// over lines; `None` means: write new ones on one line.
    fn indent_of(&self, document: &Document, span: Span) -> Option<String> {
        self.unit.as_ref()?;
        if !document.slice(span).contains('\n') {
            return None;
        }
        let before = document.text().get(..span.start)?;
        let line = before.rsplit('\n').next().unwrap_or_default();
        Some(line.chars().take_while(|c| c.is_whitespace()).collect())
    }
}

/// JSON to be written, members in order.
pub(super) enum Json {
    Text(String),
    List(Vec<Json>),
    Object(Vec<(&'static str, Json)>),
    Named(Vec<(String, Json)>),
}

impl Json {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// A single value stays single.
    pub(super) fn texts(texts: &[String]) -> Self {
        match texts {
            [one] => Self::text(one),
            many => Self::List(many.iter().map(|text| Self::text(text)).collect()),
        }
    }

    /// On one line if `indent` is `None`, else spread over lines from that indent.
    pub(super) fn render(&self, style: &Style, indent: Option<String>) -> String {
        match self {
            Self::Text(text) => quoted(text),
            Self::List(items) => {
                let items = items.iter().map(|item| item.render(style, None));
                format!("[{}]", items.collect::<Vec<_>>().join(style.comma()))
            }
            Self::Object(members) => render_members(members.iter().map(|(name, value)| (*name, value)), style, indent),
            Self::Named(members) => {
                render_members(members.iter().map(|(name, value)| (name.as_str(), value)), style, indent)
            }
        }
    }
}

fn render_members<'j>(
    members: impl Iterator<Item = (&'j str, &'j Json)>,
    style: &Style,
    indent: Option<String>,
) -> String {
    let inner = indent.as_ref().map(|indent| format!("{indent}{}", style.unit.as_deref().unwrap_or_default()));
    let member = |(name, value): (&str, &Json)| {
        format!("{}{}{}", quoted(name), style.colon(), value.render(style, inner.clone()))
    };
    let members: Vec<String> = members.map(member).collect();
    match (indent, &inner) {
        (Some(indent), Some(inner)) => {
            format!("{{\n{inner}{}\n{indent}}}", members.join(&format!(",\n{inner}")))
        }
        _ => format!("{{{}}}", members.join(style.comma())),
    }
}
