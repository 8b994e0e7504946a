//! Rules of identity-resolution that no other test is named after, one test each; the table of all rules and their
//! tests is `tests/identities/RULES.md`.

use std::collections::BTreeMap;

use super::world::*;
use crate::domain::{
    association::AssociationDetail,
    change::Change,
    cluster::Cluster,
    fact::Fact,
    identity::{Identity, Mechanism, State, Verdict},
    version::Version,
    workload::{Container, ContainerKind, TokenVolume},
};

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "ABCD"), ("AWS_SECRET_ACCESS_KEY", "x")];

fn messages(identity: &Identity) -> String {
    identity.reasons.iter().map(|reason| reason.message.as_str()).collect::<Vec<_>>().join(" ")
}

/// A pod with these variables beside those of IRSA.
fn irsa_with(variables: &[(&str, &str)]) -> Container {
    let token = format!("{IRSA_TOKEN}/token");
    let role = arn("web");
    let pair = [("AWS_ROLE_ARN", role.as_str()), ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str())];
    container("app", &[&pair, variables].concat(), &[("aws-iam-token", IRSA_TOKEN)])
}

fn annotated() -> World {
    let mut world = World::new();
    world.role("web", &irsa_trust("shop:web"));
    world.role("other", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    world
}

fn associated() -> World {
    let mut world = World::new();
    world.role("web", &good_pod_trust());
    world.role("other", &good_pod_trust());
    world.account("shop/web", None);
    world.associate("shop/web", "web");
    world
}

/// 0.1, step 3.
#[test]
fn the_irsa_role_of_a_running_container_is_that_of_its_environment_whatever_the_annotation_says_today() {
    let mut world = annotated();
    world.pod("shop/web-1", "web", vec![irsa("app", "other")]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("other")));
    assert_eq!(world.next_of("shop/web-1").role_arn, Some(arn("web")));
}

/// 0.1, step 4.
#[test]
fn the_pod_identity_role_of_a_running_container_is_the_one_that_the_association_names_now() {
    let mut world = associated();
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    let long_ago = ago(jiff::SignedDuration::from_hours(240));
    let detail = AssociationDetail { role_arn: arn("other"), ..detail(long_ago) };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("other")));
}

/// 0.1: present and not winning.
#[test]
fn every_level_that_is_present_and_does_not_win_is_shadowed() {
    let mut world = annotated();
    world.node("n1", options(false, 2));
    let mut variables = KEYS.to_vec();
    variables.push(("AWS_PROFILE", "dev"));
    variables.extend(pod_identity_variables());
    world.pod("shop/web-1", "web", vec![irsa_with(&variables)]);
    let now = world.now_of("shop/web-1");
    assert_eq!(now.mechanism, Mechanism::StaticKeys);
    assert_eq!(now.shadowed, [Mechanism::Profile, Mechanism::Irsa, Mechanism::PodIdentity, Mechanism::NodeRole]);
}

/// 0.1: a broken winner is not the next level.
#[test]
fn a_broken_winner_stays_the_winner() {
    let mut world = annotated();
    world.node("n1", options(false, 2));
    world.role("web", &irsa_trust("shop:other"));
    world.pod("shop/web-1", "web", vec![irsa_with(&pod_identity_variables())]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::Irsa, Verdict::Broken));
}

/// 0.2: the region and STS variables that came with an injected pair go with it.
#[test]
fn region_and_endpoint_variables_that_were_injected_do_not_count_as_pre_set() {
    let mut world = annotated();
    world.associate("shop/web", "other");
    world.role("other", &good_pod_trust());
    let file = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token";
    // The template sets half of the other pair; only a container that counts as touched gets the mount.
    let injected = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", file),
        ("AWS_REGION", "eu-west-1"),
        ("AWS_STS_REGIONAL_ENDPOINTS", "regional"),
    ];
    world.pod("shop/web-1", "web", vec![container("app", &injected, &[("eks-pod-identity-token", POD_TOKEN)])]);
    assert_eq!((world.next_of("shop/web-1").mechanism, world.state("shop/web-1")), (Mechanism::PodIdentity, State::Ok));
}

/// 0.2, the decision table, its last line.
#[test]
fn without_association_and_annotation_the_next_pod_gets_what_its_node_gives() {
    let mut world = World::new();
    world.account("shop/web", None);
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::None);
    world.node("n1", options(true, 2));
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::NodeRole);
}

