//! What tells rows apart: words and glyphs first, colour never alone; the selection in every theme.

use super::{frame, world};
use crate::{
    app::{message::Message, model::Model, row::Row, screen::list::ListKind, stock::Stock},
    config::{settings::Settings, theme::Theme},
    domain::{
        failure::{Failure, FailureKind},
        id::{PodId, ServiceAccountId},
        identity::{Mechanism, State},
        proof::{self, Assumed, Step, Whom},
        row::WorkloadRow,
        workload::{WorkloadId, WorkloadKind},
    },
};

const STATES: [State; 7] =
    [State::Broken, State::AtRisk, State::Unknown, State::Depends, State::Drift, State::Ok, State::Loading];

fn workload(index: usize, state: State) -> Row {
    let name = format!("w{index}");
    Row::Workload(WorkloadRow {
        id: WorkloadId { namespace: "shop".into(), kind: WorkloadKind::Deployment, name: name.as_str().into() },
        state,
        pods: 3,
        differing: 0,
        now: Mechanism::Irsa,
        next: Mechanism::Irsa,
        same: true,
        service_account: ServiceAccountId::new("shop", name.as_str()),
        role: None,
        worst: PodId::new("shop", name.as_str()),
    })
}

/// A list with these rows, in this order.
fn list(settings: Settings, rows: Vec<Row>) -> Model {
    let mut model = world::with(120, 36, settings, Vec::new());
    let order = (0..rows.len() as u32).collect();
    model.lists[ListKind::Pods as usize].view.replace(Stock::new(rows), order);
    model
}

fn states() -> Vec<Row> {
    STATES.iter().enumerate().map(|(index, state)| workload(index, *state)).collect()
}

#[test]
fn text_alone_tells_all_states_apart() {
    for ascii in [false, true] {
        let model = list(Settings { ascii, ..Settings::default() }, states());
        let rows = frame::rows(&frame::draw(&model, &Theme::mono(), 80, 24));
        let shown: Vec<&str> = rows[5..12].iter().map(|row| &row[1..row.find("shop").unwrap()]).collect();
        for (index, one) in shown.iter().enumerate() {
            assert!(one.contains(STATES[index].word()), "{one}");
            assert!(shown.iter().skip(index + 1).all(|other| other != one), "{one}");
        }
        let glyphs: Vec<char> = shown.iter().map(|one| one.chars().next().unwrap()).collect();
        assert_eq!(
            glyphs,
            if ascii { ['x', '!', '-', '?', '~', ' ', '.'] } else { ['✗', '!', '-', '?', '~', ' ', '.'] }
        );
    }
}

#[test]
fn the_selected_row_is_seen_without_colour() {
    let model = list(Settings::default(), states());
    let buffer = frame::draw(&model, &Theme::mono(), 80, 24);
    assert!(frame::rows(&buffer)[5].starts_with('>'));
    assert!((0..80).all(|x| frame::style(&buffer, x, 5).contains("reversed")));
    assert!((0..80).all(|x| !frame::style(&buffer, x, 6).contains("reversed")));
    let colours = (0..80).flat_map(|x| (0..24).map(move |y| (x, y))).map(|place| (buffer[place].fg, buffer[place].bg));
    assert!(colours.into_iter().all(|pair| pair == (ratatui::style::Color::Reset, ratatui::style::Color::Reset)));
}

#[test]
fn what_was_proven_is_a_mark_before_the_mechanism_at_every_width() {
    let answered = |model: &mut Model, account: &ServiceAccountId, refused: bool| {
        let intent = proof::intend(model.inventory(), &Whom::ServiceAccount(account.clone())).unwrap();
        let why = "Not authorized to perform sts:AssumeRoleWithWebIdentity";
        let denied = Failure {
            code: Some("AccessDenied".to_owned()),
            ..Failure::new(FailureKind::Denied, "STS gives no credentials", why, "Look")
        };
        let arn = "arn:aws:sts::111122223333:assumed-role/ledger/s".into();
        let proof = match refused {
            true => proof::refused(&intent, Step::Exchange, &denied, world::start()),
            false => proof::succeeded(&intent, &Assumed { arn, association: None }, world::start()),
        };
        world::tell(model, Message::Proven(world::CLUSTER, Box::new(proof)));
    };
    for (ascii, good, bad) in [(false, '✓', '✗'), (true, '+', 'x')] {
        let settings = Settings { ascii, ..Settings::default() };
        let mut model = world::read(world::with(80, 24, settings, world::everything()));
        let line = |model: &Model, name: &str, width| {
            let shown = frame::text(model, width, 24);
            let mut rows = shown.lines().map(|line| line.split(['│', '|']).next().unwrap());
            rows.find(|row| row.contains(name)).unwrap().to_owned()
        };
        assert!(line(&model, "deploy/ledger", 80).contains("  irsa"), "nobody asked");
        answered(&mut model, &ServiceAccountId::new("payments", "ledger"), false);
        answered(&mut model, &ServiceAccountId::new("payments", "api"), true);
        for width in [80, 120, 160] {
            for (name, mark) in [("deploy/ledger", good), ("deploy/api ", bad)] {
                let row = line(&model, name, width);
                assert!(row.contains(&format!(" {mark}irsa")), "{row}");
            }
        }
        world::press(&mut model, "2");
        let row = line(&model, "ledger", 80);
        assert!(row.contains(&format!(" {good}irsa")), "{row}");
    }
}

#[test]
fn ascii_means_ascii_everywhere() {
    for keys in ["g", "t", "?", "c", "3", "D"] {
        let settings = Settings { ascii: true, ..Settings::default() };
        let mut model = world::read(world::with(120, 36, settings, world::everything()));
        world::press(&mut model, keys);
        let text = frame::text(&model, 120, 36);
        assert!(text.is_ascii(), "{text}");
    }
}

#[test]
fn only_the_rows_of_the_window_are_drawn() {
    let rows = (0..100_000).map(|index| workload(index, State::Ok)).collect();
    let model = list(Settings::default(), rows);
    let text = frame::text(&model, 120, 36);
    assert!(text.contains("100,000 workloads"), "{text}");
    assert_eq!(text.lines().filter(|line| line.contains("deploy/w")).count(), 29);
}

#[test]
fn matched_characters_are_highlighted() {
    let mut model = world::full(120, 36);
    world::press(&mut model, "/ \"ledger Enter");
    let buffer = frame::draw(&model, &Theme::dark(), 120, 36);
    let rows = frame::rows(&buffer);
    let y = rows.iter().position(|row| row.starts_with('>')).unwrap() as u16;
    let x = rows[y as usize].split("ledger").next().unwrap().chars().count() as u16;
    assert!((x..x + 6).all(|x| frame::style(&buffer, x, y).contains("underlined")), "{}", frame::dump(&buffer));
    assert!(!frame::style(&buffer, x - 1, y).contains("underlined"));
}
