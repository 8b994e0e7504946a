//! The truth: nouns of EKS and IAM, identity resolution, trust evaluation, plans and the
//! inventory that joins them. Pure: no clock, environment, files, tasks, terminal or SDK.

pub mod access;
pub mod arn;
pub mod association;
pub mod change;
pub mod cluster;
pub mod declaration;
pub mod delegate;
pub mod fact;
pub mod failure;
pub mod finding;
pub mod id;
pub mod identity;
pub mod inventory;
pub mod journal;
pub mod need;
pub mod network;
pub mod node;
pub mod permission;
pub mod plan;
pub mod proof;
pub mod provider;
pub mod query;
pub mod role;
pub mod rollout;
pub mod row;
pub mod secret;
pub mod service_account;
pub mod symptom;
pub mod trail;
pub mod trust;
pub mod version;
pub mod webhook;
pub mod workload;
