//! One request on its way in: read whole, its service and operation told apart.

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, Method};
use http_body_util::BodyExt;
use serde_json::{Map, Value};

use crate::wire::{Body, BoxError};

use super::error::Service;
use super::query::{Parameters, decode_form};
use super::{cloudtrail, ec2, eks, eks_auth, iam, sigv4, sts};

/// No AWS request of these services is longer.
const LONGEST: usize = 4 * 1024 * 1024;

/// A request, read whole.
#[derive(Debug)]
pub struct Incoming {
    method: Method,
    path: String,
    host: String,
    query: Vec<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
}

/// What a request asks for.
#[derive(Debug)]
pub struct Asked {
    /// The service.
    pub service: Service,
    /// The region that the request was signed for; the account's own if nobody signed it.
    pub region: String,
    /// The operation, e.g. `GetRole`; what was asked for if there is none such.
    pub operation: String,
    /// Names in the path (EKS and EKS Auth only), decoded, in order.
    pub names: Vec<String>,
    /// Query and form parameters.
    pub parameters: Parameters,
    /// The JSON body (EKS, EKS Auth and CloudTrail only), `null` without one.
    pub body: Value,
}

impl Incoming {
    /// Reads a request whole.
    pub async fn read(request: http::Request<Body>) -> Result<Self, BoxError> {
        let (parts, body) = request.into_parts();
        let host = parts.headers.get(http::header::HOST).and_then(|host| host.to_str().ok());
        let host = host.or(parts.uri.host()).unwrap_or_default().to_owned();
        let body = read_body(body).await?;
        Ok(Self {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            host,
            query: decode_form(parts.uri.query().unwrap_or_default()),
            headers: parts.headers,
            body,
        })
    }

    /// Which service and operation it asks for.
    pub fn asked(&self) -> Asked {
        let form = String::from_utf8_lossy(&self.body);
        let is_form = self
            .headers
            .get(http::header::CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().starts_with(b"application/x-www-form-urlencoded"));
        let mut pairs = self.query.clone();
        if is_form {
            pairs.extend(decode_form(&form));
        }
        let parameters = Parameters::new(pairs);
        let region = sigv4::signer(&self.headers, &self.query).map(|signer| signer.region).unwrap_or_default();
        let asked = match self.service(&parameters) {
            service @ (Service::Eks | Service::EksAuth) => self.asked_of_eks(service, parameters),
            Service::CloudTrail => self.asked_of_cloudtrail(),
            service => Asked {
                service,
                region: String::new(),
                operation: parameters.get("Action").unwrap_or_default().to_owned(),
                names: Vec::new(),
                parameters,
                body: Value::Null,
            },
        };
        Asked { region, ..asked }
    }

    fn asked_of_cloudtrail(&self) -> Asked {
        let target = self.headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
        // Older clients write the whole package before it.
        let operation = target.rsplit_once(cloudtrail::TARGET).map_or("", |(_, operation)| operation);
        Asked {
            service: Service::CloudTrail,
            region: String::new(),
            operation: operation.to_owned(),
            names: Vec::new(),
            parameters: Parameters::default(),
            body: serde_json::from_slice(&self.body).unwrap_or_default(),
        }
    }

    fn asked_of_eks(&self, service: Service, parameters: Parameters) -> Asked {
        let route = match service {
            Service::EksAuth => eks_auth::route(&self.method, &self.path),
            _ => eks::route(&self.method, &self.path),
        };
        Asked {
            service,
            region: String::new(),
            operation: route.operation.to_owned(),
            names: route.names,
            parameters,
            body: serde_json::from_slice(&self.body).unwrap_or_default(),
        }
    }

    /// By credential scope, else by host, else by API version: the versions of the
    /// query services differ, and EKS has none.
    fn service(&self, parameters: &Parameters) -> Service {
        let signed = sigv4::signer(&self.headers, &self.query);
        let by_scope = signed.and_then(|signer| Service::named(&signer.service));
        let by_host = || self.host.split('.').next().and_then(Service::named);
        let by_version = || match parameters.get("Version")? {
            iam::VERSION => Some(Service::Iam),
            sts::VERSION => Some(Service::Sts),
            ec2::VERSION => Some(Service::Ec2),
            _ => None,
        };
        by_scope.or_else(by_host).or_else(by_version).unwrap_or(Service::Eks)
    }
}

async fn read_body(mut body: Body) -> Result<Bytes, BoxError> {
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame?.into_data() {
            read.extend_from_slice(&data);
        }
        if read.len() > LONGEST {
            return Err("the request is too long".into());
        }
    }
    Ok(read.freeze())
}

impl Asked {
    /// `service:Operation`, as in policies and fault patterns.
    pub fn action(&self) -> String {
        format!("{}:{}", self.service.name(), self.operation)
    }

    /// Whether the operation changes anything.
    pub fn is_mutating(&self) -> bool {
        let reads = ["List", "Describe", "Get", "AssumeRole", "Simulate", "Lookup"];
        !reads.iter().any(|prefix| self.operation.starts_with(prefix))
    }

    /// Everything that was passed, in one object.
    pub fn arguments(&self) -> Value {
        let mut all: Map<String, Value> = self.body.as_object().cloned().unwrap_or_default();
        for (name, value) in self.parameters.all() {
            all.insert(name.clone(), value.clone().into());
        }
        // As CloudTrail does: a token is worth a session.
        for name in ["token", "WebIdentityToken"] {
            all.entry(name).and_modify(|token| *token = "HIDDEN_DUE_TO_SECURITY_REASONS".into());
        }
        for (index, name) in self.names.iter().enumerate() {
            let key = if index == 0 { "name".to_owned() } else { format!("name{}", index + 1) };
            all.entry(key).or_insert_with(|| name.clone().into());
        }
        Value::Object(all)
    }
}
