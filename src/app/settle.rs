//! Brings what is in view up to date with the inventory, once for each batch of messages, and asks
//! for facts that are still missing: what is on screen first.

use jiff::Timestamp;

use super::{
    dialog::Dialog,
    effect::Effect,
    model::Model,
    row::Row,
    screen::{
        Screen,
        detail::DetailScreen,
        links,
        list::{ListKind, ListScreen, Made, Scope},
    },
    stock::Stock,
    subject::Subject,
    target,
};
use crate::domain::{
    fact::Fact,
    id::{AssociationId, RoleArn, RoleName, ServiceAccountId},
    inventory::{Inventory, Wanted},
    plan::owner::wanted_roles,
    workload::WorkloadId,
};

/// Brings everything in view up to date. To be called after a batch of messages and before drawing.
pub fn settle(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    in_view(model);
    ask(model);
    std::mem::take(&mut model.outbox)
}

/// The rows, links and plans in view.
pub(super) fn in_view(model: &mut Model) {
    let mut touched = false;
    let Model { clusters, active, lists, tab, history, dialogs, now, .. } = model;
    let cluster = &clusters[*active];
    touched |= match history.last_mut() {
        None => settle_list(&mut lists[*tab as usize], &cluster.inventory),
        Some(Screen::List(list)) => settle_list(list, &cluster.inventory),
        Some(Screen::Detail(detail)) => settle_detail(detail, &cluster.inventory, *now),
        Some(Screen::Overview(page)) => page.settle(&cluster.inventory),
        Some(_) => false,
    };
    for dialog in dialogs {
        touched |= match dialog {
            Dialog::Account(form) => form.settle(&cluster.inventory),
            Dialog::Role(form) => form.settle(&cluster.inventory, *now),
            Dialog::Options(form) => form.settle(&cluster.inventory, *now),
            Dialog::Confirm(confirm) => confirm.settle(&cluster.inventory, cluster.protected, *now),
            Dialog::Why(why) => why.settle(&cluster.inventory),
            _ => false,
        };
    }
    if touched {
        model.touch();
    }
}

/// Makes the rows again if the inventory changed, orders them again if another order is wanted, and chooses anew which
/// are shown if the filter is another one; where that was merely extended, of those that are shown.
fn settle_list(list: &mut ListScreen, inventory: &Inventory) -> bool {
    let revision = Some(inventory.revision());
    let made = &list.made;
    let is_fresh = (made.revision, made.folded) == (revision, list.folded);
    let is_sorted = is_fresh && (made.sort, made.reverse) == (Some(list.sort), list.reverse);
    if is_sorted && made.query == list.filter.query {
        return false;
    }
    let query = list.filter.query.clone();
    let of_shown = is_sorted && query.narrows(&made.query);
    if !is_fresh {
        let mut stock = Stock::new(rows(list, inventory));
        stock.sort(list.sort, list.reverse);
        let order = stock.kept(&query, None, inventory);
        list.view.replace(stock, order);
    } else {
        if !is_sorted {
            list.view.sort(list.sort, list.reverse);
        }
        list.view.filter(&query, of_shown, inventory);
    }
    list.made = Made { revision, folded: list.folded, sort: Some(list.sort), reverse: list.reverse, query };
    true
}

fn rows(list: &ListScreen, inventory: &Inventory) -> Vec<Row> {
    let mut rows: Vec<Row> = match list.kind {
        ListKind::Pods if list.folded => inventory.workloads().into_iter().map(Row::Workload).collect(),
        ListKind::Pods => inventory.pods().into_iter().map(Row::Pod).collect(),
        ListKind::ServiceAccounts => inventory.service_accounts().into_iter().map(Row::ServiceAccount).collect(),
        ListKind::Namespaces => inventory.namespaces().into_iter().map(Row::Namespace).collect(),
        ListKind::Roles => inventory.roles().into_iter().map(Row::Role).collect(),
        ListKind::Associations => inventory.associations().into_iter().map(Row::Association).collect(),
        ListKind::Nodes => inventory.nodes().into_iter().map(Row::Node).collect(),
        ListKind::Findings => inventory.findings().into_iter().cloned().map(Row::Finding).collect(),
    };
    if list.scope != Scope::Everything {
        rows.retain(|row| is_in(row, &list.scope));
    }
    rows
}

fn is_in(row: &Row, scope: &Scope) -> bool {
    let Scope::Namespace(wanted) = scope else { return true };
    match row {
        Row::Workload(row) => row.id.namespace == *wanted,
        Row::Pod(row) => row.id.namespace == *wanted,
        Row::ServiceAccount(row) => row.id.namespace == *wanted,
        Row::Namespace(row) => row.name == *wanted,
        Row::Association(row) => row.service_account.namespace == *wanted,
        Row::Finding(row) => row.subject.namespace() == Some(wanted.as_str()),
        Row::Role(_) | Row::Node(_) => true,
    }
}

