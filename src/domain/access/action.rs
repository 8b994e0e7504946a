//! Actions of AWS, to complete what is typed and to find slips of the pen. The list is a choice: an action that is
//! not in it may exist all the same.

use std::sync::LazyLock;

use crate::domain::failure::{Failure, FailureKind};

const FILE: &str = include_str!("../../../assets/actions.txt");

static ACTIONS: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| FILE.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')).collect());

/// All of the list, in alphabetical order.
pub fn all() -> &'static [&'static str] {
    &ACTIONS
}

/// The day on which the list was written.
pub fn date() -> &'static str {
    let line = FILE.lines().find_map(|line| line.strip_prefix("# As of "));
    line.and_then(|line| line.split(['.', ' ']).next()).unwrap_or_default()
}

/// How an action is meant that somebody typed, in the spelling of the list.
///
/// # Errors
/// `Usage` for what cannot be an action: no service, wildcards, too short or too long.
pub fn read(text: &str) -> Result<Action, Failure> {
    let wrong = |why: &str| {
        let what = format!("`{text}` is no action of AWS");
        Err(Failure::new(FailureKind::Usage, what, why, "Write SERVICE:NAME, such as s3:GetObject"))
    };
    match text.split_once(':') {
        _ if text.contains(['*', '?']) => return wrong("the simulator takes no wildcards: one action is asked about"),
        _ if !(3..=128).contains(&text.len()) => return wrong("it has to have 3 to 128 characters"),
        Some((service, name)) if !service.is_empty() && !name.is_empty() && !name.contains(':') => {}
        _ => return wrong("it names no service and action"),
    }
    let known = all().iter().find(|action| action.eq_ignore_ascii_case(text));
    Ok(Action {
        name: known.map_or_else(|| text.to_owned(), |known| (*known).to_owned()),
        doubt: known.is_none().then(|| doubt(text)),
    })
}

/// An action as it will be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// `s3:GetObject`
    pub name: String,
    /// It is not in the list; what was probably meant.
    pub doubt: Option<String>,
}

fn doubt(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let distance = |action: &&&str| strsim::damerau_levenshtein(&action.to_ascii_lowercase(), &lower);
    let near = all().iter().min_by_key(distance).filter(|action| distance(action) <= 3);
    let meant = near.map_or_else(String::new, |action| format!(": {action} was meant?"));
    format!("{text} is not in the list of actions of {}{meant}", date())
}

/// Actions that begin with a text, then those that contain it.
pub fn completions(text: &str) -> Vec<&'static str> {
    let lower = text.to_ascii_lowercase();
    let begins = |action: &&&str| action.to_ascii_lowercase().starts_with(&lower);
    let contains = |action: &&&str| !begins(action) && action.to_ascii_lowercase().contains(&lower);
    all().iter().filter(begins).chain(all().iter().filter(contains)).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_a_date_and_only_actions() {
        assert!(all().len() > 300, "{}", all().len());
        assert!(all().is_sorted(), "{:?}", all().windows(2).find(|pair| pair[0] >= pair[1]));
        assert!(
            all().iter().all(|action| read(action).is_ok_and(|read| read.doubt.is_none() && read.name == **action))
        );
        assert!(date().parse::<jiff::civil::Date>().is_ok(), "{}", date());
    }

    #[test]
    fn an_action_is_read_in_any_case_and_a_slip_is_pointed_out() {
        assert_eq!(read("s3:getobject").unwrap(), Action { name: "s3:GetObject".to_owned(), doubt: None });
        let doubt = read("s3:GetObjekt").unwrap().doubt.unwrap();
        assert!(doubt.ends_with("s3:GetObject was meant?"), "{doubt}");
        assert!(read("frobnicate:TheWholeThing").unwrap().doubt.unwrap().ends_with(date()));
        for text in ["GetObject", "s3:", "s3:Get*", ":x", "a:b:c", ""] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_begins_so_comes_first() {
        let found = completions("kms:dec");
        assert_eq!(found.first(), Some(&"kms:Decrypt"));
        assert!(completions("assumerole").contains(&"sts:AssumeRole"));
    }
}
