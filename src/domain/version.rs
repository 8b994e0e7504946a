//! Versions of Kubernetes objects: of one object the greatest is the newest.

use std::num::NonZeroU64;

/// `metadata.resourceVersion` as the number that API servers make it (Kubernetes API concepts, resource versions);
/// without a number nothing is known of the order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Version(Option<NonZeroU64>);

impl Version {
    /// Reads it as it stands in an object.
    pub fn read(text: &str) -> Self {
        Self(text.parse().ok())
    }

    /// Whether this one is certainly older than another of the same object.
    pub fn is_before(self, other: Self) -> bool {
        self.0.zip(other.0).is_some_and(|(own, other)| own < other)
    }
}
