//! `who`: every service account that could become a role and by which statement, or every role
//! that a service account could become.

use std::{collections::HashMap, sync::Arc};

use serde::Serialize;

use super::{
    Format, Rendered, Request,
    column::{Column, Columns},
    envelope::{Head, cluster_of},
    headed, text,
};
use crate::domain::{
    fact::Fact,
    failure::{Failure, FailureKind},
    id::{Namespace, RoleArn, ServiceAccountId, ServiceAccountName},
    identity::Mechanism,
    inventory::{Admission, Inventory, Way},
    plan::name_role,
    query::{Field, Fields, Within},
    role::Role,
    row::ServiceAccountRow,
};

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// Who could become this role, by name or ARN.
    Role(String),
    /// Which roles this service account could become.
    ServiceAccount(ServiceAccountId),
}

/// A service account and a role that admits it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    cluster: Arc<str>,
    role: RoleArn,
    namespace: Namespace,
    service_account: ServiceAccountName,
    by: Vec<By>,
    uses: Vec<&'static str>,
}

#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct By {
    mechanism: Mechanism,
    /// 1 is the first.
    statement: Option<usize>,
    sid: Option<String>,
    depends_on: Vec<String>,
    #[serde(skip)]
    words: String,
}

impl From<Way> for By {
    fn from(way: Way) -> Self {
        let words = way.words();
        let Way { mechanism, statement, sid, depends_on } = way;
        Self { mechanism, statement: statement.map(|index| index + 1), sid, depends_on, words }
    }
}

/// Answers it; `using` leaves only those that use the role.
///
/// # Errors
/// There is no such role or service account, or the trust policy could not be read.
pub fn who(
    question: &Question,
    using: bool,
    request: &Request<'_>,
    inventory: &Inventory,
) -> Result<Rendered, Failure> {
    let mut head = Head::of(inventory, request.now);
    let mut items = match question {
        Question::Role(name) => {
            let arn = name_role(inventory, name)?;
            let items = of_role(inventory, readable(inventory, &arn)?, request);
            head.other_principals = Some(inventory.other_principals(&arn));
            items
        }
        Question::ServiceAccount(id) => of_service_account(inventory, id, request)?,
    };
    choose(&mut items, using, request, inventory);
    let note = head.other_principals.as_deref().map(others);
    let mut rendered = headed(request, inventory, &head, &items);
    match (note, request.format) {
        (Some(note), Format::Table | Format::Wide) => {
            rendered.stdout += &format!("{}\n", noted(&note, request, inventory))
        }
        (Some(note), Format::Jsonl | Format::Csv | Format::Markdown) => {
            rendered.stderr += &format!("{}\n", noted(&note, request, inventory));
        }
        _ => {}
    }
    Ok(rendered)
}

/// Leaves what is asked for: those that use the role, of a namespace, that match the filter.
fn choose(items: &mut Vec<Item>, using: bool, request: &Request<'_>, inventory: &Inventory) {
    items.retain(|item| {
        (!using || !item.uses.is_empty()) && request.namespace.is_none_or(|name| item.namespace.as_str() == name)
    });
    let Some(filter) = request.filter else { return };
    let rows: HashMap<ServiceAccountId, ServiceAccountRow> =
        inventory.service_accounts().into_iter().map(|row| (row.id.clone(), row)).collect();
    items.retain(|item| {
        let id = ServiceAccountId::new(item.namespace.clone(), item.service_account.clone());
        let account = rows.get(&id).map(|row| Within::new(row, inventory));
        filter.matches(&Filtered { item, account })
    });
}

/// What a filter asks of an admission: `role:` is the role that admits, everything else is the
/// service account's.
struct Filtered<'a> {
    item: &'a Item,
    account: Option<Within<'a, ServiceAccountRow>>,
}

impl Fields for Filtered<'_> {
    fn field(&self, field: Field, each: &mut dyn FnMut(&str)) {
        match (field, &self.account) {
            (Field::Role, _) => each(self.item.role.as_str()),
            (_, Some(account)) => account.field(field, each),
            (_, None) => {}
        }
    }

    fn text(&self, out: &mut String) {
        let Item { namespace, service_account, role, .. } = self.item;
        let name = role.as_str().rsplit('/').next().unwrap_or_default();
        for part in [namespace.as_str(), "/", service_account.as_str(), " ", name] {
            out.push_str(part);
        }
    }
}