fn settle_detail(detail: &mut DetailScreen, inventory: &Inventory, now: Timestamp) -> bool {
    if detail.made == Some(inventory.revision()) {
        return false;
    }
    detail.made = Some(inventory.revision());
    let selected = detail.link().map(|link| link.subject.clone());
    match links::of(inventory, &detail.subject, now) {
        Some(links) => (detail.links, detail.gone, detail.found) = (links, false, true),
        // What never was there is awaited, or was named wrongly.
        None => detail.gone = detail.found,
    }
    let place = selected.and_then(|subject| detail.links.iter().position(|link| link.subject == subject));
    detail.cursor = place.unwrap_or(detail.cursor).min(detail.links.len().saturating_sub(1));
    true
}

/// Asks for what rows need, if that differs from what was asked for last.
fn ask(model: &mut Model) {
    let (wanted, selected) = (in_order(model), selected(model));
    let cluster = model.cluster_mut();
    let asked = (&wanted, &selected);
    if asked == (&cluster.asked, &cluster.asked_for) {
        return;
    }
    let nothing = wanted == Wanted::default() && selected.is_none();
    (cluster.asked, cluster.asked_for) = (wanted.clone(), selected.clone());
    let cluster = cluster.id;
    if !nothing {
        model.emit(Effect::Read { cluster, wanted, selected });
    }
}

/// The service account in view, if its association is not known in full. While the list of associations is still on
/// its way only a row that a person chose is worth a call of its own.
fn selected(model: &Model) -> Option<ServiceAccountId> {
    let inventory = model.inventory();
    let service_account = target::service_account(inventory, &model.subject()?)?;
    let missing = match inventory.association_of(&service_account) {
        Some(association) => matches!(association.detail, Fact::Loading),
        None => is_chosen(model) && is_listing(inventory),
    };
    missing.then_some(service_account)
}

fn is_chosen(model: &Model) -> bool {
    model.list().is_none_or(|list| list.view.is_chosen())
}

fn is_listing(inventory: &Inventory) -> bool {
    inventory.progress().iter().any(|progress| progress.what == "associations" && progress.total == 0)
}

/// What the inventory wants, the associations of rows on screen first.
fn in_order(model: &Model) -> Wanted {
    let mut wanted = model.inventory().wanted();
    wanted.templates = model.inventory().unread_templates(workload_in_view(model));
    let undetailed = role_in_view(model).and_then(|arn| model.inventory().undetailed_role(&arn));
    for name in undetailed.into_iter().chain(roles_of_plan(model)) {
        if !wanted.role_details.contains(&name) {
            wanted.role_details.push(name);
        }
    }
    if wanted.associations.is_empty() {
        return wanted;
    }
    let visible = associations_on_screen(model);
    let (mut first, rest): (Vec<AssociationId>, Vec<AssociationId>) =
        wanted.associations.into_iter().partition(|id| visible.contains(id));
    first.extend(rest);
    wanted.associations = first;
    wanted
}

/// The roles that the plan in view needs to be read in detail.
fn roles_of_plan(model: &Model) -> Vec<RoleName> {
    match model.dialog() {
        Some(Dialog::Confirm(confirm)) => {
            confirm.plan.as_ref().map(|plan| wanted_roles(plan, model.inventory())).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The role whose screen is open, or that a person chose in a list.
fn role_in_view(model: &Model) -> Option<RoleArn> {
    match model.subject()? {
        Subject::Role(arn) if is_chosen(model) => Some(arn),
        _ => None,
    }
}

/// The workload whose page is open, that a person chose in a list, or that a plan in view is about: new pods get what
/// its current template says.
fn workload_in_view(model: &Model) -> Vec<WorkloadId> {
    if let Some(Dialog::Confirm(confirm)) = model.dialog() {
        let affects = confirm.plan.as_ref().map(|plan| plan.affects.as_slice()).unwrap_or_default();
        return affects.iter().map(|affected| affected.workload.clone()).collect();
    }
    match model.subject().map(|subject| subject.object()) {
        Some(Subject::Workload(id)) if is_chosen(model) => vec![id],
        Some(Subject::Pod(id)) if is_chosen(model) => {
            model.inventory().pod(&id).map(|pod| pod.workload.clone()).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn associations_on_screen(model: &Model) -> Vec<AssociationId> {
    let Some(list) = model.list() else { return Vec::new() };
    let inventory = model.inventory();
    let rows = list.view.window(model.body_height()).rows;
    let association = |row: &&Row| match row {
        Row::Association(row) => Some(row.id.clone()),
        Row::ServiceAccount(row) => row.association.clone(),
        Row::Workload(row) => inventory.association_of(&row.service_account).map(|found| found.id.clone()),
        Row::Pod(row) => inventory.association_of(&row.service_account).map(|found| found.id.clone()),
        Row::Namespace(_) | Row::Role(_) | Row::Node(_) | Row::Finding(_) => None,
    };
    rows.iter().filter_map(association).collect()
}
