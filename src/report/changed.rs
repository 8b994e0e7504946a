//! `changed`: events of CloudTrail about a role and a service account. Who and from where stays out until it is asked for.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;

use super::{
    Rendered, Request,
    column::{Column, Columns},
    envelope::{Head, cluster_of},
    headed,
};
use crate::domain::{inventory::Inventory, trail::Event};

/// One event.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct EventItem {
    cluster: Arc<str>,
    at: Timestamp,
    event: String,
    what: String,
    error_code: Option<String>,
    error_message: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    caller: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_address: Option<String>,
    event_id: String,
}

impl Columns for EventItem {
    const LIST: &'static str = "EventList";
    const COLUMNS: &'static [Column<Self>] = &[
        Column::new("WHEN", "at", |item, _| item.at.to_string()),
        Column::new("WHAT", "what", |item, _| item.what.clone()),
        Column::new("ERROR", "errorCode", |item, _| item.error_code.clone().unwrap_or_default()),
        Column::new("WHO", "caller", |item, view| hidden(item.caller.as_ref(), view.plain)),
        Column::new("FROM", "sourceAddress", |item, view| hidden(item.source_address.as_ref(), view.plain)),
        Column::wide("EVENT", "event", |item, _| item.event.clone()),
        Column::wide("EVENT ID", "eventId", |item, _| item.event_id.clone()),
    ];
}

/// What was not asked for is said to be hidden, not to be missing.
fn hidden(value: Option<&String>, plain: bool) -> String {
    match value {
        Some(value) => value.clone(),
        None if plain => String::new(),
        None => "hidden".to_owned(),
    }
}

/// The events; with `who` also who made them and from where.
pub fn events(found: &[Event], who: bool, request: &Request<'_>, inventory: &Inventory) -> Rendered {
    let cluster = cluster_of(inventory);
    let asked = |value: &Option<String>| value.clone().or_else(|| Some("unknown".to_owned())).filter(|_| who);
    let item = |event: &Event| EventItem {
        cluster: Arc::clone(&cluster),
        at: event.at,
        event: event.name.clone(),
        what: event.phrase(),
        error_code: event.error.as_ref().map(|(code, _)| code.clone()),
        error_message: event.error.as_ref().map(|(_, message)| message.clone()),
        caller: asked(&event.caller),
        source_address: asked(&event.from),
        event_id: event.id.clone(),
    };
    let items: Vec<EventItem> = found.iter().map(item).collect();
    headed(request, inventory, &Head::of(inventory, request.now), &items)
}
