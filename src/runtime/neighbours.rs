//! The clusters that can be opened while the program runs: contexts of the kubeconfig, any cluster by name and region,
//! or the simulated worlds at hand.

use std::sync::Arc;

use super::outside::{Options, Outside};
use crate::{
    app::effect::Choice,
    domain::failure::{Failure, FailureKind},
    kubernetes::context,
    sim::world::World,
};

/// Where other clusters are found.
#[derive(Clone)]
pub enum Neighbours {
    /// Through kubeconfig and the AWS configuration, with the flags of the session.
    Real(Arc<Options>),
    /// These worlds, each under the name of its cluster.
    Worlds(Vec<Arc<World>>),
}

impl Neighbours {
    /// Those that the outside of a session can tell.
    pub fn of(outside: &Outside) -> Self {
        match outside {
            Outside::Real(options) => Self::Real(Arc::clone(options)),
            Outside::Simulated(world, _) => Self::Worlds(vec![Arc::clone(world)]),
        }
    }

    /// Another world beside the ones at hand.
    #[must_use]
    pub fn and(mut self, world: Arc<World>) -> Self {
        if let Self::Worlds(worlds) = &mut self {
            worlds.push(world);
        }
        self
    }

    /// Names of contexts, in the order of the files.
    ///
    /// # Errors
    /// There is no kubeconfig, or it cannot be read.
    pub fn contexts(&self) -> Result<Vec<String>, Failure> {
        match self {
            Self::Real(options) => {
                context::contexts(&context::Options { kubeconfig: options.kubeconfig.clone(), context: None })
            }
            Self::Worlds(worlds) => Ok(worlds.iter().map(|world| world.cluster_name()).collect()),
        }
    }

    /// The outside of a cluster that was chosen. What the choice leaves open stays as the session's flags say; region,
    /// profile and cluster of another context are its own.
    ///
    /// # Errors
    /// No simulated world is called so.
    pub fn open(&self, choice: &Choice) -> Result<Outside, Failure> {
        match self {
            Self::Real(options) => Ok(Outside::Real(Arc::new(Options {
                context: choice.context.clone(),
                cluster: choice.cluster.clone(),
                region: choice.region.clone(),
                profile: choice
                    .profile
                    .clone()
                    .or_else(|| options.profile.clone().filter(|_| choice.context.is_none())),
                ..Options::clone(options)
            }))),
            Self::Worlds(worlds) => {
                let name = choice.context.as_ref().or(choice.cluster.as_ref());
                let found = worlds.iter().find(|world| Some(&world.cluster_name()) == name);
                found.map(|world| Outside::simulated(Arc::clone(world))).ok_or_else(no_world)
            }
        }
    }
}

fn no_world() -> Failure {
    Failure::new(
        FailureKind::Usage,
        "this cluster cannot be opened",
        "the session is a simulation, and no world of it is called so",
        "Choose one of the list",
    )
}
