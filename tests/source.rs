//! `envFrom` end to end: the real binary against the simulated cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{fs, process::Output};

use serde_json::Value;
use tempfile::tempdir;

#[path = "support/binary.rs"]
#[allow(dead_code)]
mod binary;
use binary::{rolecall, stderr, stdout};

const TAKING: &str = "
aws:
  now: 2026-11-23T09:00:00Z
  account: '111122223333'
  region: eu-west-1
  cluster: { name: acme }
---
apiVersion: v1
kind: List
items:
- { apiVersion: v1, kind: Namespace, metadata: { name: shop } }
- { apiVersion: v1, kind: ServiceAccount, metadata: { name: cart, namespace: shop } }
- apiVersion: v1
  kind: ConfigMap
  metadata: { name: keys, namespace: shop }
  data: { ACCESS_KEY_ID: AKIAEXAMPLE12345, SECRET_ACCESS_KEY: hush }
- apiVersion: v1
  kind: Pod
  metadata: { name: cart, namespace: shop }
  spec:
    serviceAccountName: cart
    containers: [{ name: app, image: 'app:1', envFrom: [{ prefix: AWS_, configMapRef: { name: keys } }] }]
";

fn pods() -> Output {
    let state = tempdir().unwrap();
    let world = state.path().join("world.yaml");
    fs::write(&world, TAKING).unwrap();
    let command = ["get", "pods", "-n", "shop", "-o", "json", "--world"];
    rolecall(state.path()).args(command).arg(&world).output().unwrap()
}

#[test]
fn config_maps_of_env_from_are_read_with_their_prefix_and_show_no_secret() {
    let done = pods();
    assert_eq!(done.status.code(), Some(0), "{}", stderr(&done));
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answer["items"][0]["now"]["mechanism"], "static-keys", "{answer}");
    assert!(!stdout(&done).contains("hush") && !stdout(&done).contains("AKIAEXAMPLE"), "{answer}");
}
