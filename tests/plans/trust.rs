//! Edits of trust policies against an IAM without compare-and-swap whose reads are late.

use jiff::SignedDuration;
use rolecall::{
    domain::{
        failure::FailureKind,
        inventory::Inventory,
        plan::{
            Call, Plan,
            trust::{Narrow, TrustEdit, TrustRequest, plan},
        },
    },
    sim::fault::Fault,
};

use crate::bench::{Bench, arn, sa, start};

const PRICING: &str = "acme-checkout-pricing";

fn planned(inventory: &Inventory, role: &str, edits: Vec<TrustEdit>) -> Plan {
    let plan = plan(inventory, &TrustRequest { role_arn: arn(role), edits }, start()).unwrap();
    assert_eq!(plan.refusal(), None);
    plan
}

fn admit(inventory: &Inventory, account: &str) -> Plan {
    planned(inventory, PRICING, vec![TrustEdit::AdmitIrsa(sa(account))])
}

fn back(plan: &Plan) -> Plan {
    let mut back = plan.clone();
    for step in &mut back.steps {
        if let Call::UpdateAssumeRolePolicy { before, after, .. } = &mut step.call {
            std::mem::swap(before, after);
        }
    }
    back
}

fn fault(bench: &Bench, text: &str) {
    bench.world.faults.add(text.parse::<Fault>().unwrap());
}

#[tokio::test(start_paused = true)]
async fn two_edits_of_a_role_are_one_write_and_the_inverse_brings_every_byte_back() {
    let bench = Bench::demo().await;
    let before = bench.trust(PRICING);
    let edits = vec![TrustEdit::AdmitIrsa(sa("checkout/web")), TrustEdit::AdmitIrsa(sa("search/crawler"))];
    let plan = planned(&bench.look().await, PRICING, edits);
    bench.perform(&plan).await.unwrap();
    assert_eq!(bench.changes(), ["iam:UpdateAssumeRolePolicy"]);
    let after = bench.trust(PRICING);
    assert_eq!(
        after,
        before.replace(
            "\"system:serviceaccount:checkout:pricing\"",
            "[\"system:serviceaccount:checkout:pricing\",\"system:serviceaccount:checkout:web\",\"system:serviceaccount:search:crawler\"]"
        )
    );
    bench.perform(&back(&plan)).await.unwrap();
    assert_eq!(bench.trust(PRICING), before);
}

#[tokio::test(start_paused = true)]
async fn an_edit_of_somebody_else_between_plan_and_step_is_not_overwritten_but_shown() {
    let bench = Bench::demo().await;
    let plan = admit(&bench.look().await, "checkout/web");
    let theirs = bench.trust(PRICING).replace("checkout:pricing", "checkout:pricing-v2");
    bench.write_trust(PRICING, &theirs);
    let failure = bench.perform(&plan).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert_eq!(failure.why, "somebody changed it since the plan was made");
    let difference = failure.difference.unwrap();
    let marked: Vec<&str> =
        difference.lines().filter(|line| line.starts_with(['-', '+'])).map(|line| line.trim_end()).collect();
    assert_eq!(marked.len(), 2, "{difference}");
    assert!(marked[0].contains("checkout:pricing\""), "{difference}");
    assert!(marked[1].contains("checkout:pricing-v2\""), "{difference}");
    assert_eq!((bench.trust(PRICING), bench.changes()), (theirs, Vec::new()));
}

