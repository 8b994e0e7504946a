//! A list: head, the rows that fit, and a sentence where there are none. Only the window is looked at.

use ratatui::{buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        cluster::Link,
        command::{Command, Context},
        row::Row,
        screen::list::{ListKind, ListScreen},
    },
    domain::failure::Failure,
    ui::{
        scene::Scene,
        screen::{chrome, rows},
        text,
        widget::{
            plan,
            row::Row as Cells,
            table::{self, Column, TableRow},
        },
    },
};

/// The columns of a list.
fn columns(list: &ListScreen) -> &'static [Column] {
    match list.kind {
        ListKind::Pods if list.folded => rows::WORKLOADS,
        ListKind::Pods => rows::PODS,
        ListKind::ServiceAccounts => rows::SERVICE_ACCOUNTS,
        ListKind::Namespaces => rows::NAMESPACES,
        ListKind::Roles => rows::ROLES,
        ListKind::Associations => rows::ASSOCIATIONS,
        ListKind::Nodes => rows::NODES,
        ListKind::Findings => rows::FINDINGS,
    }
}

fn cells(scene: &Scene<'_>, list: &ListScreen, row: &Row) -> TableRow {
    let (paint, query) = (&scene.paint, &list.filter.query);
    let mark = |proof| rows::Mark::of(proof, scene.ascii());
    match row {
        Row::Workload(row) => rows::workload(paint, row, mark(scene.inventory().proof_of_pod(&row.worst)), query),
        Row::Pod(row) => {
            let seconds = scene.now().duration_since(row.created_at).as_secs();
            rows::pod(paint, row, seconds, mark(scene.inventory().proof_of_pod(&row.id)), query)
        }
        Row::ServiceAccount(row) => {
            rows::service_account(paint, row, mark(scene.inventory().proof_of_service_account(&row.id)), query)
        }
        Row::Namespace(row) => rows::namespace(paint, row, query),
        Row::Role(row) => rows::role(paint, row, query),
        Row::Association(association) => rows::association(paint, association, row.state(), query),
        Row::Node(row) => rows::node(paint, row, query),
        Row::Finding(finding) => rows::finding(paint, finding, row.state(), query),
    }
}

fn is_marked(scene: &Scene<'_>, row: &Row) -> bool {
    scene.model.marks.iter().any(|(cluster, marked)| *cluster == scene.cluster().id && row.is(marked))
}

/// Rows of an area that can show objects: its head is not one.
pub fn height(area: Rect) -> usize {
    usize::from(area.height.saturating_sub(1))
}

/// Draws a list.
pub fn draw(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, list: &ListScreen) {
    let columns = columns(list);
    let total = usize::from(area.width);
    let widths = table::widths(columns, total);
    if area.height == 0 {
        return;
    }
    buffer.set_line(area.x, area.y, &table::head(&scene.paint, columns, &widths, total), area.width);
    let window = list.view.window(height(area));
    if window.rows.is_empty() {
        return nothing(scene, buffer, area, list);
    }
    for (index, row) in window.rows.iter().enumerate() {
        let line = Rect { y: area.y + 1 + index as u16, height: 1, ..area };
        let selected = window.selected == Some(index);
        table::draw_row(
            &scene.paint,
            buffer,
            line,
            (columns, &widths),
            TableRow { marked: is_marked(scene, row), ..cells(scene, list, row) },
            selected,
            scene.ascii(),
        );
    }
}

/// Why there are no rows: still connecting, refused, filtered away, or really none.
fn nothing(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, list: &ListScreen) {
    let width = usize::from(area.width.saturating_sub(6)).min(76);
    let lines = reason(scene, list, width);
    let airy = area.y + 2 + area.height.saturating_sub(lines.len() as u16 + 4) / 5;
    // In a low window the first sentence counts more than the air above it.
    let top = airy.min(area.bottom().saturating_sub(lines.len() as u16)).max(area.y + 1);
    for (y, line) in (top..area.bottom()).zip(&lines) {
        buffer.set_line(area.x + 3, y, line, area.width.saturating_sub(3));
    }
}

