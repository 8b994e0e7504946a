//! All keys, from the command table and the live keymap, in as many columns as fit.

use ratatui::text::Line;

use super::{Content, View, keys};
use crate::{
    app::{
        command::{Command, Context},
        hint::{self, HelpGroup, HelpLine},
    },
    ui::{scene::Scene, text, widget::row::Row},
};

/// Cells of one column with its gap.
const COLUMN: usize = 52;
/// Cells of the keys.
const KEYS: usize = 25;

pub(super) fn content(scene: &Scene<'_>, top: usize, width: usize) -> Content {
    let groups = hint::help(scene.model);
    let count = (width / COLUMN).clamp(1, 2);
    let column = width / count - usize::from(count > 1);
    let columns = balanced(&groups, count);
    let drawn: Vec<Vec<Line<'static>>> = columns.iter().map(|groups| lines(scene, groups, column)).collect();
    let keys = keys(scene, Context::Dialog, &[(Command::MoveDown, "scroll"), (Command::Back, "close")]);
    Content {
        title: "All keys".to_owned(),
        above: Vec::new(),
        body: beside(&drawn, column),
        below: Vec::new(),
        view: View::From(top),
        keys,
    }
}

/// Groups in their order, spread so that the columns are about equally long.
fn balanced(groups: &[HelpGroup], count: usize) -> Vec<Vec<&HelpGroup>> {
    let all: usize = groups.iter().map(|group| group.lines.len() + 2).sum();
    let (mut columns, mut used) = (vec![Vec::new(); count], 0);
    for group in groups {
        let length = group.lines.len() + 2;
        let column = (used + length / 2) * count / all.max(1);
        columns[column.min(count - 1)].push(group);
        used += length;
    }
    columns
}

fn lines(scene: &Scene<'_>, groups: &[&HelpGroup], width: usize) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    for group in groups {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Row::new(width).put(group.group.title(), scene.paint.title()).line());
        lines.extend(group.lines.iter().flat_map(|line| one(scene, line, width)));
    }
    lines
}

fn one(scene: &Scene<'_>, line: &HelpLine, width: usize) -> Vec<Line<'static>> {
    let keys = if line.keys.is_empty() { "not bound" } else { &line.keys };
    let parts = text::wrap(line.title, width.saturating_sub(KEYS), 3);
    let row = |(index, part): (usize, &String)| {
        let (keys, contexts) = if index == 0 { (keys, line.contexts.as_str()) } else { ("", "") };
        let row = Row::new(width).column(keys, KEYS - 1, scene.paint.key()).to(KEYS);
        row.put(part, scene.paint.plain()).end(contexts, scene.paint.muted()).line()
    };
    parts.iter().enumerate().map(row).collect()
}

/// Columns side by side.
fn beside(columns: &[Vec<Line<'static>>], width: usize) -> Vec<Line<'static>> {
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let line = |at: usize| {
        let mut row = Row::new((width + 2) * columns.len());
        for (index, column) in columns.iter().enumerate() {
            row = row.to(index * (width + 2));
            row = row.spans(column.get(at).map(|line| line.spans.clone()).unwrap_or_default());
        }
        row.line()
    };
    (0..height).map(line).collect()
}
