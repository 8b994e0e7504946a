//! Everything that can be handed to the clipboard about the selection, each with its beginning to choose by.

use crate::{
    app::{
        model::Model,
        screen::{
            Screen,
            list::{ListKind, ListScreen},
        },
        subject::Subject,
        target,
    },
    domain::{
        cluster::Cluster,
        id::{PodId, ServiceAccountId},
        identity::Mechanism,
        inventory::Inventory,
        plan::{self, shell_quoted},
    },
    report::{
        self, Format, Kind, Options, Request, explain,
        picture::{self, Drawing},
    },
};

/// Terminals take only so much: the names of longer lists are printed by the command instead.
const MOST_NAMES: usize = 1_000;

/// Something to copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it is: `OIDC provider ARN`.
    pub what: &'static str,
    /// The text.
    pub text: String,
}

/// The menu.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyMenu {
    /// What can be copied.
    pub offers: Vec<Offer>,
    /// Which of it is selected.
    pub cursor: usize,
}

impl CopyMenu {
    /// What can be copied about the selected link or object, the list in view, and the cluster.
    pub fn new(model: &Model) -> Self {
        let subject = subject(model);
        let mut offers = Vec::new();
        if let Some(subject) = &subject {
            offers.extend(names(model.inventory(), subject));
            offers.extend(statements(model, subject));
            offers.extend(told(model, subject));
        }
        offers.extend(model.inventory().cluster().known().into_iter().flat_map(of_cluster));
        offers.extend(marked(model));
        offers.extend(model.list().into_iter().flat_map(|list| rows(model, list)));
        Self { offers, cursor: 0 }
    }

    /// The selected text.
    pub fn chosen(&self) -> Option<&Offer> {
        self.offers.get(self.cursor)
    }
}

/// The chain of what is selected, in words.
pub fn chain(model: &Model) -> Option<String> {
    let (_, _, about) = explained(model.inventory(), &subject(model)?)?;
    explain::explain(model.inventory(), &about, model.now, Options::default()).ok()
}

/// The selected link of a page, else what commands act on.
fn subject(model: &Model) -> Option<Subject> {
    let link = match model.screen() {
        Some(Screen::Detail(detail)) => detail.link().map(|link| link.subject.clone()),
        _ => None,
    };
    link.or_else(|| model.subject()).map(|subject| subject.object())
}

fn offer(what: &'static str, text: impl Into<String>) -> Offer {
    Offer { what, text: text.into() }
}

fn names(inventory: &Inventory, subject: &Subject) -> Vec<Offer> {
    let mut offers = vec![offer("name", subject.to_string())];
    match subject {
        Subject::Role(arn) => offers.push(offer("ARN", arn.as_str())),
        Subject::Association(id) => {
            offers.extend(inventory.association(id).map(|found| offer("ARN", found.arn.to_string())));
        }
        _ => {}
    }
    if !matches!(subject, Subject::Role(_)) {
        let role = target::role(inventory, subject);
        offers.extend(role.map(|(arn, _)| offer("ARN of its role", arn.as_str())));
    }
    offers
}

/// The statements that would let the selected service account in.
fn statements(model: &Model, subject: &Subject) -> Vec<Offer> {
    let Some(id) = target::service_account(model.inventory(), subject) else { return Vec::new() };
    let text = |mechanism| plan::statement::statement(model.inventory(), mechanism, &id, model.now);
    let irsa = text(Mechanism::Irsa).map(|text| offer("trust statement for IRSA", text));
    let pods = text(Mechanism::PodIdentity).map(|text| offer("trust statement for Pod Identity", text));
    irsa.into_iter().chain(pods).collect()
}

/// The chain in words, the object as data, and the command that prints the same elsewhere.
fn told(model: &Model, subject: &Subject) -> Vec<Offer> {
    let mut offers = Vec::new();
    if let Some((kind, name, about)) = explained(model.inventory(), subject) {
        let text = explain::explain(model.inventory(), &about, model.now, Options::default());
        offers.extend(text.ok().map(|text| offer("chain as text", text)));
        let drawn = picture::draw(model.inventory(), &about, Drawing::Mermaid, model.now, Options::default());
        offers.extend(drawn.ok().map(|text| offer("chain as Mermaid", text)));
        offers.push(offer("command that explains it", command(model, &["explain", kind, &name])));
    }
    if let Some((kind, name)) = listed(subject) {
        let request = Request { name: Some(&name), ..Request::new(kind, Format::Json, model.now) };
        let json = report::render(&request, model.inventory());
        offers.extend(json.ok().map(|rendered| offer("JSON", rendered.stdout)));
    }
    offers
}

