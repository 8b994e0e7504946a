//! A small XML writer: elements in order, text escaped. It knows no service.

use quick_xml::escape::escape;

/// XML under construction.
#[derive(Debug, Default)]
pub struct Xml {
    out: String,
}

impl Xml {
    /// A writer that begins with the XML declaration, as EC2's answers do.
    pub fn document() -> Self {
        Self { out: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".to_owned() }
    }

    /// The root element with its namespace.
    pub fn root(&mut self, tag: &str, namespace: &str, build: impl FnOnce(&mut Self)) {
        self.out.push_str(&format!("<{tag} xmlns=\"{namespace}\">"));
        build(self);
        self.close(tag);
    }

    /// An element with children.
    pub fn element(&mut self, tag: &str, build: impl FnOnce(&mut Self)) {
        self.open(tag);
        build(self);
        self.close(tag);
    }

    /// An element with text; characters that XML cannot carry are left out.
    pub fn text(&mut self, tag: &str, text: &str) {
        self.open(tag);
        let legal = |c: &char| !c.is_control() || matches!(c, '\t' | '\n' | '\r');
        let text: String = text.chars().filter(legal).collect();
        self.out.push_str(&escape(text.as_str()));
        self.close(tag);
    }

    /// An element with text, if there is any.
    pub fn optional(&mut self, tag: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(tag, text);
        }
    }

    /// A list: one element with a `member` (IAM) or `item` (EC2) for each value.
    pub fn list<T>(
        &mut self,
        tag: &str,
        item: &str,
        values: impl IntoIterator<Item = T>,
        mut build: impl FnMut(&mut Self, T),
    ) {
        self.element(tag, |xml| {
            for value in values {
                xml.element(item, |xml| build(xml, value));
            }
        });
    }

    /// A list of plain texts.
    pub fn texts<'a>(&mut self, tag: &str, item: &str, values: impl IntoIterator<Item = &'a String>) {
        self.element(tag, |xml| {
            for value in values {
                xml.text(item, value);
            }
        });
    }

    /// What was written.
    pub fn finish(self) -> String {
        self.out
    }

    fn open(&mut self, tag: &str) {
        self.out.push('<');
        self.out.push_str(tag);
        self.out.push('>');
    }

    fn close(&mut self, tag: &str) {
        self.out.push_str("</");
        self.out.push_str(tag);
        self.out.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::Xml;

    #[test]
    fn text_is_escaped_and_control_characters_are_left_out() {
        let mut xml = Xml::default();
        xml.element("A", |xml| xml.text("B", "<x> & \"y\" 'z' \u{1b}[31m\n"));
        assert_eq!(xml.finish(), "<A><B>&lt;x&gt; &amp; &quot;y&quot; &apos;z&apos; [31m\n</B></A>");
    }

    #[test]
    fn a_list_has_one_element_per_value() {
        let mut xml = Xml::default();
        xml.list("L", "member", ["a", "b"], |xml, value| xml.text("N", value));
        assert_eq!(xml.finish(), "<L><member><N>a</N></member><member><N>b</N></member></L>");
    }
}
