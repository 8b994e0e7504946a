//! One frame: the chrome around the body, the page in it, dialogs and toasts over it.

use ratatui::{Frame, buffer::Buffer, layout::Rect, text::Line};

use crate::{
    app::{
        message::{Measure, Place},
        model::Model,
        screen::{Screen, detail::DetailScreen, list::ListScreen},
        subject::Subject,
    },
    config::theme::Theme,
    ui::{
        dialog,
        layout::{self, SMALLEST, Tier},
        scene::Scene,
        screen::{chrome, compare, detail, header, journal, list, overview, page, trust},
        text, toast,
        widget::{chain, row::Row, scroll},
    },
};

/// The share of a narrow page that its links may take.
const RELATED_SHARE: u16 = 4;

/// Draws the model into a frame and tells what of it was seen.
pub fn draw(frame: &mut Frame<'_>, model: &Model, theme: &Theme) -> Measure {
    let area = frame.area();
    render(model, theme, area, frame.buffer_mut())
}

/// Draws the model into an area of a buffer and tells what of it was seen.
pub fn render(model: &Model, theme: &Theme, area: Rect, buffer: &mut Buffer) -> Measure {
    let area = area.intersection(buffer.area);
    let scene = Scene::new(model, theme);
    buffer.set_style(area, scene.paint.plain());
    let tier = Tier::of(area);
    let measure = match tier {
        Tier::Tiny => tiny(&scene, buffer, area),
        _ => whole(&scene, buffer, area, tier),
    };
    if scene.ascii() {
        spell(buffer, area);
    }
    measure
}

/// A window too small for anything says how large it must be.
fn tiny(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect) -> Measure {
    let (width, height) = SMALLEST;
    let words = format!("rolecall needs {width}x{height}, this is {}x{}", area.width, area.height);
    let shown = text::fit(&words, usize::from(area.width));
    if area.height > 0 {
        let x = area.x + (area.width.saturating_sub(text::width(&shown) as u16)) / 2;
        let y = area.y + area.height.saturating_sub(1) / 2;
        buffer.set_line(x, y, &Line::styled(shown, scene.paint.plain()), area.width);
    }
    Measure { body: usize::from(area.height), ..Measure::default() }
}

fn whole(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, tier: Tier) -> Measure {
    let chrome = layout::chrome(area, scene.model.clusters.len());
    let width = usize::from(area.width);
    let lines = [
        (chrome.tabs, chrome::tabs(scene, width)),
        (chrome.filter, chrome::filter(scene, width)),
        (chrome.progress, chrome::progress(scene, width)),
        (chrome.footer, chrome::footer(scene, width)),
    ];
    for (place, line) in &lines {
        buffer.set_line(place.x, place.y, line, place.width);
    }
    headers(scene, buffer, chrome.header);
    rule(scene, buffer, chrome.above);
    rule(scene, buffer, chrome.below);
    let measure = body(scene, buffer, chrome.body, tier);
    let head = chrome.header.height;
    let over = Rect { y: area.y + head, height: area.height.saturating_sub(head + 1), ..area };
    let seen = scene.model.dialogs.iter().map(|dialog| dialog::draw(scene, buffer, over, dialog)).last();
    toast::draw(scene, buffer, chrome.body);
    seen.filter(|_| scene.model.dialog().is_some_and(scrolls)).unwrap_or(measure)
}

/// A line for each open cluster, the one in view marked; where not all fit, those around it.
fn headers(scene: &Scene<'_>, buffer: &mut Buffer, place: Rect) {
    let (active, clusters) = (scene.model.active, &scene.model.clusters);
    let first = scroll::following(active, clusters.len(), place.height);
    for (y, (at, cluster)) in (place.top()..place.bottom()).zip(clusters.iter().enumerate().skip(first)) {
        let line = header::line(&scene.paint, cluster, scene.now(), usize::from(place.width));
        buffer.set_line(place.x, y, &line, place.width);
        if clusters.len() > 1 && at == active {
            buffer.set_string(place.x, y, ">", scene.paint.key());
        }
    }
}

/// Dialogs whose body is scrolled by keys; the others follow their cursor.
fn scrolls(dialog: &crate::app::dialog::Dialog) -> bool {
    use crate::app::dialog::Dialog;
    matches!(dialog, Dialog::Help(_) | Dialog::Confirm(_) | Dialog::Operation(..))
}

