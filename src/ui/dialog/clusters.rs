//! The picker of clusters: open ones with how they are connected, then contexts that can be opened.

use ratatui::text::Line;

use super::{
    Content, View, keys,
    pick::{chosen, input, window},
};
use crate::{
    app::{
        cluster::Link,
        command::{Command, Context},
        dialog::clusters::{Clusters, Entry},
    },
    ui::{scene::Scene, text, widget::row::Row},
};

pub(super) fn content(scene: &Scene<'_>, picker: &Clusters, width: usize) -> Content {
    let seen = window(picker.found.len(), picker.cursor);
    let body = seen.clone().map(|at| line(scene, &picker.found[at], at == picker.cursor, width)).collect();
    let note = "or write cluster:NAME region:REGION profile:PROFILE, or CONTEXT profile:PROFILE";
    let below = vec![Line::default(), Row::new(width).put(note, scene.paint.muted()).line()];
    let hints = [(Command::Confirm, "into view"), (Command::MoveDown, "next"), (Command::Back, "close")];
    let keys = keys(scene, Context::Text, &hints);
    let above = vec![input(scene, "cluster:", &picker.field, width), Line::default()];
    let view = View::Around(picker.cursor - seen.start.min(picker.cursor));
    Content { title: "Clusters and contexts".to_owned(), above, body, below, view, keys }
}

fn line(scene: &Scene<'_>, entry: &Entry, selected: bool, width: usize) -> Line<'static> {
    let note = note(scene, entry);
    let row = Row::new(width).put(if selected { "> " } else { "  " }, scene.paint.key());
    let room = row.room().saturating_sub(text::width(&note) + 2);
    let row = row.put(&text::middle(&entry.name(), room), scene.paint.plain()).end(&note, scene.paint.muted());
    chosen(scene, row, selected)
}

fn note(scene: &Scene<'_>, entry: &Entry) -> String {
    let Entry::Open(at, _) = entry else { return "not open".to_owned() };
    let place = if *at == scene.model.active { "in view" } else { "open" };
    let link = scene.model.clusters.get(*at).map(|view| match view.kubernetes {
        Link::Connecting => "connecting",
        Link::Live => "live",
        Link::Retrying { .. } => "retrying",
        Link::Denied(_) => "denied",
        Link::Offline { .. } => "offline",
    });
    format!("{place}, {}", link.unwrap_or("gone"))
}
