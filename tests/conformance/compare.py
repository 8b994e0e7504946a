"""The same requests to a real API server and to the simulated one, answer by answer.

`requests.yaml` holds the requests, the status that the API reference promises, and which parts of the
answers are compared. A difference fails, unless the table accepts it with a reason; an accepted difference
that is gone fails as well. A row of the matrix; `compare.py --accepted` prints what is accepted.
"""

import argparse
import base64
import http.client
import json
import re
import ssl
import tempfile
import time
import urllib.parse
import urllib.request
from pathlib import Path

import yaml

TABLE = yaml.safe_load(Path(__file__).with_name("requests.yaml").read_text())
ALWAYS = ["status", "type", "kind"]
REFUSED = ["reason", "message", "details/name", "details/kind", "details/group", "details/causes/*/reason",
           "details/causes/*/field"]  # fmt: skip
ABSENT = "(absent)"


class Server:
    """One API server, as a kubeconfig describes it."""

    def __init__(self, kubeconfig):
        config = yaml.safe_load(Path(kubeconfig).read_text())
        context = named(config["contexts"], config["current-context"])["context"]
        cluster = named(config["clusters"], context["cluster"])["cluster"]
        self.user = named(config.get("users") or [], context.get("user"))["user"]
        self.address = urllib.parse.urlsplit(cluster["server"])
        self.tls = ssl.create_default_context(cadata=text_of(cluster, "certificate-authority"))
        self.kept = {}
        if certificate := text_of(self.user, "client-certificate"):
            with tempfile.NamedTemporaryFile("w", suffix=".pem") as file:
                file.write(certificate + "\n" + text_of(self.user, "client-key"))
                file.flush()
                self.tls.load_cert_chain(file.name)

    def fill(self, text):
        """Puts what earlier answers left into a text."""
        return re.sub(r"\$\{(\w+)\}", lambda found: str(self.kept[found[1]]), text)

    def ask(self, case):
        """Sends a request; again and again if the case waits for a status."""
        end = time.monotonic() + 20
        while True:
            answer = self.ask_once(case)
            if not case.get("until") or answer["status"] == case["until"] or time.monotonic() > end:
                return answer
            time.sleep(0.2)

    def ask_once(self, case):
        method, path = self.fill(case["request"]).split(" ", 1)
        body = case.get("body")
        text = body if isinstance(body, str) else json.dumps(body)
        headers = {"Accept": "application/json", "User-Agent": "compare/1"} | case.get("headers", {})
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        if token := self.user.get("token"):
            headers.setdefault("Authorization", f"Bearer {token}")
        connection = http.client.HTTPSConnection(self.address.netloc, context=self.tls, timeout=60)
        try:
            connection.request(method, path, self.fill(text).encode() if body is not None else None, headers)
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        kind = (response.getheader("content-type") or "").replace(" ", "")
        return {"status": response.status, "type": kind, "body": parsed(content)}


def named(entries, name):
    return next((entry for entry in entries if entry["name"] == name), {"user": {}})


def text_of(entry, key):
    if data := entry.get(f"{key}-data"):
        return base64.b64decode(data).decode()
    return Path(entry[key]).read_text() if key in entry else None


def parsed(content):
    """A document, the events of a watch, or text."""
    text = content.decode(errors="replace")
    try:
        return json.loads(text)
    except ValueError:
        pass
    try:
        return [json.loads(line) for line in text.splitlines() if line] or text
    except ValueError:
        return text


def claims(token):
    """What a token says; its lifetime instead of its times."""
    payload = token.split(".")[1]
    found = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    return found | {"lifetime": found["exp"] - found["iat"]}


def at(value, steps):
    """The value at a path: `*` is every element, `key=value` the element that has it, `@jwt` a token's claims."""
    if not steps:
        return value
    step, rest = steps[0].replace("~1", "/"), steps[1:]
    if step == "*":
        return [at(one, rest) for one in value] if isinstance(value, list) else ABSENT
    if step == "@jwt":
        return at(claims(value), rest) if isinstance(value, str) else ABSENT
    if isinstance(value, list):
        key, _, wanted = step.partition("=")
        found = [one for one in value if str(at(one, key.split("."))) == wanted]
        return at(found[0], rest) if found else ABSENT
    if isinstance(value, dict) and step in value:
        return at(value[step], rest)
    return ABSENT


