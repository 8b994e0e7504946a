"""The independent AWS (`aws-peer`) where the simulated one was, and what keeps the two the same: whatever a client
changes there is changed in the simulator as well, whose webhook and EKS Auth have to know."""

import base64
import http.client
import json
import re
import subprocess
import sys
import threading
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

from clients import until

# What the peer has; everything else stays with the simulator.
SERVICES = ["EKS", "IAM", "STS", "EC2"]
# Within paths a slash may be `%2F`.
ID = re.compile(r"(?<![0-9a-z])a-[0-9a-z]{17}\b")
READS = ("Get", "List", "Describe", "Simulate", "Generate", "Assume")
EKS_AUTH = "/assume-role-for-pod-identity"
OF_THE_CONNECTION = {"connection", "content-length", "host", "transfer-encoding"}


class Peer:
    """The program, telling one cluster: `cluster` is an answer of DescribeCluster, `ec2` see `aws-peer --help`."""

    def __init__(self, program, folder, cluster, ec2):
        authority, state, port = (folder / name for name in ["peer-ca.crt", "peer-ec2.json", "peer-port"])
        authority.write_text(base64.b64decode(cluster["certificateAuthority"]["data"]).decode())
        state.write_text(json.dumps(ec2))
        words = {
            "port-file": port, "cluster": cluster["name"], "endpoint": cluster["endpoint"],
            "issuer": cluster["identity"]["oidc"]["issuer"], "certificate-authority": authority,
            "kubernetes": cluster["version"], "ec2": state,
        }  # fmt: skip
        command = [program, *(word for name, value in words.items() for word in (f"--{name}", str(value)))]
        with (folder / "peer.log").open("wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log)
        assert until(lambda: port.exists() or self.process.poll() is not None), "the peer told no port"
        assert port.exists(), f"the peer ended: {(folder / 'peer.log').read_text()}"
        self.url = f"http://127.0.0.1:{port.read_text()}"

    def close(self):
        self.process.kill()
        self.process.wait()


class Quiet(ThreadingHTTPServer):
    """Clients come and go."""

    daemon_threads = True

    def handle_error(self, request, client_address):
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Both:
    """Stands before the peer until it is closed: its answers are passed on as they are, and every change that it took is
    sent to the simulator, too. `refusals` are those that the simulator did not take, with its error code."""

    def __init__(self):
        self.peer = self.simulator = None
        self.simulated_ids, self.refusals = {}, []
        both = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_any(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                status, headers, answer = both.answer(self.command, self.path, self.headers, body)
                self.send_response_only(status)
                for name, value in headers:
                    if name.lower() not in OF_THE_CONNECTION:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_any

            def log_message(self, *_):
                pass

        self.server = Quiet(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def begin(self, peer, simulator, simulated_ids):
        """Where the two are, and what associations of the peer are called in the simulator."""
        self.peer, self.simulator, self.simulated_ids = peer, simulator, simulated_ids

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def environment(self):
        """The services of clients that are here."""
        return {f"AWS_ENDPOINT_URL_{service}": self.url for service in [*SERVICES, "EKS_AUTH"]}

    def answer(self, method, path, headers, body):
        if path.endswith(EKS_AUTH):
            return self.of_the_simulator(method, path, headers, body)
        answer = send(self.peer, method, path, headers, body)
        change = changed_by(method, path, body)
        if change and code_of(answer) == "ok":
            self.change_the_simulator(change, answer, (method, path, headers, body))
        return answer

    def of_the_simulator(self, *request):
        """What the peer has not, with associations by the names that it gave them."""
        status, headers, answer = send(self.simulator, *request)
        own = {simulated: peers for peers, simulated in self.simulated_ids.items()}
        return status, headers, translated(answer.decode(), own).encode()

    def change_the_simulator(self, change, answer, request):
        method, path, headers, body = request
        ids = self.simulated_ids
        other = send(self.simulator, method, translated(path, ids), headers, translated(body.decode(), ids).encode())
        if code_of(other) != "ok":
            self.refusals.append((change, code_of(other)))
        for text, kept in zip(ID.findall(answer[2].decode()), ID.findall(other[2].decode())):
            ids.setdefault(text, kept)


def send(server, method, path, headers, body):
    """One request; its status, headers and body."""
    connection = http.client.HTTPConnection(urllib.parse.urlsplit(server).netloc, timeout=60)
    kept = {name: value for name, value in headers.items() if name.lower() not in OF_THE_CONNECTION}
    try:
        connection.request(method, path, body, {**kept, "Host": headers.get("Host", "127.0.0.1")})
        answer = connection.getresponse()
        return answer.status, answer.getheaders(), answer.read()
    finally:
        connection.close()


def translated(text, ids):
    return ID.sub(lambda found: ids.get(found[0], found[0]), text)


def changed_by(method, path, body):
    """The operation of a request that changes something, with names left out; nothing otherwise."""
    place = urllib.parse.unquote(urllib.parse.urlsplit(path).path)
    if place == "/":
        action = urllib.parse.parse_qs(body.decode()).get("Action", [""])[0]
        return "" if action.startswith(READS) else action
    words = [word for word in place.split("/") if word and not ID.match(word)]
    kind = words[0] if words[0] == "tags" else "/".join(words[2:])
    return "" if method == "GET" else f"{method} {kind}"


def code_of(answer):
    """The error code of an answer, whatever the protocol; `ok` without one."""
    status, headers, body = answer
    if status < 400:
        return "ok"
    for name, value in headers:
        if name.lower() == "x-amzn-errortype":
            return value.split(":")[0]
    try:
        told = json.loads(body)
        return str(told.get("__type") or told.get("code")).rsplit("#", 1)[-1]
    except ValueError:
        found = ElementTree.fromstring(body).find(".//{*}Code")
        return str(status) if found is None else found.text
