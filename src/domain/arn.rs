//! Amazon Resource Names, taken apart. Partition and account come from the ARN itself
//! and are never assumed.

use std::{fmt, str::FromStr, sync::Arc};

use super::id::{AccountId, ClusterName, Region, RoleName};

/// `arn:partition:service:region:account:resource`, checked for its six parts.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Arn {
    text: Arc<str>,
    colons: [u16; 5],
}

/// Why a text is no ARN.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArnError {
    /// It has fewer than six parts or does not begin with `arn:`.
    #[error("`{0}` is not an ARN: expected arn:partition:service:region:account:resource")]
    Shape(String),
    /// It is an ARN of something else.
    #[error("`{0}` is not the ARN of an IAM role: expected arn:partition:iam::account:role/name")]
    NotRole(String),
}

impl Arn {
    /// The ARN as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn part(&self, index: usize) -> &str {
        let start = if index == 0 { 0 } else { usize::from(self.colons[index - 1]) + 1 };
        let end = self.colons.get(index).map_or(self.text.len(), |end| usize::from(*end));
        &self.text[start..end]
    }

    /// `aws`, `aws-cn`, `aws-us-gov`, …
    pub fn partition(&self) -> &str {
        self.part(1)
    }

    /// `iam`, `eks`, `sts`, …
    pub fn service(&self) -> &str {
        self.part(2)
    }

    /// The region, empty for global services.
    pub fn region(&self) -> Region {
        self.part(3).into()
    }

    /// The account that owns it.
    pub fn account(&self) -> AccountId {
        self.part(4).into()
    }

    /// Everything after the fifth colon, such as `role/path/name`.
    pub fn resource(&self) -> &str {
        self.part(5)
    }

    /// The role's name without its path, if this is the ARN of an IAM role.
    pub fn role_name(&self) -> Option<RoleName> {
        let rest = self.resource().strip_prefix("role/")?;
        (self.service() == "iam").then(|| rest.rsplit('/').next().unwrap_or(rest).into())
    }

    /// The cluster's name, if this is the ARN of an EKS cluster.
    pub fn cluster_name(&self) -> Option<ClusterName> {
        let name = self.resource().strip_prefix("cluster/")?;
        (self.service() == "eks").then(|| name.into())
    }

    /// Parses the ARN of an IAM role and nothing else.
    pub fn role(text: &str) -> Result<Self, ArnError> {
        let arn: Self = text.parse()?;
        let account = arn.account();
        let digits = account.as_str().len() == 12 && account.as_str().bytes().all(|b| b.is_ascii_digit());
        let named = arn.role_name().is_some_and(|name| !name.as_str().is_empty());
        if digits && named { Ok(arn) } else { Err(ArnError::NotRole(text.to_owned())) }
    }
}

impl FromStr for Arn {
    type Err = ArnError;

    fn from_str(text: &str) -> Result<Self, ArnError> {
        let shape = || ArnError::Shape(text.to_owned());
        let mut colons = [0_u16; 5];
        let mut found = text.match_indices(':');
        for slot in &mut colons {
            let (at, _) = found.next().ok_or_else(shape)?;
            *slot = u16::try_from(at).map_err(|_| shape())?;
        }
        let arn = Self { text: text.into(), colons };
        if arn.part(0) == "arn" && !arn.resource().is_empty() { Ok(arn) } else { Err(shape()) }
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.text)
    }
}

impl fmt::Debug for Arn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.text, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_with_a_path_keeps_its_last_segment_as_name() {
        let arn = Arn::role("arn:aws-cn:iam::111122223333:role/team/a/api").unwrap();
        assert_eq!(arn.role_name(), Some("api".into()));
        assert_eq!(arn.partition(), "aws-cn");
        assert_eq!(arn.account().as_str(), "111122223333");
    }

    #[test]
    fn an_arn_of_something_else_is_no_role() {
        assert!(matches!(Arn::role("arn:aws:s3:::bucket"), Err(ArnError::NotRole(_))));
        assert!(matches!(Arn::role("arn:aws:iam::1:role/x"), Err(ArnError::NotRole(_))));
        assert!(matches!(Arn::role("payments-api"), Err(ArnError::Shape(_))));
        assert!(matches!(Arn::role(""), Err(ArnError::Shape(_))));
    }

    #[test]
    fn the_name_of_a_cluster_comes_from_its_arn() {
        let arn: Arn = "arn:aws:eks:eu-west-1:111122223333:cluster/acme-prod".parse().unwrap();
        assert_eq!(arn.cluster_name(), Some("acme-prod".into()));
        assert_eq!(arn.region().as_str(), "eu-west-1");
    }
}
