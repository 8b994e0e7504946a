use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::oneshot;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::*;

const WORLD: &str = "aws:\n  account: '111122223333'\n  region: eu-west-1\n  cluster: { name: acme }\n";

async fn served(latency: Duration) -> (Arc<World>, Running, oneshot::Sender<()>) {
    let world = World::from_yaml(WORLD, Timestamp::now()).unwrap();
    let (stop, stopped) = oneshot::channel();
    let options = Options { latency, ..Options::default() };
    let running = serve(world.clone(), options, async { drop(stopped.await) }).await.unwrap();
    (world, running, stop)
}

async fn talk_http(mut stream: impl AsyncRead + AsyncWrite + Unpin, request: &str) -> String {
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn authority(kubeconfig: &str) -> CertificateDer<'static> {
    use base64::Engine as _;
    let data = kubeconfig.split("certificate-authority-data: ").nth(1).unwrap().lines().next().unwrap();
    let pem = base64::engine::general_purpose::STANDARD.decode(data).unwrap();
    CertificateDer::from_pem_slice(&pem).unwrap()
}

#[tokio::test]
async fn the_kubernetes_port_speaks_tls_with_the_authority_of_the_kubeconfig() {
    let (world, running, _stop) = served(Duration::ZERO).await;
    assert!(running.kubeconfig.contains(&format!("server: https://{}\n", running.kubernetes)));
    assert_eq!(world.endpoint(), format!("https://{}", running.kubernetes));
    let answer = ask(&running.kubeconfig, running.kubernetes, "/version").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("1.33"), "{answer}");
}

/// What a server answers to a client that believes the authority of a kubeconfig and no other.
async fn ask(kubeconfig: &str, server: SocketAddr, path: &str) -> String {
    let mut roots = RootCertStore::empty();
    roots.add(authority(kubeconfig)).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let tcp = TcpStream::connect(server).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await.unwrap();
    talk_http(tls, &format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")).await
}

fn version(list: &str) -> u64 {
    list.split(r#""resourceVersion":""#).nth(1).unwrap().split('"').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_world_that_succeeds_another_is_its_cluster_and_knows_nothing_of_its_past() {
    let (world, before, _stop) = served(Duration::ZERO).await;
    let list = "/api/v1/serviceaccounts?limit=1";
    let seen = version(&ask(&before.kubeconfig, before.kubernetes, list).await);
    let kept = world.authority();
    let next = World::from_yaml(WORLD, Timestamp::now()).unwrap();
    next.succeed(crate::sim::world::Authority::kept(kept.certificate(), &kept.key()).unwrap()).unwrap();
    let (_stop, stopped) = oneshot::channel::<()>();
    let running = serve(next, Options::default(), async { drop(stopped.await) }).await.unwrap();
    assert!(version(&ask(&before.kubeconfig, running.kubernetes, list).await) > seen + 1_000_000);
    let watch = format!("/api/v1/serviceaccounts?watch=true&timeoutSeconds=1&resourceVersion={seen}");
    let answer = ask(&before.kubeconfig, running.kubernetes, &watch).await;
    assert!(answer.contains(r#""code":410"#), "{answer}");
    let hooks = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/pod-identity-webhook";
    let answer = ask(&before.kubeconfig, running.kubernetes, hooks).await;
    assert!(answer.contains(&format!(r#""caBundle":"{}""#, kept.data())), "{answer}");
}

#[tokio::test]
async fn the_aws_port_speaks_plain_http_and_answers_later_with_latency() {
    let (_world, running, _stop) = served(Duration::from_millis(80)).await;
    let began = tokio::time::Instant::now();
    let tcp = TcpStream::connect(running.aws).await.unwrap();
    let answer = talk_http(tcp, "GET /clusters HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.ends_with(r#"{"clusters":["acme"]}"#), "{answer}");
    assert!(began.elapsed() >= Duration::from_millis(80));
    let variable = |name: &str| running.environment.iter().find(|(key, _)| key == name).unwrap().1.clone();
    assert_eq!(variable("AWS_ENDPOINT_URL"), format!("http://{}", running.aws));
    assert_eq!(variable("AWS_REGION"), "eu-west-1");
}

#[tokio::test]
async fn a_dropped_answer_closes_the_connection() {
    let (world, running, _stop) = served(Duration::ZERO).await;
    world.faults.add("eks:*=drop".parse().unwrap());
    let tcp = TcpStream::connect(running.aws).await.unwrap();
    let answer = talk_http(tcp, "GET /clusters HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert_eq!(answer, "");
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let (_world, running, stop) = served(Duration::ZERO).await;
    let address = running.aws;
    let _idle = TcpStream::connect(address).await.unwrap();
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(5), running.ended()).await.unwrap();
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn another_api_server_is_told_as_the_one_of_the_cluster() {
    let world = World::from_yaml(WORLD, Timestamp::now()).unwrap();
    let api_server = Some(ApiServer {
        endpoint: "https://127.0.0.1:6443".into(),
        certificate_authority: "dGhlaXJz".into(),
        keys: Vec::new(),
    });
    let (_stop, stopped) = oneshot::channel::<()>();
    let options = Options { api_server, ..Options::default() };
    let running = serve(world, options, async { drop(stopped.await) }).await.unwrap();
    let tcp = TcpStream::connect(running.aws).await.unwrap();
    let answer = talk_http(tcp, "GET /clusters/acme HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await;
    assert!(answer.contains(r#""endpoint":"https://127.0.0.1:6443""#), "{answer}");
    assert!(answer.contains(r#""certificateAuthority":{"data":"dGhlaXJz"}"#), "{answer}");
}
