//! What may stand between a pod and a link-local address: the egress rules of network policies
//! (identity-resolution 3.1, 4.2; Kubernetes, networking.k8s.io/v1) and security groups for pods
//! (vpcresources.k8s.aws/v1beta1).

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;

use super::{id::Namespace, webhook::Selector};

pub mod foreign;

/// A NetworkPolicy that isolates pods for egress; one that does not is never kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: Arc<str>,
    /// The pods of its namespace that it isolates.
    pub pods: Selector,
    /// What those may reach all the same.
    pub egress: Vec<EgressRule>,
}

/// One rule of `spec.egress`: an address and a port that both fit are allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EgressRule {
    /// Address blocks; `None` where the rule has no `to` and so allows every address. Peers that are pods never
    /// have a link-local address and are left out.
    pub blocks: Option<Vec<Block>>,
    /// TCP ports; `None` where the rule has no `ports` and so allows all.
    pub ports: Option<Vec<Ports>>,
}

/// An `ipBlock`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// `cidr`.
    pub network: IpNet,
    /// `except`.
    pub except: Vec<IpNet>,
}

/// A TCP port or, with `endPort`, a range of them; both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// `port`.
    pub first: u16,
    /// `endPort`, or `port` again.
    pub last: u16,
}

/// A SecurityGroupPolicy that names groups and selects by something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecurityGroupPolicy {
    /// Its namespace.
    pub namespace: Namespace,
    /// Its name.
    pub name: Arc<str>,
    /// `podSelector`.
    pub pods: Option<Selector>,
    /// `serviceAccountSelector`.
    pub accounts: Option<Selector>,
}

impl SecurityGroupPolicy {
    /// Whether it selects a pod by its labels and those of its service account: every selector that it has must.
    pub fn selects(&self, pod: &BTreeMap<Arc<str>, Arc<str>>, account: &BTreeMap<Arc<str>, Arc<str>>) -> bool {
        let fits = |selector: &Option<Selector>, labels| selector.as_ref().is_none_or(|found| found.matches(labels));
        fits(&self.pods, pod) && fits(&self.accounts, account)
    }
}

impl Block {
    /// Whether an address belongs to it.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.network.contains(&address) && !self.except.iter().any(|except| except.contains(&address))
    }
}

impl EgressRule {
    /// Whether it allows TCP to an address and a port.
    pub fn allows(&self, address: IpAddr, port: u16) -> bool {
        self.blocks.as_ref().is_none_or(|blocks| blocks.iter().any(|block| block.contains(address)))
            && self
                .ports
                .as_ref()
                .is_none_or(|ports| ports.iter().any(|ports| (ports.first..=ports.last).contains(&port)))
    }
}

impl NetworkPolicy {
    /// Whether it allows TCP to a port of every address: a rule without peers, which Cilium takes to mean the host too.
    pub fn allows_everywhere(&self, port: u16) -> bool {
        self.egress.iter().any(|rule| rule.blocks.is_none() && rule.allows(IpAddr::from([0, 0, 0, 0]), port))
    }

    /// Whether it allows TCP to an address and a port.
    pub fn allows(&self, address: IpAddr, port: u16) -> bool {
        self.egress.iter().any(|rule| rule.allows(address, port))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(network: &str, except: &[&str]) -> Block {
        let except = except.iter().map(|text| text.parse().unwrap()).collect();
        Block { network: network.parse().unwrap(), except }
    }

    fn allows(blocks: Option<Vec<Block>>, ports: Option<Vec<Ports>>) -> bool {
        EgressRule { blocks, ports }.allows("169.254.170.23".parse().unwrap(), 80)
    }

    #[test]
    fn a_rule_without_peers_and_ports_allows_everything() {
        assert!(allows(None, None));
        assert!(!allows(Some(vec![]), None), "only pods are allowed");
        assert!(!allows(None, Some(vec![])), "only names and other protocols are allowed");
    }

    #[test]
    fn blocks_and_their_exceptions_decide_about_the_address() {
        assert!(allows(Some(vec![block("169.254.170.23/32", &[])]), None));
        assert!(allows(Some(vec![block("10.0.0.0/8", &[]), block("0.0.0.0/0", &["10.0.0.0/8"])]), None));
        assert!(!allows(Some(vec![block("0.0.0.0/0", &["169.254.0.0/16"])]), None));
        assert!(!allows(Some(vec![block("::/0", &[])]), None), "another family");
    }

    #[test]
    fn ports_and_ranges_decide_about_the_port() {
        assert!(allows(None, Some(vec![Ports { first: 443, last: 443 }, Ports { first: 80, last: 80 }])));
        assert!(allows(None, Some(vec![Ports { first: 1, last: 1024 }])));
        assert!(!allows(None, Some(vec![Ports { first: 443, last: 443 }])));
    }
}
