//! The lines around the body: tabs with counts, filter, progress and what is unknown, keys.

use ratatui::{
    style::Style,
    text::{Line, Span},
};

use crate::{
    app::{
        command::{Command, Context},
        hint::{self, Hint},
        screen::{
            Screen,
            list::{ListKind, ListScreen, Scope},
        },
        wait::Awaited,
    },
    config::theme::Meaning,
    domain::{failure::Failure, inventory::Counts},
    ui::{
        scene::Scene,
        screen::list,
        text,
        widget::{field, panel, row::Row},
    },
};

/// Short names of the tabs for narrow windows.
fn short(kind: ListKind) -> &'static str {
    match kind {
        ListKind::Pods => "Pods",
        ListKind::ServiceAccounts => "SA",
        ListKind::Namespaces => "NS",
        ListKind::Roles => "Roles",
        ListKind::Associations => "Assoc",
        ListKind::Nodes => "Nodes",
        ListKind::Findings => "Find",
    }
}

fn counted(counts: &Counts, findings: usize, kind: ListKind) -> usize {
    match kind {
        ListKind::Pods => counts.pods,
        ListKind::ServiceAccounts => counts.service_accounts,
        ListKind::Namespaces => counts.namespaces,
        ListKind::Roles => counts.roles,
        ListKind::Associations => counts.associations,
        ListKind::Nodes => counts.nodes,
        ListKind::Findings => findings,
    }
}

fn go(kind: ListKind) -> Command {
    match kind {
        ListKind::Pods => Command::GoPods,
        ListKind::ServiceAccounts => Command::GoServiceAccounts,
        ListKind::Namespaces => Command::GoNamespaces,
        ListKind::Roles => Command::GoRoles,
        ListKind::Associations => Command::GoAssociations,
        ListKind::Nodes => Command::GoNodes,
        ListKind::Findings => Command::GoFindings,
    }
}

/// How much of a tab is written.
#[derive(Clone, Copy)]
enum Length {
    Full,
    Short,
    Bare,
}

