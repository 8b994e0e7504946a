//! Declared associations and exports of plans by keys.

use std::time::Duration;

use rolecall::{config::settings::Settings, sim::world::World};
use serde_json::json;

use crate::{
    changes,
    play::{Play, start},
};

fn declare(world: &World, name: &str, annotations: serde_json::Value) {
    let object = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": name, "namespace": "marketing", "annotations": annotations}
    });
    world.kubernetes.load(object).unwrap();
}

#[tokio::test(start_paused = true)]
async fn one_key_plans_everything_that_is_declared_and_nothing_that_cannot_be() {
    let world = World::demo(start()).unwrap();
    declare(&world, "one", json!({"rolecall/role-arn": "arn:aws:iam::111122223333:role/acme-payments-api"}));
    declare(&world, "two", json!({"rolecall/role-arn": "arn:aws:iam::111122223333:role/acme-search-query"}));
    declare(&world, "wrong", json!({"rolecall/role-arn": "acme-search-query"}));
    let play = Play::open(world).await;
    play.see("all read").await;
    play.press("C");
    play.see("Plan: associate 2 declared").await;
    play.see("associate marketing/one with role acme-payments-api").await;
    assert_eq!(changes(&play), Vec::<String>::new(), "nothing before the confirmation");
    play.press("Enter");
    play.see("Unlock").await;
    play.press("Enter");
    play.until("both associations", |_| changes(&play).len() == 2).await;
    assert_eq!(changes(&play), ["eks:CreatePodIdentityAssociation", "eks:CreatePodIdentityAssociation"]);
    play.pass(Duration::from_secs(5)).await;
    play.press("Esc Esc C");
    play.pass(Duration::from_secs(1)).await;
    assert_eq!(changes(&play).len(), 2, "nothing is left to be done but what cannot be");
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_declared_the_key_answers_with_the_names_of_the_keys() {
    let play = Play::open(World::demo(start()).unwrap()).await;
    play.see("all read").await;
    play.press("C");
    play.see("nothing is declared").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_read_only_session_shows_a_plan_in_every_format_and_sends_nothing() {
    let settings = Settings { read_only: true, ..Settings::default() };
    let play = Play::sized(World::demo(start()).unwrap(), 120, 36, settings).await;
    play.see("all read").await;
    play.press("/");
    play.write("checkout web");
    play.press("Enter c");
    play.see("Associate checkout/web").await;
    play.write("acme-payments-api");
    play.press("Enter");
    play.see("Plan: associate checkout/web").await;
    for (title, line) in [
        ("AWS CLI: associate checkout/web", "aws eks create-pod-identity-association"),
        ("Terraform: associate checkout/web", "service_account = \"web\""),
        ("eksctl ClusterConfig: associate checkout/web", "serviceAccountName: web"),
        ("CloudFormation: associate checkout/web", "ServiceAccount: web"),
        ("ACK: associate checkout/web", "kind: PodIdentityAssociation"),
    ] {
        play.press("T");
        play.see(title).await;
        play.see(line).await;
    }
    play.press("T");
    play.see("Plan: associate checkout/web").await;
    play.press("Enter Enter");
    play.pass(Duration::from_secs(2)).await;
    assert_eq!(changes(&play), Vec::<String>::new());
    play.leave().await;
}
