//! The one table of finding codes (`findings.md`, identity-resolution part 8). A code is a promise:
//! scripts, baselines and documents name it.

use super::Severity;

/// How a finding is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// Decided from what Kubernetes, EKS, IAM and EC2 answer.
    Api,
    /// A hypothesis from indirect signs, worded as one, never an error.
    Guess,
    /// Only logs or the pod's network show it: documented, explained by `why`, not detected.
    Log,
    /// A precondition of a plan, not a finding of its own.
    Plan,
}

impl Seen {
    /// In words.
    pub fn how(self) -> &'static str {
        match self {
            Self::Api => "by what Kubernetes and AWS answer",
            Self::Guess => "by indirect signs: a guess",
            Self::Log => "in logs only; `rolecall why` explains them",
            Self::Plan => "when a change is planned",
        }
    }
}

/// One code.
#[derive(Debug, PartialEq, Eq)]
pub struct Code {
    /// `IRSA-SUB-MISMATCH`.
    pub name: &'static str,
    /// How bad it usually is.
    pub severity: Severity,
    /// How it is seen.
    pub seen: Seen,
    /// Its number in the ranked list of misconfigurations; 0 for codes that came later.
    pub part: u8,
    /// What it means, in a few words.
    pub title: &'static str,
    /// What to do about it, in one sentence.
    pub fix: &'static str,
}

impl Code {
    /// Where it is explained.
    pub fn docs(&self) -> String {
        format!("rolecall why {}", self.name)
    }
}

/// The code of this name.
pub fn find(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|code| code.name == name)
}

macro_rules! codes {
    ($($name:literal $severity:ident $seen:ident $part:literal $title:literal $fix:literal;)*) => {
        /// All codes, in the order of identity-resolution part 8.
        pub const CODES: &[Code] = &[$(Code {
            name: $name,
            severity: Severity::$severity,
            seen: Seen::$seen,
            part: $part,
            title: $title,
            fix: $fix,
        },)*];
    };
}

