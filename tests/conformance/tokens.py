"""Tokens of service accounts: who may ask the API server for them, and whose AWS believes."""

import contextlib
import json
import os
import subprocess

import jws
import yaml
from cells import PERMISSIONS
from clients import aws, kubectl
from plans import ACCOUNT, ANNOTATION, NAMESPACE, Plans

REFUSED = "You may not ask for tokens of shop/web; that says nothing about the pod"
MISSING = "Ask for the Kubernetes right to create serviceaccounts/token"


class Tokens(Plans):
    """The steps, as somebody who may read the cluster and nothing else until it is granted."""

    def grant(self, namespace, name, rules):
        """Gives the visitor what a file of the permissions says: a Role in a namespace."""
        metadata = {"name": name, "namespace": namespace}
        role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata, "rules": rules}
        kubectl("apply", "--validate=false", "-f", "-", stdin=json.dumps(role))
        kubectl("create", "rolebinding", name, "-n", namespace, f"--role={name}", f"--user={self.cell.visitor}")

    def visit(self, *words, codes=(0,)):
        """rolecall as the visitor."""
        return self.rolecall(*words, "--kubeconfig", str(self.cell.visitor_kubeconfig), codes=codes)

    def prove_as_visitor(self, code):
        return self.visit("prove", "sa", "shop/web", "--yes", codes=(code,))

    def a_shop_has_an_account(self):
        role = self.make_role("shop-web", self.admits_token("web"))
        account = ACCOUNT.format(name="web", annotations=json.dumps({ANNOTATION: role}))
        kubectl("apply", "--validate=false", "-f", "-", stdin=f"{NAMESPACE}---{account}")

    def a_visitor_may_read(self):
        self.cell.let_the_visitor_read()
        found = json.loads(self.visit("get", "sa", "shop/web", "-o", "json"))
        assert [one["name"] for one in found["items"]] == ["web"], found

    def without_the_right_nothing_is_proven(self):
        said = self.prove_as_visitor(3)
        assert REFUSED in words(said) and MISSING in words(said), said

    def with_the_right_it_is_proven(self):
        self.grant("shop", "rolecall-prove", yaml.safe_load((PERMISSIONS / "prove.yaml").read_text())["rules"])
        said = self.prove_as_visitor(0)
        assert "shop-web" in said, said

    def without_it_again_nothing_is_proven(self):
        kubectl("delete", "rolebinding", "rolecall-prove", "-n", "shop")
        assert REFUSED in words(self.prove_as_visitor(3))

    def token(self):
        return kubectl("create", "token", "web", "-n", "shop", "--audience=sts.amazonaws.com").strip()

    def exchange(self, token):
        """What the AWS CLI answers when it becomes the role by a token; its stderr if that is refused."""
        role = aws("iam", "get-role", "--role-name", "shop-web")["Role"]["Arn"]
        command = ["aws", "sts", "assume-role-with-web-identity", "--role-arn", role, "--role-session-name", "round"]
        done = subprocess.run([*command, "--web-identity-token", token], capture_output=True, text=True, timeout=60)
        return done.stdout or done.stderr

    def a_token_of_the_api_server_is_believed(self):
        said = json.loads(self.exchange(self.token()))
        assert said["AssumedRoleUser"]["Arn"].endswith(":assumed-role/shop-web/round"), said
        assert said["SubjectFromWebIdentityToken"] == "system:serviceaccount:shop:web", said

    def a_token_that_others_signed_is_not(self):
        said = self.exchange(jws.signed_by_others(self.token()))
        assert "InvalidIdentityToken" in said, said
        decoded = self.rolecall("why", said.strip())
        assert "InvalidIdentityToken" in decoded, decoded

    def an_account_that_knows_other_keys_refuses_the_proof(self):
        account = self.cell.another_account(jws.other_keys(self.token()))
        with in_the_account(account):
            self.make_role("shop-web", self.admits_token("web"))
            said = self.rolecall("prove", "sa", "shop/web", "--yes", "-o", "json", codes=(1,))
        proven = json.loads(said)["items"][0]["proven"]
        assert proven["verdict"] == "broken" and proven["roleArn"] is None, proven
        assert proven["message"] == "STS does not accept the token.", proven


def words(text):
    """A text without its line breaks."""
    return " ".join(text.split())


@contextlib.contextmanager
def in_the_account(simulator):
    """Clients talk to another account meanwhile."""
    before = dict(os.environ)
    os.environ["AWS_ENDPOINT_URL"] = simulator.environment["AWS_ENDPOINT_URL"]
    try:
        yield
    finally:
        os.environ.update(before)


STEPS = [
    Tokens.a_shop_has_an_account,
    Tokens.a_visitor_may_read,
    Tokens.without_the_right_nothing_is_proven,
    Tokens.with_the_right_it_is_proven,
    Tokens.without_it_again_nothing_is_proven,
    Tokens.a_token_of_the_api_server_is_believed,
    Tokens.a_token_that_others_signed_is_not,
    Tokens.an_account_that_knows_other_keys_refuses_the_proof,
]
