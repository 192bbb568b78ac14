"""version-window-miss: the gateway answered with a version that the client does not support.

Why it matters: the client gives up without startApi, and some only at their time-out, as if nothing had come.
What it is not: a gateway that is newer than the client: it answers with the client's own highest version.
Source of the facts: failures.md 22; protocol.md 1.1 and 6.3 rows d1 and d3.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding

ID: Final = "version-window-miss"


OLD: Final = Cause("it does not answer the old protocol any more", "possible", "a library that is maintained")


UPGRADE: Final = "upgrade TWS or IB Gateway"


def too_new(facts: Facts) -> bool:
    """Whether the client likely offers nothing but versions that the gateway does not know yet."""
    return any(cause.certainty == "likely" for cause in unfit(facts))


def unfit(facts: Facts) -> list[Cause]:
    """That the gateway may not speak the client's versions: the old protocol, or all of them newer than its own.

    Its newest version may show on another connection (failures.md 12 and 22): it answers with the newest
    version that both have, so only one below the other client's newest is its own.
    """
    if facts.session is not None and facts.session.legacy_version is not None:
        return [OLD]
    offered = facts.client_range
    if offered is None:
        return []
    for other in facts.others:
        version, wanted = other.version, other.client_range
        if version is None or wanted is None or version >= wanted[1]:
            continue
        if facts.listener == other.listener:
            if version >= offered[0]:
                return []
            words = f"the client offers versions {offered[0]} to {offered[1]}, and the gateway's newest is {version}"
            return [Cause(words, "likely", f"connection {other.number}, where it said so")]
    return []


def missed(facts: Facts) -> bool:
    """Whether the server's version lies outside the range of the client's hello."""
    version, offered = facts.version, facts.client_range
    if version is None or offered is None or facts.redirect:
        return False
    return not offered[0] <= version <= offered[1]


def check(facts: Facts) -> Finding | None:
    """Fires where client and gateway have no version in common."""
    version, offered = facts.version, facts.client_range
    if version is None or offered is None or not missed(facts):
        return None
    older, goes_on = version < offered[0], facts.stage == "ready"
    return finding(
        ID,
        "The gateway answered with a version that the client had not offered"
        if goes_on
        else "Client and gateway have no protocol version in common",
        [facts.hello, facts.answer],
        [
            f"the client offered versions {offered[0]} to {offered[1]}, the gateway answered {version}",
            "startApi was sent all the same" if facts.start_api is not None else "the client never sent startApi",
        ],
        severity="notice" if goes_on else "problem",
        advice=UPGRADE if older else "upgrade the client library",
    )
