//! The simulator: a cluster and an AWS account that speak the real wire protocols
//! as `tower` services. Written from the API references; knows `wire` and nobody
//! else, so that it can disagree with `domain`.

pub mod aws;
pub mod clock;
pub mod fault;
pub mod generate;
pub mod issuer;
pub mod kubernetes;
pub mod server;
pub mod world;
