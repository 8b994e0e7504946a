//! Whatever is pressed, in whatever window, nothing breaks.

use proptest::prelude::*;

use super::world::{Session, changes, pod};
use crate::{
    app::{
        effect::Effect,
        message::{Input, Measure, Message, Place},
    },
    config::{
        key::{Key, KeyCode},
        settings::Settings,
    },
    domain::{change::Change, fact::Fact, id::ClusterId, workload::WorkloadKind},
};

fn key() -> impl Strategy<Value = Key> {
    let codes = vec![
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Function(1),
    ];
    prop_oneof![
        4 => proptest::char::range(' ', '~').prop_map(Key::char),
        2 => proptest::sample::select(codes).prop_map(Key::plain),
        1 => proptest::char::range('a', 'z').prop_map(Key::ctrl),
        1 => any::<char>().prop_map(Key::char),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        12 => key().prop_map(|key| Message::Input(Input::Key(key))),
        1 => any::<String>().prop_map(|text| Message::Input(Input::Paste(text))),
        1 => (0_u16..200, 0_u16..60).prop_map(|(width, height)| Message::Input(Input::Resize(width, height))),
        1 => (0_u16..200, 0_u16..60).prop_map(|(column, row)| Message::Input(Input::Click(column, row))),
        1 => any::<i32>().prop_map(|lines| Message::Input(Input::Scroll(lines))),
        1 => (0_usize..50, 0_usize..500, 0_usize..500, 0_usize..200, 0_usize..300)
            .prop_map(|(body, lines, top, columns, longest)| Message::Measured(Measure { body, lines, top, columns, longest, rows: Some(Place { x: 0, y: 5, width: 70, height: 20 }) })),
        1 => Just(Message::Changes(ClusterId(0), changes())),
        1 => Just(Message::Changes(ClusterId(0), vec![Change::Pods(Fact::Known(Vec::new())), Change::Associations(Fact::Known(Vec::new()))])),
        1 => (0_u8..9).prop_map(|n| Message::Changes(ClusterId(0), vec![Change::Pod(pod("ns/sa", WorkloadKind::Deployment, "web", &format!("web-{n}")))])),
        1 => Just(Message::Wake),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_pressed_nothing_breaks_and_a_read_only_session_never_applies(
        messages in proptest::collection::vec(message(), 1..60),
    ) {
        let mut session = Session::with(Settings { read_only: true, ..Settings::default() });
        for message in messages {
            let effects = session.tell(message);
            let applied = effects.iter().any(|effect| matches!(effect, Effect::Apply { .. }));
            prop_assert!(!applied);
            let _ = crate::app::hint::footer(&session.model);
            let _ = crate::app::hint::following(&session.model);
            let _ = session.model.story();
            let list = session.model.list();
            prop_assert!(list.is_none_or(|list| list.view.is_empty() || list.view.cursor() < list.view.len()));
        }
    }

    #[test]
    fn the_window_shows_the_selection_at_every_height(height in 0_usize..40, steps in proptest::collection::vec(-9_isize..9, 0..30)) {
        let pods: Vec<_> = (0..25).map(|n| pod("ns/sa", WorkloadKind::Deployment, "web", &format!("web-{n:02}"))).collect();
        let mut session = Session::empty(Settings::default());
        session.changes(vec![Change::Pods(Fact::Known(pods))]);
        session.press("z");
        for step in steps {
            let list = session.model.list_mut().unwrap();
            list.view.move_by(step, height);
            let window = list.view.window(height);
            prop_assert_eq!(window.rows.len(), height.min(25));
            if height > 0 {
                prop_assert_eq!(window.offset + window.selected.unwrap(), list.view.cursor());
            }
        }
    }
}
