//! What a key costs where there are 100,000 rows: the frame alone, a move with its frame, and a letter of the filter.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/cluster.rs"]
mod cluster;

use std::hint::black_box;

use cluster::{at, pods, surroundings, templates};
use criterion::{Criterion, criterion_group, criterion_main};
use jiff::Timestamp;
use ratatui::{buffer::Buffer, layout::Rect};
use rolecall::{
    app::{
        keys::Keys,
        message::{Input, Message},
        model::{Model, Size, Start},
        settle::settle,
        update::update,
    },
    config::{key::Key, settings::Settings, theme::Theme},
    domain::{change::Change, fact::Fact, id::ClusterId},
    ui,
};

const AREA: Rect = Rect { x: 0, y: 0, width: 120, height: 36 };

fn tell(model: &mut Model, message: Message, now: Timestamp) {
    update(model, message, now);
    settle(model, now);
}

fn press(model: &mut Model, key: &str, now: Timestamp) {
    let key: Key = key.parse().unwrap_or(Key::char(' '));
    tell(model, Message::Input(Input::Key(key)), now);
}

/// Every pod a row of its own, the selection in the middle.
fn session(now: Timestamp) -> Model {
    let mut model = Model::new(Start {
        settings: Settings::default(),
        context: None,
        keys: Keys::default(),
        problems: Vec::new(),
        session: "bench".to_owned(),
        size: Size { width: AREA.width, height: AREA.height },
        now,
    });
    tell(&mut model, Message::Changes(ClusterId(0), surroundings()), now);
    tell(&mut model, Message::Changes(ClusterId(0), vec![Change::Pods(Fact::Known(pods(&templates())))]), now);
    press(&mut model, "z", now);
    press(&mut model, "Ctrl-d", now);
    model
}

fn benches(criterion: &mut Criterion) {
    let now = at("2026-03-01T00:00:00Z");
    let (theme, mut buffer, mut model) = (Theme::dark(), Buffer::empty(AREA), session(now));
    assert!(model.list().is_some_and(|list| list.view.len() == cluster::PODS), "every pod has its row");
    let mut group = criterion.benchmark_group("frame");
    group.bench_function("a frame over 100,000 rows", |bencher| {
        bencher.iter(|| {
            buffer.reset();
            black_box(ui::render(&model, &theme, AREA, &mut buffer))
        });
    });
    group.bench_function("a move and its frame over 100,000 rows", |bencher| {
        let mut down = false;
        bencher.iter(|| {
            down = !down;
            press(&mut model, if down { "j" } else { "k" }, now);
            buffer.reset();
            black_box(ui::render(&model, &theme, AREA, &mut buffer))
        });
    });
    group.sample_size(20);
    press(&mut model, "/", now);
    group.bench_function("a letter of the filter over 100,000 rows", |bencher| {
        let mut typed = false;
        bencher.iter(|| {
            typed = !typed;
            press(&mut model, if typed { "7" } else { "Backspace" }, now);
            buffer.reset();
            black_box(ui::render(&model, &theme, AREA, &mut buffer))
        });
    });
    group.finish();
}

criterion_group!(frame, benches);
criterion_main!(frame);
