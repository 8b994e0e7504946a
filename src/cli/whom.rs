//! Whose identity a command is about.

use clap::{
    ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser},
};

use super::explain::{namespaced, service_account};
use crate::domain::{failure::Failure, id::PodId, proof::Whom};

/// What kind of thing has an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Kind {
    /// What a pod is now
    #[value(alias = "pods")]
    Pod,
    /// What a new pod of a service account would be
    #[value(alias = "serviceaccount")]
    Sa,
    /// Every service account of a namespace
    #[value(alias = "namespace")]
    Ns,
}

impl Kind {
    /// Reads a kind of which one is meant: no namespace.
    pub fn of_one() -> impl TypedValueParser<Value = Self> {
        let one = Self::value_variants().iter().filter(|kind| **kind != Self::Ns);
        let words = PossibleValuesParser::new(one.filter_map(ValueEnum::to_possible_value));
        words.try_map(|word| <Self as ValueEnum>::from_str(&word, false))
    }

    /// Who is meant by a name; `None` for all of a namespace.
    ///
    /// # Errors
    /// `Usage` for what is not NAMESPACE/NAME.
    pub fn whom(self, name: &str) -> Result<Option<Whom>, Failure> {
        Ok(match self {
            Self::Pod => {
                let (namespace, name) = namespaced(name)?;
                Some(Whom::Pod(PodId::new(namespace, name)))
            }
            Self::Sa => Some(Whom::ServiceAccount(service_account(name)?)),
            Self::Ns => None,
        })
    }
}
