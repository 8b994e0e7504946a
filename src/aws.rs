//! The AWS side: credentials, calls, pacing and errors. The only importer of `aws-*`. It tells what
//! AWS says, as `domain` nouns; it decides nothing and knows neither Kubernetes nor screens.

pub mod session;

mod cloudtrail;
mod direct;
mod ec2;
mod eks;
mod eks_auth;
mod failure;
mod iam;
mod pace;
mod sts;
mod token;
mod transport;

pub use eks::{AssociationUpdate, NewAssociation};

#[cfg(test)]
mod tests;
