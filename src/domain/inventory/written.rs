//! Trust policies that were written a moment ago. IAM is eventually consistent: until it returns what was
//! written, that is what stands here, so that the next plan starts from it.

use std::sync::Arc;

use super::{Inventory, settle::Dirty};
use crate::domain::{
    id::RoleName,
    role::{Role, TrustPolicy, Writes, Written},
};

impl Inventory {
    /// Takes over a trust policy that was written.
    pub(super) fn take_written(&mut self, name: RoleName, written: Written, dirty: &mut Dirty) {
        let facts = &mut self.facts;
        let writes = facts.written.entry(name.clone()).or_default();
        writes.add(written);
        if let Some(role) = facts.roles.items_mut().get_mut(&name)
            && keep_written(Some(writes), role)
        {
            dirty.roles.insert(name);
            dirty.visible = true;
        }
    }
}

/// Makes a role what it is after the last write, if IAM gives it as it was before; tells whether it did.
pub(super) fn keep_written(writes: Option<&Writes>, role: &mut Role) -> bool {
    let Some(writes) = writes else { return false };
    let current = writes.current(&role.trust.text);
    if *current == *role.trust.text {
        return false;
    }
    role.trust = Arc::new(TrustPolicy::parse(current));
    true
}