/// 1.3: the audience is the annotation's for IRSA and a fixed one for Pod Identity.
#[test]
fn the_audience_annotation_counts_for_irsa_and_means_nothing_to_pod_identity() {
    let with_audience = |world: &mut World, role: Option<&str>| {
        let mut found = account("shop/web", role.map(arn));
        found.audience = Some("vault".into());
        world.apply(vec![Change::ServiceAccount(found)]);
    };
    let mut world = annotated();
    with_audience(&mut world, Some("web"));
    world.pod("shop/web-1", "web", vec![plain("app")]);
    let next = world.next_of("shop/web-1");
    assert_eq!((next.verdict, next.reasons[0].code), (Verdict::Broken, Some("IRSA-AUDIENCE")));
    let mut world = associated();
    with_audience(&mut world, None);
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert_eq!(world.next_of("shop/web-1").verdict, Verdict::Ok);
}

/// 1.3: init containers, so native sidecars too.
#[test]
fn init_containers_and_sidecars_are_given_the_identity_like_containers() {
    let mut world = associated();
    let kinds = [ContainerKind::Init, ContainerKind::Sidecar, ContainerKind::Container];
    let containers = kinds.iter().map(|kind| of_kind(*kind, plain(&format!("{kind:?}").to_lowercase())));
    world.pod("shop/web-1", "web", containers.collect());
    let found = world.found("shop/web-1");
    assert!(found.containers.iter().all(|answer| answer.next.mechanism == Mechanism::PodIdentity), "{found:?}");
}

/// A container whose template sets the token file of Pod Identity where the webhook mounts it.
fn half_preset(more: &[(&str, &str)]) -> Container {
    container("app", &[&pod_identity_variables()[..], more].concat(), &[])
}

/// 1.4: with one region key and the STS variable pre-set too, not even the mount is added.
#[test]
fn a_pre_set_pair_gets_the_token_mounted_unless_region_and_endpoints_are_pre_set_too() {
    let verdict = |more: &[(&str, &str)]| {
        let mut world = associated();
        world.pod("shop/web-1", "web", vec![half_preset(more)]);
        world.next_of("shop/web-1").verdict
    };
    assert_eq!(verdict(&[]), Verdict::Ok, "the volume and the mount are still added");
    assert_eq!(verdict(&[("AWS_DEFAULT_REGION", "eu-west-1")]), Verdict::Ok);
    let both = [("AWS_REGION", "eu-west-1"), ("AWS_STS_REGIONAL_ENDPOINTS", "legacy")];
    assert_eq!(verdict(&both), Verdict::Broken, "nothing is mounted where the variable points");
}

/// 1.4: an existing volume of the injected name is reused with whatever audience it has.
#[test]
fn a_volume_of_the_injected_name_in_the_template_keeps_its_own_audience() {
    let mut world = annotated();
    let copied = TokenVolume { name: "aws-iam-token".into(), path: "token".into(), audience: Some("vault".into()) };
    world.put(with_spec(pod("shop/web-1", "web", "n1", vec![plain("app")]), |spec| spec.token_volumes.push(copied)));
    let next = world.next_of("shop/web-1");
    assert_eq!((next.verdict, next.reasons[0].code), (Verdict::Broken, Some("IRSA-AUDIENCE")));
}

/// 1.5: the role is injected verbatim, whatever it looks like.
#[test]
fn an_annotation_that_is_no_role_arn_is_injected_verbatim_and_breaks_there() {
    let mut world = World::new();
    let found = account("shop/web", Some("just-a-name".into()));
    world.apply(vec![Change::ServiceAccount(found)]);
    world.pod("shop/web-1", "web", vec![plain("app")]);
    let next = world.next_of("shop/web-1");
    assert_eq!(next.role_arn.as_ref().map(|role| role.as_str()), Some("just-a-name"));
    assert_eq!((next.mechanism, next.verdict), (Mechanism::Irsa, Verdict::Broken));
}

