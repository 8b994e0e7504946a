//! The filter line, completed: terms by their beginning, and after a term what there is to be found by it.

use crate::domain::{finding::code::CODES, inventory::Inventory, query::Field};

/// The text with its last word completed as far as all candidates agree, or to the first of them where that adds
/// nothing; `None` if there is nothing to complete.
pub fn complete(text: &str, inventory: &Inventory) -> Option<String> {
    let start = text.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let (before, word) = text.split_at(start);
    let bare = word.trim_start_matches('!');
    let lead = &word[..word.len() - bare.len()];
    let completed = match bare.split_once(':') {
        Some((term, value)) => {
            let field = Field::ALL.into_iter().find(|field| field.word() == term)?;
            format!("{term}:{}", extended(value, values(field, inventory))?)
        }
        None if bare.is_empty() => return None,
        None => extended(bare, Field::ALL.iter().map(|field| format!("{}:", field.word())).collect())?,
    };
    Some(format!("{before}{lead}{completed}"))
}

/// What a beginning becomes; `None` if nothing begins so or it is whole already.
fn extended(beginning: &str, mut candidates: Vec<String>) -> Option<String> {
    candidates.retain(|candidate| candidate.starts_with(beginning) && !candidate.contains(char::is_whitespace));
    candidates.sort();
    let (first, last) = (candidates.first()?, candidates.last()?);
    let common: String = first.chars().zip(last.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    let completed = if common.len() > beginning.len() { common } else { first.clone() };
    (completed != beginning).then_some(completed)
}

/// What rows are found by under a term.
fn values(field: Field, inventory: &Inventory) -> Vec<String> {
    if let Some(words) = field.vocabulary() {
        return words.iter().map(|word| (*word).to_owned()).collect();
    }
    match field {
        Field::Namespace => inventory.namespaces().into_iter().map(|row| row.name.to_string()).collect(),
        Field::ServiceAccount => inventory.service_accounts().into_iter().map(|row| row.id.name.to_string()).collect(),
        Field::Role => inventory.roles().into_iter().map(|row| row.name.to_string()).collect(),
        Field::Node => inventory.nodes().into_iter().map(|row| row.name.to_string()).collect(),
        Field::Code => CODES.iter().map(|code| code.name.to_owned()).collect(),
        _ => Vec::new(),
    }
}