codes! {
    "IRSA-SUB-MISMATCH" Error Api 1 "the trust policy admits another service account"
        "Admit the service account in the trust policy, or move to Pod Identity.";
    "IRSA-NO-PROVIDER" Error Api 2 "no OIDC provider for the cluster's issuer in the role's account"
        "Create the IAM OIDC provider of the issuer with audience sts.amazonaws.com.";
    "IRSA-FOREIGN-ISSUER" Error Api 3 "the trust policy names the issuer of another cluster"
        "Replace the issuer in the statement, or add a statement for this cluster.";
    "IDENTITY-NOT-INJECTED" Error Api 4 "pods are older than their configuration"
        "Restart the workload: new pods get the identity.";
    "NODE-ROLE-FALLBACK" Error Api 5 "pods use the node role although an identity was intended"
        "Restart the workload or annotate its service account, then set the hop limit of the nodes to 1.";
    "IMDS-HOP-LIMIT" Warning Api 6 "a pod relies on instance metadata that it cannot reach"
        "Give its service account an identity by Pod Identity or IRSA, and pass region and VPC as flags.";
    "IRSA-AUDIENCE" Error Api 7 "the audience of the token is not accepted"
        "Add the audience to the OIDC provider and the trust policy, or remove the annotation `audience`.";
    "PI-AGENT-DOWN" Error Api 8 "no ready Pod Identity agent on the node"
        "Install the add-on eks-pod-identity-agent, or repair its pod on that node.";
    "WILDCARD-STRINGEQUALS" Error Api 9 "a wildcard in StringEquals is an ordinary character"
        "Use StringLike for a value with a wildcard.";
    "PI-RACE" Error Api 10 "pods started before their new association took effect"
        "Delete the pods: new ones get the identity. In code, wait about ten seconds after creating an association.";
    "SA-UNUSED-SIBLING" Notice Guess 11 "a configured service account of a similar name is not used"
        "Set serviceAccountName in the pod template if the other service account was meant.";
    "PI-TRUST-INVALID" Error Api 12 "EKS may not assume the association's role"
        "Allow pods.eks.amazonaws.com sts:AssumeRole and sts:TagSession in the trust policy.";
    "PI-TRUST-CONDITION" Error Api 13 "a condition of the trust policy keeps the association out"
        "Correct the condition to this cluster, namespace and service account.";
    "SDK-TOO-OLD" Notice Guess 14 "the image may hold an SDK that knows no Pod Identity"
        "Use a newer image, or IRSA for this service account.";
    "BOTH-CONFIGURED" Notice Api 15 "annotated and associated"
        "The association wins for new pods; remove the annotation once every pod uses it.";
    "STALE-IRSA-ENV" Error Api 16 "the pod template sets IRSA variables itself"
        "Remove AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE from the pod template.";
    "STATIC-KEYS" Warning Api 17 "access keys in the environment decide"
        "Remove the keys from the pod template, its ConfigMaps and Secrets.";
    "PI-PORT-80" Error Api 18 "another pod holds port 80 of the node, which the agent needs"
        "Move the other pod off the host's port 80.";
    "PI-IPV6-BIND" Notice Guess 19 "the agent may fail to bind its IPv6 address"
        "Configure the add-on with agent.additionalArgs `-b: 169.254.170.23`.";
    "PI-NETPOL" Warning Api 20 "a network policy keeps pods from the Pod Identity agent"
        "Allow egress to 169.254.170.23/32 and fd00:ec2::23/128, TCP port 80.";
    "IMDS-NETPOL" Notice Api 21 "a network policy keeps pods from instance metadata"
        "Allow egress to 169.254.169.254/32, or give the service account an identity of its own.";
    "PI-FARGATE" Error Api 22 "Pod Identity does not work on Fargate"
        "Give the Fargate workload a service account of its own with an IRSA annotation.";
    "PI-NODE-ROLE-PERM" Error Api 23 "the node role lacks eks-auth:AssumeRoleForPodIdentity"
        "Attach AmazonEKSWorkerNodePolicy to the node role, or allow the action inline.";
    "PI-VPC-ENDPOINT" Notice Guess 24 "the VPC may lack an endpoint for eks-auth"
        "Create the interface endpoint com.amazonaws.<region>.eks-auth if these subnets have no way out.";
    "STS-ENDPOINT" Notice Guess 25 "calls may go to the global endpoint of STS"
        "Set the annotation eks.amazonaws.com/sts-regional-endpoints to true and restart.";
    "PI-THROTTLED" Warning Log 26 "AssumeRoleForPodIdentity is throttled"
        "Stagger restarts and update the agent.";
    "WEBHOOK-MISSING" Error Api 27 "no webhook injects pod identities"
        "Recreate the MutatingWebhookConfiguration pod-identity-webhook as EKS installs it.";
    "WEBHOOK-ALTERED" Warning Api 27 "the pod identity webhook differs from the one EKS installs"
        "Restore selectors, failure policy and CA of the MutatingWebhookConfiguration.";
    "PI-PROXY" Warning Api 28 "a proxy variable catches calls to the Pod Identity agent"
        "Add 169.254.170.23 and [fd00:ec2::23] to NO_PROXY.";
    "PI-TAGSESSION-CHAIN" Notice Guess 29 "a chained role may refuse the session tags of Pod Identity"
        "Allow sts:TagSession in that role's trust policy, or disable session tags of the association.";
    "PI-PACKED-POLICY" Notice Log 30 "session tags use up the packed policy size"
        "Disable session tags of the association.";
    "PI-TARGET-CHAIN" Error Api 31 "the second hop to the target role is refused"
        "Allow the association's role sts:AssumeRole and sts:TagSession on the target role, in both documents.";
    "PI-STALE-CREDS" Warning Api 32 "pods may still use what the association said before"
        "Restart the workload, or wait until the cached credentials expire.";
    "ASSOC-EXISTS" Error Plan 33 "an association exists already"
        "Change the existing association, or wait until the removed one is gone.";
    "ADDON-OWNED" Error Plan 34 "an add-on owns the association"
        "Change it through the add-on.";
    "TRUST-QUOTA" Notice Api 35 "the trust policy is close to its size quota"
        "Split the role, or move service accounts to Pod Identity.";
    "JAVA-NO-STS" Error Log 36 "a Java program lacks the sts module and uses the node role silently"
        "Add the module software.amazon.awssdk:sts to the program.";
    "SG-PODS-STRICT" Warning Api 37 "strict security groups for pods cut off the agent"
        "Set POD_SECURITY_GROUP_ENFORCING_MODE=standard on aws-node.";
    "TRUST-LOST" Error Api 38 "the role's trust policy has no statement for pods any more"
        "Restore the statement for this cluster.";
    "ROLE-MISSING" Error Api 39 "no such role"
        "Correct the ARN, or create the role.";
    "CONDITION-KEY-TYPO" Warning Api 40 "a condition key that no call carries"
        "Write the key as <issuer without https://>:sub.";
    "AUD-VS-SUB" Error Api 41 "a service account stands where the audience belongs"
        "Compare :aud with sts.amazonaws.com and :sub with the service account.";
    "TRUST-TOO-OPEN" Warning Api 42 "the trust policy lets in more than was meant"
        "Name the service accounts, the cluster or the account in a condition.";
    "INJECTION-OPTED-OUT" Notice Api 43 "the pod opts out of its identity"
        "Remove the skip label or annotation if the identity is meant for this pod.";
    "WINDOWS-SELECTOR" Error Api 44 "a Windows pod that the webhook takes for Linux, or Pod Identity on Windows"
        "Set nodeSelector kubernetes.io/os: windows, and use IRSA on Windows.";
    "TOKEN-PERMS" Notice Guess 45 "the token file may not be readable for a non-root user"
        "Set fsGroup in the pod's security context.";
    "OIDC-DNS-IN-VPC" Notice Guess 46 "the issuer may not resolve within the VPC"
        "Nothing to do for pods; verifiers in this VPC need another way to the issuer's keys.";
    "ORPHAN-ASSOCIATION" Notice Api 47 "the association's service account does not exist"
        "Remove the association if nobody will create the service account.";
    "ASSOC-QUOTA" Notice Api 48 "the cluster is close to its quota of associations"
        "Remove associations that nobody uses.";
    "PLATFORM-TOO-OLD" Error Api 49 "the platform version has no Pod Identity"
        "Update the cluster.";
    "NODE-ROLE-OVERPRIVILEGED" Warning Api 50 "pods reach a node role with broad rights"
        "Move the rights to roles of service accounts, and require tokens with hop limit 1.";
    "HOSTNETWORK-IMDS" Notice Api 51 "a pod on the host's network can always use the node role"
        "Leave the host's network if the pod does not need it.";
    "HOSTNETWORK-PI" Notice Guess 52 "Pod Identity may fail for a pod on the host's network"
        "If calls end with `Unauthorized Exception`, use IRSA for this service account.";
    "IPV6-IMDS" Warning Api 53 "SDKs ask the IPv4 address of instance metadata in an IPv6 cluster"
        "Set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6 in the container.";
    "SESSION-NAME-CHURN" Notice Log 54 "the session name changes at every renewal"
        "Use IRSA with AWS_ROLE_SESSION_NAME for clients of MSK.";
    "ESO-SERVICEACCOUNTREF" Warning Api 55 "External Secrets ignores the association of the service account it names"
        "Annotate the service account for IRSA.";
    "MOUNTPOINT-PREFERS-IRSA" Warning Api 56 "Mountpoint for S3 uses the annotation, not the association"
        "Remove the annotation or the association.";
    "SIDECAR-WEBHOOK-ORDER" Warning Api 57 "a container was added after the identity had been injected"
        "Let the webhook that adds it run first, or be invoked again.";
    "SESSION-POLICY-NARROWS" Notice Api 58 "a session policy narrows the role"
        "Look at the session policy beside the role's policies when a call is denied.";
    "MAX-SESSION" Error Log 59 "the session asked for is longer than the role allows"
        "Ask for less, or raise MaxSessionDuration; chained roles are limited to one hour.";
    "SUBPATH-TOKEN" Warning Api 60 "a token mounted through a subPath is never refreshed"
        "Mount the directory of the token.";
    "NEXT-BROKEN" Error Api 62 "works now, will not after its next restart"
        "Repair association, annotation or trust first; do not restart.";
    "TRUST-ALSO-EC2" Warning Api 63 "EC2 instances may assume a role made for pods"
        "Remove the statement for ec2.amazonaws.com once no instance profile holds the role.";
    "ACCOUNT-MISMATCH" Error Api 64 "credentials or context belong to another cluster"
        "Choose the profile of the cluster's account.";
    "ASSOC-GONE" Error Api 0 "the association that pods were given is gone"
        "Create the association again, or restart the workload with another identity.";
    "DECLARED-DIFFERS" Warning Api 0 "what the service account declares is not what is associated"
        "Create or change the association, or correct the declaration.";
    "TRUST-PLACEHOLDER" Error Api 0 "a placeholder was never filled in"
        "Replace it by the cluster's issuer and account.";
    "TRUST-REFUSED" Warning Api 0 "IAM would refuse to save this trust policy today"
        "Correct it before the next edit; what a stored one does may be undefined.";
}
