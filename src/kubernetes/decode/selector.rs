//! Label selectors, as many kinds have them.

use std::sync::Arc;

use serde::Deserialize;

use super::{
    metadata::Unreadable,
    text::{Labels, Text, or_default},
};
use crate::domain::webhook::{Operator, Requirement, Selector};

/// A selector as it stands in the body.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(in crate::kubernetes) struct RawSelector<'a> {
    #[serde(borrow)]
    match_labels: Labels<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    match_expressions: Vec<Expression<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Expression<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    #[serde(borrow)]
    operator: Text<'a>,
    #[serde(borrow, deserialize_with = "or_default")]
    values: Vec<Text<'a>>,
}

/// Into the slim type.
pub(in crate::kubernetes) fn selector(raw: &RawSelector<'_>) -> Result<Selector, Unreadable> {
    let labels = raw.match_labels.0.iter().map(|(key, value)| (Arc::from(&**key), Arc::from(&**value)));
    let expressions = raw.match_expressions.iter().map(requirement).collect::<Result<_, _>>()?;
    Ok(Selector { labels: labels.collect(), expressions })
}

fn requirement(raw: &Expression<'_>) -> Result<Requirement, Unreadable> {
    let operator = match &*raw.operator {
        "In" => Operator::In,
        "NotIn" => Operator::NotIn,
        "Exists" => Operator::Exists,
        "DoesNotExist" => Operator::DoesNotExist,
        _ => return Err(Unreadable::Field("matchExpressions[].operator")),
    };
    let values = raw.values.iter().map(|value| Arc::from(&**value)).collect();
    Ok(Requirement { key: (&*raw.key).into(), operator, values })
}
