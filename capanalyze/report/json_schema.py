"""The JSON Schema (draft 2020-12) of the report: what ``read --format json`` promises, for validators and editors.

In: the records of report/report.py, whose fields are the JSON's keys. Out: one schema object. It is made from the
records' own types, so a key that is added there is in it; what a type cannot say (words, meanings) is in the tables.
"""

import ast
import pkgutil
import sys
from types import NoneType, UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints

from capanalyze.report.report import SCHEMA_VERSION, Report
from capanalyze.timeline.findings import CERTAINTIES, SEVERITIES
from capanalyze.timeline.lines import PHASES, Timeline, TimelineLine

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

NOT_KEYS: Final = frozenset({"Report.reread"})
"""Fields of records that are not in the JSON."""

SIDES: Final = ("client", "server")
STATES: Final = (
    "CLOSED", "SYN_SENT", "SYN_RECEIVED", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "CLOSE_WAIT", "CLOSING",
    "LAST_ACK", "TIME_WAIT", "UNKNOWN",
)  # fmt: skip

WORDS: Final[dict[str, tuple[str | int | None, ...]]] = {
    "CaptureFacts.format": ("pcap", "pcapng", "tshark"),
    "CloseFacts.first": (*SIDES, "both"),
    "CloseFacts.kind": ("FIN", "RST"),
    "CloseFacts.certainty": ("certain", "likely"),
    "ConnectionReport.roles_from": ("syn", "syn_ack", "hello", "port", "first_packet"),
    "ConnectionReport.opened": ("complete", "syn_ack", "unanswered", "refused", "midstream", None),
    "ConnectionReport.conn_state": (
        "S0", "S1", "SF", "REJ", "S2", "S3", "RSTO", "RSTR", "RSTOS0", "RSTRH", "SH", "SHR", "OTH",
    ),
    "Finding.severity": SEVERITIES,
    "Finding.certainty": CERTAINTIES,
    "Cause.certainty": CERTAINTIES,
    "NoteFacts.side": SIDES,
    "TimelineLine.side": (*SIDES, "both", ""),
    "TimelineLine.phase": PHASES,
    "Report.schema_version": (SCHEMA_VERSION,),
}  # fmt: skip
"""Fields that hold one of a few words."""

PER_SIDE: Final = frozenset({
    "ConnectionReport.missing", "ConnectionReport.fins", "ConnectionReport.resets", "ConnectionReport.states",
    "ConnectionReport.before_close", "CountedFacts.messages", "TwsFacts.messages", "TwsFacts.remainder",
})  # fmt: skip
"""Fields with a value for each side."""

