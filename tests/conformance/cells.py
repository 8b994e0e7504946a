"""The cells of the matrix: a cluster and an account each, as an environment for clients."""

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
    """What is running, to be closed in the reverse order."""

    def __init__(self, rolecall, folder):
        self.rolecall, self.folder = rolecall, folder
        folder.mkdir()
        self.running = []

    def keep(self, running):
        self.running.append(running)
        return running

    def close(self):
        for running in reversed(self.running):
            running.close()


class Simulated(Cell):
    """The simulated API server and the simulated AWS."""

    def __init__(self, rolecall, folder):
        super().__init__(rolecall, folder)
        self.simulator = self.keep(Simulator(rolecall, folder, "--demo"))
        self.environment = self.simulator.environment


class Real(Cell):
    """The real API server and the simulated AWS, whose webhook the API server calls."""

    def __init__(self, rolecall, folder, programs):
        super().__init__(rolecall, folder)
        described = next(yaml.safe_load_all(DEMO.read_text()))["aws"]["cluster"]
        aws = f"127.0.0.1:{free_port()}"
        authenticator = self.keep(Authenticator(described["name"], f"http://{aws}"))
        self.plane = ControlPlane(programs, folder / "plane", described["issuer"], authenticator.url, [VISITOR])
        self.keep(self.plane)
        words = ["--api-server", self.plane.endpoint, "--certificate-authority", self.plane.folder / "ca.crt"]
        words += ["--token-keys", self.plane.keys(), "--listen-aws", aws]
        simulator = self.keep(Simulator(rolecall, folder, "--demo", *map(str, words)))
        self.name = context_of(simulator.environment["KUBECONFIG"])
        kubeconfig = self.plane.kubeconfig(self.name, ADMIN, "cell.kubeconfig")
        self.environment = {**simulator.environment, "KUBECONFIG": str(kubeconfig)}
        self.fill(Api.of_kubeconfig(Path(simulator.environment["KUBECONFIG"])))

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
