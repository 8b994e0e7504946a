//! Whatever is pressed, resized or told, every frame can be drawn and the selection stays with its object.

use proptest::prelude::*;

use super::{frame, world};
use crate::{
    app::{
        message::{Input, Message},
        model::Model,
        row::Row,
    },
    config::{
        key::{Key, KeyCode},
        theme::Theme,
    },
    domain::{change::Change, fact::Fact, workload::WorkloadKind},
};

fn key() -> impl Strategy<Value = Key> {
    let codes = [KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Backspace, KeyCode::PageDown];
    prop_oneof![
        6 => proptest::char::range(' ', '~').prop_map(Key::char),
        3 => proptest::sample::select(codes.to_vec()).prop_map(Key::plain),
        1 => proptest::char::range('a', 'z').prop_map(Key::ctrl),
        1 => any::<char>().prop_map(Key::char),
    ]
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    prop_oneof![
        Just(world::everything()),
        Just(vec![Change::Pods(Fact::Known(Vec::new()))]),
        Just(vec![Change::Associations(Fact::Known(Vec::new())), Change::Roles(Fact::Known(Vec::new()))]),
        (0_usize..4).prop_map(|count| {
            world::pods("checkout/web", WorkloadKind::Deployment, "web", count, world::Injected::PodIdentity)
        }),
    ]
}

fn message() -> impl Strategy<Value = Message> {
    prop_oneof![
        10 => key().prop_map(|key| Message::Input(Input::Key(key))),
        1 => any::<String>().prop_map(|text| Message::Input(Input::Paste(text))),
        2 => (1_u16..=300, 1_u16..=100).prop_map(|(width, height)| Message::Input(Input::Resize(width, height))),
        3 => changes().prop_map(|changes| Message::Changes(world::CLUSTER, changes)),
    ]
}

/// Draws the window as large as it is, and lets the model know what was seen.
fn drawn(model: &mut Model) {
    let (width, height) = (model.size.width, model.size.height);
    let area = ratatui::layout::Rect::new(0, 0, width, height);
    let mut buffer = ratatui::buffer::Buffer::empty(area);
    let measure = crate::ui::render(model, &Theme::mono(), area, &mut buffer);
    world::tell(model, Message::Measured(measure));
    assert_eq!(frame::rows(&buffer).len(), usize::from(height));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens_every_frame_is_drawn_and_the_selection_stays_with_its_object(
        messages in proptest::collection::vec(message(), 1..40),
    ) {
        let mut model = world::full(120, 36);
        for message in messages {
            let data = matches!(message, Message::Changes(..));
            let before = model.list().filter(|list| list.view.is_chosen()).and_then(|list| list.view.subject().cloned());
            world::tell(&mut model, message);
            if let (true, Some(before), Some(list)) = (data, before, model.list()) {
                let there = (0..list.view.len()).any(|at| list.view.row(at).map(Row::subject).as_ref() == Some(&before));
                prop_assert!(!there || list.view.subject() == Some(&before), "{before} is there and not selected");
            }
            drawn(&mut model);
        }
    }
}
