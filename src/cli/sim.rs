//! `rolecall sim`: serves a simulated world on loopback until it is interrupted, and tells other
//! clients how to reach it.

mod authority;

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use clap::Args;
use jiff::Timestamp;

use super::{Exit, Global, complain, duration, print, usage};
use crate::{
    domain::failure::{Failure, FailureKind},
    runtime::{start, worlds},
    sim::{fault::Fault, generate::Spec, issuer, server, world::ApiServer},
};

/// What to serve, and how badly.
#[derive(Args, Debug)]
pub struct Arguments {
    /// Port of the Kubernetes API
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen: SocketAddr,
    /// Port of the AWS APIs
    #[arg(long, default_value = "127.0.0.1:0", value_name = "ADDRESS")]
    pub listen_aws: SocketAddr,
    /// Begin the demo's story at its first line
    #[arg(long)]
    pub story: bool,
    /// A generated world, e.g. pods=10000,namespaces=50,serviceaccounts=500,associations=300,roles=300,nodes=200,seed=1
    #[arg(long, value_name = "SPEC", conflicts_with_all = ["demo", "world", "story"])]
    pub generate: Option<Spec>,
    /// Time that every answer takes, e.g. 20ms
    #[arg(long, default_value = "0s", value_parser = duration)]
    pub latency: Duration,
    /// OPERATION=KIND[:PROBABILITY][@COUNT], e.g. iam:GetRole=throttle:0.3 or pods:watch=gone@1
    #[arg(long, value_name = "SPEC")]
    pub fault: Vec<Fault>,
    /// Write the environment of clients here as well, ready to be sourced by a shell
    #[arg(long, value_name = "FILE")]
    pub env_file: Option<PathBuf>,
    /// Folder with the certificate authority, made at first: kubeconfigs and connections of earlier runs stay good if
    /// the ports do
    #[arg(long, value_name = "DIR", conflicts_with = "api_server")]
    pub authority: Option<PathBuf>,
    /// An API server of yours is the one of the account's cluster. It calls itself by the cluster's issuer; POST
    /// /mutate of the simulated one is the webhook for it
    #[arg(long, value_name = "URL", requires_all = ["certificate_authority", "token_keys"])]
    pub api_server: Option<String>,
    /// Its certificate authority, PEM
    #[arg(long, value_name = "FILE", requires = "api_server")]
    pub certificate_authority: Option<PathBuf>,
    /// What it signs service account tokens with: what its /openid/v1/jwks answers
    #[arg(long, value_name = "FILE", requires = "api_server")]
    pub token_keys: Option<PathBuf>,
}

/// Serves until interrupted.
pub fn run(global: &Global, arguments: &Arguments) -> Result<Exit, Failure> {
    let now = Timestamp::now();
    let world = match &arguments.generate {
        Some(spec) => worlds::generated(spec, now)?,
        None => worlds::choose(global.world.as_deref(), arguments.story, now)?,
    };
    for fault in &arguments.fault {
        world.faults.add(fault.clone());
    }
    if let Some(folder) = &arguments.authority {
        let help = "Leave --authority out to see whether the world can be served at all";
        world.succeed(authority::of(folder)?).map_err(|error| usage("cannot take over", error.to_string(), help))?;
    }
    let options = server::Options {
        listen: loopback(arguments.listen)?,
        listen_aws: loopback(arguments.listen_aws)?,
        latency: arguments.latency,
        api_server: api_server(arguments)?,
    };
    start::block_on(async {
        let running = server::serve(world, options, interrupted()).await.map_err(|error| {
            Failure::new(
                FailureKind::Usage,
                "cannot serve the simulated world",
                error.to_string(),
                "Choose other ports with --listen and --listen-aws",
            )
        })?;
        let folder = announce(&running, arguments)?;
        running.ended().await;
        // The folder was ours alone; if somebody removed it first, all the better.
        let _ = std::fs::remove_dir_all(folder);
        Ok(Exit::Done)
    })?
}

/// The other API server, if there is one: clap takes all three or none.
fn api_server(arguments: &Arguments) -> Result<Option<ApiServer>, Failure> {
    let (Some(endpoint), Some(authority), Some(keys)) =
        (&arguments.api_server, &arguments.certificate_authority, &arguments.token_keys)
    else {
        return Ok(None);
    };
    let certificate = read(authority)?;
    if !certificate.contains("-----BEGIN CERTIFICATE-----") {
        return Err(unreadable(authority, "it holds no certificate", "A certificate authority is PEM"));
    }
    let help = "Save what the API server answers at /openid/v1/jwks";
    let document = serde_json::from_str(&read(keys)?).map_err(|error| unreadable(keys, &error.to_string(), help))?;
    let found = issuer::from_jwks(&document);
    if found.is_empty() {
        return Err(unreadable(keys, "it holds no RSA key", help));
    }
    let certificate_authority = STANDARD.encode(certificate);
    Ok(Some(ApiServer { endpoint: endpoint.clone(), certificate_authority, keys: found }))
}

fn read(file: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(file).map_err(|error| unreadable(file, &error.to_string(), "Name a file that is there"))
}

fn unreadable(file: &Path, why: &str, help: &str) -> Failure {
    usage(format!("cannot use {}", file.display()), why, help)
}

fn loopback(address: SocketAddr) -> Result<SocketAddr, Failure> {
    if address.ip().is_loopback() {
        return Ok(address);
    }
    Err(usage(
        format!("will not listen on {address}"),
        "the simulator believes everybody, so it serves loopback only",
        "Use 127.0.0.1 or [::1]",
    ))
}

/// Writes the kubeconfig, then says on stdout and in the environment file how to use it.
fn announce(running: &server::Running, arguments: &Arguments) -> Result<PathBuf, Failure> {
    let folder = std::env::temp_dir().join(format!("rolecall-sim-{}", std::process::id()));
    let kubeconfig = folder.join("kubeconfig");
    let text = environment(running, &kubeconfig);
    let written = std::fs::create_dir_all(&folder)
        .and_then(|()| std::fs::write(&kubeconfig, &running.kubeconfig))
        .and_then(|()| match &arguments.env_file {
            Some(file) => replace(file, &text),
            None => Ok(()),
        });
    written.map_err(|error| {
        usage(
            "cannot write the files that tell clients about the simulator",
            error.to_string(),
            "Choose another --env-file or TMPDIR",
        )
    })?;
    print(&text)?;
    complain("The simulator serves until Ctrl-C.");
    Ok(folder)
}

/// Whole or not at all: whoever waits for the file must never read half of it.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    let mut draft = file.as_os_str().to_owned();
    draft.push(".new");
    std::fs::write(&draft, text)?;
    std::fs::rename(draft, file)
}

fn environment(running: &server::Running, kubeconfig: &Path) -> String {
    let first = ("KUBECONFIG".to_owned(), kubeconfig.display().to_string());
    std::iter::once(&first)
        .chain(&running.environment)
        .map(|(name, value)| format!("export {name}='{}'\n", value.replace('\'', r"'\''")))
        .collect()
}

async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminated) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = terminated.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without signal handlers the default action ends the process, which is as good.
    let _ = tokio::signal::ctrl_c().await;
}