MEANINGS: Final = {
    "Report.ports": "TCP ports that mark the gateway's side.",
    "Report.connections_left_out": "Connections beyond the most that are reported.",
    "Report.counted_only": "Connections beyond those told in full; null where there are none.",
    "Report.timeline_left_out": "Connections whose events are not in timeline.",
    "Report.findings": "Findings that span connections.",
    "Report.verdict": "One sentence for the capture.",
    "CaptureFacts.skipped": "Packets that were not read, by reason.",
    "CaptureFacts.dropped": "Packets the capture tool lost; null where it does not say.",
    "CaptureFacts.ended_ts_ns": "When recording ended, nothing more having come; null where it does not say.",
    "ConnectionReport.roles_from": "What tells who is the client; `hello`: that, or messages that one side only sends.",
    "ConnectionReport.conn": "1, 2, ... in the order of first packets; the same with and without --all.",
    "ConnectionReport.opened": "Null where headers are cut before the flags.",
    "ConnectionReport.missing": "Octets that the peer acknowledged and the capture lacks.",
    "ConnectionReport.close": "The first thing that ended a direction; null where nobody closed.",
    "ConnectionReport.ignored_resets": "Packets with a RST that ended nothing.",
    "ConnectionReport.conn_state": "Zeek's word for how the connection went.",
    "ConnectionReport.history": "Zeek's letters, upper case for the client.",
    "ConnectionReport.tws": "Null where the connection does not speak TWS.",
    "ConnectionReport.verdict": "One sentence for the connection.",
    "CloseFacts.packet": "Of the first captured copy of the FIN or RST; null for an inferred FIN.",
    "CloseFacts.made_between": "Whether captures of both hosts show that neither of them made the RST.",
    "CountedFacts.closed_first": "By who closed first and how; the empty key is for nobody, unknown for want of room.",
    "CountedFacts.conn_states": "By Zeek's word for how the connection went.",
    "CountedFacts.sessions": "TWS sessions on them.",
    "CountedFacts.sessions_given_up": "TWS sessions whose later messages are not counted, for want of room.",
    "CountedFacts.reached": "Sessions by their last milestone.",
    "CountedFacts.unfollowed_syns": "SYNs of connections for which there was no room.",
    "CountedFacts.unfollowed_packets": "Packets that belong to no connection that was followed.",
    "LastWords.bytes_hex": "Up to the last 64 octets sent before the close, in hexadecimal.",
    "LastWords.messages": "The last messages sent before the close.",
    "LastWords.idle_ns": "Its silence before that, or the end of the capture, in ns; null where the clock went back.",
    "NoteFacts.note": "A word of Wireshark's tcp.analysis.",
    "TimelineLine.side": "Who acted; empty where it is a remark on what was left out.",
    "TwsFacts.answers_captured": "Whether octets of the gateway's may be in the capture, and are not blanked out.",
    "TwsFacts.client_range": "Lowest and highest server version that the client's hello offers.",
    "TwsFacts.requests": "By name, of the requests that something answers; messages --requests tells each of them.",
    "TwsFacts.requests_not_followed": "Too many waited, or it lay behind a hole: whether it was answered is not known.",
    "TwsFacts.repeated_ids": "Requests whose id was in use by another of the same kind.",
    "TwsFacts.repeated_ids_left_out": "More of these.",
    "TwsFacts.early_requests": "Requests sent before the session was ready (nextValidId and managedAccounts).",
    "TwsFacts.early_requests_left_out": "More of these.",
    "RequestFacts.answered": "The first answer refused nothing: no error, or a notice, a warning, 202 for cancelOrder.",
    "RequestFacts.errors": "The first answer was an error that refused the request.",
    "RequestFacts.ended": "Their end marker came.",
    "RequestFacts.cancelled": "By the client, before or after an answer.",
    "RequestFacts.first_answer": "From requests to first answers, errors too; null where packets have no times.",
    "RequestFacts.end": "From requests to end markers.",
    "Latency.slowest_packet": "Packet of the request that waited longest.",
    "TwsFacts.remainder": "Octets after the last whole frame.",
    "TwsFacts.not_tws": "What the connection is instead, and why; null where it is TWS.",
}
"""What keys mean where their names do not say it; contract.md has every word."""

MESSAGE: Final[dict[str, Any]] = {
    "description": "A TWS message: a line of messages --format jsonl.",
    "type": "object",
    "properties": {
        "packet": {"type": "integer", "description": "The packet with its last octet."},
        "ts_ns": {"type": ["integer", "null"], "description": "Time of packet, nanoseconds since the epoch."},
        "first_packet": {"type": "integer", "description": "The packet with its first octet."},
        "conn": {"type": "integer"},
        "sender": {"enum": [*SIDES]},
        "encoding": {"enum": ["hello", "text", "binary_id", "protobuf", "unframed"]},
        "id": {"type": "integer", "description": "IB's number, without the 200 of the protobuf form."},
        "name": {"type": "string"},
        "size": {"type": "integer", "description": "Octets without the length prefix."},
        "fields": {"type": "object", "description": "Names and values; unset is null, decimals are strings."},
        "request_id": {"type": "integer", "description": "The key by which requests and answers are paired."},
        "problem": {"type": "string", "description": "The first thing that does not fit the schema."},
        "resynchronised": {"type": "boolean", "description": "Found after lost framing."},
        "missing": {"type": "integer", "description": "Octets of it that the capture lacks."},
    },
    "required": ["packet", "ts_ns", "first_packet", "conn", "sender", "encoding", "id", "name", "size", "fields"],
}

