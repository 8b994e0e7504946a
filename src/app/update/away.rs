//! What leaves the screen to somebody else: logging in, reading a text outside, the mouse.

use crate::app::{
    availability,
    dialog::{Dialog, copy},
    effect::{Effect, Outing},
    model::Model,
    screen::Screen,
    toast::ToastKind,
};

/// `L`: the login command of the profile in use, with the screen stepped aside.
pub(super) fn login(model: &mut Model) {
    let words = availability::login_words(model);
    model.emit(Effect::StepAside(Outing::Login(words)));
}

/// `E`: the policy, the plan, or the chain of what is selected, in the person's own editor or pager.
pub(super) fn read(model: &mut Model) {
    let text = match (model.dialog(), model.screen()) {
        (Some(Dialog::Confirm(confirm)), _) => confirm.copied(),
        (_, Some(Screen::Trust(page))) => {
            model.inventory().role(&page.role).known().map(|role| role.trust.text.to_string())
        }
        _ => copy::chain(model),
    };
    match text {
        Some(text) => {
            let text = super::command::redacted(model, &text);
            model.emit(Effect::StepAside(Outing::Read(text)));
        }
        None => model.say(ToastKind::Notice, "there is no text of this to read outside"),
    }
}

/// `mouse.toggle`: with the mouse taken the terminal selects text only while Shift (on macOS Option) is held.
pub(super) fn toggle_mouse(model: &mut Model) {
    model.mouse = !model.mouse;
    model.emit(Effect::Mouse(model.mouse));
    model.say(
        ToastKind::Success,
        match model.mouse {
            true => "mouse on: wheel and click; hold Shift or Option to select text",
            false => "mouse off: the terminal selects text",
        },
    );
}