fn rule(scene: &Scene<'_>, buffer: &mut Buffer, place: Rect) {
    let line = "─".repeat(usize::from(place.width));
    buffer.set_string(place.x, place.y, line, scene.paint.rule());
}

/// A vertical rule that meets the ones above and below.
fn divider(scene: &Scene<'_>, buffer: &mut Buffer, x: u16, body: Rect) {
    let style = scene.paint.rule();
    buffer.set_string(x, body.y.saturating_sub(1), "┬", style);
    for y in body.top()..body.bottom() {
        buffer.set_string(x, y, "│", style);
    }
    buffer.set_string(x, body.bottom(), "┴", style);
}

fn body(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, tier: Tier) -> Measure {
    if let Some(list) = scene.model.list() {
        return list_page(scene, buffer, area, tier, list);
    }
    match scene.model.screen() {
        Some(Screen::Detail(page)) => detail_page(scene, buffer, area, tier, page),
        Some(Screen::Trust(page)) => trust::draw(scene, buffer, inset(area), page),
        Some(Screen::Doctor(scroll)) => {
            scrolled(scene, buffer, inset(area), &page::doctor(scene, usize::from(inset(area).width)), scroll.top)
        }
        Some(Screen::Operations(scroll)) => {
            scrolled(scene, buffer, inset(area), &page::operations(scene, usize::from(inset(area).width)), scroll.top)
        }
        Some(Screen::Journal(shown)) => {
            let (lines, selected) = journal::page(scene, shown, usize::from(inset(area).width));
            let top = scroll::following(selected, lines.len(), area.height);
            scrolled(scene, buffer, inset(area), &lines, top)
        }
        Some(Screen::Overview(shown)) => {
            let lines = overview::page(scene, shown, usize::from(inset(area).width));
            scrolled(scene, buffer, inset(area), &lines, shown.scroll.top)
        }
        Some(Screen::Compare(shown)) => {
            let lines = compare::page(scene, shown, usize::from(inset(area).width));
            scrolled(scene, buffer, inset(area), &lines, shown.scroll.top)
        }
        Some(Screen::List(_)) | None => Measure::default(),
    }
}

