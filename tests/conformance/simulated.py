"""The simulated API server as a control plane that goes away and comes back: what the tests made there is in its next
world, and it has the address and the certificate authority that it had. It remembers nothing else, as if it had
compacted its past."""

import json
from pathlib import Path

from api import Api, bare
from clients import Simulator
from parts import free_port

DEMO = Path(__file__).parents[2] / "assets/demo/world.yaml"


class SimulatedPlane:
    """The demo's cluster, with a namespace of whose service accounts restarts are survived."""

    def __init__(self, rolecall, folder, namespace):
        self.rolecall, self.folder, self.namespace = rolecall, folder, namespace
        self.ports = {word: f"127.0.0.1:{free_port()}" for word in ["--listen", "--listen-aws"]}
        self.saved, self.denied = [], []
        folder.mkdir()
        self.start()
        # The simulator's own goes away with it.
        kubeconfig = folder / "kubeconfig"
        kubeconfig.write_text(Path(self.simulator.environment["KUBECONFIG"]).read_text())
        self.environment = {**self.simulator.environment, "KUBECONFIG": str(kubeconfig)}

    def start(self):
        world = self.folder / "world.yaml"
        world.write_text("\n---\n".join([DEMO.read_text(), *map(json.dumps, self.saved)]))
        words = ["--world", str(world), "--authority", str(self.folder / "authority")]
        words += [word for pair in self.ports.items() for word in pair]
        words += [word for operation in self.denied for word in ("--fault", f"{operation}=denied")]
        self.simulator = Simulator(self.rolecall, self.folder, *words)

    def api(self):
        return Api.of_kubeconfig(Path(self.environment["KUBECONFIG"]))

    def restart_server(self, meanwhile=lambda: None):
        """An outage of the API server, during which something else happens."""
        self.save()
        self.simulator.close()
        meanwhile()
        self.start()

    def save(self):
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": self.namespace}}
        listed = self.api().get(f"/api/v1/namespaces/{self.namespace}/serviceaccounts")["items"]
        accounts = [{"apiVersion": "v1", "kind": "ServiceAccount", **bare(one)} for one in listed]
        self.saved = [space, *accounts] if accounts else []

    def forget(self, key):
        """Removes an object while the API server is away. The key is etcd's."""
        _, _, _, namespace, name = key.split("/")
        before = len(self.saved)
        self.saved = [one for one in self.saved if (one["metadata"].get("namespace"), one["metadata"]["name"]) != (namespace, name)]
        assert len(self.saved) == before - 1, f"there is no {key}"

    def compact(self):
        """Nothing to do: what comes back knows no past."""

    def close(self):
        self.simulator.close()
