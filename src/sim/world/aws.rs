//! From the `aws:` document to the account's state: cluster, IAM and what the rest
//! stands on. The EKS and EC2 lists are read in `world/eks.rs`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::sim::aws::{
    Cluster, Delays, InstanceProfile, Lagging, ManagedPolicy, Provider, Random, Role, State, managed_policy_arn,
};
use crate::sim::fault::Fault;

use super::field::Fields;
use super::{WorldError, eks, trust};

/// What the `aws:` document says.
pub struct Read {
    /// The account.
    pub state: State,
    /// Whether the cluster gets the webhook object that EKS gives every cluster.
    pub webhook: bool,
    /// Faults that are there from the start.
    pub faults: Vec<Fault>,
}

/// Most things are this old unless the file says otherwise.
const AGE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// Reads the document.
pub fn read(document: &Value, now: Timestamp) -> Result<Read, WorldError> {
    let fields = Fields::new("aws", document)?;
    let old = now.saturating_sub(AGE).unwrap_or(now);
    fields.value("now");
    let mut state = foundation(&fields, old)?;
    iam(&mut state, &fields, old)?;
    eks::read(&mut state, &fields, old)?;
    let webhook = fields.inner("cluster")?.map_or(Ok(true), |cluster| cluster.flag("webhook", true))?;
    let faults = fields
        .texts("faults")?
        .iter()
        .map(|spec| spec.parse().map_err(|error| fields.wrong("faults", format!("{error}"))))
        .collect::<Result<_, _>>()?;
    fields.done()?;
    Ok(Read { state, webhook, faults })
}

fn foundation(fields: &Fields<'_>, old: Timestamp) -> Result<State, WorldError> {
    let account = fields.text("account")?;
    if account.len() != 12 || !account.bytes().all(|b| b.is_ascii_digit()) {
        return Err(fields.wrong("account", format!("`{account}` is not twelve digits; write it in quotes")));
    }
    let region = fields.text("region")?;
    let partition = fields.text_or("partition", "aws")?;
    let caller = fields.inner("caller")?;
    let by_default = format!("arn:{partition}:sts::{account}:assumed-role/engineer/simulated");
    let (caller_arn, caller_id) = match &caller {
        Some(caller) => (caller.text_or("arn", &by_default)?, caller.text_or("userId", "AROASIMULATED:simulated")?),
        None => (by_default, "AROASIMULATED:simulated".to_owned()),
    };
    caller.map_or(Ok(()), |caller| caller.done())?;
    let random = Random::new(fields.number("seed", 1)?);
    let cluster = cluster(fields, &account, &partition, &region, old)?;
    let quotas = fields.inner("quotas")?;
    let quota = |name: &str, default: u64| match &quotas {
        Some(quotas) => quotas.number(name, default).map(|number| usize::try_from(number).unwrap_or(usize::MAX)),
        None => Ok(usize::try_from(default).unwrap_or(usize::MAX)),
    };
    let (trust_quota, association_quota) = (quota("trust", 2048)?, quota("associations", 5000)?);
    Ok(State {
        account,
        region,
        partition,
        caller_arn,
        caller_id,
        cluster,
        roles: BTreeMap::new(),
        policies: BTreeMap::new(),
        providers: BTreeMap::new(),
        profiles: BTreeMap::new(),
        instances: BTreeMap::new(),
        vpc_endpoints: Vec::new(),
        nodegroups: BTreeMap::new(),
        fargate_profiles: BTreeMap::new(),
        access_entries: BTreeMap::new(),
        addons: BTreeMap::new(),
        associations: BTreeMap::new(),
        delays: delays(fields)?,
        trust_quota,
        association_quota,
        tokens: BTreeMap::new(),
        keys: Default::default(),
        trail: Default::default(),
        random,
    })
}

fn delays(fields: &Fields<'_>) -> Result<Delays, WorldError> {
    let usual = Delays { addon: SignedDuration::from_secs(2), ..Delays::default() };
    let Some(delays) = fields.inner("delays")? else {
        return Ok(usual);
    };
    let read = Delays {
        webhook: delays.duration("webhook", usual.webhook)?,
        iam: delays.duration("iam", usual.iam)?,
        eks: delays.duration("eks", usual.eks)?,
        addon: delays.duration("addon", usual.addon)?,
    };
    delays.done()?;
    Ok(read)
}