/// What `explain` would be asked about; a workload is explained by its worst pod.
fn explained(inventory: &Inventory, subject: &Subject) -> Option<(&'static str, String, explain::Subject)> {
    let pod = |id: PodId| ("pod", id.to_string(), explain::Subject::Pod(id));
    let account = |id: ServiceAccountId| ("sa", id.to_string(), explain::Subject::ServiceAccount(id));
    match subject {
        Subject::Pod(id) => Some(pod(id.clone())),
        Subject::Workload(id) => target::worst(inventory, id).map(|worst| pod(worst.id)),
        Subject::ServiceAccount(id) => Some(account(id.clone())),
        Subject::Association(id) => inventory.association(id).map(|found| account(found.service_account.clone())),
        Subject::Role(arn) => Some(("role", arn.to_string(), explain::Subject::Role(arn.to_string()))),
        Subject::Namespace(_) | Subject::Node(_) | Subject::Finding(..) => None,
    }
}

/// What `get` would be asked for.
fn listed(subject: &Subject) -> Option<(Kind, String)> {
    let kind = match subject {
        Subject::Pod(_) => Kind::Pods,
        Subject::ServiceAccount(_) => Kind::ServiceAccounts,
        Subject::Namespace(_) => Kind::Namespaces,
        Subject::Role(arn) => return Some((Kind::Roles, arn.to_string())),
        Subject::Association(_) => Kind::Associations,
        Subject::Node(_) => Kind::Nodes,
        Subject::Workload(_) | Subject::Finding(..) => return None,
    };
    Some((kind, subject.to_string()))
}

/// A command of this program about the cluster in view.
fn command(model: &Model, words: &[&str]) -> String {
    let context = model.inventory().target().context.as_deref();
    let context = context.into_iter().flat_map(|name| ["--context", name]);
    let words: Vec<_> = words.iter().copied().chain(context).map(shell_quoted).collect();
    format!("rolecall {}", words.join(" "))
}

fn of_cluster(cluster: &Cluster) -> Vec<Offer> {
    let Some(issuer) = &cluster.issuer else { return Vec::new() };
    let (partition, account) = (cluster.arn.partition(), cluster.account());
    let path = cluster.issuer_path().unwrap_or_default();
    vec![
        offer("OIDC issuer of the cluster", issuer.to_string()),
        offer("OIDC provider ARN", format!("arn:{partition}:iam::{account}:oidc-provider/{path}")),
    ]
}

fn marked(model: &Model) -> Option<Offer> {
    let names: Vec<String> = model.marks.iter().map(|(_, subject)| subject.copied()).collect();
    (!names.is_empty()).then(|| offer("names of what is marked", names.join("\n")))
}

/// The rows in view, with the command that prints them.
fn rows(model: &Model, list: &ListScreen) -> Vec<Offer> {
    let kind = match list.kind {
        ListKind::Pods => Kind::Pods,
        ListKind::ServiceAccounts => Kind::ServiceAccounts,
        ListKind::Namespaces => Kind::Namespaces,
        ListKind::Roles => Kind::Roles,
        ListKind::Associations => Kind::Associations,
        ListKind::Nodes => Kind::Nodes,
        ListKind::Findings => Kind::Findings,
    };
    let filter = list.filter.query.as_str();
    let mut words = vec!["get", kind.word()];
    if !filter.is_empty() {
        words.extend(["--filter", filter]);
    }
    let mut offers = vec![offer("command that prints this list", command(model, &words))];
    if (1..=MOST_NAMES).contains(&list.view.len()) {
        let rows = (0..list.view.len()).filter_map(|at| list.view.row(at));
        let names: Vec<String> = rows.map(|row| row.subject().copied()).collect();
        offers.push(offer("names in this list", names.join("\n")));
    }
    offers
}
