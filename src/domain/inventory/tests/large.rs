//! Quotas that only a large cluster comes near to.

use jiff::SignedDuration;

use super::world::*;
use crate::domain::{association::AssociationDetail, change::Change, fact::Fact};

fn near_the_quota(count: usize) -> bool {
    let mut world = World::new();
    let detail = AssociationDetail { role_arn: arn("web"), ..detail(ago(SignedDuration::from_hours(240))) };
    let all = (0..count).map(|index| association(&format!("shop/job-{index}"), Fact::Known(detail.clone())));
    world.apply(vec![Change::Associations(Fact::Known(all.collect()))]);
    world.inventory.findings().iter().any(|finding| finding.code.name == "ASSOC-QUOTA")
}

#[test]
fn more_than_nine_tenths_of_five_thousand_associations_are_near_the_quota() {
    assert!(near_the_quota(4_501));
    assert!(!near_the_quota(4_500));
}