fn cluster(
    fields: &Fields<'_>,
    account: &str,
    partition: &str,
    region: &str,
    old: Timestamp,
) -> Result<Cluster, WorldError> {
    let cluster =
        fields.inner("cluster")?.ok_or_else(|| fields.wrong("cluster", "is missing; add it with at least `name`"))?;
    cluster.value("webhook");
    let name = cluster.text("name")?;
    let issuer = cluster.text_or("issuer", &issuer_id(&name))?;
    let issuer = if issuer.starts_with("https://") {
        issuer
    } else {
        format!("https://oidc.eks.{region}.amazonaws.com/id/{issuer}")
    };
    let id = issuer.rsplit('/').next().unwrap_or_default();
    let endpoint = format!("https://{id}.gr7.{region}.eks.amazonaws.com");
    let role = cluster.text_or("role", &format!("{name}-cluster"))?;
    let arn = |role: String| {
        if role.starts_with("arn:") { role } else { format!("arn:{partition}:iam::{account}:role/{role}") }
    };
    let read = Cluster {
        version: cluster.text_or("version", "1.33")?,
        platform_version: cluster.text_or("platformVersion", "eks.12")?,
        endpoint: cluster.text_or("endpoint", &endpoint)?,
        issuer,
        certificate_authority: String::new(),
        ip_family: cluster.word("ipFamily", &["ipv4", "ipv6"])?,
        status: cluster.text_or("status", "ACTIVE")?,
        created_at: cluster.time("createdAt", old)?,
        role_arn: arn(role),
        authentication_mode: cluster.word("authenticationMode", &["API_AND_CONFIG_MAP", "API", "CONFIG_MAP"])?,
        public_access: cluster.flag("publicAccess", true)?,
        auto_mode_role: cluster.optional("autoModeRole")?.map(arn),
        tags: cluster.tags("tags")?,
        name,
    };
    cluster.done()?;
    Ok(read)
}

/// An issuer id that a cluster of that name always gets.
fn issuer_id(name: &str) -> String {
    let seed = name.bytes().fold(11_u64, |sum, byte| sum.wrapping_mul(131).wrapping_add(u64::from(byte)));
    Random::new(seed).hex(32).to_uppercase()
}

fn iam(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<(), WorldError> {
    for policy in fields.each("policies", |fields| policy(state, fields, old))? {
        state.policies.insert(policy.arn.clone(), policy);
    }
    for role in fields.each("roles", |fields| role(state, fields, old))? {
        state.roles.insert(role.name.clone(), Lagging::settled(role));
    }
    for (arn, provider) in fields.each("providers", |fields| provider(state, fields, old))? {
        state.providers.insert(arn, provider);
    }
    for profile in fields.each("instanceProfiles", |fields| profile(state, fields, old))? {
        state.profiles.insert(profile.name.clone(), profile);
    }
    Ok(())
}

fn document(fields: &Fields<'_>, name: &str) -> Result<Option<String>, WorldError> {
    match fields.value(name) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(mapping @ Value::Object(_)) => Ok(Some(trust::text(mapping))),
        Some(_) => Err(fields.wrong(name, "expected a policy document, as a mapping or as text")),
    }
}

