//! The cluster in numbers and bars: mechanisms, states, the agent, the most shared roles, the namespaces.

use ratatui::{style::Style, text::Line};

use crate::{
    app::screen::OverviewScreen,
    config::theme::Meaning,
    domain::{
        identity::{Mechanism, State},
        inventory::{AgentState, Overview},
        row::NamespaceRow,
    },
    ui::{
        scene::Scene,
        text,
        widget::{bar, row::Row as Cells},
    },
};

/// Column where bars begin.
const BARS: usize = 18;
/// Cells of a bar at most.
const WIDEST: usize = 40;

/// All lines of the page.
pub fn page(scene: &Scene<'_>, shown: &OverviewScreen, width: usize) -> Vec<Line<'static>> {
    let Some(overview) = &shown.overview else {
        return vec![Cells::new(width).put("Nothing is counted yet.", scene.paint.muted()).line()];
    };
    let mut lines = vec![counts(scene, overview, width)];
    lines.extend(section(scene, "CONTAINERS, NOW", mechanisms(scene, overview, width), width));
    lines.extend(section(scene, "PODS", states(scene, overview, width), width));
    lines.extend(section(scene, "FINDINGS", findings(scene, width), width));
    lines.extend(section(scene, "POD IDENTITY AGENT", vec![agent(scene, overview, width)], width));
    lines.extend(section(scene, "MOST SHARED ROLES", shared(scene, overview, width), width));
    let namespaces = overview.namespaces.iter().map(|row| namespace(scene, row, width)).collect();
    lines.extend(section(scene, &format!("NAMESPACES  {}", bar::LEGEND), namespaces, width));
    lines
}

fn section(scene: &Scene<'_>, title: &str, lines: Vec<Line<'static>>, width: usize) -> Vec<Line<'static>> {
    let head = [Line::default(), Cells::new(width).put(title, scene.paint.title()).line()];
    let none = lines.is_empty().then(|| Cells::new(width).to(2).put("none", scene.paint.muted()).line());
    head.into_iter().chain(lines).chain(none).collect()
}

fn counts(scene: &Scene<'_>, overview: &Overview, width: usize) -> Line<'static> {
    let counts = overview.counts;
    let parts = [
        (counts.pods, "pod"),
        (counts.workloads, "workload"),
        (counts.service_accounts, "service account"),
        (counts.namespaces, "namespace"),
        (counts.roles, "role"),
        (counts.associations, "association"),
        (counts.nodes, "node"),
    ];
    let words: Vec<String> = parts.iter().map(|(count, noun)| text::plural(*count, noun)).collect();
    Cells::new(width).put(&words.join(", "), scene.paint.plain()).line()
}

/// A label, a bar against the largest of its kind, and the number.
fn barred(label: (&str, Style), cells: (&str, Style), share: (u32, u32), width: usize, plain: Style) -> Line<'static> {
    let widest = width.saturating_sub(BARS + 8).min(WIDEST);
    let (count, most) = (share.0 as usize, share.1.max(1) as usize);
    let filled = (count * widest).div_ceil(most).clamp(usize::from(count > 0), widest.max(1));
    let row = Cells::new(width).to(2).put(label.0, label.1).to(BARS).put(&cells.0.repeat(filled), cells.1);
    row.put(" ", plain).put(&text::count(count), plain).line()
}

fn most<T>(counts: &[(T, u32)]) -> u32 {
    counts.iter().map(|(_, count)| *count).max().unwrap_or_default()
}

