"""Silence: a session in which nothing was said for minutes, and whose next message was met with a RST.

In: Facts. Out: when it fell silent, for how long, and what ended that; whether a host had not even the hello's
answer, or startApi.
"""

from typing import Final

from capanalyze.tcp.sequence import distance
from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.last_words import last_speaker, last_word, messages_before_close
from capanalyze.timeline.without_acks import lacks_acks
from capanalyze.timeline.words import MINUTE, SECOND
from capanalyze.tws.message import START_API

IDLE: Final = 5 * MINUTE
"""Time-outs of what lies between are of 5, 15 and 60 minutes (failures.md 47)."""

AT_ONCE: Final = SECOND


def met_with_rst(facts: Facts) -> tuple[Moment, Moment, int, int] | None:
    """The last message before IDLE without one, the client's next, how long that was, and how soon the RST came."""
    speaker, word = last_speaker(facts), last_word(facts)
    if facts.kind != "RST" or facts.closer != "server" or speaker is None or speaker.name != "client" or word is None:
        return None
    wait = facts.between(word, facts.close)
    said = [*messages_before_close(facts, "client"), *messages_before_close(facts, "server")]
    before = [at for one in said if (at := moment(one.packet, one.ts_ns)) is not None and at < word]
    idle = facts.between(max(before), word) if before else None
    if (
        wait is None
        or wait > AT_ONCE
        or idle is None
        or idle < IDLE
        or kept_alive(facts, max(before).packet, word.packet)
    ):
        return None
    return max(before), word, idle, wait


def kept_alive(facts: Facts, first: int, last: int) -> bool:
    """Whether a keep-alive was, or may have been, answered between two packets: a Note has room for so many only."""
    notes = [note for side in ("client", "server") if (note := facts.note("keep_alive_ack", side)) is not None]
    return any(
        note.count > len(note.packets) or any(first < packet < last for packet in note.packets) for note in notes
    )


def answer_unheard(facts: Facts) -> bool:
    """Whether the client's host had not acknowledged the answer to the hello, to the end or when the client closed.

    What the client's FIN or RST acknowledges is what it had received then, wherever that was captured.
    """
    head = facts.session.head if facts.session is not None else ()
    answer = next((one for one in head if not one.from_client and one.encoding == "hello"), None)
    side, close = facts.server.side, facts.connection.close
    if answer is None or side.acked_rel < 0 or lacks_acks(facts, "client"):
        return False
    heard = int(side.acked_rel)
    if facts.closer == "client" and close is not None:
        told = close.ack if close.kind == "RST" else facts.client.side.parting.fin_ack
        heard = min(heard, side.next_rel + distance(told, side.next_seq)) if told >= 0 else heard
    return heard <= answer.offset


def start_unheard(facts: Facts) -> bool:
    """Whether the gateway's host has not even acknowledged startApi, so that nothing is known of the program on it."""
    head = facts.session.head if facts.session is not None else ()
    start = next((one for one in head if one.from_client and one.id == START_API), None)
    unheard = start is not None and 0 <= facts.client.side.acked_rel <= start.offset
    return unheard and (facts.note("retransmission", "client") is not None or not lacks_acks(facts, "server"))
