//! The parameters of a query-protocol call: names with dots and numbers, read as
//! texts, lists, maps and numbers.

use std::collections::BTreeMap;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::error::Failure;

/// Everything that RFC 3986 does not call unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// URL-encodes as IAM encodes policy documents (RFC 3986, space is `%20`).
pub fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// Decodes a form or a query string: `+` is a space.
pub fn decode_form(text: &str) -> Vec<(String, String)> {
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(&name.replace('+', " ")), decode(&value.replace('+', " "))))
        .collect()
}

/// Decodes percent escapes.
pub fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// The parameters of one call.
#[derive(Clone, Debug, Default)]
pub struct Parameters {
    values: BTreeMap<String, String>,
    pairs: Vec<(String, String)>,
}

impl Parameters {
    /// From decoded pairs; the last of equal names counts.
    pub fn new(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let pairs: Vec<_> = pairs.into_iter().collect();
        let values = pairs.iter().cloned().collect();
        Self { values, pairs }
    }

    /// All parameters.
    pub fn all(&self) -> &BTreeMap<String, String> {
        &self.values
    }

    /// A parameter that may be absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Every value of a parameter that may be given several times.
    pub fn repeated(&self, name: &str) -> Vec<&str> {
        let given = self.pairs.iter().filter(|(given, _)| given == name);
        given.map(|(_, value)| value.as_str()).collect()
    }

    /// A parameter that must be there.
    pub fn required(&self, name: &str) -> Result<&str, Failure> {
        self.get(name).ok_or_else(|| {
            let member = lower_first(name);
            Failure::new(
                400,
                "ValidationError",
                format!("1 validation error detected: Value at '{member}' failed to satisfy constraint: Member must not be null"),
            )
        })
    }

    /// A whole number between bounds, or its default.
    pub fn number(&self, name: &str, default: usize, low: usize, high: usize) -> Result<usize, Failure> {
        let Some(text) = self.get(name) else {
            return Ok(default);
        };
        let number: usize = text
            .parse()
            .map_err(|_| Failure::new(400, "MalformedInput", format!("{name} is not a whole number: {text}")))?;
        let bound = match number {
            n if n < low => format!("greater than or equal to {low}"),
            n if n > high => format!("less than or equal to {high}"),
            _ => return Ok(number),
        };
        let member = lower_first(name);
        Err(Failure::new(
            400,
            "ValidationError",
            format!(
                "1 validation error detected: Value '{number}' at '{member}' failed to satisfy constraint: Member must have value {bound}"
            ),
        ))
    }

    /// `Name.member.1`, `Name.member.2`, … in order.
    pub fn list(&self, name: &str) -> Vec<String> {
        self.numbered(&format!("{name}.member."))
    }

    /// `Name.1`, `Name.2`, … in order (EC2 has no `member`).
    pub fn flat_list(&self, name: &str) -> Vec<String> {
        self.numbered(&format!("{name}."))
    }

    fn numbered(&self, prefix: &str) -> Vec<String> {
        (1..).map_while(|index| self.get(&format!("{prefix}{index}"))).map(str::to_owned).collect()
    }

    /// `Tags.member.N.Key` and `.Value`.
    pub fn tags(&self) -> BTreeMap<String, String> {
        (1..)
            .map_while(|index| {
                let key = self.get(&format!("Tags.member.{index}.Key"))?;
                let value = self.get(&format!("Tags.member.{index}.Value")).unwrap_or_default();
                Some((key.to_owned(), value.to_owned()))
            })
            .collect()
    }
}

fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters.next().map(|first| first.to_lowercase().chain(characters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Parameters, decode_form, encode};

    #[test]
    fn documents_are_encoded_as_rfc_3986_says() {
        assert_eq!(encode("{\"a\": \"b*c~d-e_f.g\"}"), "%7B%22a%22%3A%20%22b%2Ac~d-e_f.g%22%7D");
    }

    #[test]
    fn forms_are_decoded_with_plus_as_space() {
        assert_eq!(
            decode_form("Action=ListRoles&A=b+c%2Bd&E"),
            [("Action", "ListRoles"), ("A", "b c+d"), ("E", "")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }

    #[test]
    fn lists_and_tags_are_read_in_order() {
        let parameters = Parameters::new(decode_form(
            "ClientIDList.member.2=b&ClientIDList.member.1=a&Tags.member.1.Key=k&Tags.member.1.Value=v&InstanceId.1=i-1",
        ));
        assert_eq!(parameters.list("ClientIDList"), ["a", "b"]);
        assert_eq!(parameters.flat_list("InstanceId"), ["i-1"]);
        assert_eq!(parameters.tags().get("k").map(String::as_str), Some("v"));
    }

    #[test]
    fn a_number_out_of_bounds_is_refused_in_iams_words() {
        let parameters = Parameters::new([("MaxItems".to_owned(), "2000".to_owned())]);
        let failure = parameters.number("MaxItems", 100, 1, 1000).unwrap_err();
        assert_eq!(failure.code, "ValidationError");
        assert!(failure.message.contains("Value '2000' at 'maxItems'"));
        assert!(failure.message.ends_with("Member must have value less than or equal to 1000"));
    }
}
