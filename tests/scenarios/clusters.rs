//! Several clusters in one session: beside each other, switched without leaving, each failing alone.

use std::time::Duration;

use rolecall::{
    config::settings::Settings,
    runtime::run::End,
    sim::{fault::Fault, world::World},
};

use super::{
    open_demo,
    play::{Play, start},
};

async fn both() -> Play {
    let (demo, story) = (World::demo(start()).unwrap(), World::story(start()).unwrap());
    let play = Play::beside(demo, vec![story], 120, 36, Settings::default()).await;
    play.see("all read").await;
    play
}

#[tokio::test(start_paused = true)]
async fn two_clusters_stand_beside_each_other_each_with_its_line_and_its_own_place() {
    let play = both().await;
    let heads: Vec<String> = play.screen().lines().take(2).map(str::to_owned).collect();
    assert!(heads[0].starts_with(">acme-prod") && heads[1].starts_with(" acme-development"), "{heads:?}");
    play.press("2 j");
    play.press(".");
    play.line(&[">acme-development", "k8s live"]).await;
    play.line(&["deploy/api-service", "node-role"]).await;
    assert!(play.screen().contains("[1 Pods"), "{}", play.screen());
    play.press(".");
    play.see("[2 Service accounts").await;
    assert!(
        play.screen().lines().nth(7).is_some_and(|line| line.starts_with('>')),
        "where it was left\n{}",
        play.screen()
    );
    assert_eq!(play.leave().await, End::Quit);
}

#[tokio::test(start_paused = true)]
async fn one_cluster_fails_alone() {
    let (demo, story) = (World::demo(start()).unwrap(), World::story(start()).unwrap());
    story.faults.add("*=expired".parse::<Fault>().unwrap());
    let play = Play::beside(demo, vec![story], 120, 36, Settings::default()).await;
    play.see("all read").await;
    play.until("its failure in its line only", |screen| {
        let mut lines = screen.lines();
        let (ours, theirs) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
        ours.contains("k8s live") && ours.contains("old") && theirs.contains("expired")
    })
    .await;
    play.line(&["deploy/gateway"]).await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_same_service_account_is_compared_across_clusters() {
    let play = both().await;
    play.press("2 /");
    play.write("api-service/api-service");
    play.press("Enter Space . 2 /");
    play.write("api-service/api-service");
    play.press("Enter =");
    play.line(&["acme-prod: service account", "acme-development: service account"]).await;
    play.line(&["! next", "pod-identity", "node-role"]).await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_cluster_is_opened_by_name_while_the_program_runs() {
    let play = open_demo().await;
    play.press("O");
    play.see("Clusters and contexts").await;
    play.write("nothing-like-it");
    play.press("Enter");
    play.see("no cluster is called that").await;
    play.press("Esc");
    play.pass(Duration::from_secs(10)).await;
    play.press("O");
    play.write("cluster:nowhere region:eu-west-1");
    play.press("Enter");
    play.see("this cluster cannot be opened").await;
    play.line(&["deploy/gateway"]).await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_context_of_a_neighbour_is_chosen_from_the_list() {
    let (demo, story) = (World::demo(start()).unwrap(), World::story(start()).unwrap());
    // Opened beside the first, and once more from the list: that brings the open one into view.
    let play = Play::beside(demo, vec![story], 120, 36, Settings::default()).await;
    play.see("all read").await;
    play.press("O");
    play.see("acme-development").await;
    play.write("develop");
    play.press("Enter");
    play.line(&[">acme-development"]).await;
    let heads = play.screen().lines().take_while(|line| !line.contains("Pods")).count();
    assert_eq!(heads, 2, "it is not opened twice\n{}", play.screen());
    play.leave().await;
}
