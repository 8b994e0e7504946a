"""First frame, first rows and resident memory of the explorer on a generated cluster over TCP."""

import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from screen import Terminal

ROLECALL = sys.argv[1]
PODS = int(sys.argv[2]) if len(sys.argv) > 2 else 10_000
RUNS = int(sys.argv[3]) if len(sys.argv) > 3 else 5


def simulator(folder):
    environment = folder / "environment"
    spec = f"pods={PODS},namespaces=50,serviceaccounts=500,associations=300,roles=300,nodes=200,seed=1"
    command = [ROLECALL, "sim", "--generate", spec, "--env-file", str(environment)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not environment.exists():
        time.sleep(0.05)
    for line in environment.read_text().splitlines():
        name, value = line.removeprefix("export ").split("=", 1)
        os.environ[name] = value.strip("'")
    return process


def resident(process):
    """Resident memory and its highest mark, in MB."""
    status = Path(f"/proc/{process}/status").read_text()
    return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) / 1024 for name in ("VmRSS", "VmHWM")]


def waited(terminal, holds, seconds=60):
    """Seconds from the start of the process until the screen is so."""
    end = terminal.started + seconds
    while time.monotonic() < end:
        terminal.read(0.001)
        if holds(terminal):
            return time.monotonic() - terminal.started
    raise AssertionError(f"never\n{terminal.text()}")


def once(state):
    terminal = Terminal([ROLECALL, "--state-dir", state])
    first_frame = waited(terminal, lambda one: b"Pods" in one.written)
    first_rows = waited(terminal, lambda one: re.search(rb"(deploy|sts|ds|rs|job|cron)/\w", one.written))
    everything = waited(terminal, lambda one: f"{PODS:,}" in one.text())
    settled = time.monotonic() + 8
    while time.monotonic() < settled:
        terminal.read(0.05)
    now, highest = resident(terminal.process)
    terminal.close()
    return first_frame, first_rows, everything, now, highest


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["HOME"] = folder
        process = simulator(Path(folder))
        try:
            runs = [once(str(Path(folder) / "state")) for _ in range(RUNS)]
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=10)
    names = ["first frame, s", "first rows, s", f"{PODS} pods counted, s", "resident, MB", "resident at most, MB"]
    for name, figures in zip(names, zip(*runs)):
        print(f"{name:28} median {statistics.median(figures):8.3f}   min {min(figures):8.3f}   max {max(figures):8.3f}")


main()
