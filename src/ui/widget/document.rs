//! A JSON document over its original bytes: re-indented without being parsed into values, so
//! that order, duplicates and mistakes stay visible and a byte range of the text can be marked.

use std::ops::Range;

use ratatui::{style::Style, text::Line};

use crate::{
    config::theme::Meaning,
    ui::{style::Paint, text, widget::row::Row},
};

/// Levels of nesting that are indented; deeper ones stay at that column.
const DEEPEST: usize = 24;
/// Tokens that are laid out; IAM's longest policy has about a thousand.
const MOST_TOKENS: usize = 20_000;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// `{ } [ ] , :`
    Mark,
    /// A string before a colon.
    Key,
    /// Any other string.
    Text,
    /// Numbers, `true`, and whatever does not belong there.
    Other,
}

/// A piece of the original text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token<'a> {
    /// The bytes as they stand in the document.
    pub text: &'a str,
    /// Where they begin.
    pub at: usize,
    /// What they are.
    pub kind: TokenKind,
}

/// One line as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentLine<'a> {
    /// Levels of indentation.
    pub indent: usize,
    /// What stands on it.
    pub tokens: Vec<Token<'a>>,
}

impl DocumentLine<'_> {
    /// The bytes of the document on this line.
    pub fn range(&self) -> Range<usize> {
        let start = self.tokens.first().map_or(0, |token| token.at);
        let end = self.tokens.last().map_or(0, |token| token.at + token.text.len());
        start..end
    }

    /// Cells that the line takes if nothing of it is cut.
    pub fn cells(&self) -> usize {
        self.indent.min(DEEPEST) * 2 + cells(&self.tokens)
    }

    /// Whether any of these bytes stands on this line.
    pub fn is_in(&self, span: &Range<usize>) -> bool {
        self.tokens.iter().any(|token| is_touched(token, span))
    }

    /// What of the whole line stands in `width` cells from `column` on, and whether it is marked.
    pub fn shifted(
        &self,
        paint: &Paint<'_>,
        marked: Option<(&Range<usize>, Style)>,
        column: usize,
        width: usize,
    ) -> (Line<'static>, bool) {
        let whole = line(paint, &self.tokens, marked, self.indent.min(DEEPEST) * 2, self.cells());
        let touched = marked.is_some_and(|(span, _)| self.is_in(span));
        let mut left = column;
        let mut row = Row::new(width);
        for span in whole.spans {
            let cells = text::width(&span.content);
            if cells > left {
                row = row.put(&text::after(&span.content, left), span.style);
            }
            left = left.saturating_sub(cells);
        }
        (row.line(), touched)
    }

    /// The line in `width` cells: a value that does not fit beside its key stands below it, and
    /// what is still too long is cut in its middle. Each part comes with whether it is marked.
    pub fn parts(
        &self,
        paint: &Paint<'_>,
        marked: Option<(&Range<usize>, Style)>,
        width: usize,
    ) -> Vec<(Line<'static>, bool)> {
        let indent = self.indent.min(DEEPEST) * 2;
        let colon = self.tokens.iter().position(|token| token.kind == TokenKind::Mark && token.text == ":");
        let (key, value) = match colon.filter(|_| indent + cells(&self.tokens) > width) {
            Some(colon) => self.tokens.split_at(colon + 1),
            None => self.tokens.split_at(self.tokens.len()),
        };
        let part = |tokens: &[Token<'_>], indent: usize| {
            let touched = marked.is_some_and(|(span, _)| tokens.iter().any(|token| is_touched(token, span)));
            (line(paint, tokens, marked, indent.min(width / 2), width), touched)
        };
        let below = (!value.is_empty()).then(|| part(value, indent + 2));
        std::iter::once(part(key, indent)).chain(below).collect()
    }
}

