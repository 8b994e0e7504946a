//! Scenarios that read like stories: a world, keys, what the screen shows, and what arrived in the
//! world. The real loop and the real adapters on the simulator, on a paused clock.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "scenarios/clusters.rs"]
mod clusters;
#[path = "scenarios/declared.rs"]
mod declared;
#[path = "scenarios/edits.rs"]
mod edits;
#[path = "scenarios/journal.rs"]
mod journal;
#[path = "scenarios/newcomer.rs"]
mod newcomer;
#[path = "scenarios/permissions.rs"]
mod permissions;
#[path = "support/play.rs"]
#[allow(dead_code)]
mod play;
#[path = "scenarios/proofs.rs"]
mod proofs;
#[path = "scenarios/readme.rs"]
mod readme;
#[path = "support/record.rs"]
mod record;
#[path = "scenarios/rights.rs"]
mod rights;
#[path = "scenarios/trust.rs"]
mod trust;

use std::time::Duration;

use jiff::SignedDuration;
use play::{Play, start};
use rolecall::{
    app::{effect::Outing, message::Input},
    config::settings::Settings,
    runtime::run::End,
    sim::{fault::Fault, world::World},
};
use serde_json::Value;

async fn open_story() -> Play {
    let play = Play::open(World::story(start()).unwrap()).await;
    play.see("all read").await;
    play
}

async fn open_demo() -> Play {
    let play = Play::open(World::demo(start()).unwrap()).await;
    play.see("all read").await;
    play
}

/// Operations that changed something, as AWS saw them.
fn changes(play: &Play) -> Vec<String> {
    play.world.aws.calls().into_iter().filter(|call| call.mutating).map(|call| call.action).collect()
}

fn service_account(play: &Play, namespace: &str, name: &str) -> Value {
    let found = play.world.kubernetes.object("", "serviceaccounts", namespace, name);
    found.map(|object| Value::clone(&object)).unwrap_or_default()
}

fn annotation(play: &Play, namespace: &str, name: &str) -> Option<String> {
    let object = service_account(play, namespace, name);
    object["metadata"]["annotations"]["eks.amazonaws.com/role-arn"].as_str().map(str::to_owned)
}

/// Confirms the plan on screen. Facts that arrived meanwhile make a new plan, which has to be read and
/// confirmed again.
async fn confirm(play: &Play) {
    play.press("Enter");
    play.pass(Duration::from_secs(1)).await;
    if play.screen().contains("this is a new plan") {
        play.press("Enter");
    }
}

/// Restarts the workload that the offer names and waits until its pods carry the new identity.
async fn accept_the_restart(play: &Play, mechanism: &str) {
    play.see("Restart").await;
    play.press("Enter");
    play.see("Plan: restart").await;
    confirm(play).await;
    play.line(&[" ok ", "api-ser..", "deploy/api-service", mechanism]).await;
}

