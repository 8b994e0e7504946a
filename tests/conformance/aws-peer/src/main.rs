//! EKS, IAM, STS and EC2 of `fakecloud` on loopback, telling one cluster.
//!
//! A tool of the conformance tests: the crates it hosts are under AGPL-3.0-or-later, so this program
//! is built apart from rolecall, never linked into it and never shipped.

use std::error::Error;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{Method, header};
use axum::middleware::{self, Next};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Parser;
use fakecloud_core::dispatch::{DispatchConfig, dispatch};
use fakecloud_core::multi_account::MultiAccountState;
use fakecloud_core::registry::ServiceRegistry;
use fakecloud_ec2::{Ec2Service, Ec2State, SharedEc2State};
use fakecloud_eks::{EksService, SharedEksState, cluster_arn};
use fakecloud_iam::SharedIamState;
use fakecloud_iam::iam_service::IamService;
use fakecloud_iam::sts_service::StsService;
use parking_lot::RwLock;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// Longer answers than any DescribeCluster are not rewritten.
const LIMIT: usize = 1024 * 1024;

/// The cluster to tell, and where to say which port was taken.
#[derive(Clone, Debug, Parser)]
struct Options {
    /// Written (whole) with the port, once it is listened on
    #[arg(long)]
    port_file: PathBuf,
    /// Name of the cluster
    #[arg(long)]
    cluster: String,
    /// URL of its API server
    #[arg(long)]
    endpoint: String,
    /// File with the certificate authority of the API server, PEM
    #[arg(long)]
    certificate_authority: PathBuf,
    /// URL of its OIDC issuer
    #[arg(long)]
    issuer: String,
    /// JSON file with `instances`, `profiles` and `tags` as the state of the EC2 service keeps them: RunInstances
    /// would give ids of its own, and nodes name theirs
    #[arg(long)]
    ec2: Option<PathBuf>,
    /// Kubernetes version of the cluster
    #[arg(long, default_value = "1.34")]
    kubernetes: String,
    /// AWS region
    #[arg(long, default_value = "eu-west-1")]
    region: String,
    /// Number of the AWS account
    #[arg(long, default_value = "111122223333")]
    account: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await?;
    let port = listener.local_addr()?.port();
    let router = router(&options, &format!("http://127.0.0.1:{port}"))?;
    write_whole(&options.port_file, &port.to_string())?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    axum::serve(listener, service).with_graceful_shutdown(interrupted()).await?;
    Ok(())
}

/// Whoever waits for the file must never read half of it.
fn write_whole(file: &Path, text: &str) -> std::io::Result<()> {
    let draft = file.with_extension("new");
    std::fs::write(&draft, text)?;
    std::fs::rename(draft, file)
}

async fn interrupted() {
    // Without a handler the default action ends the program, which is as good.
    let _ = tokio::signal::ctrl_c().await;
}

fn router(options: &Options, endpoint: &str) -> Result<Router, Box<dyn Error>> {
    let registry = Arc::new(services(options, endpoint)?);
    let config = Arc::new(DispatchConfig::new(&options.region, &options.account));
    Ok(Router::new()
        .fallback(dispatch)
        .layer(axum::Extension(registry))
        .layer(axum::Extension(config))
        .layer(middleware::from_fn_with_state(Arc::new(options.clone()), tell_issuer)))
}

fn services(options: &Options, endpoint: &str) -> Result<ServiceRegistry, Box<dyn Error>> {
    let (account, region) = (options.account.as_str(), options.region.as_str());
    let eks: SharedEksState = Arc::new(RwLock::new(MultiAccountState::new(account, region, endpoint)));
    let iam: SharedIamState = Arc::new(RwLock::new(MultiAccountState::new(account, region, endpoint)));
    let ec2: SharedEc2State = Arc::new(RwLock::new(MultiAccountState::new(account, region, endpoint)));
    let cluster = serde_json::from_value(cluster(options)?)?;
    eks.write().get_or_create(account).clusters.insert(options.cluster.clone(), cluster);
    if let Some(file) = &options.ec2 {
        fill(ec2.write().get_or_create(account), file)?;
    }
    let mut registry = ServiceRegistry::new();
    registry.register(Arc::new(EksService::new(eks).with_ec2_state(Arc::clone(&ec2))));
    registry.register(Arc::new(IamService::new(Arc::clone(&iam))));
    registry.register(Arc::new(StsService::new(iam)));
    registry.register(Arc::new(Ec2Service::with_state(ec2)));
    Ok(registry)
}

/// Takes members of the state from a file.
fn fill(state: &mut Ec2State, file: &Path) -> Result<(), Box<dyn Error>> {
    let text = std::fs::read(file).map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let mut told: Value = serde_json::from_slice(&text)?;
    state.instances = serde_json::from_value(told["instances"].take())?;
    state.iam_instance_profile_associations = serde_json::from_value(told["profiles"].take())?;
    state.tags = serde_json::from_value(told["tags"].take())?;
    Ok(())
}

/// The cluster as the state of the EKS service keeps it. CreateCluster would invent the endpoint and the
/// certificate authority, and rolecall joins only an account whose cluster has those of the API server.
fn cluster(options: &Options) -> Result<Value, Box<dyn Error>> {
    let Options { cluster, region, account, endpoint, kubernetes, .. } = options;
    let authority = std::fs::read(&options.certificate_authority)
        .map_err(|error| format!("cannot read {}: {error}", options.certificate_authority.display()))?;
    Ok(json!({
        "name": cluster, "arn": cluster_arn(region, account, cluster), "version": kubernetes,
        "role_arn": format!("arn:aws:iam::{account}:role/eks-cluster"), "status": "ACTIVE",
        "created_at": "2026-01-01T00:00:00Z", "endpoint": endpoint, "platform_version": "eks.1",
        "certificate_authority_data": STANDARD.encode(authority),
        "resources_vpc_config": {"subnetIds": [], "securityGroupIds": [], "vpcId": "vpc-0000000000000001"},
        "kubernetes_network_config": {"serviceIpv4Cidr": "10.0.0.0/24", "ipFamily": "ipv4"},
        "logging": {"clusterLogging": []}, "tags": {}, "updates": {},
        "access_config": {"authenticationMode": "API_AND_CONFIG_MAP"},
    }))
}

/// The service derives the issuer from the endpoint, and its state has no place for another:
/// that one member of DescribeCluster's answer is set here.
async fn tell_issuer(State(options): State<Arc<Options>>, request: Request, next: Next) -> Response {
    let is_described =
        request.method() == Method::GET && request.uri().path() == format!("/clusters/{}", options.cluster);
    let response = next.run(request).await;
    if !is_described || !response.status().is_success() {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, LIMIT).await else {
        return Response::new(Body::from("the answer of DescribeCluster is too long"));
    };
    let text = match serde_json::from_slice::<Value>(&bytes) {
        Ok(mut answer) => {
            answer["cluster"]["identity"]["oidc"]["issuer"] = json!(options.issuer);
            answer.to_string()
        }
        Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(text))
}
