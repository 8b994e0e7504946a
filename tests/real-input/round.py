"""The round of the first milestone against the simulator. Prints `N passed, N failed`."""

import sys
import tempfile
from pathlib import Path

from clients import Simulator, in_the_environment, play
from steps import STEPS, Round


def main(rolecall):
    with tempfile.TemporaryDirectory() as folder:
        simulator = Simulator(rolecall, Path(folder), "--demo")
        try:
            in_the_environment({"HOME": folder, **simulator.environment})
            passed = play(Round(rolecall, Path(folder) / "state"), STEPS)
        finally:
            simulator.close()
    print(f"{passed} passed, {len(STEPS) - passed} failed")
    return 0 if passed == len(STEPS) else 1


sys.exit(main(sys.argv[1]))
