"""framing-mismatch: a side encodes its messages for another server version than the agreed one.

Why it matters: from version 201 on a message begins with a 4-octet id, before that with digits and a NUL; and from some
version on, another for each request, its fields are protobuf. Who expects the one and gets the other waits, closes, or
reads nonsense.
What it is not: lost framing (stream-desync): every message here is whole, and in the wrong form.
Source of the facts: protocol.md 1.2, 2.1 and 2.3; failures.md 31 (startApi must be protobuf; of other requests it is
known only that IB's own client sends them so).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.words import first_of
from capanalyze.tws.frames import index_encoding, index_id
from capanalyze.tws.message import START_API
from capanalyze.tws.schema import message
from capanalyze.tws.session import Session

ID: Final = "framing-mismatch"

BINARY_IDS: Final = 201
"""The first server version whose messages begin with a 4-octet id (MIN_SERVER_VER_PROTOBUF)."""

FORMS: Final = {"text": "an id in digits", "binary_id": "a 4-octet id", "protobuf": "a 4-octet id and protobuf"}


def check(facts: Facts) -> Finding | None:
    """Fires where a side's messages have a form that the agreed version does not have."""
    session, version = facts.session, facts.version
    if session is None or version is None or session.legacy_version is not None:
        return None
    wrong = {"text"} if version >= BINARY_IDS else {"binary_id", "protobuf"}
    for end, seen in ((facts.client, session.client_encodings), (facts.server, session.server_encodings)):
        forms = [FORMS[form] for form in seen if form in wrong]
        if forms:
            return finding(
                ID,
                f"The {end.called} encodes messages for another version than the agreed one",
                [facts.answer, end.last if facts.start_api is None else facts.start_api],
                [f"server version {version} was agreed, and messages of the {end.called} begin with {forms[0]}"],
                causes=[
                    Cause(
                        f"the {end.called}'s library was only half adapted to version {BINARY_IDS}",
                        "likely",
                        "its version, and whether it is a fork",
                    )
                ],
                advice=f"update the library, or let the client offer no version above {BINARY_IDS - 1}",
            )
    return _fields(facts, session, version, "binary_id") or _fields(facts, session, version, "protobuf")


def _fields(facts: Facts, session: Session, version: int, form: str) -> Finding | None:
    """The client's requests with a 4-octet id and fields in text where the version has protobuf, or the other way."""
    numbers = [index_id(index) for index in session.client.by_index() if index_encoding(index) == form]
    rows = [row for number in numbers if (row := message(True, number)) is not None and row.text and row.protobuf_since]
    in_text = form == "binary_id"
    wrong = [row for row in rows if (row.protobuf_since <= version) is in_text]
    if not wrong:
        return None
    starts = any(row.id == START_API for row in wrong)
    names = first_of([f"{row.name} (since {row.protobuf_since})" for row in wrong])
    title, had, insists, cause, advice = TEXT if in_text else PROTOBUF
    evidence = [f"server version {version} was agreed, and these {had}: {names}"]
    if not starts:
        evidence.append(insists)
    return finding(
        ID,
        title,
        [facts.answer, facts.start_api if starts else facts.client.last],
        evidence,
        severity="problem" if starts else "notice",
        causes=[Cause(cause, "likely", "its version; whether it is a fork")],
        advice=advice.format(older=min(row.protobuf_since for row in wrong) - 1),
    )


TEXT: Final = (
    "The client writes requests in text that the agreed version has as protobuf",
    "had fields in text",
    "IB's own client writes them as protobuf; whether the gateway insists the packets do not tell",
    "the client's library does not know protobuf",
    "update the library, or let the client offer no version above {older}",
)
PROTOBUF: Final = (
    "The client writes requests as protobuf that the agreed version has in text",
    "were protobuf",
    "IB's own client writes them in text before that; whether the gateway insists the packets do not tell",
    "the client's library writes protobuf whatever version was agreed",
    "upgrade TWS or IB Gateway, or let the client write text up to version {older}",
)
"""Title, what the requests had, what is not known, cause and advice: for requests of either wrong form."""