/// The tabs: keys, names, counts; the open one in brackets.
pub fn tabs(scene: &Scene<'_>, width: usize) -> Line<'static> {
    let counts = scene.inventory().counts();
    let findings = scene.inventory().finding_counts().total();
    let lengths = [Length::Full, Length::Short, Length::Bare];
    let lines =
        lengths.map(|length| ListKind::ALL.map(|kind| tab(scene, kind, counted(&counts, findings, kind), length)));
    let wide = |labels: &[String; 7]| labels.iter().map(|label| text::width(label) + 1).sum::<usize>() + 1;
    let fits = lines.iter().position(|labels| wide(labels) <= width).unwrap_or(2);
    let open = scene.model.tab;
    let mut row = Row::new(width).put(" ", Style::new());
    for (kind, label) in ListKind::ALL.into_iter().zip(&lines[fits]) {
        let (style, shown) = match kind == open {
            true => (scene.paint.of(Meaning::Tab), format!("[{}]", label.trim())),
            false => (scene.paint.plain(), format!(" {} ", label.trim())),
        };
        row = row.put(&shown, style);
    }
    row.line()
}

fn tab(scene: &Scene<'_>, kind: ListKind, count: usize, length: Length) -> String {
    let key = scene.key(Context::List, go(kind)).unwrap_or_default();
    // Nothing counted yet is no number: 0 would be an answer.
    let count =
        if count == 0 && list::is_awaited(scene, kind) { String::new() } else { format!(" {}", text::count(count)) };
    match length {
        Length::Full => format!("{key} {}{count} ", kind.title()),
        Length::Short => format!("{key} {}{count} ", short(kind)),
        Length::Bare => format!("{key} {} ", short(kind)),
    }
}

/// The third line: the filter of a list, or where a page stands.
pub fn filter(scene: &Scene<'_>, width: usize) -> Line<'static> {
    match (scene.model.list(), scene.model.screen()) {
        (Some(list), _) => list_filter(scene, list, width),
        (None, Some(page)) => crumbs(scene, page, width),
        (None, None) => Line::default(),
    }
}

fn crumbs(scene: &Scene<'_>, page: &Screen, width: usize) -> Line<'static> {
    let name = match page {
        Screen::List(list) => list.kind.noun().to_owned(),
        Screen::Detail(detail) => format!("{} {}", detail.subject.word(), detail.subject),
        Screen::Trust(trust) => format!("trust policy of {}", text::role_name(trust.role.as_str())),
        Screen::Doctor(_) => "what is unknown, and what to ask for".to_owned(),
        Screen::Operations(_) => "operations and messages".to_owned(),
        Screen::Journal(_) => "what was changed".to_owned(),
        Screen::Overview(_) => "overview".to_owned(),
        Screen::Compare(page) => format!("{} and {}, compared", page.left.1, page.right.1),
    };
    let back = scene.key(Context::Detail, Command::Back).map_or_else(String::new, |key| format!("{key} back "));
    let row = Row::new(width)
        .put(" ", Style::new())
        .put(scene.model.tab.title(), scene.paint.muted())
        .put(" > ", scene.paint.muted());
    let room = row.room().saturating_sub(text::width(&back) + 1);
    row.put(&text::middle(&name, room), scene.paint.title()).end(&back, scene.paint.muted()).line()
}

fn list_filter(scene: &Scene<'_>, list: &ListScreen, width: usize) -> Line<'static> {
    let paint = &scene.paint;
    let filter = &list.filter;
    let key = scene.key(Context::List, Command::Filter).unwrap_or_default();
    let mut row = Row::new(width).put(" ", Style::new()).put(&key, paint.key()).put(" ", Style::new());
    if let Scope::Namespace(namespace) = &list.scope {
        row = row.put("in namespace ", paint.muted()).put(namespace.as_str(), paint.title()).put("  ", Style::new());
    }
    if let Some(editing) = &filter.editing {
        let room = row.room().saturating_sub(32).max(row.room() / 2);
        row = row.spans(field::line(paint, &editing.text(), Some(editing.cursor()), room).spans);
    } else if filter.query.is_empty() {
        let terms = match list.kind {
            ListKind::Findings => "filter: words  code: severity: ns: sa: role: kind:",
            _ => "filter: words  ns: sa: role: node: now: next: state:",
        };
        row = row.put_whole(terms, paint.muted());
    } else {
        let room = row.room().saturating_sub(24);
        row = row.put(&text::fit(filter.query.as_str(), room), paint.of(Meaning::Match));
    }
    match &filter.error {
        Some(error) => row.put("  ", Style::new()).put(&error.to_string(), paint.of(Meaning::Warning)).line(),
        None => counted_rows(scene, list, row).line(),
    }
}

/// What the rows of a list are.
pub fn noun(list: &ListScreen) -> &'static str {
    if list.kind == ListKind::Pods && list.folded { "workloads" } else { list.kind.noun() }
}

/// `142 workloads, worst first   z unfolds to 1,204 pods`, as much of it as fits.
fn counted_rows(scene: &Scene<'_>, list: &ListScreen, row: Row) -> Row {
    if list.view.total() == 0 && list::is_awaited(scene, list.kind) {
        return row.end("waiting for the first rows ", scene.paint.muted());
    }
    let view = &list.view;
    let noun = noun(list);
    let rows = if view.len() == view.total() {
        text::count(view.len())
    } else {
        format!("{} of {}", text::count(view.len()), text::count(view.total()))
    };
    let order = if list.reverse { ", reversed" } else { "" };
    let counted = format!("{rows} {noun}, {}{order}", list.sort.word());
    let whole = match fold_hint(scene, list) {
        Some(hint) => format!("{counted}   {hint} "),
        None => format!("{counted} "),
    };
    let room = row.room().saturating_sub(1);
    let shown = [whole, format!("{counted} "), format!("{rows} {noun} "), format!("{rows} ")]
        .into_iter()
        .find(|shown| text::width(shown) <= room);
    row.end(&shown.unwrap_or_default(), scene.paint.muted())
}

fn fold_hint(scene: &Scene<'_>, list: &ListScreen) -> Option<String> {
    if list.kind != ListKind::Pods || list.scope != Scope::Everything || !list.filter.query.is_empty() {
        return None;
    }
    let key = scene.key(Context::List, Command::Fold)?;
    let counts = scene.inventory().counts();
    Some(match list.folded {
        true => format!("{key} unfolds to {} pods", text::count(counts.pods)),
        false => format!("{key} folds into {} workloads", text::count(counts.workloads)),
    })
}

/// What is being loaded, what is unknown, or the one failure that matters most.
pub fn progress(scene: &Scene<'_>, width: usize) -> Line<'static> {
    let cluster = scene.cluster();
    let mismatch = cluster.inventory.mismatch();
    let failure = mismatch.as_ref().or_else(|| cluster.kubernetes.failure().map(|failure| &**failure));
    let failure = failure.or(cluster.aws.failure.as_deref());
    let late = late(scene);
    if let Some(failure) = failure.filter(|_| late.is_empty()) {
        return failed(scene, failure, width);
    }
    let unknown = unknown(scene, width.saturating_sub(2) * 2 / 3);
    let room = width.saturating_sub(text::width(&unknown) + 5);
    let mut row = Row::new(width).put(" ", Style::new());
    if scene.model.frozen.is_some() {
        row = row.put_whole(
            &format!("FROZEN, {} wait", text::plural(cluster.held(), "change")),
            scene.paint.of(Meaning::Warning),
        );
    }
    for part in late.into_iter().chain(loading(scene)) {
        let gap = if row.used() > 1 { 2 } else { 0 };
        if row.used() + gap + text::width(&part) > room {
            break;
        }
        let column = row.used() + gap;
        row = row.to(column).put(&part, scene.paint.muted());
    }
    row.end(&format!("{unknown} "), scene.paint.muted()).line()
}

/// What a person asked for and that is late.
fn late(scene: &Scene<'_>) -> Vec<String> {
    scene.model.waits.iter().filter_map(|wait| scene.sign(wait.awaited)).collect()
}

/// A failure in one line: what to do stays, even where the reason must be cut.
fn failed(scene: &Scene<'_>, failure: &Failure, width: usize) -> Line<'static> {
    let next = text::width(&failure.next);
    let row = Row::new(width).put(" ", Style::new());
    let room = row.room().saturating_sub(next + 3).max(row.room() / 3);
    let said = format!("{}: {}.", failure.what, failure.why.trim_end_matches('.'));
    let style = scene.paint.of(Meaning::Warning);
    row.put(&text::fit(&said, room), style).put("  ", Style::new()).put(&failure.next, scene.paint.title()).line()
}

/// What is still being read, most telling first.
fn loading(scene: &Scene<'_>) -> Vec<String> {
    let cluster = scene.cluster();
    let progress = cluster.inventory.progress();
    let open = progress.iter().filter(|progress| progress.done < progress.total);
    // A reading that a person asked for is said by itself once it is late.
    let reading = cluster.aws.reading && !cluster.aws.asked_for;
    let mut parts: Vec<String> = open
        .map(|progress| format!("{} {}/{}", progress.what, text::count(progress.done), text::count(progress.total)))
        .collect();
    match (parts.is_empty(), reading) {
        (true, true) => parts.push("reading AWS".to_owned()),
        (true, false) if scene.sign(Awaited::Reading).is_none() => parts.push("all read".to_owned()),
        (true, false) => {}
        (false, _) => parts.push("rows on screen first".to_owned()),
    }
    parts.push(text::plural(cluster.calls, "call"));
    parts
}

/// How many facts are unknown and the first missing action, as much of it as fits.
fn unknown(scene: &Scene<'_>, room: usize) -> String {
    let gaps = scene.inventory().gaps();
    let Some(first) = gaps.first() else {
        return String::new();
    };
    let why = match &first.failure.action {
        Some(action) => format!("{action} not allowed"),
        None => text::clean(&first.failure.what).into_owned(),
    };
    let count = format!("{} unknown", text::plural(gaps.len(), "fact"));
    let key = scene.key(Context::List, Command::ShowDoctor);
    let (long, short) =
        key.map_or_else(Default::default, |key| (format!(" ({key}: what to ask for)"), format!(" ({key})")));
    let shown = [format!("{count}: {why}{long}"), format!("{count}: {why}{short}"), format!("{count}{short}")];
    shown.into_iter().find(|shown| text::width(shown) <= room).unwrap_or(count)
}

/// The keys that apply here, the most useful first; help stays at the end. What does not apply
/// now is left out only where others need the room. A dialog has its keys on its border.
pub fn footer(scene: &Scene<'_>, width: usize) -> Line<'static> {
    if scene.model.dialog().is_some() {
        return Line::default();
    }
    let following = hint::following(scene.model);
    let hints = if following.is_empty() { hint::footer(scene.model) } else { following };
    let pair = |hint: &Hint| (hint.keys.clone(), brief(hint.title).to_owned());
    let help = hints.iter().find(|hint| hint.title == Command::Help.title()).map(pair);
    let (able, unable): (Vec<&Hint>, Vec<&Hint>) =
        hints.iter().filter(|hint| hint.title != Command::Help.title()).partition(|hint| hint.unavailable.is_none());
    let others: Vec<_> = able.into_iter().chain(unable).map(pair).collect();
    let reserved = help.as_ref().map_or(0, |(key, word)| text::width(key) + text::width(word) + 3);
    let mut spans = panel::hints(&scene.paint, &others, width.saturating_sub(reserved)).spans;
    let used: usize = spans.iter().map(|span| text::width(&span.content)).sum();
    if let Some((key, word)) = help.filter(|_| used + reserved <= width) {
        spans.extend([
            Span::raw(" "),
            Span::styled(key, scene.paint.key()),
            Span::styled(format!(" {word}"), scene.paint.muted()),
        ]);
    }
    Line::from(spans)
}

/// A title up to its first comma or semicolon: what fits a footer.
pub fn brief(title: &str) -> &str {
    title.split([',', ';']).next().unwrap_or(title)
}
