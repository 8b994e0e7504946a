//! Pages of a list in key order; the token is opaque and names the last key given,
//! so that changes between two pages lose and repeat nothing else.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

const PREFIX: &str = "page:";

/// One page and the token of the next.
#[derive(Debug)]
pub struct Page<T> {
    /// The items of this page.
    pub items: Vec<T>,
    /// Where the next page begins, if there is one.
    pub next: Option<String>,
}

/// A page of `items`, which are sorted by key. `Err` holds a token that was not given out.
pub fn page<T>(
    items: impl IntoIterator<Item = (String, T)>,
    size: usize,
    token: Option<&str>,
) -> Result<Page<T>, String> {
    let after = token.map(decode).transpose()?;
    let mut rest = items.into_iter().skip_while(|(key, _)| after.as_ref().is_some_and(|after| key <= after)).peekable();
    let mut page = Page { items: Vec::new(), next: None };
    let mut last = String::new();
    while page.items.len() < size
        && let Some((key, item)) = rest.next()
    {
        last = key;
        page.items.push(item);
    }
    if rest.peek().is_some() {
        page.next = Some(encode(&last));
    }
    Ok(page)
}

fn encode(key: &str) -> String {
    URL_SAFE_NO_PAD.encode(format!("{PREFIX}{key}"))
}

fn decode(token: &str) -> Result<String, String> {
    URL_SAFE_NO_PAD
        .decode(token)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.strip_prefix(PREFIX).map(str::to_owned))
        .ok_or_else(|| token.to_owned())
}

#[cfg(test)]
mod tests {
    use super::page;

    fn letters() -> Vec<(String, char)> {
        ('a'..='e').map(|c| (c.to_string(), c)).collect()
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repeat() {
        let first = page(letters(), 2, None).unwrap();
        let second = page(letters(), 2, first.next.as_deref()).unwrap();
        let third = page(letters(), 2, second.next.as_deref()).unwrap();
        assert_eq!((first.items, second.items, third.items), (vec!['a', 'b'], vec!['c', 'd'], vec!['e']));
        assert_eq!(third.next, None);
    }

    #[test]
    fn a_page_that_ends_the_list_has_no_token() {
        assert_eq!(page(letters(), 5, None).unwrap().next, None);
    }

    #[test]
    fn a_token_that_was_never_given_is_refused() {
        assert_eq!(page(letters(), 2, Some("nonsense")).unwrap_err(), "nonsense");
    }
}
