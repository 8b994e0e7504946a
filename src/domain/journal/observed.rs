//! What a step finds in the world, and whether that is what the plan saw, what the step would
//! leave, or neither.

use jiff::{Timestamp, Unit};
use serde::{Deserialize, Serialize};

use crate::domain::{
    association::{AssociationSettings, Settings},
    id::{AssociationId, RoleArn},
    plan::{Call, retarget::Tag},
    trust::edit::{difference, is_same},
};

/// The part of the world that one call is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "found", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Observed {
    /// It does not exist.
    Nothing,
    /// It may not be read; the call itself has to tell.
    Unread,
    /// An association.
    Association {
        /// Its id.
        id: AssociationId,
        /// Everything that can be set.
        #[serde(flatten)]
        settings: AssociationSettings,
    },
    /// The role annotation of a service account.
    Annotation {
        /// The role it names.
        role_arn: Option<RoleArn>,
    },
    /// A trust policy.
    Trust {
        /// Its text, byte for byte.
        document: String,
    },
    /// An add-on is installed.
    Addon,
    /// A pod that is to be evicted is there.
    Pod {
        /// When the newest pod of its workload was created: a successor is newer.
        newest: Timestamp,
    },
    /// The restart annotation of a pod template.
    Template {
        /// Its value.
        restarted_at: Option<String>,
    },
}

/// How what was found compares with a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As the plan saw it: the step can be sent.
    Before,
    /// As the step would leave it.
    After,
    /// Neither, and in what it differs.
    Other(String),
}

impl Observed {
    /// Compares with a call. `sent_at`: when the call was sent before, if it was.
    pub fn standing(&self, call: &Call, sent_at: Option<Timestamp>) -> Standing {
        match (call, self) {
            (_, Self::Unread) => Standing::Before,
            (Call::CreatePodIdentityAssociation { .. }, found) => created(call, found),
            (Call::DeletePodIdentityAssociation { .. }, found) => deleted(call, found),
            (Call::AnnotateServiceAccount { before, after, .. }, Self::Annotation { role_arn }) => {
                annotated(before.as_ref(), after.as_ref(), role_arn.as_ref())
            }
            (Call::UpdateAssumeRolePolicy { before, after, .. }, Self::Trust { document }) => {
                written(document, before, after)
            }
            (Call::UpdatePodIdentityAssociation { before, after, .. }, Self::Association { settings, .. }) => {
                updated(&settings.updatable, before, after)
            }
            (Call::TagAssociation { before, after, .. }, Self::Association { settings, .. }) => {
                tagged(settings, before, after)
            }
            (Call::CreateAddon { .. }, Self::Nothing) | (Call::DeleteAddon { .. }, Self::Addon) => Standing::Before,
            (Call::CreateAddon { .. }, Self::Addon) | (Call::DeleteAddon { .. }, Self::Nothing) => Standing::After,
            (Call::RestartWorkload { .. }, Self::Template { restarted_at }) => {
                restarted(restarted_at.as_deref(), sent_at)
            }
            (Call::EvictPod { .. }, Self::Pod { .. }) => Standing::Before,
            (Call::EvictPod { .. }, Self::Nothing) => Standing::After,
            (Call::RestartWorkload { workload, .. }, Self::Nothing) => Standing::Other(format!("{workload} is gone")),
            (Call::AnnotateServiceAccount { service_account, .. }, Self::Nothing) => {
                Standing::Other(format!("service account {service_account} is gone"))
            }
            (_, other) => Standing::Other(format!("{other:?} was found")),
        }
    }
}

impl Call {
    /// The settings that a create asks for.
    pub fn wanted_association(&self) -> Option<AssociationSettings> {
        let Self::CreatePodIdentityAssociation {
            role_arn, target_role_arn, disable_session_tags, policy, tags, ..
        } = self
        else {
            return None;
        };
        let updatable = Settings {
            role_arn: role_arn.clone(),
            target_role_arn: target_role_arn.clone(),
            disable_session_tags: *disable_session_tags,
            policy: policy.as_deref().map(Into::into),
        };
        Some(AssociationSettings { updatable, tags: tags.iter().cloned().collect() })
    }
}

fn created(call: &Call, found: &Observed) -> Standing {
    let (Observed::Association { id, settings }, Some(wanted)) = (found, call.wanted_association()) else {
        return Standing::Before;
    };
    let differences = settings.differences(&wanted);
    if differences.is_empty() {
        return Standing::After;
    }
    Standing::Other(format!("Association already exists: {id}, with {}", differences.join("; ")))
}

fn deleted(call: &Call, found: &Observed) -> Standing {
    let Call::DeletePodIdentityAssociation { association, settings: expected, .. } = call else {
        return Standing::Before;
    };
    match found {
        Observed::Association { id, settings } if id == association => {
            let differences = expected.as_ref().map(|expected| settings.differences(expected)).unwrap_or_default();
            match differences.is_empty() {
                true => Standing::Before,
                false => Standing::Other(format!("it has {}", differences.join("; "))),
            }
        }
        Observed::Association { id, .. } => Standing::Other(format!("the association is now {id}")),
        _ => Standing::After,
    }
}

fn annotated(before: Option<&RoleArn>, after: Option<&RoleArn>, found: Option<&RoleArn>) -> Standing {
    let say = |arn: Option<&RoleArn>| arn.map_or_else(|| "no role".to_owned(), ToString::to_string);
    match found {
        found if found == before => Standing::Before,
        found if found == after => Standing::After,
        found => {
            let (then, now) = (say(before), say(found));
            Standing::Other(format!("its annotation named {then} when this was planned and names {now} now"))
        }
    }
}

/// Other spaces make no other policy.
fn written(document: &str, before: &str, after: &str) -> Standing {
    match document {
        now if is_same(now, before) => Standing::Before,
        now if is_same(now, after) => Standing::After,
        now => Standing::Other(difference(before, now)),
    }
}

fn updated(now: &Settings, before: &Settings, after: &Settings) -> Standing {
    match now {
        now if now == before => Standing::Before,
        now if now == after => Standing::After,
        now => Standing::Other(before.difference(now)),
    }
}

fn tagged(now: &AssociationSettings, before: &[Tag], after: &[Tag]) -> Standing {
    let seen: Vec<Tag> = after.iter().map(|(key, _)| (key.clone(), now.tags.get(key).cloned())).collect();
    if seen == before {
        return Standing::Before;
    }
    if seen == after {
        return Standing::After;
    }
    let line = |sign: char, (key, value): &Tag| value.as_ref().map(|value| format!("{sign} {key}={value}\n"));
    let differing = before.iter().zip(&seen).filter(|(one, two)| one != two);
    Standing::Other(differing.flat_map(|(one, two)| [line('-', one), line('+', two)]).flatten().collect())
}

/// A restart is a moment: it has happened if the template was stamped since it was sent.
fn restarted(stamp: Option<&str>, sent_at: Option<Timestamp>) -> Standing {
    let stamped: Option<Timestamp> = stamp.and_then(|stamp| stamp.parse().ok());
    let since = sent_at.map(|at| at.round(Unit::Second).unwrap_or(at));
    match (stamped, since) {
        (Some(stamped), Some(since)) if stamped >= since => Standing::After,
        _ => Standing::Before,
    }
}
