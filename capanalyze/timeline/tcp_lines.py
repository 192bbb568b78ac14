"""TCP events of a connection, to become timeline lines.

In: Facts. Out: Entries for SYN, FIN, RST, windows, retransmissions, the two ACKs that matter (of the first octets
and of a FIN), and octets that are not read as TWS messages.
"""

from collections.abc import Iterator
from typing import Final

from capanalyze.tcp.events import Event
from capanalyze.tcp.notes import OLDER, UNTAKEN
from capanalyze.tcp.states import is_reset_unheeded
from capanalyze.timeline.both_ends import unsent
from capanalyze.timeline.ends import Moment, time_or_none
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.lines import LEFT_OUT, Entry
from capanalyze.timeline.misfit import first_octets
from capanalyze.timeline.turned_back import of_event
from capanalyze.timeline.words import count, octets_as_text, quote

QUOTED: Final = 40
"""Octets of a payload that is not TWS quoted in a line."""

WORDS: Final = {
    "retransmission": "retransmission: what it sent was not acknowledged",
    "fast_retransmission": "fast retransmission: duplicate ACKs asked for it",
    "spurious_retransmission": "spurious retransmission: it was acknowledged already",
    "lost_segment": "what was sent before this packet was not captured before it",
    "ack_lost_segment": "acknowledges what was not captured before it",
    "keep_alive": "keep-alive probe",
    "zero_window": "window 0: it has stopped reading",
    "zero_window_probe": "zero-window probe: may it go on?",
    "window_full": "window full: it must wait until the other reads",
}
"""What a tcp.analysis word means to who reads the timeline."""

RESETS: Final = {
    "refused": "RST: refused, nothing accepts connections on port {port}",
    "refused_before": "RST: refused, nothing accepted connections on port {port} yet",
    OLDER: "RST: ends an older connection of these ports, which the {peer}'s host still had",
    "out_of_window": "RST whose sequence number does not fit: ignored",
    "ignored": "RST that the receiver ignored: the connection went on",
    "after_both_fins": "RST after both had closed: it changes nothing",
    "inexact": "RST: resets the connection, probably (its sequence number is not exact)",
}
"""What a RST is, by the flag of its event; one without a flag is valid."""

_ENDS_NOTHING: Final = frozenset(
    {"retransmission", "refused_before", OLDER, "out_of_window", "ignored", "after_both_fins"}
)
"""Flags of a FIN or RST that ends no direction."""


def tcp_lines(facts: Facts) -> Iterator[Entry]:
    """The TCP events; the segments that carried messages are left to these."""
    yield from _acknowledgements(facts)
    connection = facts.connection
    told = {packet for end in facts.ends for packet in (*end.fins, *end.rsts)}
    told |= {int(event.packet) for event in connection.events if event.kind in {"SYN", "SYN-ACK"}}
    begun: set[str] = set()
    ended: set[str] = set()
    for event in connection.events:
        side = connection.side_name(event.side)
        if event.kind == "data" and facts.speaks:
            continue
        if event.kind in WORDS and int(event.packet) in told:
            continue
        yield _entry(side, event, _words(facts, event, side, begun), ended)
    if connection.events_left_out and not facts.speaks:  # else they are mostly segments of messages
        yield _left_out(facts, int(connection.events_left_out))


def _entry(side: str, event: Event, text: str, ended: set[str]) -> Entry:
    """``ended``: what each side has ended its direction with so far; who is gone answers every segment with a RST."""
    entry = Entry(time_or_none(event.ts_ns), int(event.packet), side, event.kind, text)
    entry.last_packet = int(event.last_packet)
    entry.count = 1 if event.kind == "data" else int(event.count)
    means = f"{side} {event.kind} {event.flag}"
    if event.kind in {"FIN", "RST"} and event.flag not in _ENDS_NOTHING and means not in ended:
        entry.closing = True
        ended.add(means)
    return entry


