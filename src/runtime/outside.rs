//! What the shell talks to: a real cluster and account, or the simulated ones. Chosen once;
//! nobody else in the program knows which it is.

use std::{path::PathBuf, sync::Arc, time::Duration};

use futures::{
    FutureExt,
    future::{BoxFuture, Shared},
};

use crate::{
    aws::session::{self, Session},
    config::settings::Settings,
    domain::{
        cluster::Target,
        failure::{Failure, FailureKind},
        id::ClusterName,
        service_account::DeclarationKeys,
    },
    kubernetes::{
        connect::{self, Connection, TokenSource},
        context::{self, Context},
    },
    sim::world::World,
};

/// How to find a real cluster and account.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A kubeconfig other than the standard ones.
    pub kubeconfig: Option<PathBuf>,
    /// A context other than the current one.
    pub context: Option<String>,
    /// The EKS cluster, where the context does not tell it.
    pub cluster: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// The AWS profile.
    pub profile: Option<String>,
    /// The namespace to fall back to where the whole cluster may not be read.
    pub namespace: Option<String>,
    /// How long an operation may take.
    pub timeout: Duration,
    /// By what service accounts declare associations.
    pub declared: DeclarationKeys,
    /// Profiles and roles of contexts.
    pub settings: Settings,
}

/// The other side of every adapter.
#[derive(Clone)]
pub enum Outside {
    /// Through kubeconfig and the AWS configuration.
    Real(Arc<Options>),
    /// A world in this process, over the same protocols.
    Simulated(Arc<World>, DeclarationKeys),
}

/// A session that is being made, once, for everybody who waits for it.
pub type SessionSoon = Shared<BoxFuture<'static, Result<Session, Failure>>>;

/// What is known before anybody has answered.
#[derive(Clone, Debug)]
pub struct Place {
    /// Cluster, region, account, profile as far as files and flags tell them.
    pub target: Target,
    context: Option<Context>,
    /// A role that the settings of the context say to assume.
    role: Option<String>,
}

impl Outside {
    /// A simulated world with its controllers at work. Must be called within the runtime.
    pub fn simulated(world: Arc<World>) -> Self {
        tokio::spawn(world.controllers());
        Self::Simulated(world, DeclarationKeys::default())
    }

    /// The same, with other keys for the declarations of service accounts.
    #[must_use]
    pub fn declaring(self, keys: DeclarationKeys) -> Self {
        match self {
            Self::Simulated(world, _) => Self::Simulated(world, keys),
            Self::Real(options) => Self::Real(Arc::new(Options { declared: keys, ..Options::clone(&options) })),
        }
    }

    /// Reads kubeconfig and flags; asks nobody.
    ///
    /// # Errors
    /// No kubeconfig, or no such context, and no `--cluster` with `--region` either.
    pub fn place(&self) -> Result<Place, Failure> {
        match self {
            Self::Real(options) => real_place(options),
            Self::Simulated(world, _) => Ok(Place { target: simulated_target(world), context: None, role: None }),
        }
    }

    /// A session with AWS for the cluster's region and profile, on its way: whoever needs it waits for it.
    /// Credentials are asked for at the first call.
    pub fn aws(&self, place: &Place) -> SessionSoon {
        let (outside, place) = (self.clone(), place.clone());
        async move { outside.session(&place).await }.boxed().shared()
    }

    async fn session(&self, place: &Place) -> Result<Session, Failure> {
        match self {
            Self::Simulated(world, _) => Ok(session::over(world.aws_transport(), world.region().into())),
            Self::Real(options) => {
                session::real(&session::Options {
                    profile: place.target.profile.clone(),
                    region: place.target.region.clone(),
                    role: place.role.clone(),
                    timeout: options.timeout,
                })
                .await
            }
        }
    }

    /// A connection to the Kubernetes API. The session is waited for only where it has to sign the
    /// bearer token or to find the endpoint.
    ///
    /// # Errors
    /// With what to do about it: see the adapters.
    pub async fn kubernetes(&self, place: &Place, session: &SessionSoon) -> Result<Connection, Failure> {
        let options = match self {
            Self::Simulated(world, keys) => {
                let connection = connect::over(world.kubernetes_transport(), place.target.clone()).await;
                return Ok(connection.declaring(keys.clone()));
            }
            Self::Real(options) => options,
        };
        let connection = real_connection(place, session).await?;
        Ok(connection.declaring(options.declared.clone()))
    }

    /// How long a new association takes to reach the webhook: about ten seconds on EKS
    /// (identity-resolution 1.7), what the world says in a simulated one.
    pub fn settle(&self) -> Duration {
        match self {
            Self::Real(_) => Duration::from_secs(10),
            Self::Simulated(..) => Duration::from_secs(2),
        }
    }
}

async fn real_connection(place: &Place, session: &SessionSoon) -> Result<Connection, Failure> {
    let token = place.target.cluster.clone().map(|name| token_source(session.clone(), name));
    match (&place.context, token, &place.target.cluster) {
        (Some(context), token, _) => connect::real(context, token).await,
        (None, Some(token), Some(name)) => {
            let cluster = session.clone().await?.cluster(name).await?;
            let endpoint = cluster.endpoint.ok_or_else(no_endpoint)?;
            let authority = cluster.certificate_authority.unwrap_or_default();
            connect::direct(&endpoint, &authority, token).await
        }
        _ => Err(no_session()),
    }
}

fn token_source(session: SessionSoon, name: ClusterName) -> TokenSource {
    Arc::new(move || {
        let (session, name) = (session.clone(), name.clone());
        async move { session.await?.token(&name).await }.boxed()
    })
}

fn no_endpoint() -> Failure {
    Failure::new(
        FailureKind::Unreachable,
        "cannot reach the Kubernetes API",
        "EKS tells no endpoint for this cluster yet",
        "Wait until it is ACTIVE",
    )
}

fn no_session() -> Failure {
    Failure::new(
        FailureKind::Credentials,
        "cannot reach the Kubernetes API",
        "there is no kubeconfig context and AWS credentials could not be loaded",
        "Log in to AWS, or give a context with --context",
    )
}

fn real_place(options: &Options) -> Result<Place, Failure> {
    let loaded =
        context::load(&context::Options { kubeconfig: options.kubeconfig.clone(), context: options.context.clone() });
    let wants_context = options.context.is_some() || options.kubeconfig.is_some();
    let (mut target, mut context) = match loaded {
        Ok(context) if options.cluster.is_none() || wants_context => (context.target.clone(), Some(context)),
        Err(failure) if options.cluster.is_none() || wants_context => return Err(failure),
        _ => (Target::default(), None),
    };
    if let Some(cluster) = &options.cluster {
        target.cluster = Some(cluster.as_str().into());
    }
    if let Some(region) = &options.region {
        target.region = Some(region.as_str().into());
    }
    let (profile, role) = options.settings.credentials(target.context.as_deref().unwrap_or_default());
    target.profile = options.profile.clone().or(profile).or(target.profile);
    if options.namespace.is_some() {
        target.namespace.clone_from(&options.namespace);
    }
    if let Some(context) = &mut context {
        context.target.namespace.clone_from(&target.namespace);
    }
    Ok(Place { target, context, role })
}

fn simulated_target(world: &World) -> Target {
    let (name, region, account) = (world.cluster_name(), world.region(), world.account());
    Target {
        context: Some(name.clone()),
        cluster: Some(name.into()),
        region: Some(region.into()),
        account: Some(account.into()),
        ..Target::default()
    }
}
