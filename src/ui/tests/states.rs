//! Every list in every state at every tier: pictures with styles, and the words alone tell the states apart.

use std::{fmt::Write as _, sync::Arc};

use insta::assert_snapshot;

use super::{frame, world};
use crate::{
    app::{
        cluster::Link,
        message::{AwsRead, Message},
        model::Model,
        screen::list::ListKind,
    },
    config::{settings::Settings, theme::Theme},
    domain::{
        change::Change,
        fact::Fact,
        failure::{Failure, FailureKind},
    },
};

/// One of each tier: wide, normal, narrow, tiny.
const SIZES: [(u16, u16); 4] = [(160, 16), (110, 16), (60, 15), (40, 6)];

#[derive(Clone, Copy, Debug, PartialEq)]
enum Situation {
    Loading,
    Empty,
    Full,
    Failed,
    Stale,
}

const SITUATIONS: [Situation; 5] =
    [Situation::Loading, Situation::Empty, Situation::Full, Situation::Failed, Situation::Stale];

fn denied() -> Arc<Failure> {
    let why = "User \"alice\" cannot list resource \"pods\" at the cluster scope";
    let next = "Ask for an access entry with AmazonEKSAdminViewPolicy.";
    Arc::new(Failure::new(FailureKind::Denied, "cannot read the cluster", why, next))
}

fn expired() -> Arc<Failure> {
    let why = "the SSO session of profile prod expired";
    Arc::new(Failure::new(FailureKind::Credentials, "cannot read AWS", why, "Run aws sso login --profile prod."))
}

fn aws_failed(model: &mut Model) {
    let read = AwsRead { generation: 0, at: world::start(), failure: Some(expired()) };
    world::tell(model, Message::AwsRead(world::CLUSTER, read));
}

/// A cluster in which there is nothing at all, and everything could be read.
fn nothing() -> Vec<Change> {
    let emptied = |change| match change {
        Change::Pod(_) | Change::Instance(..) | Change::InstanceProfile(..) | Change::RoleDetail(..) => None,
        Change::Namespaces(_) => Some(Change::Namespaces(Fact::Known(Vec::new()))),
        Change::ServiceAccounts(_) => Some(Change::ServiceAccounts(Fact::Known(Vec::new()))),
        Change::Nodes(_) => Some(Change::Nodes(Fact::Known(Vec::new()))),
        Change::NodeGroups(_) => Some(Change::NodeGroups(Fact::Known(Vec::new()))),
        Change::Roles(_) => Some(Change::Roles(Fact::Known(Vec::new()))),
        Change::Associations(_) => Some(Change::Associations(Fact::Known(Vec::new()))),
        other => Some(other),
    };
    world::everything().into_iter().filter_map(emptied).collect()
}

fn model(situation: Situation, (width, height): (u16, u16)) -> Model {
    match situation {
        Situation::Loading => world::silent(width, height),
        Situation::Empty => world::read(world::with(width, height, Settings::default(), nothing())),
        Situation::Full => world::full(width, height),
        Situation::Failed => {
            let mut model = world::silent(width, height);
            world::tell(&mut model, Message::KubernetesLink(world::CLUSTER, Link::Denied(denied())));
            aws_failed(&mut model);
            model
        }
        Situation::Stale => {
            let mut model = world::full(width, height);
            let link = Link::Offline { since: world::start(), failure: denied() };
            world::tell(&mut model, Message::KubernetesLink(world::CLUSTER, link));
            aws_failed(&mut model);
            model
        }
    }
}

fn opened(situation: Situation, size: (u16, u16), kind: ListKind) -> Model {
    let mut model = model(situation, size);
    world::press(&mut model, &(kind as usize + 1).to_string());
    model
}

#[test]
fn every_list_in_every_state_at_every_tier() {
    for kind in ListKind::ALL {
        let mut pictures = String::new();
        for situation in SITUATIONS {
            for (width, height) in SIZES {
                let frame = frame::draw(&opened(situation, (width, height), kind), &Theme::dark(), width, height);
                let _ = writeln!(pictures, "=== {situation:?} {width}x{height}\n{}", frame::dump(&frame));
            }
        }
        assert_snapshot!(format!("states_of_{}", kind.noun().replace(' ', "_")), pictures);
    }
}

#[test]
fn the_words_alone_tell_loading_empty_full_failed_and_stale_apart() {
    for kind in ListKind::ALL {
        for (width, height) in SIZES.into_iter().filter(|(width, _)| *width >= 60) {
            let shown =
                SITUATIONS.map(|situation| frame::text(&opened(situation, (width, height), kind), width, height));
            for (at, one) in shown.iter().enumerate() {
                for other in &shown[at + 1..] {
                    assert_ne!(one, other, "{kind:?} at {width}x{height}");
                }
            }
            let [loading, empty, full, failed, stale] = &shown;
            assert!(loading.contains("connecting"), "{kind:?}\n{loading}");
            assert!(empty.contains("here") || empty.contains("no Pod Identity associations"), "{kind:?}\n{empty}");
            assert!(full.contains("all read") && !full.contains("offline"), "{kind:?}\n{full}");
            assert!(failed.contains("cannot read"), "{kind:?}\n{failed}");
            assert!(stale.contains("offline since 10:00Z") && stale.contains('>'), "{kind:?}\n{stale}");
        }
    }
}
