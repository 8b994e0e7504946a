//! What an AWS service answers when it refuses: a code, a sentence and a status,
//! rendered in the error format of the service's protocol.

use serde_json::{Map, Value};

use super::xml::Xml;

/// The services behind the one endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Amazon EKS, REST with JSON.
    Eks,
    /// EKS Auth, REST with JSON.
    EksAuth,
    /// CloudTrail, JSON 1.1.
    CloudTrail,
    /// IAM, query protocol.
    Iam,
    /// STS, query protocol.
    Sts,
    /// EC2, its own flavour of the query protocol.
    Ec2,
}

impl Service {
    /// The name used in credential scopes, action names and fault patterns.
    pub fn name(self) -> &'static str {
        match self {
            Self::Eks => "eks",
            Self::EksAuth => "eks-auth",
            Self::CloudTrail => "cloudtrail",
            Self::Iam => "iam",
            Self::Sts => "sts",
            Self::Ec2 => "ec2",
        }
    }

    /// The service of a credential scope.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Eks, Self::EksAuth, Self::CloudTrail, Self::Iam, Self::Sts, Self::Ec2]
            .into_iter()
            .find(|service| service.name() == name)
    }
}

/// A refusal, not yet rendered.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// HTTP status.
    pub status: u16,
    /// The error code that clients switch on.
    pub code: String,
    /// The sentence for people.
    pub message: String,
    /// Members of the error structure beside the message (REST-JSON only).
    pub members: Map<String, Value>,
}

impl Failure {
    /// A refusal with status, code and message.
    pub fn new(status: u16, code: &str, message: impl Into<String>) -> Self {
        Self { status, code: code.to_owned(), message: message.into(), members: Map::new() }
    }

    /// Adds a member to the error structure.
    pub fn with(mut self, member: &str, value: &str) -> Self {
        self.members.insert(member.to_owned(), value.into());
        self
    }

    /// The body in the service's protocol, and its content type.
    pub fn render(&self, service: Service, request_id: &str) -> (String, &'static str) {
        match service {
            Service::Eks | Service::EksAuth | Service::CloudTrail => (self.json(), "application/json"),
            Service::Ec2 => (self.ec2(request_id), "text/xml;charset=UTF-8"),
            Service::Iam => (self.query(super::iam::NAMESPACE, request_id), "text/xml"),
            Service::Sts => (self.query(super::sts::NAMESPACE, request_id), "text/xml"),
        }
    }

    fn json(&self) -> String {
        let mut body = self.members.clone();
        body.insert("message".to_owned(), self.message.clone().into());
        Value::Object(body).to_string()
    }

    fn query(&self, namespace: &str, request_id: &str) -> String {
        let mut xml = Xml::default();
        let kind = if self.status < 500 { "Sender" } else { "Receiver" };
        xml.root("ErrorResponse", namespace, |xml| {
            xml.element("Error", |xml| {
                xml.text("Type", kind);
                xml.text("Code", &self.code);
                xml.text("Message", &self.message);
            });
            xml.text("RequestId", request_id);
        });
        xml.finish()
    }

    fn ec2(&self, request_id: &str) -> String {
        let mut xml = Xml::document();
        xml.element("Response", |xml| {
            xml.element("Errors", |xml| {
                xml.element("Error", |xml| {
                    xml.text("Code", &self.code);
                    xml.text("Message", &self.message);
                });
            });
            xml.text("RequestID", request_id);
        });
        xml.finish()
    }
}

/// Refused for want of a permission, in the words of the service.
pub fn denied(service: Service, caller: &str, operation: &str, resource: &str) -> Failure {
    let action = format!("{}:{operation}", service.name());
    let because = format!("because no identity-based policy allows the {action} action");
    let user = format!("User: {caller} is not authorized to perform: {action}");
    match service {
        Service::Eks => Failure::new(403, "AccessDeniedException", format!("{user} on resource: {resource} {because}")),
        Service::EksAuth | Service::CloudTrail => {
            Failure::new(400, "AccessDeniedException", format!("{user} on resource: {resource} {because}"))
        }
        Service::Ec2 => Failure::new(
            403,
            "UnauthorizedOperation",
            format!("You are not authorized to perform this operation. {user} {because}"),
        ),
        Service::Iam | Service::Sts => {
            Failure::new(403, "AccessDenied", format!("{user} on resource: {resource} {because}"))
        }
    }
}

/// Refused for calling too often.
pub fn throttled(service: Service) -> Failure {
    match service {
        Service::Eks | Service::EksAuth => Failure::new(429, "ThrottlingException", "Rate exceeded"),
        Service::CloudTrail => Failure::new(400, "ThrottlingException", "Rate exceeded"),
        Service::Ec2 => Failure::new(503, "RequestLimitExceeded", "Request limit exceeded."),
        Service::Iam | Service::Sts => Failure::new(400, "Throttling", "Rate exceeded"),
    }
}

/// Refused because the caller's session has ended.
pub fn expired(service: Service) -> Failure {
    let sentence = "The security token included in the request is expired";
    match service {
        Service::Eks | Service::EksAuth => Failure::new(403, "ExpiredTokenException", sentence),
        Service::CloudTrail => Failure::new(400, "ExpiredTokenException", sentence),
        Service::Ec2 => Failure::new(400, "RequestExpired", "Request has expired."),
        Service::Iam | Service::Sts => Failure::new(403, "ExpiredToken", sentence),
    }
}

/// Any status, with the code the service uses for it.
pub fn status(service: Service, status: u16) -> Failure {
    match (service, status) {
        (Service::Eks | Service::EksAuth, 503) => {
            Failure::new(503, "ServiceUnavailableException", "Service is unavailable")
        }
        (Service::Eks, 500..) => Failure::new(status, "ServerException", "Internal server error"),
        (Service::EksAuth, 500..) => Failure::new(status, "InternalServerException", "Internal server error"),
        (Service::Ec2, 500..) => Failure::new(status, "InternalError", "An internal error has occurred"),
        (_, 503) => Failure::new(503, "ServiceUnavailable", "Service is unavailable"),
        (_, 500..) => Failure::new(
            status,
            "InternalFailure",
            "The request processing has failed because of an unknown error, exception or failure.",
        ),
        _ => Failure::new(status, "ValidationException", format!("The request was refused with status {status}")),
    }
}

/// An operation that the service does not have.
pub fn unknown_operation(service: Service, operation: &str, version: &str) -> Failure {
    match service {
        Service::Eks | Service::EksAuth | Service::CloudTrail => {
            Failure::new(404, "UnknownOperationException", "The requested operation does not exist")
        }
        Service::Ec2 => {
            Failure::new(400, "InvalidAction", format!("The action {operation} is not valid for this web service."))
        }
        Service::Iam | Service::Sts => {
            Failure::new(400, "InvalidAction", format!("Could not find operation {operation} for version {version}"))
        }
    }
}
