//! Names that sound like a company's.

const TEAMS: &[&str] = &[
    "shop",
    "search",
    "payments",
    "checkout",
    "catalog",
    "orders",
    "users",
    "billing",
    "shipping",
    "inventory",
    "pricing",
    "reviews",
    "media",
    "notifications",
    "analytics",
    "fraud",
    "identity",
    "partners",
    "logistics",
    "data",
];
const SERVICES: &[&str] = &[
    "api",
    "worker",
    "gateway",
    "consumer",
    "scheduler",
    "exporter",
    "importer",
    "indexer",
    "frontend",
    "sync",
    "webhooks",
    "cache",
    "reports",
    "mailer",
    "router",
    "batch",
];
/// Namespaces that every cluster has.
pub const STANDARD: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// Namespaces: the standard ones, then one per team, numbered when teams run out.
pub fn namespaces(count: usize) -> Vec<String> {
    let own = count.saturating_sub(STANDARD.len()).max(1);
    let standard = STANDARD.iter().map(|name| (*name).to_owned());
    standard.chain((0..own).map(|index| numbered(TEAMS, index))).collect()
}

/// The name of the n-th service of a namespace.
pub fn service(index: usize) -> String {
    numbered(SERVICES, index)
}

fn numbered(words: &[&str], index: usize) -> String {
    let word = words.get(index % words.len()).copied().unwrap_or("app");
    match index / words.len() {
        0 => word.to_owned(),
        round => format!("{word}-{}", round + 1),
    }
}
