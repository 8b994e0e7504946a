//! Which EKS cluster a kubeconfig context means: name, region, account, profile and role, by the
//! rules of identity-resolution 7.1, in their order. Pure: it only reads what the file says.

use std::collections::BTreeMap;

use kube::config::ExecConfig;

use crate::domain::{
    arn::Arn,
    cluster::Target,
    id::{AccountId, ClusterName, Region},
};

/// What an exec stanza that fetches an EKS token says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stanza {
    /// `--cluster-name`, or the id of aws-iam-authenticator.
    pub cluster: Option<ClusterName>,
    /// What the token is made for, if it differs from the name (local clusters on Outposts).
    pub cluster_id: Option<String>,
    /// `--region`, `AWS_REGION` or `AWS_DEFAULT_REGION`.
    pub region: Option<Region>,
    /// The role that only signs the token.
    pub role: Option<String>,
    /// `--profile` or `AWS_PROFILE`.
    pub profile: Option<String>,
    /// It is a plain `aws eks get-token` or `aws-iam-authenticator token`, so the same token can be
    /// made without starting it. A wrapper, or an environment that changes credentials, must run.
    pub can_mint: bool,
}

/// Variables of a stanza that are understood here; any other may change whose credentials are used.
const UNDERSTOOD: [&str; 5] =
    ["AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS", "DEFAULT_ROLE"];

/// Flags that neither name the cluster nor change whose token it is.
const HARMLESS: [&str; 3] = ["--output", "--cache", "--forward-session-name"];

impl Stanza {
    /// Reads a stanza; `None` if it has nothing to do with EKS.
    pub fn read(exec: &ExecConfig) -> Option<Self> {
        let command = exec.command.as_deref().unwrap_or_default();
        let program = program(command);
        let arguments: Vec<&str> = exec.args.iter().flatten().map(String::as_str).collect();
        let words = || std::iter::once(program).chain(arguments.iter().map(|word| self::program(word)));
        let authenticator = words().any(|word| word == "aws-iam-authenticator");
        let get_token = arguments.contains(&"get-token") && arguments.contains(&"eks");
        if !authenticator && !get_token {
            return None;
        }
        let flags = Flags::read(&arguments);
        let environment = environment(exec);
        let variable = |name: &str| environment.get(name).cloned();
        let id = flags.get(if authenticator { &["-i", "--cluster-id"] } else { &["--cluster-id"] });
        let plain = if authenticator { program == "aws-iam-authenticator" } else { program == "aws" };
        Some(Self {
            cluster: flags.get(&["--cluster-name"]).or(id.clone().filter(|_| authenticator)).map(Into::into),
            cluster_id: id,
            region: flags
                .get(&["--region"])
                .or_else(|| variable("AWS_REGION"))
                .or_else(|| variable("AWS_DEFAULT_REGION"))
                .map(Into::into),
            role: flags.get(&["--role", "--role-arn", "-r"]).or_else(|| variable("DEFAULT_ROLE")),
            profile: flags.get(&["--profile"]).or_else(|| variable("AWS_PROFILE")),
            can_mint: plain && flags.are_understood() && environment.keys().all(|name| UNDERSTOOD.contains(&&**name)),
        })
    }
}

/// The last part of a path, without Windows' extension.
fn program(command: &str) -> &str {
    let name = command.rsplit(['/', '\\']).next().unwrap_or(command);
    name.strip_suffix(".exe").unwrap_or(name)
}

fn environment(exec: &ExecConfig) -> BTreeMap<String, String> {
    let entries = exec.env.iter().flatten();
    entries.filter_map(|entry| Some((entry.get("name")?.clone(), entry.get("value")?.clone()))).collect()
}

/// `--flag value` and `--flag=value`.
struct Flags<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Flags<'a> {
    fn read(arguments: &[&'a str]) -> Self {
        let mut flags = Vec::new();
        let mut rest = arguments.iter().copied().peekable();
        while let Some(argument) = rest.next() {
            if !argument.starts_with('-') {
                continue;
            }
            if let Some((flag, value)) = argument.split_once('=') {
                flags.push((flag, value));
            } else {
                let value = rest.next_if(|next| !next.starts_with('-')).unwrap_or_default();
                flags.push((argument, value));
            }
        }
        Self(flags)
    }

    fn get(&self, names: &[&str]) -> Option<String> {
        let found = self.0.iter().find(|(flag, value)| names.contains(flag) && !value.is_empty());
        found.map(|(_, value)| (*value).to_owned())
    }

    fn are_understood(&self) -> bool {
        let ours = ["--cluster-name", "--cluster-id", "-i", "--region", "--role", "--role-arn", "-r", "--profile"];
        self.0.iter().all(|(flag, _)| ours.contains(flag) || HARMLESS.contains(flag))
    }
}

/// Fills what the stanza left open from the names of context and cluster, then from the server.
pub(super) fn complete(target: &mut Target, context: &str, cluster: &str) {
    for name in [context, cluster] {
        fill(target, from_arn(name));
    }
    for name in [cluster, context] {
        fill(target, from_eksctl(name));
    }
    let host = target.server.as_deref().and_then(host_region);
    fill(target, host.map(|region| (None, Some(region), None)));
}

type Found = (Option<ClusterName>, Option<Region>, Option<AccountId>);

fn fill(target: &mut Target, found: Option<Found>) {
    let Some((cluster, region, account)) = found else {
        return;
    };
    // A name that speaks of another cluster than the stanza says nothing about its account.
    if target.cluster.is_some() && cluster.is_some() && target.cluster != cluster {
        return;
    }
    target.cluster = target.cluster.take().or(cluster);
    target.region = target.region.take().or(region);
    target.account = target.account.take().or(account);
}

/// `arn:<partition>:eks:<region>:<account>:cluster/<name>`, the default of `aws eks update-kubeconfig`.
fn from_arn(name: &str) -> Option<Found> {
    let arn: Arn = name.parse().ok()?;
    Some((Some(arn.cluster_name()?), Some(arn.region()), Some(arn.account())))
}

/// eksctl's `<name>.<region>.eksctl.io`, in a context behind `<user>@`.
fn from_eksctl(name: &str) -> Option<Found> {
    let rest = name.strip_suffix(".eksctl.io")?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, cluster)| cluster);
    let (cluster, region) = rest.rsplit_once('.')?;
    Some((Some(cluster.into()), Some(region.into()), None))
}

/// `<id>.<shard>.<region>.eks.amazonaws.com[.cn]`, or `….eks-cluster.<region>.api.aws` of dual-stack endpoints.
fn host_region(server: &str) -> Option<Region> {
    let uri: http::Uri = server.parse().ok()?;
    let host = uri.host()?.to_ascii_lowercase();
    let labels: Vec<&str> = host.split('.').collect();
    let region = match labels.as_slice() {
        [.., region, "eks", "amazonaws", "com"] | [.., region, "eks", "amazonaws", "com", "cn"] => region,
        [.., "eks-cluster", region, "api", "aws"] => region,
        _ => return None,
    };
    Some((*region).into())
}

#[cfg(test)]
mod tests;
