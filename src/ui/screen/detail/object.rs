//! Namespaces, roles, associations and nodes: the facts there are, aligned.

use jiff::Timestamp;
use ratatui::text::Line;

use super::{after_gap, field, title};
use crate::{
    app::{
        row::Row,
        screen::{Screen, detail::Link, links::COULD},
    },
    config::theme::Meaning,
    domain::{
        association::{Association, AssociationDetail},
        fact::Fact,
        id::{AssociationId, Namespace, NodeName, RoleArn},
        identity::Mechanism,
        permission::Policy,
        role::Role,
        row::{AssociationRow, NamespaceRow, NodeRow, RoleRow},
    },
    ui::{
        scene::Scene,
        screen::rows,
        text,
        widget::{bar, graph, plan, row::Row as Cells},
    },
};

/// Uses of a role that are listed; the page of the role links all of them.
const MOST_USES: usize = 12;
/// Cells of a bar.
const BAR: usize = 16;

fn gone(scene: &Scene<'_>, name: &str, width: usize) -> Vec<Line<'static>> {
    vec![
        title(scene, name, None, width),
        Cells::new(width).put("not in the cluster any more", scene.paint.muted()).line(),
    ]
}

fn heading(scene: &Scene<'_>, word: &str, width: usize) -> Line<'static> {
    Cells::new(width).put(word, scene.paint.title()).line()
}

/// A namespace: a bar for each mechanism of its pods, and what is wrong with them.
pub fn of_namespace(scene: &Scene<'_>, name: &Namespace, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let found = match row {
        Some(Row::Namespace(row)) => Some(row.clone()),
        _ => scene.inventory().namespaces().into_iter().find(|row| row.name == *name),
    };
    let Some(row) = found else {
        return gone(scene, name.as_str(), width);
    };
    let mut lines = vec![title(scene, name.as_str(), Some(row.state), width)];
    lines.push(field(scene, "pods", &text::count(row.pods as usize), width));
    lines.push(field(scene, "service accounts", &text::count(row.service_accounts as usize), width));
    lines.extend(mechanisms(scene, &row.mechanisms, width));
    lines.extend(states(scene, &row, width));
    lines
}

/// A bar for each mechanism, the longest first.
fn mechanisms(scene: &Scene<'_>, counted: &[(Mechanism, u32)], width: usize) -> Vec<Line<'static>> {
    let most = counted.iter().map(|(_, count)| *count).max().unwrap_or_default().max(1);
    let mut sorted: Vec<(Mechanism, u32)> = counted.iter().copied().filter(|(_, count)| *count > 0).collect();
    sorted.sort_by_key(|(mechanism, count)| (std::cmp::Reverse(*count), *mechanism));
    let line = |(mechanism, count): &(Mechanism, u32)| {
        let cells = (*count as usize * BAR).div_ceil(most as usize).max(1);
        let row = Cells::new(width).to(2).column(mechanism.word(), 15, scene.paint.plain());
        let row = row.column(&bar::shade(*mechanism).repeat(cells), BAR + 1, scene.paint.mechanism(*mechanism));
        row.column_right(&text::count(*count as usize), 6, scene.paint.plain()).line()
    };
    let bars: Vec<_> = sorted.iter().map(line).collect();
    titled(scene, "NOW, BY PODS", bars, width)
}

fn titled(scene: &Scene<'_>, word: &str, lines: Vec<Line<'static>>, width: usize) -> Vec<Line<'static>> {
    if lines.is_empty() {
        return lines;
    }
    after_gap(std::iter::once(heading(scene, word, width)).chain(lines).collect())
}

fn states(scene: &Scene<'_>, row: &NamespaceRow, width: usize) -> Vec<Line<'static>> {
    let mut sorted = row.states.clone();
    sorted.retain(|(_, count)| *count > 0);
    sorted.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let line = |(state, count): &(crate::domain::identity::State, u32)| {
        let style = scene.paint.state(*state);
        let row =
            Cells::new(width).to(2).put(&state.glyph(false).to_string(), style).to(4).column(state.word(), 13, style);
        row.to(17 + BAR + 1).column_right(&text::count(*count as usize), 6, scene.paint.plain()).line()
    };
    titled(scene, "STATES", sorted.iter().map(line).collect(), width)
}

/// A role: where it lives, whom it trusts, who uses it.
pub fn of_role(scene: &Scene<'_>, arn: &RoleArn, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let row = match row {
        Some(Row::Role(row)) => Some(row),
        _ => None,
    };
    let mut lines = vec![title(scene, text::role_name(arn.as_str()), row.map(|row| row.state), width)];
    lines.push(field(scene, "ARN", arn.as_str(), width));
    lines.extend(
        row.and_then(|row| row.account.as_ref()).map(|account| field(scene, "account", account.as_str(), width)),
    );
    match scene.inventory().role(arn) {
        Fact::Known(role) => lines.extend(role_facts(scene, role, width)),
        Fact::Loading => {
            lines.push(Cells::new(width).put("its trust policy is being read", scene.paint.muted()).line())
        }
        Fact::Absent => {
            lines.extend(wrapped(scene, "IAM says that this role does not exist: nobody can become it.", width))
        }
        Fact::Unknown(failure) => lines.extend(after_gap(plan::failure_lines(&scene.paint, &failure, width))),
    }
    lines.extend(trusted_too(scene, arn, width));
    lines.extend(reached(scene, arn, width));
    lines.extend(permissions(scene, arn, width));
    lines.extend(match row {
        Some(row) => uses(scene, row, width),
        None => graph_of_role(scene, arn, width),
    });
    lines
}

/// What a role may do, by its policies; what reaches far is marked.
fn permissions(scene: &Scene<'_>, arn: &RoleArn, width: usize) -> Vec<Line<'static>> {
    let Some(detail) = scene.inventory().role_detail(arn) else { return Vec::new() };
    let policies = detail.policies().map(|policy| (policy, kind(policy)));
    let boundary = detail.boundary.iter().map(|policy| (policy, "boundary"));
    let mut lines: Vec<Line<'static>> =
        policies.chain(boundary).flat_map(|(policy, kind)| policy_lines(scene, policy, kind, width)).collect();
    lines.extend(detail.failures().next().map(|failure| {
        let action = failure.action.as_deref().unwrap_or("its policies");
        Cells::new(width).to(2).put(&format!("not all is known: {action} is missing"), scene.paint.muted()).line()
    }));
    titled(scene, "PERMISSIONS", lines, width)
}

fn kind(policy: &Policy) -> &'static str {
    match policy.arn.as_deref() {
        None => "inline",
        Some(arn) if arn.contains(":iam::aws:") => "attached, of AWS",
        Some(_) => "attached",
    }
}

/// A boundary gives nothing: nothing of it is marked.
fn policy_lines(scene: &Scene<'_>, policy: &Policy, kind: &'static str, width: usize) -> Vec<Line<'static>> {
    let name = Cells::new(width).to(2);
    let room = name.room().saturating_sub(kind.len() + 2);
    let name = name.put(&text::fit(&policy.name, room), scene.paint.plain()).end(kind, scene.paint.muted()).line();
    let marked = if kind == "boundary" { Vec::new() } else { policy.sensitive() };
    let warning = scene.paint.of(Meaning::Warning);
    let mark = |words: &str| Cells::new(width).to(4).put("! ", warning).put(words, warning).line();
    std::iter::once(name).chain(marked.into_iter().map(mark)).collect()
}

