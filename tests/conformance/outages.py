"""What the explorer shows while the API server is away, forgets, refuses, and is large."""

import contextlib
import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor

from api import Refused
from clients import until
from plans import ESCAPE, Plans

PODS = 5000
SPACES = 10
NODE = "ip-10-0-1-11.eu-west-1.compute.internal"


def account(name):
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "outage"}}


class Outages(Plans):
    """The steps, each with an explorer that goes on meanwhile."""

    def __init__(self, rolecall, state, cell):
        super().__init__(rolecall, state, cell)
        self.api = cell.plane.api()

    @contextlib.contextmanager
    def watching(self, *words):
        explorer = self.explorer(*words)
        try:
            explorer.wait_for("k8s live", "all read")
            yield explorer
        finally:
            explorer.close(f"{ESCAPE * 3}q")

    def make(self, *names):
        for name in names:
            self.api.post("/api/v1/namespaces/outage/serviceaccounts", account(name))

    def accounts_stand_in_a_namespace(self):
        self.api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "outage"}})
        self.make("stays", "is-deleted", "is-compacted")

    def a_restart_of_the_api_server_is_survived(self):
        with self.watching() as explorer:
            show_accounts(explorer)
            explorer.wait_for("is-deleted", "stays")
            self.cell.plane.restart_server(lambda: self.away(explorer))
            self.api.connection = None
            self.make("came-later")
            wait_for_the_present(explorer, ["came-later", "stays"], "is-deleted")

    def away(self, explorer):
        """The screen says it and keeps what is known, while one object goes away."""
        self.cell.plane.forget("/registry/serviceaccounts/outage/is-deleted")
        explorer.wait_until(lambda: "retrying" in explorer.text() or "offline" in explorer.text(), "retrying")
        assert "is-deleted" in explorer.text() and "stays" in explorer.text(), explorer.text()

    def a_compacted_past_is_listed_again(self):
        with self.watching() as explorer:
            show_accounts(explorer)
            explorer.wait_for("is-compacted")
            seen = self.api.get("/api/v1/serviceaccounts")["metadata"]["resourceVersion"]
            os.kill(explorer.process, signal.SIGSTOP)
            try:
                self.change_and_forget()
                assert self.is_gone(seen), f"the API server still knows what came after {seen}"
            finally:
                os.kill(explorer.process, signal.SIGCONT)
            wait_for_the_present(explorer, ["came-after-it", "stays"], "is-compacted")

    def change_and_forget(self):
        """Objects go and come, and nobody can tell any more."""
        self.api.delete("/api/v1/namespaces/outage/serviceaccounts/is-compacted")
        self.make("came-after-it")
        self.cell.plane.compact()
        self.cell.plane.restart_server()
        self.api.connection = None

    def is_gone(self, version):
        """Whether the API server answers 410 to a watch from this version."""
        try:
            answer = self.api.get(f"/api/v1/serviceaccounts?watch=true&resourceVersion={version}&timeoutSeconds=1")
        except Refused as refused:
            return refused.code == 410
        return isinstance(answer, dict) and answer["object"].get("code") == 410

    def a_right_that_is_taken_away_leaves_the_rest(self):
        self.cell.let_the_visitor_read()
        with self.watching("--kubeconfig", str(self.cell.visitor_kubeconfig)) as explorer:
            explorer.wait_for("deploy/coredns")
            self.cell.deny_pods()
            explorer.wait_for("k8s denied", seconds=60)
            assert "deploy/coredns" in explorer.text(), explorer.text()
            show_accounts(explorer)
            explorer.wait_for("stays")
            self.api.connection = None
            self.make("came-meanwhile")
            explorer.wait_for("came-meanwhile", seconds=60)
            self.cell.allow_pods()
            explorer.wait_for("k8s live", seconds=90)


def show_accounts(explorer):
    """The list of service accounts, those of the namespace only."""
    explorer.press("2/ns:outage\r")
    explorer.wait_for("ns:outage", " of ")


def wait_for_the_present(explorer, there, gone):
    """The connection is back, and the list is as it would be had it never been away."""

    def is_shown():
        screen = explorer.text()
        return gone not in screen and all(one in screen for one in ["k8s live", *there])

    explorer.wait_until(is_shown, f"live with {there} and without {gone}", 60)


def pod(name):
    """A pod on a node of its choice, which needs no scheduler."""
    spec = {"nodeName": NODE, "containers": [{"name": "worker", "image": "example.com/worker:1"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name}, "spec": spec}


class Crowd(Plans):
    """A cluster with as many pods as a large one has."""

    def pods_are_made(self):
        began = time.monotonic()
        with ThreadPoolExecutor(SPACES) as pool:
            list(pool.map(self.fill, range(SPACES)))
        assert until(self.all_run, 300), "the pods do not run"
        print(f"     {PODS} pods were made and run after {time.monotonic() - began:.0f} s")

    def fill(self, number):
        """Makes a namespace and its share of the pods."""
        api, space = self.cell.plane.api(), f"crowd-{number}"
        api.post("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
        path = f"/api/v1/namespaces/{space}"
        assert until(lambda: api.get(f"{path}/serviceaccounts")["items"]), f"no service account in {space}"
        for index in range(number, PODS, SPACES):
            api.post(f"{path}/pods", pod(f"crowd-{index}"))

    def all_run(self):
        waiting = self.cell.plane.api().get("/api/v1/pods?fieldSelector=status.phase!=Running&limit=1")
        return not waiting["items"]

    def count(self):
        return len(self.cell.plane.api().get("/api/v1/pods")["items"])

    def the_explorer_counts_them_and_finds_one(self):
        count = self.count()
        explorer = self.explorer()
        try:
            explorer.wait_for(f"Pods {count:,}", seconds=60)
            print(f"     the explorer had all of them after {time.monotonic() - explorer.started:.1f} s")
            began = time.monotonic()
            explorer.press(f"/crowd-{PODS - 1}\r")
            explorer.wait_for(f"crowd-{PODS - 1}", " 1 of ")
            print(f"     a filter found one after {time.monotonic() - began:.1f} s")
        finally:
            explorer.close(f"{ESCAPE * 3}q")


STEPS = [
    Outages.accounts_stand_in_a_namespace,
    Outages.a_restart_of_the_api_server_is_survived,
    Outages.a_compacted_past_is_listed_again,
    Outages.a_right_that_is_taken_away_leaves_the_rest,
]
CROWD = [Crowd.pods_are_made, Crowd.the_explorer_counts_them_and_finds_one]
