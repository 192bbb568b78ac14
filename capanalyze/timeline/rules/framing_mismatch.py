"""framing-mismatch: a side encodes its messages for another server version than the agreed one.

Why it matters: from version 201 on a message begins with a 4-octet id, before that with digits and a NUL. Who expects
the one and gets the other waits, closes, or reads nonsense.
What it is not: lost framing (stream-desync): every message here is whole, and in the wrong form.
Source of the facts: protocol.md 2.1; failures.md 31.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding

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
    return None
