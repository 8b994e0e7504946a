//! Live proofs: asked for, confirmed, made, told.

use crate::app::{
    dialog::{Dialog, Typed, prove::ProveForm},
    effect::Effect,
    model::{Model, Proving},
    subject::Subject,
    target,
    toast::ToastKind,
};
use crate::{
    domain::{
        change::Change,
        id::ClusterId,
        identity::Verdict,
        proof::{self, Intent, Proof},
    },
    report::prove,
};

/// Says what a proof of the selection will do, and asks.
pub(super) fn start(model: &mut Model) {
    let Some(subject) = model.subject().map(|subject| subject.object()) else { return };
    let pace = model.settings.live_proof_calls_per_second.max(1);
    let form = match &subject {
        Subject::Namespace(name) => {
            let (intents, left) = proof::namespace(model.inventory(), name);
            let typed = Some(Typed::new(intents.len().to_string()));
            ProveForm { says: proof::says_of_many(&intents, left, pace), intents, typed, by_name: false }
        }
        one => {
            let whom = target::whom(model.inventory(), one);
            let Some(Ok(intent)) = whom.map(|whom| proof::intend(model.inventory(), &whom)) else { return };
            let (place, allowed) = (proof::place(model.inventory()), is_allowed(model));
            let typed = (!allowed).then(|| Typed::new(place));
            ProveForm { says: intent.says(), intents: vec![intent], typed, by_name: !allowed }
        }
    };
    model.dialogs.push(Dialog::Prove(Box::new(form)));
    model.measure.lines = 0;
}

fn is_allowed(model: &Model) -> bool {
    let cluster = model.cluster();
    let settings = &model.settings;
    let named = [cluster.title(), cluster.name()];
    cluster.proofs_allowed || named.iter().any(|name| settings.allows_live_proof(name))
}

/// Enter.
pub(super) fn confirmed(model: &mut Model) {
    let Some(Dialog::Prove(form)) = model.dialogs.last() else { return };
    if let Some(typed) = form.typed.as_ref().filter(|typed| !typed.is_right()) {
        let text = format!("type {} to go on: nothing was asked yet", typed.wanted);
        return model.say(ToastKind::Notice, text);
    }
    let (intents, by_name) = (form.intents.clone(), form.by_name);
    model.dialogs.pop();
    model.cluster_mut().proofs_allowed |= by_name;
    make(model, intents);
}

fn make(model: &mut Model, intents: Vec<Intent>) {
    model.proving = Some(Proving { of: intents.len(), ..Proving::default() });
    let (cluster, pace) = (model.cluster().id, model.settings.live_proof_calls_per_second.max(1));
    model.emit(Effect::Prove { cluster, intents, pace });
    model.touch();
}

/// Ctrl-c while proofs are under way; tells whether there were any.
pub(in crate::app) fn stop(model: &mut Model) -> bool {
    let Some(proving) = &mut model.proving else { return false };
    proving.stopped = true;
    model.emit(Effect::StopProofs);
    model.say(ToastKind::Notice, "no further proof is made");
    true
}

/// One answer.
pub(super) fn arrived(model: &mut Model, id: ClusterId, proof: Proof) {
    let (now, verdict) = (model.now, proof.proven.verdict);
    let said = sentence(&proof);
    if let Some(cluster) = model.cluster_of(id) {
        cluster.inventory.apply(vec![Change::Proven(Box::new(proof))], now);
    }
    model.touch();
    let Some(proving) = &mut model.proving else { return };
    match verdict {
        Verdict::Ok => proving.good += 1,
        Verdict::Broken => proving.bad += 1,
        _ => proving.unknown += 1,
    }
    if proving.of == 1 {
        let kind = if verdict == Verdict::Ok { ToastKind::Success } else { ToastKind::Failure };
        model.say(kind, said);
    }
}

fn sentence(proof: &Proof) -> String {
    let proven = &proof.proven;
    let fix = if proven.fix.is_empty() { String::new() } else { format!(" {}.", proven.fix.trim_end_matches('.')) };
    format!("{} {}: {}{fix}", proof.account, prove::word(proven), proven.message)
}

/// All are answered, or no more will be.
pub(super) fn ended(model: &mut Model) {
    let Some(proving) = model.proving.take() else { return };
    model.touch();
    if proving.of == 1 && proving.made() == 1 {
        return;
    }
    let Proving { of, good, bad, unknown, stopped } = proving;
    let left = of - good - bad - unknown;
    let rest = if stopped || left > 0 { format!(", {left} not made") } else { String::new() };
    let text = format!("{good} proven, {bad} refused by AWS, {unknown} not known{rest}; from this machine");
    let kind = if bad + unknown + left == 0 { ToastKind::Success } else { ToastKind::Notice };
    model.say(kind, text);
}
