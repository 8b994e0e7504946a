"""Who an EKS token is, for an API server that asks by TokenReview: the token is a signed request to STS, which is sent
as it is to where STS is played (aws-iam-authenticator). Whoever STS knows is an administrator."""

import base64
import json
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.etree import ElementTree

PREFIX = "k8s-aws-v1."


class Authenticator:
    """Answers on a free port of loopback until it is closed."""

    def __init__(self, cluster, sts):
        self.cluster, self.sts = cluster, sts
        authenticator = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                review["status"] = authenticator.judge(review["spec"]["token"])
                answer = json.dumps(review).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/authenticate"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def judge(self, token):
        try:
            user = {"username": self.caller(token), "groups": ["system:masters"]}
        except (OSError, ValueError) as error:
            return {"authenticated": False, "error": str(error)}
        return {"authenticated": True, "user": user}

    def caller(self, token):
        if not token.startswith(PREFIX):
            raise ValueError("this is no token of EKS")
        text = token.removeprefix(PREFIX)
        url = urllib.parse.urlsplit(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode())
        headers = {"host": url.netloc, "x-k8s-aws-id": self.cluster}
        request = urllib.request.Request(f"{self.sts}/?{url.query}", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            found = ElementTree.fromstring(answer.read()).find(".//{*}Arn")
        if found is None:
            raise ValueError("STS did not say whose it is")
        return found.text

    def close(self):
        self.server.shutdown()
        self.server.server_close()
