//! What a person asked for and nobody has answered yet. A sign of it appears only where the answer is late, counts
//! seconds where it is very late, and Esc ends the waiting. Nothing moves meanwhile but the seconds.

use jiff::{SignedDuration, Timestamp};

use super::{
    dialog::{Dialog, access::Asked, changed::Looked},
    effect::Effect,
    model::Model,
    toast::ToastKind,
};

/// An answer that comes within this time is not late.
const LATE: SignedDuration = SignedDuration::from_millis(300);
/// From here on seconds are counted.
const LONG: SignedDuration = SignedDuration::from_secs(3);

/// What is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Awaited {
    /// IAM says whether somebody may do something.
    Access,
    /// CloudTrail tells what changed.
    Trail,
    /// AWS answers live proofs.
    Proofs,
    /// AWS is read again.
    Reading,
    /// The journal is read, for an undo or the rest of an operation.
    Journal,
}

/// What is shown of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sign {
    /// Nothing: it may still come in time.
    #[default]
    None,
    /// That it is awaited.
    Late,
    /// For how many seconds.
    Seconds(i64),
}

/// One thing that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// What.
    pub awaited: Awaited,
    /// What is shown of it.
    pub sign: Sign,
    since: Timestamp,
}

impl Awaited {
    /// What is being done meanwhile.
    pub fn words(self) -> &'static str {
        match self {
            Self::Access => "IAM is being asked",
            Self::Trail => "CloudTrail is being asked",
            Self::Proofs => "proofs are being made",
            Self::Reading => "AWS is being read again",
            Self::Journal => "the journal is being read",
        }
    }
}

impl Sign {
    fn after(waited: SignedDuration) -> Self {
        match waited {
            waited if waited < LATE => Self::None,
            waited if waited < LONG => Self::Late,
            waited => Self::Seconds(waited.as_secs()),
        }
    }
}

impl Wait {
    /// The sign in words, `IAM is being asked, 4 s`, once there is one.
    pub fn words(&self) -> Option<String> {
        let words = self.awaited.words();
        match self.sign {
            Sign::None => None,
            Sign::Late => Some(words.to_owned()),
            Sign::Seconds(seconds) => Some(format!("{words}, {seconds} s")),
        }
    }

    /// When its sign changes.
    pub(super) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let waited = now.duration_since(self.since);
        let then = match Sign::after(waited) {
            Sign::None => LATE,
            Sign::Late => LONG,
            Sign::Seconds(seconds) => SignedDuration::from_secs(seconds + 1),
        };
        self.since.checked_add(then).ok()
    }
}

/// Brings what is awaited up to date after anything happened; tells whether what is shown of it changed.
pub(super) fn keep(model: &mut Model) -> bool {
    let (now, open) = (model.now, open(model));
    let before: Vec<(Awaited, Sign)> = shown(model).collect();
    model.waits.retain(|wait| open.contains(&wait.awaited));
    for awaited in open {
        if !model.waits.iter().any(|wait| wait.awaited == awaited) {
            model.waits.push(Wait { awaited, sign: Sign::None, since: now });
        }
    }
    for wait in &mut model.waits {
        wait.sign = Sign::after(now.duration_since(wait.since));
    }
    !before.into_iter().eq(shown(model))
}

fn shown(model: &Model) -> impl Iterator<Item = (Awaited, Sign)> {
    model.waits.iter().filter(|wait| wait.sign != Sign::None).map(|wait| (wait.awaited, wait.sign))
}

fn open(model: &Model) -> Vec<Awaited> {
    let asks = |dialog: &Dialog| match dialog {
        Dialog::Access(form) if form.asked == Asked::Waiting => Some(Awaited::Access),
        Dialog::Changed(form) if form.looked == Looked::Waiting => Some(Awaited::Trail),
        _ => None,
    };
    let mut open: Vec<Awaited> = model.dialogs.iter().filter_map(asks).collect();
    open.extend(model.proving.as_ref().filter(|proving| !proving.stopped).map(|_| Awaited::Proofs));
    open.extend(model.cluster().aws.asked_for.then_some(Awaited::Reading));
    open.extend(model.purpose.as_ref().map(|_| Awaited::Journal));
    open
}

/// Esc: ends what the dialog in view waits for, or on a page what is seen to be late; tells whether there was any.
pub(super) fn stop(model: &mut Model) -> bool {
    match model.dialogs.last_mut() {
        Some(Dialog::Access(form)) if form.asked == Asked::Waiting => form.asked = Asked::Not,
        Some(Dialog::Changed(form)) if form.looked == Looked::Waiting => form.looked = Looked::Not,
        Some(_) => return false,
        None => return stop_on_page(model),
    }
    model.emit(Effect::StopAsking);
    model.say(ToastKind::Notice, "no longer asked; Enter asks again");
    true
}

fn stop_on_page(model: &mut Model) -> bool {
    let Some((late, _)) = shown(model).next() else { return false };
    match late {
        Awaited::Proofs => return super::update::prove::stop(model),
        Awaited::Journal => model.purpose = None,
        Awaited::Reading => {
            let now = model.now;
            let cluster = model.cluster_mut();
            let id = cluster.id;
            cluster.begin_reading();
            (cluster.aws.reading, cluster.aws.asked_for, cluster.aws.tried_at) = (false, false, Some(now));
            model.emit(Effect::StopReading(id));
        }
        Awaited::Access | Awaited::Trail => return false,
    }
    model.say(ToastKind::Notice, "no longer awaited: what is shown is what was read last");
    true
}
