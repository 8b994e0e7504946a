"""Makes the account of a simulator again in the independent AWS, through the API of both."""

import urllib.parse

import awscli  # noqa: F401 (botocore comes with it)
import botocore.config
import botocore.handlers
import botocore.session

CONFIG = botocore.config.Config(retries={"max_attempts": 1})
# Policies are text: parsed, they would lose keys that are there twice.
botocore.handlers.decode_quoted_jsondoc = urllib.parse.unquote
# Roles that come with every account.
LINKED = "/aws-service-role/"


class Account:
    """One AWS: clients of its services, made when first needed."""

    def __init__(self, url, environment):
        self.session = botocore.session.Session()
        self.words = {
            "region_name": environment["AWS_REGION"], "endpoint_url": url, "config": CONFIG,
            "aws_access_key_id": environment["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": environment["AWS_SECRET_ACCESS_KEY"],
        }  # fmt: skip
        self.clients = {}

    def __getattr__(self, service):
        if service not in self.clients:
            self.clients[service] = self.session.create_client(service, **self.words)
        return self.clients[service]


def listed(client, operation, member, **words):
    """All pages of a list."""
    return [one for page in client.get_paginator(operation).paginate(**words) for one in page[member]]


def cluster_of(account, name):
    return account.eks.describe_cluster(name=name)["cluster"]


def picked(told, *members):
    """These members, as far as they are there."""
    return {member: told[member] for member in members if told.get(member)}


def copy_account(source, target, cluster):
    """Everything that rolecall reads of an account. What the copies of associations are called, by the names of the
    originals."""
    copy_policies(source.iam, target.iam)
    for role in listed(source.iam, "list_roles", "Roles"):
        if not role["Path"].startswith(LINKED):
            copy_role(source.iam, target.iam, role["RoleName"])
    copy_profiles(source.iam, target.iam)
    copy_providers(source.iam, target.iam)
    copy_nodes(source.eks, target.eks, cluster)
    copy_entries(source.eks, target.eks, cluster)
    names = copy_associations(source.eks, target.eks, cluster)
    return names | copy_addons(source.eks, target.eks, cluster)


def copy_policies(source, target):
    """The account's own managed policies."""
    for policy in listed(source, "list_policies", "Policies", Scope="Local"):
        version = {"PolicyArn": policy["Arn"], "VersionId": policy["DefaultVersionId"]}
        document = source.get_policy_version(**version)["PolicyVersion"]["Document"]
        words = picked(policy, "PolicyName", "Path", "Description")
        target.create_policy(PolicyDocument=document, **words)


def copy_role(source, target, name):
    role = source.get_role(RoleName=name)["Role"]
    words = picked(role, "RoleName", "Path", "Description", "MaxSessionDuration", "Tags")
    if boundary := role.get("PermissionsBoundary"):
        words["PermissionsBoundary"] = boundary["PermissionsBoundaryArn"]
    target.create_role(AssumeRolePolicyDocument=role["AssumeRolePolicyDocument"], **words)
    for policy in listed(source, "list_role_policies", "PolicyNames", RoleName=name):
        document = source.get_role_policy(RoleName=name, PolicyName=policy)["PolicyDocument"]
        target.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=document)
    for policy in listed(source, "list_attached_role_policies", "AttachedPolicies", RoleName=name):
        target.attach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])


def copy_profiles(source, target):
    for profile in listed(source, "list_instance_profiles", "InstanceProfiles"):
        target.create_instance_profile(**picked(profile, "InstanceProfileName", "Path"))
        for role in profile["Roles"]:
            words = {"InstanceProfileName": profile["InstanceProfileName"], "RoleName": role["RoleName"]}
            target.add_role_to_instance_profile(**words)


def copy_providers(source, target):
    for provider in source.list_open_id_connect_providers()["OpenIDConnectProviderList"]:
        told = source.get_open_id_connect_provider(OpenIDConnectProviderArn=provider["Arn"])
        words = picked(told, "ClientIDList", "ThumbprintList")
        target.create_open_id_connect_provider(Url=f"https://{told['Url'].removeprefix('https://')}", **words)


