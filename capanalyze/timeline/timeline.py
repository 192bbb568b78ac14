"""Timeline: the story of one connection, a line for each event.

In: Facts (TCP events of the connection, messages of its session). Out: TimelineLines in packet order, repeats
folded, at most LINES of them. Messages stand for the segments that carried them; octets that are no message,
retransmissions, windows, FINs and RSTs have lines of their own.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.lines import LEFT_OUT, Entry, TimelineLine
from capanalyze.timeline.message_lines import entry_words, message_lines
from capanalyze.timeline.tcp_lines import tcp_lines
from capanalyze.timeline.words import count

LINES: Final = 60
"""Lines of one connection; beyond them the middle is left out, and a line says how much."""

LAST_LINES: Final = 25
"""Of these, lines from the end."""

_WITHIN_PACKET: Final = {"SYN": 0, "SYN-ACK": 0, "ACK": 0, "FIN": 3, "RST": 3}
"""Octets come before the FIN that the same packet carries."""


def timeline(facts: Facts) -> list[TimelineLine]:
    """The lines of a connection."""
    entries = sorted([*tcp_lines(facts), *message_lines(facts)], key=_order)
    _set_phases(entries, facts)
    return [_line(entry, facts) for entry in _bounded(_folded(entries))]


def _order(entry: Entry) -> int:
    return 4 * entry.packet + _WITHIN_PACKET.get(entry.kind, 1)


def _line(entry: Entry, facts: Facts) -> TimelineLine:
    if entry.kind == LEFT_OUT:
        text = f"... {count(entry.count, 'more event')} left out"
    elif entry.message is not None and facts.session is not None:
        text = entry_words(entry, facts.session)
    else:
        text = entry.text
    return TimelineLine(
        entry.ts_ns,
        entry.packet,
        facts.number,
        entry.side,
        entry.kind,
        text,
        entry.phase,
        entry.last_packet,
        entry.count,
        entry.closing,
    )


def _set_phases(entries: list[Entry], facts: Facts) -> None:
    """Give every entry the phase that its packet falls in."""
    first_data = min((at.packet for at in (facts.client.first, facts.server.first) if at is not None), default=None)
    ready = facts.session.milestones["ready"] if facts.session is not None and facts.speaks else None
    ready_packet = int(ready.packet) if ready is not None and ready.reached else None
    done = _done(facts)
    closing = False
    for entry in entries:
        packet = entry.packet
        closing = closing or entry.closing
        if done is not None and packet > done:
            entry.phase = "after"
        elif closing and facts.closer:
            entry.phase = "close"
        elif first_data is None or packet < first_data:
            entry.phase = "connect"
        elif not facts.speaks:
            entry.phase = "data"
        elif ready_packet is not None and packet > ready_packet:
            entry.phase = "session"
        else:
            entry.phase = "session" if facts.stage == "midstream" else "handshake"


def _done(facts: Facts) -> int | None:
    """The packet with which both directions were closed and acknowledged, or the valid RST; None before that."""
    if facts.kind == "RST":
        return facts.close.packet if facts.close is not None else None
    acked = [end.fin_acked_at.packet for end in facts.ends if end.fin_acked_at is not None]
    resets = [end.rst.packet for end in facts.ends if end.rst is not None]
    if len(acked) == len(facts.ends):
        return min(max(acked), *resets) if resets else max(acked)
    return None


def _folded(entries: list[Entry]) -> list[Entry]:
    """Merge neighbours that are alike."""
    out: list[Entry] = []
    for entry in entries:
        if out and out[-1].alike(entry):
            out[-1].fold(entry)
        else:
            out.append(entry)
    return out


def _bounded(entries: list[Entry]) -> list[Entry]:
    """At most LINES: the first and the last of them, and between them one that counts what is left out.

    What the session or the connection did not keep is where it breaks off, if it does; a close is never left out.
    """
    gaps = [index for index, entry in enumerate(entries) if entry.kind == LEFT_OUT]
    if len(entries) <= LINES and len(gaps) < 2:
        return entries
    first = LINES - LAST_LINES - 1
    head = entries[: min([first, *gaps])]
    tail = entries[max([len(entries) - LAST_LINES, *(index + 1 for index in gaps)]) :]
    middle = entries[len(head) : len(entries) - len(tail)]
    dropped = [entry for entry in middle if not entry.closing]
    if not dropped:
        return entries
    left_out = Entry(dropped[0].ts_ns, dropped[0].packet, "", LEFT_OUT, "")
    left_out.phase = dropped[0].phase
    left_out.last_packet = dropped[-1].last_packet
    left_out.count = sum(entry.count for entry in dropped)
    kept = sorted([left_out, *(entry for entry in middle if entry.closing)], key=_order)
    return [*head, *kept, *tail]
