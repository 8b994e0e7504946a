//! What the inventory costs: 100,000 pods resolved from scratch, one association changed, and a
//! re-list that changes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

#[path = "support/cluster.rs"]
mod cluster;

use std::hint::black_box;

use cluster::{ROLES, account, arn, association, at, pods, surroundings, templates};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use rolecall::domain::{change::Change, fact::Fact, id::ClusterId, inventory::Inventory};

fn benches(criterion: &mut Criterion) {
    let now = at("2026-03-01T00:00:00Z");
    let mut known = Inventory::new(ClusterId(0));
    known.apply(surroundings(), now);
    let pods = pods(&templates());
    let mut group = criterion.benchmark_group("inventory");
    group.sample_size(10);

    group.bench_function("resolve 100,000 pods from scratch", |bencher| {
        let fresh = || {
            let mut inventory = Inventory::new(ClusterId(0));
            inventory.apply(surroundings(), now);
            (inventory, vec![Change::Pods(Fact::Known(pods.clone()))])
        };
        let resolve = |(mut inventory, changes): (Inventory, Vec<Change>)| {
            inventory.apply(changes, now);
            inventory
        };
        bencher.iter_batched(fresh, resolve, BatchSize::LargeInput);
    });

    known.apply(vec![Change::Pods(Fact::Known(pods.clone()))], now);
    let mut turn = 0;
    group.bench_function("one changed association", |bencher| {
        bencher.iter(|| {
            turn += 1;
            let changed = association(7, arn(7 + turn % 2 * ROLES / 2));
            known.apply(vec![Change::AssociationsOf(account(7), vec![changed])], now)
        });
    });
    group.bench_function("a re-list that changes nothing", |bencher| {
        let again = || vec![Change::Pods(Fact::Known(pods.clone()))];
        bencher.iter_batched(again, |changes| known.apply(changes, now), BatchSize::LargeInput);
    });
    group.bench_function("rows of all workloads", |bencher| bencher.iter(|| black_box(known.workloads().len())));
    group.bench_function("rows of all service accounts", |bencher| {
        bencher.iter(|| black_box(known.service_accounts().len()))
    });
    group.bench_function("rows of all roles", |bencher| bencher.iter(|| black_box(known.roles().len())));
    group.finish();
}

criterion_group!(inventory, benches);
criterion_main!(inventory);
