//! What the inventory of a large cluster keeps in memory, counted by the allocator.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "../benches/support/cluster.rs"]
mod cluster;

use std::alloc::System;

use cluster::{PODS, account, arn, association, at, pods, surroundings, templates};
use rolecall::domain::{change::Change, fact::Fact, id::ClusterId, inventory::Inventory};
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Bytes that are in use.
fn live() -> usize {
    let stats = ALLOCATOR.stats();
    stats.bytes_allocated - stats.bytes_deallocated
}

#[test]
fn a_pod_costs_under_400_bytes_of_inventory_beyond_the_shared_strings() {
    let now = at("2026-03-01T00:00:00Z");
    let mut inventory = Inventory::new(ClusterId(0));
    inventory.apply(surroundings(), now);
    let templates = templates();
    let before = live();
    inventory.apply(vec![Change::Pods(Fact::Known(pods(&templates)))], now);
    let each = (live() - before) / PODS;
    println!("{each} bytes a pod, its share of indexes and answers included");
    assert!(each < 400, "{each} bytes");

    // Changes that come and go leave nothing behind.
    let flip = |turn: usize| Change::AssociationsOf(account(7), vec![association(7, arn(7 + turn % 2))]);
    let mut turn_about = || (0..2_000).filter(|turn| inventory.apply(vec![flip(*turn)], now)).count();
    turn_about();
    let settled = live();
    turn_about();
    assert!(live() < settled + 64 * 1024, "{} bytes more", live() - settled);
}
