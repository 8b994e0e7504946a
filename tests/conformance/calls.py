"""The same calls to the independent AWS and to the simulated one, answer by answer.

`calls.yaml` holds the calls, what AWS answers by its reference, and what of the answers is compared. Whoever answers
otherwise fails, unless the table says so with a reason; what the table says and is not so fails as well. A row of the
matrix; `calls.py --table` prints who answers otherwise than AWS, `calls.py --accepted` the accepted differences.
"""

import argparse
import json
import re
import time
from pathlib import Path

import jws
import yaml
from account import Account
from botocore.exceptions import ClientError
from compare import ABSENT

CALLS = yaml.safe_load(Path(__file__).with_name("calls.yaml").read_text())["calls"]
SIDES = ["peer", "simulator"]


class Side:
    """One AWS, with what earlier answers left."""

    def __init__(self, url, environment, kept):
        self.account, self.kept = Account(url, environment), dict(kept)

    def fill(self, value):
        """Puts what is kept into texts, and documents into text."""
        if isinstance(value, str):
            return re.sub(r"\$\{(\w+)\}", lambda found: self.kept[found[1]], value)
        if isinstance(value, list):
            return [self.fill(one) for one in value]
        return {key: self.fill(one) for key, one in value.items()} if isinstance(value, dict) else value

    def ask(self, case):
        """The error code, `ok` without one, and the answer."""
        service, operation = case["call"].split()
        words = {name: text_of(name, value) for name, value in self.fill(case.get("words", {})).items()}
        try:
            answer = getattr(getattr(self.account, service), operation)(**words)
        except ClientError as error:
            return error.response["Error"]["Code"], {}
        answer.pop("ResponseMetadata")
        for name, path in case.get("keep", {}).items():
            self.kept[name] = within(answer, path.split("/"))
        return "ok", answer


def text_of(name, value):
    return json.dumps(value) if name.endswith("Document") and not isinstance(value, str) else value


def part(answer, path):
    """What is compared under a path: `@` are the names of members, `!` whether it is there."""
    steps = [step for step in path.rstrip("!").split("/") if step]
    if steps and steps[-1] == "@":
        return members(within(answer, steps[:-1]))
    value = within(answer, steps)
    return value not in (ABSENT, None, "", []) if path.endswith("!") else ordered(value)


def within(value, steps):
    """The value at a path: `*` is every element of a list, a number the one at that place."""
    for number, step in enumerate(steps):
        if step == "*":
            return [within(one, steps[number + 1 :]) for one in value] if isinstance(value, list) else ABSENT
        if isinstance(value, list):
            value = value[int(step)] if int(step) < len(value) else ABSENT
        else:
            value = value.get(step, ABSENT) if isinstance(value, dict) else ABSENT
    return value


def members(value):
    """Names of members; of all elements together, whose order is nobody's business."""
    if isinstance(value, list):
        return sorted({name for one in value for name in members(one)})
    return sorted(value) if isinstance(value, dict) else value


def ordered(value):
    """Lists and tags have no order of their own."""
    if isinstance(value, list):
        return sorted((ordered(one) for one in value), key=str)
    return {key: ordered(one) for key, one in value.items()} if isinstance(value, dict) else value


def expected(case, side):
    return str(case.get(side, case.get("documented", "ok")))


class Calls:
    """All calls, in the order of the table, to both accounts of a cell."""

    def __init__(self, _rolecall, _state, cell):
        kept = {"foreign": token("https://nobody.example"), "forged": token(cell.issuer), "expired": token(cell.issuer, -3600)}
        self.sides = [Side(url, cell.environment, kept) for url in (cell.both.peer, cell.both.simulator)]

    def every_call_is_answered_as_the_table_says(self):
        differences = [one for case in CALLS for one in self.differences(case)]
        accepted = sum(len(case.get("accepted", {})) for case in CALLS)
        print(f"     {len(CALLS)} calls, {len(otherwise())} answered otherwise than AWS does, {accepted} differences are accepted")
        assert not differences, "".join(differences)

    def differences(self, case):
        """What is left to explain about one call, as text."""
        answers = [side.ask(case) for side in self.sides]
        found = [
            f"\n{case['name']}: the {side} answers {code}, not {expected(case, side)}"
            for side, (code, _) in zip(SIDES, answers)
            if code != expected(case, side)
        ]
        parts = {path: [part(answer, path) for _, answer in answers] for path in case.get("compare", [])}
        unlike = {path: values for path, values in parts.items() if values[0] != values[1]}
        accepted = case.get("accepted", {})
        found += [f"\n{case['name']}: {path}\n  peer:      {one}\n  simulator: {other}"
                  for path, (one, other) in unlike.items() if path not in accepted]  # fmt: skip
        return found + [f"\n{case['name']}: {path} is alike, and the table accepts that it is not" for path in accepted if path not in unlike]


def token(issuer, lasts=3600):
    """A token that looks right and that no issuer signed."""
    claims = {"iss": issuer, "aud": ["sts.amazonaws.com"], "sub": "system:serviceaccount:data:backup", "exp": int(time.time()) + lasts}
    said = [{"alg": "RS256", "kid": "nobody"}, {**claims, "iat": claims["exp"] - 7200}]
    return jws.signed_by_others(".".join([*(jws.encoded(json.dumps(one).encode()) for one in said), ""]))


def otherwise():
    return [case for case in CALLS if any(side in case for side in SIDES)]


STEPS = [Calls.every_call_is_answered_as_the_table_says]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--table", action="store_true", help="print who answers otherwise than AWS")
    parser.add_argument("--accepted", action="store_true", help="print the accepted differences")
    told = parser.parse_args()
    if told.table:
        for case in otherwise():
            said = [case.get("documented", "ok"), *(expected(case, side) for side in SIDES)]
            print(f"| {' | '.join([case['name'], *said, case['why']])} |")
    if told.accepted:
        for case in CALLS:
            for path, why in case.get("accepted", {}).items():
                print(f"| {case['name']} | {path} | {why} |")


if __name__ == "__main__":
    main()
