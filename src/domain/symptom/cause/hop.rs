//! What goes wrong on the way to credentials, nearest to the root first: one text often holds the
//! chain of everything that was tried. Words as the services, SDKs and the agent write them
//! (identity-resolution 2.5, 4.2, 4.4, 4.5, 5.3, 6.2).

use super::Cause;
use crate::domain::identity::HopKind;

const WEB_IDENTITY: Option<&str> = Some("sts:AssumeRoleWithWebIdentity");
const POD_IDENTITY: Option<&str> = Some("eks-auth:AssumeRoleForPodIdentity");
const CREATE: Option<&str> = Some("eks:CreatePodIdentityAssociation");

macro_rules! hops {
    ($($word:literal $hop:expr, [$($code:literal)*] $action:expr, $partly:literal $means:literal $todo:literal
        [$([$($sign:literal)*])*];)*) => {
        /// All of them.
        pub(super) const TABLE: &[Cause] = &[$(Cause {
            word: $word,
            hop: $hop,
            codes: &[$($code),*],
            action: $action,
            means: $means,
            todo: $todo,
            partly: $partly,
            denial: false,
            signs: &[$(&[$($sign),*]),*],
        },)*];
    };
}

/// STS did not let the token assume the role.
pub(super) fn trust_refused() -> &'static Cause {
    TABLE.iter().find(|cause| cause.word == "trust-refused").unwrap_or(&TABLE[0])
}

