//! A migration by keys: begun, stopped between its steps, finished and undone from the journal.

use std::time::Duration;

use jiff::SignedDuration;
use rolecall::sim::world::World;

use crate::{
    changes,
    edits::{enter, find, trust},
    play::{Play, start},
};

/// Service account and role of each association.
fn associated(play: &Play, name: &str) -> Option<String> {
    play.world.aws.with(|state| {
        let mut all = state.associations.values().filter_map(|one| one.latest());
        all.find(|one| one.service_account == name).map(|one| one.role_arn.clone())
    })
}

#[tokio::test(start_paused = true)]
async fn a_migration_is_stopped_between_steps_finished_from_the_journal_and_undone_byte_for_byte() {
    let play = Play::open(World::from_yaml(include_str!("../failures/world.yaml"), start()).unwrap()).await;
    play.see("all read").await;
    // Each write is waited for until IAM returns it, which leaves time to stop.
    play.world.aws.with(|state| state.delays.iam = SignedDuration::from_secs(3));
    let before = trust(&play, "web");
    find(&play, "deploy/web").await;
    play.press("M");
    play.see("Plan: migrate shop/web to Pod Identity").await;
    play.see("CALLS, IN THIS ORDER").await;
    assert_eq!(changes(&play), Vec::<String>::new(), "nothing before the confirmation");
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.until("the trust write", |_| changes(&play).len() == 1).await;
    play.press("Ctrl-c");
    play.see("u undoes it, U finishes it").await;
    assert_eq!(associated(&play, "web"), None, "it stopped before the association");

    play.press("Esc Esc U");
    play.see("Plan: migrate shop/web to Pod Identity").await;
    enter(&play).await;
    play.see("the migration of shop/web is as planned").await;
    assert_eq!(associated(&play, "web").as_deref(), Some("arn:aws:iam::111122223333:role/web"));
    assert_eq!(changes(&play), ["iam:UpdateAssumeRolePolicy", "eks:CreatePodIdentityAssociation"]);
    play.line(&["deploy/web", "pod-identity"]).await;

    play.press("Esc Esc H");
    play.line(&["migrate", "shop/web", "done"]).await;
    play.press("u");
    play.see("Plan: undo migrate shop/web").await;
    play.write("shop/web");
    play.press("Enter");
    play.see("is undone").await;
    play.pass(Duration::from_secs(5)).await;
    assert_eq!((trust(&play, "web"), associated(&play, "web")), (before, None));
    play.press("Esc Esc Esc H");
    play.line(&["migrate", "shop/web", "undone"]).await;
    play.leave().await;
}