/// One cell of air at both sides.
fn inset(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

fn scrolled(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, lines: &[Line<'static>], top: usize) -> Measure {
    scroll::draw(&scene.paint, buffer, area, lines, top);
    let top = scroll::clamped(top, lines.len(), area.height);
    Measure { body: usize::from(area.height), lines: lines.len(), top, ..Measure::default() }
}

fn list_page(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, tier: Tier, shown: &ListScreen) -> Measure {
    let columns = layout::columns(area, tier);
    list::draw(scene, buffer, columns.list, shown);
    let selected = shown.view.selected();
    if let Some(place) = columns.summary_rule {
        rule(scene, buffer, place);
    }
    if let (Some(place), Some(row)) = (columns.summary, selected) {
        let lines = detail::summary(scene, row, usize::from(place.width), usize::from(place.height));
        scroll::draw(&scene.paint, buffer, place, &lines, 0);
    }
    if let Some(place) = columns.detail {
        divider(scene, buffer, layout::rule_before(place), area);
        if let Some(row) = selected {
            let said = detail::said(scene, &row.subject(), Some(row), usize::from(place.width));
            pinned(scene, buffer, place, said);
        }
    }
    if let Some(place) = columns.trust {
        divider(scene, buffer, layout::rule_before(place), area);
        beside(scene, buffer, place, selected.map(crate::app::row::Row::subject).as_ref());
    }
    let at = columns.list;
    let rows = Place { x: at.x, y: at.y + 1, width: at.width, height: at.height.saturating_sub(1) };
    let rows = scene.model.dialogs.is_empty().then_some(rows);
    Measure { body: list::height(at), lines: shown.view.len(), rows, ..Measure::default() }
}

/// What is said about the selection; FIX stays in view where not all of it fits.
fn pinned(scene: &Scene<'_>, buffer: &mut Buffer, place: Rect, (mut lines, fixes): detail::Said) {
    let height = usize::from(place.height);
    if lines.len() + fixes.len() <= height {
        lines.extend(fixes);
        return scroll::draw(&scene.paint, buffer, place, &lines, 0);
    }
    let low = (fixes.len().min(height / 3)) as u16;
    scroll::draw(&scene.paint, buffer, Rect { height: place.height - low, ..place }, &lines, 0);
    scroll::draw(&scene.paint, buffer, Rect { y: place.bottom() - low, height: low, ..place }, &fixes, 0);
}

/// The trust policy beside a chain: the deciding line is always in view.
fn beside(scene: &Scene<'_>, buffer: &mut Buffer, place: Rect, subject: Option<&Subject>) {
    let Some((lines, deciding)) = subject.and_then(|subject| trust::beside(scene, subject, usize::from(place.width)))
    else {
        let line =
            Row::new(usize::from(place.width)).put("no trust policy stands behind this", scene.paint.muted()).line();
        buffer.set_line(place.x, place.y, &line, place.width);
        return;
    };
    let offset = deciding.map_or(0, |line| scroll::following(line, lines.len(), place.height));
    scroll::draw(&scene.paint, buffer, place, &lines, offset);
}

fn detail_page(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, tier: Tier, shown: &DetailScreen) -> Measure {
    let (main, related) = match tier {
        Tier::Tiny | Tier::Narrow => stacked(scene, buffer, area, shown),
        Tier::Normal | Tier::Wide => {
            let [main, related] = layout::page(area, tier);
            divider(scene, buffer, layout::rule_before(related), area);
            (inset_left(main), related)
        }
    };
    links(scene, buffer, related, shown);
    let mut lines = match shown.found {
        true => detail::lines(scene, &shown.subject, None, usize::from(main.width)),
        false => detail::not_found(scene, &shown.subject, usize::from(main.width)),
    };
    if shown.gone {
        let words = "gone from the cluster: this is what was known last";
        lines.insert(1.min(lines.len()), Row::new(usize::from(main.width)).put(words, scene.paint.muted()).line());
    }
    let marked = lines.iter().position(|line| chain::is_selected(&scene.paint, line)).filter(|_| shown.follows);
    let top = marked.map_or(shown.scroll.top, |line| scroll::around(line, lines.len(), main.height));
    scrolled(scene, buffer, main, &lines, top)
}

fn inset_left(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// A narrow page: what is said above, what it leads to below.
fn stacked(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, shown: &DetailScreen) -> (Rect, Rect) {
    let height =
        (area.height / RELATED_SHARE).min(u16::try_from(shown.links.len()).unwrap_or(u16::MAX).saturating_add(1));
    if height < 2 {
        return (inset(area), Rect { height: 0, ..area });
    }
    let related = Rect { y: area.bottom() - height, height, ..inset(area) };
    let line = Rect { y: related.y - 1, height: 1, ..area };
    rule(scene, buffer, line);
    (Rect { height: line.y - area.y, ..inset(area) }, related)
}

/// What a page leads to, the selected one highlighted; Enter follows it.
fn links(scene: &Scene<'_>, buffer: &mut Buffer, area: Rect, shown: &DetailScreen) {
    if area.height == 0 {
        return;
    }
    let width = usize::from(area.width);
    let paint = &scene.paint;
    buffer.set_line(area.x, area.y, &Row::new(width).put("LEADS TO", paint.title()).line(), area.width);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let first = scroll::following(shown.cursor, shown.links.len(), body.height);
    for (y, (at, link)) in (body.top()..body.bottom()).zip(shown.links.iter().enumerate().skip(first)) {
        let selected = at == shown.cursor;
        let row = Row::new(width).put(if selected { "> " } else { "  " }, paint.key()).column(
            link.relation,
            16,
            paint.muted(),
        );
        let room = row.room().saturating_sub(text::width(&link.note) + 2);
        let row = row.put(&text::middle(&link.subject.to_string(), room), paint.plain()).end(&link.note, paint.muted());
        buffer.set_line(area.x, y, &row.line(), area.width);
        if selected {
            buffer.set_style(Rect { y, height: 1, ..area }, paint.selection());
        }
    }
}

/// Replaces every symbol that is not ASCII, in place: one cell stays one cell.
fn spell(buffer: &mut Buffer, area: Rect) {
    for position in area.positions() {
        let cell = &mut buffer[position];
        if !cell.symbol().is_ascii() {
            let plain = text::ascii(cell.symbol());
            cell.set_symbol(plain);
        }
    }
}
