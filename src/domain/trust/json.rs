//! JSON with positions: every value keeps its byte range in the document and every
//! duplicate key is kept, both of which an ordinary JSON map loses. Values are read
//! lazily, one level at a time, so nesting depth costs no stack.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// A byte range of the document's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The range that covers both.
    pub fn join(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// Why a text is not a policy at all: where, and one sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// Line, counted from 1.
    pub line: usize,
    /// Column in characters, counted from 1.
    pub column: usize,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)
    }
}

impl std::error::Error for SyntaxError {}

/// What a JSON value is, told from its first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    Object,
    List,
    Text,
    Number,
    Boolean,
    Null,
}

impl Shape {
    /// How a sentence calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Object => "an object",
            Self::List => "a list",
            Self::Text => "a string",
            Self::Number => "a number",
            Self::Boolean => "a boolean",
            Self::Null => "null",
        }
    }
}

/// One value of the document: its text and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node<'a> {
    raw: &'a str,
    pub(super) span: Span,
}

/// One member of an object.
#[derive(Clone, Debug)]
pub(super) struct Member<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) key: Span,
    pub(super) value: Node<'a>,
}

impl<'a> Node<'a> {
    fn new(document: &str, raw: &'a RawValue) -> Self {
        let start = raw.get().as_ptr() as usize - document.as_ptr() as usize;
        Self { raw: raw.get(), span: Span { start, end: start + raw.get().len() } }
    }

    /// Reads the outermost value; the whole text is checked for syntax here.
    pub(super) fn root(document: &'a str) -> Result<Self, SyntaxError> {
        let raw: &RawValue = serde_json::from_str(document).map_err(|error| syntax_error(document, &error))?;
        Ok(Self::new(document, raw))
    }

    pub(super) fn shape(&self) -> Shape {
        match self.raw.as_bytes().first() {
            Some(b'{') => Shape::Object,
            Some(b'[') => Shape::List,
            Some(b'"') => Shape::Text,
            Some(b't' | b'f') => Shape::Boolean,
            Some(b'n') => Shape::Null,
            _ => Shape::Number,
        }
    }

    /// Members of an object in order, duplicates included; nothing for other shapes.
    pub(super) fn members(&self, document: &str) -> Vec<Member<'a>> {
        let Ok(Members(members)) = serde_json::from_str::<Members<'a>>(self.raw) else {
            return Vec::new();
        };
        let member = |(key, value): (&'a RawValue, &'a RawValue)| {
            let key = Self::new(document, key);
            Member { name: key.scalar(), key: key.span, value: Self::new(document, value) }
        };
        members.into_iter().map(member).collect()
    }

    /// Items of a list; a value that is no list is a list of one (IAM's grammar).
    pub(super) fn items(&self, document: &str) -> Vec<Self> {
        if self.shape() != Shape::List {
            return vec![*self];
        }
        let items = serde_json::from_str::<Items<'a>>(self.raw).map(|items| items.0);
        items.unwrap_or_default().into_iter().map(|raw| Self::new(document, raw)).collect()
    }

    /// The text of a string, or a number or boolean as it is written.
    pub(super) fn scalar(&self) -> Cow<'a, str> {
        if self.shape() != Shape::Text {
            return Cow::Borrowed(self.raw);
        }
        let inner = self.raw.get(1..self.raw.len().saturating_sub(1)).unwrap_or_default();
        if !inner.contains('\\') {
            return Cow::Borrowed(inner);
        }
        // An escape that names no character (half a surrogate pair) stays as written.
        serde_json::from_str(self.raw).map_or(Cow::Borrowed(inner), Cow::Owned)
    }
}

struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Items(items))
    }
}

/// Line and column (in characters) of a byte offset, both from 1.
pub fn line_column(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..floor_boundary(text, offset)).unwrap_or(text);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// Lines and columns of many offsets: those asked for in ascending order cost one walk over the text together.
#[derive(Clone, Debug)]
pub struct Places<'a> {
    text: &'a str,
    offset: usize,
    line: usize,
    column: usize,
}

