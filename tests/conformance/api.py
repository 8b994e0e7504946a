"""The least of a Kubernetes client: JSON in, JSON out, watches as generators."""

import base64
import http.client
import json
import ssl
import urllib.parse

import yaml

KEPT = ["name", "namespace", "labels", "annotations"]


class Refused(Exception):
    """The API server answered with an error."""

    def __init__(self, code, text):
        super().__init__(f"{code}: {text}")
        self.code = code


class Api:
    """One API server as one user. One connection: for one thread."""

    def __init__(self, server, authority, token):
        self.server, self.authority, self.token = server, authority, token
        self.connection = None

    @classmethod
    def of_kubeconfig(cls, path):
        """The first cluster and user of a kubeconfig with an embedded certificate authority and a token."""
        read = yaml.safe_load(path.read_text())
        cluster, user = read["clusters"][0]["cluster"], read["users"][0]["user"]
        return cls(cluster["server"], cluster["certificate-authority-data"], user["token"])

    def again(self):
        """The same user on a connection of its own."""
        return Api(self.server, self.authority, self.token)

    def connect(self):
        place = urllib.parse.urlsplit(self.server)
        context = ssl.create_default_context(cadata=pem(self.authority))
        return http.client.HTTPSConnection(place.hostname, place.port, context=context, timeout=60)

    def send(self, connection, method, path, body=None, kind="application/json"):
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind, "Accept": "application/json, */*;q=0.5"}
        connection.request(method, path, None if body is None else json.dumps(body), headers)
        return connection.getresponse()

    def ask(self, method, path, body=None, kind="application/json"):
        self.connection = self.connection or self.connect()
        try:
            answer = self.send(self.connection, method, path, body, kind)
            text = answer.read().decode()
        except (OSError, http.client.HTTPException):
            self.connection.close()
            self.connection = None
            raise
        if answer.status >= 400:
            raise Refused(answer.status, text)
        return json.loads(text) if text.startswith("{") else text

    def get(self, path):
        return self.ask("GET", path)

    def post(self, path, body):
        return self.ask("POST", path, body)

    def put(self, path, body):
        return self.ask("PUT", path, body)

    def patch(self, path, body):
        return self.ask("PATCH", path, body, "application/merge-patch+json")

    def delete(self, path, body=None):
        return self.ask("DELETE", path, body)

    def watch(self, path):
        """What is there, as ADDED, then every change, until the server ends it."""
        found = self.get(path)
        for item in found["items"]:
            yield "ADDED", item
        connection = self.connect()
        try:
            version = found["metadata"]["resourceVersion"]
            answer = self.send(connection, "GET", f"{path}?watch=true&resourceVersion={version}&timeoutSeconds=50")
            for line in answer:
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return
                yield event["type"], event["object"]
        finally:
            connection.close()


def pem(data):
    return base64.b64decode(data).decode()


def bare(item):
    """An object as somebody would write it: without what servers add."""
    metadata = {key: item["metadata"][key] for key in KEPT if item["metadata"].get(key)}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def path_of(item, plural, name=True):
    """Where an object is, or the collection that it is created in."""
    group = "/api/v1" if item["apiVersion"] == "v1" else f"/apis/{item['apiVersion']}"
    namespace = item["metadata"].get("namespace")
    inside = f"/namespaces/{namespace}" if namespace else ""
    return f"{group}{inside}/{plural}" + (f"/{item['metadata']['name']}" if name else "")
