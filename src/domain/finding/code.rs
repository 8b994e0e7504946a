//! The one table of finding codes (identity-resolution part 8). A code is a promise:
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
    /// AWS was asked as the pod asks it, and answered otherwise.
    Proof,
}

impl Seen {
    /// In words.
    pub fn how(self) -> &'static str {
        match self {
            Self::Api => "by what Kubernetes and AWS answer",
            Self::Guess => "by indirect signs: a guess",
            Self::Log => "in logs only; `rolecall why` explains them",
            Self::Plan => "when a change is planned",
            Self::Proof => "when an identity is proven",
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
    ($($name:literal $severity:ident $seen:ident $title:literal $fix:literal;)*) => {
        /// All codes, in the order of identity-resolution part 8.
        pub const CODES: &[Code] = &[$(Code {
            name: $name,
            severity: Severity::$severity,
            seen: Seen::$seen,
            title: $title,
            fix: $fix,
        },)*];
    };
}

codes! {
    "IRSA-SUB-MISMATCH" Error Api "the trust policy admits another service account"
        "Admit the service account in the trust policy, or move to Pod Identity.";
    "IRSA-NO-PROVIDER" Error Api "no OIDC provider for the cluster's issuer in the role's account"
        "Create the IAM OIDC provider of the issuer with audience sts.amazonaws.com.";
    "IRSA-FOREIGN-ISSUER" Error Api "the trust policy names the issuer of another cluster"
        "Replace the issuer in the statement, or add a statement for this cluster.";
    "IDENTITY-NOT-INJECTED" Error Api "pods are older than their configuration"
        "Restart the workload: new pods get the identity.";
    "NODE-ROLE-FALLBACK" Error Api "pods use the node role although an identity was intended"
        "Restart the workload or annotate its service account, then set the hop limit of the nodes to 1.";
    "IMDS-HOP-LIMIT" Warning Api "a pod relies on instance metadata that it cannot reach"
        "Give its service account an identity by Pod Identity or IRSA, and pass region and VPC as flags.";
    "IRSA-AUDIENCE" Error Api "the audience of the token is not accepted"
        "Add the audience to the OIDC provider and the trust policy, or remove the annotation `audience`.";
    "PI-AGENT-DOWN" Error Api "no ready Pod Identity agent on the node"
        "Install the add-on eks-pod-identity-agent, or repair its pod on that node.";
    "WILDCARD-STRINGEQUALS" Error Api "a wildcard in StringEquals is an ordinary character"
        "Use StringLike for a value with a wildcard.";
    "PI-RACE" Error Api "pods started before their new association took effect"
        "Delete the pods: new ones get the identity. In code, wait about ten seconds after creating an association.";
    "SA-UNUSED-SIBLING" Notice Guess "a configured service account of a similar name is not used"
        "Set serviceAccountName in the pod template if the other service account was meant.";
    "PI-TRUST-INVALID" Error Api "EKS may not assume the association's role"
        "Allow pods.eks.amazonaws.com sts:AssumeRole and sts:TagSession in the trust policy.";
    "PI-TRUST-CONDITION" Error Api "a condition of the trust policy keeps the association out"
        "Correct the condition to this cluster, namespace and service account.";
    "SDK-TOO-OLD" Notice Guess "the image may hold an SDK that knows no Pod Identity"
        "Use a newer image, or IRSA for this service account.";
    "BOTH-CONFIGURED" Notice Api "annotated and associated"
        "The association wins for new pods; remove the annotation once every pod uses it.";
    "STALE-IRSA-ENV" Error Api "the pod template sets IRSA variables itself"
        "Remove AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE from the pod template.";
    "STATIC-KEYS" Warning Api "access keys in the environment decide"
        "Remove the keys from the pod template, its ConfigMaps and Secrets.";
    "PI-PORT-80" Error Api "another pod holds port 80 of the node, which the agent needs"
        "Move the other pod off the host's port 80.";
    "PI-IPV6-BIND" Notice Guess "the agent may fail to bind its IPv6 address"
        "Configure the add-on with agent.additionalArgs `-b: 169.254.170.23`.";
    "PI-NETPOL" Warning Api "a network policy keeps pods from the Pod Identity agent"
        "Allow egress to 169.254.170.23/32 and fd00:ec2::23/128, TCP port 80.";
    "IMDS-NETPOL" Notice Api "a network policy keeps pods from instance metadata"
        "Allow egress to 169.254.169.254/32, or give the service account an identity of its own.";
    "PI-FARGATE" Error Api "Pod Identity does not work on Fargate"
        "Give the Fargate workload a service account of its own with an IRSA annotation.";
    "PI-NODE-ROLE-PERM" Error Api "the node role lacks eks-auth:AssumeRoleForPodIdentity"
        "Attach AmazonEKSWorkerNodePolicy to the node role, or allow the action inline.";
    "PI-VPC-ENDPOINT" Notice Guess "the VPC may lack an endpoint for eks-auth"
        "Create the interface endpoint com.amazonaws.<region>.eks-auth if these subnets have no way out.";
    "STS-ENDPOINT" Notice Guess "calls may go to the global endpoint of STS"
        "Set the annotation eks.amazonaws.com/sts-regional-endpoints to true and restart.";
    "PI-THROTTLED" Warning Log "AssumeRoleForPodIdentity is throttled"
        "Stagger restarts and update the agent.";
    "WEBHOOK-MISSING" Error Api "no webhook injects pod identities"
        "Recreate the MutatingWebhookConfiguration pod-identity-webhook as EKS installs it.";
    "WEBHOOK-ALTERED" Warning Api "the pod identity webhook differs from the one EKS installs"
        "Restore selectors, failure policy and CA of the MutatingWebhookConfiguration.";
    "PI-PROXY" Warning Api "a proxy variable catches calls to the Pod Identity agent"
        "Add 169.254.170.23 and [fd00:ec2::23] to NO_PROXY.";
    "PI-TAGSESSION-CHAIN" Notice Guess "a chained role may refuse the session tags of Pod Identity"
        "Allow sts:TagSession in that role's trust policy, or disable session tags of the association.";
    "PI-PACKED-POLICY" Notice Log "session tags use up the packed policy size"
        "Disable session tags of the association.";
    "PI-TARGET-CHAIN" Error Api "the second hop to the target role is refused"
        "Allow the association's role sts:AssumeRole and sts:TagSession on the target role, in both documents.";
    "PI-STALE-CREDS" Warning Api "pods may still use what the association said before"
        "Restart the workload, or wait until the cached credentials expire.";
    "ASSOC-EXISTS" Error Plan "an association exists already"
        "Change the existing association, or wait until the removed one is gone.";
    "ADDON-OWNED" Error Plan "an add-on owns the association"
        "Change it through the add-on.";
    "TRUST-QUOTA" Notice Api "the trust policy is close to its size quota"
        "Split the role, or move service accounts to Pod Identity.";
    "JAVA-NO-STS" Error Log "a Java program lacks the sts module and uses the node role silently"
        "Add the module software.amazon.awssdk:sts to the program.";
    "SG-PODS-STRICT" Warning Api "strict security groups for pods cut off the agent"
        "Set POD_SECURITY_GROUP_ENFORCING_MODE=standard on aws-node.";
    "TRUST-LOST" Error Api "the role's trust policy has no statement for pods any more"
        "Restore the statement for this cluster.";
    "ROLE-MISSING" Error Api "no such role"
        "Correct the ARN, or create the role.";
    "CONDITION-KEY-TYPO" Warning Api "a condition key that no call carries"
        "Write the key as <issuer without https://>:sub.";
    "AUD-VS-SUB" Error Api "a service account stands where the audience belongs"
        "Compare :aud with sts.amazonaws.com and :sub with the service account.";
    "TRUST-TOO-OPEN" Warning Api "the trust policy lets in more than was meant"
        "Name the service accounts, the cluster or the account in a condition.";
    "INJECTION-OPTED-OUT" Notice Api "the pod opts out of its identity"
        "Remove the skip label or annotation if the identity is meant for this pod.";
    "WINDOWS-SELECTOR" Error Api "a Windows pod that the webhook takes for Linux, or Pod Identity on Windows"
        "Set nodeSelector kubernetes.io/os: windows, and use IRSA on Windows.";
    "TOKEN-PERMS" Notice Guess "the token file may not be readable for a non-root user"
        "Set fsGroup in the pod's security context.";
    "OIDC-DNS-IN-VPC" Notice Guess "the issuer may not resolve within the VPC"
        "Nothing to do for pods; verifiers in this VPC need another way to the issuer's keys.";
    "ORPHAN-ASSOCIATION" Notice Api "the association's service account does not exist"
        "Remove the association if nobody will create the service account.";
    "ASSOC-QUOTA" Notice Api "the cluster is close to its quota of associations"
        "Remove associations that nobody uses.";
    "PLATFORM-TOO-OLD" Error Api "the platform version has no Pod Identity"
        "Update the cluster.";
    "NODE-ROLE-OVERPRIVILEGED" Warning Api "pods reach a node role with broad rights"
        "Move the rights to roles of service accounts, and require tokens with hop limit 1.";
    "HOSTNETWORK-IMDS" Notice Api "a pod on the host's network can always use the node role"
        "Leave the host's network if the pod does not need it.";
    "HOSTNETWORK-PI" Notice Guess "Pod Identity may fail for a pod on the host's network"
        "If calls end with `Unauthorized Exception`, use IRSA for this service account.";
    "IPV6-IMDS" Warning Api "SDKs ask the IPv4 address of instance metadata in an IPv6 cluster"
        "Set AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE=IPv6 in the container.";
    "SESSION-NAME-CHURN" Notice Log "the session name changes at every renewal"
        "Use IRSA with AWS_ROLE_SESSION_NAME for clients of MSK.";
    "ESO-SERVICEACCOUNTREF" Warning Api "External Secrets ignores the association of the service account it names"
        "Annotate the service account for IRSA.";
    "MOUNTPOINT-PREFERS-IRSA" Warning Api "Mountpoint for S3 uses the annotation, not the association"
        "Remove the annotation or the association.";
    "SIDECAR-WEBHOOK-ORDER" Warning Api "a container was added after the identity had been injected"
        "Let the webhook that adds it run first, or be invoked again.";
    "SESSION-POLICY-NARROWS" Notice Api "a session policy narrows the role"
        "Look at the session policy beside the role's policies when a call is denied.";
    "MAX-SESSION" Error Log "the session asked for is longer than the role allows"
        "Ask for less, or raise MaxSessionDuration; chained roles are limited to one hour.";
    "SUBPATH-TOKEN" Warning Api "a token mounted through a subPath is never refreshed"
        "Mount the directory of the token.";
    "NEXT-BROKEN" Error Api "works now, will not after its next restart"
        "Repair association, annotation or trust first; do not restart.";
    "TRUST-ALSO-EC2" Warning Api "EC2 instances may assume a role made for pods"
        "Remove the statement for ec2.amazonaws.com once no instance profile holds the role.";
    "ACCOUNT-MISMATCH" Error Api "credentials or context belong to another cluster"
        "Choose the profile of the cluster's account.";
    "ASSOC-GONE" Error Api "the association that pods were given is gone"
        "Create the association again, or restart the workload with another identity.";
    "DECLARED-DIFFERS" Warning Api "what the service account declares is not what is associated"
        "Create or change the association, or correct the declaration.";
    "TRUST-PLACEHOLDER" Error Api "a placeholder was never filled in"
        "Replace it by the cluster's issuer and account.";
    "PROOF-DIFFERS" Error Proof "AWS answers otherwise than the facts say"
        "Read IAM again; then look for what cannot be read here: resource control policies, conditions on the source, changes of a moment ago.";
    "TRUST-REFUSED" Warning Api "IAM would refuse to save this trust policy today"
        "Correct it before the next edit; what a stored one does may be undefined.";
}
