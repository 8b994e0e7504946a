"""Exports of plans, read by what reads them. Prints `N passed, N failed`.

Two simulators of the same world: one is changed by rolecall, the other by the commands that rolecall
prints for the same request, run by a shell with the AWS CLI and kubectl. Afterwards both must hold the
same. The other formats are read by cfn-lint, an HCL parser, and the schemas of eksctl and ACK.
"""

import json
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import botocore.session
import hcl2
import jsonschema
import yaml

ROLECALL = sys.argv[1]
HERE = Path(__file__).parent
EKSCTL = json.loads((HERE / "schema/eksctl.json").read_text())
ACK = json.loads((HERE / "schema/ack.json").read_text())
FORMATS = ["aws-cli", "terraform", "eksctl", "cloudformation", "ack"]
POLICY = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'
EVERY_OPTION = [
    "--target-role", "arn:aws:iam::444455556666:role/data", "--no-session-tags",
    "--session-policy", "POLICY", "--tag", "team=search", "--tag", "on call=yes, and 'always'",
]
# What is asked for, and whether the plan can be performed as it stands.
CASES = {
    "an association": (["associate", "checkout/web", "--role", "acme-payments-api"], True),
    "an association with every option": (
        ["associate", "search/new", "--role", "acme-search-query", *EVERY_OPTION], True),
    "an association with another role": (
        ["retarget", "search/query-api", "--role", "acme-payments-api"], True),
    "every setting of an association changed": (["retarget", "search/query-api", *EVERY_OPTION], True),
    "a removal": (["dissociate", "search/query-api"], True),
    "two service accounts admitted in one write": (
        ["trust", "allow", "acme-checkout-pricing", "checkout/web", "search/crawler"], True),
    "a role opened for Pod Identity": (
        ["trust", "allow", "acme-data-backup", "data/backup", "--by", "pod-identity"], True),
    "a role that does not exist": (
        ["associate", "search/fresh", "--role", "arn:aws:iam::111122223333:role/team/not-yet"], False),
}  # fmt: skip