/// On the page of a role: who becomes it, and who else could, as a picture of the page's links.
fn graph_of_role(scene: &Scene<'_>, arn: &RoleArn, width: usize) -> Vec<Line<'static>> {
    let Some(Screen::Detail(page)) = scene.model.screen() else { return Vec::new() };
    let edge = |link: &Link| graph::Edge {
        from: link.subject.to_string(),
        how: match link.mechanism.filter(|_| link.relation == COULD) {
            Some(mechanism) => mechanism.word().to_owned(),
            None => link.relation.to_owned(),
        },
        could: link.relation == COULD,
    };
    let edges: Vec<graph::Edge> = page.links.iter().take(MOST_USES).map(edge).collect();
    let mut lines = graph::lines(&scene.paint, &edges, text::role_name(arn.as_str()), width);
    let more = page.links.len().saturating_sub(MOST_USES);
    lines.extend((more > 0).then(|| Cells::new(width).put(&format!("and {more} more"), scene.paint.muted()).line()));
    titled(scene, "WHO USES IT, AND WHO COULD (DOTTED)", lines, width)
}

/// Whom a role trusts besides the pods of this cluster.
fn trusted_too(scene: &Scene<'_>, arn: &RoleArn, width: usize) -> Vec<Line<'static>> {
    let others = scene.inventory().other_principals(arn);
    let label = |index: usize| if index == 0 { "trusts too" } else { "" };
    let shown = others.iter().take(MOST_USES).enumerate();
    let mut lines: Vec<_> = shown.map(|(index, value)| field(scene, label(index), value, width)).collect();
    let more = others.len().saturating_sub(MOST_USES);
    lines.extend((more > 0).then(|| field(scene, "", &format!("and {more} more"), width)));
    lines
}

/// That pods reach a role whoever they are, through the role of their node.
fn reached(scene: &Scene<'_>, arn: &RoleArn, width: usize) -> Vec<Line<'static>> {
    let ways = scene.inventory().reached_by_pods(arn, scene.now());
    let parts = ways.iter().take(MOST_USES).flat_map(|way| text::wrap(&way.words(), width.saturating_sub(2), 4));
    let lines = parts.map(|part| Cells::new(width).to(2).put(&part, scene.paint.of(Meaning::Warning)).line());
    titled(scene, "REACHED", lines.collect(), width)
}

fn wrapped(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 4).iter().map(|part| Cells::new(width).put(part, scene.paint.plain()).line()).collect()
}

fn role_facts(scene: &Scene<'_>, role: &Role, width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    lines.extend(role.created_at.map(|at| field(scene, "created", &day(at), width)));
    lines.extend(
        role.max_session_seconds.map(|seconds| field(scene, "longest session", &text::age(i64::from(seconds)), width)),
    );
    let tags = role.tags.iter().flatten();
    lines.extend(tags.map(|(key, value)| field(scene, "tag", &format!("{key}={value}"), width)));
    lines
}

/// The day, UTC.
fn day(at: Timestamp) -> String {
    at.to_zoned(jiff::tz::TimeZone::UTC).strftime("%Y-%m-%d").to_string()
}

fn uses(scene: &Scene<'_>, row: &RoleRow, width: usize) -> Vec<Line<'static>> {
    if row.used_by.is_empty() {
        return after_gap(vec![Cells::new(width).put("nothing in this cluster uses it", scene.paint.muted()).line()]);
    }
    let shown = row.used_by.iter().take(MOST_USES).map(|used| {
        let line = Cells::new(width).to(2);
        let room = line.room().saturating_sub(used.how.len() + 2);
        line.put(&text::fit(&used.service_account.to_string(), room), scene.paint.plain())
            .end(used.how, scene.paint.muted())
            .line()
    });
    let more = row.used_by.len().saturating_sub(MOST_USES);
    let rest = (more > 0).then(|| Cells::new(width).to(2).put(&format!("and {more} more"), scene.paint.muted()).line());
    titled(scene, "USED BY", shown.chain(rest).collect(), width)
}

/// An association: for whom, which role, with which options.
pub fn of_association(scene: &Scene<'_>, id: &AssociationId, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let state = row.map(Row::state);
    let row = match row {
        Some(Row::Association(row)) => Some(row),
        _ => None,
    };
    let Some(association) = scene.inventory().association(id) else {
        return gone(scene, id.as_str(), width);
    };
    let name = format!("{} / {}", association.service_account.namespace, association.service_account.name);
    let mut lines = vec![title(scene, &name, state, width)];
    lines.push(field(scene, "association", id.as_str(), width));
    lines.extend(association_facts(scene, association, width));
    lines.extend(row.map(|row| association_use(scene, row, width)).unwrap_or_default());
    lines
}

fn association_facts(scene: &Scene<'_>, association: &Association, width: usize) -> Vec<Line<'static>> {
    let owner = association.owner_arn.as_ref().map(|owner| field(scene, "owned by", owner, width));
    let facts = match &association.detail {
        Fact::Known(detail) => options(scene, detail, width),
        Fact::Loading => vec![field(scene, "role", "being read", width)],
        Fact::Absent => wrapped(scene, "EKS says that this association is gone.", width),
        Fact::Unknown(failure) => plan::failure_lines(&scene.paint, failure, width),
    };
    facts.into_iter().chain(owner).collect()
}

fn options(scene: &Scene<'_>, detail: &AssociationDetail, width: usize) -> Vec<Line<'static>> {
    let line = |label: &str, value: &str| field(scene, label, value, width);
    let mut lines = vec![line("role", detail.role_arn.as_str())];
    lines.extend(detail.target_role_arn.as_ref().map(|role| line("target role", role.as_str())));
    lines.extend(detail.external_id.as_ref().map(|id| line("external id", id)));
    lines.push(line("session tags", if detail.disable_session_tags { "not sent" } else { "sent" }));
    lines.extend(detail.policy.as_ref().map(|policy| line("session policy", policy)));
    lines.extend(detail.tags.iter().map(|(key, value)| line("tag", &format!("{key}={value}"))));
    lines.extend(detail.created_at.map(|at| line("created", &day(at))));
    lines.extend(detail.modified_at.map(|at| line("changed", &day(at))));
    lines
}

fn association_use(scene: &Scene<'_>, row: &AssociationRow, width: usize) -> Vec<Line<'static>> {
    let mut lines =
        vec![field(scene, "used by", &format!("{} of {}", row.using, text::plural(row.pods as usize, "pod")), width)];
    if row.drift > 0 {
        lines.push(field(scene, "", &format!("{} more after a restart", row.drift), width));
    }
    if !row.service_account_exists {
        lines.push(field(scene, "", "the service account does not exist", width));
    }
    let why = row.why.iter().cloned().collect::<Vec<_>>();
    lines.extend(after_gap(crate::ui::widget::story::labelled(&scene.paint, "WHY", &why, width, 8)));
    lines
}

/// A node: what runs it, its role, and what of instance metadata pods can reach.
pub fn of_node(scene: &Scene<'_>, name: &NodeName, row: Option<&Row>, width: usize) -> Vec<Line<'static>> {
    let found = match row {
        Some(Row::Node(row)) => Some(row.clone()),
        _ => scene.inventory().nodes().into_iter().find(|row| row.name == *name),
    };
    let Some(row) = found else {
        return gone(scene, name.as_str(), width);
    };
    let mut lines = vec![title(scene, name.as_str(), None, width)];
    lines.push(field(scene, "kind", rows::node_kind(row.kind), width));
    lines.push(field(scene, "pods", &text::count(row.pods as usize), width));
    lines.push(field(scene, "agent", row.agent, width));
    lines.push(Line::default());
    lines.extend(node_role(scene, &row, width));
    lines.extend(mechanisms(scene, &scene.inventory().mechanisms_on(name), width));
    lines
}

fn node_role(scene: &Scene<'_>, row: &NodeRow, width: usize) -> Vec<Line<'static>> {
    let reach = match row.imds {
        "yes" => "reachable by ordinary pods",
        "no" => "not reachable by ordinary pods",
        "hostNetwork" => "only by pods on the host's network",
        _ => "unknown",
    };
    let mut lines = Vec::new();
    lines.push(field(scene, "role", row.role_arn.as_ref().map_or("unknown", |arn| arn.as_str()), width));
    lines.extend(row.role_candidates.iter().map(|arn| field(scene, "one of", arn.as_str(), width)));
    lines.push(field(scene, "told by", row.role_source, width));
    lines.push(field(scene, "metadata", reach, width));
    lines.extend(row.hop_limit.map(|limit| field(scene, "hop limit", &limit.to_string(), width)));
    lines.extend(row.tokens.map(|tokens| field(scene, "IMDSv2 tokens", tokens, width)));
    lines
}
