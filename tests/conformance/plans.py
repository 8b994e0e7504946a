"""Every plan of the program, performed: association, other role, trust policy, restart, annotation, agent, migration,
undo, and an operation that was killed and is finished."""

import json
import signal
import subprocess
import time

from clients import aws, kubectl, until
from steps import TRUST, Round

ANNOTATION = "eks.amazonaws.com/role-arn"
DEPLOYMENT = """
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 2
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec:
      serviceAccountName: {name}
      nodeSelector: {{eks.amazonaws.com/nodegroup: general}}
      containers: [{{name: {name}, image: "example.com/{name}:1"}}]
"""
ACCOUNT = """
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {name}
  namespace: shop
  labels: {{team: shop}}
  annotations: {annotations}
"""
NAMESPACE = "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n"
BY_TOKEN = ["web", "cart"]
ESCAPE = "\x1b"


class Plans(Round):
    """The steps, with service accounts of the namespace `shop`: two by IRSA, one by nothing."""

    def __init__(self, rolecall, state, cell):
        super().__init__(rolecall, state)
        self.cell = cell

    def make_role(self, name, trust):
        words = ["--role-name", name, "--assume-role-policy-document", json.dumps(trust)]
        return aws("iam", "create-role", *words)["Role"]["Arn"]

    def trust_of(self, role):
        return aws("iam", "get-role", "--role-name", role)["Role"]["AssumeRolePolicyDocument"]

    def admits_token(self, name):
        """A trust policy that admits the tokens of one service account."""
        issuer = aws("eks", "describe-cluster", "--name", self.cluster)["cluster"]["identity"]["oidc"]["issuer"]
        bare = issuer.removeprefix("https://")
        account = aws("sts", "get-caller-identity")["Account"]
        wanted = {f"{bare}:aud": "sts.amazonaws.com", f"{bare}:sub": f"system:serviceaccount:shop:{name}"}
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{account}:oidc-provider/{bare}"},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": wanted},
        }
        return {"Version": "2012-10-17", "Statement": [statement]}

    def trust_at_first(self, name):
        """The trust policy of a role that is migrated later."""
        return self.admits_token(name)

    def associations(self):
        words = ["--cluster-name", self.cluster, "--namespace", "shop"]
        return aws("eks", "list-pod-identity-associations", *words)["associations"]

    def annotations(self, name):
        account = json.loads(kubectl("get", "serviceaccount", name, "-n", "shop", "-o", "json"))
        return account["metadata"].get("annotations", {})

    def become(self, name, mechanism, role=None):
        """Waits until all pods of a workload are that, and well."""

        def all_are():
            # A pod that is still ending belongs to the past.
            pods = [pod for pod in self.pods("shop") if pod["serviceAccount"].endswith(name)]
            now = [(pod["now"]["mechanism"], (pod["now"].get("roleArn") or "").rsplit("/", 1)[-1]) for pod in pods]
            wanted = [one for one in now if one[0] == mechanism and role in (None, one[1])]
            return len(pods) == len(wanted) == 2

        assert until(all_are), f"not {mechanism} {role}: {self.rolecall('get', 'pods', '-n', 'shop')}"

    def a_shop_opens(self):
        roles = {name: self.make_role(f"shop-{name}", self.trust_at_first(name)) for name in BY_TOKEN}
        for name in ["shop-api", "shop-api-v2"]:
            self.make_role(name, TRUST)
        self.make_role("shop-api-by-token", self.admits_token("api"))
        noted = {name: {ANNOTATION: arn, "note": "kept"} for name, arn in roles.items()}
        accounts = [ACCOUNT.format(name=name, annotations=json.dumps(noted.get(name, {}))) for name in [*roles, "api"]]
        deployments = [DEPLOYMENT.format(name=name) for name in [*roles, "api"]]
        kubectl("apply", "--validate=false", "-f", "-", stdin="---".join([NAMESPACE, *accounts]))
        time.sleep(1)  # the webhook has to hear of them
        kubectl("apply", "--validate=false", "-f", "-", stdin="---".join(deployments))
        for name in BY_TOKEN:
            self.become(name, "irsa", f"shop-{name}")
        self.become("api", "node-role")

    def a_token_is_proven(self):
        proven = json.loads(self.rolecall("prove", "sa", "shop/web", "--yes", "-o", "json"))
        assert "shop-web" in json.dumps(proven) and '"ok"' in json.dumps(proven), proven

    def associate(self):
        self.rolecall("associate", "shop/api", "--role", "shop-api", "--restart", "--yes")
        self.become("api", "pod-identity", "shop-api")

    def an_association_is_proven(self):
        pod = self.pods("shop")[0]
        proven = json.loads(self.rolecall("prove", "sa", "shop/api", "--yes", "-o", "json"))
        assert "shop-api" in json.dumps(proven) and '"ok"' in json.dumps(proven), (proven, pod)

    def retarget(self):
        self.rolecall("retarget", "shop/api", "--role", "shop-api-v2", "--tag", "stage=new", "--restart", "--yes")
        self.become("api", "pod-identity", "shop-api-v2")

    def dissociate_and_undo(self):
        before = self.associations()
        self.rolecall("dissociate", "shop/api", "--yes")
        assert self.associations() == [], self.associations()
        self.rolecall("undo", "--yes")
        after = self.associations()
        assert [one["serviceAccount"] for one in after] == ["api"], after
        assert after[0]["associationId"] != before[0]["associationId"], after

    def trust_is_given_and_taken(self):
        role = "shop-api-by-token"
        before = self.trust_of(role)
        self.rolecall("trust", "allow", role, "shop/web", "--yes")
        assert "shop:web" in json.dumps(self.trust_of(role)), self.trust_of(role)
        self.rolecall("trust", "remove", role, "shop/web", "--yes")
        assert "shop:web" not in json.dumps(self.trust_of(role)), self.trust_of(role)
        assert "shop:api" in json.dumps(before) and "shop:api" in json.dumps(self.trust_of(role))

    def restart(self):
        def uids():
            listed = json.loads(kubectl("get", "pods", "-n", "shop", "-l", "app=web", "-o", "json"))
            return {pod["metadata"]["uid"] for pod in listed["items"]}

        before = uids()
        self.rolecall("restart", "shop/deploy/web", "--yes")
        assert until(lambda: len(uids()) == 2 and not uids() & before), "the pods are the old ones"
        self.become("web", "irsa", "shop-web")

    def an_annotation_is_set_and_removed_by_keys(self):
        explorer = self.explorer()
        try:
            explorer.wait_for("k8s live", "all read")
            select_account(explorer, "shop/api")
            explorer.press("i")
            explorer.wait_for("Annotate shop/api for IRSA")
            explorer.press("shop-api-by-token\r")
            explorer.wait_for("Plan: annotation of shop/api")
            explorer.press("\r")
            explorer.wait_for("Unlock")
            explorer.press("\r")
            explorer.wait_until(lambda: ANNOTATION in self.annotations("api"), "annotated")
            leave_the_plan(explorer)
            select_account(explorer, "shop/api")
            explorer.press("I")
            explorer.wait_for("Plan:")
            explorer.press("shop/api\r")
            explorer.wait_until(lambda: ANNOTATION not in self.annotations("api"), "without annotation")
        finally:
            explorer.close(f"{ESCAPE * 3}q")

    def the_agent_is_installed(self):
        words = ["--cluster-name", self.cluster, "--addon-name", "eks-pod-identity-agent"]
        aws("eks", "delete-addon", *words)
        assert until(lambda: not has_agent()), "the agent is still there"
        self.rolecall("agent", "install", "--yes")
        assert until(has_agent), "the agent does not come"
        kubectl("rollout", "status", "daemonset/eks-pod-identity-agent", "-n", "kube-system", "--timeout=60s")

    def migrate(self):
        self.rolecall("migrate", "shop/web", "--yes")
        self.become("web", "pod-identity", "shop-web")
        self.rolecall("migrate", "shop/web", "--remove-annotations", "--soak", "0s", "--yes")
        assert self.annotations("web").get("note") == "kept" and ANNOTATION not in self.annotations("web")

    def the_old_statement_is_removed(self):
        self.rolecall("migrate", "shop/web", "--remove-statements", "--soak", "0s", "--yes")
        assert "Federated" not in json.dumps(self.trust_of("shop-web")), self.trust_of("shop-web")

    def moves_of(self, name):
        """Migrations in the journal."""
        operations = json.loads(self.rolecall("history", "-o", "json"))["items"]
        return [one for one in operations if (one["plan"], one["subject"]) == ("migrate", f"shop/{name}")]

    def a_killed_migration_is_resumed(self):
        command = [self.program, "migrate", "shop/cart", "--yes", "--state-dir", str(self.state)]
        moving = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        begun = until(lambda: [step for one in self.moves_of("cart") for step in one["steps"] if step["state"] == "done"])
        moving.send_signal(signal.SIGKILL)
        moving.wait()
        [killed] = self.moves_of("cart")
        assert begun and killed["state"] == "interrupted", killed
        self.rolecall("resume", killed["id"], "--yes")
        self.become("cart", "pod-identity", "shop-cart")

    def the_migration_is_undone(self):
        moved = self.moves_of("cart")[0]
        before = self.trust_at_first("cart")
        self.rolecall("undo", moved["id"], "--restart", "--yes")
        self.become("cart", "irsa", "shop-cart")
        assert self.trust_of("shop-cart") == before, self.trust_of("shop-cart")