fn policy(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<ManagedPolicy, WorldError> {
    let (name, path) = (fields.text("name")?, fields.text_or("path", "/")?);
    let document = document(fields, "document")?.ok_or_else(|| fields.wrong("document", "is missing; add it"))?;
    Ok(ManagedPolicy {
        arn: state.iam_arn(&format!("policy{path}{name}")),
        id: format!("ANPA{}", state.random.upper(17)),
        description: fields.optional("description")?,
        created_at: fields.time("createdAt", old)?,
        document,
        name,
        path,
    })
}

fn role(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<Role, WorldError> {
    let (name, path) = (fields.text("name")?, fields.text_or("path", "/")?);
    let mut attached = BTreeSet::new();
    for policy in fields.texts("attached")? {
        attached.insert(policy_arn(state, fields, &policy)?);
    }
    let mut inline = BTreeMap::new();
    if let Some(policies) = fields.inner("inline")? {
        for name in fields.value("inline").and_then(Value::as_object).into_iter().flat_map(|map| map.keys()) {
            let text = document(&policies, name)?.unwrap_or_default();
            inline.insert(name.clone(), text);
        }
    }
    let last_used = match fields.value("lastUsed") {
        None => None,
        Some(_) => Some((fields.time("lastUsed", old)?, state.region.clone())),
    };
    Ok(Role {
        arn: state.iam_arn(&format!("role{path}{name}")),
        id: format!("AROA{}", state.random.upper(17)),
        trust: trust_of(state, fields)?,
        description: fields.optional("description")?,
        max_session: u32::try_from(fields.number("maxSession", 3600)?).unwrap_or(3600),
        boundary: fields.optional("boundary")?.map(|policy| policy_arn(state, fields, &policy)).transpose()?,
        tags: fields.tags("tags")?,
        last_used,
        created_at: fields.time("createdAt", old)?,
        attached,
        inline,
        name,
        path,
    })
}

fn trust_of(state: &State, fields: &Fields<'_>) -> Result<String, WorldError> {
    let short = fields.texts("trusts")?;
    match (document(fields, "trust")?, short.is_empty()) {
        (Some(text), true) => Ok(text),
        (None, false) => {
            let bare = state.cluster.issuer.trim_start_matches("https://");
            let issuer = trust::Issuer { provider: state.iam_arn(&format!("oidc-provider/{bare}")), bare };
            trust::from_short_forms(&short, &issuer).map_err(|what| fields.wrong("trusts", what))
        }
        (Some(_), false) => Err(fields.wrong("trust", "stands beside `trusts`; keep one of them")),
        (None, true) => Err(fields.wrong("trust", "is missing; add it as a mapping or text, or use `trusts`")),
    }
}

/// A policy by ARN, by the name of one in the file, or by the name of an AWS managed one.
fn policy_arn(state: &State, fields: &Fields<'_>, policy: &str) -> Result<String, WorldError> {
    if policy.starts_with("arn:") {
        return Ok(policy.to_owned());
    }
    let own = state.policies.values().find(|own| own.name == policy).map(|own| own.arn.clone());
    own.or_else(|| managed_policy_arn(&state.partition, policy)).ok_or_else(|| {
        fields.wrong("attached", format!("there is no policy `{policy}`; add it under `policies` or give an ARN"))
    })
}

fn provider(state: &State, fields: &Fields<'_>, old: Timestamp) -> Result<(String, Provider), WorldError> {
    let url = fields.text_or("url", &state.cluster.issuer)?;
    let bare = url.trim_start_matches("https://").to_owned();
    let client_ids = fields.texts("clientIds")?;
    let usual = || vec!["sts.amazonaws.com".to_owned()];
    let provider = Provider {
        client_ids: if fields.value("clientIds").is_none() { usual() } else { client_ids },
        thumbprints: fields.texts("thumbprints")?,
        created_at: fields.time("createdAt", old)?,
        tags: fields.tags("tags")?,
        url: bare.clone(),
    };
    Ok((state.iam_arn(&format!("oidc-provider/{bare}")), provider))
}

fn profile(state: &mut State, fields: &Fields<'_>, old: Timestamp) -> Result<InstanceProfile, WorldError> {
    let (name, path) = (fields.text("name")?, fields.text_or("path", "/")?);
    let role = fields.optional("role")?;
    if let Some(role) = role.as_ref().filter(|role| state.role(role).is_none()) {
        return Err(fields.wrong("role", format!("there is no role `{role}`; add it under `roles`")));
    }
    Ok(InstanceProfile {
        arn: state.iam_arn(&format!("instance-profile{path}{name}")),
        id: format!("AIPA{}", state.random.upper(17)),
        created_at: fields.time("createdAt", old)?,
        role,
        name,
        path,
    })
}
