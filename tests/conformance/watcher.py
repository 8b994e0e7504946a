"""Threads that keep something up to date with what an API server says."""

import http.client
import json
import threading
import time

from api import Refused


class Watcher(threading.Thread):
    """Calls `take(type, object)` for every object under a path and for every change, until it is closed. An API
    server that restarts is waited for."""

    def __init__(self, api, path, take):
        super().__init__(daemon=True)
        self.api, self.path, self.take = api, path, take
        self.closed = threading.Event()
        self.start()

    def run(self):
        while not self.closed.is_set():
            try:
                for kind, item in self.api.watch(self.path):
                    if self.closed.is_set():
                        return
                    self.take(kind, item)
            except (OSError, http.client.HTTPException, json.JSONDecodeError, Refused):
                time.sleep(0.2)

    def close(self):
        self.closed.set()