fn cells(tokens: &[Token<'_>]) -> usize {
    tokens.iter().map(|token| text::width(token.text) + usize::from(is_colon(token))).sum()
}

fn is_colon(token: &Token<'_>) -> bool {
    token.kind == TokenKind::Mark && token.text == ":"
}

fn line(
    paint: &Paint<'_>,
    tokens: &[Token<'_>],
    marked: Option<(&Range<usize>, Style)>,
    indent: usize,
    width: usize,
) -> Line<'static> {
    let mut row = Row::new(width).to(indent);
    for (index, token) in tokens.iter().enumerate() {
        let plain = token_style(paint, token.kind);
        let style = marked
            .filter(|(span, _)| is_touched(token, span) && token.kind != TokenKind::Mark)
            .map_or(plain, |(_, style)| style);
        let room = row.room().saturating_sub(cells(&tokens[index + 1..]));
        row = row.put(&text::middle(token.text, room.max(1)), style);
        if is_colon(token) && index + 1 < tokens.len() {
            row = row.put(" ", Style::new());
        }
    }
    row.line()
}

fn is_touched(token: &Token<'_>, span: &Range<usize>) -> bool {
    token.at < span.end && token.at + token.text.len() > span.start
}

fn token_style(paint: &Paint<'_>, kind: TokenKind) -> Style {
    match kind {
        TokenKind::Mark => paint.muted(),
        TokenKind::Key => paint.of(Meaning::JsonName),
        TokenKind::Text => paint.of(Meaning::JsonText),
        TokenKind::Other => paint.plain(),
    }
}

/// The document with one member or element a line.
pub fn pretty(document: &str) -> Vec<DocumentLine<'_>> {
    let tokens = tokens(document);
    let mut lines = vec![DocumentLine::default()];
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate() {
        let closed = |text: &str| matches!(text, "}" | "]");
        let before = index.checked_sub(1).map_or("", |before| tokens[before].text);
        if token.kind == TokenKind::Mark && closed(token.text) {
            depth = depth.saturating_sub(1);
            if !matches!(before, "{" | "[") {
                lines.push(DocumentLine { indent: depth, tokens: Vec::new() });
            }
        }
        if let Some(line) = lines.last_mut() {
            line.tokens.push(token.clone());
        }
        let opens = token.kind == TokenKind::Mark && matches!(token.text, "{" | "[");
        depth += usize::from(opens);
        let empty = opens && tokens.get(index + 1).is_some_and(|next| closed(next.text));
        if token.kind == TokenKind::Mark && (token.text == "," || (opens && !empty)) {
            lines.push(DocumentLine { indent: depth, tokens: Vec::new() });
        }
    }
    lines.retain(|line| !line.tokens.is_empty());
    lines
}

/// The document as it is, broken only at its own line ends and at `width` cells; the marked
/// bytes are tokens of their own.
pub fn raw<'a>(document: &'a str, width: usize, marked: Option<&Range<usize>>) -> Vec<DocumentLine<'a>> {
    let mut lines = Vec::new();
    let mut at = 0;
    for line in document.split_inclusive('\n') {
        let shown = line.trim_end_matches(['\n', '\r']);
        let mut start = at;
        for part in text::chunks(shown, width.max(1)) {
            lines.push(DocumentLine { indent: 0, tokens: split(part, start, marked) });
            start += part.len();
        }
        at += line.len();
        if lines.len() >= MOST_TOKENS {
            break;
        }
    }
    lines
}

/// A piece of text cut where the marked bytes begin and end.
fn split<'a>(part: &'a str, at: usize, marked: Option<&Range<usize>>) -> Vec<Token<'a>> {
    let inside = |position: usize| position.saturating_sub(at).min(part.len());
    let (start, end) = marked.map_or((0, 0), |span| (inside(span.start), inside(span.end)));
    let pieces = [(0, start), (start, end), (end, part.len())];
    let token = |(from, to): (usize, usize)| {
        part.get(from..to).map(|text| Token { text, at: at + from, kind: TokenKind::Other })
    };
    let tokens: Vec<_> = pieces.into_iter().filter(|(from, to)| to > from).filter_map(token).collect();
    if tokens.is_empty() { vec![Token { text: part, at, kind: TokenKind::Other }] } else { tokens }
}

fn tokens(document: &str) -> Vec<Token<'_>> {
    let bytes = document.as_bytes();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() && tokens.len() < MOST_TOKENS {
        let (end, kind) = match bytes[at] {
            b' ' | b'\t' | b'\r' | b'\n' => {
                at += 1;
                continue;
            }
            b'{' | b'}' | b'[' | b']' | b',' | b':' => (at + 1, TokenKind::Mark),
            b'"' => (string_end(bytes, at), TokenKind::Text),
            _ => (other_end(bytes, at), TokenKind::Other),
        };
        if kind == TokenKind::Mark && bytes[at] == b':' {
            name_key(&mut tokens);
        }
        // Every boundary stands beside an ASCII byte, so the slice is never inside a character.
        tokens.push(Token { text: document.get(at..end).unwrap_or_default(), at, kind });
        at = end;
    }
    tokens
}

