//! A plan in words: every call with its arguments and as a command, what was checked, who
//! notices, how it is undone. And an operation: the same steps with how far they are.

use ratatui::{style::Style, text::Line};

use crate::{
    app::operation::{Operation, Outcome, StepState},
    config::theme::Meaning,
    domain::{
        failure::Failure,
        plan::{Affected, Call, Plan, PlanKind, Precondition, Step, role_name},
        trust::edit::difference,
    },
    ui::{style::Paint, text, widget::row::Row},
};

/// Column where the text of a step begins.
const INDENT: usize = 3;
/// Lines a command may take.
const LONGEST: usize = 6;

/// The call as its API spells it, with its arguments.
pub fn call(call: &Call) -> (&'static str, Vec<(&'static str, String)>) {
    match call {
        Call::CreatePodIdentityAssociation {
            cluster,
            service_account,
            role_arn,
            target_role_arn,
            disable_session_tags,
            policy,
            tags,
        } => {
            let mut arguments = vec![
                ("clusterName", cluster.to_string()),
                ("namespace", service_account.namespace.to_string()),
                ("serviceAccount", service_account.name.to_string()),
                ("roleArn", role_arn.to_string()),
            ];
            arguments.extend(target_role_arn.as_ref().map(|role| ("targetRoleArn", role.to_string())));
            arguments.extend(disable_session_tags.then(|| ("disableSessionTags", "true".to_owned())));
            arguments.extend(policy.as_ref().map(|policy| ("policy", policy.clone())));
            arguments.extend(tags.iter().map(|(key, value)| ("tags", format!("{key}={value}"))));
            ("eks:CreatePodIdentityAssociation", arguments)
        }
        Call::DeletePodIdentityAssociation { cluster, association, .. } => (
            "eks:DeletePodIdentityAssociation",
            vec![("clusterName", cluster.to_string()), ("associationId", association.to_string())],
        ),
        Call::AnnotateServiceAccount { service_account, after, .. } => (
            "patch serviceaccounts",
            vec![
                ("serviceaccount", service_account.to_string()),
                (
                    "eks.amazonaws.com/role-arn",
                    after.as_ref().map_or_else(|| "removed".to_owned(), ToString::to_string),
                ),
            ],
        ),
        Call::CreateAddon { cluster, addon } => {
            ("eks:CreateAddon", vec![("clusterName", cluster.to_string()), ("addonName", addon.clone())])
        }
        Call::DeleteAddon { cluster, addon } => {
            ("eks:DeleteAddon", vec![("clusterName", cluster.to_string()), ("addonName", addon.clone())])
        }
        Call::EvictPod { pod, .. } => {
            ("create pods/eviction", vec![("namespace", pod.namespace.to_string()), ("pod", pod.name.to_string())])
        }
        Call::RestartWorkload { workload, .. } => (
            "patch, as kubectl rollout restart does",
            vec![("namespace", workload.namespace.to_string()), ("workload", workload.to_string())],
        ),
        Call::UpdatePodIdentityAssociation { .. } | Call::TagAssociation { .. } => change(call),
        Call::UpdateAssumeRolePolicy { role_arn, .. } => {
            ("iam:UpdateAssumeRolePolicy", vec![("roleName", role_name(role_arn).to_owned())])
        }
    }
}

/// The change of an association: what it is told, and what it was.
fn change(call: &Call) -> (&'static str, Vec<(&'static str, String)>) {
    match call {
        Call::UpdatePodIdentityAssociation { cluster, association, before, after, .. } => {
            let mut arguments = vec![("clusterName", cluster.to_string()), ("associationId", association.to_string())];
            let changed = before.members().into_iter().zip(after.members()).filter(|(one, two)| one.1 != two.1);
            arguments.extend(changed.map(|((name, old), (_, new))| {
                let word = |value: Option<String>| value.unwrap_or_else(|| "none".to_owned());
                (name, format!("{}, was {}", word(new), word(old)))
            }));
            ("eks:UpdatePodIdentityAssociation", arguments)
        }
        Call::TagAssociation { association, after, .. } => {
            let tags = after.iter().map(|(key, value)| match value {
                Some(value) => ("tags", format!("{key}={value}")),
                None => ("tagKeys", key.clone()),
            });
            let sets = after.iter().any(|(_, value)| value.is_some());
            let name = if sets { "eks:TagResource" } else { "eks:UntagResource" };
            (name, std::iter::once(("association", association.to_string())).chain(tags).collect())
        }
        _ => ("", Vec::new()),
    }
}