/// 1.5: the opt-out is a label; the annotation of that name, and annotations of namespaces, do nothing.
#[test]
fn an_annotation_with_the_name_of_the_skip_label_does_nothing() {
    let mut world = associated();
    let annotations = BTreeMap::from([("eks.amazonaws.com/skip-pod-identity-webhook".into(), "true".into())]);
    let pod = with_spec(pod("shop/web-1", "web", "n1", vec![plain("app")]), |spec| spec.annotations = annotations);
    world.put(pod);
    assert_eq!(world.next_of("shop/web-1").mechanism, Mechanism::PodIdentity);
}

/// 2.2, 2.
#[test]
fn injected_pod_identity_beats_the_node_role() {
    let mut world = associated();
    world.node("n1", options(false, 2));
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.shadowed.as_slice()), (Mechanism::PodIdentity, &[Mechanism::NodeRole][..]));
}

/// 2.3.
#[test]
fn where_sdks_differ_the_ones_that_take_another_level_are_named() {
    let said = |variables: &[(&str, &str)]| {
        let mut world = annotated();
        world.pod("shop/web-1", "web", vec![irsa_with(variables)]);
        messages(world.now_of("shop/web-1"))
    };
    assert!(said(&KEYS).contains(".NET 3 takes the web identity"), "{}", said(&KEYS));
    let profile = said(&[("AWS_PROFILE", "dev")]);
    assert!(profile.contains("JavaScript 3, Rust and C++ take the profile"), "{profile}");
    assert!(profile.contains("Go 2, Java 2 and .NET the web identity"), "{profile}");
    let both = [KEYS[0], KEYS[1], ("AWS_PROFILE", "dev")];
    assert!(said(&both).contains("JavaScript 3 takes the profile"), "{}", said(&both));
    assert!(!said(&[]).contains("SDK"), "{}", said(&[]));
}

/// 2.3: both container URIs.
#[test]
fn with_both_container_addresses_the_relative_one_wins_but_not_in_go() {
    let mut world = World::new();
    let both = [
        ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x"),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
    ];
    world.pod("shop/web-1", "web", vec![container("app", &both, &[])]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.mechanism, now.verdict), (Mechanism::CustomEndpoint, Verdict::Depends));
    assert!(messages(now).contains("Go 2 takes AWS_CONTAINER_CREDENTIALS_FULL_URI"), "{}", messages(now));
}

/// A node of a compute type without an instance that EC2 knows.
fn on_compute(kind: &str, provider: &str) -> World {
    let mut world = World::new();
    let labels = BTreeMap::from([("eks.amazonaws.com/compute-type".into(), kind.into())]);
    world.apply(vec![Change::Node(crate::domain::node::Node {
        name: "special".into(),
        version: Version::default(),
        provider_id: Some(provider.into()),
        labels,
        ready: true,
    })]);
    world.put(pod("shop/web-1", "web", "special", vec![plain("app")]));
    let host = pod("shop/host-1", "web", "special", vec![plain("app")]);
    world.put(with_spec(host, |spec| spec.host_network = true));
    world
}

/// 3.1, 3.5.
#[test]
fn on_fargate_and_on_hybrid_nodes_there_is_no_instance_metadata() {
    for (kind, provider) in
        [("fargate", "aws:///eu-west-1a/1f2e/fargate-ip-1"), ("hybrid", "eks-hybrid:///eu-west-1/acme/special")]
    {
        let world = on_compute(kind, provider);
        for name in ["shop/web-1", "shop/host-1"] {
            assert_eq!(world.now_of(name).mechanism, Mechanism::None, "{kind} {name}: {:?}", world.now_of(name));
        }
    }
}

/// 3.5.
#[test]
fn a_fargate_pod_is_somebody_by_irsa_only_and_an_association_takes_even_that() {
    let mut world = on_compute("fargate", "aws:///eu-west-1a/1f2e/fargate-ip-1");
    world.role("web", &irsa_trust("shop:web"));
    world.account("shop/web", Some("web"));
    assert_eq!(
        (world.next_of("shop/web-1").mechanism, world.next_of("shop/web-1").verdict),
        (Mechanism::Irsa, Verdict::Ok)
    );
    world.role("pi", &good_pod_trust());
    world.associate("shop/web", "pi");
    let next = world.next_of("shop/web-1");
    assert_eq!((next.mechanism, next.verdict), (Mechanism::PodIdentity, Verdict::Broken));
}

