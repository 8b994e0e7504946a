//! On which hop of its subject's chain a finding decides.

use super::Code;
use crate::domain::identity::{Hop, HopKind, Verdict};

/// Codes by the hops that they are about, the nearest first. A code that stands nowhere is about the first hop
/// that fails.
const HOPS: &[(&[HopKind], &[&str])] = &[
    (
        &[HopKind::TrustPolicy],
        &[
            "IRSA-SUB-MISMATCH",
            "IRSA-FOREIGN-ISSUER",
            "WILDCARD-STRINGEQUALS",
            "PI-TRUST-INVALID",
            "PI-TRUST-CONDITION",
            "TRUST-QUOTA",
            "TRUST-LOST",
            "CONDITION-KEY-TYPO",
            "AUD-VS-SUB",
            "TRUST-TOO-OPEN",
            "TRUST-ALSO-EC2",
            "TRUST-PLACEHOLDER",
            "TRUST-REFUSED",
        ],
    ),
    (&[HopKind::Provider, HopKind::TrustPolicy], &["IRSA-NO-PROVIDER", "IRSA-AUDIENCE", "OIDC-DNS-IN-VPC"]),
    (
        &[HopKind::Pod],
        &[
            "IDENTITY-NOT-INJECTED",
            "NODE-ROLE-FALLBACK",
            "PI-RACE",
            "STALE-IRSA-ENV",
            "STATIC-KEYS",
            "STS-ENDPOINT",
            "WEBHOOK-MISSING",
            "WEBHOOK-ALTERED",
            "PI-PROXY",
            "SDK-TOO-OLD",
            "INJECTION-OPTED-OUT",
            "WINDOWS-SELECTOR",
            "TOKEN-PERMS",
            "SIDECAR-WEBHOOK-ORDER",
            "SUBPATH-TOKEN",
        ],
    ),
    (&[HopKind::Node], &["IMDS-HOP-LIMIT", "IMDS-NETPOL", "NODE-ROLE-OVERPRIVILEGED", "HOSTNETWORK-IMDS", "IPV6-IMDS"]),
    (
        &[HopKind::Agent, HopKind::Node],
        &[
            "PI-AGENT-DOWN",
            "PI-PORT-80",
            "PI-IPV6-BIND",
            "PI-NETPOL",
            "PI-FARGATE",
            "PI-NODE-ROLE-PERM",
            "PI-VPC-ENDPOINT",
            "SG-PODS-STRICT",
            "PLATFORM-TOO-OLD",
            "HOSTNETWORK-PI",
        ],
    ),
    (
        &[HopKind::Association, HopKind::ServiceAccount],
        &[
            "PI-STALE-CREDS",
            "PI-TAGSESSION-CHAIN",
            "ORPHAN-ASSOCIATION",
            "SESSION-POLICY-NARROWS",
            "ASSOC-GONE",
            "ASSOC-QUOTA",
        ],
    ),
    (
        &[HopKind::ServiceAccount, HopKind::Association, HopKind::Pod],
        &[
            "SA-UNUSED-SIBLING",
            "BOTH-CONFIGURED",
            "DECLARED-DIFFERS",
            "ESO-SERVICEACCOUNTREF",
            "MOUNTPOINT-PREFERS-IRSA",
        ],
    ),
    (&[HopKind::TargetRole], &["PI-TARGET-CHAIN"]),
    (&[HopKind::Role, HopKind::TargetRole], &["ROLE-MISSING"]),
];

impl Code {
    /// The hop of a chain that decides: of those that the code is about the first that fails, else the first that
    /// is there, else the first hop of the chain that fails. `None` where the chain has nothing to show for it.
    pub fn hop(&self, chain: &[Hop]) -> Option<HopKind> {
        let about = HOPS.iter().find(|(_, codes)| codes.contains(&self.name)).map_or(&[][..], |(hops, _)| hops);
        let in_chain = |kind: &&HopKind| chain.iter().any(|hop| hop.kind == **kind);
        let failing = |kind: &&HopKind| chain.iter().any(|hop| hop.kind == **kind && fails(hop));
        let found = about.iter().find(failing).or_else(|| about.iter().find(in_chain));
        found.copied().or_else(|| chain.iter().find(|hop| fails(hop)).map(|hop| hop.kind))
    }
}

fn fails(hop: &Hop) -> bool {
    hop.checks.iter().any(|check| check.verdict.is_some_and(|verdict| verdict != Verdict::Ok))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        finding::{Seen, code},
        identity::Check,
    };

    fn hop(kind: HopKind, verdict: Verdict) -> Hop {
        let check = Check { verdict: Some(verdict), name: "check".into(), detail: String::new(), evidence: Vec::new() };
        Hop { kind, subject: String::new(), checks: vec![check] }
    }

    fn chosen(name: &str, chain: &[(HopKind, Verdict)]) -> Option<HopKind> {
        let chain: Vec<Hop> = chain.iter().map(|(kind, verdict)| hop(*kind, *verdict)).collect();
        code::find(name).unwrap().hop(&chain)
    }

    #[test]
    fn every_code_that_is_detected_is_about_a_hop_or_about_whatever_fails() {
        let about: Vec<&str> = HOPS.iter().flat_map(|(_, codes)| codes.iter().copied()).collect();
        for name in &about {
            assert!(code::find(name).is_some(), "{name} is no code");
            assert_eq!(about.iter().filter(|other| other == &name).count(), 1, "{name} stands twice");
        }
        let detected = code::CODES.iter().filter(|code| matches!(code.seen, Seen::Api | Seen::Guess));
        let without: Vec<&str> = detected.map(|code| code.name).filter(|name| !about.contains(name)).collect();
        assert_eq!(without, ["NEXT-BROKEN", "ACCOUNT-MISMATCH"]);
    }

    #[test]
    fn the_hop_of_a_finding_is_the_one_it_is_about_even_where_another_fails_first() {
        let irsa =
            [(HopKind::Pod, Verdict::Ok), (HopKind::Provider, Verdict::Broken), (HopKind::TrustPolicy, Verdict::Ok)];
        assert_eq!(chosen("IRSA-SUB-MISMATCH", &irsa), Some(HopKind::TrustPolicy));
        assert_eq!(chosen("IRSA-AUDIENCE", &irsa), Some(HopKind::Provider));
        let audience = [(HopKind::Provider, Verdict::Ok), (HopKind::TrustPolicy, Verdict::Broken)];
        assert_eq!(chosen("IRSA-AUDIENCE", &audience), Some(HopKind::TrustPolicy));
    }

    #[test]
    fn a_finding_about_no_hop_of_the_chain_is_shown_on_the_first_that_fails() {
        let node = [(HopKind::Pod, Verdict::Ok), (HopKind::Node, Verdict::Depends)];
        assert_eq!(chosen("NEXT-BROKEN", &node), Some(HopKind::Node));
        assert_eq!(chosen("PI-TARGET-CHAIN", &node), Some(HopKind::Node));
        assert_eq!(chosen("NEXT-BROKEN", &[(HopKind::Pod, Verdict::Ok)]), None);
    }
}
