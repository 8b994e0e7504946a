//! Two objects side by side: what differs is marked with a glyph and stands out; what is the same is muted.

use ratatui::{style::Style, text::Line};

use crate::{
    app::{
        compare::{Compared, compare},
        screen::CompareScreen,
        subject::Subject,
    },
    config::theme::Meaning,
    domain::id::ClusterId,
    ui::{scene::Scene, text, widget::row::Row as Cells},
};

/// Widest column of labels.
const LABELS: usize = 30;
/// Lines that one value may take.
const LONGEST: usize = 6;

/// All lines of the page.
pub fn page(scene: &Scene<'_>, shown: &CompareScreen, width: usize) -> Vec<Line<'static>> {
    let (left, right) = (&shown.left, &shown.right);
    let (Some(ours), Some(theirs)) = (scene.model.inventory_of(left.0), scene.model.inventory_of(right.0)) else {
        let said = "one of the two clusters is not open any more";
        return vec![Cells::new(width).put(said, scene.paint.muted()).line()];
    };
    let comparison = compare((ours, &left.1), (theirs, &right.1));
    let heading = |(cluster, subject): &(ClusterId, Subject)| {
        let place = if left.0 == right.0 { String::new() } else { format!("{}: ", scene.model.name_of(*cluster)) };
        format!("{place}{} {subject}", subject.word())
    };
    let labels = comparison.facts.iter().map(|fact| text::width(&fact.label)).max().unwrap_or_default();
    let columns = Columns::new(labels.min(LABELS).min(width / 3), width);
    let mut lines: Vec<Line<'static>> = text::wrap(&comparison.sentence, width, 3)
        .iter()
        .map(|part| Cells::new(width).put(part, scene.paint.title()).line())
        .collect();
    lines.push(Line::default());
    lines.push(columns.line(("", scene.paint.muted()), "", [&heading(left), &heading(right)], scene.paint.title()));
    lines.extend(comparison.facts.iter().flat_map(|fact| compared(scene, &columns, fact)));
    let differing = comparison.facts.iter().filter(|fact| fact.differs()).count();
    let said = format!("{} of {} differ", differing, comparison.facts.len());
    lines.extend([Line::default(), Cells::new(width).put(&said, scene.paint.muted()).line()]);
    lines
}

fn compared(scene: &Scene<'_>, columns: &Columns, fact: &Compared) -> Vec<Line<'static>> {
    let (mark, style) = match fact.differs() {
        true => ("!", scene.paint.plain()),
        false => ("", scene.paint.muted()),
    };
    let sides = fact.values.each_ref().map(|value| columns.wrapped(value.as_deref().unwrap_or("-")));
    let lines = sides[0].len().max(sides[1].len()).max(1);
    let cell = |side: usize, line: usize| sides[side].get(line).map_or("", String::as_str);
    (0..lines)
        .map(|line| {
            let first = line == 0;
            let mark = if first { mark } else { "" };
            let label = if first { fact.label.as_str() } else { "" };
            columns.line((mark, scene.paint.of(Meaning::Warning)), label, [cell(0, line), cell(1, line)], style)
        })
        .collect()
}

/// Where labels and both sides stand.
struct Columns {
    label: usize,
    side: usize,
    width: usize,
}

impl Columns {
    fn new(label: usize, width: usize) -> Self {
        Self { label, side: width.saturating_sub(label + 6) / 2, width }
    }

    fn wrapped(&self, value: &str) -> Vec<String> {
        match value.contains(' ') {
            true => text::wrap(value, self.side, LONGEST),
            false => vec![text::middle(value, self.side)],
        }
    }

    fn line(&self, mark: (&str, Style), label: &str, sides: [&str; 2], style: Style) -> Line<'static> {
        Cells::new(self.width)
            .put(mark.0, mark.1)
            .to(2)
            .column(label, self.label, style)
            .to(self.label + 4)
            .column(sides[0], self.side, style)
            .to(self.label + self.side + 6)
            .column(sides[1], self.side, style)
            .line()
    }
}
