//! The ConfigMap `kube-system/aws-auth`: which IAM roles clusters without access entries take for nodes
//! (EKS user guide, "Grant IAM users access to Kubernetes with a ConfigMap").

use std::{collections::BTreeMap, sync::Arc};

use serde::Deserialize;

use super::metadata::Unreadable;
use crate::domain::{arn::Arn, node::AccessEntry};

#[derive(Deserialize)]
struct ConfigMap {
    #[serde(default)]
    data: Option<BTreeMap<String, String>>,
}

/// One entry of `mapRoles`.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Mapping {
    rolearn: String,
    username: String,
    groups: Vec<String>,
}

/// The roles that are mapped to nodes, with the type of access entry that each would be. Others are people's.
pub(in crate::kubernetes) fn mapped_roles(json: &str) -> Result<Vec<AccessEntry>, Unreadable> {
    let map: ConfigMap = serde_json::from_str(json)?;
    let text = map.data.and_then(|mut data| data.remove("mapRoles")).unwrap_or_default();
    if text.trim().is_empty() {
        return Ok(Vec::new());
    }
    let mappings: Vec<Mapping> = serde_saphyr::from_str(&text).map_err(|_| Unreadable::Field("data.mapRoles"))?;
    Ok(mappings.iter().filter_map(node_role).collect())
}

/// Nodes are in `system:nodes`; those of Fargate are named by their session, those of Windows run kube-proxy's group.
fn node_role(mapping: &Mapping) -> Option<AccessEntry> {
    let has = |group: &str| mapping.groups.iter().any(|named| named == group);
    if !has("system:nodes") || Arn::role(&mapping.rolearn).is_err() {
        return None;
    }
    let kind: Arc<str> = match () {
        () if mapping.username.contains("{{SessionName}}") => "FARGATE_LINUX".into(),
        () if has("eks:kube-proxy-windows") => "EC2_WINDOWS".into(),
        () => "EC2_LINUX".into(),
    };
    Some(AccessEntry { role_arn: mapping.rolearn.as_str().into(), kind })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn mapped(map_roles: &str) -> Result<Vec<(String, String)>, Unreadable> {
        let found = mapped_roles(&json!({ "kind": "ConfigMap", "data": { "mapRoles": map_roles } }).to_string())?;
        Ok(found.iter().map(|entry| (entry.role_arn.to_string(), entry.kind.to_string())).collect())
    }

    #[test]
    fn roles_of_nodes_are_told_by_their_groups_and_user_names() {
        let text = "\
- rolearn: arn:aws:iam::111122223333:role/ng
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes]
- rolearn: arn:aws:iam::111122223333:role/windows
  username: system:node:{{EC2PrivateDNSName}}
  groups: [system:bootstrappers, system:nodes, 'eks:kube-proxy-windows']
- rolearn: arn:aws:iam::111122223333:role/fargate
  username: system:node:{{SessionName}}
  groups: [system:bootstrappers, system:nodes, system:node-proxier]
- rolearn: arn:aws:iam::111122223333:role/admins
  username: admin
  groups: [system:masters]
";
        let of = |name: &str, kind: &str| (format!("arn:aws:iam::111122223333:role/{name}"), kind.to_owned());
        let expected = [of("ng", "EC2_LINUX"), of("windows", "EC2_WINDOWS"), of("fargate", "FARGATE_LINUX")];
        assert_eq!(mapped(text).unwrap(), expected);
    }

    #[test]
    fn nothing_mapped_is_an_empty_list_and_a_broken_text_names_its_field() {
        assert_eq!(mapped("").unwrap(), []);
        assert_eq!(mapped("[]").unwrap(), []);
        assert_eq!(mapped_roles(r#"{"kind":"ConfigMap"}"#).unwrap(), []);
        assert_eq!(mapped("- rolearn: [").unwrap_err().to_string(), "`data.mapRoles` is missing or malformed");
        assert_eq!(mapped("- rolearn: not an arn\n  groups: ['system:nodes']\n").unwrap(), []);
    }
}