fn reason(scene: &Scene<'_>, list: &ListScreen, width: usize) -> Vec<Line<'static>> {
    if list.view.total() > 0 {
        let back = scene
            .key(Context::List, Command::Back)
            .map_or_else(String::new, |key| format!("  {key} clears the filter."));
        let noun = chrome::noun(list);
        let sentence =
            format!("None of {} {noun} matches `{}`.{back}", text::count(list.view.total()), list.filter.query);
        return said(scene, &sentence, width);
    }
    if let Some(failure) = failure(scene, list.kind) {
        return plan::failure_lines(&scene.paint, &failure, width);
    }
    if is_awaited(scene, list.kind) {
        return awaited(scene, width);
    }
    said(scene, &none(scene, list.kind), width)
}

fn said(scene: &Scene<'_>, sentence: &str, width: usize) -> Vec<Line<'static>> {
    text::wrap(sentence, width, 6).iter().map(|part| Cells::new(width).put(part, scene.paint.plain()).line()).collect()
}

/// Whether the rows of a list come from AWS.
fn is_of_aws(kind: ListKind) -> bool {
    matches!(kind, ListKind::Roles | ListKind::Associations)
}

fn failure(scene: &Scene<'_>, kind: ListKind) -> Option<Failure> {
    let cluster = scene.cluster();
    let gap = scene.inventory().gaps().into_iter().find(|gap| gap.what == kind.noun());
    let link = match is_of_aws(kind) {
        true => cluster.aws.failure.as_deref().cloned().or_else(|| scene.inventory().mismatch()),
        false => cluster.kubernetes.failure().map(|failure| (**failure).clone()),
    };
    gap.map(|gap| (*gap.failure).clone()).or(link)
}

/// Whether the rows of a list, or the first of them, have not been answered yet.
pub fn is_awaited(scene: &Scene<'_>, kind: ListKind) -> bool {
    let cluster = scene.cluster();
    let loading = scene
        .inventory()
        .progress()
        .iter()
        .any(|progress| progress.what == kind.noun() && progress.done < progress.total);
    match is_of_aws(kind) {
        true => loading || (cluster.aws.read_at.is_none() && cluster.aws.failure.is_none()),
        false => loading || cluster.kubernetes == Link::Connecting,
    }
}

/// The first frame: what is being waited for, calmly.
fn awaited(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let cluster = scene.cluster();
    let target = scene.inventory().target();
    let paint = &scene.paint;
    let line = |name: &str, whom: &str, state: &str| {
        let row =
            Cells::new(width).put(". ", paint.muted()).column(name, 12, paint.muted()).column(state, 16, paint.plain());
        let room = row.room();
        row.put(&text::middle(whom, room), paint.muted()).line()
    };
    let kubernetes = if cluster.kubernetes == Link::Live { "answers" } else { "no answer yet" };
    let aws = if cluster.aws.read_at.is_some() { "read" } else { "no answer yet" };
    let server = target.server.as_deref().unwrap_or("the cluster's API server");
    let region = target
        .region
        .as_ref()
        .map_or_else(|| "EKS, IAM, EC2, STS".to_owned(), |region| format!("EKS, IAM, EC2, STS in {region}"));
    vec![
        Cells::new(width).put(&format!("connecting to {} ...", cluster.name()), paint.title()).line(),
        Line::default(),
        line("Kubernetes", server, kubernetes),
        line("AWS", &region, aws),
        Line::default(),
        Cells::new(width).put("Rows appear as they come in. Keys work already.", paint.muted()).line(),
    ]
}

fn none(scene: &Scene<'_>, kind: ListKind) -> String {
    let key = scene.key(Context::List, Command::Associate);
    match (kind, key) {
        (ListKind::Associations, Some(key)) => {
            format!(
                "This cluster has no Pod Identity associations. Select a workload or a service account and press {key} to create one."
            )
        }
        _ => format!("There are no {} here.", kind.noun()),
    }
}
