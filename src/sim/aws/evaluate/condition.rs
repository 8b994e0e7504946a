//! Condition blocks: every operator and every key in it must hold; of the values of a key one must, of a
//! negated operator none may.

use std::{cmp::Ordering, collections::BTreeSet, net::IpAddr};

use ipnet::IpNet;
use jiff::Timestamp;

use super::{Context, pattern::Pattern};
use crate::sim::aws::document::Json;

/// What the conditions of one document are compared with.
pub struct Conditions<'a> {
    /// The keys of the request.
    pub context: &'a Context,
    /// Documents of 2008 know no variables.
    pub has_variables: bool,
}

/// How the values of a key are counted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Set {
    Plain,
    All,
    Any,
}

/// An operator, taken apart.
struct Operator {
    set: Set,
    if_exists: bool,
    negated: bool,
    base: String,
}

impl Operator {
    fn read(name: &str) -> Self {
        let lower = name.to_ascii_lowercase();
        let (set, rest) = match (lower.strip_prefix("forallvalues:"), lower.strip_prefix("foranyvalue:")) {
            (Some(rest), _) => (Set::All, rest),
            (_, Some(rest)) => (Set::Any, rest),
            _ => (Set::Plain, lower.as_str()),
        };
        let (rest, if_exists) = rest.strip_suffix("ifexists").map_or((rest, false), |rest| (rest, true));
        let positive = rest.replacen("not", "", 1);
        let negated = positive.len() != rest.len();
        Self { set, if_exists, negated, base: positive }
    }
}

impl Conditions<'_> {
    /// Whether a block holds; notes the keys that the request lacks.
    pub fn hold(&self, block: &Json, missing: &mut BTreeSet<String>) -> bool {
        let mut all = true;
        for (name, keys) in block.entries() {
            let operator = Operator::read(name);
            for (key, values) in keys.entries() {
                all &= self.holds(&operator, key, &texts(values), missing);
            }
        }
        all
    }

    fn holds(&self, operator: &Operator, key: &str, wanted: &[String], missing: &mut BTreeSet<String>) -> bool {
        let found = self.context.get(&key.to_ascii_lowercase()).filter(|values| !values.is_empty());
        if operator.base == "null" {
            let is_absent = found.is_none();
            return wanted.iter().any(|value| value.eq_ignore_ascii_case(if is_absent { "true" } else { "false" }));
        }
        let Some(found) = found else {
            missing.insert(key.to_owned());
            return operator.if_exists || operator.set == Set::All || (operator.negated && operator.set == Set::Plain);
        };
        let one = |value: &String| self.fits_any(&operator.base, wanted, value) != operator.negated;
        match operator.set {
            Set::All => found.iter().all(one),
            Set::Any => found.iter().any(one),
            Set::Plain if operator.negated => found.iter().all(one),
            Set::Plain => found.iter().any(one),
        }
    }

    fn fits_any(&self, base: &str, wanted: &[String], value: &str) -> bool {
        wanted.iter().any(|wanted| self.fits(base, wanted, value))
    }

    fn fits(&self, base: &str, wanted: &str, value: &str) -> bool {
        let pattern = match self.has_variables {
            true => Pattern::read(wanted, self.context),
            false => Some(Pattern::plain(wanted)),
        };
        let Some(pattern) = pattern else { return false };
        match base {
            "stringequals" | "binaryequals" => pattern.text() == value,
            "stringequalsignorecase" => pattern.text().to_lowercase() == value.to_lowercase(),
            "stringlike" => pattern.fits(value),
            "arnequals" | "arnlike" => arn_fits(wanted, &pattern, value),
            "bool" => wanted.eq_ignore_ascii_case(value),
            "ipaddress" => address_fits(wanted, value),
            "numericequals"
            | "numericlessthan"
            | "numericlessthanequals"
            | "numericgreaterthan"
            | "numericgreaterthanequals" => compare(base, number(value), number(wanted)),
            _ => compare(base, time(value), time(wanted)),
        }
    }
}

/// Values may be texts, numbers or truths, one or a list.
fn texts(values: &Json) -> Vec<String> {
    let text = |value: &Json| match value {
        Json::String(text) | Json::Number(text) => Some(text.clone()),
        Json::Bool(truth) => Some(truth.to_string()),
        _ => None,
    };
    values.each().iter().filter_map(text).collect()
}

/// Each of the six parts of an ARN is compared by itself: a `*` does not reach over a colon but in the last.
fn arn_fits(wanted: &str, pattern: &Pattern, value: &str) -> bool {
    if wanted.contains("${") {
        return pattern.fits(value);
    }
    let (wanted, value): (Vec<&str>, Vec<&str>) = (wanted.splitn(6, ':').collect(), value.splitn(6, ':').collect());
    wanted.len() == 6
        && value.len() == 6
        && wanted.iter().zip(&value).all(|(wanted, value)| Pattern::plain(wanted).fits(value))
}

fn address_fits(wanted: &str, value: &str) -> bool {
    let Ok(address) = value.parse::<IpAddr>() else { return false };
    match wanted.parse::<IpNet>() {
        Ok(net) => net.contains(&address),
        Err(_) => wanted.parse::<IpAddr>().is_ok_and(|wanted| wanted == address),
    }
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// RFC 3339, or seconds since the epoch.
fn time(text: &str) -> Option<f64> {
    let written = text.parse::<Timestamp>().ok().map(|at| at.as_second() as f64);
    written.or_else(|| number(text))
}

fn compare(base: &str, value: Option<f64>, wanted: Option<f64>) -> bool {
    let (Some(value), Some(wanted)) = (value, wanted) else { return false };
    let Some(order) = value.partial_cmp(&wanted) else { return false };
    let relation = base.trim_start_matches("numeric").trim_start_matches("date");
    match relation {
        "equals" => order == Ordering::Equal,
        "lessthan" => order == Ordering::Less,
        "lessthanequals" => order != Ordering::Greater,
        "greaterthan" => order == Ordering::Greater,
        "greaterthanequals" => order != Ordering::Less,
        _ => false,
    }
}
