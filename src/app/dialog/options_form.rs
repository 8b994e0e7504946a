//! Everything an association can have, one field a line: role, target role, session tags, session policy, tags.
//! The rules that bind them are those of the plan, which stands below.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::request::Request;
use crate::app::field::Field;
use crate::domain::{
    association::AssociationDetail,
    failure::{Failure, FailureKind},
    id::{RoleArn, ServiceAccountId},
    inventory::Inventory,
    plan::{Plan, associate::AssociateRequest, name_role, retarget::RetargetRequest, trust::Narrow},
};

/// The lines of the form, in order.
pub const LABELS: [&str; 5] = ["role", "target role", "session tags", "session policy", "tags"];
const HINTS: [&str; 5] =
    ["name or ARN", "ARN, of any account", "on or off", "JSON, only with session tags off", "key=value, key=value"];

/// The form.
#[derive(Clone, Debug)]
pub struct OptionsForm {
    /// For whom.
    pub service_account: ServiceAccountId,
    /// What the association is now; `None`: there is none yet.
    pub current: Option<AssociationDetail>,
    /// One for each label.
    pub fields: [Field; 5],
    /// Which of them has the focus.
    pub focus: usize,
    /// What Enter would show, or why there is no plan.
    pub preview: Result<Plan, Arc<Failure>>,
    made: u64,
}

impl OptionsForm {
    /// A form filled with what the association is, with another role or target role where one was chosen.
    pub fn new(
        service_account: ServiceAccountId,
        role: Option<RoleArn>,
        target: Option<RoleArn>,
        inventory: &Inventory,
        now: Timestamp,
    ) -> Self {
        let found = inventory.association_of(&service_account).and_then(|association| association.detail.known());
        let current = found.cloned();
        let role = role.or_else(|| found.map(|detail| detail.role_arn.clone()));
        let target = target.or_else(|| found.and_then(|detail| detail.target_role_arn.clone()));
        let off = found.is_some_and(|detail| detail.disable_session_tags);
        let policy = found.and_then(|detail| detail.policy.clone());
        let tags = found.map(|detail| pairs(&detail.tags)).unwrap_or_default();
        let text = |arn: Option<RoleArn>| Field::new(arn.as_ref().map_or("", RoleArn::as_str));
        let fields = [
            text(role),
            text(target),
            Field::new(if off { "off" } else { "on" }),
            Field::new(policy.as_deref().unwrap_or_default()),
            Field::new(&tags),
        ];
        let focus = fields.iter().position(Field::is_empty).filter(|first| *first == 0).unwrap_or(1);
        let preview = Err(Arc::new(wrong("nothing is chosen", "", "")));
        let mut form = Self { service_account, current, fields, focus, preview, made: inventory.revision() };
        form.plan(inventory, now);
        form
    }

    /// What a line takes, in a few words.
    pub fn hint(line: usize) -> &'static str {
        HINTS.get(line).copied().unwrap_or_default()
    }

    /// The field with the focus.
    pub fn focused(&self) -> Option<&Field> {
        self.fields.get(self.focus)
    }

    /// The field with the focus.
    pub fn focused_mut(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.focus)
    }

    /// Moves the focus, round and round.
    pub fn move_by(&mut self, lines: isize) {
        let count = isize::try_from(LABELS.len()).unwrap_or(1);
        let at = isize::try_from(self.focus).unwrap_or_default();
        self.focus = usize::try_from((at + lines.clamp(-1, 1)).rem_euclid(count)).unwrap_or_default();
    }

    /// Plans again if the inventory changed; tells whether it did.
    pub fn settle(&mut self, inventory: &Inventory, now: Timestamp) -> bool {
        let stale = self.made != inventory.revision();
        if stale {
            self.made = inventory.revision();
            self.plan(inventory, now);
        }
        stale
    }

    /// Plans again after a text changed.
    pub fn plan(&mut self, inventory: &Inventory, now: Timestamp) {
        let request = self.request(inventory);
        self.preview = request.and_then(|request| request.plan(inventory, now)).map_err(Arc::new);
    }

    /// What is asked for.
    ///
    /// # Errors
    /// A field holds something else than it takes.
    pub fn request(&self, inventory: &Inventory) -> Result<Request, Failure> {
        let text = |line: usize| self.fields[line].text().trim().to_owned();
        let role_arn = name_role(inventory, &text(0))?;
        let target = Some(text(1)).filter(|text| !text.is_empty()).map(RoleArn::from);
        let off = match text(2).as_str() {
            "on" => false,
            "off" => true,
            other => {
                return Err(wrong("session tags are on or off", &format!("`{other}` is neither"), "Write on or off"));
            }
        };
        let policy = Some(text(3)).filter(|text| !text.is_empty());
        let tags = tags(&text(4))?;
        let Some(current) = &self.current else {
            return Ok(Request::Associate(AssociateRequest {
                service_account: self.service_account.clone(),
                role_arn,
                target_role_arn: target,
                disable_session_tags: off,
                policy,
                tags,
                fix_trust: Some(Narrow::default()),
            }));
        };
        let untag = current.tags.keys().filter(|key| !tags.iter().any(|(kept, _)| kept == *key)).cloned().collect();
        Ok(Request::Retarget(RetargetRequest {
            role_arn: Some(role_arn),
            target_role_arn: Some(target),
            disable_session_tags: Some(off),
            policy: Some(policy),
            tags,
            untag,
            fix_trust: Some(Narrow::default()),
            ..RetargetRequest::new(self.service_account.clone())
        }))
    }
}

fn wrong(what: &str, why: &str, next: &str) -> Failure {
    Failure::new(FailureKind::Usage, what, why, next)
}

fn pairs(tags: &BTreeMap<String, String>) -> String {
    tags.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(", ")
}

/// `key=value, key=value`.
fn tags(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (key, value) = part.split_once('=').ok_or_else(|| {
                wrong("a tag is a key and a value", &format!("`{part}` has no ="), "Write key=value, key=value")
            })?;
            Ok((key.trim().to_owned(), value.trim().to_owned()))
        })
        .collect()
}