hops! {
    "session-name-changed" Some(HopKind::Association), ["SESSION-NAME-CHURN"] None, false
        "MSK with IAM ends a connection when the session name changes, and EKS Pod Identity makes a new name at every renewal."
        "Use IRSA with AWS_ROLE_SESSION_NAME for this client, or let it assume a further role under a fixed session name."
        [["cannot change principals during re-authentication"]];
    "java-no-sts" Some(HopKind::Pod), ["JAVA-NO-STS"] None, false
        "The Java SDK needs its sts module to use a web identity token; without it it goes on to the role of the node, silently."
        "Add the dependency software.amazon.awssdk:sts (aws-java-sdk-sts for version 1) to the application."
        [["'sts' service module must be on the class"] ["sts module must be on the class"] ["to use assume role profiles the aws-java-sdk-sts module"]];
    "packed-policy" Some(HopKind::Association), ["PI-PACKED-POLICY"] None, false
        "Session tags and session policy together are too large; the six tags of EKS Pod Identity alone take most of the room, and they pass on to further roles."
        "Disable session tags on the association (disableSessionTags), or send fewer tags of your own."
        [["packedpolicytoolarge"] ["packed size of session tags consumes"] ["packed size" "of allotted space"]];
    "association-trust-invalid" Some(HopKind::TrustPolicy), ["PI-TRUST-INVALID"] CREATE, false
        "EKS refuses the association because the trust policy of the role does not let pods.eks.amazonaws.com use sts:AssumeRole and sts:TagSession."
        "Add the statement for pods.eks.amazonaws.com to the trust policy, then create the association."
        [["trust policy of the role provided is invalid"]];
    "association-exists" Some(HopKind::Association), ["ASSOC-EXISTS"] CREATE, false
        "The service account has an association already, or its old one was deleted only seconds ago."
        "Update the association that is there, or wait a moment and create it again."
        [["association already exists"]];
    "association-quota" Some(HopKind::Association), ["ASSOC-QUOTA"] CREATE, false
        "The cluster has as many associations as it may have."
        "Delete associations that nothing uses, or share roles by IRSA."
        [["resourcelimitexceeded" "association"]];
    "association-refused" Some(HopKind::TrustPolicy),
        ["PI-TRUST-INVALID" "PI-TRUST-CONDITION" "PI-TARGET-CHAIN" "ROLE-MISSING" "HOSTNETWORK-PI"] POD_IDENTITY, false
        "EKS could not assume the role of the association: its trust policy, a condition in it, or the target role refuses."
        "Look at the trust policy of the association's role, and of its target role if there is one."
        [["does not have permissions to assume the associated role"]];
    "agent-port-taken" Some(HopKind::Agent), ["PI-PORT-80"] None, false
        "The Pod Identity agent cannot listen: another process of the node has port 80."
        "Move the other hostNetwork or hostPort 80 workload away from the nodes."
        [["169.254.170.23:80" "address already in use"] ["fd00:ec2::23]:80" "address already in use"]];
    "agent-no-ipv6" Some(HopKind::Agent), ["PI-IPV6-BIND"] None, false
        "The Pod Identity agent cannot listen on its IPv6 address: IPv6 is off in the kernel of the node."
        "Bind the agent to IPv4 only through the configuration of the add-on (agent.additionalArgs: -b 169.254.170.23)."
        [["fd00:ec2::23" "cannot assign requested address"] ["fd00:ec2::23" "address family not supported"]];
    "agent-token-malformed" Some(HopKind::Pod), [] None, false
        "The agent cannot read the token it was sent: it must be the file's content alone, without `Bearer` and without a line break."
        "Update the library that sends it, or use an SDK of AWS."
        [["service account token cannot be parsed"]];
    "sdk-too-old" Some(HopKind::Pod), ["SDK-TOO-OLD"] None, false
        "The SDK in the image is older than EKS Pod Identity and refuses the agent's address."
        "Update the SDK or the image, or use IRSA for this service account."
        [["169.254.170.23" "only loopback hosts"] ["unsupported host" "169.254.170.23"] ["169.254.170.23" "has an invalid host"]
         ["did not refer to the loopback interface" "169.254.170.23"] ["fd00:ec2::23" "only loopback hosts"] ["unsupported host" "fd00:ec2::23"]
         ["fd00:ec2::23" "has an invalid host"] ["did not refer to the loopback interface" "fd00:ec2::23"]];
    "agent-throttled" Some(HopKind::Agent), ["PI-THROTTLED"] POD_IDENTITY, false
        "EKS Auth limits how often the agents may ask: many pods started at once."
        "Restart in smaller batches and update the add-on eks-pod-identity-agent; the SDKs retry by themselves."
        [["assumeroleforpodidentity" "throttl"] ["assumeroleforpodidentity" "rate exceeded"] ["assumeroleforpodidentity" "too many requests"]
         ["assumeroleforpodidentity" "statuscode: 429"]];
    "token-expired" Some(HopKind::Pod), ["SUBPATH-TOKEN"] None, false
        "The service account token itself is expired: the application reads an old copy, a mount with subPath never renews it, or a clock is wrong."
        "Mount the token's directory without subPath, let the SDK read the file at each renewal, and check the clock."
        [["the token included in the request is expired"] ["token expired: current date/time"] ["token too old"]
         ["expiredtoken" "assumerolewithwebidentity"] ["token must be before the expiration" "web identity"]];
    "no-association" Some(HopKind::Association), [] POD_IDENTITY, false
        "EKS Auth knows no association for the pod's service account, or not yet."
        "Create the association, or wait some seconds after it was created."
        [["assumeroleforpodidentity" "resourcenotfoundexception"] ["no association found" "eks"]];
    "agent-endpoint" Some(HopKind::Agent), ["PI-VPC-ENDPOINT" "PI-THROTTLED"] POD_IDENTITY, false
        "The agent got no answer of EKS Auth: the node has no way to it, or the answer came after the pod had given up."
        "In private subnets create the interface endpoint com.amazonaws.REGION.eks-auth and allow *.api.aws; on mass restarts look for throttling."
        [["assumeroleforpodidentity" "no such host"] ["assumeroleforpodidentity" "i/o timeout"] ["assumeroleforpodidentity" "context canceled"]
         ["assumeroleforpodidentity" "deadline exceeded"] ["assumeroleforpodidentity" "connection refused"] ["eks-auth." "no such host"]];
    "agent-proxied" Some(HopKind::Agent), ["PI-PROXY"] None, false
        "The call to the agent went to a proxy, which cannot reach the node's own address."
        "Add 169.254.170.23 and [fd00:ec2::23] to NO_PROXY of the container."
        [["proxyconnect" "169.254.170.23"] ["proxyerror" "169.254.170.23"] ["tunnel connection failed" "169.254.170.23"]];
    "agent-unreachable" Some(HopKind::Agent), ["PI-AGENT-DOWN" "PI-NETPOL" "PI-FARGATE" "SG-PODS-STRICT" "PI-PROXY"] None, false
        "Nothing answers at the agent's address: no agent is ready on the pod's node, or the network of the pod does not lead there."
        "Look at the agent's pod on that node; then at network policies, security groups for pods, and whether the node is Fargate."
        [["169.254.170.23" "connection refused"] ["169.254.170.23" "deadline exceeded"] ["169.254.170.23" "timed out"] ["169.254.170.23" "timeout"]
         ["169.254.170.23" "econnrefused"] ["169.254.170.23" "no route to host"] ["169.254.170.23" "unreachable"]
         ["fd00:ec2::23" "connection refused"] ["fd00:ec2::23" "deadline exceeded"] ["fd00:ec2::23" "timed out"] ["fd00:ec2::23" "timeout"]
         ["fd00:ec2::23" "unreachable"]];
    "agent-refused" Some(HopKind::Agent), ["PI-TRUST-INVALID" "PI-TRUST-CONDITION" "PI-NODE-ROLE-PERM"] None, true
        "The Pod Identity agent answered with an error that the SDK does not repeat."
        "Read the log of the agent on the pod's node: it has the reason."
        [["non-success status from http credential provider"] ["received non 200 response" "container metadata"]
         ["error retrieving metadata" "container-role"]];
    "wrong-audience" Some(HopKind::Provider), ["IRSA-AUDIENCE"] WEB_IDENTITY, false
        "The audience of the token is not among the client ids of the IAM OIDC provider."
        "Add the audience to the provider, or remove the audience annotation of the service account."
        [["incorrect token audience"]];
    "no-oidc-provider" Some(HopKind::Provider), ["IRSA-NO-PROVIDER" "IRSA-FOREIGN-ISSUER"] WEB_IDENTITY, false
        "The account of the role has no IAM OIDC provider for the issuer of this token."
        "Create the provider for the cluster's issuer in the role's account, with audience sts.amazonaws.com."
        [["no openidconnect provider found"]];
    "issuer-unreachable" Some(HopKind::Provider), ["IRSA-FOREIGN-ISSUER"] WEB_IDENTITY, false
        "STS cannot read the signing keys of the token's issuer: the cluster was deleted, or this passes."
        "Check that the provider belongs to a cluster that still exists, then try again."
        [["retrieve verification key from your identity provider"]];
    "legacy-token" Some(HopKind::Pod), [] WEB_IDENTITY, false
        "The token carries no audience: it is the service account's legacy token, not a projected one."
        "Use the token file that the webhook injects, or a projected token with audience sts.amazonaws.com."
        [["missing a required claim: aud"]];
    "bad-role-arn" Some(HopKind::ServiceAccount), ["ROLE-MISSING"] WEB_IDENTITY, false
        "The role ARN that the pod uses is not an ARN."
        "Correct the annotation eks.amazonaws.com/role-arn, then restart the pods."
        [["request arn is invalid"]];
    "session-too-long" Some(HopKind::Role), ["MAX-SESSION"] None, false
        "The application asks for a longer session than the role allows; a role assumed by a role is limited to one hour."
        "Ask for a shorter session, or raise the maximum session duration of the role."
        [["durationseconds exceeds"] ["maxsessionduration"] ["1 hour session limit for roles assumed by role chaining"]];
    "region-disabled" None, ["STS-ENDPOINT"] None, false
        "STS is not active in this region for the account."
        "Activate STS for the region in the account settings of IAM, or use another regional endpoint."
        [["regiondisabled"] ["sts is not activated in this region"]];
    "identity-provider-rejected" Some(HopKind::Provider), [] WEB_IDENTITY, false
        "The issuer of the token rejected it."
        "Check that the service account and the pod that the token is bound to still exist."
        [["idprejectedclaim"]];
    "identity-provider-unreachable" Some(HopKind::Provider), [] WEB_IDENTITY, false
        "STS could not reach the issuer of the token in time."
        "Try again: it passes."
        [["idpcommunicationerror"]];
    "trust-refused" Some(HopKind::TrustPolicy),
        ["IRSA-SUB-MISMATCH" "IRSA-FOREIGN-ISSUER" "IRSA-AUDIENCE" "WILDCARD-STRINGEQUALS" "CONDITION-KEY-TYPO" "AUD-VS-SUB"
         "TRUST-LOST" "TRUST-PLACEHOLDER" "ROLE-MISSING"] WEB_IDENTITY, false
        "The trust policy of the role does not admit the token of this service account, or the role does not exist."
        "Compare sub and aud in the trust policy with the pod's service account, and the provider with the cluster's issuer."
        [["not authorized to perform sts:assumerolewithwebidentity"] ["not authorized to perform: sts:assumerolewithwebidentity"]
         ["accessdenied" "assumerolewithwebidentity"]];
    "token-refused" Some(HopKind::Provider), ["IRSA-NO-PROVIDER" "IRSA-AUDIENCE" "IRSA-FOREIGN-ISSUER"] WEB_IDENTITY, true
        "STS does not accept the token."
        "Look at the IAM OIDC provider: it must stand for this cluster's issuer and list the token's audience."
        [["invalididentitytoken"]];
    "trust-quota" Some(HopKind::TrustPolicy), ["TRUST-QUOTA"] None, false
        "The trust policy is longer than the quota of the account allows."
        "Use one role for fewer service accounts, or Pod Identity, whose trust does not grow; or raise the quota."
        [["aclsizeperrole"]];
    "token-unreadable" Some(HopKind::Pod), ["TOKEN-PERMS"] None, false
        "The process may not read the service account token."
        "Set fsGroup in the pod's securityContext, or run as a user that may read the file."
        [["serviceaccount/token" "permission denied"] ["eks-pod-identity-token" "permission denied"]];
    "token-missing" Some(HopKind::Pod), ["STALE-IRSA-ENV"] None, false
        "The pod names a token file that is not mounted: its variables were written by hand, or copied from another pod."
        "Remove the AWS_ variables from the pod template and let the webhook inject them."
        [["serviceaccount/token" "no such file"] ["eks-pod-identity-token" "no such file"]];
    "half-configured" Some(HopKind::Pod), ["STALE-IRSA-ENV"] None, false
        "Only one of the two variables for web identity is set."
        "Remove AWS_ROLE_ARN and AWS_WEB_IDENTITY_TOKEN_FILE from the pod template and let the webhook inject both."
        [["has no role arn configured"] ["aws_web_identity_token_file" "must be set" "aws_role_arn"]];
    "role-missing" Some(HopKind::Role), ["ROLE-MISSING"] None, false
        "IAM knows no role of this name."
        "Correct the role's name, or create the role."
        [["the role with name" "cannot be found"]];
    "imds-timeout" Some(HopKind::Node), ["IMDS-HOP-LIMIT" "IMDS-NETPOL" "IDENTITY-NOT-INJECTED"] None, false
        "Nothing gave the pod credentials, so it asked instance metadata, and got no answer: with tokens required and hop limit 1 a pod never does."
        "Give the service account a role by Pod Identity or IRSA; or raise the hop limit to 2; region and VPC id can be passed as flags."
        [["ec2imds" "deadline exceeded"] ["ec2imds" "canceled"] ["169.254.169.254" "deadline exceeded"] ["169.254.169.254" "timed out"]
         ["169.254.169.254" "timeout"] ["169.254.169.254" "connection refused"] ["fd00:ec2::254" "deadline exceeded"] ["fd00:ec2::254" "timeout"]];
    "imds-no-role" Some(HopKind::Node), [] None, false
        "Nothing gave the pod credentials, and the instance metadata has no role to give: the node has no instance profile, or a proxy answers."
        "Give the service account a role by Pod Identity or IRSA; otherwise look at the node's instance profile, kube2iam or kiam."
        [["no ec2 imds role found"] ["no ec2 instance role found"] ["unable to get iam security credentials from ec2 instance metadata"]
         ["failed to load instance profile"]];
    "credentials-expired" Some(HopKind::Pod), [] None, false
        "The temporary credentials are over: the application kept them instead of asking its SDK again."
        "Let the SDK's provider renew them; do not copy credentials into clients or environment."
        [["security token included in the request is expired"] ["provided token has expired"] ["sso session associated with this profile has expired"]
         ["expiredtoken"]];
    "keys-invalid" Some(HopKind::Pod), ["STATIC-KEYS"] None, false
        "AWS does not know these keys, or they do not fit together: they were written somewhere and have been changed or deleted since."
        "Remove access keys from environment, Secret or image, so that the pod's own role is used."
        [["security token included in the request is invalid"] ["invalidclienttokenid"] ["invalidaccesskeyid"] ["signaturedoesnotmatch"]];
    "no-credentials" Some(HopKind::Pod), ["IDENTITY-NOT-INJECTED" "IMDS-HOP-LIMIT" "PI-RACE" "INJECTION-OPTED-OUT" "WEBHOOK-MISSING"] None, false
        "The SDK found no credentials anywhere: nothing was injected into the container, and instance metadata gave nothing."
        "Associate or annotate the service account, then restart: only new pods are injected."
        [["unable to locate credentials"] ["nocredentialproviders"] ["could not load credentials from any providers"]
         ["unable to load aws credentials from any provider"] ["unable to load credentials from any of the providers"]
         ["no providers in chain provided credentials"] ["credentialsnotloaded"] ["missingcredentialserror"]
         ["unable to sign request without credentials"] ["missing credentials in config"] ["failed to refresh cached credentials"]
         ["no valid credential sources"] ["failed to resolve aws credentials"]];
    "kubernetes-forbidden" None, [] None, true
        "This is Kubernetes, not AWS: the service account lacks a right in the cluster (RBAC)."
        "Give it a Role and a RoleBinding; its IAM role has nothing to do with it."
        [["is forbidden: user" "cannot"]];
    "encoded" Some(HopKind::Role), [] None, true
        "A policy refused; principal, action and resource are in the encoded message, which only AWS can read."
        "Decode it with `aws sts decode-authorization-message --encoded-message TEXT`, which needs sts:DecodeAuthorizationMessage, and paste the result."
        [["encoded authorization failure message"]];
    "access-denied" Some(HopKind::Role), [] Some("kms:Decrypt"), true
        "The key does not exist in this region, or the principal may not use it; the service does not say which."
        "Allow kms:Decrypt to the role in the key policy and in the role's policies."
        [["ciphertext refers to a customer master key"]];
    "access-denied" Some(HopKind::Role), [] None, true
        "The service refused and does not say whom, what or why."
        "Find the pod, see in its chain whose credentials it uses, and look for the call in CloudTrail."
        [["accessdenied"] ["access to the resource http" "is denied"] ["unauthorizedoperation"]];
    "throttled" None, [] None, true
        "The service limits how often it may be called; this is no question of identity."
        "Retry with back-off, or ask for a higher quota."
        [["throttlingexception"] ["rate exceeded"] ["requestlimitexceeded"] ["toomanyrequestsexception"]];
}
