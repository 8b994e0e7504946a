//! What the program has to work with: who it is, where, and every permission it uses, with the one to ask for.

use serde_json::{Value, json};

use super::{API_VERSION, Redactor, json as writer, text};
use crate::domain::{
    failure::Failure,
    inventory::{Gap, Inventory},
    need::{NEEDS, Need, Use},
};

/// How a permission stands.
enum Standing<'a> {
    Works,
    Fails(&'a Failure),
    /// Only a change would tell.
    Unasked,
}

fn standing<'a>(permission: &Need, gaps: &'a [Gap]) -> Standing<'a> {
    let gap = gaps.iter().find(|gap| gap.failure.action.as_deref() == Some(permission.action));
    match (permission.needed, gap) {
        (_, Some(gap)) => Standing::Fails(&gap.failure),
        (Use::Read, None) => Standing::Works,
        (Use::Ask | Use::Prove | Use::Change, None) => Standing::Unasked,
    }
}

/// Where the program is: facts that the shell knows, such as the terminal.
pub type Surroundings = Vec<(&'static str, String)>;

fn place(inventory: &Inventory) -> Surroundings {
    let target = inventory.target();
    let cluster = inventory.cluster().known();
    let told = |what: &str, failure: &Failure| format!("{what}: {}. {}", failure.why, failure.next);
    let caller = match (inventory.caller().known(), inventory.caller().failure()) {
        (Some(caller), _) => caller.arn.to_string(),
        (None, Some(failure)) => told("unknown", failure),
        (None, None) => "unknown".to_owned(),
    };
    let name = cluster.map(|cluster| cluster.arn.to_string());
    let name = name.or_else(|| target.cluster.as_ref().map(ToString::to_string));
    let mut lines = vec![
        ("context", target.context.clone().unwrap_or_else(|| "none".to_owned())),
        ("cluster", name.unwrap_or_else(|| "unknown: name it with --cluster and --region".to_owned())),
        ("region", target.region.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string)),
        ("caller", caller),
    ];
    lines.extend(inventory.mismatch().map(|failure| ("mismatch", told(&failure.what, &failure))));
    lines
}

/// For people.
pub fn text(inventory: &Inventory, surroundings: Surroundings, ascii: bool, redactor: Option<&Redactor>) -> String {
    let gaps = inventory.gaps();
    let mut lines: Vec<String> = surroundings
        .into_iter()
        .chain(place(inventory))
        .map(|(what, value)| format!("{}{value}", text::padded(what, 10)))
        .collect();
    let uses = [
        (Use::Read, "TO LOOK"),
        (Use::Ask, "TO ANSWER, asked only when somebody wants to know"),
        (Use::Prove, "TO PROVE, asked only when an identity is proven live"),
        (Use::Change, "TO CHANGE, asked only when a plan is performed"),
    ];
    for (needed, title) in uses {
        lines.extend([String::new(), title.to_owned()]);
        let of_this_use = NEEDS.iter().filter(|permission| permission.needed == needed);
        lines.extend(of_this_use.flat_map(|permission| permission_lines(permission, &gaps, ascii)));
    }
    lines.extend(others(&gaps));
    let line = |line: String| {
        let line = redactor.map_or_else(|| line.clone(), |redactor| redactor.text(&line));
        format!("{}\n", text::printable(line.trim_end()))
    };
    lines.into_iter().map(line).collect()
}

fn permission_lines(permission: &Need, gaps: &[Gap], ascii: bool) -> Vec<String> {
    let (glyph, ask) = match standing(permission, gaps) {
        Standing::Works => (if ascii { "+" } else { "✓" }, None),
        Standing::Fails(failure) => (if ascii { "x" } else { "✗" }, Some(failure)),
        Standing::Unasked => ("-", None),
    };
    let mut lines = vec![format!(
        "  {glyph} {}{}{}",
        text::padded(permission.action, 40),
        text::padded(permission.on, 38),
        permission.purpose
    )];
    lines.extend(ask.map(|failure| {
        let on = failure.resource.as_deref().unwrap_or(permission.on);
        format!("      {}. Ask for {} on {on}", failure.why.trim_end_matches('.'), permission.action)
    }));
    lines
}

