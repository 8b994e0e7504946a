//! Trust policies as IAM and EKS look at them when they are saved: what IAM refuses
//! at once, and whether EKS may use a role for Pod Identity. No evaluation of
//! conditions: that is STS's business at run time.

use super::document::Json;
use super::error::Failure;

const OPERATORS: &[&str] = &[
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
    "NumericEquals",
    "NumericNotEquals",
    "NumericLessThan",
    "NumericLessThanEquals",
    "NumericGreaterThan",
    "NumericGreaterThanEquals",
    "DateEquals",
    "DateNotEquals",
    "DateLessThan",
    "DateLessThanEquals",
    "DateGreaterThan",
    "DateGreaterThanEquals",
    "Bool",
    "BinaryEquals",
    "IpAddress",
    "NotIpAddress",
    "ArnEquals",
    "ArnNotEquals",
    "ArnLike",
    "ArnNotLike",
    "Null",
];

const EKS_PRINCIPALS: &[&str] = &["eks.amazonaws.com", "pods.eks.amazonaws.com", "capabilities.eks.amazonaws.com"];

const SYNTAX: &str = "Syntax errors in policy.";

/// What the refusals need to know of the account.
pub struct Surroundings<'a> {
    /// The account's id.
    pub account: &'a str,
    /// The account's partition.
    pub partition: &'a str,
    /// Longest document, white space not counted.
    pub quota: usize,
    /// Whether a role of this account exists, by ARN.
    pub role_exists: &'a dyn Fn(&str) -> bool,
}

/// Refuses a trust policy the way IAM does when it is saved.
pub fn refuse(text: &str, around: &Surroundings<'_>) -> Result<(), Failure> {
    let refused = |sentence: String| Failure::new(400, "MalformedPolicyDocument", sentence);
    if let Some(odd) = text.chars().find(|c| !is_legal(*c)) {
        return Err(Failure::new(
            400,
            "ValidationError",
            format!(
                "The specified value for policyDocument is invalid. It contains the character U+{:04X}",
                u32::from(odd)
            ),
        ));
    }
    check(text, around).map_err(refused)?;
    if text.chars().filter(|c| !c.is_whitespace()).count() > around.quota {
        let sentence = format!("Cannot exceed quota for ACLSizePerRole: {}", around.quota);
        return Err(Failure::new(409, "LimitExceeded", sentence));
    }
    Ok(())
}

fn is_legal(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}')
}

fn check(text: &str, around: &Surroundings<'_>) -> Result<(), String> {
    let policy = Json::parse(text).map_err(|_| "This policy contains invalid Json".to_owned())?;
    let Json::Object(entries) = &policy else {
        return Err(SYNTAX.to_owned());
    };
    if policy.has_duplicates() || entries.iter().any(|(key, _)| !matches!(key.as_str(), "Version" | "Id" | "Statement"))
    {
        return Err(SYNTAX.to_owned());
    }
    if let Some(version) = policy.get("Version")
        && !matches!(version.text(), Some("2012-10-17" | "2008-10-17"))
    {
        return Err("The policy must contain a valid version string".to_owned());
    }
    let statements = policy.get("Statement").ok_or(SYNTAX)?.each();
    if statements.is_empty() {
        return Err(SYNTAX.to_owned());
    }
    check_sids(statements)?;
    statements.iter().try_for_each(|statement| check_statement(statement, around))
}

fn check_sids(statements: &[Json]) -> Result<(), String> {
    let mut seen = Vec::new();
    for sid in statements.iter().filter_map(|statement| statement.get("Sid")) {
        let sid = sid.text().ok_or(SYNTAX)?;
        if !sid.chars().all(|c| c.is_ascii_alphanumeric()) {
            return Err("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*".to_owned());
        }
        if seen.contains(&sid) {
            return Err("Statement IDs (SID) in a single policy must be unique.".to_owned());
        }
        seen.push(sid);
    }
    Ok(())
}

