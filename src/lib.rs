//! rolecall: who every pod of an Amazon EKS cluster is to AWS, and why.
//!
//! The binary is thin; everything lives here so that tests can reach it. `ARCHITECTURE.md`
//! draws the layers, `tests/architecture.rs` enforces them.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs))]

pub mod app;
pub mod aws;
pub mod cli;
pub mod config;
pub mod domain;
pub mod kubernetes;
pub mod report;
pub mod runtime;
pub mod sim;
pub mod ui;
pub mod wire;
