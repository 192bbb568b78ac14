"""client-reset-midsession: a ready session was ended by a RST from the client's side.

Why it matters: the gateway's log says "Connection reset", and people look for the fault there.
What it is not: proof of a crash. A program that closes its socket with octets unread resets the connection too, as
does one that ends, on Windows whatever was unread; elsewhere, with none unread, that sends a FIN. Nor the RST that ends
keep-alives without an answer (peer-vanished), or that of a relay which ended the session (relay-legs).
Source of the facts: failures.md 50 (measured on Linux: RST with ACK for unread octets), Windows Sockets Error Codes,
WSAECONNRESET ("if the peer application on the remote host is suddenly stopped"; kingsamchen/ezio#3: killed on Windows,
10054; on Linux not), RFC 9293 3.10.7.1 (no ACK in the answer to a segment that has one and belongs to no connection).
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import CERTAINTIES, Cause, Finding, finding
from capanalyze.timeline.forgotten import NO_ACK, forgotten_causes
from capanalyze.timeline.last_words import last_word
from capanalyze.timeline.legs import ended_by_relay
from capanalyze.timeline.rules import injected_rst
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import span

ID: Final = "client-reset-midsession"

HIGHEST_ELSEWHERE: Final = 64
WINDOWS: Final = 128
"""Times to live that packets begin with, on Linux and macOS, and on Windows."""

CLOSED: Final = (
    Cause(
        "the client's program closed its socket, ended or was killed with octets unread",
        "likely",
        "what the program did at that time; whether its host killed it",
    ),
)
ENDED: Final = (
    Cause(
        "the client's program ended or was killed, or closed its socket with octets unread",
        "likely",
        "what the program did at that time; whether it was killed",
    ),
)


def check(facts: Facts) -> Finding | None:
    """Fires where the client's side reset a session that was ready (or was under way when the capture began)."""
    close = facts.connection.close
    if close is None or facts.closer != "client" or facts.kind != "RST" or not facts.speaks:
        return None
    if not facts.working or in_vain(facts) is not None or ended_by_relay(facts) is not None:
        return None
    wait = facts.between(last_word(facts), facts.close)
    closed = close.ack >= 0
    return finding(
        ID,
        "A RST from the client's side ended a working session",
        [facts.close, last_word(facts)],
        [
            "RST from the client's side" + (f", {span(wait)} after the last octets" if wait is not None else ""),
            _as_of(facts) if closed else f"it {NO_ACK}",
            *injected_rst.signs(facts),
        ],
        severity="notice",
        causes=_causes(facts, forgotten_causes("client") if not closed else ENDED if _on_windows(facts) else CLOSED),
        advice="read the client's log at that time; a client that is done should cancel its requests, then disconnect",
    )


def _on_windows(facts: Facts) -> bool:
    """Whether the client's host begins with the time to live that Windows begins with."""
    return HIGHEST_ELSEWHERE < facts.client.side.ttl <= WINDOWS


def _as_of(facts: Facts) -> str:
    """What a RST with ACK is like."""
    told = "it has an ACK, as that of a socket which is closed while octets wait to be read"
    return f"{told}, or on Windows (as its TTL is here) of a program that ends" if _on_windows(facts) else told


def _causes(facts: Facts, usual: tuple[Cause, ...]) -> list[Cause]:
    """The likelier first: the client's program is no likely cause where something else likely made the RST."""
    elsewhere = injected_rst.causes(facts)
    if any(cause.certainty == "likely" for cause in elsewhere):
        usual = tuple(cause._replace(certainty="possible") for cause in usual)
    return sorted([*elsewhere, *usual], key=lambda cause: CERTAINTIES.index(cause.certainty))
