//! Everything an association can have, one line each, and the plan that comes of it.

use ratatui::{style::Style, text::Line};

use super::{Content, View, keys, pick};
use crate::{
    app::{
        command::{Command, Context},
        dialog::options_form::{LABELS, OptionsForm},
    },
    ui::{
        scene::Scene,
        widget::{field, row::Row},
    },
};

/// Column where the values begin.
const VALUE: usize = 18;

pub(super) fn content(scene: &Scene<'_>, form: &OptionsForm, width: usize) -> Content {
    let mut below = vec![Line::default()];
    below.extend(pick::previewed(scene, &form.preview, width));
    let hints = [(Command::Confirm, "show the plan"), (Command::NextTab, "next line"), (Command::Back, "close")];
    Content {
        title: format!("Association of {}", form.service_account),
        above: Vec::new(),
        body: (0..LABELS.len()).map(|at| line(scene, form, at, width)).collect(),
        below,
        view: View::Around(form.focus),
        keys: keys(scene, Context::Text, &hints),
    }
}

fn line(scene: &Scene<'_>, form: &OptionsForm, at: usize, width: usize) -> Line<'static> {
    let (paint, focused, value) = (&scene.paint, at == form.focus, &form.fields[at]);
    let row = Row::new(width).put(if focused { "> " } else { "  " }, paint.key());
    let row = row.put(LABELS[at], paint.muted()).to(VALUE);
    if value.is_empty() && !focused {
        return row.put(OptionsForm::hint(at), paint.muted()).line();
    }
    let room = row.room();
    let cursor = focused.then(|| value.cursor());
    row.put("", Style::new()).spans(field::line(paint, &value.text(), cursor, room).spans).line()
}
