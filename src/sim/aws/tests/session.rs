//! Tokens for sessions: what STS and EKS Auth check, in the words that they refuse with.

use jiff::SignedDuration;
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{POD_TRUST, Setup, role, setup};
use crate::sim::{
    aws::{Association, Keys, Lagging, Provider},
    issuer,
};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/0123";

fn claims(setup: &Setup, audience: &str) -> Value {
    let now = setup.clock.now().as_second();
    json!({
        "iss": format!("https://{ISSUER}"), "aud": [audience], "sub": "system:serviceaccount:shop:cart",
        "iat": now, "nbf": now, "exp": now + 600,
        "kubernetes.io": {"namespace": "shop", "serviceaccount": {"name": "cart"}, "pod": {"name": "cart-1", "uid": "u"}},
    })
}

/// An account with a provider, a role for IRSA and one for Pod Identity.
fn prepared() -> Setup {
    let setup = setup();
    let trust = format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"StringEquals":{{"{ISSUER}:sub":"system:serviceaccount:shop:cart"}}}}}}]}}"#
    );
    let now = setup.clock.now();
    setup.account.with(|state| {
        for (name, trust) in [("irsa", trust.as_str()), ("pods", POD_TRUST)] {
            state.roles.insert(name.to_owned(), Lagging::settled(role(name, trust)));
        }
        let arn = format!("arn:aws:iam::111122223333:oidc-provider/{ISSUER}");
        let provider = Provider {
            url: ISSUER.to_owned(),
            client_ids: vec!["sts.amazonaws.com".to_owned()],
            thumbprints: Vec::new(),
            created_at: now,
            tags: Default::default(),
        };
        state.providers.insert(arn, provider);
        let association = Association {
            id: "a-1".to_owned(),
            namespace: "shop".to_owned(),
            service_account: "cart".to_owned(),
            role_arn: "arn:aws:iam::111122223333:role/pods".to_owned(),
            target_role_arn: None,
            disable_session_tags: false,
            policy: None,
            owner_arn: None,
            tags: Default::default(),
            created_at: now,
            modified_at: now,
        };
        state.associations.insert("a-1".to_owned(), Lagging::settled(association));
    });
    setup
}

async fn web_identity(setup: &Setup, role: &str, token: &str) -> (u16, String, String) {
    let form = format!(
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn={role}&RoleSessionName=test&WebIdentityToken={token}"
    );
    let answer = setup.query("sts", &form).await;
    (answer.status, answer.code, answer.text)
}

const IRSA: &str = "arn:aws:iam::111122223333:role/irsa";

#[tokio::test]
async fn a_good_token_is_a_session_of_the_role() {
    let setup = prepared();
    let token = issuer::sign(&claims(&setup, "sts.amazonaws.com"));
    let (status, _, text) = web_identity(&setup, IRSA, &token).await;
    assert_eq!(status, 200, "{text}");
    assert!(text.contains("<Arn>arn:aws:sts::111122223333:assumed-role/irsa/test</Arn>"), "{text}");
    let call = setup.account.calls().pop().unwrap();
    assert!(!call.mutating && !call.arguments.to_string().contains(&token), "{}", call.arguments);
}

#[tokio::test]
async fn sts_refuses_in_its_own_words() {
    let setup = prepared();
    let good = claims(&setup, "sts.amazonaws.com");
    let changed = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        issuer::sign(&claims)
    };
    let token = issuer::sign(&good);
    let parts = |token: &str| token.split('.').map(str::to_owned).collect::<Vec<_>>();
    let (own, other) = (parts(&token), parts(&changed("sub", json!("system:serviceaccount:shop:admin"))));
    let forged = format!("{}.{}.{}", own[0], other[1], own[2]);
    for (role, token, status, code, words) in [
        ("payments", token.clone(), 400, "ValidationError", "Request ARN is invalid"),
        (IRSA, "no-token".to_owned(), 400, "InvalidIdentityToken", "not a valid JWT"),
        (
            IRSA,
            changed("iss", json!("https://other")),
            400,
            "InvalidIdentityToken",
            "No OpenIDConnect provider found in your account for https://other",
        ),
        (
            "arn:aws:iam::999999999999:role/irsa",
            token.clone(),
            400,
            "InvalidIdentityToken",
            "No OpenIDConnect provider",
        ),
        (IRSA, changed("aud", Value::Null), 400, "InvalidIdentityToken", "Missing a required claim: aud"),
        (IRSA, changed("aud", json!("vault")), 400, "InvalidIdentityToken", "Incorrect token audience"),
        (IRSA, forged, 400, "InvalidIdentityToken", "could not be verified"),
        (IRSA, changed("exp", json!(1)), 400, "ExpiredTokenException", "Token expired"),
        (
            IRSA,
            changed("sub", json!("system:serviceaccount:shop:other")),
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
        (
            "arn:aws:iam::111122223333:role/ghost",
            token.clone(),
            403,
            "AccessDenied",
            "Not authorized to perform sts:AssumeRoleWithWebIdentity",
        ),
    ] {
        let (found, error, text) = web_identity(&setup, role, &token).await;
        assert_eq!((found, error.as_str()), (status, code), "{words}: {text}");
        assert!(text.contains(words), "{words}: {text}");
    }
    setup.account.with(|state| state.keys = Keys::Unreachable);
    let (_, _, text) = web_identity(&setup, IRSA, &token).await;
    assert!(text.contains("retrieve verification key from your identity provider"), "{text}");
}

