//! Trust policies and associations changed by keys, while others change them too.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use rolecall::sim::world::World;

use crate::{
    changes, open_demo,
    play::{Play, start},
};

pub fn trust(play: &Play, role: &str) -> String {
    play.world.aws.with(|state| state.roles[role].latest().unwrap().trust.clone())
}

fn write_trust(play: &Play, role: &str, text: &str) {
    let now = play.world.clock.now();
    play.world.aws.with(|state| state.roles.get_mut(role).unwrap().change(now, |role| role.trust = text.to_owned()));
}

/// Narrows the list of pods to one workload and selects it.
pub async fn find(play: &Play, name: &str) {
    play.press("Esc Esc 1 /");
    play.write(name);
    play.press("Enter");
    play.line(&[">", name]).await;
}

/// Enter, and once more where facts that arrived made the plan another one.
pub async fn enter(play: &Play) {
    play.press("Enter");
    play.pass(Duration::from_secs(1)).await;
    if play.screen().contains("this is a new plan") {
        play.press("Enter");
    }
}

#[tokio::test(start_paused = true)]
async fn a_service_account_that_is_refused_is_admitted_with_one_key_and_its_pods_work_without_a_restart() {
    let play = open_demo().await;
    find(&play, "deploy/ledger").await;
    play.line(&["broken", "payments", "deploy/ledger"]).await;
    let before = trust(&play, "acme-payments-ledger");
    play.press("a");
    play.see("Plan: trust policy of acme-payments-ledger").await;
    play.line(&["-", "system:serviceaccount:payments:ledger\""]).await;
    play.line(&["+", "system:serviceaccount:payments:ledger-v2\""]).await;
    assert_eq!(changes(&play), Vec::<String>::new(), "nothing before the confirmation");
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.see("the trust policy of acme-payments-ledger is as planned").await;
    assert_eq!(changes(&play), ["iam:UpdateAssumeRolePolicy"]);
    let both = "[\"system:serviceaccount:payments:ledger\",\"system:serviceaccount:payments:ledger-v2\"]";
    assert_eq!(trust(&play, "acme-payments-ledger"), before.replace("\"system:serviceaccount:payments:ledger\"", both));
    play.line(&["ok", "payments", "deploy/ledger"]).await;
    play.press("a");
    play.see("acme-payments-ledger admits payments/ledger-v2 already").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_somebody_else_between_plan_and_confirmation_is_shown_and_kept() {
    let play = open_demo().await;
    find(&play, "deploy/ledger").await;
    play.press("a");
    play.see("Plan: trust policy of acme-payments-ledger").await;
    let theirs = trust(&play, "acme-payments-ledger").replace("payments:ledger", "payments:ledger-v3");
    write_trust(&play, "acme-payments-ledger", &theirs);
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.see("somebody changed it since the plan was made").await;
    play.line(&["+", "system:serviceaccount:payments:ledger-v3"]).await;
    assert_eq!((trust(&play, "acme-payments-ledger"), changes(&play)), (theirs, Vec::new()));
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn two_edits_in_a_row_are_both_there_although_iam_tells_the_first_one_late() {
    let world = World::demo(start()).unwrap();
    let play = Play::open(Arc::clone(&world)).await;
    play.see("all read").await;
    world.aws.with(|state| state.delays.iam = SignedDuration::from_secs(40));
    for (index, account) in ["checkout/web", "search/crawler"].into_iter().enumerate() {
        play.press("Esc Esc 4 /");
        play.write("acme-checkout-pricing");
        play.press("Enter");
        play.line(&[">", "acme-checkout-pricing"]).await;
        play.press("a");
        play.see("Admit which service account to acme-checkout-pricing?").await;
        play.write(account);
        play.press("Enter");
        play.see("Plan: trust policy of acme-checkout-pricing").await;
        enter(&play).await;
        if index == 0 {
            play.see("Unlock").await;
            play.press("Enter");
        }
        play.until("the write", |_| changes(&play).len() == index + 1).await;
        play.see("as planned").await;
        play.press("Esc Esc /");
        play.press("Esc Esc");
    }
    let text = trust(&play, "acme-checkout-pricing");
    for account in ["checkout:pricing", "checkout:web", "search:crawler"] {
        assert!(text.contains(account), "{account}: {text}");
    }
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn a_role_that_does_not_let_eks_in_is_chosen_with_the_edit_first_in_the_plan() {
    let play = open_demo().await;
    find(&play, "deploy/web").await;
    play.press("c");
    play.see("Associate checkout/web").await;
    play.write("warehouse-v2");
    play.line(&["acme-data-warehouse-v2", "needs a trust edit"]).await;
    play.press("Enter");
    play.see("CALLS, IN THIS ORDER").await;
    play.see("1  edit the trust policy of acme-data-warehouse-v2").await;
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.until("both writes", |_| changes(&play).len() == 2).await;
    assert_eq!(changes(&play), ["iam:UpdateAssumeRolePolicy", "eks:CreatePodIdentityAssociation"]);
    play.see("checkout/web is associated").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn the_guided_set_up_asks_for_the_service_account_where_none_is_selected() {
    let play = open_demo().await;
    play.press("3");
    play.see("[3 Namespaces").await;
    play.press("c");
    play.see("Associate which service account?").await;
    play.write("brand-new");
    play.see("not there yet").await;
    play.press("Enter");
    play.see("/brand-new").await;
    play.write("acme-search-query");
    play.press("Enter");
    play.see("CreatePodIdentityAssociation").await;
    play.see("not yet; EKS does not check").await;
    assert_eq!(changes(&play), Vec::<String>::new());
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn an_association_gets_another_role_by_keys() {
    let play = open_demo().await;
    find(&play, "deploy/query-api").await;
    play.press("c");
    play.see("m changes it, x removes it").await;
    play.press("m");
    play.see("Another role for search/query-api").await;
    play.write("acme-payments-api");
    play.press("Enter");
    play.see("Plan: change the association of search/query-api").await;
    play.see("UpdatePodIdentityAssociation").await;
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.until("the change", |_| changes(&play).len() == 1).await;
    assert_eq!(changes(&play), ["eks:UpdatePodIdentityAssociation"]);
    play.see("the association of search/query-api is as planned").await;
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn an_association_that_appears_meanwhile_is_left_alone() {
    let play = open_demo().await;
    find(&play, "deploy/web").await;
    play.press("c");
    play.write("acme-search-query");
    play.press("Enter");
    play.see("CreatePodIdentityAssociation").await;
    let now = play.world.clock.now();
    play.world.aws.with(|state| {
        let mut theirs = state.associations.values().find_map(|one| one.latest().cloned()).unwrap();
        theirs.id = "a-theirs".to_owned();
        (theirs.namespace, theirs.service_account) = ("checkout".to_owned(), "web".to_owned());
        state.associations.insert(theirs.id.clone(), rolecall::sim::aws::Lagging::created(theirs, now));
    });
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.see("a-theirs").await;
    let count = play.world.aws.with(|state| {
        state.associations.values().filter_map(|one| one.latest()).filter(|one| one.service_account == "web").count()
    });
    assert_eq!(count, 1);
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn what_terraform_owns_is_shown_as_its_text_and_done_here_only_after_asking_once_more() {
    let world = include_str!("../../assets/demo/world.yaml").replacen(
        "trusts: [\"irsa payments/ledger\"],",
        "trusts: [\"irsa payments/ledger\"], tags: { managed-by: terraform },",
        1,
    );
    let play = Play::open(World::from_yaml(&world, start()).unwrap()).await;
    play.see("all read").await;
    find(&play, "deploy/ledger").await;
    play.press("a");
    play.see("role acme-payments-ledger is owned by Terraform (tag managed-by=terraform)").await;
    play.see("to = aws_iam_role.acme-payments-ledger").await;
    play.press("Enter");
    play.see("Plan: trust policy of acme-payments-ledger").await;
    play.pass(Duration::from_secs(2)).await;
    assert!(!play.screen().contains("Unlock"), "it was only shown\n{}", play.screen());
    play.press("Enter");
    play.see("Unlock").await;
    play.press("Enter");
    play.until("the write", |_| changes(&play).len() == 1).await;
    play.see("as planned").await;
    play.leave().await;
}

/// Selects a role in the list of roles.
async fn find_role(play: &Play, name: &str) {
    play.press("Esc Esc 4 /");
    play.write(name);
    play.press("Enter");
    play.line(&[">", name]).await;
}

#[tokio::test(start_paused = true)]
async fn a_service_account_is_admitted_and_taken_out_again_by_keys_and_only_its_name_leaves_the_list() {
    let play = open_demo().await;
    find_role(&play, "acme-checkout-pricing").await;
    play.press("a");
    play.see("Admit which service account to acme-checkout-pricing?").await;
    play.write("checkout/web");
    play.press("Enter");
    play.see("Plan: trust policy of acme-checkout-pricing").await;
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.see("the trust policy of acme-checkout-pricing is as planned").await;
    let admitted = trust(&play, "acme-checkout-pricing");
    assert!(admitted.contains(",\"system:serviceaccount:checkout:web\"]"), "{admitted}");

    find_role(&play, "acme-checkout-pricing").await;
    play.press("X");
    play.see("Take which service account out of acme-checkout-pricing?").await;
    play.write("checkout/web");
    play.press("Enter");
    play.see("Plan: trust policy of acme-checkout-pricing").await;
    play.line(&["-", "system:serviceaccount:checkout:web\""]).await;
    play.write("acme-checkout-pricing");
    play.press("Enter");
    play.until("the second write", |_| changes(&play).len() == 2).await;
    let out = trust(&play, "acme-checkout-pricing");
    assert_eq!(out, admitted.replace(",\"system:serviceaccount:checkout:web\"", ""));
    play.leave().await;
}

#[tokio::test(start_paused = true)]
async fn every_setting_of_an_association_is_set_in_the_form_behind_ctrl_o() {
    let play = open_demo().await;
    find(&play, "deploy/web").await;
    play.press("c");
    play.see("Associate checkout/web").await;
    play.write("acme-search-query");
    play.press("Ctrl-o");
    play.see("target role").await;
    // The focus is on the target role: the role is chosen already.
    play.write("arn:aws:iam::444455556666:role/data");
    play.press("Tab Backspace Backspace");
    play.write("off");
    play.press("Tab");
    play.write(r#"{"Version":"2012-10-17","Statement":[]}"#);
    play.press("Tab");
    play.write("team=shop, stage=prod");
    play.press("Enter");
    play.see("CreatePodIdentityAssociation").await;
    enter(&play).await;
    play.see("Unlock").await;
    play.press("Enter");
    play.until("the association", |_| changes(&play).len() == 1).await;
    let found = play.world.aws.with(|state| {
        let mut all = state.associations.values().filter_map(|one| one.latest());
        all.find(|one| one.service_account == "web").cloned().unwrap()
    });
    assert_eq!(found.role_arn, "arn:aws:iam::111122223333:role/acme-search-query");
    assert_eq!(found.target_role_arn.as_deref(), Some("arn:aws:iam::444455556666:role/data"));
    assert!(found.disable_session_tags);
    assert_eq!(found.policy.as_deref(), Some(r#"{"Version":"2012-10-17","Statement":[]}"#));
    let tags: Vec<(&str, &str)> = found.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(tags, [("stage", "prod"), ("team", "shop")]);
    play.see("checkout/web is associated").await;
    play.leave().await;
}