fn heading(paint: &Paint<'_>, word: &str, width: usize) -> Line<'static> {
    Row::new(width).put(word, paint.title()).line()
}

/// All of a plan.
pub fn lines(paint: &Paint<'_>, plan: &Plan, width: usize) -> Vec<Line<'static>> {
    let mut lines =
        vec![heading(paint, if plan.steps.len() == 1 { "ONE CALL" } else { "CALLS, IN THIS ORDER" }, width)];
    for (index, step) in plan.steps.iter().enumerate() {
        lines.extend(step_lines(paint, index, step, width));
    }
    if !plan.preconditions.is_empty() {
        lines.extend([Line::default(), heading(paint, "CHECKED", width)]);
        lines.extend(plan.preconditions.iter().flat_map(|checked| precondition_lines(paint, checked, width)));
    }
    if !plan.affects.is_empty() {
        lines.extend([Line::default(), heading(paint, "WHO NOTICES", width)]);
        lines.extend(plan.affects.iter().flat_map(|affected| affected_lines(paint, plan.kind, affected, width)));
    }
    if !plan.lost.is_empty() {
        lines.extend([Line::default(), heading(paint, "DOES NOT RETURN", width)]);
        lines.extend(plan.lost.iter().flat_map(|lost| indented(lost, width, paint.plain())));
    }
    lines.extend([Line::default(), heading(paint, "UNDO", width)]);
    lines.extend(indented(&plan.inverse, width, paint.plain()));
    lines
}

/// A text as it stands, long lines continued below; comments are muted.
pub fn text_lines(paint: &Paint<'_>, whole: &str, width: usize) -> Vec<Line<'static>> {
    let line = |line: &str| {
        let style = if line.starts_with('#') { paint.muted() } else { paint.plain() };
        let indent = line.len() - line.trim_start().len();
        let room = width.saturating_sub(indent);
        let parts = text::wrap(line.trim_start(), room, usize::MAX);
        let rows = parts.iter().map(|part| Row::new(width).to(indent.min(width)).put(part, style).line());
        if parts.is_empty() { vec![Line::default()] } else { rows.collect() }
    };
    whole.lines().flat_map(line).collect()
}

fn indented(sentence: &str, width: usize, style: Style) -> Vec<Line<'static>> {
    let parts = text::wrap(sentence, width.saturating_sub(INDENT), LONGEST);
    parts.iter().map(|part| Row::new(width).to(INDENT).put(part, style).line()).collect()
}

fn step_lines(paint: &Paint<'_>, index: usize, step: &Step, width: usize) -> Vec<Line<'static>> {
    let (name, arguments) = call(&step.call);
    let mut lines = indented(&step.summary, width, paint.plain());
    if let Some(first) = lines.first_mut() {
        let number = Row::new(width).put(&(index + 1).to_string(), paint.title()).to(INDENT);
        *first = number.spans(first.spans.iter().skip(1).cloned().collect()).line();
    }
    lines.push(Row::new(width).to(INDENT).put(name, paint.of(Meaning::JsonName)).line());
    let column = arguments.iter().map(|(name, _)| name.len()).max().unwrap_or_default() + INDENT + 4;
    for (name, value) in arguments {
        let room = width.saturating_sub(column);
        let row = Row::new(width).to(INDENT + 2).put(name, paint.muted()).to(column);
        lines.push(row.put(&text::middle(&value, room), paint.plain()).line());
    }
    if let Call::UpdateAssumeRolePolicy { before, after, .. } = &step.call {
        lines.extend(difference_lines(paint, &difference(before, after), width));
    }
    lines.extend(command_lines(paint, &step.command, width));
    lines
}

/// A unified difference, what goes and what comes marked by sign and colour.
fn difference_lines(paint: &Paint<'_>, difference: &str, width: usize) -> Vec<Line<'static>> {
    let line = |line: &str| {
        let style = match line.as_bytes().first() {
            Some(b'+') => paint.of(Meaning::Good),
            Some(b'-') => paint.of(Meaning::Danger),
            Some(b'@') => paint.muted(),
            _ => paint.plain(),
        };
        let row = Row::new(width).to(INDENT + 2);
        let room = row.room();
        row.put(&text::middle(line, room), style).line()
    };
    difference.lines().map(line).collect()
}

/// The command over as many lines as it needs, continued as a shell would read it.
fn command_lines(paint: &Paint<'_>, command: &str, width: usize) -> Vec<Line<'static>> {
    let room = width.saturating_sub(INDENT + 4);
    let parts = text::wrap(command, room, LONGEST);
    let count = parts.len();
    let line = |(index, part): (usize, &String)| {
        let lead = if index == 0 { "$ " } else { "    " };
        let more = if index + 1 < count { " \\" } else { "" };
        Row::new(width).to(INDENT).put(lead, paint.muted()).put(part, paint.muted()).put(more, paint.muted()).line()
    };
    parts.iter().enumerate().map(line).collect()
}

/// One precondition with what was found.
pub fn precondition_lines(paint: &Paint<'_>, checked: &Precondition, width: usize) -> Vec<Line<'static>> {
    let (glyph, style) = match checked.ok {
        Some(true) => ("✓", paint.of(Meaning::Good)),
        Some(false) if checked.required => ("✗", paint.of(Meaning::Danger)),
        Some(false) => ("!", paint.of(Meaning::Warning)),
        None => ("-", paint.muted()),
    };
    let mut lines = vec![Row::new(width).put(glyph, style).to(INDENT).put(&checked.what, paint.plain()).line()];
    let room = width.saturating_sub(INDENT + text::width(&checked.what) + 2);
    if text::width(&checked.detail) <= room {
        let row = Row::new(width).put(glyph, style).to(INDENT).put(&checked.what, paint.plain());
        lines = vec![row.put("  ", paint.muted()).put(&checked.detail, paint.muted()).line()];
    } else {
        lines.extend(indented(&checked.detail, width, paint.muted()));
    }
    lines
}

fn affected_lines(paint: &Paint<'_>, kind: PlanKind, affected: &Affected, width: usize) -> Vec<Line<'static>> {
    let one = affected.pods == 1;
    let verb = match (kind, one) {
        (PlanKind::Dissociate, true) => "falls to",
        (PlanKind::Dissociate, false) => "fall to",
        (PlanKind::TrustRemove, true) => "is left with",
        (PlanKind::TrustRemove, false) => "are left with",
        (PlanKind::Restart, true) => "is recreated as",
        (PlanKind::Restart, false) => "are recreated as",
        (_, true) => "gets",
        (_, false) => "get",
    };
    let pods = text::plural(affected.pods as usize, "pod");
    let sentence =
        format!("{} {}: {pods} {verb} {}", affected.workload.namespace, affected.workload, affected.falls_to);
    let style = if matches!(kind, PlanKind::Dissociate | PlanKind::TrustRemove) {
        paint.of(Meaning::Warning)
    } else {
        paint.plain()
    };
    indented(&sentence, width, style)
}

/// How far an operation is, step by step.
pub fn operation_lines(paint: &Paint<'_>, operation: &Operation, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for (index, step) in operation.plan.steps.iter().enumerate() {
        let state = operation.steps.get(index).cloned().unwrap_or_default();
        lines.extend(progress_lines(paint, step, &state, width));
    }
    let (word, style) = outcome(paint, operation);
    lines.push(Line::default());
    lines.push(Row::new(width).put(&word, style).line());
    if let Some(Outcome::Failed(failure)) = &operation.outcome {
        lines.extend(failure_lines(paint, failure, width));
    }
    lines
}

fn outcome(paint: &Paint<'_>, operation: &Operation) -> (String, Style) {
    let done = operation.steps.iter().filter(|step| **step == StepState::Done).count();
    let of = format!("{done} of {}", text::plural(operation.steps.len(), "step"));
    match &operation.outcome {
        None if operation.cancelling => {
            (format!("stopping after the running step: {of} done"), paint.of(Meaning::Warning))
        }
        None => (format!("working: {of} done"), paint.muted()),
        Some(Outcome::Done) => (format!("done: {of}"), paint.of(Meaning::Good)),
        Some(Outcome::Failed(_)) => (format!("failed: {of} done"), paint.of(Meaning::Danger)),
        Some(Outcome::Cancelled) => (format!("stopped: {of} done"), paint.of(Meaning::Warning)),
    }
}

fn progress_lines(paint: &Paint<'_>, step: &Step, state: &StepState, width: usize) -> Vec<Line<'static>> {
    let (glyph, word, style) = match state {
        StepState::Planned => (" ", "planned", paint.muted()),
        StepState::Running => (">", "running", paint.of(Meaning::Accent)),
        StepState::Done => ("✓", "done", paint.of(Meaning::Good)),
        StepState::Failed(_) => ("✗", "failed", paint.of(Meaning::Danger)),
        StepState::Skipped => ("-", "not reached", paint.muted()),
    };
    let row = Row::new(width).put(glyph, style).to(INDENT);
    let room = width.saturating_sub(INDENT + word.len() + 2);
    let mut lines = vec![row.put(&text::fit(&step.summary, room), paint.plain()).end(word, style).line()];
    if let StepState::Failed(failure) = state {
        lines.extend(indented(&failure.why, width, paint.muted()));
    }
    lines
}

/// A failure: what, why, what to do, and the codes that somebody may ask for.
pub fn failure_lines(paint: &Paint<'_>, failure: &Failure, width: usize) -> Vec<Line<'static>> {
    let mut lines = indented(&failure.what, width, paint.of(Meaning::Danger));
    lines.extend(indented(&failure.why, width, paint.plain()));
    lines.extend(indented(&failure.next, width, paint.title()));
    lines.extend(failure.difference.iter().flat_map(|lines| difference_lines(paint, lines, width)));
    let missing = failure.action.as_ref().map(|action| match &failure.resource {
        Some(resource) => format!("missing: {action} on {resource}"),
        None => format!("missing: {action}"),
    });
    let codes = [
        failure.code.as_ref().map(|code| format!("code {code}")),
        failure.request_id.as_ref().map(|id| format!("request {id}")),
    ];
    let codes: Vec<String> = codes.into_iter().flatten().collect();
    for line in missing.into_iter().chain((!codes.is_empty()).then(|| codes.join("  "))) {
        lines.extend(indented(&line, width, paint.muted()));
    }
    lines
}
