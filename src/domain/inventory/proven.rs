//! Results of live proofs: kept for the identity that was proven, shown as long as it is the same.

use super::{Inventory, settle::Dirty};
use crate::domain::{
    finding::Finding,
    id::{PodId, ServiceAccountId},
    identity::Identity,
    proof::{Proof, Whom, intend},
};

impl Inventory {
    /// Takes over a result; it replaces an earlier one of the same identity.
    pub(super) fn take_proof(&mut self, proof: Proof, dirty: &mut Dirty) {
        let account = proof.account.clone();
        let kept = self.proofs.entry(account.clone()).or_default();
        kept.retain(|other| !other.identity.is_same(&proof.identity));
        kept.push(proof);
        dirty.accounts.insert(account);
        dirty.visible = true;
    }

    /// The newest proof of an identity of a service account.
    pub fn proof(&self, account: &ServiceAccountId, identity: &Identity) -> Option<&Proof> {
        self.proofs.get(account)?.iter().find(|proof| proof.is_of(account, identity))
    }

    /// The newest proof of what a pod is now.
    pub fn proof_of_pod(&self, id: &PodId) -> Option<&Proof> {
        let (pod, resolution) = (self.pod(id)?, self.resolution(id)?);
        self.proofs.get(&pod.service_account()).filter(|proofs| !proofs.is_empty())?;
        self.proof(&pod.service_account(), &resolution.now)
    }

    /// The newest proof of what a new pod of a service account would be.
    pub fn proof_of_service_account(&self, id: &ServiceAccountId) -> Option<&Proof> {
        self.proofs.get(id).filter(|proofs| !proofs.is_empty())?;
        self.proof(id, &self.next_of(id))
    }

    pub(super) fn proven_accounts(&self) -> impl Iterator<Item = &ServiceAccountId> {
        self.proofs.keys()
    }

    /// Where a proof and the facts disagree, and still do: when the facts have changed since, the proof is of
    /// another time.
    pub(super) fn disproved(&self, account: &ServiceAccountId, pods: u32) -> Option<Finding> {
        let proofs = self.proofs.get(account)?;
        proofs.iter().find_map(|proof| {
            let finding = proof.disagreement(pods)?;
            self.still_expects(account, proof).then_some(finding)
        })
    }

    fn still_expects(&self, account: &ServiceAccountId, proof: &Proof) -> bool {
        let pods = self.pods_of_service_account(account);
        let pods = pods.into_iter().map(|row| Whom::Pod(row.id));
        let mut whoms = pods.chain([Whom::ServiceAccount(account.clone())]);
        whoms.any(|whom| {
            let intent = intend(self, &whom);
            intent.is_ok_and(|intent| proof.is_of(account, &intent.identity) && intent.expected == proof.expected)
        })
    }
}
