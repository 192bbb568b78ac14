"""A small TCP: what an end does with a segment that reaches it (RFC 9293 3.10), with the ways of real systems.

In: an End and a segment. Out: the End after it, and what it answers. Numbers count from the SYN, which is 0, so that
octets begin at 1. A helper of the tests, not a test.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from tests.conversation import ACK, FIN, PSH, RST, SYN

CLIENT, SERVER = "client", "server"
ENDS: Final = (CLIENT, SERVER)

OCTETS: Final = 17
"""What an end says: a client's hello is as long, and the shortest answer of a gateway's may be."""

OPEN: Final = ""
"""The stage of an end that is synchronized (RFC 9293 3.3.2); before that it is one of these."""

CLOSED, LISTEN, SYN_SENT, SYN_RECEIVED = "CLOSED", "LISTEN", "SYN_SENT", "SYN_RECEIVED"

ACCEPTS, REFUSES, IGNORES, IS_FULL, ABORTS = "accepts", "refuses", "ignores", "is full", "aborts"
"""What a listening host does with who asks. It answers a SYN with a RST, or not at all. Or its queue is full by the
time of the last ACK: Linux ignores that, and with tcp_abort_on_overflow answers it with a RST."""


@dataclass(frozen=True)
class Sent:
    """A segment; a SYN and a FIN count as an octet."""

    sender: str
    flags: int
    seq: int
    ack: int
    length: int = 0

    @property
    def end(self) -> int:
        """The number behind it."""
        return self.seq + self.length + bool(self.flags & SYN) + bool(self.flags & FIN)


Tape = tuple[Sent, ...]


@dataclass(frozen=True)
class End:
    """One end: what it sent, what it received, and what its program has done."""

    stage: str = OPEN
    sent: int = 1
    received: int = 1
    unacknowledged: Tape = ()
    early: Tape = ()
    spoken: bool = False
    act: str = ""  # "FIN" or "RST"
    knew: bool = False  # the other end's act had arrived before
    told: bool = False  # it has arrived by now
    gone: bool = False  # the socket is
    again: bool = False
    listener: str = ""  # what the host does with who asks
    retries: int = 0  # how often a refused SYN is sent again (Windows)
    was_open: bool = True  # it has been synchronized, with the connection that the client asked for
    refused: bool = False  # it answered a SYN with a RST; of who asked: that ended its connection
    heard: bool = False  # the other end's octets have arrived

    @property
    def state(self) -> str:
        """The state of its socket (RFC 9293 3.3.2)."""
        acknowledged = not any(sent.flags & FIN for sent in self.unacknowledged)
        if self.gone or self.stage == LISTEN:
            return CLOSED
        if self.stage:
            return self.stage
        if not self.act:
            return "CLOSE_WAIT" if self.told else "ESTABLISHED"
        if self.knew:
            return CLOSED if acknowledged else "LAST_ACK"
        if self.told:
            return "TIME_WAIT" if acknowledged else "CLOSING"
        return "FIN_WAIT_2" if acknowledged else "FIN_WAIT_1"


Answered = tuple[End, Tape]
"""An end after it has received a segment, and what it sends at once."""


def speaks(end: End, name: str) -> Answered:
    """Its program says something."""
    return _keeps(replace(end, spoken=True), Sent(name, ACK | PSH, end.sent, end.received, OCTETS))


def closes(end: End, name: str, *, speaking: bool = False) -> Answered:
    """Its program closes, with or without last words."""
    flags, length = (ACK | PSH | FIN, OCTETS) if speaking else (ACK | FIN, 0)
    changed = replace(end, act="FIN", knew=end.told, spoken=end.spoken or speaking)
    return _keeps(changed, Sent(name, flags, end.sent, end.received, length))


def aborts(end: End, name: str) -> Answered:
    """Its program gives up; who has no connection yet does it without a word (RFC 9293 3.10.5)."""
    if end.stage == SYN_SENT:
        return replace(end, act="RST", gone=True), ()
    reset = Sent(name, ACK | RST, end.sent, end.received)
    return replace(end, act="RST", knew=end.told, gone=True), (reset,)


def asks(end: End, name: str) -> Answered:
    """Its program connects."""
    return _keeps(replace(end, stage=SYN_SENT, sent=0, received=0), Sent(name, SYN, 0, 0))


def asks_again(end: End) -> Answered:
    """It sends the oldest segment again that is not acknowledged."""
    first = end.unacknowledged[0]
    again = replace(first, ack=end.received) if first.flags & ACK else first
    return replace(end, again=True), (again,)


def _keeps(end: End, sent: Sent) -> Answered:
    return replace(end, sent=sent.end, unacknowledged=(*end.unacknowledged, sent)), (sent,)


def receives(end: End, name: str, sent: Sent) -> Answered:
    """What an end does with a segment."""
    if end.stage:
        end = replace(end, again=False)
    if end.gone or end.stage == CLOSED:
        return end, _unknown(name, sent)
    if end.stage == LISTEN:
        return _listens(end, name, sent)
    if end.stage == SYN_SENT:
        return _asked(end, name, sent)
    return _synchronized(end, name, sent)


def _unknown(name: str, sent: Sent) -> Tape:
    """The answer to a segment of a connection that is not there (RFC 9293 3.10.7.1)."""
    if sent.flags & RST:
        return ()
    return (Sent(name, RST, sent.ack, 0) if sent.flags & ACK else Sent(name, RST | ACK, 0, sent.end),)


def _listens(end: End, name: str, sent: Sent) -> Answered:
    """LISTEN, with or without a program behind it (RFC 9293 3.10.7.2)."""
    if sent.flags & (RST | ACK) or not sent.flags & SYN:
        return end, _unknown(name, sent)
    if end.listener == REFUSES:
        return replace(end, refused=True), _unknown(name, sent)
    if end.listener == IGNORES:
        return end, ()
    following = replace(end, stage=SYN_RECEIVED, sent=0, received=sent.end)
    return _keeps(following, Sent(name, SYN | ACK, 0, sent.end))


def _asked(end: End, name: str, sent: Sent) -> Answered:
    """SYN_SENT (RFC 9293 3.10.7.3)."""
    fits = bool(sent.flags & ACK) and sent.ack == end.sent
    if sent.flags & ACK and not fits:
        return end, _unknown(name, sent)
    if sent.flags & RST:
        if not fits:
            return end, ()
        if end.retries:
            return replace(end, retries=end.retries - 1, again=False), ()
        return replace(end, gone=True, refused=True), ()
    if not sent.flags & SYN:
        return end, ()
    if fits:
        opened = replace(end, stage=OPEN, received=sent.end, unacknowledged=(), was_open=True)
        return opened, (Sent(name, ACK, end.sent, sent.end),)
    answer = Sent(name, SYN | ACK, 0, sent.end)
    return replace(end, stage=SYN_RECEIVED, received=sent.end, unacknowledged=(answer,)), (answer,)


def _synchronized(end: End, name: str, sent: Sent) -> Answered:
    """SYN_RECEIVED and all that comes after it (RFC 9293 3.10.7.4)."""
    if sent.flags & RST:
        challenge = Sent(name, ACK, end.sent, end.received)
        return _reset(end, sent), (challenge,) if sent.seq > end.received else ()  # RFC 5961 3.2
    if sent.flags & SYN:
        return _asked_again(end, name, sent)
    if end.stage == SYN_RECEIVED:
        if end.listener == IS_FULL:
            return end, ()
        if end.listener == ABORTS:
            return replace(end, gone=True, act="RST"), (Sent(name, RST, sent.ack, 0),)
        end = replace(end, stage=OPEN, was_open=True)
    end = replace(end, unacknowledged=tuple(one for one in end.unacknowledged if one.end > sent.ack))
    if sent.length and sent.end > end.received and end.act:  # nobody will read that
        return replace(end, gone=True), (Sent(name, RST, sent.ack, 0),)
    if not sent.length and not sent.flags & FIN:
        return end, ()
    end = in_order(end, sent)
    return end, (Sent(name, ACK, end.sent, end.received),)


def _reset(end: End, sent: Sent) -> End:
    """After a RST; whose connection of before ends listens again."""
    if sent.seq != end.received:
        return end
    if end.listener and not end.was_open:
        return replace(end, stage=LISTEN, sent=0, received=0, unacknowledged=())
    return replace(end, gone=True, told=True)


def _asked_again(end: End, name: str, sent: Sent) -> Answered:
    """A SYN where none is expected: the SYN-ACK once more, or an ACK that tells what is (RFC 5961 4.2)."""
    if end.stage == SYN_RECEIVED and sent.seq == end.received - 1:
        if not sent.flags & ACK:
            return end, (Sent(name, SYN | ACK, 0, end.received),)
        if sent.ack == end.sent:  # both had asked
            return replace(end, stage=OPEN, was_open=True, unacknowledged=()), ()
    return end, (Sent(name, ACK, end.sent, end.received),)


def in_order(end: End, sent: Sent) -> End:
    """What an end has received, with one more segment, which may fill a hole."""
    received, told, heard = end.received, end.told, end.heard
    early: Iterable[Sent] = sorted((*end.early, sent), key=lambda one: one.seq)
    for one in early:
        if one.seq <= received < one.end:
            received, told, heard = one.end, told or bool(one.flags & FIN), heard or bool(one.length)
    early = tuple(one for one in early if one.seq > received)
    return replace(end, received=received, told=told, heard=heard, early=early)
