//! The switchboard: each message calls one function named after what happened. Effects leave as data.

mod access;
mod away;
mod change;
mod changed;
mod clusters;
mod command;
mod confirm;
mod dialogs;
mod input;
mod journal;
mod lists;
mod navigate;
mod operation;
mod outside;
pub(super) mod prove;
mod trust;
mod why;

use jiff::Timestamp;

use super::{
    effect::Effect,
    message::{Input, Message},
    model::Model,
    toast::ToastKind,
    wait,
};

/// Takes one message in, at the time at which it is handled, and tells what is to be done outside.
pub fn update(model: &mut Model, message: Message, now: Timestamp) -> Vec<Effect> {
    model.now = now;
    match message {
        Message::Input(input) => told(model, input),
        Message::Wake => outside::woken(model),
        Message::Changes(cluster, changes) => outside::changed(model, cluster, changes),
        Message::KubernetesLink(cluster, link) => outside::linked(model, cluster, link),
        Message::AwsRead(cluster, read) => outside::aws_was_read(model, cluster, read),
        Message::Calls(cluster, calls) => outside::counted(model, cluster, calls),
        Message::OperationStepped { operation, step, state } => operation::stepped(model, operation, step, state),
        Message::OperationFinished { operation, outcome } => operation::finished(model, operation, outcome),
        Message::Proven(cluster, proof) => prove::arrived(model, cluster, *proof),
        Message::Ruled(cluster, answer) => access::answered(model, cluster, &answer.0, &answer.1),
        Message::LookedUp(cluster, answer) => changed::answered(model, cluster, &answer.0, answer.1),
        Message::ProofsEnded(_) => prove::ended(model),
        Message::Journal(read) => journal::arrived(model, read),
        Message::Contexts(names) => clusters::contexts(model, names),
        Message::ClusterRefused(cluster, failure) => clusters::refused(model, cluster, failure),
        Message::Returned(outing, failure) => outside::returned(model, &outing, failure),
        Message::Copied { characters } => model.say(ToastKind::Success, format!("copied {characters} characters")),
        Message::CopyFailed(failure) | Message::Failed(failure) => outside::failed(model, failure),
        Message::Mended { failure, now } => outside::mended(model, &failure, now),
        Message::Problems(problems) => outside::misconfigured(model, problems),
        Message::Configured(configured) => outside::configured(model, *configured),
        Message::Measured(measure) => model.measure = measure,
        Message::Resumed => input::resumed(model),
    }
    if wait::keep(model) {
        model.touch();
    }
    std::mem::take(&mut model.outbox)
}

fn told(model: &mut Model, input: Input) {
    match input {
        Input::Key(key) => input::pressed(model, key),
        Input::Paste(text) => input::pasted(model, &text),
        Input::Resize(width, height) => input::resized(model, width, height),
        Input::FocusGained => input::focused(model),
        Input::Scroll(lines) => input::scrolled(model, lines),
        Input::Click(column, row) => input::clicked(model, column, row),
    }
    super::settle::in_view(model);
}