#[tokio::test]
async fn the_keys_of_another_api_server_can_be_given() {
    let setup = prepared();
    let token = issuer::sign(&claims(&setup, "sts.amazonaws.com"));
    setup.account.with(|state| state.keys = Keys::Of(issuer::from_jwks(&issuer::jwks(&issuer::keys()))));
    assert_eq!(web_identity(&setup, IRSA, &token).await.0, 200);
    setup.account.with(|state| state.keys = Keys::Of(Vec::new()));
    assert_eq!(web_identity(&setup, IRSA, &token).await.1, "InvalidIdentityToken");
}

const POD: &str = "/clusters/acme/assume-role-for-pod-identity";

#[tokio::test]
async fn a_token_bound_to_a_pod_is_a_session_of_its_association() {
    let setup = prepared();
    let token = issuer::sign(&claims(&setup, "pods.eks.amazonaws.com"));
    let answer = setup.rest("eks-auth", "POST", POD, json!({"token": token})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let answer = answer.json();
    assert_eq!(answer["subject"], json!({"namespace": "shop", "serviceAccount": "cart"}));
    assert_eq!(answer["podIdentityAssociation"]["associationId"], "a-1");
    let arn = answer["assumedRoleUser"]["arn"].as_str().unwrap();
    assert!(arn.starts_with("arn:aws:sts::111122223333:assumed-role/pods/eks-acme-cart-1-"), "{arn}");
}

#[tokio::test]
async fn eks_auth_refuses_in_its_own_words() {
    let setup = prepared();
    let good = claims(&setup, "pods.eks.amazonaws.com");
    let changed = |member: &str, value: Value| {
        let mut claims = good.clone();
        claims[member] = value;
        issuer::sign(&claims)
    };
    let unbound = json!({"namespace": "shop", "serviceaccount": {"name": "cart"}});
    let other = json!({"namespace": "shop", "serviceaccount": {"name": "other"}, "pod": {"name": "p", "uid": "u"}});
    for (token, status, code, words) in [
        ("x".to_owned(), 400, "InvalidTokenException", "cannot be parsed"),
        (changed("aud", json!(["sts.amazonaws.com"])), 400, "InvalidTokenException", "is invalid"),
        (changed("exp", json!(1)), 400, "ExpiredTokenException", "The token included in the request is expired"),
        (changed("kubernetes.io", unbound), 400, "InvalidRequestException", "not bound to a pod"),
        (
            changed("kubernetes.io", other),
            404,
            "ResourceNotFoundException",
            "No association found for service account other",
        ),
    ] {
        let answer = setup.rest("eks-auth", "POST", POD, json!({"token": token})).await;
        assert_eq!((answer.status, answer.code.as_str()), (status, code), "{words}: {}", answer.text);
        assert!(answer.text.contains(words), "{words}: {}", answer.text);
    }
    let now = setup.clock.now();
    setup.account.with(|state| {
        let role = state.roles.get_mut("pods").unwrap();
        role.change(now, |role| role.trust = super::EC2_TRUST.to_owned());
    });
    let token = issuer::sign(&good);
    let answer = setup.rest("eks-auth", "POST", POD, json!({"token": token})).await;
    assert_eq!((answer.status, answer.code.as_str()), (400, "AccessDeniedException"));
    assert!(
        answer.text.contains("Unauthorized Exception! EKS does not have permissions to assume the associated role.")
    );
    setup.clock.advance(SignedDuration::from_hours(1));
    let answer = setup.rest("eks-auth", "POST", POD, json!({"token": token})).await;
    assert_eq!(answer.code, "ExpiredTokenException");
}
