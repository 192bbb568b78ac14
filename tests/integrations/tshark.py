"""What tshark shows of a capture with our plugin, and the same of our own decoder, in one shape.

A message is Shown: who sent it, in which packet, form, id, name, request id, and its values as pairs of dotted name
and text. Numbers are compared as numbers, as Wireshark prints 0.5 for what the wire spells 0.50.
"""

import json
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from capanalyze.integrations.wireshark import filters
from capanalyze.report.messages import hello_fields
from capanalyze.tws.message import Message
from tests.integrations.recorded import decoded

KINDS = dict(filters())
HELLO = {
    "tws.hello.min_version": "minVersion",
    "tws.hello.max_version": "maxVersion",
    "tws.hello.options": "connectOptions",
    "tws.hello.time": "connectionTime",
    "tws.hello.redirect": "redirect",
    "tws.server_version": "serverVersion",
    "tws.hello.versions": "clientVersion",
}


class Shown(NamedTuple):
    """One message."""

    packet: int
    sender: str
    form: str
    id: int
    name: str
    request_id: int | None
    problem: str | None
    values: tuple[tuple[str, str], ...]


class Run(NamedTuple):
    """What a run of tshark gave."""

    packets: list[Any]
    errors: str


def tshark(plugin: Path, capture: Path, *options: str) -> Run:
    """The packets as lists of pairs, as several messages of a packet have the same key."""
    command = [
        "tshark",
        "-X",
        f"lua_script:{plugin}",
        "-r",
        str(capture),
        "-T",
        "json",
        "-J",
        "frame tws _ws.lua",
        *options,
    ]
    done = subprocess.run(command, capture_output=True, check=True, timeout=120)
    errors = done.stderr.decode().replace('Running as user "root" and group "root". This could be dangerous.\n', "")
    return Run(json.loads(done.stdout or b"[]", object_pairs_hook=list), errors)


def shown(run: Run) -> list[Shown]:
    """The messages that tshark shows."""
    found: list[Shown] = []
    for packet in run.packets:
        layers = dict(dict(packet)["_source"])["layers"]
        number = int(dict(dict(layers)["frame"])["frame.number"])
        found += [_shown(number, inside) for name, inside in layers if name == "tws" and isinstance(inside, list)]
    return [message for message in found if message.form not in {"", "empty"}]


def _shown(packet: int, layer: list[Any]) -> Shown:
    pairs = list(_leaves(layer))
    facts = dict(pairs)
    values = [
        _value(key, text)
        for key, text in pairs
        if key.startswith(("tws.field.", "tws.unset", "tws.unknown", "tws.raw"))
    ]
    if facts.get("tws.form") == "hello":
        legacy = "tws.hello.min_version" not in facts
        values = [(HELLO[key], text) for key, text in pairs if key in HELLO and (legacy or key != "tws.hello.versions")]
    key = facts.get("tws.request_id")
    return Shown(
        packet,
        facts.get("tws.sender", ""),
        facts.get("tws.form", ""),
        int(facts.get("tws.msg.id", 0)),
        facts.get("tws.msg.name", ""),
        None if key is None else int(key),
        facts.get("tws.problem"),
        tuple(values),
    )


def _leaves(pairs: list[Any]) -> Iterator[tuple[str, str]]:
    for key, value in pairs:
        if isinstance(value, list):
            yield from _leaves(value)
        else:
            yield key, value


def _value(key: str, text: str) -> tuple[str, str]:
    if key == "tws.raw":
        path, _, text = text.partition("=")
        return path, _text(path, text)
    if not key.startswith("tws.field."):
        return key, text
    path = key.removeprefix("tws.field.")
    exact = KINDS[path] == "string"
    path = path.removesuffix(".text") if exact else path
    return path, text if exact and path in KINDS and KINDS[path] == "string" else plain(text)


def plain(value: object) -> str:
    """A number or boolean as Wireshark may print it."""
    word = (
        {True: "1", False: "0", "True": "1", "False": "0"}.get(value, value)
        if isinstance(value, (bool, str))
        else value
    )
    try:
        return f"{float(str(word)):.15g}"
    except ValueError:
        return str(word)


def expected(message: Message) -> Shown:
    """The message as our own decoder reads it."""
    sender = "client" if message.from_client else "server"
    if message.encoding == "hello":
        said = hello_fields(message)
        values = [(name, str(value)) for name, value in said.items() if value not in {None, ""}]
        return Shown(int(message.packet), sender, "hello", 0, "hello", None, None, tuple(values))
    read = decoded(message)
    return Shown(
        int(message.packet),
        sender,
        message.encoding,
        read.id,
        read.name,
        read.request_id,
        read.problem,
        tuple(_pairs(read.fields, "")),
    )


def _pairs(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, inside in value.items():
            yield from _pairs(inside, f"{path}.{name}" if path else name)
    elif isinstance(value, list):
        for inside in value:
            yield from _pairs(inside, path)
    elif value is None:
        yield "tws.unset", path
    elif path.rpartition(".")[2].startswith("field_"):
        yield "tws.unknown", str(value)
    else:
        yield path, _text(path, value)


def _text(path: str, value: object) -> str:
    return str(value) if KINDS.get(path) == "string" else plain(value)


@cache
def versions() -> str:
    """The first line of ``tshark --version``."""
    done = subprocess.run(["tshark", "--version"], capture_output=True, check=True, text=True)
    return done.stdout.split("\n", 1)[0]
