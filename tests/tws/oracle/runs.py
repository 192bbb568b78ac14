"""One differential run against a real client: frames or arguments made, both sides asked, the differences counted.

A run returns what it proved for each message, (direction, id, form), and every difference as a sentence.
"""

import json
import random
import re
from collections import Counter
from dataclasses import dataclass, field

from capanalyze.tws.decode import decode, request_key
from capanalyze.tws.protobuf import decode_body
from capanalyze.tws.schema import MessageType, message, messages
from tests.tws.oracle import answers, compare, envs, generate
from tests.tws.oracle.accepted import ACCEPTED

MAX_SHOWN = 40
AT_GATES = 10
"""Frames on each side of a gate for one elsewhere: a gated field may be false, or stand under a condition."""
GONE = {51}
"""Answers that ibapi-latest does not read any more: fundamentalData."""

DECODERS = {name: ("drive_ib_answers.py", name) for name in ("ib_async", "ib_insync")}
"""The driver of a decoder and its arguments, where it is not ibapi's."""

REFUSED = re.compile(
    r"(invalid literal for int\(\) with base 10|could not convert string to float): '(-?Infinity|NaN|[-\d.E]*)'$"
)
"""Of what is empty, and of fractions, ib_async and ib_insync refuse more than ibapi does."""

Key = tuple[bool, int, str]


@dataclass
class Outcome:
    """What one run proved."""

    name: str
    messages: Counter[Key] = field(default_factory=Counter)
    versions: dict[Key, set[int]] = field(default_factory=dict)
    refused: Counter[Key] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    accepted: set[tuple[str, str]] = field(default_factory=set)
    unflagged: list[str] = field(default_factory=list)

    def count(self, key: Key, version: int) -> None:
        """One more message of which every value was compared."""
        self.messages[key] += 1
        self.versions.setdefault(key, set()).add(version)

    def differ(self, where: str, found: list[str]) -> None:
        """Remember differences, as many as a person would read."""
        self.differences.extend(f"{where}: {line}"[:300] for line in found)
        del self.differences[MAX_SHOWN:]


def form_of(version: int, protobuf: bool) -> str:
    """The encoding of a message at a server version."""
    return "protobuf" if protobuf else "text" if version <= 200 else "binary_id"


def requests(client: str, environment: str, script: str, *arguments: str, known: dict[str, str]) -> Outcome:
    """Every request method of a client: what our decoder names is what went in."""
    outcome = Outcome(f"requests of {client}")
    for printed in envs.run(environment, script, *arguments):
        sent = json.loads(printed)
        version = sent["version"]
        payload = bytes.fromhex(sent["frame"])[4:]
        row = message(True, int(payload[:4].partition(b"\0")[0])) if version <= 200 else None
        if row is not None and version < row.since:
            continue  # a library that does not ask whether the server knows the request
        decoded = decode(payload, from_client=True, server_version=version, encoding=form_of(version, False))
        key = (True, decoded.id, "protobuf" if decoded.encoding == "protobuf" else "text")
        found = [f"problem: {decoded.problem}"] if decoded.problem else []
        if decoded.name != known.get(sent["method"], sent["method"]):
            found.append(f"named {decoded.name}")
        cheap = request_key(payload, from_client=True, server_version=version, encoding=decoded.encoding)
        if cheap != decoded.request_id:
            found.append(f"request_key {cheap}, decoded {decoded.request_id}")
        accepted = ACCEPTED.get(client, {})
        for line in compare.differences(decoded.fields, sent["arguments"], sparse=environment == "node"):
            reason = (sent["method"], line.partition(" = ")[0])
            if reason in accepted:
                outcome.accepted.add(reason)
            else:
                found.append(line)
        outcome.differ(f"{sent['method']} at {version}", found)
        outcome.count(key, version)
    return outcome


@dataclass
class Frame:
    """A frame made for a client's decoder."""

    row: MessageType
    version: int
    protobuf: bool
    body: bytes


def answer_frames(first: int, last: int, samples: int, *, only: int = 0, unusual: float = 0.0) -> list[Frame]:
    """Every answer (or ``only`` one) at every server version, as text and, from 201 on, as protobuf.

    ``unusual`` is the share of text fields with a value of ``generate.UNUSUAL``.
    """
    frames = []
    for row in messages(False).values():
        if only not in (0, row.id):
            continue
        chance = random.Random(row.id)
        edges = gate_edges(row)
        for version in range(max(first, row.since), last + 1):
            for sample in range(samples * (AT_GATES if version in edges else 1)):
                if row.text and row.id not in GONE - {only}:
                    text = generate.Text(row, version, chance, 0.05 if sample % 2 else 0.0, unusual)
                    frames.append(Frame(row, version, False, text.body()))
                if row.protobuf and version > 200 and row.id not in GONE:
                    body = generate.protobuf(row.protobuf, chance, chance.choice([0.1, 0.5, 0.9, 1.0]))
                    frames.append(Frame(row, version, True, body))
    return frames


