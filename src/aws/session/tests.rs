use super::*;
use crate::aws::{
    NewAssociation,
    tests::{json_error, session},
};
use crate::domain::{fact::Fact, id::ServiceAccountId, role::Role};

fn roles(names: &[&str], marker: Option<&str>) -> String {
    let member = |name: &&str| {
        format!(
            "<member><Path>/team/</Path><RoleName>{name}</RoleName><RoleId>AROA</RoleId>\
             <Arn>arn:aws:iam::111122223333:role/team/{name}</Arn><CreateDate>2026-01-01T00:00:00Z</CreateDate>\
             <AssumeRolePolicyDocument>%7B%22Version%22%3A%222012-10-17%22%2C%22Statement%22%3A%5B%5D%7D</AssumeRolePolicyDocument>\
             <MaxSessionDuration>3600</MaxSessionDuration></member>"
        )
    };
    let members: String = names.iter().map(member).collect();
    let more = marker.map_or_else(
        || "<IsTruncated>false</IsTruncated>".to_owned(),
        |marker| format!("<IsTruncated>true</IsTruncated><Marker>{marker}</Marker>"),
    );
    format!("<ListRolesResponse><ListRolesResult><Roles>{members}</Roles>{more}</ListRolesResult></ListRolesResponse>")
}

