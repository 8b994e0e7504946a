//! Which events count for a role and a service account, by hand.

use pretty_assertions::assert_eq;

use super::*;

fn subject() -> Subject {
    Subject {
        roles: vec!["arn:aws:iam::111122223333:role/team/api".into()],
        account: Some(ServiceAccountId::new("shop", "api")),
        association: Some("a-1".to_owned()),
        policies: BTreeSet::from(["arn:aws:iam::111122223333:policy/own".to_owned()]),
    }
}

fn event(name: &str, parameters: &[(&str, &str)], error: Option<&str>) -> Event {
    Event {
        id: "e".to_owned(),
        at: Timestamp::UNIX_EPOCH,
        name: name.to_owned(),
        caller: None,
        from: None,
        error: error.map(|code| (code.to_owned(), String::new())),
        parameters: parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
    }
}

#[test]
fn events_count_where_they_name_the_role_the_account_or_its_policies() {
    let role = ("roleArn", "arn:aws:iam::111122223333:role/team/api");
    for (name, parameters, error, counts) in [
        ("UpdateAssumeRolePolicy", vec![("roleName", "api")], None, true),
        ("UpdateAssumeRolePolicy", vec![("roleName", "other")], None, false),
        ("GetRole", vec![("roleName", "api")], None, false),
        ("CreatePolicyVersion", vec![("policyArn", "arn:aws:iam::111122223333:policy/own")], None, true),
        ("CreatePolicyVersion", vec![("policyArn", "arn:aws:iam::111122223333:policy/other")], None, false),
        ("CreatePodIdentityAssociation", vec![("namespace", "shop"), ("serviceAccount", "api")], None, true),
        ("CreatePodIdentityAssociation", vec![("namespace", "shop"), ("serviceAccount", "web")], None, false),
        ("DeletePodIdentityAssociation", vec![("name", "acme"), ("associationId", "a-1")], None, true),
        ("DeletePodIdentityAssociation", vec![("name", "acme"), ("associationId", "a-2")], None, false),
        ("AssumeRoleWithWebIdentity", vec![role], Some("AccessDenied"), true),
        ("AssumeRoleWithWebIdentity", vec![role], None, false),
        ("AssumeRoleForPodIdentity", vec![("clusterName", "acme")], Some("AccessDeniedException"), true),
    ] {
        assert_eq!(subject().concerns(&event(name, &parameters, error)), counts, "{name} {parameters:?}");
    }
}

#[test]
fn edits_are_looked_for_where_their_services_keep_them() {
    let now = Timestamp::UNIX_EPOCH + EDITS;
    let lookups = subject().edits(now);
    let global: Vec<&By> = lookups.iter().filter(|one| one.place == Place::Global).map(|one| &one.by).collect();
    assert_eq!(global[0], &By::Resource("api".to_owned()));
    assert_eq!(lookups.len(), 6, "one for the role, two for its policies, three for associations");
    assert!(lookups.iter().all(|one| one.from == Timestamp::UNIX_EPOCH && one.to == now));
    assert_eq!(budget(&lookups), "6 requests to CloudTrail at 2 a second: about 3 s, more where there are many events");
    assert_eq!(subject().attempts(now).len(), 2);
}
