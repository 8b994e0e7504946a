"""The cells of the matrix: a cluster and an account each, as an environment for clients."""

import json
from pathlib import Path

import yaml

from account import Account, cluster_of, copy_account, machines_of
from api import Api
from authenticator import Authenticator
from clients import Simulator, kubectl, until
from compare import TABLE
from kubelet import Kubelet
from mirror import Mirror, copy_world, install_webhook
from parts import ADMIN, ControlPlane, free_port
from peer import Both, Peer
from simulated import DEMO, SimulatedPlane

PERMISSIONS = Path(__file__).parents[2] / "assets/permissions"
READER = "rolecall-read"
# Somebody who may do nothing until it is granted.
VISITOR = "visitor"


class Cell:
    """What is running, to be closed in the reverse order. `cache` has the built parts."""

    def __init__(self, rolecall, cache, folder):
        self.rolecall, self.cache, self.folder = rolecall, cache, folder / "cell"
        self.folder.mkdir()
        self.running = []
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def keep(self, running):
        self.running.append(running)
        return running

    def close(self):
        for running in reversed(self.running):
            running.close()


class Simulated(Cell):
    """The simulated API server and the simulated AWS."""

    def start(self):
        self.environment = self.keep(Simulator(self.rolecall, self.folder, "--demo")).environment


class Real(Cell):
    """The real API server and the simulated AWS, whose webhook the API server calls."""

    def start(self):
        described = next(yaml.safe_load_all(DEMO.read_text()))["aws"]["cluster"]
        aws = f"127.0.0.1:{free_port()}"
        authenticator = self.keep(Authenticator(described["name"], f"http://{aws}"))
        self.plane = self.keep(ControlPlane(self.cache / "control-plane", self.folder / "plane"))
        self.plane.begin(described["issuer"], authenticator.url, [VISITOR])
        simulator = self.keep(self.simulator(self.plane.keys(), aws))
        self.name = context_of(simulator.environment["KUBECONFIG"])
        kubeconfig = self.plane.kubeconfig(self.name, ADMIN, "cell.kubeconfig")
        self.visitor, self.visitor_kubeconfig = VISITOR, self.plane.kubeconfig(self.name, VISITOR)
        self.environment = {**simulator.environment, "KUBECONFIG": str(kubeconfig)}
        self.fill(Api.of_kubeconfig(Path(simulator.environment["KUBECONFIG"])))

    def simulator(self, keys, aws):
        """An account whose cluster has the real API server, which signs tokens with these keys."""
        folder = self.folder / f"account-{aws.rsplit(':', 1)[-1]}"
        folder.mkdir()
        words = ["--api-server", self.plane.endpoint, "--certificate-authority", self.plane.folder / "ca.crt"]
        return Simulator(self.rolecall, folder, "--demo", *map(str, [*words, "--token-keys", keys, "--listen-aws", aws]))

    def let_the_visitor_read(self):
        """What `assets/permissions` asks for, for somebody who had nothing."""
        kubectl("apply", "--validate=false", "-f", str(PERMISSIONS / "read.yaml"))
        kubectl("create", "clusterrolebinding", "visitors", f"--clusterrole={READER}", f"--user={self.visitor}")

    def deny_pods(self):
        """From the next connection on."""
        self.allow("serviceaccounts", "namespaces", "nodes", "persistentvolumes")
        self.plane.restart_server()

    def allow_pods(self):
        self.allow("serviceaccounts", "namespaces", "nodes", "persistentvolumes", "pods")

    def allow(self, *resources):
        path = f"/apis/rbac.authorization.k8s.io/v1/clusterroles/{READER}"
        api = self.plane.api()
        rules = api.get(path)["rules"]
        rules[0]["resources"] = list(resources)
        api.patch(path, {"rules": rules})

    def another_account(self, keys):
        """An account that takes the API server's tokens for signed with these keys."""
        file = self.folder / "other-keys.json"
        file.write_text(json.dumps(keys))
        return self.keep(self.simulator(file, f"127.0.0.1:{free_port()}"))

    def fill(self, simulated):
        """The simulated cluster's objects, and whoever works on a cluster besides its controllers."""
        real = self.plane.api()
        install_webhook(simulated, real)
        copy_world(simulated, real)
        self.keep(Mirror(simulated, real))
        self.keep(Kubelet(real.again()))
        assert until(lambda: all_run(real)), "the pods of the world do not run"


class Restarted(Cell):
    """The simulated API server as one that goes away and comes back, and the simulated AWS."""

    def start(self):
        self.plane = self.keep(SimulatedPlane(self.rolecall, self.folder / "plane", "outage"))
        self.environment = self.plane.environment
        # Everybody is the same to the simulator.
        self.visitor_kubeconfig = self.environment["KUBECONFIG"]

    def let_the_visitor_read(self):
        """Everybody may."""

    def deny_pods(self):
        self.plane.denied = ["pods:list", "pods:watch"]
        self.plane.restart_server()

    def allow_pods(self):
        self.plane.denied = []
        self.plane.restart_server()


class Compared(Cell):
    """The real API server and the simulated one, with nothing in the real one but what it makes itself."""

    def start(self):
        nobody = self.keep(Authenticator("nobody", f"http://127.0.0.1:{free_port()}"))
        self.plane = self.keep(ControlPlane(self.cache / "control-plane", self.folder / "plane"))
        self.plane.begin("https://oidc.example/id/1", nobody.url)
        self.real = self.plane.kubeconfig("compared", ADMIN)
        faults = [word for fault in TABLE["faults"] for word in ("--fault", fault)]
        self.environment = self.keep(Simulator(self.rolecall, self.folder, "--demo", *faults)).environment


class WithPeer:
    """The independent AWS in place of the simulated one, which stays for what the other has not."""

    def start(self):
        self.both = self.keep(Both())
        super().start()
        url = self.environment["AWS_ENDPOINT_URL"]
        simulated = Account(url, self.environment)
        cluster = cluster_of(simulated, context_of(self.environment["KUBECONFIG"]).rsplit("/", 1)[-1])
        peer = self.keep(Peer(self.cache / "aws-peer", self.folder, cluster, machines_of(simulated)))
        copies = copy_account(simulated, Account(peer.url, self.environment), cluster["name"])
        self.both.begin(peer.url, url, {copy: original for original, copy in copies.items()})
        self.issuer = cluster["identity"]["oidc"]["issuer"]
        self.environment = {**self.environment, **self.both.environment()}


class RealWithPeer(WithPeer, Real):
    """The real API server and the independent AWS. Who an EKS token is, the simulated STS still says: it is a presigned
    request, which the other one does not read."""


class SimulatedWithPeer(WithPeer, Simulated):
    """The simulated API server and the independent AWS."""


def context_of(kubeconfig):
    return yaml.safe_load(Path(kubeconfig).read_text())["current-context"]


def all_run(api):
    pods = api.get("/api/v1/pods")["items"]
    return pods and all(pod["status"].get("phase") == "Running" for pod in pods)
