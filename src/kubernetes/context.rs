//! Kubeconfig files: found, merged, and one context picked. Nothing is contacted or run here.

use std::path::PathBuf;

use base64::{Engine, engine::general_purpose::STANDARD};
use kube::config::{Cluster, ExecConfig, Kubeconfig, KubeconfigError};

pub use super::identify::Stanza;
use super::identify::complete;
use crate::domain::{
    cluster::Target,
    failure::{Failure, FailureKind},
};

/// What the caller asked for.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `--kubeconfig`: this file and no other. Otherwise the list in `KUBECONFIG`, else `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// `--context`: otherwise the current one.
    pub context: Option<String>,
}

/// One context of a kubeconfig, ready to be connected to.
#[derive(Clone, Debug)]
pub struct Context {
    /// What the context says about its cluster (identity-resolution 7.1).
    pub target: Target,
    /// Its exec stanza, if that fetches an EKS token.
    pub stanza: Option<Stanza>,
    pub(super) name: String,
    pub(super) kubeconfig: Kubeconfig,
}

/// Finds the kubeconfig and picks a context.
///
/// # Errors
/// `Usage` if there is no file, it cannot be read, or the context is not in it.
pub fn load(options: &Options) -> Result<Context, Failure> {
    let kubeconfig = read(options)?;
    let name = match options.context.clone().or_else(|| kubeconfig.current_context.clone()) {
        Some(name) if !name.is_empty() => name,
        _ => return Err(no_context(&kubeconfig)),
    };
    let target = target(&kubeconfig, &name)?;
    let stanza = exec(&kubeconfig, &name).and_then(Stanza::read);
    Ok(Context { target, stanza, name, kubeconfig })
}

/// The names of all contexts, in the order of the files.
///
/// # Errors
/// As [`load`], if there is no file or it cannot be read.
pub fn contexts(options: &Options) -> Result<Vec<String>, Failure> {
    Ok(names(&read(options)?))
}

fn read(options: &Options) -> Result<Kubeconfig, Failure> {
    if let Some(path) = &options.kubeconfig {
        return Kubeconfig::read_from(path).map_err(|error| unreadable(&error));
    }
    let list = std::env::var_os("KUBECONFIG").unwrap_or_default();
    let named: Vec<PathBuf> = std::env::split_paths(&list).filter(|path| !path.as_os_str().is_empty()).collect();
    if named.is_empty() {
        return Kubeconfig::read().map_err(|error| unreadable(&error));
    }
    merged(&named)
}

/// Merges the files of a list; like kubectl it passes over those that do not exist, unless none does.
fn merged(paths: &[PathBuf]) -> Result<Kubeconfig, Failure> {
    let present: Vec<&PathBuf> = paths.iter().filter(|path| path.exists()).collect();
    if present.is_empty() {
        let list: Vec<String> = paths.iter().map(|path| path.display().to_string()).collect();
        return Err(missing(&format!("KUBECONFIG names {}, which does not exist", list.join(", "))));
    }
    present
        .into_iter()
        .try_fold(Kubeconfig::default(), |merged, path| Kubeconfig::read_from(path).and_then(|next| merged.merge(next)))
        .map_err(|error| unreadable(&error))
}

fn missing(why: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        "no kubeconfig was found",
        why,
        "Run `aws eks update-kubeconfig --name CLUSTER --region REGION`, or start with `--cluster CLUSTER --region REGION`",
    )
}

fn unreadable(error: &KubeconfigError) -> Failure {
    match error {
        KubeconfigError::ReadConfig(cause, path) if cause.kind() == std::io::ErrorKind::NotFound => {
            missing(&format!("{} does not exist", path.display()))
        }
        KubeconfigError::ReadConfig(cause, path) => Failure::new(
            FailureKind::Usage,
            "the kubeconfig cannot be read",
            format!("{}: {cause}", path.display()),
            "Make the file readable, or name another one with `--kubeconfig FILE`",
        ),
        KubeconfigError::FindPath => missing("there is no home directory to look in"),
        other => Failure::new(
            FailureKind::Usage,
            "the kubeconfig cannot be used",
            other.to_string(),
            "Correct the file; `kubectl config view` shows what kubectl makes of it",
        ),
    }
}

