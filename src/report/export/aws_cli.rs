//! Commands that can be pasted into a POSIX shell: each runs only if the one before it succeeded, as
//! the plan's steps do.

use super::{comments, wanted::Wanted};
use crate::domain::plan::shell_quoted;

pub(super) fn text(wanted: &Wanted<'_>) -> String {
    let mut notes = Vec::new();
    let mut commands = Vec::new();
    for role in wanted.roles.iter().filter(|role| !role.exists) {
        let name = shell_quoted(&role.name);
        let path = role.path.as_ref().map(|path| format!(" --path {}", shell_quoted(path))).unwrap_or_default();
        let trust = shell_quoted(&role.trust);
        commands.push(format!("aws iam create-role --role-name {name}{path} --assume-role-policy-document {trust}"));
        commands.push(format!("aws iam wait role-exists --role-name {name}"));
        notes.push(format!(
            "Role {} may do nothing yet: give it permissions with aws iam attach-role-policy",
            role.name
        ));
    }
    commands.extend(wanted.plan.steps.iter().map(|step| step.command.clone()));
    let refusal = wanted.heading().into_iter().skip(1);
    notes.splice(0..0, refusal);
    format!("{}{}\n", comments(notes.iter().map(String::as_str)), commands.join(" &&\n"))
}
