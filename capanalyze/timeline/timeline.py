"""Timeline: the story of one connection, a line for each event.

In: Facts (TCP events of the connection, messages of its session). Out: TimelineLines in packet order, repeats
folded, at most LINES of them. Messages stand for the segments that carried them; octets that are no message,
retransmissions, windows, FINs and RSTs have lines of their own.
"""

from collections.abc import Sequence
from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.lines import LEFT_OUT, TimelineLine
from capanalyze.timeline.message_lines import message_lines
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
    lines = sorted([*tcp_lines(facts), *message_lines(facts)], key=_order)
    return _bounded(_folded(lines, _phases(lines, facts)))


def _order(line: TimelineLine) -> int:
    return 4 * line.packet + _WITHIN_PACKET.get(line.kind, 1)


def _phases(lines: Sequence[TimelineLine], facts: Facts) -> list[str]:
    """The phase that the packet of each line falls in."""
    first_data = min((at.packet for at in (facts.client.first, facts.server.first) if at is not None), default=None)
    ready = facts.session.milestones["ready"] if facts.session is not None and facts.speaks else None
    ready_packet = int(ready.packet) if ready is not None and ready.reached else None
    done = _done(facts)
    closing = False
    out: list[str] = []
    for line in lines:
        packet = line.packet
        closing = closing or line.closing
        if done is not None and packet > done:
            phase = "after"
        elif closing and facts.closer:
            phase = "close"
        elif first_data is None or packet < first_data:
            phase = "connect"
        elif not facts.speaks:
            phase = "data"
        elif ready_packet is not None and packet > ready_packet:
            phase = "session"
        else:
            phase = "session" if facts.stage == "midstream" else "handshake"
        out.append(phase)
    return out


def _done(facts: Facts) -> int | None:
    """The packet with which both directions were closed and acknowledged, or the valid RST; None before that."""
    if facts.kind == "RST":
        return facts.close.packet if facts.close is not None else None
    acked = [end.fin_acked_at.packet for end in (facts.client, facts.server) if end.fin_acked_at is not None]
    resets = [end.rst.packet for end in (facts.client, facts.server) if end.rst is not None]
    if len(acked) == 2:
        return min(max(acked), *resets) if resets else max(acked)
    return None


def _folded(lines: Sequence[TimelineLine], phases: Sequence[str]) -> list[TimelineLine]:
    """Give every line its phase, and merge neighbours that are alike: the first, as many times, up to the last."""
    out: list[TimelineLine] = []
    gists = [_gist(line) for line in lines]
    start = 0
    while start < len(lines):
        first, phase, gist = lines[start], phases[start], gists[start]
        end, number, text = start + 1, first.count, first.text
        while end < len(lines) and gists[end] == gist and phases[end] == phase and _alike(first, lines[end]):
            number += lines[end].count
            text = text if text == lines[end].text else gist
            end += 1
        side, kind, last = first.side, first.kind, lines[end - 1].last_packet
        at = first.ts_ns, first.packet, first.conn
        out.append(TimelineLine(*at, side, kind, text, phase, last, number, first.closing))
        start = end
    return out


def _gist(line: TimelineLine) -> str:
    """What neighbours share: what they say, or the name of messages; but an error's code is what matters."""
    if line.kind != "message":
        return line.text
    name = line.text.split(" ", 1)[0]
    return line.text if name == "error" else name


def _alike(first: TimelineLine, line: TimelineLine) -> bool:
    return first.side == line.side and first.kind == line.kind and not first.closing and not line.closing


def _bounded(lines: list[TimelineLine]) -> list[TimelineLine]:
    """At most LINES: the first and the last of them, and between them one line that counts what is left out.

    What the session or the connection did not keep is where it breaks off, if it does; a close is never left out.
    """
    gaps = [index for index, line in enumerate(lines) if line.kind == LEFT_OUT]
    if len(lines) <= LINES and len(gaps) < 2:
        return [_counted(line) if line.kind == LEFT_OUT else line for line in lines]
    first = LINES - LAST_LINES - 1
    head = lines[: min([first, *gaps])]
    tail = lines[max([len(lines) - LAST_LINES, *(index + 1 for index in gaps)]) :]
    middle = lines[len(head) : len(lines) - len(tail)]
    dropped = [line for line in middle if not line.closing]
    events = sum(line.count for line in dropped)
    left_out = dropped[0]._replace(
        side="", kind=LEFT_OUT, last_packet=dropped[-1].last_packet, count=events, closing=False
    )
    return [*head, _counted(left_out), *(line for line in middle if line.closing), *tail]


def _counted(line: TimelineLine) -> TimelineLine:
    return line._replace(text=f"... {count(line.count, 'more event')} left out")