_SCALARS: Final[dict[type, str]] = {int: "integer", str: "string", bool: "boolean", NoneType: "null"}


def report_schema() -> dict[str, Any]:
    """The schema. Keys may be added without notice, so objects are left open; every key named is always there."""
    definitions: dict[str, Any] = {"Message": MESSAGE}
    root = _record(Report, definitions)
    return {
        "$schema": DIALECT,
        "title": "capanalyze report",
        "description": "Times are nanoseconds since the epoch, null where the capture has none.",
        **root,
        "$defs": dict(sorted(definitions.items())),
    }


def _record(record: type, definitions: dict[str, Any]) -> dict[str, Any]:
    """A NamedTuple as an object with all of its keys."""
    properties: dict[str, Any] = {}
    for name, kind in _annotations(record).items():
        place = f"{record.__name__}.{name}"
        if place not in NOT_KEYS:
            meaning = {"description": MEANINGS[place]} if place in MEANINGS else {}
            properties[name] = meaning | _value(kind, place, definitions)
    return {"type": "object", "properties": properties, "required": list(properties)}


def _written(record: type) -> ast.ClassDef:
    """A record as its source has it: a compiled module keeps a part of its annotations, and no docstring."""
    package, _, module = record.__module__.rpartition(".")
    source = pkgutil.get_data(package, f"{module}.py")
    assert source is not None
    classes = (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef))
    return next(node for node in classes if node.name == record.__name__)


def _annotations(record: type) -> dict[str, Any]:
    """The names and types of a record's fields."""
    fields = (node for node in _written(record).body if isinstance(node, ast.AnnAssign))
    words = {ast.unparse(field.target): ast.unparse(field.annotation) for field in fields}
    return get_type_hints(type(record.__name__, (), {"__annotations__": words}), vars(sys.modules[record.__module__]))


def _value(kind: Any, place: str, definitions: dict[str, Any]) -> dict[str, Any]:  # noqa: ANN401 - any annotation
    """The schema of a value of the annotation ``kind``; raises TypeError for one that JSON has no word for."""
    if place in WORDS:
        return {"enum": list(WORDS[place])}
    if kind in _SCALARS:
        return {"type": _SCALARS[kind]}
    if isinstance(kind, type) and hasattr(kind, "_fields"):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = {}
            definitions[kind.__name__] = {"description": _sentence(kind), **_record(kind, definitions)}
        return {"$ref": f"#/$defs/{kind.__name__}"}
    origin, inside = get_origin(kind), get_args(kind)
    if origin in (UnionType, Union):
        return {"anyOf": [_value(one, "", definitions) for one in inside]}
    if kind is Timeline:
        return _array((TimelineLine, ...), definitions)
    if origin is tuple:
        return _array(inside, definitions)
    if origin is dict:
        return _mapping(inside, place, definitions)
    raise TypeError(f"{place}: {kind}")


def _array(inside: tuple[Any, ...], definitions: dict[str, Any]) -> dict[str, Any]:
    if inside[-1] is Ellipsis:
        return {"type": "array", "items": _value(inside[0], "", definitions)}
    items = [_value(one, "", definitions) for one in inside]
    return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}


def _mapping(inside: tuple[Any, ...], place: str, definitions: dict[str, Any]) -> dict[str, Any]:
    if inside[1] is Any:  # the only free-form dicts of a report are messages
        return {"$ref": "#/$defs/Message"}
    value = {"enum": list(STATES)} if place == "ConnectionReport.states" else _value(inside[1], "", definitions)
    if place in PER_SIDE:
        return {"type": "object", "properties": dict.fromkeys(SIDES, value), "required": [*SIDES]}
    return {"type": "object", "additionalProperties": value}


def _sentence(record: type) -> str:
    """The first line of a record's docstring."""
    return (ast.get_docstring(_written(record)) or "").split("\n", 1)[0]
