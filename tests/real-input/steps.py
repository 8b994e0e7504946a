"""The steps of the first milestone on real input.

kubectl and the AWS CLI, which nobody here wrote, change a cluster and an account over TCP; `rolecall get` and the
explorer then have to show what they did. Which cluster and account, the environment says.
"""

import json
import os
import subprocess
import time
from pathlib import Path

from clients import aws, kubectl, run, until
from screen import Terminal

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}
MANIFEST = """
apiVersion: v1
kind: Namespace
metadata: {name: round}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: worker, namespace: round}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: worker, namespace: round}
spec:
  replicas: 2
  selector: {matchLabels: {app: worker}}
  template:
    metadata: {labels: {app: worker}}
    spec:
      serviceAccountName: worker
      # The demo's other nodes have faults planted, such as an agent that is not ready.
      nodeSelector: {eks.amazonaws.com/nodegroup: general}
      containers: [{name: worker, image: "example.com/worker:1"}]
"""


class Round:
    """The steps against one cluster and account, in order: later ones build on earlier ones."""

    def __init__(self, rolecall, state):
        self.program, self.state = rolecall, state
        self.cluster = run("kubectl", "config", "current-context").strip().rsplit("/", 1)[-1]

    def rolecall(self, *words, codes=(0,)):
        return run(self.program, *words, "--state-dir", str(self.state), codes=codes)

    def pods(self, namespace="round"):
        """Pods of a namespace, as rolecall sees them over TCP."""
        return json.loads(self.rolecall("get", "pods", "-n", namespace, "-o", "json"))["items"]

    def explorer(self, *words):
        return Terminal([self.program, "--state-dir", str(self.state), *words])

    def kubectl_lists(self):
        listed = kubectl("get", "pods", "--all-namespaces")
        assert "api-service" in listed and "Running" in listed, listed
        assert "eks-pod-identity-agent" in kubectl("get", "daemonsets", "-n", "kube-system")
        assert "Service Account:" in kubectl("describe", "pods", "-n", "api-service")

    def rolecall_needs_no_kubeconfig(self):
        kubeconfig = os.environ.pop("KUBECONFIG")
        try:
            words = ["get", "overview", "--cluster", self.cluster, "--region", os.environ["AWS_REGION"]]
            assert f"cluster/{self.cluster}" in self.rolecall(*words)
        finally:
            os.environ["KUBECONFIG"] = kubeconfig

    def rolecall_signs_the_token_of_an_eks_context(self):
        simulated, written = os.environ["KUBECONFIG"], str(self.state.parent / "kubeconfig")
        run("aws", "eks", "update-kubeconfig", "--name", self.cluster, "--kubeconfig", written)
        assert "get-token" in Path(written).read_text()
        answer = json.loads(self.rolecall("get", "ns", "--kubeconfig", written, "-o", "json"))
        assert answer["complete"] and answer["clusters"][0]["name"] == self.cluster, answer["gaps"]
        assert os.environ["KUBECONFIG"] == simulated

    def kubectl_applies_a_manifest(self):
        applied = kubectl("apply", "--validate=false", "-f", "-", stdin=MANIFEST)
        assert "deployment.apps/worker created" in applied, applied
        again = kubectl("apply", "--validate=false", "-f", "-", stdin=MANIFEST)
        assert "deployment.apps/worker unchanged" in again, again
        kubectl("rollout", "status", "deployment/worker", "-n", "round", "--timeout=60s")

    def kubectl_watches(self):
        command = ["kubectl", "get", "serviceaccounts", "-n", "round", "--watch", "--output=name"]
        watching = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        try:
            seen = [watching.stdout.readline() for _ in range(2)]
            kubectl("create", "serviceaccount", "later", "-n", "round")
            seen.append(watching.stdout.readline())
        finally:
            watching.terminate()
            watching.wait()
        assert "serviceaccount/later\n" in seen, seen

    def the_aws_cli_creates_and_lists_roles(self):
        document = json.dumps(TRUST)
        created = aws("iam", "create-role", "--role-name", "round-worker", "--assume-role-policy-document", document)
        self.role = created["Role"]["Arn"]
        names = [role["RoleName"] for role in aws("iam", "list-roles")["Roles"]]
        assert "round-worker" in names, names
        assert aws("iam", "get-role", "--role-name", "round-worker")["Role"]["AssumeRolePolicyDocument"] == TRUST

    def rolecall_sees_pods_without_an_association(self):
        assert [pod["next"]["mechanism"] for pod in self.pods()] == ["node-role"] * 2, self.pods()

    def the_aws_cli_creates_and_lists_associations(self):
        words = ["--cluster-name", self.cluster, "--namespace", "round", "--service-account", "worker"]
        created = aws("eks", "create-pod-identity-association", *words, "--role-arn", self.role)["association"]
        self.association = created["associationId"]
        assert self.association.startswith("a-"), created
        listed = aws("eks", "list-pod-identity-associations", *words)["associations"]
        assert [one["associationId"] for one in listed] == [self.association], listed

    def rolecall_says_that_a_restart_brings_it(self):
        for pod in until(lambda: [pod for pod in self.pods() if pod["state"] == "drift"]) or self.pods():
            assert pod["drift"] and pod["state"] == "drift", pod
            assert pod["next"]["mechanism"] == "pod-identity", pod
            assert pod["next"]["roleArn"] == self.role and pod["next"]["associationId"] == self.association, pod

    def the_explorer_shows_a_restart_live(self):
        explorer = self.explorer()
        try:
            explorer.wait_for("k8s live")
            explorer.press("/ns:round\r")
            explorer.wait_for("deploy/worker", "drift")
            time.sleep(3)  # the association has to reach the webhook first, as in EKS
            kubectl("rollout", "restart", "deployment/worker", "-n", "round")
            kubectl("rollout", "status", "deployment/worker", "-n", "round", "--timeout=60s")
            explorer.wait_for("deploy/worker", " ok ", "pod-identity")
        finally:
            code = explorer.close("\x1b\x1bq")
        assert code == 0, f"the explorer ended with {code}"

    def rolecall_shows_what_they_did(self):
        found = until(lambda: [pod for pod in self.pods() if pod["state"] == "ok"])
        assert len(found) == 2, self.pods()
        for pod in found:
            assert pod["now"]["mechanism"] == "pod-identity" and pod["now"]["roleArn"] == self.role, pod

    def rolecall_removes_the_association(self):
        planned = self.rolecall("dissociate", "round/worker", "--dry-run")
        assert self.association in planned, planned
        assert aws("eks", "list-pod-identity-associations", "--cluster-name", self.cluster, "--namespace", "round")[
            "associations"
        ], "a dry run removed it"
        self.rolecall("dissociate", "round/worker", "--yes")
        left = aws("eks", "list-pod-identity-associations", "--cluster-name", self.cluster, "--namespace", "round")
        assert left["associations"] == [], left

    def rolecall_creates_one_again(self):
        words = ["round/worker", "--role", "round-worker", "--yes"]
        self.rolecall("associate", *words)
        listed = aws("eks", "list-pod-identity-associations", "--cluster-name", self.cluster, "--namespace", "round")
        association = listed["associations"][0]["associationId"]
        told = aws(
            "eks", "describe-pod-identity-association", "--cluster-name", self.cluster, "--association-id", association
        )["association"]
        assert told["roleArn"] == self.role and told["serviceAccount"] == "worker", told

    def kubectl_annotates_and_deletes(self):
        kubectl("annotate", "serviceaccount", "later", "-n", "round", f"eks.amazonaws.com/role-arn={self.role}")
        found = json.loads(self.rolecall("get", "sa", "round/later", "-o", "json"))["items"][0]
        assert found["annotationRoleArn"] == self.role, found
        kubectl("delete", "namespace", "round", "--wait=false")
        assert until(lambda: not self.pods()) is True, self.pods()


STEPS = [
    Round.kubectl_lists,
    Round.rolecall_needs_no_kubeconfig,
    Round.rolecall_signs_the_token_of_an_eks_context,
    Round.kubectl_applies_a_manifest,
    Round.kubectl_watches,
    Round.the_aws_cli_creates_and_lists_roles,
    Round.rolecall_sees_pods_without_an_association,
    Round.the_aws_cli_creates_and_lists_associations,
    Round.rolecall_says_that_a_restart_brings_it,
    Round.the_explorer_shows_a_restart_live,
    Round.rolecall_shows_what_they_did,
    Round.rolecall_removes_the_association,
    Round.rolecall_creates_one_again,
    Round.kubectl_annotates_and_deletes,
]
