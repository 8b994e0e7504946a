//! Kinds of policies that refuse a call although its credentials work, in the words of IAM: an allow
//! that is missing, or a deny that is there.

use super::Cause;
use crate::domain::identity::HopKind;

/// A kind of policy as IAM's sentence names it, and its two causes.
struct Kind {
    words: &'static str,
    missing: usize,
    denying: usize,
}

const KINDS: &[Kind] = &[
    Kind { words: "identity-based", missing: 0, denying: 1 },
    Kind { words: "resource-based", missing: 2, denying: 3 },
    Kind { words: "session polic", missing: 4, denying: 5 },
    Kind { words: "permissions boundar", missing: 6, denying: 7 },
    Kind { words: "service control", missing: 8, denying: 9 },
    Kind { words: "resource control", missing: 10, denying: 11 },
    Kind { words: "vpc endpoint", missing: 12, denying: 13 },
];
const EXPLICIT: usize = 14;
const UNSAID: usize = 15;

/// The cause that the words after the resource name.
pub(super) fn of_words(reason: &str) -> &'static Cause {
    let explicit = reason.find("explicit deny");
    let implicit = reason.find("because no ").or_else(|| reason.find("no resource-based polic"));
    let (at, denying) = match (explicit, implicit) {
        (Some(at), None) => (at, true),
        (Some(at), Some(other)) if at < other => (at, true),
        (_, Some(at)) => (at, false),
        (None, None) => return &TABLE[UNSAID],
    };
    // The kind is named within the next few words.
    let named = super::super::wording::cut(&reason[at..], 60);
    let kind = KINDS.iter().filter_map(|kind| Some((named.find(kind.words)?, kind))).min_by_key(|(at, _)| *at);
    match kind {
        Some((_, kind)) => &TABLE[if denying { kind.denying } else { kind.missing }],
        None => &TABLE[if denying { EXPLICIT } else { UNSAID }],
    }
}

macro_rules! policies {
    ($($word:literal [$($code:literal)*] $means:literal $todo:literal;)*) => {
        /// All kinds, in the order of `KINDS`.
        pub(super) const TABLE: &[Cause] = &[$(Cause {
            word: $word,
            hop: Some(HopKind::Role),
            codes: &[$($code),*],
            action: None,
            means: $means,
            todo: $todo,
            partly: false,
            denial: true,
            signs: &[],
        },)*];
    };
}

policies! {
    "no-identity-based-policy" []
        "No policy of the role allows the action."
        "Allow {action} on {resource} in a policy of {role}.";
    "deny-identity-based-policy" []
        "A policy of the role itself denies the action."
        "Find the Deny for {action} in the policies of {role}: no Allow outweighs it.";
    "no-resource-based-policy" []
        "The policy of the resource (bucket, key, queue, domain) does not let this principal in."
        "Allow {action} to {role} in the policy of {resource}, or check that the resource exists in this region and account.";
    "deny-resource-based-policy" []
        "The policy of the resource (bucket, key, queue) denies the action."
        "Find the Deny in the policy of {resource}: it often names a VPC endpoint, an organization or a principal that must match.";
    "no-session-policy" ["SESSION-POLICY-NARROWS"]
        "The session policy narrows the role and does not allow the action; the role itself may well."
        "Add {action} on {resource} to the session policy of the Pod Identity association.";
    "deny-session-policy" ["SESSION-POLICY-NARROWS"]
        "The session policy denies the action, whatever the role allows."
        "Remove the Deny for {action} from the session policy of the Pod Identity association.";
    "no-permissions-boundary" []
        "The permissions boundary of the role does not allow the action, whatever its policies say."
        "Allow {action} in the permissions boundary of {role}: ask whoever owns the boundary.";
    "deny-permissions-boundary" []
        "The permissions boundary of the role denies the action."
        "Ask the owner of the permissions boundary of {role} about its Deny for {action}.";
    "no-service-control-policy" []
        "A service control policy of the organization does not allow the action in this account."
        "Ask the administrators of the organization to allow {action} for this account.";
    "deny-service-control-policy" []
        "A service control policy of the organization denies the action in this account: no role can have it."
        "Ask the administrators of the organization about the Deny for {action}; region and tag conditions are the usual reasons.";
    "no-resource-control-policy" []
        "A resource control policy of the organization does not let this principal reach the resource."
        "Ask the administrators of the organization that owns {resource}.";
    "deny-resource-control-policy" []
        "A resource control policy of the organization that owns the resource denies the action."
        "Ask the administrators of the organization that owns {resource} about principals from outside.";
    "no-vpc-endpoint-policy" []
        "The policy of the VPC endpoint that the call went through does not allow the action."
        "Allow {action} on {resource} in the policy of the VPC endpoint.";
    "deny-vpc-endpoint-policy" []
        "The policy of the VPC endpoint that the call went through denies the action."
        "Change the Deny for {action} in the policy of the VPC endpoint.";
    "explicit-deny" []
        "Some policy denies the action; the service does not say which kind."
        "Look for a Deny on {action}: service control policies, boundary, policies of {role}, policy of {resource}.";
    "not-allowed" []
        "The role may not do it; the service does not say which policy decided."
        "Allow {action} on {resource} in a policy of {role}; if it does, look at the policy of the resource and of the organization.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_policy_has_its_two_causes() {
        for kind in KINDS {
            assert!(TABLE[kind.missing].word.starts_with("no-"), "{}", kind.words);
            assert!(TABLE[kind.denying].word.starts_with("deny-"), "{}", kind.words);
            let word = kind.words.split([' ', '-']).next().unwrap();
            assert!(TABLE[kind.missing].word.contains(word) && TABLE[kind.denying].word.contains(word));
        }
        assert_eq!(TABLE[EXPLICIT].word, "explicit-deny");
        assert_eq!(TABLE[UNSAID].word, "not-allowed");
    }
}