/// 3.2: the instance's own options are the truth.
#[test]
fn metadata_options_are_never_presumed_from_the_kind_of_node() {
    let mut world = World::new();
    let managed = [("eks.amazonaws.com/nodegroup", "ng")];
    world.apply(node("n2", &managed, options(true, 1)));
    let denied = Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances")));
    let mut other = World::new();
    other.apply(node("n2", &managed, options(true, 1)).into_iter().take(1).collect());
    other.apply(vec![denied]);
    for world in [&mut world, &mut other] {
        world.put(pod("shop/web-1", "web", "n2", vec![plain("app")]));
    }
    assert_eq!(world.now_of("shop/web-1").mechanism, Mechanism::None);
    assert_eq!(other.now_of("shop/web-1").verdict, Verdict::Unknown);
    assert_eq!(other.now_of("shop/web-1").reasons[0].depends_on, ["ec2:DescribeInstances"]);
}

/// 3.4, 1: the name of a profile is not that of its role.
#[test]
fn the_role_of_an_instance_is_the_one_in_its_profile_whatever_the_profile_is_called() {
    let mut world = World::new();
    world.node("n1", options(false, 2));
    world.pod("shop/web-1", "web", vec![plain("app")]);
    assert_eq!(world.now_of("shop/web-1").role_arn, Some(arn("ng-role")), "its profile is called eks-n1");
}

/// 3.4, 4.
#[test]
fn a_node_of_auto_mode_that_ec2_does_not_tell_has_the_role_of_the_cluster() {
    let mut world = World::new();
    let cluster = Cluster { auto_mode: true, auto_node_role_arn: Some(arn("auto").as_str().into()), ..cluster() };
    world.apply(vec![Change::Cluster(Fact::Known(cluster))]);
    world.apply(
        node("n2", &[("eks.amazonaws.com/compute-type", "auto")], options(true, 2)).into_iter().take(1).collect(),
    );
    world.apply(vec![Change::Instance("i-n2".into(), Fact::Unknown(denied("ec2:DescribeInstances")))]);
    let rows = world.inventory.nodes();
    let row = rows.iter().find(|row| row.name.as_str() == "n2").unwrap();
    assert_eq!((row.role_arn.clone(), row.role_source), (Some(arn("auto")), "cluster"));
}

/// 4.4: the session policy narrows the role, and is shown with it.
#[test]
fn an_association_with_a_session_policy_says_that_it_narrows_the_role() {
    let mut world = associated();
    let long_ago = ago(jiff::SignedDuration::from_hours(240));
    let detail = AssociationDetail {
        role_arn: arn("web"),
        disable_session_tags: true,
        policy: Some(r#"{"Version":"2012-10-17","Statement":[]}"#.into()),
        ..detail(long_ago)
    };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
    let found = world.inventory.findings_of_service_account(&sa("shop/web"));
    assert!(found.iter().any(|finding| finding.code.name == "SESSION-POLICY-NARROWS"), "{found:?}");
}

/// 4.6: with session tags off, no condition on one can hold.
#[test]
fn a_condition_on_a_session_tag_keeps_an_association_without_tags_out() {
    let mut world = associated();
    let tagged = good_pod_trust().replace(
        r#""Action""#,
        r#""Condition":{"StringEquals":{"aws:RequestTag/kubernetes-namespace":"shop"}},"Action""#,
    );
    world.role("web", &tagged);
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!(world.now_of("shop/web-1").verdict, Verdict::Ok, "{:?}", world.now_of("shop/web-1"));
    let long_ago = ago(jiff::SignedDuration::from_hours(240));
    let detail = AssociationDetail { role_arn: arn("web"), disable_session_tags: true, ..detail(long_ago) };
    world.apply(vec![Change::AssociationDetail("a-shop-web".into(), Fact::Known(detail))]);
    let now = world.now_of("shop/web-1");
    assert_eq!((now.verdict, now.reasons[0].code), (Verdict::Broken, Some("PI-TRUST-CONDITION")));
}

/// 4.6: OIDC keys mean nothing to Pod Identity.
#[test]
fn a_condition_on_an_oidc_key_keeps_every_association_out() {
    let mut world = associated();
    let condition =
        format!(r#""Condition":{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:shop:web"}}}},"Action""#);
    world.role("web", &good_pod_trust().replace(r#""Action""#, &condition));
    world.pod("shop/web-1", "web", vec![pod_identity("app")]);
    assert_eq!(world.now_of("shop/web-1").verdict, Verdict::Broken);
}
