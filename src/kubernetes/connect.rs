//! The connection to an API server: over sockets as the kubeconfig says, without a kubeconfig, or
//! over a transport in process. Whatever it is, requests go through `request`.

use std::{sync::Arc, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::{
    Client, Config,
    config::{AuthInfo, Cluster, ExecConfig, KubeConfigOptions, Kubeconfig, NamedCluster, NamedContext},
};
use tower::ServiceExt;

pub use super::bearer::TokenSource;
use super::{bearer::Bearer, context::Context, failure, plugin};
use crate::{
    domain::{
        cluster::Target,
        failure::{Failure, FailureKind},
        service_account::DeclarationKeys,
    },
    wire,
};

/// How long a TCP and TLS connection may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long reading certificates and setting up TLS may take.
const SET_UP: Duration = Duration::from_secs(10);

/// An open way to one API server. Clones share it.
#[derive(Clone)]
pub struct Connection {
    pub(super) client: Client,
    pub(super) bearer: Option<Bearer>,
    pub(super) target: Arc<Target>,
    pub(super) keys: Arc<DeclarationKeys>,
}

impl Connection {
    /// Reads the declarations of service accounts by other keys.
    #[must_use]
    pub fn declaring(self, keys: DeclarationKeys) -> Self {
        Self { keys: Arc::new(keys), ..self }
    }

    /// What the context says about the cluster.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// The namespace that the context prefers.
    pub fn namespace(&self) -> &str {
        self.target.namespace.as_deref().unwrap_or("default")
    }
}

/// Connects as a kubeconfig context says. `token` is used instead of the plugin of a plain EKS
/// stanza; if it fails the plugin is run.
///
/// # Errors
/// `Usage` if the context cannot be used, `Credentials` if its plugin fails. The server is not asked yet.
pub async fn real(context: &Context, token: Option<TokenSource>) -> Result<Connection, Failure> {
    let options = KubeConfigOptions { context: Some(context.name.clone()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(context.kubeconfig.clone(), &options)
        .await
        .map_err(|error| unusable(&context.name, &error.to_string()))?;
    respect_no_proxy(&mut config, context);
    // kube would run the plugin itself, up to three times and with our terminal as its own.
    let exec = if has_own_credentials(&config.auth_info) { None } else { config.auth_info.exec.clone() };
    config.auth_info.exec = None;
    let mint = token.filter(|_| context.stanza.as_ref().is_some_and(|stanza| stanza.can_mint));
    let bearer = match exec {
        Some(exec) => authenticate(&mut config, exec, mint).await?,
        None => None,
    };
    let client = client(config).await.map_err(|why| unusable(&context.name, &why))?;
    Ok(Connection { client, bearer, target: Arc::new(context.target.clone()), keys: Arc::default() })
}

/// A user with a token, certificate or password of its own never asks the plugin.
fn has_own_credentials(user: &AuthInfo) -> bool {
    user.token.is_some()
        || user.token_file.is_some()
        || user.auth_provider.is_some()
        || (user.username.is_some() && user.password.is_some())
}

async fn authenticate(
    config: &mut Config,
    exec: ExecConfig,
    mint: Option<TokenSource>,
) -> Result<Option<Bearer>, Failure> {
    if mint.is_some() {
        return Ok(Some(Bearer::new(mint, Some(exec))));
    }
    let credential = plugin::run(&exec).await?;
    if let (Some(certificate), Some(key)) = (&credential.client_certificate_data, &credential.client_key_data) {
        let user = serde_json::json!({
            "client-certificate-data": STANDARD.encode(certificate),
            "client-key-data": STANDARD.encode(key),
        });
        if let Ok(AuthInfo { client_certificate_data, client_key_data, .. }) = serde_json::from_value(user) {
            config.auth_info.client_certificate_data = client_certificate_data;
            config.auth_info.client_key_data = client_key_data;
        }
        return Ok(None);
    }
    let bearer = Bearer::new(None, Some(exec));
    bearer.keep(&credential).await?;
    Ok(Some(bearer))
}

/// Connects without a kubeconfig, with what DescribeCluster tells (identity-resolution 7.3).
///
/// # Errors
/// `Invalid` if endpoint or CA are malformed. The server is not asked yet.
pub async fn direct(endpoint: &str, ca_base64: &str, token: TokenSource) -> Result<Connection, Failure> {
    let name = "direct".to_owned();
    let cluster = Cluster {
        server: Some(endpoint.to_owned()),
        certificate_authority_data: Some(ca_base64.to_owned()).filter(|ca| !ca.is_empty()),
        ..Cluster::default()
    };
    let context = kube::config::Context { cluster: name.clone(), ..kube::config::Context::default() };
    let kubeconfig = Kubeconfig {
        clusters: vec![NamedCluster { name: name.clone(), cluster: Some(cluster), ..NamedCluster::default() }],
        contexts: vec![NamedContext { name: name.clone(), context: Some(context), ..NamedContext::default() }],
        ..Kubeconfig::default()
    };
    let target = Target {
        server: Some(endpoint.to_owned()),
        certificate_authority: Some(ca_base64.to_owned()),
        ..Target::default()
    };
    let context = Context { target, stanza: None, name, kubeconfig };
    let mut connection = real(&context, None).await?;
    connection.bearer = Some(Bearer::new(Some(token), None));
    Ok(connection)
}

/// Connects over a transport in process. Must be called within a runtime.
pub async fn over(transport: wire::Transport, target: Target) -> Connection {
    let service = transport.map_request(|request: http::Request<kube::client::Body>| request.map(wire::body));
    let namespace = target.namespace.clone().unwrap_or_else(|| "default".to_owned());
    Connection { client: Client::new(service, namespace), bearer: None, target: Arc::new(target), keys: Arc::default() }
}

/// Builds the client where blocking is allowed: it reads certificates.
async fn client(mut config: Config) -> Result<Client, String> {
    config.connect_timeout = Some(CONNECT);
    // One policy of ours for every transport, reads only.
    config.default_retry = false;
    let build = tokio::task::spawn_blocking(move || Client::try_from(config));
    match tokio::time::timeout(SET_UP, build).await {
        Ok(Ok(Ok(client))) => Ok(client),
        Ok(Ok(Err(error))) => Err(failure::chain(&error)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("setting up TLS took longer than {} s", SET_UP.as_secs())),
    }
}

fn unusable(context: &str, why: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("the context `{context}` cannot be used"),
        why,
        "Correct the kubeconfig; `kubectl --context` shows whether kubectl can use it",
    )
}

/// kube compares `NO_PROXY` with the proxy instead of the server: a proxy taken from the
/// environment is dropped here when the server is excepted. A `proxy-url` in the file always holds.
fn respect_no_proxy(config: &mut Config, context: &Context) {
    let named = context.kubeconfig.clusters.iter().filter_map(|named| named.cluster.as_ref());
    let from_file = named
        .filter(|cluster| cluster.server == context.target.server)
        .any(|cluster| cluster.proxy_url.as_deref().is_some_and(|url| !url.is_empty()));
    let list = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
    let host = config.cluster_url.host().unwrap_or_default();
    if !from_file && is_excepted(host, &list) {
        config.proxy_url = None;
    }
}

/// Whether a `NO_PROXY` list names a host: `*`, the host, a domain it lies in, an address or a network.
fn is_excepted(host: &str, list: &str) -> bool {
    let host = host.trim_matches(['[', ']']).to_ascii_lowercase();
    let address = host.parse::<std::net::IpAddr>().ok();
    list.split(',').map(|entry| entry.trim().to_ascii_lowercase()).filter(|entry| !entry.is_empty()).any(|entry| {
        let domain = entry.trim_start_matches("*.").trim_start_matches('.');
        let network = || entry.parse::<ipnet::IpNet>().ok().zip(address).is_some_and(|(net, ip)| net.contains(&ip));
        entry == "*" || host == domain || host.ends_with(&format!(".{domain}")) || network()
    })
}

#[cfg(test)]
mod tests;
