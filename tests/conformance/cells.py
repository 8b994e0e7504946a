"""The cells of the matrix: a cluster and an account each, as an environment for clients."""

import json
from pathlib import Path

import yaml

from api import Api
from authenticator import Authenticator
from clients import Simulator, until
from kubelet import Kubelet
from mirror import Mirror, copy_world, install_webhook
from parts import ADMIN, ControlPlane, free_port

DEMO = Path(__file__).parents[2] / "assets/demo/world.yaml"
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


def context_of(kubeconfig):
    return yaml.safe_load(Path(kubeconfig).read_text())["current-context"]


def all_run(api):
    pods = api.get("/api/v1/pods")["items"]
    return pods and all(pod["status"].get("phase") == "Running" for pod in pods)
