//! From the text of a filter to its terms; every error knows its column.

use regex::RegexBuilder;

use super::{
    Field, QueryError, Term,
    condition::{Condition, Text},
};

/// A compiled expression may use this many bytes; a filter is no place for more.
const EXPRESSION_LIMIT: usize = 1 << 20;

/// All terms of a filter.
pub(super) fn terms(text: &str) -> Result<Vec<Term>, QueryError> {
    let mut reader = Reader { text, at: 0 };
    let mut terms = Vec::new();
    while reader.skip_space() {
        terms.push(reader.term()?);
    }
    Ok(terms)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

struct Word {
    start: usize,
    text: String,
    quoted: bool,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) -> bool {
        self.at = self.text.len() - self.rest().trim_start().len();
        self.at < self.text.len()
    }

    fn take(&mut self, wanted: char) -> bool {
        let found = self.rest().starts_with(wanted);
        self.at += if found { wanted.len_utf8() } else { 0 };
        found
    }

    fn error(&self, at: usize, message: impl Into<String>, incomplete: bool) -> QueryError {
        let column = self.text.get(..at).map_or(1, |before| before.chars().count() + 1);
        QueryError { column, message: message.into(), incomplete }
    }

    fn term(&mut self) -> Result<Term, QueryError> {
        let negated = self.take('!');
        let start = self.at;
        let field = self.field()?;
        let expression = self.take('~');
        let word = self.word()?;
        if word.text.is_empty() {
            return Err(self.missing_value(start, field, expression));
        }
        let condition = match (field, expression) {
            (field, true) => Condition::Expression(field, Box::new(self.expression(&word)?)),
            (Some(field), false) => self.value(field, word)?,
            (None, false) => Condition::word(word.text, word.quoted),
        };
        Ok(Term { negated, condition })
    }

    fn missing_value(&self, start: usize, field: Option<Field>, expression: bool) -> QueryError {
        let message = match (field, expression) {
            (Some(field), false) => format!("`{}:` needs a value", field.word()),
            (_, true) => "`~` needs a regular expression".to_owned(),
            (None, false) => "`!` needs a term to negate".to_owned(),
        };
        self.error(start, message, true)
    }

    /// The field before a colon. A pasted ARN is a word, not a field.
    fn field(&mut self) -> Result<Option<Field>, QueryError> {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
        let name = &rest[..length];
        if length == 0 || name == "arn" || !rest[length..].starts_with(':') {
            return Ok(None);
        }
        let Some(field) = Field::ALL.into_iter().find(|field| field.word() == name) else {
            return Err(self.error(self.at, unknown_field(name), false));
        };
        self.at += length + 1;
        Ok(Some(field))
    }

    fn word(&mut self) -> Result<Word, QueryError> {
        let start = self.at;
        match self.rest().chars().next() {
            Some(quote @ ('"' | '\'')) => self.quoted(start, quote),
            _ => {
                let rest = self.rest();
                let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
                self.at += length;
                Ok(Word { start, text: rest[..length].to_owned(), quoted: false })
            }
        }
    }

    /// A backslash protects only the quote, so that regular expressions stay as they are.
    fn quoted(&mut self, start: usize, quote: char) -> Result<Word, QueryError> {
        let mut text = String::new();
        let mut letters = self.rest().char_indices().skip(1).peekable();
        while let Some((offset, letter)) = letters.next() {
            if letter == '\\' && letters.peek().is_some_and(|(_, next)| *next == quote) {
                text.push(quote);
                letters.next();
            } else if letter == quote {
                self.at += offset + quote.len_utf8();
                return Ok(Word { start, text, quoted: true });
            } else {
                text.push(letter);
            }
        }
        Err(self.error(start, format!("the quote {quote} is not closed"), true))
    }

    fn expression(&self, word: &Word) -> Result<regex::Regex, QueryError> {
        let insensitive = !word.text.chars().any(char::is_uppercase);
        RegexBuilder::new(&word.text)
            .case_insensitive(insensitive)
            .size_limit(EXPRESSION_LIMIT)
            .build()
            .map_err(|error| self.error(word.start, broken_expression(&error), false))
    }

    fn value(&self, field: Field, word: Word) -> Result<Condition, QueryError> {
        if let Some(vocabulary) = field.vocabulary() {
            let value = word.text.to_ascii_lowercase();
            if !vocabulary.iter().any(|known| known.starts_with(&value)) {
                return Err(self.error(word.start, unknown_value(field, &word.text, vocabulary), false));
            }
            return Ok(Condition::Begins(field, value));
        }
        Ok(match (field, word.text.split_once('/')) {
            (Field::Kind, _) => Condition::Begins(field, word.text.to_ascii_lowercase()),
            (Field::ServiceAccount | Field::Name, Some((namespace, name))) => {
                Condition::Pair(namespace.to_owned(), field, name.to_owned())
            }
            _ => Condition::Value(field, Text::new(word.text), word.quoted),
        })
    }
}

fn unknown_field(name: &str) -> String {
    let nearest = Field::ALL.into_iter().min_by_key(|field| strsim::damerau_levenshtein(field.word(), name));
    let close = nearest.filter(|field| strsim::damerau_levenshtein(field.word(), name) <= 1);
    match close {
        Some(field) => format!("unknown field `{name}:`; did you mean `{}:`?", field.word()),
        None => {
            let all: Vec<String> = Field::ALL.into_iter().map(|field| format!("{}:", field.word())).collect();
            format!("unknown field `{name}:`; there are {}; quote a word that contains a colon", all.join(" "))
        }
    }
}

fn unknown_value(field: Field, value: &str, vocabulary: &[&str]) -> String {
    format!("`{}:` knows no `{value}`; it knows {}", field.word(), vocabulary.join(", "))
}

/// The last line of the error says what is wrong; the lines before draw the expression again.
fn broken_expression(error: &regex::Error) -> String {
    let text = error.to_string();
    let last = text.lines().last().unwrap_or_default();
    format!("broken regular expression: {}", last.trim().trim_start_matches("error: "))
}
