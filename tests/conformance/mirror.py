"""What has to be the same on both sides of a cluster that is half real: the simulator's objects are written into a real
API server, the webhook's service accounts back into the simulator, and the agent of the add-on into the real one."""

from api import Refused, bare, path_of
from watcher import Watcher

# In an order that works.
COPIED = [
    ("/api/v1", "namespaces"), ("/api/v1", "serviceaccounts"), ("/api/v1", "configmaps"), ("/api/v1", "nodes"),
    ("/apis/policy/v1", "poddisruptionbudgets"),
    ("/apis/apps/v1", "daemonsets"), ("/apis/apps/v1", "deployments"), ("/apis/apps/v1", "statefulsets"),
]  # fmt: skip
AGENT = "eks-pod-identity-agent"
SYSTEM = "/namespaces/kube-system"
HOOKS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


def put(api, item, plural):
    """Creates an object or replaces it."""
    try:
        return api.post(path_of(item, plural, name=False), item)
    except Refused as refused:
        if refused.code != 409:
            raise
    return api.put(path_of(item, plural), item)


def install_webhook(simulated, real):
    """The simulator's webhook, as EKS configures it, at the address where it really is."""
    hook = bare(simulated.get(f"{HOOKS}/pod-identity-webhook"))
    place = {"url": f"{simulated.server}/mutate", "caBundle": simulated.authority}
    hook["webhooks"] = [{**one, "clientConfig": place} for one in hook["webhooks"]]
    put(real, hook, "mutatingwebhookconfigurations")


def copy_world(simulated, real):
    """Writes everything that somebody wrote into the real cluster; its controllers make the rest."""
    for group, plural in COPIED:
        listed = simulated.get(f"{group}/{plural}")
        for item in listed["items"]:
            kind = {"apiVersion": listed["apiVersion"], "kind": listed["kind"].removesuffix("List")}
            copied = put(real, bare({**item, **kind}), plural)
            if plural == "nodes":
                real.put(f"{path_of(copied, plural)}/status", {**copied, "status": item["status"]})


class Mirror:
    """Keeps both sides the same until it is closed."""

    def __init__(self, simulated, real):
        self.simulated, self.real = simulated.again(), real.again()
        self.watchers = [
            Watcher(real.again(), "/api/v1/serviceaccounts", self.to_the_simulator),
            Watcher(simulated.again(), f"/apis/apps/v1{SYSTEM}/daemonsets", self.to_the_cluster),
        ]

    def close(self):
        for watcher in self.watchers:
            watcher.close()

    def to_the_simulator(self, kind, account):
        """The webhook reads service accounts in the simulator."""
        account = bare({**account, "apiVersion": "v1", "kind": "ServiceAccount"})
        if kind == "DELETED":
            return forget(self.simulated, path_of(account, "serviceaccounts"))
        space = {"name": account["metadata"]["namespace"]}
        put(self.simulated, {"apiVersion": "v1", "kind": "Namespace", "metadata": space}, "namespaces")
        put(self.simulated, account, "serviceaccounts")

    def to_the_cluster(self, kind, daemons):
        """The simulated add-on installs its agent in the simulator."""
        if daemons["metadata"]["name"] != AGENT:
            return
        account = {"apiVersion": "v1", "kind": "ServiceAccount"}
        account["metadata"] = {"name": AGENT, "namespace": "kube-system"}
        daemons = bare({**daemons, "apiVersion": "apps/v1", "kind": "DaemonSet"})
        if kind == "DELETED":
            forget(self.real, path_of(daemons, "daemonsets"))
            return forget(self.real, path_of(account, "serviceaccounts"))
        put(self.real, account, "serviceaccounts")
        put(self.real, daemons, "daemonsets")


def forget(api, path):
    try:
        api.delete(path)
    except Refused as refused:
        if refused.code != 404:
            raise