def _words(facts: Facts, event: Event, side: str, begun: set[str]) -> str:
    again = " again" if event.flag == "retransmission" else ""
    if event.kind == "SYN":
        return f"SYN{again}: asks for a connection"
    if event.kind == "SYN-ACK" and event.flag == UNTAKEN:
        return f"SYN-ACK again: the {facts.end(side).called}'s host had not taken the ACK"
    if event.kind == "SYN-ACK":
        return f"SYN-ACK{again}: the {facts.end(side).called}'s host accepts"
    if event.kind == "ACK":
        return "ACK: the connection is open"
    if event.kind == "FIN":
        return _fin(facts, side, again)
    if event.kind == "RST":
        return _reset(facts, event, side)
    if event.kind == "data":
        return _data(facts, event, side, begun)
    if event.kind == OLDER:
        return f"answers no SYN of this connection: the {facts.end(side).called}'s host has an older one of these ports"
    if event.kind == "ICMP":
        told = of_event(event)
        return f"ICMP: {told.words}, says {told.sender} of what the {_other(facts, side)} sent"
    return WORDS.get(event.kind, event.kind.replace("_", " "))


def _other(facts: Facts, side: str) -> str:
    return facts.end("client" if side == "server" else "server").called


def _fin(facts: Facts, side: str, again: str) -> str:
    me = facts.end(side).called
    if again:
        return "FIN again: it had not been acknowledged"
    if facts.connection.with_itself:
        return f"FIN: the {me} closes"
    if facts.closer == side and facts.kind == "FIN":
        return f"FIN: the {me} closes first"
    if facts.closer == "both":
        return f"FIN: the {me} closes, without knowing of the other FIN"
    return f"FIN: the {me} closes too"


def _reset(facts: Facts, event: Event, side: str) -> str:
    if event.flag == "refused" and facts.unseen_ns is not None:
        return f"RST: refused, but not by the {facts.end(side).called}'s host"
    early = facts.connection.early_reset
    if early is not None and early.packet == event.packet and is_reset_unheeded(facts.connection):
        return "RST whose number lies ahead of what was captured: it may have counted"
    if event.flag in RESETS:
        return RESETS[event.flag].format(port=facts.connection.server.port, peer=_other(facts, side))
    me = facts.end(side).called
    if facts.kind == "RST" and facts.closer == side and facts.close is not None and facts.close.packet == event.packet:
        return f"RST in the {me}'s name, not of its host" if unsent(facts) else f"RST: the {me} resets the connection"
    if facts.closer == side:
        return f"RST: the {me} wants nothing more, having closed already"
    return f"RST: the {me} breaks off what the {facts.closing_end.called} had begun to close"


def _data(facts: Facts, event: Event, side: str, begun: set[str]) -> str:
    """Octets that are not read as TWS: how many, and how a side's first ones begin."""
    text = count(int(event.value), "octet")
    first = first_octets(facts.connection, facts.session, side)
    if side not in begun and first:
        text += f": {quote(octets_as_text(first[:QUOTED]))}" + ("..." if event.value > QUOTED else "")
    begun.add(side)
    return text + (f" in {count(int(event.count), 'segment')}" if event.count > 1 else "")


def _acknowledgements(facts: Facts) -> Iterator[Entry]:
    """The ACK of the client's first octets where it carries no answer, and the ACKs of the FINs."""
    acked, server = facts.hello_acked, facts.server
    spoken = {at.packet for at in (server.first, server.last) if at is not None}
    if acked is not None and facts.api and acked.packet not in spoken | set(server.fins):
        what = "the hello" if facts.hello is not None else "these octets"
        yield _ack(server.name, acked, f"ACK: the {server.called}'s host has {what}")
    for end in facts.ends:
        peer = server if end is facts.client else facts.client
        at = end.fin_acked_at
        if at is not None and at.packet not in peer.fins and at.packet not in peer.rsts:
            yield _ack(peer.name, at, f"ACK of the FIN by the {peer.called}'s host")


def _ack(side: str, at: Moment, text: str) -> Entry:
    return Entry(at.ts_ns, at.packet, side, "ack", text)


def _left_out(facts: Facts, events: int) -> Entry:
    """TCP events beyond the number that a connection keeps: told once, where the kept ones end."""
    last = facts.connection.events[-1]
    entry = Entry(time_or_none(last.ts_ns), int(last.last_packet), "", LEFT_OUT, "")
    entry.count = events
    return entry