def gate_edges(row: MessageType) -> set[int]:
    """The server versions on both sides of every gate of a text form."""
    edges: set[int] = set()
    waiting = list(row.nodes())
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children)
        edges |= {node.low - 1, node.low, node.high, node.high + 1}
    return edges


def damaged(frame: Frame, number: int) -> Frame:
    """The frame with a field taken away or a number made a word: what a decoder cannot read, or reads wrongly."""
    parts = frame.body.split(b"\0")[:-1]
    chance = random.Random(number)
    if parts and number % 2:
        parts.pop(chance.randrange(len(parts)))
    elif parts:
        parts[chance.randrange(len(parts))] = b"word"
    return Frame(frame.row, frame.version, False, b"".join(part + b"\0" for part in parts))


def read_answers(environment: str, frames: list[Frame], skipped: set[int] | None = None) -> Outcome:
    """Frames of ours read by a client: its callbacks' arguments are our fields; what it refuses we flag."""
    outcome = Outcome(f"answers read by {environment}")
    frames = [frame for frame in frames if frame.row.id not in (skipped or set())]
    given = "\n".join(
        json.dumps({"version": f.version, "id": f.row.id, "protobuf": f.protobuf, "body": f.body.hex()}) for f in frames
    )
    script = DECODERS.get(environment, ("drive_ibapi_answers.py",))
    printed = envs.run(environment, *script, given=given)
    for frame, line in zip(frames, printed, strict=True):
        theirs = json.loads(line)
        prefix = _prefix(frame)
        decoded = decode(
            prefix + frame.body,
            from_client=False,
            server_version=frame.version,
            encoding=form_of(frame.version, frame.protobuf),
        )
        key = (False, frame.row.id, "protobuf" if frame.protobuf else "text")
        where = f"{frame.row.name} at {frame.version} as {key[2]}"
        if theirs["raised"]:
            outcome.refused[key] += 1
            if environment in DECODERS and REFUSED.search(theirs["raised"]):
                continue
            if decoded.problem is None and not frame.protobuf:
                outcome.unflagged.append(f"{where}: {theirs['raised']} {frame.body!r}"[:300])
                continue
        if frame.protobuf:
            ours = answers.to_wire(decoded.fields, frame.row.protobuf)
            outcome.differ(where, _dict_differences(ours, theirs["proto"] or {}))
        elif not theirs["raised"]:
            found = answers.differences(frame.row.id, decoded.fields, theirs["calls"])
            outcome.differ(where, [line for line in found if not _accepted(outcome, environment, frame.row.name, line)])
            if decoded.problem and "is empty" not in decoded.problem:
                outcome.differ(where, [f"problem: {decoded.problem}"])
        outcome.count(key, frame.version)
    return outcome


def _accepted(outcome: Outcome, environment: str, name: str, line: str) -> bool:
    """Whether a difference is the client's own."""
    for reason in ACCEPTED.get(f"answers, {environment}", {}):
        if reason[0] == name and reason[1] in line:
            outcome.accepted.add(reason)
            return True
    return False


def _prefix(frame: Frame) -> bytes:
    if frame.version > 200:
        return (frame.row.id + (200 if frame.protobuf else 0)).to_bytes(4, "big")
    return str(frame.row.id).encode() + b"\0"


def _dict_differences(ours: dict[str, object], theirs: dict[str, object]) -> list[str]:
    return [
        f"{name}: ours {ours.get(name)!r}, the runtime's {theirs.get(name)!r}"
        for name in sorted({*ours, *theirs})
        if ours.get(name) != theirs.get(name)
    ]


def protobuf_messages(
    seed: int, samples: int, environment: str = "ibapi-latest"
) -> tuple[dict[str, list[list[object]]], Outcome]:
    """The descriptors of an ibapi, and random messages of each read by us."""
    lines = envs.run(environment, "drive_protobuf.py", str(seed), str(samples))
    outcome = Outcome(f"messages of the protobuf runtime with {environment}")
    used = _users()
    for line in lines[1:]:
        made = json.loads(line)
        values, problem = decode_body(bytes.fromhex(made["octets"]), made["name"])
        found = _dict_differences(answers.to_wire(values, made["name"]), made["fields"])
        quantities = problem is not None and problem.endswith("is not a number")  # the runtime has only strings there
        outcome.differ(made["name"], found + ([] if problem is None or quantities else [problem]))
        for key in used.get(made["name"], ()):
            outcome.count(key, 226)
    return json.loads(lines[0]), outcome


def _users() -> dict[str, list[Key]]:
    used: dict[str, list[Key]] = {}
    for from_client in (True, False):
        for row in messages(from_client).values():
            if row.protobuf:
                used.setdefault(row.protobuf, []).append((from_client, row.id, "protobuf"))
    return used