#[tokio::test]
async fn roles_come_from_all_pages_with_their_decoded_trust() {
    let (session, log) = session(|asked| {
        let body = if asked.body.contains("Marker=m2") { roles(&["b"], None) } else { roles(&["a"], Some("m2")) };
        (200, &[], body)
    });
    let all: Vec<Role> = session.roles().await.unwrap();
    let names: Vec<&str> = all.iter().map(|role| role.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    assert_eq!(&*all[0].trust.text, r#"{"Version":"2012-10-17","Statement":[]}"#);
    assert_eq!(all[0].arn.as_str(), "arn:aws:iam::111122223333:role/team/a");
    assert_eq!(all[0].max_session_seconds, Some(3600));
    assert_eq!(all[0].tags, None);
    let log = log.lock().unwrap();
    assert!(log[0].body.contains("MaxItems=1000"), "{}", log[0].body);
    assert_eq!(session.calls(), 2);
}

#[tokio::test]
async fn associations_come_from_all_pages_and_never_loop() {
    let (session, log) = session(|asked| {
        let id = if asked.path.contains("nextToken=t1") { "a-2" } else { "a-1" };
        let body = serde_json::json!({"nextToken": "t1", "associations": [{
            "clusterName": "acme", "namespace": "shop", "serviceAccount": "api", "associationId": id,
            "associationArn": format!("arn:aws:eks:eu-west-1:1:podidentityassociation/acme/{id}"), "ownerArn": ""
        }]});
        (200, &[], body.to_string())
    });
    let all = session.associations(&"acme".into()).await.unwrap();
    let ids: Vec<&str> = all.iter().map(|association| association.id.as_str()).collect();
    assert_eq!(ids, ["a-1", "a-2"], "a server that repeats its token does not hold us forever");
    assert_eq!(all[0].owner_arn, None);
    assert_eq!(all[0].detail, Fact::Loading);
    assert!(log.lock().unwrap()[0].path.contains("maxResults=100"));
}

#[tokio::test]
async fn an_association_carries_every_field() {
    let (session, _) = session(|_| {
        let body = serde_json::json!({"association": {
            "clusterName": "acme", "namespace": "shop", "serviceAccount": "api", "roleArn": "arn:r", "associationArn": "arn:a",
            "associationId": "a-1", "tags": {"k": "v"}, "createdAt": 1_700_000_000.5, "modifiedAt": 1_700_000_001,
            "disableSessionTags": true, "targetRoleArn": "arn:t", "externalId": "x", "policy": "{}", "ownerArn": "arn:addon"
        }});
        (200, &[], body.to_string())
    });
    let association = session.association(&"acme".into(), &"a-1".into()).await.unwrap();
    assert_eq!(association.owner_arn.as_deref(), Some("arn:addon"));
    let detail = association.detail.known().unwrap();
    assert_eq!(detail.role_arn, "arn:r".into());
    assert_eq!(detail.target_role_arn, Some("arn:t".into()));
    assert_eq!(detail.external_id.as_deref(), Some("x"));
    assert_eq!(detail.policy.as_deref(), Some("{}"));
    assert!(detail.disable_session_tags);
    assert_eq!(detail.tags["k"], "v");
    assert_eq!(detail.created_at.unwrap().to_string(), "2023-11-14T22:13:20.5Z");
}

#[tokio::test]
async fn a_create_sends_the_token_and_nothing_that_was_not_asked_for() {
    let (session, log) = session(|_| (200, &[], r#"{"association":{"associationId":"a-9"}}"#.to_owned()));
    let new = NewAssociation::new(ServiceAccountId::new("shop", "api"), "arn:r".into(), "token-1");
    assert_eq!(session.create_association(&"acme".into(), &new).await.unwrap(), "a-9".into());
    let log = log.lock().unwrap();
    assert_eq!(log[0].path, "/clusters/acme/pod-identity-associations");
    assert_eq!(log[0].host, "eks.eu-west-1.amazonaws.com");
    let body: serde_json::Value = serde_json::from_str(&log[0].body).unwrap();
    let expected = serde_json::json!({"namespace": "shop", "serviceAccount": "api", "roleArn": "arn:r", "clientRequestToken": "token-1"});
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_second_association_is_a_conflict_with_its_reason() {
    let headers: &[_] = &[("x-amzn-errortype", "ResourceInUseException")];
    let (session, _) = session(move |_| json_error(409, headers, "Association already exists: a-1"));
    let new = NewAssociation::new(ServiceAccountId::new("shop", "api"), "arn:r".into(), "t");
    let failure = session.create_association(&"acme".into(), &new).await.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Conflict);
    assert_eq!(failure.why, "Association already exists: a-1");
    assert!(failure.next.contains("has an association already"), "{failure}");
}

#[tokio::test]
async fn a_cluster_is_read_whole() {
    let (session, _) = session(|_| {
        let body = serde_json::json!({"cluster": {
            "name": "acme", "arn": "arn:aws:eks:eu-west-1:111122223333:cluster/acme", "version": "1.34", "platformVersion": "eks.12",
            "endpoint": "https://ABC.gr7.eu-west-1.eks.amazonaws.com", "certificateAuthority": {"data": "QUJD"},
            "identity": {"oidc": {"issuer": "https://oidc.eks.eu-west-1.amazonaws.com/id/ABC"}},
            "kubernetesNetworkConfig": {"ipFamily": "ipv6"}, "resourcesVpcConfig": {"endpointPublicAccess": false},
            "computeConfig": {"enabled": true, "nodeRoleArn": "arn:n"}
        }});
        (200, &[], body.to_string())
    });
    let cluster = session.cluster(&"acme".into()).await.unwrap();
    assert_eq!(cluster.account().as_str(), "111122223333");
    assert_eq!(cluster.issuer_path(), Some("oidc.eks.eu-west-1.amazonaws.com/id/ABC"));
    assert!(cluster.ipv6 && cluster.auto_mode && !cluster.public_endpoint);
    assert_eq!(cluster.auto_node_role_arn.as_deref(), Some("arn:n"));
    assert_eq!(cluster.certificate_authority.as_deref(), Some("QUJD"));
}

#[tokio::test]
async fn an_instance_that_ec2_does_not_know_is_absent() {
    let body = "<DescribeInstancesResponse><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
        <iamInstanceProfile><arn>arn:p</arn></iamInstanceProfile><metadataOptions><state>applied</state><httpTokens>required</httpTokens>\
        <httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions></item></instancesSet></item></reservationSet></DescribeInstancesResponse>";
    let (session, log) = session(move |_| (200, &[], body.to_owned()));
    let answers = session.instances(&["i-1".into(), "i-2".into()]).await.unwrap();
    let first = answers[0].1.known().unwrap();
    assert_eq!(first.profile_arn.as_deref(), Some("arn:p"));
    assert!(first.metadata.enabled && first.metadata.tokens_required && !first.metadata.pending);
    assert_eq!(first.metadata.hop_limit, 2);
    assert_eq!(answers[1].1, Fact::Absent);
    assert!(log.lock().unwrap()[0].body.contains("Filter.1.Value.2=i-2"));
}

#[test]
fn the_app_name_is_one_that_aws_accepts() {
    assert!(app_name().is_some());
}
