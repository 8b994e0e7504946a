"""The real control plane: etcd, kube-apiserver with RBAC, service account keys and EKS's kind of tokens, and
kube-controller-manager, on loopback."""

import base64
import json
import socket
import ssl
import subprocess
import time
import urllib.request

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from api import Api

CONTROLLERS = [
    "deployment-controller", "replicaset-controller", "daemonset-controller", "statefulset-controller",
    "job-controller", "cronjob-controller", "disruption-controller", "namespace-controller",
    "garbage-collector-controller", "serviceaccount-controller", "root-ca-certificate-publisher-controller",
]  # fmt: skip
ADMIN = "administrator"


class Part:
    """A program that is started, stopped and started again. What it says goes to a file."""

    def __init__(self, program, log, *words):
        self.command, self.log = [str(program), *words], log
        self.start()

    def start(self):
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log)

    def stop(self):
        # As in an outage: asked politely it waits for watches that never end.
        self.process.kill()
        self.process.wait()

    def wait_until(self, is_ready, seconds=90):
        """Waits until it is ready; what it said last, if that does not come."""
        end = time.monotonic() + seconds
        while not is_ready():
            if self.process.poll() is not None or time.monotonic() > end:
                last = "\n".join(self.log.read_text().splitlines()[-15:])
                raise AssertionError(f"{self.command[0]} did not get ready:\n{last}")
            time.sleep(0.1)


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def flags(**named):
    return [f"--{name.replace('_', '-')}={value}" for name, value in named.items()]


class ControlPlane:
    """A cluster without nodes."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, folder
        self.etcd_url = f"http://127.0.0.1:{free_port()}"
        self.endpoint = f"https://127.0.0.1:{free_port()}"
        self.parts = []
        folder.mkdir()

    def begin(self, issuer, authenticator, users=()):
        """Starts it. `issuer` is what it calls itself in tokens; `authenticator` is asked about tokens that it does
        not know itself; `users` are tokens of people without any rights."""
        self.issuer, self.authenticator, self.users = issuer, authenticator, users
        self.write_credentials()
        self.start_etcd()
        self.start_server()
        self.start_controllers()

    def write_credentials(self):
        key = generate_private_key(65537, 2048)
        text = key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())
        (self.folder / "sa.key").write_bytes(text)
        tokens = [f"{ADMIN},{ADMIN},{ADMIN},system:masters", *(f"{name},{name},{name}" for name in self.users)]
        (self.folder / "tokens.csv").write_text("\n".join(tokens) + "\n")
        asked = {"name": "eks", "cluster": {"server": self.authenticator}}
        webhook = {"clusters": [asked], "contexts": [{"name": "eks", "context": {"cluster": "eks", "user": ""}}]}
        config = {"apiVersion": "v1", "kind": "Config", "current-context": "eks", **webhook}
        (self.folder / "authenticator").write_text(json.dumps(config))

    def part(self, name, **named):
        part = Part(self.programs / name, self.folder / f"{name}.log", *flags(**named))
        self.parts.append(part)
        return part

    def start_etcd(self):
        peer = f"http://127.0.0.1:{free_port()}"
        etcd = self.part(
            "etcd", data_dir=self.folder / "etcd", listen_client_urls=self.etcd_url, advertise_client_urls=self.etcd_url,
            listen_peer_urls=peer, initial_advertise_peer_urls=peer, initial_cluster=f"default={peer}",
            unsafe_no_fsync="true", logger="zap",
        )  # fmt: skip
        etcd.wait_until(lambda: answers(f"{self.etcd_url}/health"))

    def start_server(self):
        key = self.folder / "sa.key"
        self.server = self.part(
            "kube-apiserver", etcd_servers=self.etcd_url, cert_dir=self.folder / "certificates",
            bind_address="127.0.0.1", advertise_address="127.0.0.1", endpoint_reconciler_type="none",
            secure_port=self.endpoint.rsplit(":", 1)[-1], service_cluster_ip_range="172.20.0.0/16",
            authorization_mode="RBAC", token_auth_file=self.folder / "tokens.csv",
            authentication_token_webhook_config_file=self.folder / "authenticator",
            authentication_token_webhook_version="v1", service_account_issuer=self.issuer,
            service_account_key_file=key, service_account_signing_key_file=key, profiling="false",
            shutdown_delay_duration="0s", allow_privileged="true",
        )  # fmt: skip
        self.server.wait_until(self.is_ready)

    def is_ready(self):
        certificates = self.folder / "certificates/apiserver.crt"
        if not certificates.exists() or "END" not in certificates.read_text():
            return False
        context = ssl.create_default_context(cadata=self.authority())
        return answers(f"{self.endpoint}/readyz", context)

    def authority(self):
        """The certificate authority that the API server made for itself: the last of its chain."""
        text = (self.folder / "certificates/apiserver.crt").read_text()
        return "-----BEGIN CERTIFICATE" + text.rsplit("-----BEGIN CERTIFICATE", 1)[1]

    def start_controllers(self):
        (self.folder / "ca.crt").write_text(self.authority())
        kubeconfig = self.kubeconfig("controllers", ADMIN)
        self.part(
            "kube-controller-manager", kubeconfig=kubeconfig, controllers=",".join(CONTROLLERS), leader_elect="false",
            secure_port="0", kube_api_qps="500", kube_api_burst="1000", root_ca_file=self.folder / "ca.crt",
            concurrent_gc_syncs="10", profiling="false",
        )  # fmt: skip

    def kubeconfig(self, name, token, file=None):
        """Writes a kubeconfig whose cluster, context and user have that name."""
        data = base64.b64encode(self.authority().encode()).decode()
        cluster = {"server": self.endpoint, "certificate-authority-data": data}
        written = {
            "apiVersion": "v1", "kind": "Config", "current-context": name,
            "clusters": [{"name": name, "cluster": cluster}],
            "contexts": [{"name": name, "context": {"cluster": name, "user": name}}],
            "users": [{"name": name, "user": {"token": token}}],
        }  # fmt: skip
        path = self.folder / (file or f"{token}.kubeconfig")
        path.write_text(json.dumps(written))
        return path

    def api(self, token=ADMIN):
        return Api(self.endpoint, base64.b64encode(self.authority().encode()).decode(), token)

    def keys(self):
        """What service account tokens are signed with, as a file."""
        path = self.folder / "jwks.json"
        path.write_text(json.dumps(self.api().get("/openid/v1/jwks")))
        return path

    def restart_server(self, meanwhile=lambda: None):
        """An outage of the API server, during which something else happens."""
        self.server.stop()
        meanwhile()
        self.server.start()
        self.server.wait_until(self.is_ready)

    def forget(self, key):
        """Removes an object behind the API server's back, from etcd."""
        text = base64.b64encode(key.encode()).decode()
        assert post(f"{self.etcd_url}/v3/kv/deleterange", {"key": text}).get("deleted") == "1", f"there is no {key}"

    def compact(self):
        """Forgets every revision but the newest, in etcd."""
        newest = post(f"{self.etcd_url}/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        post(f"{self.etcd_url}/v3/kv/compaction", {"revision": newest, "physical": True})

    def close(self):
        for part in reversed(self.parts):
            part.stop()


def answers(url, context=None):
    try:
        with urllib.request.urlopen(url, timeout=2, context=context) as answer:
            return answer.status == 200
    except OSError:
        return False


def post(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)
