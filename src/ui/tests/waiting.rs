//! What is late is said, counted once it is very late, and ended by Esc; what comes in time is never mentioned.

use jiff::{SignedDuration, Timestamp};

use super::{
    frame,
    world::{self, CLUSTER, press, start, tell_at},
};
use crate::{
    app::{
        message::{AwsRead, Input, Message},
        model::Model,
        update::update,
        wake::next_wake,
    },
    config::key::Key,
};

/// When [`press`] presses.
fn pressed() -> Timestamp {
    start() + SignedDuration::from_secs(130)
}

fn screen_after(model: &mut Model, milliseconds: i64) -> String {
    tell_at(model, Message::Wake, pressed() + SignedDuration::from_millis(milliseconds));
    frame::text(model, 120, 36)
}

#[test]
fn a_late_answer_is_said_after_300_milliseconds_and_its_seconds_are_counted_from_three() {
    let mut model = world::full(120, 36);
    press(&mut model, "Ctrl-r");
    let soon = |model: &Model, now: Timestamp| next_wake(model, now).map(|at| at.duration_since(now).as_millis());
    assert_eq!(soon(&model, pressed()), Some(300));
    assert!(!screen_after(&mut model, 299).contains("being read again"));
    let late = screen_after(&mut model, 300);
    assert!(late.contains("AWS is being read again; Esc stops it"), "{late}");
    assert!(!late.contains("all read"), "{late}");
    assert!(screen_after(&mut model, 2_999).contains("AWS is being read again; Esc"));
    assert!(screen_after(&mut model, 4_200).contains("AWS is being read again, 4 s; Esc stops it"));
    assert_eq!(soon(&model, pressed() + SignedDuration::from_millis(4_200)), Some(800), "once a second");
    let at = pressed() + SignedDuration::from_secs(5);
    tell_at(&mut model, Message::AwsRead(CLUSTER, AwsRead { generation: 1, at, failure: None }), at);
    let read = frame::text(&model, 120, 36);
    assert!(read.contains("all read") && !read.contains("being read again"), "{read}");
}

#[test]
fn an_answer_in_time_is_never_mentioned() {
    let mut model = world::full(120, 36);
    press(&mut model, "Ctrl-r");
    let at = pressed() + SignedDuration::from_millis(250);
    tell_at(&mut model, Message::AwsRead(CLUSTER, AwsRead { generation: 1, at, failure: None }), at);
    assert!(model.waits.is_empty());
    assert!(!screen_after(&mut model, 5_000).contains("being read again"));
}

#[test]
fn esc_ends_a_late_reading_and_its_answer_is_ignored() {
    let mut model = world::full(120, 36);
    press(&mut model, "Ctrl-r");
    screen_after(&mut model, 400);
    let at = pressed() + SignedDuration::from_millis(400);
    let effects = update(&mut model, Message::Input(Input::Key("Esc".parse::<Key>().unwrap())), at);
    assert!(effects.contains(&crate::app::effect::Effect::StopReading(CLUSTER)), "{effects:?}");
    let stopped = screen_after(&mut model, 4_000);
    assert!(stopped.contains("no longer awaited") && !stopped.contains("being read again"), "{stopped}");
    let before = model.cluster().aws.read_at;
    tell_at(&mut model, Message::AwsRead(CLUSTER, AwsRead { generation: 1, at, failure: None }), at);
    assert_eq!(model.cluster().aws.read_at, before);
}

#[test]
fn esc_ends_a_question_before_it_closes_the_dialog_and_keeps_what_was_typed() {
    let mut model = world::full(120, 36);
    press(&mut model, "2");
    for _ in 0..12 {
        press(&mut model, "p");
        if model.dialog().is_some() {
            break;
        }
        press(&mut model, "j");
    }
    press(&mut model, "\"s3:GetObject Enter");
    let asked = screen_after(&mut model, 200);
    assert!(!asked.contains("IAM is being asked") && !asked.contains("actions of"), "{asked}");
    let late = screen_after(&mut model, 3_500);
    assert!(late.contains("IAM is being asked, 3 s; Esc stops it"), "{late}");
    let at = pressed() + SignedDuration::from_millis(3_500);
    let effects = update(&mut model, Message::Input(Input::Key("Esc".parse::<Key>().unwrap())), at);
    assert!(effects.contains(&crate::app::effect::Effect::StopAsking), "{effects:?}");
    let kept = screen_after(&mut model, 3_600);
    assert!(kept.contains("s3:GetObject") && !kept.contains("being asked"), "{kept}");
    press(&mut model, "Esc");
    assert!(model.dialog().is_none());
}
