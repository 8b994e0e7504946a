//! Every permission that the program uses, in one table: what it is for, and on what it has to be allowed.
//! Tests compare it with the calls that are really made.

/// When a permission is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Use {
    /// To look: without it one kind of fact is unknown.
    Read,
    /// To answer what is asked now and then: without it the answer is poorer, and says so.
    Ask,
    /// To prove an identity live, which is asked for each time: without it that proof says so.
    Prove,
    /// To perform a plan that was confirmed: without it that plan fails.
    Change,
}

impl Use {
    /// The word in data.
    pub fn word(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Ask => "ask",
            Self::Prove => "prove",
            Self::Change => "change",
        }
    }
}

/// One permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// An IAM action, or the verb and resource of Kubernetes.
    pub action: &'static str,
    /// On what it has to be allowed.
    pub on: &'static str,
    /// What is unknown or impossible without it.
    pub purpose: &'static str,
    /// When it is used.
    pub needed: Use,
}

const CLUSTER: &str = "the cluster";
const WIDE: &str = "all namespaces";
const ANY: &str = "*";

const fn read(action: &'static str, on: &'static str, purpose: &'static str) -> Need {
    Need { action, on, purpose, needed: Use::Read }
}

const fn change(action: &'static str, on: &'static str, purpose: &'static str) -> Need {
    Need { action, on, purpose, needed: Use::Change }
}

const fn ask(action: &'static str, on: &'static str, purpose: &'static str) -> Need {
    Need { action, on, purpose, needed: Use::Ask }
}

const fn prove(action: &'static str, on: &'static str, purpose: &'static str) -> Need {
    Need { action, on, purpose, needed: Use::Prove }
}

