//! HCL as `terraform fmt` would leave it.

use super::super::super::text::is_treacherous;

enum Item {
    Attribute(String, String),
    Block(String, Body),
}

/// Attributes and blocks, in order.
#[derive(Default)]
pub(super) struct Body(Vec<Item>);

impl Body {
    /// Sets an attribute to an expression.
    pub fn set(&mut self, name: &str, expression: String) {
        self.0.push(Item::Attribute(name.to_owned(), expression));
    }

    /// Sets an attribute if there is an expression.
    pub fn set_if(&mut self, name: &str, expression: Option<String>) {
        if let Some(expression) = expression {
            self.set(name, expression);
        }
    }

    /// Adds a block; a head that ends in `=` makes it an object.
    pub fn block(&mut self, head: String, body: Self) {
        self.0.push(Item::Block(head, body));
    }

    /// The text.
    pub fn render(&self) -> String {
        let mut out = String::new();
        self.write(0, &mut out);
        out
    }

    fn write(&self, depth: usize, out: &mut String) {
        let indent = "  ".repeat(depth);
        let names = self.0.iter().filter_map(|item| match item {
            Item::Attribute(name, _) => Some(name.chars().count()),
            Item::Block(..) => None,
        });
        let width = names.max().unwrap_or(0);
        for (index, item) in self.0.iter().enumerate() {
            match item {
                Item::Attribute(name, value) => out.push_str(&format!("{indent}{name:width$} = {value}\n")),
                Item::Block(head, body) => {
                    let gap = if index > 0 { "\n" } else { "" };
                    out.push_str(&format!("{gap}{indent}{head} {{\n"));
                    body.write(depth + 1, out);
                    out.push_str(&format!("{indent}}}\n"));
                }
            }
        }
    }
}

/// A quoted template without any interpolation: `${` and `%{` stand for themselves.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '$' | '%' if letters.peek() == Some(&'{') => out.extend([letter, letter]),
            other if is_treacherous(other) => out.push_str(&format!("\\U{:08x}", u32::from(other))),
            other => out.push(other),
        }
    }
    out.push('"');
    out
}

/// A list of texts.
pub(super) fn list<'a>(items: impl IntoIterator<Item = &'a str>) -> String {
    let items: Vec<String> = items.into_iter().map(quoted).collect();
    format!("[{}]", items.join(", "))
}