fn check_statement(statement: &Json, around: &Surroundings<'_>) -> Result<(), String> {
    for (element, _) in statement.entries() {
        match element.as_str() {
            "Sid" | "Effect" | "Principal" | "Action" | "NotAction" | "Condition" => {}
            "NotPrincipal" => {
                return Err("AssumeRole policy must not contain NotPrincipal field".to_owned());
            }
            "Resource" | "NotResource" => return Err(format!("Has prohibited field {element}")),
            _ => return Err(SYNTAX.to_owned()),
        }
    }
    if !matches!(statement.get("Effect").and_then(Json::text), Some("Allow" | "Deny")) {
        return Err(missing_or_wrong(statement, "Effect"));
    }
    let principal = statement.get("Principal").ok_or_else(|| missing_or_wrong(statement, "Principal"))?;
    check_principal(principal, around)?;
    let actions = match (statement.get("Action"), statement.get("NotAction")) {
        (Some(actions), None) | (None, Some(actions)) => actions,
        (None, None) => return Err(missing_or_wrong(statement, "Action")),
        (Some(_), Some(_)) => return Err(SYNTAX.to_owned()),
    };
    actions.each().iter().try_for_each(check_action)?;
    statement.get("Condition").map_or(Ok(()), check_condition)
}

fn missing_or_wrong(statement: &Json, element: &str) -> String {
    match statement.get(element) {
        None if matches!(statement, Json::Object(_)) => format!("Missing required field {element}"),
        _ => SYNTAX.to_owned(),
    }
}

fn check_action(action: &Json) -> Result<(), String> {
    let action = action.text().ok_or(SYNTAX)?.to_ascii_lowercase();
    let name = action.strip_prefix("sts:").unwrap_or_default();
    let known = ["assumerole", "tagsession", "setsourceidentity", "setcontext", "doublecheck"];
    let wild = name.contains(['*', '?']);
    if name.is_empty() || !(wild || known.iter().any(|known| name.starts_with(known))) {
        return Err("AssumeRole policy may only specify STS AssumeRole actions.".to_owned());
    }
    Ok(())
}

fn check_condition(condition: &Json) -> Result<(), String> {
    if !matches!(condition, Json::Object(_)) {
        return Err(SYNTAX.to_owned());
    }
    for (operator, keys) in condition.entries() {
        if !is_operator(operator) {
            return Err(format!("Invalid Condition type : {operator}."));
        }
        if !matches!(keys, Json::Object(_)) {
            return Err(SYNTAX.to_owned());
        }
        let mut values = keys.entries().iter().flat_map(|(_, value)| value.each());
        if values.any(|value| matches!(value, Json::Object(_) | Json::Array(_) | Json::Null)) {
            return Err(SYNTAX.to_owned());
        }
    }
    Ok(())
}

fn is_operator(operator: &str) -> bool {
    let base =
        operator.strip_prefix("ForAllValues:").or_else(|| operator.strip_prefix("ForAnyValue:")).unwrap_or(operator);
    let bare = base.strip_suffix("IfExists").filter(|base| *base != "Null");
    let bare = bare.unwrap_or(base);
    OPERATORS.iter().any(|known| known.eq_ignore_ascii_case(bare))
}

fn check_principal(principal: &Json, around: &Surroundings<'_>) -> Result<(), String> {
    let Json::Object(kinds) = principal else {
        return Err(match principal.text() {
            Some("*") => "AssumeRolepolicy contained an invalid principal: \"STAR\":\"*\".".to_owned(),
            Some(other) => invalid("AWS", other),
            None => SYNTAX.to_owned(),
        });
    };
    for (kind, values) in kinds {
        for value in values.each() {
            let value = value.text().ok_or(SYNTAX)?;
            check_principal_value(kind, value, around)?;
        }
    }
    Ok(())
}

fn check_principal_value(kind: &str, value: &str, around: &Surroundings<'_>) -> Result<(), String> {
    let ok = match kind {
        "AWS" => is_aws_principal(value, around),
        "Service" => is_service(value),
        "Federated" if is_federated(value) => true,
        "Federated" => {
            return Err("Federated principals must be valid domain names or SAML metadata ARNs".to_owned());
        }
        "CanonicalUser" => false,
        _ => return Err(SYNTAX.to_owned()),
    };
    if ok { Ok(()) } else { Err(invalid(kind, value)) }
}

