//! Several clusters in one session: opening, switching, and what comes back of it. Each fails alone.

use std::sync::Arc;

use crate::app::{
    cluster::{ClusterView, Kept},
    dialog::{
        Dialog,
        clusters::{Clusters, Entry},
    },
    effect::{Choice, Effect},
    lock::Lock,
    model::Model,
    toast::ToastKind,
};
use crate::domain::{failure::Failure, id::ClusterId, inventory::Inventory};

/// Opens the picker and asks which contexts there are.
pub(super) fn pick(model: &mut Model) {
    let picker = Clusters::new(model);
    model.dialogs.push(Dialog::Clusters(Box::new(picker)));
    model.emit(Effect::ListContexts);
}

/// The contexts were read; without a kubeconfig the open clusters and typed ones can still be chosen.
pub(super) fn contexts(model: &mut Model, contexts: Vec<String>) {
    model.contexts = contexts;
    let mut dialogs = std::mem::take(&mut model.dialogs);
    for dialog in &mut dialogs {
        if let Dialog::Clusters(picker) = dialog {
            picker.list(model);
        }
    }
    model.dialogs = dialogs;
    model.touch();
}

/// Enter in the picker.
pub(super) fn confirmed(model: &mut Model) {
    let Some(Dialog::Clusters(picker)) = model.dialogs.last() else { return };
    let Some(entry) = picker.chosen().cloned() else {
        let text = "no cluster is called that: write cluster:NAME region:REGION, or CONTEXT profile:PROFILE";
        return model.say(ToastKind::Notice, text);
    };
    model.dialogs.pop();
    match entry {
        Entry::Open(at, _) => switch(model, at),
        Entry::Context(name) => open(model, Choice { context: Some(name), ..Choice::default() }),
        Entry::Typed(choice) => open(model, choice),
    }
}

/// Another cluster, in view at once: it fills as answers come. One that is open comes into view.
fn open(model: &mut Model, choice: Choice) {
    let name = choice.context.as_ref().or(choice.cluster.as_ref());
    let plain = choice.profile.is_none() && choice.region.is_none();
    let is_open = |view: &ClusterView| Some(&view.title()) == name || Some(&view.name()) == name;
    if let Some(at) = model.clusters.iter().position(is_open).filter(|_| plain) {
        return switch(model, at);
    }
    let id = ClusterId(model.clusters.iter().map(|view| view.id.0).max().map_or(0, |highest| highest + 1));
    let title = choice.to_string();
    let lock = Lock::of(&model.settings.within(choice.context.as_deref().unwrap_or_default()));
    model.clusters.push(ClusterView::new(id, Inventory::new(id), lock, model.settings.is_protected(&title)));
    switch(model, model.clusters.len() - 1);
    model.emit(Effect::OpenCluster { cluster: id, choice });
}

/// It could not even be begun: back to where one was.
pub(super) fn refused(model: &mut Model, id: ClusterId, failure: Arc<Failure>) {
    let Some(at) = model.clusters.iter().position(|view| view.id == id) else { return };
    if model.clusters.len() > 1 {
        if model.active == at {
            switch(model, if at == 0 { 1 } else { at - 1 });
        }
        model.clusters.remove(at);
        if model.active > at {
            model.active -= 1;
        }
    }
    super::outside::failed(model, failure);
}

/// The next of the open clusters.
pub(super) fn next(model: &mut Model) {
    switch(model, (model.active + 1) % model.clusters.len());
}

/// Brings a cluster into view, with its lists and pages as they were left.
fn switch(model: &mut Model, to: usize) {
    if to == model.active || to >= model.clusters.len() {
        return;
    }
    let fresh = Kept { lists: Model::fresh_lists(&model.settings), ..Kept::default() };
    let next = model.clusters[to].kept.take().map_or(fresh, |kept| *kept);
    let left = Kept {
        lists: std::mem::replace(&mut model.lists, next.lists),
        tab: std::mem::replace(&mut model.tab, next.tab),
        history: std::mem::replace(&mut model.history, next.history),
        trail: std::mem::replace(&mut model.trail, next.trail),
    };
    model.clusters[model.active].kept = Some(Box::new(left));
    model.active = to;
    model.dialogs.clear();
    model.frozen = None;
    super::outside::thaw(model);
    (model.measure.lines, model.measure.top, model.measure.longest) = (0, 0, 0);
}
