"""Stage: how far a connection got, as one word that rules and verdicts go by.

In: Facts, but for their ``stage``. Out: the word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from capanalyze.timeline.ends import End

if TYPE_CHECKING:
    from capanalyze.timeline.facts import Facts


def stage_of(facts: Facts) -> str:
    """How far a connection got.

    "cut": no TCP flags are in the capture.
    "refused": a RST answered the SYN. "unanswered": nothing did. "with_itself": client and server are one socket.
    "half_open": SYN and SYN-ACK, no data. "no_data": open, and not an octet before the close.
    "blank": what a side said was overwritten.
    "not_tws": what was said is not the protocol. "hello_unanswered": a hello, and not an octet back before the close.
    "misanswered": octets came back that are no hello. "not_started": the hello was answered, startApi never sent.
    "not_ready": startApi was sent, nextValidId or managedAccounts did not come.
    "ready": both came. "no_hello": messages without a hello. "midstream": the capture began after the hello.
    "unread": what was said first is not in the capture. "plain": not an API connection.
    """
    without_session = _stage_without_session(facts)
    if without_session:
        return without_session
    if facts.blank:
        return "blank"
    if facts.hello is None or facts.hello_after_close:
        return _stage_without_hello(facts)
    if not facts.missing_names:
        return "ready"
    if facts.answer is None and _lacks_beginning(facts, facts.server):
        return "unread" if facts.start_api is None else "not_ready"
    silent = facts.answer is None and not facts.server.spoke_before
    if facts.answered_too_late or (silent and (facts.misfit is None or facts.misfit.side == "server")):
        return "hello_unanswered"
    if facts.answer is None:
        return "not_tws" if facts.misfit is not None else "misanswered"
    return "not_ready" if facts.start_api is not None else "not_started"


def _lacks_beginning(facts: Facts, end: End) -> bool:
    """Whether what a side said first is not in the capture: lost, or cut off."""
    session = facts.session
    stream = None if session is None else session.client if end.name == "client" else session.server
    return (stream is not None and stream.headless) or (not end.spoke and end.missing > 0)


def _stage_without_session(facts: Facts) -> str:
    """The stages that TCP and the ports alone tell; "" for the others."""
    opened = facts.connection.opened
    if facts.connection.header_cut:
        return "cut"
    if opened in {"refused", "unanswered"}:
        return opened
    if facts.connection.with_itself:
        return "with_itself"
    if opened == "syn_ack" and not facts.client.spoke and not facts.server.spoke:
        return "half_open"
    return "" if facts.api else "plain"


BEGINNING: Final = frozenset({"hello", "error", "nextValidId", "managedAccounts"})
"""What a gateway says until a session is ready."""


def begins_only(facts: Facts) -> bool:
    """Whether nothing but the beginning of a session is captured that did not become ready, or not in the capture."""
    session = facts.session
    return session is not None and bool(facts.missing_names) and BEGINNING.issuperset(session.server_counts)


def _starts(facts: Facts) -> bool:
    """Whether the capture of a session that did not become ready lacks its hello only: startApi is in it."""
    return facts.start_api is not None and begins_only(facts)


def _stage_without_hello(facts: Facts) -> str:
    spoken = facts.client.spoke_before or facts.server.spoke_before
    midstream = facts.connection.opened == "midstream" and (spoken or facts.hello is None)
    silent = not facts.client.spoke and facts.client.unread > 0
    if not midstream and (silent or _lacks_beginning(facts, facts.client)):
        return "unread"
    if facts.misfit is not None and spoken:
        return "not_tws"
    if midstream:
        return "not_ready" if _starts(facts) else "midstream"
    if _lacks_beginning(facts, facts.server):
        return "unread"
    return "no_hello" if spoken else "no_data"