def copy_nodes(source, target, cluster):
    """Node groups and Fargate profiles."""
    for name in listed(source, "list_nodegroups", "nodegroups", clusterName=cluster):
        told = source.describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
        words = picked(told, "nodegroupName", "nodeRole", "amiType", "instanceTypes", "labels", "scalingConfig")
        target.create_nodegroup(clusterName=cluster, subnets=told.get("subnets", []), **words)
    for name in listed(source, "list_fargate_profiles", "fargateProfileNames", clusterName=cluster):
        told = source.describe_fargate_profile(clusterName=cluster, fargateProfileName=name)["fargateProfile"]
        words = picked(told, "fargateProfileName", "podExecutionRoleArn", "selectors", "subnets")
        target.create_fargate_profile(clusterName=cluster, **words)


def copy_entries(source, target, cluster):
    for principal in listed(source, "list_access_entries", "accessEntries", clusterName=cluster):
        told = source.describe_access_entry(clusterName=cluster, principalArn=principal)["accessEntry"]
        target.create_access_entry(clusterName=cluster, **picked(told, "principalArn", "type", "kubernetesGroups"))


def associations_of(eks, cluster):
    """What there is, by namespace and service account."""
    found = listed(eks, "list_pod_identity_associations", "associations", clusterName=cluster)
    return {(one["namespace"], one["serviceAccount"]): one["associationId"] for one in found}


def told_association(eks, cluster, name):
    return eks.describe_pod_identity_association(clusterName=cluster, associationId=name)["association"]


def copy_associations(source, target, cluster):
    """Those that no add-on owns."""
    names = {}
    for name in associations_of(source, cluster).values():
        told = told_association(source, cluster, name)
        if not told.get("ownerArn"):
            words = picked(told, "namespace", "serviceAccount", "roleArn", "targetRoleArn", "disableSessionTags", "tags")
            made = target.create_pod_identity_association(clusterName=cluster, **words)
            names[name] = made["association"]["associationId"]
    return names


def copy_addons(source, target, cluster):
    """The add-ons, with the associations that they own."""
    for name in listed(source, "list_addons", "addons", clusterName=cluster):
        told = source.describe_addon(clusterName=cluster, addonName=name)["addon"]
        owned = [told_association(source, cluster, arn.rsplit("/", 1)[-1]) for arn in told.get("podIdentityAssociations", [])]
        words = {"podIdentityAssociations": [picked(one, "serviceAccount", "roleArn") for one in owned]} if owned else {}
        target.create_addon(clusterName=cluster, addonName=name, **words)
    originals, copies = associations_of(source, cluster), associations_of(target, cluster)
    return {name: copies[place] for place, name in originals.items()}


def machines_of(account):
    """The instances as the peer's EC2 keeps them."""
    found = listed(account.ec2, "describe_instances", "Reservations")
    machines = [one for reservation in found for one in reservation["Instances"]]
    return {
        "instances": {one["InstanceId"]: machine(one) for one in machines},
        "profiles": {f"iip-assoc-{one['InstanceId'][2:]}": profile_of(one) for one in machines},
        "tags": {one["InstanceId"]: [tag(pair) for pair in one.get("Tags", [])] for one in machines},
    }


def machine(told):
    options = told["MetadataOptions"]
    return {
        "instance_id": told["InstanceId"], "image_id": told.get("ImageId", "ami-00000000000000001"),
        "instance_type": told["InstanceType"], "state_name": told["State"]["Name"], "state_code": told["State"]["Code"],
        "private_ip": told["PrivateIpAddress"], "reservation_id": f"r-{told['InstanceId'][2:]}", "ami_launch_index": 0,
        "monitoring": False, "az": told["Placement"]["AvailabilityZone"], "launch_time": str(told["LaunchTime"]),
        "metadata_options": {
            "http_tokens": options["HttpTokens"], "http_endpoint": options["HttpEndpoint"],
            "http_put_response_hop_limit": options["HttpPutResponseHopLimit"],
            "http_protocol_ipv6": "disabled", "instance_metadata_tags": "disabled",
        },
    }  # fmt: skip


def profile_of(told):
    profile = told["IamInstanceProfile"]
    return {
        "association_id": f"iip-assoc-{told['InstanceId'][2:]}", "instance_id": told["InstanceId"],
        "iam_instance_profile_arn": profile["Arn"], "iam_instance_profile_id": profile["Id"], "state": "associated",
    }  # fmt: skip


def tag(pair):
    return {"key": pair["Key"], "value": pair["Value"]}