class Simulator:
    """`rolecall sim --demo` with its environment."""

    def __init__(self, folder):
        file = folder / "environment"
        folder.mkdir()
        command = [ROLECALL, "sim", "--demo", "--env-file", str(file)]
        self.session = botocore.session.Session()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while not file.exists():
            assert time.monotonic() < end, "the simulator wrote no environment"
            time.sleep(0.05)
        self.environment = dict(os.environ, ROLECALL_STATE_DIR=str(folder / "state"))
        for line in file.read_text().splitlines():
            name, value = line.removeprefix("export ").split("=", 1)
            self.environment[name] = value.strip("'")

    def run(self, *command, codes=(0,), stdin=None):
        done = subprocess.run(
            command, input=stdin, capture_output=True, text=True, timeout=120, env=self.environment
        )
        assert done.returncode in codes, f"{shlex.join(command)}: exit {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout

    def client(self, service):
        """A client of the AWS SDK: the AWS CLI's own, without starting it for every question."""
        return self.session.create_client(
            service,
            endpoint_url=self.environment["AWS_ENDPOINT_URL"],
            region_name=self.environment["AWS_REGION"],
            aws_access_key_id=self.environment["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.environment["AWS_SECRET_ACCESS_KEY"],
        )

    def everything(self):
        """What plans change, without ids, times and what a browser could not compare."""
        eks, iam, cluster = self.client("eks"), self.client("iam"), {"clusterName": "acme-prod"}
        listed = eks.list_pod_identity_associations(**cluster, maxResults=100)["associations"]
        associations = {}
        for one in listed:
            asked = {**cluster, "associationId": one["associationId"]}
            told = eks.describe_pod_identity_association(**asked)["association"]
            for name in ["associationId", "associationArn", "createdAt", "modifiedAt"]:
                told.pop(name, None)
            associations[f"{told['namespace']}/{told['serviceAccount']}"] = told
        roles = iam.list_roles(MaxItems=1000)["Roles"]
        trusts = {role["RoleName"]: role["AssumeRolePolicyDocument"] for role in roles}
        addons = eks.list_addons(**cluster)["addons"]
        accounts = json.loads(self.run("kubectl", "get", "serviceaccounts", "-A", "-o", "json"))["items"]
        annotations = {
            f"{one['metadata']['namespace']}/{one['metadata']['name']}": one["metadata"].get("annotations", {})
            for one in accounts
        }
        return {"associations": associations, "trusts": trusts, "addons": addons, "annotations": annotations}

    def stop(self):
        self.process.send_signal(signal.SIGINT)
        self.process.wait(timeout=10)


def differences(before, after):
    """What changed, kind by kind."""
    changed = {}
    for kind in before:
        if isinstance(before[kind], list):
            before[kind], after[kind] = dict.fromkeys(before[kind]), dict.fromkeys(after[kind])
        names = {*before[kind], *after[kind]}
        found = {
            name: after[kind].get(name)
            for name in names
            if before[kind].get(name) != after[kind].get(name) or (name in before[kind]) != (name in after[kind])
        }
        if found:
            changed[kind] = found
    return changed


def terraform(text):
    parsed = hcl2.loads(text)
    assert parsed, text
    return parsed


def is_comments(text):
    return all(line.startswith("#") for line in text.splitlines())


def eksctl(text):
    if not is_comments(text):
        jsonschema.validate(yaml.safe_load(text), EKSCTL)


def cloudformation(text, folder):
    if is_comments(text):
        return
    template = folder / "template.yaml"
    template.write_text(text)
    # E3030 and W: values that a template alone cannot be judged by do not matter here; errors do.
    done = subprocess.run(["cfn-lint", "--non-zero-exit-code", "error", str(template)], capture_output=True, text=True)
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{text}"


def ack(text):
    for manifest in yaml.safe_load_all(text):
        if manifest is None:
            continue
        schema = ACK[f"{manifest['apiVersion']} {manifest['kind']}"]
        jsonschema.validate(manifest["spec"], schema)
        assert set(manifest) == {"apiVersion", "kind", "metadata", "spec"}, manifest
        assert all(isinstance(value, str) for value in manifest["metadata"].get("annotations", {}).values())


def policy_of(statements):
    """The JSON that the data source `aws_iam_policy_document` would make."""
    made = []
    for statement in statements:
        one = {"Effect": statement["effect"], "Action": statement["actions"]}
        one["Principal"] = {each["type"]: each["identifiers"] for each in statement["principals"]}
        for condition in statement.get("condition", []):
            values = condition["values"]
            one.setdefault("Condition", {}).setdefault(condition["test"], {})[condition["variable"]] = values
        made.append(one)
    return made


def loosely(document):
    """A policy in which one text and a list of it are the same, as they are to IAM."""
    if isinstance(document, dict):
        return {key: loosely(value) for key, value in document.items()}
    if isinstance(document, list):
        return loosely(document[0]) if len(document) == 1 else [loosely(one) for one in document]
    return document


def same_trust_everywhere(texts, created):
    """A new role's trust policy says the same in every format as what the AWS CLI created."""
    (trust,) = created.values()
    wanted = loosely(trust["Statement"])
    hcl = terraform(texts["terraform"])
    (data,) = [one["aws_iam_policy_document"] for one in hcl["data"]]
    (document,) = data.values()
    assert loosely(policy_of(document["statement"])) == wanted, (document, wanted)
    resources = yaml.safe_load(texts["cloudformation"])["Resources"].values()
    (role,) = [one for one in resources if one["Type"] == "AWS::IAM::Role"]
    assert loosely(role["Properties"]["AssumeRolePolicyDocument"]["Statement"]) == wanted, role
    (role,) = [one for one in yaml.safe_load_all(texts["ack"]) if one["kind"] == "Role"]
    assert loosely(json.loads(role["spec"]["assumeRolePolicyDocument"])["Statement"]) == wanted, role


def check(request, performable, folder):
    performed, commanded = Simulator(folder / "performed"), Simulator(folder / "commanded")
    try:
        (folder / "policy.json").write_text(POLICY)
        words = [str(folder / "policy.json") if word == "POLICY" else word for word in request]
        codes = (0,) if performable else (1,)
        texts = {format: commanded.run(ROLECALL, *words, "-o", format, codes=codes) for format in FORMATS}
        terraform(texts["terraform"])
        eksctl(texts["eksctl"])
        cloudformation(texts["cloudformation"], folder)
        ack(texts["ack"])
        before = commanded.everything()
        commanded.run("sh", "-e", stdin=texts["aws-cli"])
        by_commands = differences(before, commanded.everything())
        assert by_commands, "the commands changed nothing"
        if performable:
            before = performed.everything()
            performed.run(ROLECALL, *words, "--yes")
            by_rolecall = differences(before, performed.everything())
            assert by_rolecall == by_commands, f"performed {by_rolecall}\ncommands {by_commands}"
        if "trusts" in by_commands and not performable:
            same_trust_everywhere(texts, by_commands["trusts"])
    finally:
        performed.stop()
        commanded.stop()


def main():
    passed = 0
    with tempfile.TemporaryDirectory() as folder:
        # Nothing of the person's own configuration takes part.
        os.environ["HOME"] = folder
        os.environ.pop("AWS_PROFILE", None)
        for number, (name, (request, performable)) in enumerate(CASES.items()):
            place = Path(folder) / str(number)
            place.mkdir()
            try:
                check(request, performable, place)
            except Exception as failure:  # every case is tried
                print(f"FAIL {name}: {type(failure).__name__} {failure}")
                continue
            print(f"ok   {name}")
            passed += 1
    print(f"{passed} passed, {len(CASES) - passed} failed")
    return 0 if passed == len(CASES) else 1


sys.exit(main())