fn noted(note: &str, request: &Request<'_>, inventory: &Inventory) -> String {
    let note = if request.options.redact { super::Redactor::new(inventory).text(note) } else { note.to_owned() };
    text::printable(&note).into_owned()
}

/// How many principals besides the pods of this cluster are trusted too, and who.
fn others(names: &[String]) -> String {
    match names {
        [] => "No other principal is trusted.".to_owned(),
        [one] => format!("1 other principal is trusted too: {one}"),
        more => format!("{} other principals are trusted too: {}", more.len(), more.join(", ")),
    }
}

fn readable<'i>(inventory: &'i Inventory, arn: &RoleArn) -> Result<&'i Role, Failure> {
    let role = match inventory.role(arn) {
        Fact::Known(role) => role,
        Fact::Unknown(failure) => return Err(Failure::clone(&failure)),
        Fact::Absent | Fact::Loading => {
            let what = format!("there is no role {}", text::printable(arn.as_str()));
            let next = "`rolecall get roles` shows what there is";
            return Err(Failure::new(
                FailureKind::NotFound,
                what,
                "IAM does not know it, so nobody can become it",
                next,
            ));
        }
    };
    match &role.trust.document {
        Ok(_) => Ok(role),
        Err(error) => Err(Failure::new(
            FailureKind::Invalid,
            format!("the trust policy of {} cannot be understood", role.name),
            error.to_string(),
            "Correct the trust policy there",
        )),
    }
}

fn of_role(inventory: &Inventory, role: &Role, request: &Request<'_>) -> Vec<Item> {
    let admissions = inventory.gate(request.now).map(|gate| gate.admissions(role)).unwrap_or_default();
    items(inventory, vec![(RoleArn::from(role.arn.as_str()), admissions)])
}

fn of_service_account(
    inventory: &Inventory,
    id: &ServiceAccountId,
    request: &Request<'_>,
) -> Result<Vec<Item>, Failure> {
    if !inventory.service_accounts().iter().any(|row| row.id == *id) {
        let what = format!("there is no service account {}", text::printable(&id.to_string()));
        let next = "`rolecall get serviceaccounts` shows what there is";
        return Err(Failure::new(FailureKind::NotFound, what, "nothing of this name is in the cluster", next));
    }
    let gate = inventory.gate_of(id, request.now);
    let roles = |gate: &crate::domain::inventory::Gate<'_>| {
        let mut found: Vec<_> =
            inventory.known_roles().map(|role| (RoleArn::from(role.arn.as_str()), gate.admissions(role))).collect();
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    };
    Ok(items(inventory, gate.as_ref().map(roles).unwrap_or_default()))
}

fn items(inventory: &Inventory, found: Vec<(RoleArn, Vec<Admission>)>) -> Vec<Item> {
    let cluster = cluster_of(inventory);
    let mut uses: HashMap<(RoleArn, ServiceAccountId), Vec<&'static str>> = HashMap::new();
    for row in inventory.roles() {
        for used in row.used_by {
            uses.entry((row.arn.clone(), used.service_account)).or_default().push(used.how);
        }
    }
    let mut items = Vec::new();
    for (role, admissions) in found {
        for Admission { service_account, ways } in admissions {
            let uses = uses.remove(&(role.clone(), service_account.clone())).unwrap_or_default();
            items.push(Item {
                cluster: Arc::clone(&cluster),
                role: role.clone(),
                namespace: service_account.namespace,
                service_account: service_account.name,
                by: ways.into_iter().map(By::from).collect(),
                uses,
            });
        }
    }
    items
}

fn ways(item: &Item) -> String {
    item.by.iter().map(|by| by.words.as_str()).collect::<Vec<_>>().join("; ")
}

impl Columns for Item {
    const LIST: &'static str = "AdmissionList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("NAMESPACE", "namespace", |item, _| item.namespace.to_string()),
        Column::new("SERVICE ACCOUNT", "serviceAccount", |item, _| item.service_account.to_string()),
        Column::new("ROLE", "role", |item, view| super::column::role(Some(&item.role), view)),
        Column::new("USES IT BY", "uses", |item, _| item.uses.join(", ")),
        Column::new("COULD BECOME IT BY", "by", |item, _| ways(item)),
    ];
}