/// The table.
pub const NEEDS: &[Need] = &[
    read("list pods", WIDE, "what runs, and what its containers were given"),
    read("watch pods", WIDE, "the same, live"),
    read("list serviceaccounts", WIDE, "IRSA annotations and declarations"),
    read("watch serviceaccounts", WIDE, "the same, live"),
    read("list namespaces", CLUSTER, "namespaces without pods"),
    read("watch namespaces", CLUSTER, "the same, live"),
    read("list nodes", CLUSTER, "kinds of nodes and their instances"),
    read("watch nodes", CLUSTER, "the same, live"),
    read("list mutatingwebhookconfigurations", CLUSTER, "whether identities are injected at all"),
    read("watch mutatingwebhookconfigurations", CLUSTER, "the same, live"),
    read("list networkpolicies", WIDE, "what may keep pods from the agent and from instance metadata"),
    read("watch networkpolicies", WIDE, "the same, live"),
    read("list ciliumnetworkpolicies", WIDE, "the same, where Cilium is installed; a guess"),
    read("watch ciliumnetworkpolicies", WIDE, "the same, live"),
    read("list ciliumclusterwidenetworkpolicies", CLUSTER, "the same, for the whole cluster"),
    read("watch ciliumclusterwidenetworkpolicies", CLUSTER, "the same, live"),
    read("list clusternetworkpolicies", CLUSTER, "the same, of administrators; a guess"),
    read("watch clusternetworkpolicies", CLUSTER, "the same, live"),
    read("list securitygrouppolicies", WIDE, "security groups for pods, where the cluster has them"),
    read("watch securitygrouppolicies", WIDE, "the same, live"),
    read("list secretstores", WIDE, "service accounts that External Secrets acts for, where it is installed"),
    read("watch secretstores", WIDE, "the same, live"),
    read("list clustersecretstores", CLUSTER, "service accounts that External Secrets acts for, where it is installed"),
    read("watch clustersecretstores", CLUSTER, "the same, live"),
    read("list nodeclaims", CLUSTER, "what Karpenter launched nodes with, where EC2 cannot be asked"),
    read("watch nodeclaims", CLUSTER, "the same, live"),
    read("list ec2nodeclasses", CLUSTER, "what Karpenter launches nodes with now"),
    read("watch ec2nodeclasses", CLUSTER, "the same, live"),
    read("list nodeclasses", CLUSTER, "what Auto Mode launches nodes with now"),
    read("watch nodeclasses", CLUSTER, "the same, live"),
    read("list persistentvolumes", CLUSTER, "volumes that Mountpoint for Amazon S3 mounts for pods"),
    read("watch persistentvolumes", CLUSTER, "the same, live"),
    read(
        "get configmaps",
        WIDE,
        "variables that containers take through envFrom, and aws-auth where nothing else tells a node's role",
    ),
    read("get deployments.apps", WIDE, "the pod template that new pods come from, and how a restart goes"),
    read("get statefulsets.apps", WIDE, "the same"),
    read("get daemonsets.apps", WIDE, "the same"),
    read("get replicasets.apps", WIDE, "the same, without a Deployment"),
    read("get jobs.batch", WIDE, "the same"),
    read("get cronjobs.batch", WIDE, "the same"),
    read("sts:GetCallerIdentity", ANY, "who asks; needs no policy"),
    read("eks:ListClusters", ANY, "which cluster is meant, where the context does not tell"),
    read("eks:DescribeCluster", CLUSTER, "issuer, account and Auto Mode of the cluster"),
    read("eks:ListPodIdentityAssociations", CLUSTER, "which service accounts have an association"),
    read("eks:DescribePodIdentityAssociation", "its associations", "the role of an association"),
    read("eks:ListNodegroups", CLUSTER, "managed node groups"),
    read("eks:DescribeNodegroup", "its node groups", "the role of a node group"),
    read("eks:ListAccessEntries", CLUSTER, "roles that nodes may have, where EC2 cannot be asked"),
    read("eks:DescribeAccessEntry", "its access entries", "for which kind of node an entry is"),
    read("eks:ListFargateProfiles", CLUSTER, "Fargate profiles"),
    read("eks:ListAddons", CLUSTER, "add-ons"),
    read("eks:DescribeAddon", "its add-ons", "the associations of an add-on"),
    read("iam:ListRoles", ANY, "roles and their trust policies"),
    read("iam:GetRole", "roles", "a role that the list does not have, tags and boundaries"),
    read("iam:ListAttachedRolePolicies", "roles", "what a role may do"),
    read("iam:ListRolePolicies", "roles", "what a role may do"),
    read("iam:GetRolePolicy", "roles", "an inline policy"),
    read("iam:GetPolicy", "policies", "a managed policy"),
    read("iam:GetPolicyVersion", "policies", "the text of a managed policy"),
    read("iam:ListOpenIDConnectProviders", ANY, "OIDC providers, for IRSA"),
    read("iam:GetOpenIDConnectProvider", "OIDC providers", "the audiences of a provider"),
    read("iam:GetInstanceProfile", "instance profiles", "the role of a node"),
    read("ec2:DescribeInstances", ANY, "instance profiles and metadata options of nodes"),
    read("ec2:DescribeVpcEndpoints", ANY, "interface endpoints of the cluster's VPC"),
    ask(
        "iam:GetContextKeysForPrincipalPolicy",
        "roles",
        "on which keys the policies of a role rest; else the simulator's list",
    ),
    ask("iam:SimulatePrincipalPolicy", "roles", "whether a role may do something; else its policies are read"),
    ask("iam:SimulateCustomPolicy", ANY, "whether a session policy lets it"),
    ask("cloudtrail:LookupEvents", ANY, "who changed what, and who was refused"),
    prove("create serviceaccounts/token", WIDE, "to prove an identity"),
    prove("eks-auth:AssumeRoleForPodIdentity", CLUSTER, "to prove an association"),
    prove("sts:AssumeRoleWithWebIdentity", ANY, "to prove IRSA; the token decides, not a policy of yours"),
    change("eks:CreatePodIdentityAssociation", CLUSTER, "to associate"),
    change("iam:PassRole", "the role, to pods.eks.amazonaws.com", "to associate"),
    change("eks:UpdatePodIdentityAssociation", "its associations", "to change an association"),
    change("eks:TagResource", "its associations", "to tag an association"),
    change("eks:UntagResource", "its associations", "to take tags of an association away"),
    change("eks:DeletePodIdentityAssociation", "its associations", "to remove an association"),
    change("iam:UpdateAssumeRolePolicy", "the role", "to edit a trust policy"),
    change("eks:CreateAddon", CLUSTER, "to install the Pod Identity agent"),
    change("eks:DeleteAddon", CLUSTER, "to undo the installation of the agent"),
    change("get serviceaccounts", WIDE, "to annotate"),
    change("patch serviceaccounts", WIDE, "to annotate"),
    change("create pods/eviction", WIDE, "to restart one pod before the others"),
    change("list poddisruptionbudgets.policy", WIDE, "to show the budgets before a restart"),
    change("patch deployments.apps", WIDE, "to restart"),
    change("patch statefulsets.apps", WIDE, "to restart"),
    change("patch daemonsets.apps", WIDE, "to restart"),
];