#[tokio::test(start_paused = true)]
async fn the_story_is_played_by_keys() {
    let play = open_story().await;
    play.line(&["ok", "deploy/api-service", "node-role"]).await;
    play.line(&["ok", "deploy/user-service", "node-role"]).await;

    // IRSA first: the annotation, confirmed once for the plan and once to unlock, then a restart.
    play.press("i");
    play.see("Annotate api-service/api-service for IRSA").await;
    play.write("api-service-irsa");
    play.press("Enter");
    play.see("Plan: annotation of api-service/api-service").await;
    assert_eq!(annotation(&play, "api-service", "api-service"), None, "nothing before the confirmation");
    play.press("Enter");
    play.see("Unlock").await;
    play.press("Enter");
    play.see("UNLOCKED").await;
    accept_the_restart(&play, "irsa").await;
    assert_eq!(
        annotation(&play, "api-service", "api-service").as_deref(),
        Some("arn:aws:iam::111122223333:role/api-service-irsa")
    );

    // The agent add-on.
    play.press("Esc Esc A");
    play.see("eks-pod-identity-agent").await;
    play.press("Enter");
    play.until("the agent's pods", |screen| screen.contains("ds/eks-pod-identi")).await;
    play.pass(Duration::from_secs(5)).await;

    // The association, with the role by name, and the restart that brings it.
    play.press("Esc Esc c");
    play.see("Associate api-service/api-service").await;
    play.write("api-service-development");
    play.press("Enter");
    play.see("CreatePodIdentityAssociation").await;
    confirm(&play).await;
    accept_the_restart(&play, "pod-identity").await;
    assert_eq!(changes(&play), ["eks:CreateAddon", "eks:CreatePodIdentityAssociation"]);

    // And back: removed after typing whom it is for, restarted onto IRSA, then onto the node's role.
    play.press("Esc Esc x");
    play.see("DeletePodIdentityAssociation").await;
    play.press("Enter");
    play.pass(Duration::from_secs(2)).await;
    assert_eq!(changes(&play).len(), 2, "Enter alone removes nothing");
    play.write("api-service/api-service");
    play.press("Enter");
    accept_the_restart(&play, "irsa").await;
    assert_eq!(changes(&play).last().map(String::as_str), Some("eks:DeletePodIdentityAssociation"));
    play.press("Esc Esc I");
    play.see("Plan:").await;
    play.write("api-service/api-service");
    play.press("Enter");
    play.line(&["at-risk", "deploy/api-service", "irsa", "node-role"]).await;
    assert_eq!(annotation(&play, "api-service", "api-service"), None);
    assert_eq!(play.leave().await, End::Quit);
}