fn invalid(kind: &str, value: &str) -> String {
    let kind = if kind == "AWS" { "AWS".to_owned() } else { kind.to_uppercase() };
    format!("Invalid principal in policy: \"{kind}\":\"{value}\"")
}

fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
}

fn is_aws_principal(value: &str, around: &Surroundings<'_>) -> bool {
    if value == "*" || is_account(value) || is_unique_id(value) {
        return true;
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", partition, service @ ("iam" | "sts"), "", account, resource] = parts.as_slice() else {
        return false;
    };
    if *partition != around.partition || !is_account(account) || value.contains(['*', '?']) {
        return false;
    }
    match (*service, resource.split_once('/')) {
        ("iam", None) => *resource == "root",
        ("iam", Some(("role", _))) => *account != around.account || (around.role_exists)(value),
        ("iam", Some(("user", name))) => !name.is_empty(),
        ("sts", Some(("assumed-role" | "federated-user", name))) => !name.is_empty(),
        _ => false,
    }
}

fn is_unique_id(value: &str) -> bool {
    let known = ["AROA", "AIDA"].iter().any(|prefix| value.starts_with(prefix));
    known && value.len() >= 16 && value.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn is_service(value: &str) -> bool {
    let host = value.strip_suffix(".amazonaws.com").or_else(|| value.strip_suffix(".amazonaws.com.cn"));
    let shaped = host.is_some_and(|host| {
        !host.is_empty()
            && host.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'))
    });
    let of_eks = value.ends_with(".eks.amazonaws.com");
    shaped && (!of_eks || EKS_PRINCIPALS.contains(&value))
}

fn is_federated(value: &str) -> bool {
    if value.contains(['*', '?', ' ']) || value.is_empty() {
        return false;
    }
    if !value.starts_with("arn:") {
        return value.contains('.') && !value.contains([':', '/']);
    }
    let parts: Vec<&str> = value.splitn(6, ':').collect();
    let ["arn", _, "iam", "", account, resource] = parts.as_slice() else {
        return false;
    };
    let named = ["oidc-provider/", "saml-provider/"].iter().find_map(|kind| resource.strip_prefix(kind));
    is_account(account) && named.is_some_and(|name| !name.is_empty())
}

/// Whether EKS accepts the role for Pod Identity: the service principal is allowed
/// both actions, in one statement or in two.
pub fn allows_pod_identity(text: &str) -> bool {
    let Ok(policy) = Json::parse(text) else {
        return false;
    };
    let statements = policy.get("Statement").map(Json::each).unwrap_or_default();
    let of_eks: Vec<&Json> = statements.iter().filter(|statement| is_for_eks(statement)).collect();
    ["sts:assumerole", "sts:tagsession"]
        .iter()
        .all(|action| of_eks.iter().any(|statement| names_action(statement, action)))
}

fn is_for_eks(statement: &Json) -> bool {
    let allows = statement.get("Effect").and_then(Json::text) == Some("Allow");
    let services = statement.get("Principal").and_then(|principal| principal.get("Service"));
    let services = services.map(Json::each).unwrap_or_default();
    allows && services.iter().any(|service| service.text() == Some("pods.eks.amazonaws.com"))
}

fn names_action(statement: &Json, action: &str) -> bool {
    // A repeated `Action` of an old document counts as one list.
    let lists = statement.entries().iter().filter(|(key, _)| key == "Action");
    lists
        .flat_map(|(_, actions)| actions.each())
        .filter_map(Json::text)
        .any(|pattern| glob(&pattern.to_ascii_lowercase(), action))
}

fn glob(pattern: &str, text: &str) -> bool {
    let mut characters = pattern.chars();
    match characters.next() {
        None => text.is_empty(),
        Some('*') => {
            text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| glob(characters.as_str(), &text[at..]))
        }
        Some(first) => text
            .chars()
            .next()
            .filter(|c| first == '?' || first == *c)
            .is_some_and(|c| glob(characters.as_str(), &text[c.len_utf8()..])),
    }
}

#[cfg(test)]
mod tests;
