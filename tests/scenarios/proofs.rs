//! A proof by keys: said, confirmed by name, made, shown; a whole namespace by its count; a question to IAM; events.

use std::time::Duration;

use crate::open_demo;

#[tokio::test(start_paused = true)]
async fn a_proof_says_what_it_does_and_is_confirmed_by_name_once() {
    let play = open_demo().await;
    play.press("2 /");
    play.write("payments-api");
    play.press("Enter v");
    play.see("Prove payments/payments-api live").await;
    play.see("security teams").await;
    let before = play.world.aws.count("eks-auth:AssumeRoleForPodIdentity");
    play.press("Enter");
    play.see("nothing was asked yet").await;
    assert_eq!(play.world.aws.count("eks-auth:AssumeRoleForPodIdentity"), before);
    play.write(&play.world.cluster_name());
    play.press("Enter");
    play.see("EKS gave a session of").await;
    assert_eq!(play.world.aws.count("eks-auth:AssumeRoleForPodIdentity"), before + 1);
    play.press("v");
    play.see("Prove payments/payments-api live").await;
    assert!(!play.screen().contains("to confirm:"), "the name is asked for once a session\n{}", play.screen());
    play.press("Esc");
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_whole_namespace_is_proven_only_after_its_count_was_typed() {
    let play = open_demo().await;
    play.press("3 /");
    play.write("payments");
    play.press("Enter v");
    play.see("service accounts live").await;
    let screen = play.screen();
    let title = screen.lines().find(|line| line.contains("service accounts live")).unwrap();
    let count: String = title.split("Prove ").nth(1).unwrap().chars().take_while(char::is_ascii_digit).collect();
    play.write(&count);
    play.press("Enter");
    play.see("from this machine").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_may_be_done_is_answered_with_the_statement_that_decides() {
    let play = open_demo().await;
    play.press("2 /");
    play.write("payments-api");
    play.press("Enter p");
    play.see("May payments/payments-api do this?").await;
    play.write("s3:getobj");
    play.see("> s3:GetObject").await;
    play.press("Tab Enter");
    play.see("payments/payments-api may s3:GetObject on any resource").await;
    play.see("Not evaluated: resource policies").await;
    play.press("Esc");
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn events_are_looked_up_only_after_their_cost_was_said() {
    let play = open_demo().await;
    play.press("2 /");
    play.write("payments-api");
    play.press("Enter w");
    play.see("requests to CloudTrail at 2 a second").await;
    play.pass(Duration::from_secs(5)).await;
    assert_eq!(play.world.aws.count("cloudtrail:LookupEvents"), 0);
    play.press("Enter");
    play.see("events arrive some minutes late").await;
    assert!(play.world.aws.count("cloudtrail:LookupEvents") > 0);
    play.press("Tab");
    play.see("Failed attempts").await;
    play.press("Esc");
    play.leave().await;
}