/// Gaps that no permission explains: a lost connection, expired credentials.
fn others(gaps: &[Gap]) -> Vec<String> {
    let known = |action: &str| NEEDS.iter().any(|permission| permission.action == action);
    let rest = gaps.iter().filter(|gap| !gap.failure.action.as_deref().is_some_and(known));
    let mut lines: Vec<String> = rest
        .map(|gap| format!("  {}: {}: {}. {}", gap.what, gap.failure.what, gap.failure.why, gap.failure.next))
        .collect();
    if !lines.is_empty() {
        lines.splice(0..0, [String::new(), "BESIDES".to_owned()]);
    }
    lines
}

/// For programs.
pub fn json(inventory: &Inventory, surroundings: Surroundings, redactor: Option<&Redactor>) -> String {
    let gaps = inventory.gaps();
    let permissions: Vec<Value> = NEEDS
        .iter()
        .map(|permission| {
            let (ok, why) = match standing(permission, &gaps) {
                Standing::Works => (Some(true), None),
                Standing::Fails(failure) => (Some(false), Some(failure.why.as_str())),
                Standing::Unasked => (None, None),
            };
            json!({
                "action": permission.action,
                "on": permission.on,
                "purpose": permission.purpose,
                "needed": permission.needed.word(),
                "ok": ok,
                "why": why,
            })
        })
        .collect();
    let about: serde_json::Map<String, Value> =
        surroundings.into_iter().chain(place(inventory)).map(|(what, value)| (what.to_owned(), json!(value))).collect();
    let item = json!({
        "apiVersion": API_VERSION,
        "kind": "Doctor",
        "about": about,
        "permissions": permissions,
    });
    writer::pretty(&item, redactor)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::{
        change::Change,
        fact::Fact,
        failure::FailureKind,
        plan::tests::world::{inventory, inventory_with},
    };

    fn lines(inventory: &Inventory) -> Vec<String> {
        let surroundings = vec![("terminal", "none".to_owned())];
        text(inventory, surroundings, false, None).lines().map(str::to_owned).collect()
    }

    fn line<'a>(lines: &'a [String], word: &str) -> &'a str {
        lines.iter().find(|line| line.contains(word)).unwrap()
    }

    #[test]
    fn caller_context_and_permissions_are_named() {
        let lines = lines(&inventory());
        assert_eq!(line(&lines, "terminal"), "terminal  none");
        assert_eq!(line(&lines, "context"), "context   prod eu");
        assert_eq!(line(&lines, "caller"), "caller    arn:aws:sts::111122223333:assumed-role/oncall/alice");
        assert!(line(&lines, "iam:ListRoles").starts_with("  ✓ iam:ListRoles "));
        assert!(line(&lines, "eks:CreateAddon").starts_with("  - eks:CreateAddon "), "only a change would tell");
    }

    #[test]
    fn a_missing_permission_is_named_with_what_to_ask_for() {
        let failure = Failure::new(FailureKind::Denied, "cannot list roles", "not authorized", "Ask")
            .missing("iam:ListRoles", "*");
        let inventory = inventory_with(vec![Change::Roles(Fact::Unknown(Arc::new(failure)))]);
        let lines = lines(&inventory);
        let at = lines.iter().position(|line| line.starts_with("  ✗ iam:ListRoles ")).unwrap();
        assert_eq!(lines[at + 1], "      not authorized. Ask for iam:ListRoles on *");
        let json: Value = serde_json::from_str(&json(&inventory, Vec::new(), None)).unwrap();
        let found =
            json["permissions"].as_array().unwrap().iter().find(|one| one["action"] == "iam:ListRoles").unwrap();
        assert_eq!((&found["ok"], &found["why"]), (&json!(false), &json!("not authorized")));
    }

    #[test]
    fn what_no_permission_explains_is_told_as_well() {
        let failure = Failure::new(FailureKind::Credentials, "cannot ask STS", "the token expired", "Sign in again");
        let mut inventory = Inventory::default();
        inventory.apply(vec![Change::Caller(Fact::Unknown(Arc::new(failure)))], jiff::Timestamp::UNIX_EPOCH);
        let lines = lines(&inventory);
        assert!(line(&lines, "caller: ").contains("the token expired. Sign in again"), "{lines:?}");
    }
}