fn mechanisms(scene: &Scene<'_>, overview: &Overview, width: usize) -> Vec<Line<'static>> {
    let (paint, most) = (&scene.paint, most(&overview.containers));
    let line = |(mechanism, count): &(Mechanism, u32)| {
        let cells = (bar::shade(*mechanism), paint.mechanism(*mechanism));
        barred((mechanism.word(), paint.plain()), cells, (*count, most), width, paint.plain())
    };
    overview.containers.iter().map(line).collect()
}

fn states(scene: &Scene<'_>, overview: &Overview, width: usize) -> Vec<Line<'static>> {
    let (paint, most) = (&scene.paint, most(&overview.states));
    let line = |(state, count): &(State, u32)| {
        let label = format!("{} {}", state.glyph(false), state.word());
        barred((&label, paint.state(*state)), ("█", paint.state(*state)), (*count, most), width, paint.plain())
    };
    overview.states.iter().map(line).collect()
}

fn findings(scene: &Scene<'_>, width: usize) -> Vec<Line<'static>> {
    let counts = scene.inventory().finding_counts();
    let kinds = [("errors", counts.errors, Meaning::Danger), ("warnings", counts.warnings, Meaning::Warning)];
    let kinds = kinds.into_iter().chain([("notices", counts.notices, Meaning::Muted)]);
    let most = counts.errors.max(counts.warnings).max(counts.notices);
    let share = |count: usize| (u32::try_from(count).unwrap_or(u32::MAX), u32::try_from(most).unwrap_or(u32::MAX));
    let plain = scene.paint.plain();
    kinds
        .filter(|(_, count, _)| *count > 0)
        .map(|(word, count, meaning)| barred((word, plain), ("█", scene.paint.of(meaning)), share(count), width, plain))
        .collect()
}

fn agent(scene: &Scene<'_>, overview: &Overview, width: usize) -> Line<'static> {
    let (plain, muted) = (scene.paint.plain(), scene.paint.muted());
    match overview.agent {
        AgentState::Ready { nodes, of } => {
            let share = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            let cells = ("█", scene.paint.of(Meaning::Accent));
            let label = format!("ready, of {of}");
            barred((&label, plain), cells, (share(nodes), share(of)), width, plain)
        }
        AgentState::BuiltIn => Cells::new(width).to(2).put("built into every node (EKS Auto Mode)", plain).line(),
        AgentState::Missing => Cells::new(width).to(2).put("on no node", scene.paint.of(Meaning::Warning)).line(),
        AgentState::Unknown => Cells::new(width).to(2).put("not known", muted).line(),
    }
}

fn shared(scene: &Scene<'_>, overview: &Overview, width: usize) -> Vec<Line<'static>> {
    let (plain, muted) = (scene.paint.plain(), scene.paint.muted());
    let line = |role: &crate::domain::inventory::SharedRole| {
        let users = text::plural(role.service_accounts, "service account");
        let pods = text::plural(role.pods as usize, "pod");
        let note = format!("{users}, {pods}");
        let row = Cells::new(width).to(2);
        let room = row.room().saturating_sub(text::width(&note) + 2);
        let name = text::fit(text::role_name(role.arn.as_str()), room.min(48));
        row.put(&name, plain).to(52.min(width.saturating_sub(text::width(&note)))).put(&note, muted).line()
    };
    overview.shared_roles.iter().map(line).collect()
}

fn namespace(scene: &Scene<'_>, row: &NamespaceRow, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    let widest = width.saturating_sub(BARS + 30).min(WIDEST);
    let pods = text::plural(row.pods as usize, "pod");
    let line = Cells::new(width)
        .put(&row.state.glyph(false).to_string(), paint.state(row.state))
        .to(2)
        .column(row.name.as_str(), BARS - 3, paint.plain())
        .to(BARS)
        .spans(bar::spans(paint, &row.mechanisms, widest));
    line.put(" ", paint.plain()).put(&pods, paint.plain()).end(&trouble(row), paint.state(row.state)).line()
}

/// `3 broken, 1 at-risk`.
fn trouble(row: &NamespaceRow) -> String {
    let mut bad: Vec<(State, u32)> = row.states.iter().copied().filter(|(state, _)| *state > State::Ok).collect();
    bad.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let words: Vec<String> = bad.iter().map(|(state, count)| format!("{count} {}", state.word())).collect();
    words.join(", ")
}