class PlansWithPeer(Plans):
    """The steps with the independent AWS. UpdateAssumeRolePolicy refuses `sts:TagSession` there, so the roles that are
    migrated admit both ways from the beginning."""

    OTHERWISE = {"the_old_statement_is_removed": "Trust Policy statement actions can only be sts:AssumeRole"}

    def trust_at_first(self, name):
        by_token = self.admits_token(name)["Statement"]
        tags = {f"aws:RequestTag/kubernetes-{key}": value for key, value in [("namespace", "shop"), ("service-account", name)]}
        statement = {**TRUST["Statement"][0], "Condition": {"StringEquals": tags}}
        return {"Version": "2012-10-17", "Statement": [*by_token, statement]}

    def both_accounts_took_the_same_changes(self):
        assert self.cell.both.refusals == [], self.cell.both.refusals


def has_agent():
    return "eks-pod-identity-agent" in kubectl("get", "daemonsets", "-n", "kube-system")


def select_account(explorer, account):
    """Leaves only the workloads of one service account in the list."""
    explorer.press(f"/sa:{account}\r")
    explorer.wait_for(f"sa:{account}", " 1 of ")


def leave_the_plan(explorer):
    """Back to the whole list, once the operation was shown."""
    explorer.press_one_by_one(ESCAPE * 3)


STEPS = [
    Plans.a_shop_opens,
    Plans.a_token_is_proven,
    Plans.an_annotation_is_set_and_removed_by_keys,
    Plans.associate,
    Plans.an_association_is_proven,
    Plans.retarget,
    Plans.dissociate_and_undo,
    Plans.trust_is_given_and_taken,
    Plans.restart,
    Plans.the_agent_is_installed,
    Plans.migrate,
    Plans.the_old_statement_is_removed,
    Plans.a_killed_migration_is_resumed,
    Plans.the_migration_is_undone,
]
WITH_PEER = [*STEPS, PlansWithPeer.both_accounts_took_the_same_changes]