impl<'a> Places<'a> {
    /// At the start of a text.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, offset: 0, line: 1, column: 1 }
    }

    /// Line and column (in characters) of a byte offset, both from 1.
    pub fn at(&mut self, offset: usize) -> (usize, usize) {
        let offset = floor_boundary(self.text, offset);
        if offset < self.offset {
            *self = Self::new(self.text);
        }
        let walked = self.text.get(self.offset..offset).unwrap_or_default();
        match walked.rfind('\n') {
            Some(newline) => {
                self.line += walked.bytes().filter(|byte| *byte == b'\n').count();
                self.column = walked[newline + 1..].chars().count() + 1;
            }
            None => self.column += walked.chars().count(),
        }
        self.offset = offset;
        (self.line, self.column)
    }
}

fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

/// A syntax error at a byte offset.
pub(super) fn error_at(text: &str, offset: usize, message: String) -> SyntaxError {
    let (line, column) = line_column(text, offset);
    SyntaxError { line, column, message }
}

fn syntax_error(text: &str, error: &serde_json::Error) -> SyntaxError {
    if text.trim().is_empty() {
        return error_at(text, 0, "the document is empty; a policy is a JSON object".to_owned());
    }
    let offset = error_offset(text, error);
    error_at(text, offset, sentence(text, offset, error))
}

/// serde_json counts lines and the bytes of a line; we need the byte offset.
fn error_offset(text: &str, error: &serde_json::Error) -> usize {
    let newlines = text.match_indices('\n').map(|(at, _)| at + 1);
    let line_start = std::iter::once(0).chain(newlines).nth(error.line().saturating_sub(1)).unwrap_or(0);
    floor_boundary(text, (line_start + error.column().saturating_sub(1)).min(text.len()))
}

fn sentence(text: &str, offset: usize, error: &serde_json::Error) -> String {
    if let Some(claim) = key_ends_before_claim(text, offset) {
        return format!(
            "the key ends before :{claim}: the quotation mark in front of :{claim} closes it too early, \
             write \"…:{claim}\" as one string"
        );
    }
    if text.starts_with('\u{feff}') {
        return "a byte order mark stands before the policy; save the document without it".to_owned();
    }
    if text.trim_start().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("%7b")) {
        return "the document is URL-encoded, as GetRole returns it; decode it first".to_owned();
    }
    let message = error.to_string();
    let cause = message.split(" at line ").next().unwrap_or(&message);
    let before = text.get(..offset).unwrap_or_default().trim_end();
    let closes = text.get(offset..).is_some_and(|rest| rest.starts_with(['}', ']']));
    match cause {
        _ if closes && before.ends_with(',') => "a comma stands before the closing bracket here; remove it".to_owned(),
        "trailing characters" => "something follows the policy; a policy is one JSON object".to_owned(),
        "key must be a string" => "an element name in double quotes is missing here".to_owned(),
        "expected value" => "a JSON value is missing or not quoted here".to_owned(),
        _ if error.is_eof() => format!("the document ends too early ({cause}); a part is cut off"),
        _ => format!("not valid JSON: {cause}"),
    }
}

/// The policy that circulates in articles writes `"…/id/${ID}":sub": "…"`: the string
/// closes before the claim. `offset` is where the parser stumbled over `sub`.
fn key_ends_before_claim(text: &str, offset: usize) -> Option<&'static str> {
    let before = text.get(..offset)?.trim_end().strip_suffix(':')?.trim_end();
    let rest = text.get(offset..)?.trim_start();
    let claim = ["sub", "aud"]
        .into_iter()
        .find(|claim| rest.strip_prefix(claim).is_some_and(|after| after.starts_with('"')))?;
    before.ends_with('"').then_some(claim)
}
