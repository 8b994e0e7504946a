//! Trust policies: evaluations a second, `who` over a large account, and globs that are
//! exponential or quadratic in careless matchers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput};
use rolecall::domain::trust::who::{ServiceAccount, Subjects, admitted, roles_of};
use rolecall::domain::trust::{Cluster, Document, Glob, Request, Role, evaluate, verdict};

const ISSUER: &str = "oidc.eks.eu-west-1.amazonaws.com/id/4A1F0C9B7D3E58264A1F0C9B7D3E5826";

fn request(namespace: &str, name: &str) -> Request {
    let cluster = Cluster::new("prod", "arn:aws:eks:eu-west-1:111122223333:cluster/prod", ISSUER);
    let role = Role::new("arn:aws:iam::111122223333:role/shop");
    Request::irsa(role, cluster, namespace, name, jiff::Timestamp::UNIX_EPOCH)
}

fn irsa(operator: &str, subject: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Federated":"arn:aws:iam::111122223333:oidc-provider/{ISSUER}"}},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{{"{operator}":{{"{ISSUER}:aud":"sts.amazonaws.com","{ISSUER}:sub":"{subject}"}}}}}}]}}"#
    )
}

fn pod_identity(namespace: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{{"Service":"pods.eks.amazonaws.com"}},"Action":["sts:AssumeRole","sts:TagSession"],"Condition":{{"StringEquals":{{"aws:SourceAccount":"111122223333","aws:RequestTag/kubernetes-namespace":"{namespace}"}},"ArnEquals":{{"aws:SourceArn":"arn:aws:eks:eu-west-1:111122223333:cluster/prod"}}}}}}]}}"#
    )
}

fn parsed(text: &str) -> Document {
    match Document::parse(text) {
        Ok(document) => document,
        Err(error) => unreachable!("{error}"),
    }
}

fn evaluations(criterion: &mut Criterion) {
    let irsa_request = request("shop", "api");
    let mut pod_request = request("shop", "api");
    pod_request.mechanism = rolecall::domain::trust::Mechanism::PodIdentity;
    let cases = [
        ("irsa-allow", parsed(&irsa("StringEquals", "system:serviceaccount:shop:api")), &irsa_request),
        ("irsa-like", parsed(&irsa("StringLike", "system:serviceaccount:shop:*")), &irsa_request),
        ("irsa-deny", parsed(&irsa("StringEquals", "system:serviceaccount:shop:web")), &irsa_request),
        ("pod-identity", parsed(&pod_identity("shop")), &pod_request),
    ];
    let mut group = criterion.benchmark_group("trust");
    group.throughput(Throughput::Elements(1));
    for (name, document, request) in &cases {
        group.bench_function(BenchmarkId::new("verdict", name), |bencher| {
            bencher.iter(|| verdict(black_box(document), black_box(request)));
        });
        group.bench_function(BenchmarkId::new("explained", name), |bencher| {
            bencher.iter(|| evaluate(black_box(document), black_box(request)));
        });
    }
    group.finish();
    let text = irsa("StringEquals", "system:serviceaccount:shop:api");
    criterion.bench_function("trust/parse", |bencher| bencher.iter(|| Document::parse(black_box(&text))));
}

/// 1,500 roles: most exact, some by pattern, some by tags, some open, one in fifty with a Deny.
fn roles() -> Vec<Document> {
    let role = |index: usize| match index % 50 {
        0 => irsa("StringLike", &format!("system:serviceaccount:team-{}:*", index % 100)),
        1 => irsa("StringLike", &format!("system:serviceaccount:*:app-{}", index % 50)),
        2 => irsa("StringLike", "*"),
        3 => irsa("StringNotEquals", "system:serviceaccount:kube-system:default").replace("sts.amazonaws.com", "other"),
        4..20 => pod_identity(&format!("team-{}", index % 100)),
        _ => irsa("StringEquals", &format!("system:serviceaccount:team-{}:app-{}", index % 100, index % 50)),
    };
    (0..1500).map(|index| parsed(&role(index))).collect()
}

fn subjects() -> Subjects {
    let account = |index: usize| ServiceAccount {
        namespace: format!("team-{}", index / 50),
        name: format!("app-{}", index % 50),
        audience: None,
    };
    Subjects::new((0..5000).map(account).collect())
}

fn who(criterion: &mut Criterion) {
    let (roles, subjects, irsa) = (roles(), subjects(), request("", ""));
    let mut pods = irsa.clone();
    pods.mechanism = rolecall::domain::trust::Mechanism::PodIdentity;
    let mut group = criterion.benchmark_group("who");
    group.sample_size(10);
    group.bench_function("1500-roles-5000-service-accounts", |bencher| {
        bencher.iter(|| {
            let admissions: Vec<_> = roles
                .iter()
                .flat_map(|role| [admitted(role, &irsa, &subjects), admitted(role, &pods, &subjects)])
                .collect();
            black_box(roles_of(&admissions, 4711).len())
        });
    });
    group.finish();
}

fn globs(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("glob");
    for length in [1_000usize, 10_000, 100_000] {
        group.throughput(Throughput::Bytes(length as u64));
        let cases = [
            ("stars", format!("{}b", "*a".repeat(50))),
            ("long-run", format!("*{}b*", "a".repeat(length / 2))),
            ("question-marks", format!("*{}?b*", "a".repeat(60))),
        ];
        for (name, pattern) in cases {
            let text = "a".repeat(length);
            group.bench_with_input(BenchmarkId::new(name, length), &text, |bencher, text| {
                bencher.iter_batched(
                    || Glob::new(&pattern),
                    |glob| black_box(glob.matches(text)),
                    BatchSize::SmallInput,
                );
            });
        }
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    evaluations(&mut criterion);
    who(&mut criterion);
    globs(&mut criterion);
    criterion.final_summary();
}
