//! Whatever a cluster contains, the terminal gets printable text and every column stays in place.

use std::sync::Arc;

use super::{
    frame,
    world::{self, Injected},
};
use crate::{
    app::{message::Message, toast::ToastKind},
    config::{settings::Settings, theme::Theme},
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
        workload::WorkloadKind,
    },
};

const EVIL: &str = "a\u{1b}[31m\u{202e}evil\u{200b}\u{7}\n\u{feff}";

fn evil() -> Vec<Change> {
    let long = "x".repeat(253);
    let wide = "日本語".repeat(40);
    let mut changes = world::everything();
    for name in [EVIL, &long, &wide, "e\u{301}\u{301}\u{301}\u{301}\u{301}", "👩‍👩‍👧 ⚠\u{fe0f}", "שלום", "\u{e000}"]
    {
        changes.extend(world::pods(
            &format!("{name}/{name}"),
            WorkloadKind::Other(name.into()),
            name,
            2,
            Injected::Irsa(name),
        ));
    }
    let policy = format!("{{\"Version\":\"{EVIL}\",\"Statement\":[{{\"Sid\":\"{}\"}}]}}", "y".repeat(65_536));
    changes.push(Change::Roles(Fact::Known(vec![world::role("payments-api", &policy), world::role("web", EVIL)])));
    changes
}

fn hidden(text: &str) -> Option<char> {
    let bad = |c: &char| {
        c.is_control() && *c != '\n'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{feff}' | '\u{fe0f}')
    };
    text.chars().find(bad)
}

#[test]
fn nothing_from_the_cluster_reaches_the_terminal_unescaped() {
    for keys in ["g", "G", "z G", "Enter", "2 G", "2 G Enter", "3 G", "4", "4 Enter", "t", "t r", "c", "x", "D", "o"] {
        let mut model = world::read(world::with(120, 36, Settings::default(), evil()));
        let failure = Failure::new(FailureKind::Server, EVIL, EVIL, EVIL).missing(EVIL, EVIL);
        world::press(&mut model, keys);
        world::tell(&mut model, Message::Failed(Arc::new(failure)));
        for (width, height) in [(60, 15), (80, 24), (120, 36), (200, 50)] {
            let text = frame::text(&model, width, height);
            assert_eq!(hidden(&text), None, "{keys} at {width}: {text}");
        }
    }
}

#[test]
fn wide_names_move_no_column() {
    let mut model = world::read(world::with(120, 36, Settings::default(), evil()));
    world::press(&mut model, "G");
    let buffer = frame::draw(&model, &Theme::dark(), 120, 36);
    assert!((4..33).all(|y| buffer[(74, y)].symbol() == "│"), "{}", frame::dump(&buffer));
}

#[test]
fn a_toast_of_many_lines_stays_in_its_corner() {
    let mut model = world::full(80, 24);
    model.toasts.show(ToastKind::Failure, "word ".repeat(4_000), world::start());
    let rows = frame::rows(&frame::draw(&model, &Theme::dark(), 80, 24));
    assert!(rows[0].contains("acme-prod"));
    assert!(rows[5].starts_with('>'), "{rows:#?}");
    assert!(rows.iter().any(|row| row.contains("Esc dismisses")), "{rows:#?}");
}

#[test]
fn a_pod_with_a_thousand_different_containers_has_a_page() {
    let mut changes = world::everything();
    let mut pods = world::pods("shop/many", WorkloadKind::Deployment, "many", 1, Injected::PodIdentity);
    if let Some(Change::Pod(pod)) = pods.first_mut() {
        let spec = Arc::make_mut(&mut pod.spec);
        let one = spec.containers[0].clone();
        spec.containers = (0..1_000)
            .map(|index| {
                let mut container = one.clone();
                container.name = format!("container-{index}").into();
                if index % 2 == 0 {
                    container.environment = Default::default();
                }
                container
            })
            .collect();
    }
    changes.extend(pods);
    for keys in ["/ \"many Enter", "/ \"many Enter Enter", "z / \"many Enter Enter"] {
        let mut model = world::read(world::with(120, 36, Settings::default(), changes.clone()));
        world::press(&mut model, keys);
        for (width, height) in [(60, 15), (80, 24), (120, 36), (200, 50)] {
            let text = frame::text(&model, width, height);
            assert!(text.contains("many"), "{keys} at {width}: {text}");
        }
    }
}
