"""Runs the matrix and prints a table of it and `N passed, N failed`."""

import argparse
import contextlib
import io
import multiprocessing
import os
import sys
import tempfile
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "real-input"))

import calls  # noqa: E402
import compare  # noqa: E402
import outages  # noqa: E402
import plans  # noqa: E402
import steps  # noqa: E402
import tokens  # noqa: E402
from cells import Compared, Real, RealWithPeer, Restarted, Simulated, SimulatedWithPeer  # noqa: E402
from clients import in_the_environment, play  # noqa: E402

# At once: on two cores more of them wait for each other.
SIDE_BY_SIDE = 5
ROUND = [*steps.STEPS, *plans.STEPS]
ROUND_WITH_PEER = [*steps.STEPS, *plans.WITH_PEER]
# Name, how to start the cell, who plays in it, and the steps. The longest first: they run side by side.
ROWS = [
    ("API server real, AWS simulated", Real, plans.Plans, ROUND),
    ("API server simulated, AWS simulated", Simulated, plans.Plans, ROUND),
    ("API server real, AWS peer", RealWithPeer, plans.PlansWithPeer, ROUND_WITH_PEER),
    ("API server simulated, AWS peer", SimulatedWithPeer, plans.PlansWithPeer, ROUND_WITH_PEER),
    ("outages: API server real, AWS simulated", Real, outages.Outages, outages.STEPS),
    ("outages: API server simulated, AWS simulated", Restarted, outages.Outages, outages.STEPS),
    ("5,000 pods: API server real, AWS simulated", Real, outages.Crowd, outages.CROWD),
    ("tokens: API server real, AWS simulated", Real, tokens.Tokens, tokens.STEPS),
    ("request by request: API server real and simulated", Compared, compare.Comparison, compare.STEPS),
    ("call by call: AWS peer and simulated", SimulatedWithPeer, calls.Calls, calls.STEPS),
]


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rolecall", type=Path)
    parser.add_argument("--cache", type=Path, required=True, help="where the built parts are")
    parser.add_argument("--only", default="", help="rows whose name contains this")
    return parser.parse_args()


def perform(number, rolecall, cache):
    """Plays one row in a process of its own, since clients have an environment: what it printed, how many steps
    passed, and in how many seconds."""
    _, start, player, wanted = ROWS[number]
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as said:
        try:
            passed = play_in(start, player, wanted, (rolecall, cache, Path(folder)))
        except Exception:
            print(f"FAIL the cell did not start: {traceback.format_exc()}")
            passed = 0
    return said.getvalue(), passed, time.monotonic() - began


def play_in(start, player, wanted, place):
    rolecall, _, folder = place
    with contextlib.closing(start(*place)) as cell:
        in_the_environment({"HOME": str(folder), **cell.environment})
        return play(player(rolecall, folder / "state", cell), wanted)


def run(rows, rolecall, cache):
    """Rows side by side: what each of them came to, by its number."""
    found = {}
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(SIDE_BY_SIDE, len(rows)), mp_context=context) as pool:
        playing = {pool.submit(perform, number, rolecall, cache): number for number in rows}
        for done in as_completed(playing):
            number = playing[done]
            said, *found[number] = done.result()
            print(f"\n-- {ROWS[number][0]}\n{said}", end="", flush=True)
    return found


def main():
    told = arguments()
    rolecall = told.rolecall.resolve()
    if not os.access(rolecall, os.X_OK):
        sys.exit(f"{rolecall} is not there: build it with `cargo build`")
    rows = [number for number, (name, *_) in enumerate(ROWS) if told.only in name]
    if not rows:
        sys.exit(f"no row has {told.only!r} in its name")
    found = run(rows, rolecall, told.cache)
    print("\n| row | steps | passed | seconds |\n|---|---|---|---|")
    wanted = {number: len(ROWS[number][3]) for number in rows}
    for number, (passed, seconds) in sorted(found.items()):
        print(f"| {ROWS[number][0]} | {wanted[number]} | {passed} | {seconds:.0f} |")
    passed = sum(passed for passed, _ in found.values())
    print(f"\n{passed} passed, {sum(wanted.values()) - passed} failed")
    return 0 if passed == sum(wanted.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
