//! The world on loopback TCP for other clients: the Kubernetes API over TLS with the
//! cluster's own certificate authority, the AWS services over plain HTTP.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::future::{BoxFuture, FutureExt, TryFutureExt};
use http::{Request, Response};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use crate::sim::world::{ApiServer, World};
use crate::wire::{BoxError, Transport, body};

/// How long open connections get to end by themselves; watches never would.
const GRACE: Duration = Duration::from_secs(1);

/// Where and how to serve.
#[derive(Clone, Debug)]
pub struct Options {
    /// Address of the Kubernetes API.
    pub listen: SocketAddr,
    /// Address of the AWS services.
    pub listen_aws: SocketAddr,
    /// Added to every answer of both.
    pub latency: Duration,
    /// The API server of the account's cluster, if it is not the simulated one.
    pub api_server: Option<ApiServer>,
}

impl Default for Options {
    /// Free ports on loopback, no latency, the simulated API server.
    fn default() -> Self {
        let free = SocketAddr::from(([127, 0, 0, 1], 0));
        Self { listen: free, listen_aws: free, latency: Duration::ZERO, api_server: None }
    }
}

/// A world that is being served.
#[derive(Debug)]
pub struct Running {
    /// Where the Kubernetes API listens.
    pub kubernetes: SocketAddr,
    /// Where the AWS services listen.
    pub aws: SocketAddr,
    /// Variables for AWS clients. The caller adds `KUBECONFIG`, the path of the file
    /// it writes `kubeconfig` to.
    pub environment: Vec<(String, String)>,
    /// Text of a kubeconfig for the Kubernetes API.
    pub kubeconfig: String,
    served: JoinHandle<()>,
}

impl Running {
    /// Waits until the server has shut down.
    pub async fn ended(self) {
        // A panic in a connection's task ends that task only.
        let _ = self.served.await;
    }
}

/// Serves a world, its controllers included, until `shutdown`; returns once both
/// ports listen. DescribeCluster gives the served endpoint, or that of another API server, from then on.
///
/// # Errors
/// If a port cannot be bound or no certificate can be made.
pub async fn serve(
    world: Arc<World>,
    options: Options,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<Running> {
    let kubernetes = TcpListener::bind(options.listen).await?;
    let aws = TcpListener::bind(options.listen_aws).await?;
    let (at, aws_at) = (kubernetes.local_addr()?, aws.local_addr()?);
    let tls = acceptor(&world, at)?;
    let endpoint = format!("https://{}", reachable(at));
    match options.api_server {
        None => world.set_endpoint(&endpoint),
        Some(server) => world.set_api_server(server),
    }
    let stop = CancellationToken::new();
    let tasks = TaskTracker::new();
    let latency = options.latency;
    tasks.spawn(stop.clone().run_until_cancelled_owned(world.controllers()));
    tasks.spawn(accept(
        kubernetes,
        Some(tls),
        Served { transport: world.kubernetes_transport(), latency },
        stop.clone(),
        tasks.clone(),
    ));
    tasks.spawn(accept(aws, None, Served { transport: world.aws_transport(), latency }, stop.clone(), tasks.clone()));
    let served = tokio::spawn(async move {
        shutdown.await;
        stop.cancel();
        tasks.close();
        tasks.wait().await;
    });
    Ok(Running {
        kubernetes: at,
        aws: aws_at,
        environment: environment(&world, aws_at),
        kubeconfig: world.kubeconfig(&endpoint),
        served,
    })
}

/// An address that a client can connect to: loopback for "any".
fn reachable(at: SocketAddr) -> SocketAddr {
    match at.ip() {
        ip if !ip.is_unspecified() => at,
        std::net::IpAddr::V4(_) => SocketAddr::from(([127, 0, 0, 1], at.port())),
        std::net::IpAddr::V6(_) => SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, at.port())),
    }
}

fn environment(world: &World, aws: SocketAddr) -> Vec<(String, String)> {
    let region = world.region();
    [
        ("AWS_ENDPOINT_URL", format!("http://{}", reachable(aws))),
        ("AWS_REGION", region.clone()),
        ("AWS_DEFAULT_REGION", region),
        ("AWS_ACCESS_KEY_ID", "AKIASIMULATED0000001".to_owned()),
        ("AWS_SECRET_ACCESS_KEY", "simulated".to_owned()),
        ("AWS_EC2_METADATA_DISABLED", "true".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}

fn acceptor(world: &World, at: SocketAddr) -> io::Result<TlsAcceptor> {
    let mut names = vec!["localhost".to_owned(), "kubernetes".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    names.push(at.ip().to_string());
    names.dedup();
    let identity = world.authority().identity(names).map_err(io::Error::other)?;
    let certificates = vec![CertificateDer::from(identity.certificate)];
    let key = PrivatePkcs8KeyDer::from(identity.key);
    let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| builder.with_no_client_auth().with_single_cert(certificates, key.into()))
        .map_err(io::Error::other)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// One of the two APIs as hyper's service. Its errors are its own type, because the
/// compiler cannot show futures over boxed errors to be `Send`.
#[derive(Clone)]
struct Served {
    transport: Transport,
    latency: Duration,
}

/// What went wrong under an answer.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Broken(BoxError);

type Answer = BoxFuture<'static, Result<Response<UnsyncBoxBody<Bytes, Broken>>, Broken>>;

impl Service<Request<Incoming>> for Served {
    type Response = Response<UnsyncBoxBody<Bytes, Broken>>;
    type Error = Broken;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Answer {
        let answered = self.transport.clone().oneshot(request.map(body));
        let answer: Answer =
            answered.map_ok(|answer| answer.map(|body| body.map_err(Broken).boxed_unsync())).map_err(Broken).boxed();
        let latency = self.latency;
        if latency.is_zero() {
            return answer;
        }
        Box::pin(async move {
            tokio::time::sleep(latency).await;
            answer.await
        })
    }
}

async fn accept(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    served: Served,
    stop: CancellationToken,
    tasks: TaskTracker,
) {
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, _)) => {
                tasks.spawn(connection(stream, tls.clone(), served.clone(), stop.clone()));
            }
            // Out of file descriptors, most likely: wait for some to be closed.
            Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
        }
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, served: Served, stop: CancellationToken) {
    // Without it small frames wait for acknowledgements; with an error it is only slower.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return talk(stream, served, stop).await;
    };
    if let Some(Ok(stream)) = stop.run_until_cancelled(tls.accept(stream)).await {
        talk(stream, served, stop).await;
    }
}

async fn talk<S>(stream: S, served: Served, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let builder = Builder::new(TokioExecutor::new());
    let mut talking = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), served));
    tokio::select! {
        // A client that went away is no error of the server.
        _ = talking.as_mut() => {}
        () = stop.cancelled() => {
            talking.as_mut().graceful_shutdown();
            let _ = tokio::time::timeout(GRACE, talking).await;
        }
    }
}

#[cfg(test)]
mod tests;
