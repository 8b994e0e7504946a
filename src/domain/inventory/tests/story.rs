//! WHY and FIX, in the words of the screen.

use super::world::*;
use crate::domain::{
    id::PodId,
    identity::State,
    inventory::{FixAction, Story},
};

fn story(world: &World) -> Story {
    world.inventory.story(&PodId::new("shop", "web-1"))
}

fn actions(story: &Story) -> Vec<FixAction> {
    story.fixes.iter().map(|fix| fix.action).collect()
}

fn shop() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.role("pi", &good_pod_trust());
    world.account("shop/web", Some("web"));
    world
}

#[test]
fn a_broken_trust_offers_the_edit_and_no_restart() {
    let mut world = shop();
    world.role("web", &irsa_trust("shop:web-v1"));
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    let story = story(&world);
    assert_eq!(actions(&story), [FixAction::Trust, FixAction::Associate]);
    assert_eq!(story.fixes[0].text, "admit shop:web (trust edit)");
    assert_eq!(story.why[1], "A restart will not help.");
}

#[test]
fn drift_offers_a_restart_and_says_what_it_brings() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![plain("app")]);
    let story = story(&world);
    assert_eq!(actions(&story), [FixAction::Restart]);
    assert_eq!(story.fixes[0].text, "restart deploy/web: new pods get irsa web");
    assert!(story.why[0].contains("without the annotation of shop/web"), "{:?}", story.why);
}

#[test]
fn at_risk_never_offers_a_restart() {
    let mut world = shop();
    world.pod("shop/web-1", "web", vec![irsa("app", "web")]);
    world.account("shop/web", None);
    let story = story(&world);
    assert_eq!(world.state("shop/web-1"), State::AtRisk);
    assert_eq!(actions(&story), [FixAction::Associate, FixAction::Annotate]);
    assert_eq!(story.why[0], "It works now with irsa web; the next pod gets no credentials.");
}

#[test]
fn a_missing_agent_is_offered_where_it_runs_nowhere() {
    let mut world = shop();
    world.associate("shop/web", "pi");
    world.agent("n1", false);
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!(actions(&story(&world)), [FixAction::InstallAgent]);
}

#[test]
fn a_bare_pod_is_never_restarted() {
    let mut world = shop();
    let mut bare = pod("shop/web-1", "web", "n1", vec![plain("app")]);
    bare.workload.kind = crate::domain::workload::WorkloadKind::Pod;
    world.put(bare);
    assert_eq!(actions(&story(&world)), [FixAction::Advice]);
}

#[test]
fn a_service_account_without_pods_tells_what_new_ones_get() {
    let mut world = shop();
    world.associate("shop/web", "pi");
    let story = world.inventory.story_of_service_account(&sa("shop/web"));
    assert!(
        story.why.iter().any(|why| why == "No pod runs as shop/web; new ones get pod-identity pi."),
        "{:?}",
        story.why
    );
}
