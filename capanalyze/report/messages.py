"""TWS messages as records: a line of ``messages --format jsonl`` each (contract.md).

In: Message objects of a session. Out: dicts of plain values; nothing is dropped, unset is None.
"""

from typing import Any

from capanalyze.tws.decode import decode_message
from capanalyze.tws.hello import MAGIC, client_opening
from capanalyze.tws.message import Message


def record(message: Message, conn: int) -> dict[str, Any]:
    """One message; ``size`` is without the length prefix, ``packet`` the one with its last octet."""
    if message.encoding == "hello":
        fields, request_id, problem = hello_fields(message), None, None
    else:
        decoded = decode_message(message)
        fields, request_id, problem = decoded.fields, decoded.request_id, decoded.problem
    found: dict[str, Any] = {
        "packet": message.packet,
        "ts_ns": message.ts_ns if message.ts_ns >= 0 else None,
        "first_packet": message.first_packet,
        "conn": conn,
        "sender": "client" if message.from_client else "server",
        "encoding": message.encoding,
        "id": message.id,
        "name": message.name,
        "size": message.size,
        "fields": fields,
    }
    if request_id is not None:
        found["request_id"] = request_id
    if problem:
        found["problem"] = problem
    if message.resynchronised:
        found["resynchronised"] = True
    if message.missing != 0:
        found["missing"] = message.missing
    return found


def hello_fields(message: Message) -> dict[str, object]:
    """The parts of a hello: versions and options of a client's, version and time (or address) of a server's."""
    text = message.payload.decode("utf-8", "backslashreplace")
    if not message.from_client:
        version, end, rest = text.partition("\0")
        moment = rest.rstrip("\0")
        number = int(version) if end and version.lstrip("-").isdigit() else None
        if number is not None and number < 0:
            return {"serverVersion": number, "redirect": moment}
        return {"serverVersion": number, "connectionTime": moment or None}
    if message.missing:
        return {"minVersion": None, "maxVersion": None, "connectOptions": None}
    opening = client_opening(MAGIC + len(message.payload).to_bytes(4, "big") + message.payload)
    if opening.maximum:
        return {"minVersion": opening.minimum, "maxVersion": opening.maximum, "connectOptions": opening.options}
    digits = text.rstrip("\0")
    return {"clientVersion": int(digits) if digits.isdigit() else digits}