fn names(kubeconfig: &Kubeconfig) -> Vec<String> {
    kubeconfig.contexts.iter().map(|context| context.name.clone()).collect()
}

fn no_context(kubeconfig: &Kubeconfig) -> Failure {
    let (why, next) = match names(kubeconfig).as_slice() {
        [] => (
            "the kubeconfig has no contexts".to_owned(),
            "Run `aws eks update-kubeconfig --name CLUSTER --region REGION`, or start with `--cluster CLUSTER --region REGION`"
                .to_owned(),
        ),
        names => (
            format!("the kubeconfig has no current context; it knows {}", names.join(", ")),
            "Name one with `--context NAME`, or choose one with `kubectl config use-context NAME`".to_owned(),
        ),
    };
    Failure::new(FailureKind::Usage, "no context is selected", why, next)
}

fn unknown(kubeconfig: &Kubeconfig, name: &str) -> Failure {
    let names = names(kubeconfig);
    let near = names.iter().map(|known| (strsim::jaro_winkler(known, name), known)).max_by(|a, b| a.0.total_cmp(&b.0));
    let next = match near {
        Some((likeness, known)) if likeness > 0.8 => format!("Did you mean `--context {known}`?"),
        _ => "Name one of them with `--context NAME`".to_owned(),
    };
    let why =
        if names.is_empty() { "the kubeconfig has none".to_owned() } else { format!("known are {}", names.join(", ")) };
    Failure::new(FailureKind::Usage, format!("there is no context `{name}`"), why, next)
}

fn exec<'k>(kubeconfig: &'k Kubeconfig, name: &str) -> Option<&'k ExecConfig> {
    let context = kubeconfig.contexts.iter().find(|context| context.name == name)?.context.as_ref()?;
    let user = context.user.as_deref()?;
    kubeconfig.auth_infos.iter().find(|named| named.name == user)?.auth_info.as_ref()?.exec.as_ref()
}

fn target(kubeconfig: &Kubeconfig, name: &str) -> Result<Target, Failure> {
    let found = kubeconfig.contexts.iter().find(|context| context.name == name);
    let context = found.and_then(|named| named.context.as_ref()).ok_or_else(|| unknown(kubeconfig, name))?;
    let cluster = kubeconfig
        .clusters
        .iter()
        .find(|cluster| cluster.name == context.cluster)
        .and_then(|named| named.cluster.as_ref())
        .ok_or_else(|| no_cluster(name, &context.cluster))?;
    let stanza = exec(kubeconfig, name).and_then(Stanza::read).unwrap_or_default();
    let mut target = Target {
        context: Some(name.to_owned()),
        cluster: stanza.cluster,
        region: stanza.region,
        account: None,
        server: cluster.server.clone(),
        certificate_authority: authority(cluster),
        namespace: context.namespace.clone().filter(|namespace| !namespace.is_empty()),
        profile: stanza.profile,
        role: stanza.role,
    };
    complete(&mut target, name, &context.cluster);
    Ok(target)
}

fn no_cluster(context: &str, cluster: &str) -> Failure {
    Failure::new(
        FailureKind::Usage,
        format!("the context `{context}` cannot be used"),
        format!("its cluster `{cluster}` is not in the kubeconfig"),
        "Correct the file, or choose another context with `--context NAME`",
    )
}

/// The CA bundle as DescribeCluster would give it: base64 without line breaks.
fn authority(cluster: &Cluster) -> Option<String> {
    if let Some(data) = &cluster.certificate_authority_data {
        return Some(data.split_whitespace().collect());
    }
    let path = cluster.certificate_authority.as_ref()?;
    std::fs::read(path).ok().map(|pem| STANDARD.encode(pem))
}

#[cfg(test)]
mod tests;
