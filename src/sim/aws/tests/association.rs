use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Setup, setup};

const ALL: &str = "/clusters/acme/pod-identity-associations";
const PODS: &str = "arn:aws:iam::111122223333:role/pods";

async fn create(setup: &Setup, service_account: &str, more: Value) -> super::Answer {
    let mut body = json!({ "namespace": "shop", "serviceAccount": service_account, "roleArn": PODS });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    setup.eks("POST", ALL, body).await
}

fn id(answer: &super::Answer) -> String {
    answer.json()["association"]["associationId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_created_association_is_described_with_every_field() {
    let setup = setup();
    let more = json!({ "targetRoleArn": "arn:aws:iam::999999999999:role/there", "tags": { "team": "shop" } });
    let created = create(&setup, "cart", more).await;
    assert_eq!(created.status, 200, "{}", created.text);
    let id = id(&created);
    assert!(id.starts_with("a-") && id.len() == 19);
    let described = setup.eks("GET", &format!("{ALL}/{id}"), Value::Null).await.json();
    let association = &described["association"];
    assert_eq!(
        association["associationArn"],
        format!("arn:aws:eks:eu-west-1:111122223333:podidentityassociation/acme/{id}")
    );
    assert_eq!(association["externalId"], "eu-west-1/111122223333/acme/shop/cart");
    assert_eq!(association["tags"], json!({ "team": "shop" }));
    assert_eq!(association["disableSessionTags"], false);
    assert!(association["createdAt"].is_number());
}

#[tokio::test]
async fn lists_come_in_pages_of_a_hundred_without_roles() {
    let setup = setup();
    for number in 0..205 {
        create(&setup, &format!("sa-{number}"), json!({})).await;
    }
    let mut path = ALL.to_owned();
    let mut sizes = Vec::new();
    loop {
        let page = setup.eks("GET", &path, Value::Null).await.json();
        let items = page["associations"].as_array().unwrap();
        assert!(items.iter().all(|item| item.get("roleArn").is_none()));
        sizes.push(items.len());
        let Some(next) = page["nextToken"].as_str() else {
            break;
        };
        path = format!("{ALL}?nextToken={next}");
    }
    assert_eq!(sizes, [100, 100, 5]);
    let filtered = setup.eks("GET", &format!("{ALL}?namespace=shop&serviceAccount=sa-7"), Value::Null).await.json();
    assert_eq!(filtered["associations"].as_array().unwrap().len(), 1);
    assert_eq!(
        setup.eks("GET", &format!("{ALL}?nextToken=bogus"), Value::Null).await.code,
        "InvalidParameterException"
    );
}

#[tokio::test]
async fn a_second_association_of_a_service_account_is_refused() {
    let setup = setup();
    let first = id(&create(&setup, "cart", json!({})).await);
    let second = create(&setup, "cart", json!({})).await;
    assert_eq!((second.status, second.code.as_str()), (409, "ResourceInUseException"));
    assert_eq!(second.json()["message"], format!("Association already exists: {first}"));
}

#[tokio::test]
async fn the_same_token_creates_once() {
    let setup = setup();
    let token = json!({ "clientRequestToken": "t1" });
    let first = create(&setup, "cart", token.clone()).await;
    let again = create(&setup, "cart", token.clone()).await;
    assert_eq!((again.status, id(&again)), (200, id(&first)));
    let other = create(&setup, "basket", token).await;
    assert_eq!(other.code, "InvalidParameterException");
}

#[tokio::test]
async fn the_same_token_updates_once_and_another_request_with_it_is_refused() {
    let setup = setup();
    let path = format!("{ALL}/{}", id(&create(&setup, "cart", json!({})).await));
    let change = json!({ "disableSessionTags": true, "clientRequestToken": "t2" });
    let first = setup.eks("POST", &path, change.clone()).await.json();
    setup.clock.advance(SignedDuration::from_secs(60));
    assert_eq!(setup.eks("POST", &path, change).await.json(), first, "not even the time of the change moves");
    let other = json!({ "disableSessionTags": false, "clientRequestToken": "t2" });
    assert_eq!(setup.eks("POST", &path, other).await.code, "InvalidParameterException");
}

#[tokio::test]
async fn the_role_is_validated_on_create() {
    let setup = setup();
    let refusals = [
        ("arn:aws:iam::111122223333:role/nodes", "Trust policy of the role provided is invalid"),
        ("arn:aws:iam::111122223333:role/none", "Role provided in the request does not exist."),
        ("arn:aws:iam::999999999999:role/pods", "Cross-account pass role is not allowed."),
        ("pods", "Invalid role ARN: pods"),
    ];
    for (role, sentence) in refusals {
        let refused = create(&setup, "cart", json!({ "roleArn": role })).await;
        assert_eq!((refused.status, refused.code.as_str()), (400, "InvalidParameterException"));
        assert!(refused.json()["message"].as_str().unwrap().starts_with(sentence), "{}", refused.text);
    }
}

#[tokio::test]
async fn a_session_policy_needs_disabled_tags_and_2048_characters() {
    let setup = setup();
    let policy = r#"{"Version":"2012-10-17","Statement":[]}"#;
    let tagged = create(&setup, "cart", json!({ "policy": policy })).await;
    assert_eq!(tagged.code, "InvalidParameterException");
    let long = format!("{}{}", policy, " ".repeat(2048));
    let long = create(&setup, "cart", json!({ "policy": long, "disableSessionTags": true })).await;
    assert_eq!(long.code, "InvalidParameterException");
    let fine = create(&setup, "cart", json!({ "policy": policy, "disableSessionTags": true })).await;
    assert_eq!(fine.json()["association"]["policy"], policy);
}

#[tokio::test]
async fn a_role_that_iam_has_just_created_is_not_known_yet() {
    let setup = setup();
    setup.account.with(|state| state.delays.iam = SignedDuration::from_secs(5));
    let form = format!(
        "Action=CreateRole&Version=2010-05-08&RoleName=fresh&AssumeRolePolicyDocument={}",
        crate::sim::aws::query::encode(super::POD_TRUST)
    );
    assert_eq!(setup.query("iam", &form).await.status, 200);
    let fresh = json!({ "roleArn": "arn:aws:iam::111122223333:role/fresh" });
    assert_eq!(create(&setup, "cart", fresh.clone()).await.code, "InvalidParameterException");
    setup.clock.advance(SignedDuration::from_secs(6));
    assert_eq!(create(&setup, "cart", fresh).await.status, 200);
}

#[tokio::test]
async fn the_quota_is_enforced() {
    let setup = setup();
    setup.account.with(|state| state.association_quota = 1);
    create(&setup, "one", json!({})).await;
    assert_eq!(create(&setup, "two", json!({})).await.code, "ResourceLimitExceededException");
}

#[tokio::test]
async fn updates_change_role_and_time_and_need_a_change() {
    let setup = setup();
    let id = id(&create(&setup, "cart", json!({})).await);
    let path = format!("{ALL}/{id}");
    assert_eq!(setup.eks("POST", &path, json!({})).await.code, "InvalidParameterException");
    setup.clock.advance(SignedDuration::from_secs(60));
    let updated = setup.eks("POST", &path, json!({ "disableSessionTags": true })).await.json();
    let association = &updated["association"];
    assert_eq!(association["disableSessionTags"], true);
    assert!(association["modifiedAt"].as_f64() > association["createdAt"].as_f64());
}

#[tokio::test]
async fn a_deleted_association_lingers_for_the_delay() {
    let setup = setup();
    setup.account.with(|state| state.delays.eks = SignedDuration::from_secs(5));
    let gone = id(&create(&setup, "cart", json!({})).await);
    setup.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(setup.eks("DELETE", &format!("{ALL}/{gone}"), Value::Null).await.status, 200);
    assert_eq!(create(&setup, "cart", json!({})).await.code, "ResourceInUseException");
    setup.clock.advance(SignedDuration::from_secs(10));
    assert_eq!(setup.eks("GET", &format!("{ALL}/{gone}"), Value::Null).await.code, "ResourceNotFoundException");
    assert_eq!(create(&setup, "cart", json!({})).await.status, 200);
}

#[tokio::test]
async fn the_webhook_learns_of_an_association_late() {
    let setup = setup();
    setup.account.with(|state| state.delays.webhook = SignedDuration::from_secs(2));
    let id = id(&create(&setup, "cart", json!({})).await);
    assert!(!setup.account.has_webhook_entry("shop", "cart"));
    setup.clock.advance(SignedDuration::from_secs(3));
    assert!(setup.account.has_webhook_entry("shop", "cart"));
    setup.eks("DELETE", &format!("{ALL}/{id}"), Value::Null).await;
    assert!(setup.account.has_webhook_entry("shop", "cart"));
    setup.clock.advance(SignedDuration::from_secs(3));
    assert!(!setup.account.has_webhook_entry("shop", "cart"));
}

#[tokio::test]
async fn associations_of_an_add_on_name_their_owner_and_go_with_it() {
    let setup = setup();
    let addons = "/clusters/acme/addons";
    let body = json!({
        "addonName": "aws-ebs-csi-driver",
        "podIdentityAssociations": [{ "serviceAccount": "ebs-csi-controller-sa", "roleArn": PODS }],
    });
    let addon = setup.eks("POST", addons, body).await.json()["addon"].clone();
    assert_eq!(addon["status"], "CREATING");
    let listed = setup.eks("GET", ALL, Value::Null).await.json();
    assert_eq!(listed["associations"][0]["ownerArn"], addon["addonArn"]);
    assert_eq!(listed["associations"][0]["associationArn"], addon["podIdentityAssociations"][0]);
    setup.eks("DELETE", &format!("{addons}/aws-ebs-csi-driver"), Value::Null).await;
    assert_eq!(setup.eks("GET", ALL, Value::Null).await.json()["associations"], json!([]));
}
