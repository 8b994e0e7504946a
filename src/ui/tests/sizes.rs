//! Every screen at every size: nothing panics, nothing wraps, nothing leaves its line.

use unicode_width::UnicodeWidthStr;

use super::{frame, world};
use crate::{app::model::Model, config::theme::Theme};

/// Every page and dialog, by the keys that open it.
const SCREENS: &[&str] = &[
    "g",
    "2",
    "3",
    "4",
    "5",
    "6",
    "7",
    "z",
    "Enter",
    "2 Enter",
    "3 Enter",
    "4 Enter",
    "6 Enter",
    "t",
    "t r",
    "t J",
    "4 t J",
    "D",
    "o",
    "?",
    ":",
    ": \"trust",
    "/ \"pay",
    "/ \"zzz Enter",
    "/ \"now:",
    "c",
    "c \"pay",
    "c Enter",
    "i",
    "x",
    "A",
    "R",
    "W",
    "f",
    "A Enter",
    "0",
    "Space =",
    "Y",
    "4 / \"payments-api Enter Enter",
    "e",
    "e \"NoCredentialProviders",
    "e \"NoCredentialProviders Enter",
];

fn screens() -> Vec<(String, Model)> {
    let silent = [("silent".to_owned(), world::silent(120, 36))];
    let opened = SCREENS.iter().map(|keys| {
        let mut model = world::full(120, 36);
        world::press(&mut model, keys);
        ((*keys).to_owned(), model)
    });
    silent.into_iter().chain(opened).collect()
}

#[test]
fn every_screen_can_be_drawn_at_every_size() {
    let theme = Theme::dark();
    let widths =
        [0, 1, 2, 3, 4, 8, 13, 20, 40, 59, 60, 61, 79, 80, 81, 100, 109, 110, 119, 120, 159, 160, 161, 200, 300];
    let heights = [0, 1, 2, 3, 4, 8, 14, 15, 16, 17, 20, 24, 30, 36, 45, 60, 100];
    for (_, model) in screens() {
        for width in widths {
            for height in heights {
                frame::draw(&model, &theme, width, height);
            }
        }
    }
}

#[test]
fn no_row_is_wider_than_the_window() {
    for (keys, model) in screens() {
        for (width, height) in [(60, 15), (80, 24), (120, 36), (160, 45)] {
            for row in frame::rows(&frame::draw(&model, &Theme::dark(), width, height)) {
                assert!(row.as_str().width() <= usize::from(width), "{keys}: {row}");
            }
        }
    }
}

#[test]
fn a_window_that_is_too_small_says_how_large_it_must_be() {
    let model = world::full(59, 14);
    let text = frame::text(&model, 59, 14);
    assert!(text.contains("rolecall needs 60x15, this is 59x14"), "{text}");
    assert_eq!(text.lines().filter(|line| !line.trim().is_empty()).count(), 1);
    assert_eq!(frame::text(&model, 8, 4).trim(), "roleca..");
}

#[test]
fn the_footer_drops_whole_hints_from_the_right_and_keeps_help() {
    let model = world::full(120, 36);
    let mut before = usize::MAX;
    for width in (60..=200).rev() {
        let rows = frame::rows(&frame::draw(&model, &Theme::dark(), width, 24));
        let footer = rows.last().unwrap().trim();
        assert!(footer.ends_with("? all keys"), "{width}: {footer}");
        let hints = footer.split("  ").count();
        assert!(hints <= before, "{width}: {footer}");
        assert!(footer.split("  ").all(|hint| hint.contains(' ')), "half a hint at {width}: {footer}");
        before = hints;
    }
}

#[test]
fn the_header_never_runs_its_halves_together() {
    let model = world::full(120, 36);
    for width in 60..=200 {
        let rows = frame::rows(&frame::draw(&model, &Theme::dark(), width, 24));
        assert!(rows[0].contains("acme-prod"), "{width}: {}", rows[0]);
        assert!(rows[0].contains("  LOCKED"), "{width}: {}", rows[0]);
    }
}
