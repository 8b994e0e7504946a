//! `envFrom` end to end: the real binary against the simulated cluster.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::{fs, process::Output};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::tempdir;

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

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn pods() -> Output {
    let state = tempdir().unwrap();
    let world = state.path().join("world.yaml");
    fs::write(&world, TAKING).unwrap();
    let mut command = Command::cargo_bin("rolecall").unwrap();
    for name in ["KUBECONFIG", "AWS_PROFILE", "AWS_REGION", "AWS_ENDPOINT_URL"] {
        command.env_remove(name);
    }
    command.env("HOME", state.path()).env("ROLECALL_STATE_DIR", state.path());
    command.args(["get", "pods", "-n", "shop", "-o", "json", "--world"]).arg(&world).output().unwrap()
}

#[test]
fn config_maps_of_env_from_are_read_with_their_prefix_and_show_no_secret() {
    let done = pods();
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let answer: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(answer["items"][0]["now"]["mechanism"], "static-keys", "{answer}");
    assert!(!text(&done.stdout).contains("hush") && !text(&done.stdout).contains("AKIAEXAMPLE"), "{answer}");
}
