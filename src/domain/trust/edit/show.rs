//! Two versions of a trust policy side by side for people, and whether they say the same to IAM.

use serde_json::Value;
use similar::TextDiff;

use super::super::document::Document;

/// A document with one element a line, for reading only. Texts, numbers and the order of
/// everything stay as they are; what is no JSON comes back unchanged.
pub fn laid_out(text: &str) -> String {
    if Document::parse(text).is_err() {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if quoted {
            out.push(letter);
            quoted = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            continue;
        }
        match letter {
            '"' => {
                quoted = true;
                out.push(letter);
            }
            '{' | '[' => {
                out.push(letter);
                while letters.next_if(|next| next.is_whitespace()).is_some() {}
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    out.push(end);
                } else {
                    depth += 1;
                    break_line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                break_line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                break_line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            space if space.is_whitespace() => {}
            other => out.push(other),
        }
    }
    out.push('\n');
    out
}

fn break_line(out: &mut String, depth: usize) {
    out.push('\n');
    out.push_str(&"  ".repeat(depth));
}

/// What changes from one version to the other: lines that begin with ` `, `-`, `+` and `@@`, of
/// the documents laid out. Empty where only white space differs.
pub fn difference(before: &str, after: &str) -> String {
    let (before, after) = (laid_out(before), laid_out(after));
    TextDiff::from_lines(&before, &after).unified_diff().context_radius(3).to_string()
}

/// Whether two texts are one policy to IAM: byte for byte, or apart from white space and from
/// lists of a single value, which IAM may give back in another form than they were sent in.
/// Documents with repeated keys are the same only byte for byte: what they mean is undefined.
pub fn is_same(one: &str, other: &str) -> bool {
    if one == other {
        return true;
    }
    let values = [one, other].map(|text| {
        let document = Document::parse(text).ok().filter(|document| document.duplicates().next().is_none())?;
        serde_json::from_str::<Value>(document.text()).ok().map(plain)
    });
    matches!(values, [Some(one), Some(other)] if one == other)
}

/// A list of one value is that value.
fn plain(value: Value) -> Value {
    match value {
        Value::Array(items) if items.len() == 1 => items.into_iter().next().map_or(Value::Null, plain),
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        Value::Object(members) => Value::Object(members.into_iter().map(|(key, value)| (key, plain(value))).collect()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_on_one_line_is_laid_out_and_its_texts_stay() {
        let text = r#"{"Version":"2012-10-17","Id":"a: {b}, \"c\"","Statement":[{"Effect":"Allow","Action":[]}]}"#;
        let wanted = "{\n  \"Version\": \"2012-10-17\",\n  \"Id\": \"a: {b}, \\\"c\\\"\",\n  \"Statement\": [\n    {\n      \
                      \"Effect\": \"Allow\",\n      \"Action\": []\n    }\n  ]\n}\n";
        assert_eq!(laid_out(text), wanted);
        assert_eq!(laid_out(wanted), wanted);
        assert_eq!(laid_out("no policy"), "no policy");
    }

    #[test]
    fn only_the_lines_that_change_are_marked() {
        let before = r#"{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole"}]}"#;
        let after = r#"{"Statement":[{"Effect":"Allow","Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
        let shown = difference(before, after);
        let marked: Vec<&str> =
            shown.lines().filter(|line| line.starts_with('-') || line.starts_with('+')).map(str::trim_end).collect();
        assert_eq!(
            marked,
            [
                "-      \"Action\": \"sts:AssumeRole\"",
                "+      \"Action\": [",
                "+        \"sts:AssumeRole\",",
                "+        \"sts:TagSession\"",
                "+      ]",
            ]
        );
        assert_eq!(difference(before, &before.replace(',', " ,\n")), "");
    }

    #[test]
    fn white_space_and_lists_of_one_are_the_same_to_iam_and_repeated_keys_are_not() {
        let text = r#"{"Statement":[{"Effect":"Allow","Action":["sts:AssumeRole"]}]}"#;
        assert!(is_same(text, r#"{ "Statement" : {"Action":"sts:AssumeRole", "Effect":"Allow"} }"#));
        assert!(!is_same(text, &text.replace("Allow", "Deny")));
        let twice = r#"{"Statement":[{"Effect":"Deny","Effect":"Allow","Action":["sts:AssumeRole"]}]}"#;
        assert!(!is_same(text, twice));
        assert!(is_same(twice, twice));
    }
}