#[tokio::test(start_paused = true)]
async fn an_edit_that_somebody_else_made_just_so_is_not_written_again() {
    let bench = Bench::demo().await;
    let plan = admit(&bench.look().await, "checkout/web");
    let Call::UpdateAssumeRolePolicy { after, .. } = &plan.steps[0].call else { panic!() };
    bench.write_trust(PRICING, after);
    bench.perform(&plan).await.unwrap();
    assert_eq!(bench.changes(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn while_iam_reads_are_late_the_next_edit_starts_from_the_last_bytes_written() {
    let bench = Bench::demo().await;
    let mut inventory = bench.look().await;
    // Longer than anybody waits for one write to be returned.
    bench.world.aws.with(|state| state.delays.iam = SignedDuration::from_secs(40));
    let first = admit(&inventory, "checkout/web");
    bench.perform(&first).await.unwrap();
    let Call::UpdateAssumeRolePolicy { before, after, .. } = first.steps[0].call.clone() else { panic!() };
    // What the explorer does with every write; IAM itself still tells the old text.
    let written = rolecall::domain::role::Written {
        before: before.as_str().into(),
        after: after.as_str().into(),
        at: bench.clock.now(),
    };
    let change = rolecall::domain::change::Change::TrustWritten(PRICING.into(), written);
    inventory.apply(vec![change], bench.clock.now());
    let second = admit(&inventory, "search/crawler");
    bench.perform(&second).await.unwrap();
    let text = bench.trust(PRICING);
    for account in ["checkout:pricing", "checkout:web", "search:crawler"] {
        assert!(text.contains(account), "{account}: {text}");
    }
    assert_eq!(bench.changes().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_plan_made_from_a_late_read_never_takes_back_what_was_written_from_here() {
    let bench = Bench::demo().await;
    let stale = bench.look().await;
    bench.world.aws.with(|state| state.delays.iam = SignedDuration::from_secs(40));
    bench.perform(&admit(&stale, "checkout/web")).await.unwrap();
    // This one does not know of the first write, and IAM still returns what both started from.
    let failure = bench.perform(&admit(&stale, "search/crawler")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert!(bench.trust(PRICING).contains("checkout:web"));
    assert_eq!(bench.changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_lost_is_no_failure_where_the_write_arrived() {
    let bench = Bench::demo().await;
    let plan = admit(&bench.look().await, "checkout/web");
    let Call::UpdateAssumeRolePolicy { after, .. } = &plan.steps[0].call else { panic!() };
    fault(&bench, "iam:UpdateAssumeRolePolicy=500");
    // Three attempts fail and nothing has arrived: the step failed.
    assert_eq!(bench.perform(&plan).await.unwrap_err().kind, FailureKind::Server);
    assert!(!bench.trust(PRICING).contains("checkout:web"));
    bench.write_trust(PRICING, after);
    bench.perform(&plan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn throttling_is_waited_out_and_expired_credentials_write_nothing() {
    let bench = Bench::demo().await;
    let plan = admit(&bench.look().await, "checkout/web");
    fault(&bench, "iam:*=expired@2");
    assert_eq!(bench.perform(&plan).await.unwrap_err().kind, FailureKind::Credentials);
    bench.world.faults.clear();
    fault(&bench, "iam:UpdateAssumeRolePolicy=throttle@2");
    bench.perform(&plan).await.unwrap();
    assert!(bench.trust(PRICING).contains("checkout:web"));
}

#[tokio::test(start_paused = true)]
async fn a_policy_that_iam_refuses_as_too_long_names_the_quota() {
    let bench = Bench::demo().await;
    let inventory = bench.look().await;
    bench.world.aws.with(|state| state.trust_quota = 100);
    let failure = bench.perform(&admit(&inventory, "checkout/web")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Invalid);
    assert!(failure.next.contains("L-C07B4B0D"), "{failure}");
}

#[tokio::test(start_paused = true)]
async fn a_role_that_is_gone_stops_the_plan() {
    let bench = Bench::demo().await;
    let plan = admit(&bench.look().await, "checkout/web");
    let now = bench.world.clock.now();
    bench.world.aws.with(|state| state.roles.get_mut(PRICING).unwrap().set(None, now));
    assert_eq!(bench.perform(&plan).await.unwrap_err().kind, FailureKind::NotFound);
}

#[tokio::test(start_paused = true)]
async fn the_missing_tag_session_of_the_demo_is_the_whole_edit() {
    let bench = Bench::demo().await;
    let before = bench.trust("acme-payments-refunds");
    let edit = TrustEdit::AdmitPodIdentity {
        service_account: sa("payments/refunds"),
        session_tags: true,
        narrow: Narrow::Cluster,
    };
    bench.perform(&planned(&bench.look().await, "acme-payments-refunds", vec![edit])).await.unwrap();
    let wanted = before.replace("\"sts:AssumeRole\"", "[\"sts:AssumeRole\",\"sts:TagSession\"]");
    assert_eq!(bench.trust("acme-payments-refunds"), wanted);
}

#[tokio::test(start_paused = true)]
async fn what_another_process_wrote_is_known_from_the_journal_while_iam_reads_are_late() {
    let bench = Bench::demo().await;
    let stale = bench.look().await;
    bench.world.aws.with(|state| state.delays.iam = SignedDuration::from_secs(40));
    bench.perform(&admit(&stale, "checkout/web")).await.unwrap();
    // Another process remembers nothing, and IAM still tells it the text from before the first write.
    let mut other = bench;
    other.performer.memory = rolecall::runtime::perform::Memory::default();
    let failure = other.perform(&admit(&stale, "search/crawler")).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict, "{failure}");
    let mut inventory = other.look().await;
    inventory.recall(&other.performer.journal.history().unwrap(), other.clock.now());
    other.performer.memory = rolecall::runtime::perform::Memory::default();
    other.perform(&admit(&inventory, "search/crawler")).await.unwrap();
    let text = other.trust(PRICING);
    for account in ["checkout:pricing", "checkout:web", "search:crawler"] {
        assert!(text.contains(account), "{account}: {text}");
    }
    // A minute later IAM is believed: somebody wrote the old text.
    let later = other.clock.now().checked_add(SignedDuration::from_secs(120)).unwrap();
    assert!(other.performer.journal.history().unwrap().written(later).is_empty());
}
