//! The account through its transport: what clients send and get.

mod association;
mod iam;
mod rest;
mod session;

use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::Value;
use tower::ServiceExt;

use crate::sim::clock::Clock;
use crate::sim::fault::Faults;
use crate::wire::{BoxError, full};

use super::{Account, Cluster, Lagging, Random, Role, State};

pub(super) const POD_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"pods.eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}"#;
pub(super) const EC2_TRUST: &str = r#"{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}]}"#;

pub(super) struct Answer {
    pub status: u16,
    pub code: String,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

pub(super) fn role(name: &str, trust: &str) -> Role {
    Role {
        path: "/".to_owned(),
        name: name.to_owned(),
        id: format!("AROA{name}"),
        arn: format!("arn:aws:iam::111122223333:role/{name}"),
        trust: trust.to_owned(),
        description: None,
        max_session: 3600,
        boundary: None,
        tags: Default::default(),
        last_used: None,
        created_at: Timestamp::UNIX_EPOCH,
        attached: Default::default(),
        inline: Default::default(),
    }
}

fn cluster() -> Cluster {
    Cluster {
        name: "acme".to_owned(),
        version: "1.33".to_owned(),
        platform_version: "eks.12".to_owned(),
        issuer: "https://oidc.eks.eu-west-1.amazonaws.com/id/0123".to_owned(),
        endpoint: "https://0123.gr7.eu-west-1.eks.amazonaws.com".to_owned(),
        certificate_authority: "Q0E=".to_owned(),
        ip_family: "ipv4".to_owned(),
        status: "ACTIVE".to_owned(),
        created_at: Timestamp::UNIX_EPOCH,
        role_arn: "arn:aws:iam::111122223333:role/cluster".to_owned(),
        authentication_mode: "API".to_owned(),
        public_access: true,
        auto_mode_role: None,
        tags: Default::default(),
    }
}

pub(super) struct Setup {
    pub account: Account,
    pub clock: Clock,
    pub faults: Faults,
}

pub(super) fn setup() -> Setup {
    let mut state = State {
        account: "111122223333".to_owned(),
        region: "eu-west-1".to_owned(),
        partition: "aws".to_owned(),
        caller_arn: "arn:aws:iam::111122223333:user/ann".to_owned(),
        caller_id: "AIDAANN".to_owned(),
        cluster: cluster(),
        roles: Default::default(),
        policies: Default::default(),
        providers: Default::default(),
        profiles: Default::default(),
        instances: Default::default(),
        vpc_endpoints: Default::default(),
        nodegroups: Default::default(),
        fargate_profiles: Default::default(),
        access_entries: Default::default(),
        addons: Default::default(),
        associations: Default::default(),
        delays: Default::default(),
        trust_quota: 2048,
        association_quota: 5000,
        tokens: Default::default(),
        keys: Default::default(),
        trail: Default::default(),
        random: Random::new(1),
    };
    for (name, trust) in [("pods", POD_TRUST), ("nodes", EC2_TRUST)] {
        state.roles.insert(name.to_owned(), Lagging::settled(role(name, trust)));
    }
    let (clock, faults) = (Clock::default(), Faults::new(1));
    let account = Account::new(clock.clone(), faults.clone(), state);
    Setup { account, clock, faults }
}

impl Setup {
    pub async fn send(&self, request: http::request::Builder, body: String) -> Result<Answer, BoxError> {
        let response = self.account.transport().oneshot(request.body(full(body)).unwrap()).await?;
        let status = response.status().as_u16();
        let header = response.headers().get("x-amzn-errortype").map(|code| code.to_str().unwrap().to_owned());
        let bytes = response.into_body().collect().await?.to_bytes();
        Ok(Answer { status, code: header.unwrap_or_default(), text: String::from_utf8(bytes.to_vec()).unwrap() })
    }

    pub async fn eks(&self, method: &str, path: &str, body: Value) -> Answer {
        self.rest("eks", method, path, body).await
    }

    pub async fn rest(&self, service: &str, method: &str, path: &str, body: Value) -> Answer {
        let request = http::Request::builder().method(method).uri(format!("http://localhost{path}"));
        let body = if body.is_null() { String::new() } else { body.to_string() };
        self.send(signed(request, service), body).await.unwrap()
    }

    pub async fn query(&self, service: &str, form: &str) -> Answer {
        let request = http::Request::builder()
            .method("POST")
            .uri("http://localhost/")
            .header("content-type", "application/x-www-form-urlencoded; charset=utf-8");
        self.send(signed(request, service), form.to_owned()).await.unwrap()
    }
}

fn signed(request: http::request::Builder, service: &str) -> http::request::Builder {
    let credential = format!("AKIASIMULATED0000001/20261123/eu-west-1/{service}/aws4_request");
    request
        .header("authorization", format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"))
}
