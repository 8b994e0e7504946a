//! Where a statement stands in the text of its document.

/// Line and column, both from 1, of the first and the last character of a statement; a document holds one or a list.
pub fn span(text: &str, index: usize) -> Option<((usize, usize), (usize, usize))> {
    let (from, to) = *objects(text).get(index)?;
    Some((place(text, from), place(text, to)))
}

fn place(text: &str, at: usize) -> (usize, usize) {
    let before = &text[..at];
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    (line, column)
}

/// First and last byte of every statement.
fn objects(text: &str) -> Vec<(usize, usize)> {
    let mut found = Vec::new();
    let (mut depth, mut begun, mut inside) = (0_usize, None, None);
    let mut at = 0;
    while let Some(byte) = text.as_bytes().get(at) {
        match byte {
            b'"' => {
                let end = closing(text, at);
                let is_key = depth == 1 && text[end + 1..].trim_start().starts_with(':');
                if is_key {
                    inside = (&text[at + 1..end] == "Statement").then_some(depth);
                }
                at = end;
            }
            b'{' | b'[' => {
                depth += 1;
                let is_statement = *byte == b'{' && inside.is_some() && begun.is_none();
                if is_statement {
                    begun = Some((at, depth));
                }
            }
            b'}' | b']' => {
                if let Some((from, _)) = begun.filter(|(_, level)| *level == depth) {
                    found.push((from, at));
                    begun = None;
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
    found
}

/// The quote that ends the string which begins at `from`.
fn closing(text: &str, from: usize) -> usize {
    let mut escaped = false;
    for (offset, byte) in text.bytes().enumerate().skip(from + 1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return offset,
            _ => {}
        }
    }
    text.len().saturating_sub(1)
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn statements_are_found_by_line_and_column() {
        let text = "{\"Version\": \"2012-10-17\",\n \"Statement\": [\n  {\"Sid\": \"{\", \"Effect\": \"Allow\"},\n  {\"Condition\": {\"Bool\": {}}}]}";
        assert_eq!(span(text, 0), Some(((3, 3), (3, 33))));
        assert_eq!(span(text, 1), Some(((4, 3), (4, 29))));
        assert_eq!(span(text, 2), None);
        assert_eq!(span(r#"{"Statement":{"Effect":"Allow"}}"#, 0), Some(((1, 14), (1, 31))));
    }
}