#[tokio::test(start_paused = true)]
async fn the_trust_policy_marks_why_a_service_account_is_not_admitted() {
    let play = open_demo().await;
    play.press("/");
    play.write("settlement");
    play.press("Enter");
    play.line(&["broken", "payments", "deploy/settlement"]).await;
    play.press("Esc /");
    play.write("refunds");
    play.press("Enter t");
    play.see("trust policy of").await;
    play.see("sts:TagSession").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_first_frame_comes_before_anybody_has_answered() {
    let world = World::demo(start()).unwrap();
    world.faults.add("*=hang".parse::<Fault>().unwrap());
    let play = Play::open(world).await;
    play.pass(Duration::from_millis(50)).await;
    assert!(play.screen().contains("acme-prod"), "{}", play.screen());
    assert!(play.screen().contains("loading") || play.screen().contains("connecting"), "{}", play.screen());
    play.press("?");
    play.pass(Duration::from_millis(16)).await;
    assert!(play.screen().contains("all keys") || play.screen().contains("Move"), "a key is answered meanwhile");
    play.press("Esc");
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn an_idle_minute_draws_nothing() {
    let play = open_demo().await;
    play.pass(Duration::from_secs(61)).await;
    // The ages were drawn anew a moment ago at the most; from here 59 seconds are still.
    let mut still = play.frames();
    let mut quiet = 0;
    for _ in 0..600 {
        play.pass(Duration::from_millis(500)).await;
        quiet = if play.frames() == still { quiet + 1 } else { 0 };
        still = play.frames();
        if quiet >= 118 {
            break;
        }
    }
    assert!(quiet >= 118, "never still for 59 seconds");
    let before = play.frames();
    play.pass(Duration::from_secs(240)).await;
    assert!(play.frames() - before <= 6, "{} frames in four minutes", play.frames() - before);
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_key_is_answered_within_a_frame_while_ten_thousand_pods_stream_in() {
    let spec = "pods=10000,namespaces=50,serviceaccounts=500,associations=300,roles=300,nodes=200,seed=1";
    let world = World::generate(&spec.parse().unwrap(), start()).unwrap();
    let play = Play::open(world).await;
    play.until("first rows", |screen| screen.contains("deploy/")).await;
    play.press("3");
    play.pass(Duration::from_millis(17)).await;
    assert!(play.screen().contains("[3 Namespaces"), "{}", play.screen());
    play.press("1");
    play.until("all pods", |screen| screen.contains("10,000")).await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn one_missing_permission_degrades_one_fact() {
    let operations = [
        "eks:DescribeCluster",
        "eks:ListPodIdentityAssociations",
        "eks:DescribePodIdentityAssociation",
        "eks:ListNodegroups",
        "eks:DescribeNodegroup",
        "eks:ListAddons",
        "eks:DescribeAddon",
        "iam:ListRoles",
        "iam:ListOpenIDConnectProviders",
        "iam:GetOpenIDConnectProvider",
        "iam:GetInstanceProfile",
        "iam:GetRole",
        "eks:ListFargateProfiles",
        "ec2:DescribeVpcEndpoints",
        "iam:ListAttachedRolePolicies",
        "iam:ListRolePolicies",
        "ec2:DescribeInstances",
        "sts:GetCallerIdentity",
    ];
    for operation in operations {
        let world = World::demo(start()).unwrap();
        world.faults.add(format!("{operation}=denied").parse::<Fault>().unwrap());
        let play = Play::open(world).await;
        play.see("k8s live").await;
        play.until("every pod", |screen| screen.contains("Pods 6")).await;
        play.pass(Duration::from_secs(10)).await;
        play.press("D");
        play.see(operation).await;
        play.press("Esc");
        play.see("deploy/").await;
        assert_eq!(play.leave().await, End::Quit, "{operation}");
    }
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_said_and_hide_nothing() {
    let world = World::demo(start()).unwrap();
    world.faults.add("*=expired".parse::<Fault>().unwrap());
    world.faults.remove("*");
    for service in ["sts:*", "eks:*", "iam:*", "ec2:*"] {
        world.faults.add(format!("{service}=expired").parse::<Fault>().unwrap());
    }
    let play = Play::open(world).await;
    play.see("k8s live").await;
    play.see("deploy/api-service").await;
    play.until("the credentials", |screen| screen.contains("expired")).await;
    play.world.faults.clear();
    play.press("L");
    play.see("logged in: AWS is read again").await;
    assert_eq!(play.outings(), [Outing::Login(["aws", "sso", "login"].map(str::to_owned).to_vec())]);
    play.see("all read").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_is_a_state_and_it_recovers() {
    let play = open_demo().await;
    for resource in ["pods", "serviceaccounts", "namespaces", "nodes", "mutatingwebhookconfigurations"] {
        play.world.faults.add(format!("{resource}:*=500").parse::<Fault>().unwrap());
    }
    play.world.kubernetes.disconnect();
    play.until("a retry", |screen| screen.contains("retrying") || screen.contains("offline")).await;
    assert!(play.screen().contains("deploy/gateway"), "the rows stay\n{}", play.screen());
    play.world.faults.clear();
    play.see("k8s live").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn annotations_full_of_escapes_reach_nobody() {
    let world = World::demo(start()).unwrap();
    let nasty = format!("\u{1b}[2J\u{1b}]0;owned\u{7}\u{202e}{}", "x".repeat(64 * 1024));
    let object = serde_json::json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "nasty", "namespace": "checkout", "annotations": {"eks.amazonaws.com/role-arn": nasty}}
    });
    world.kubernetes.load(object).unwrap();
    let play = Play::open(world).await;
    play.see("all read").await;
    play.press("2 /");
    play.write("nasty");
    play.press("Enter");
    play.line(&["nasty"]).await;
    play.press("Enter");
    play.pass(Duration::from_secs(1)).await;
    for unwanted in ['\u{1b}', '\u{7}', '\u{202e}'] {
        assert!(!play.screen().contains(unwanted), "{unwanted:?} on the screen");
    }
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_read_only_session_shows_plans_and_performs_none() {
    let settings = Settings { read_only: true, ..Settings::default() };
    let play = Play::sized(World::story(start()).unwrap(), 120, 36, settings).await;
    play.see("all read").await;
    play.press("i");
    play.write("api-service-irsa");
    play.press("Enter");
    play.see("Plan:").await;
    play.press("Enter Enter");
    play.pass(Duration::from_secs(5)).await;
    assert_eq!(annotation(&play, "api-service", "api-service"), None);
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_frozen_clock_and_a_paste_change_nothing() {
    let play = open_demo().await;
    play.send(Input::Paste("qqq\nx\n".to_owned()));
    play.world.clock.advance(SignedDuration::from_hours(1));
    play.pass(Duration::from_secs(1)).await;
    assert!(play.screen().contains("deploy/gateway"));
    assert_eq!(changes(&play), Vec::<String>::new());
    play.leave().await;
}