def plain(value):
    """Without what is another one on every server: uids, times, numbers of versions, random suffixes."""
    if isinstance(value, dict):
        return {key: plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, str):
        return value
    value = re.sub(r"\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b", "<uid>", value)
    value = re.sub(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z\b", "<time>", value)
    value = re.sub(r"(kube-api-access|generated)-[a-z0-9]{5}\b", r"\1-<suffix>", value)
    return re.sub(r"(?<![\w.<-])\d{2,}(?![\w.-])", "<number>", value)


def part(answer, path, kept):
    """What is compared under a path; `!` asks whether it is there, `==name` whether it is a kept value."""
    if path in ("status", "type"):
        return answer[path]
    path, _, name = path.partition("==")
    steps = [step for step in path.rstrip("!").split("/") if step]
    value = at(answer["body"], steps)
    if name:
        return value == kept.get(name)
    return presence(value) if path.endswith("!") else plain(value)


def presence(value):
    return [presence(one) for one in value] if isinstance(value, list) and value else value not in (ABSENT, None, "")


def parts_of(case):
    refused = REFUSED if case["status"] >= 400 else []
    return [one for one in ALWAYS + refused + case.get("compare", []) if one not in case.get("without", [])]


def compare(case, real, simulated):
    """The differences of one case: path, real, simulated."""
    answers = [server.ask(case) for server in (real, simulated)]
    found = []
    if answers[0]["status"] != case["status"]:
        found.append(("status", f"{answers[0]['status']} {answers[0]['body']}", f"the table says {case['status']}"))
    for server, answer in zip((real, simulated), answers):
        for name, path in case.get("keep", {}).items():
            server.kept[name] = at(answer["body"], path.split("/"))
    for path in parts_of(case):
        left, right = (part(answer, path, server.kept) for server, answer in zip((real, simulated), answers))
        if left != right:
            found.append((path, left, right))
    return found


def judge(case, found):
    """What is left of the differences after those that the table accepts."""
    accepted = case.get("accepted", {})
    left = [one for one in found if one[0] not in accepted]
    gone = [path for path in accepted if path not in [one[0] for one in found]]
    return left + [(path, "(no difference)", "the table accepts one that is not there") for path in gone]


def compact(etcd):
    """Makes the real server forget its past, as its compactor does every few minutes."""
    call = lambda path, body: json.load(
        urllib.request.urlopen(urllib.request.Request(f"{etcd}/v3/kv/{path}", json.dumps(body).encode()))
    )
    revision = call("range", {"key": base64.b64encode(b"/").decode()})["header"]["revision"]
    call("compaction", {"revision": revision, "physical": True})


class Comparison:
    """All requests, in the order of the table, to both API servers of a cell."""

    def __init__(self, _rolecall, _state, cell):
        self.real, self.simulated = Server(cell.real), Server(cell.environment["KUBECONFIG"])
        self.etcd = cell.plane.etcd_url

    def every_request_is_answered_alike(self):
        differences = [one for case in TABLE["requests"] for one in self.differences(case)]
        accepted = sum(len(case.get("accepted", {})) for case in TABLE["requests"])
        print(f"     {len(TABLE['requests'])} requests, {accepted} differences are accepted")
        assert not differences, "".join(differences)

    def differences(self, case):
        """What is left to explain about one request, as text."""
        if case.get("compacted"):
            compact(self.etcd)
        left = judge(case, compare(case, self.real, self.simulated))
        return [f"\n{case['name']}: {path}\n  real:      {one}\n  simulated: {other}" for path, one, other in left]


STEPS = [Comparison.every_request_is_answered_alike]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--accepted", action="store_true", required=True, help="print the accepted differences as a table")
    parser.parse_args()
    rows = [(case["name"], path, why) for case in TABLE["requests"] for path, why in case.get("accepted", {}).items()]
    print("\n".join(f"| {name} | {path} | {why} |" for name, path, why in rows))


if __name__ == "__main__":
    main()
