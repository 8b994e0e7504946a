"""The clients of a round: kubectl, the AWS CLI and rolecall, as subprocesses in the present environment."""

import json
import os
import subprocess
import time


def run(*command, stdin=None, codes=(0,)):
    """Runs a client and returns its stdout; its stderr tells why it failed."""
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=120)
    assert done.returncode in codes, f"{' '.join(map(str, command))}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def kubectl(*words, stdin=None):
    return run("kubectl", *words, stdin=stdin)


def aws(*words):
    return json.loads(run("aws", "--output", "json", *words) or "{}")


def until(question, seconds=60):
    """Asks until the answer is true; the last answer otherwise."""
    end = time.monotonic() + seconds
    while True:
        answer = question()
        if answer or time.monotonic() > end:
            return answer
        time.sleep(0.3)


def exports(file):
    """The variables of a file that a shell would source."""
    lines = file.read_text().splitlines()
    pairs = (line.removeprefix("export ").split("=", 1) for line in lines)
    return {name: value.strip("'") for name, value in pairs}


class Simulator:
    """`rolecall sim`, and the environment that it tells its clients."""

    def __init__(self, rolecall, folder, *words):
        file = folder / "environment"
        file.unlink(missing_ok=True)
        self.process = subprocess.Popen(
            [rolecall, "sim", "--env-file", str(file), *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        assert until(lambda: file.exists() or self.process.poll() is not None), "the simulator wrote no environment"
        assert file.exists(), f"the simulator ended with {self.process.returncode}"
        self.environment = exports(file)

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=10)


def play(whole, steps):
    """Plays steps in order: later ones build on earlier ones. How many passed; the rest failed. A step that `OTHERWISE`
    of the whole names has to fail with the text that it gives."""
    otherwise = getattr(whole, "OTHERWISE", {})
    for number, step in enumerate(steps):
        began, name = time.monotonic(), step.__name__.replace("_", " ")
        wanted = otherwise.get(step.__name__)
        try:
            step(whole)
            failure = f"it passed, and should have failed with {wanted!r}" if wanted else None
        except Exception as error:  # whatever it was, later steps cannot be trusted
            failure = None if wanted and wanted in str(error) else error
        if failure:
            print(f"FAIL {name}: {failure}", flush=True)
            return number
        name += f", refused: {wanted}" if wanted else ""
        print(f"ok   {time.monotonic() - began:5.1f} s  {name}", flush=True)
    return len(steps)


def in_the_environment(variables):
    """Nothing of the person's own configuration takes part."""
    os.environ.pop("AWS_PROFILE", None)
    os.environ.update(variables)
