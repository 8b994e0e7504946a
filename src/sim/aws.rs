//! The simulated AWS account: EKS, EKS Auth, IAM, STS, EC2 and CloudTrail behind one endpoint, with the
//! wire protocols, errors, paging and refusals of the real services. Written from
//! the API references; it knows `wire` and the simulator's clock and faults only.

mod account;
mod bearer;
mod call;
mod cloudtrail;
mod dispatch;
mod document;
mod ec2;
mod eks;
mod eks_auth;
mod error;
mod evaluate;
mod iam;
mod lagging;
mod model;
mod page;
mod query;
mod random;
mod sigv4;
mod sts;
mod trust;
mod xml;

pub use account::{Account, AddonChange, Call};
pub use bearer::Keys;
pub use eks::{addon_arn, newest_addon, seconds};
pub use iam::managed::arn_of as managed_policy_arn;
pub use lagging::Lagging;
pub use model::{
    Addon, Association, Cluster, Delays, Instance, InstanceProfile, ManagedPolicy, Provider, Role, State, VpcEndpoint,
};
pub use random::Random;
pub use sts::{SECRET, SESSION_TOKEN};

#[cfg(test)]
mod tests;