fn name_key(tokens: &mut [Token<'_>]) {
    if let Some(last) = tokens.last_mut().filter(|last| last.kind == TokenKind::Text) {
        last.kind = TokenKind::Key;
    }
}

fn string_end(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

fn other_end(bytes: &[u8], start: usize) -> usize {
    let ends =
        |byte: &u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'{' | b'}' | b'[' | b']' | b',' | b':' | b'"');
    bytes[start..].iter().position(ends).map_or(bytes.len(), |length| start + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[DocumentLine<'_>]) -> Vec<String> {
        lines
            .iter()
            .map(|line| "  ".repeat(line.indent) + &line.tokens.iter().map(|token| token.text).collect::<String>())
            .collect()
    }

    #[test]
    fn members_keep_their_order_and_empty_ones_stay_short() {
        let lines = pretty(r#"{"b":[1, {}],"a":"x,\"y","a":[]}"#);
        assert_eq!(
            shown(&lines),
            ["{", "  \"b\":[", "    1,", "    {}", "  ],", "  \"a\":\"x,\\\"y\",", "  \"a\":[]", "}"]
        );
        assert_eq!(lines[1].tokens[0].kind, TokenKind::Key);
        assert_eq!(lines[5].tokens[2].kind, TokenKind::Text);
    }

    #[test]
    fn a_token_knows_its_bytes() {
        let document = "{ \"é\" : \"b\" }";
        let lines = pretty(document);
        let value = &lines[1].tokens[2];
        assert_eq!(&document[value.at..value.at + value.text.len()], "\"b\"");
        assert!(lines[1].is_in(&(value.at..value.at + 1)));
        assert!(!lines[0].is_in(&(value.at..value.at + 1)));
    }

    #[test]
    fn a_broken_document_is_shown_all_the_same() {
        for text in ["", "}}}", "{\"a", "\"\\", "[[[", "{\"a\":é:,,}", "\u{1b}[31m", "null"] {
            let joined: String =
                pretty(text).iter().flat_map(|line| line.tokens.iter().map(|token| token.text)).collect();
            let expected: String = text.chars().filter(|c| !c.is_whitespace()).collect();
            assert_eq!(joined, expected);
        }
    }

    #[test]
    fn a_long_line_is_seen_from_any_column() {
        let theme = crate::config::theme::Theme::dark();
        let (lines, paint) = (pretty("{\"key\":\"system:serviceaccount:payments:api\"}"), Paint::new(&theme));
        let seen = |column: usize, width: usize| {
            let (line, touched) = lines[1].shifted(&paint, Some((&(1..6), Style::new())), column, width);
            (line.spans.iter().map(|span| span.content.as_ref()).collect::<String>(), touched)
        };
        assert_eq!(lines[1].cells(), 45);
        assert_eq!(seen(0, 45), ("  \"key\": \"system:serviceaccount:payments:api\"".to_owned(), true));
        assert_eq!(seen(30, 16).0, "t:payments:api\"");
        assert_eq!(seen(4, 12).0, "ey\": \"syst..");
        assert_eq!(seen(60, 12).0, "");
    }

    #[test]
    fn raw_text_is_only_wrapped() {
        let document = "{\"Version\":\n \"2012\"}";
        let lines = raw(document, 4, None);
        assert_eq!(shown(&lines), ["{\"Ve", "rsio", "n\":", " \"20", "12\"}"]);
        assert_eq!(lines[3].tokens[0].at, 12);
    }

    #[test]
    fn in_raw_text_only_the_marked_bytes_are_a_token() {
        let lines = raw("{\"a\":\"bcd\"}", 8, Some(&(5..10)));
        let tokens: Vec<Vec<&str>> =
            lines.iter().map(|line| line.tokens.iter().map(|token| token.text).collect()).collect();
        assert_eq!(tokens, [vec!["{\"a\":", "\"bc"], vec!["d\"", "}"]]);
    }
}
