//! What an identity may do: IAM's simulator asked with what the session carries, its limits said.

use pretty_assertions::assert_eq;
use rolecall::{
    domain::access::{By, Can, Inquiry, Ruling, inquire},
    runtime::access::{ask, ask_many},
    sim::generate,
};

use super::*;

/// `payments/api` by Pod Identity: reads its own prefix by tag, queues under a condition, nothing else.
const WORLD: &str = r#"
aws:
  policies:
  - { name: queues, document: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "sqs:SendMessage", Resource: "*", Condition: { StringEquals: { "aws:SourceVpce": "vpce-1" } } }] } }
  roles:
  - name: payments-api
    trusts: [pod-identity]
    attached: [queues]
    inline: { own: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::data/${aws:PrincipalTag/kubernetes-namespace}/*" }, { Effect: Deny, Action: "s3:*", Resource: "arn:aws:s3:::data/payments/closed/*" }] } }
  - { name: narrow, trusts: [pod-identity], attached: [AmazonS3FullAccess] }
  - name: tagged
    trusts: [pod-identity]
    tags: { team: shop, kubernetes-namespace: forged }
    inline: { own: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:GetObject", Resource: "arn:aws:s3:::${aws:PrincipalTag/team}/${aws:PrincipalTag/kubernetes-namespace}/*" }, { Effect: Allow, Action: "sqs:SendMessage", Resource: "*", Condition: { StringEquals: { "aws:PrincipalTag/stage": "live" } } }, { Effect: Allow, Action: "sns:Publish", Resource: "*", Condition: { StringLike: { "aws:PrincipalTag/kubernetes-pod-name": "tagged-*" } } }] } }
  associations:
  - { namespace: payments, serviceAccount: api, role: payments-api }
  - { namespace: payments, serviceAccount: tagged, role: tagged }
  - { namespace: payments, serviceAccount: slim, role: narrow, disableSessionTags: true, policy: { Version: "2012-10-17", Statement: [{ Effect: Allow, Action: "s3:ListBucket", Resource: "*" }] } }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: api, namespace: payments }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: slim, namespace: payments }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: tagged, namespace: payments }
"#;

async fn world() -> Bench {
    Bench::over_base(WORLD).await
}

fn inquiry(bench: &Bench, name: &str, action: &str, resource: &str) -> Inquiry {
    let whom = Whom::ServiceAccount(ServiceAccountId::new("payments", name));
    inquire(&bench.inventory, &whom, action, Some(resource), start()).unwrap()
}

async fn may(bench: &Bench, name: &str, action: &str, resource: &str) -> Ruling {
    ask(&bench.session, &inquiry(bench, name, action, resource)).await
}

#[tokio::test(start_paused = true)]
async fn the_simulator_answers_with_the_tags_of_the_session_and_the_statement_is_shown() {
    let bench = world().await;
    let ruling = may(&bench, "api", "s3:GetObject", "arn:aws:s3:::data/payments/k").await;
    assert_eq!((ruling.can, ruling.by), (Can::Yes, By::Simulation), "{ruling:?}");
    let deciding = &ruling.deciding[0];
    assert_eq!(deciding.policy, "own");
    assert!(deciding.statement.as_deref().unwrap().contains("kubernetes-namespace"), "{deciding:?}");
    assert_eq!(may(&bench, "api", "s3:GetObject", "arn:aws:s3:::data/other/k").await.can, Can::No);
    let denied = may(&bench, "api", "s3:GetObject", "arn:aws:s3:::data/payments/closed/k").await;
    assert_eq!(denied.can, Can::No);
    assert!(denied.reasons[0].contains("denies"), "{:?}", denied.reasons);
}

#[tokio::test(start_paused = true)]
async fn what_rests_on_a_key_that_is_not_known_depends_on_it() {
    let bench = world().await;
    let ruling = may(&bench, "api", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q").await;
    assert_eq!(ruling.can, Can::Depends);
    assert_eq!(ruling.depends_on, ["aws:SourceVpce".into()]);
    let reasons = ruling.reasons.join("; ");
    assert!(reasons.contains("with aws:SourceVpce = vpce-1 it is allowed"), "{reasons}");
}

#[tokio::test(start_paused = true)]
async fn tags_of_the_role_are_passed_those_of_the_session_win_and_what_neither_has_is_certainly_absent() {
    let bench = world().await;
    let own = may(&bench, "tagged", "s3:GetObject", "arn:aws:s3:::shop/payments/k").await;
    assert_eq!((own.can, own.by), (Can::Yes, By::Simulation), "{own:?}");
    assert_eq!(may(&bench, "tagged", "s3:GetObject", "arn:aws:s3:::shop/forged/k").await.can, Can::No);
    let queue = "arn:aws:sqs:eu-west-1:111122223333:q";
    let absent = may(&bench, "tagged", "sqs:SendMessage", queue).await;
    assert_eq!((absent.can, absent.depends_on.len()), (Can::No, 0), "no tag `stage`: {absent:?}");
    let topic = "arn:aws:sns:eu-west-1:111122223333:t";
    let pod = may(&bench, "tagged", "sns:Publish", topic).await;
    assert_eq!(pod.depends_on, ["aws:PrincipalTag/kubernetes-pod-name".into()], "a pod will have it: {pod:?}");
    bench.fault("iam:GetRole=denied");
    let unread = may(&bench, "tagged", "sqs:SendMessage", queue).await;
    assert_eq!(unread.depends_on, ["aws:PrincipalTag/stage".into()], "the role may have it: {unread:?}");
}

#[tokio::test(start_paused = true)]
async fn the_keys_that_policies_name_are_asked_for_and_without_that_permission_the_simulators_list_has_to_do() {
    for fault in ["", "iam:GetContextKeysForPrincipalPolicy=denied"] {
        let bench = world().await;
        if !fault.is_empty() {
            bench.fault(fault);
        }
        bench.fault("iam:GetRolePolicy=denied");
        let ruling = may(&bench, "api", "sqs:SendMessage", "arn:aws:sqs:eu-west-1:111122223333:q").await;
        assert_eq!((ruling.can, ruling.by), (Can::Depends, By::Simulation), "{fault}: {ruling:?}");
        let asked = bench.calls().iter().filter(|call| *call == "iam:GetContextKeysForPrincipalPolicy").count();
        assert_eq!(asked, 1, "{fault}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_is_asked_again_only_where_a_tag_of_the_role_decides() {
    let bench = world().await;
    let inquiries =
        ["api", "slim", "tagged"].map(|name| inquiry(&bench, name, "s3:GetObject", "arn:aws:s3:::shop/payments/k"));
    let rulings = ask_many(&bench.session, &inquiries).await;
    let answers: Vec<Can> = rulings.iter().map(|ruling| ruling.can).collect();
    assert_eq!(answers, [Can::No, Can::No, Can::Yes], "{rulings:?}");
    let simulated = bench.calls().iter().filter(|call| *call == "iam:SimulatePrincipalPolicy").count();
    assert_eq!(simulated, 4, "each role once, and `tagged` again with its tags");
}

#[tokio::test(start_paused = true)]
async fn a_session_policy_narrows_what_the_role_allows() {
    let bench = world().await;
    let refused = may(&bench, "slim", "s3:GetObject", "arn:aws:s3:::data/k").await;
    assert_eq!(refused.can, Can::No, "{refused:?}");
    assert!(refused.reasons.iter().any(|reason| reason.starts_with("the session policy")), "{:?}", refused.reasons);
    assert_eq!(may(&bench, "slim", "s3:ListBucket", "arn:aws:s3:::data").await.can, Can::Yes);
}

#[tokio::test(start_paused = true)]
async fn without_the_permission_to_simulate_the_policies_are_read() {
    let bench = world().await;
    bench.fault("iam:SimulatePrincipalPolicy=denied");
    let ruling = may(&bench, "slim", "s3:ListBucket", "arn:aws:s3:::data").await;
    assert_eq!((ruling.can, ruling.by), (Can::Yes, By::Reading), "{ruling:?}");
    bench.fault("iam:*=denied");
    let ruling = may(&bench, "api", "s3:GetObject", "arn:aws:s3:::data/payments/k").await;
    assert_eq!(ruling.can, Can::Unknown, "a missing permission is no denial: {ruling:?}");
}

#[tokio::test(start_paused = true)]
async fn who_may_is_asked_once_for_each_role() {
    let spec = generate::Spec {
        pods: 600,
        namespaces: 20,
        serviceaccounts: 500,
        associations: 300,
        roles: 300,
        nodes: 10,
        seed: 3,
    };
    let bench = Bench::of(World::generate(&spec, start()).unwrap()).await;
    let rows = bench.inventory.service_accounts();
    let ask = |id: &ServiceAccountId| {
        let whom = Whom::ServiceAccount(id.clone());
        inquire(&bench.inventory, &whom, "s3:GetObject", Some("arn:aws:s3:::b/*"), start()).ok()
    };
    let inquiries: Vec<Inquiry> = rows.iter().filter_map(|row| ask(&row.id)).collect();
    let roles: std::collections::BTreeSet<_> = inquiries.iter().map(|inquiry| inquiry.role.clone()).collect();
    assert!(inquiries.len() > 100 && roles.len() > 50, "{} of {} roles", inquiries.len(), roles.len());
    let rulings = ask_many(&bench.session, &inquiries).await;
    assert_eq!(rulings.len(), inquiries.len());
    let simulated = bench.calls().iter().filter(|call| *call == "iam:SimulatePrincipalPolicy").count();
    assert!(simulated <= roles.len(), "{simulated} calls for {} roles", roles.len());
}
