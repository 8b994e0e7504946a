"""Runs the matrix and prints a table of it and `N passed, N failed`."""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "real-input"))

import plans  # noqa: E402
import steps  # noqa: E402
from cells import Real, Simulated  # noqa: E402
from clients import in_the_environment, play  # noqa: E402


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rolecall", type=Path)
    parser.add_argument("--control-plane", type=Path, required=True)
    parser.add_argument("--only", help="rows whose name contains this")
    return parser.parse_args()


def rows(told):
    """Name, how to start the cell, and the steps."""
    everything = [*steps.STEPS, *plans.STEPS]
    programs = told.control_plane
    return [
        ("API server simulated, AWS simulated", Simulated, everything),
        ("API server real, AWS simulated", lambda *where: Real(*where, programs), everything),
    ]


def run(rolecall, name, start, wanted):
    """Plays one row: how many steps passed, and in how many seconds."""
    print(f"\n-- {name}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        cell = start(rolecall, Path(folder) / "cell")
        try:
            in_the_environment({"HOME": folder, **cell.environment})
            passed = play(plans.Plans(rolecall, Path(folder) / "state"), wanted)
        finally:
            cell.close()
    return passed, time.monotonic() - began


def main():
    told = arguments()
    rolecall = told.rolecall.resolve()
    if not os.access(rolecall, os.X_OK):
        sys.exit(f"{rolecall} is not there: build it with `cargo build`")
    table = []
    for name, start, wanted in rows(told):
        if not told.only or told.only in name:
            table.append((name, len(wanted), *run(rolecall, name, start, wanted)))
    print("\n| cell | steps | passed | seconds |\n|---|---|---|---|")
    for name, wanted, passed, seconds in table:
        print(f"| {name} | {wanted} | {passed} | {seconds:.0f} |")
    passed, wanted = sum(row[2] for row in table), sum(row[1] for row in table)
    print(f"\n{passed} passed, {wanted - passed} failed")
    return 0 if passed == wanted else 1


if __name__ == "__main__":
    sys.exit(main())
