"""Scheduler and kubelets in one: binds pods to nodes that suit them, says that they run, and lets them end."""

import itertools
from datetime import UTC, datetime

from api import Refused
from watcher import Watcher

FARGATE = "eks.amazonaws.com/compute-type"


class Kubelet:
    """Works on one API server until it is closed."""

    def __init__(self, api):
        self.api = api
        self.turn = itertools.count()
        self.watcher = Watcher(api.again(), "/api/v1/pods", self.take)

    def close(self):
        self.watcher.close()

    def take(self, kind, pod):
        try:
            self.work(kind, pod)
        except Refused as refused:
            # Somebody else changed or removed it: the next event tells.
            if refused.code not in (404, 409):
                raise

    def work(self, kind, pod):
        metadata, spec = pod["metadata"], pod["spec"]
        path = f"/api/v1/namespaces/{metadata['namespace']}/pods/{metadata['name']}"
        if kind == "DELETED":
            return
        if "deletionTimestamp" in metadata:
            self.api.delete(path, {"gracePeriodSeconds": 0, "preconditions": {"uid": metadata["uid"]}})
        elif not spec.get("nodeName"):
            self.bind(path, pod)
        elif pod["status"].get("phase") == "Pending":
            self.api.patch(f"{path}/status", {"status": running(spec)})

    def bind(self, path, pod):
        suitable = [node for node in self.api.get("/api/v1/nodes")["items"] if suits(node, pod["spec"])]
        if suitable:
            chosen = suitable[next(self.turn) % len(suitable)]["metadata"]["name"]
            self.api.post(f"{path}/binding", {"metadata": pod["metadata"], "target": {"kind": "Node", "name": chosen}})


def suits(node, spec):
    labels = node["metadata"].get("labels", {})
    wanted = spec.get("nodeSelector") or {}
    if labels.get(FARGATE) == "fargate":
        return wanted.get(FARGATE) == "fargate"
    names = names_of_daemon(spec)
    is_named = names is None or node["metadata"]["name"] in names
    return is_named and all(labels.get(key) == value for key, value in wanted.items())


def names_of_daemon(spec):
    """The one node that the daemon set controller made the pod for, if it did."""
    affinity = (spec.get("affinity") or {}).get("nodeAffinity") or {}
    required = affinity.get("requiredDuringSchedulingIgnoredDuringExecution") or {}
    fields = [field for term in required.get("nodeSelectorTerms", []) for field in term.get("matchFields", [])]
    return [name for field in fields for name in field["values"]] if fields else None


def running(spec):
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    types = ["PodScheduled", "Initialized", "ContainersReady", "Ready"]
    return {
        "phase": "Running",
        "startTime": now,
        "podIP": "10.0.9.9",
        "podIPs": [{"ip": "10.0.9.9"}],
        "conditions": [{"type": kind, "status": "True", "lastTransitionTime": now} for kind in types],
        "initContainerStatuses": [ended(container, now) for container in spec.get("initContainers") or []],
        "containerStatuses": [started(container, now) for container in spec["containers"]],
    }


def started(container, now):
    state = {"running": {"startedAt": now}}
    return {**status(container), "ready": True, "started": True, "state": state}


def ended(container, now):
    state = {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": now, "finishedAt": now}}
    return {**status(container), "ready": True, "state": state}


def status(container):
    image = container["image"]
    return {"name": container["name"], "image": image, "imageID": f"{image}@sha256:{'0' * 64}", "restartCount": 0}
