"""Octets read as what the ends of connections do: whatever they are, the capture is one of TCP and mostly in order.

A fuzzer that changes octets of a file breaks its headers and numbers long before it reaches the TWS messages in it.
Here it changes what is said, by whom, and what becomes of the segments.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum, auto
from unittest import mock

from capanalyze.capture import files
from capanalyze.tcp import table
from tests.conversation import CLIENT_PORT, FIN, RST, SERVER_PORT, SYN, Conversation, End, Packet, pcap
from tests.retold import PORTS, Frame, head

BESIDE = 4
"""Connections that a story may have at a time."""

TOLD = (500, 500, 1, 0)
"""Connections that may be told in full."""

READ = (1 << 20, 2000)
"""Octets that are read at a time."""

SNAPLENS = (262144, 262144, 96, 74)

HEAD = struct.Struct(">BH")
"""Of a step: its kind with the end in the lowest bit, and how many octets follow."""

ODD = struct.Struct(">BhhH")
"""Of an odd segment: flags, how far its numbers are from those that would be next, and its window."""


class Step(IntEnum):
    """What an end does, or what becomes of what was captured last."""

    DATA = 0
    ACK = auto()
    FIN = auto()
    RST = auto()
    UNSEEN = auto()
    UNDELIVERED = auto()
    ODD = auto()
    WAIT = auto()
    SWAP = auto()
    REUSE = auto()
    SWITCH = auto()


def written(step: Step, server: bool, octets: bytes = b"") -> bytes:
    """A step of a story."""
    return HEAD.pack(step << 1 | server, len(octets)) + octets


def do(step: Step, end: End, octets: bytes) -> Conversation:
    """Take a step; the conversation that goes on."""
    talk = end.talk
    match step:
        case Step.DATA:
            end.data(octets)
        case Step.ACK:
            end.ack()
        case Step.FIN:
            end.fin(octets)
        case Step.RST:
            end.rst(payload=octets)
        case Step.UNSEEN:
            end.data(octets, unseen=True)
        case Step.UNDELIVERED:
            end.data(octets, undelivered=True)
        case Step.ODD:
            odd(end, octets)
        case Step.WAIT:
            talk.after(int.from_bytes(octets[:2]) / 100)
        case Step.SWAP:
            pair = talk.packets[-2:]
            if len({packet.source for packet in pair}) == 2:  # else one may be taken for a copy of the other
                talk.packets[-2:] = reversed(pair)
        case Step.REUSE:
            numbers = [int.from_bytes(octets[place : place + 4]) for place in (0, 4)]
            return talk.reuse(*numbers).open()
    return talk


def odd(end: End, octets: bytes) -> None:
    """A segment with any flags, numbers near those that would be next, and any window."""
    flags, seq, ack, window = ODD.unpack(octets[: ODD.size].ljust(ODD.size, b"\0"))
    known = end.received or 0
    end.segment(flags & 0x3F, octets[ODD.size :], seq=end.next + seq, ack=known + ack, window=window)


@contextmanager
def limits(data: bytes) -> Iterator[None]:
    """A story is read in pieces, and few of its connections are told in full, as its first octet says."""
    like = data[0] if data else 0
    told = TOLD[like >> 5 & 3]
    with mock.patch.multiple(table, TOLD_IN_FULL=told, FIRST=told), mock.patch.object(files, "READ", READ[like >> 7]):
        yield


def story(data: bytes) -> bytes:
    """A capture: the first octet says what it is like and how it begins; steps of a head and so many octets follow."""
    like = data[0] if data else 0
    host = "::1" if like & 8 else "127.0.0.1"
    packets: list[Packet] = []
    talks = [
        Conversation((host, CLIENT_PORT + number), (host, SERVER_PORT), vlans=(7,) if like & 4 else (), packets=packets)
        for number in range(BESIDE)
    ]
    at = 0
    begin(talks[at], like)
    stream = io.BytesIO(data[1:])
    while len(raw := stream.read(HEAD.size)) == HEAD.size:
        kind, length = HEAD.unpack(raw)
        octets = stream.read(length % 2048)
        step = Step((kind >> 1) % len(Step))
        if step is Step.SWITCH:
            clock, at = talks[at].clock, (octets[0] if octets else 0) % BESIDE
            talks[at].clock = clock
            begin(talks[at], like)
        else:
            talks[at] = do(step, talks[at].server if kind & 1 else talks[at].client, octets)
    return pcap(packets, snaplen=SNAPLENS[like & 3])


def begin(talk: Conversation, like: int) -> None:
    """A connection opens, unless it has; or it is open when the capture begins."""
    if talk.client.received is not None:
        return
    if like & 16:
        talk.established().client.ack()
    else:
        talk.open()


def told(frames: Iterable[Frame]) -> bytes:
    """The story of a capture, as far as this has words for it."""
    steps = [b"\0"]
    for frame in frames:
        of = head(frame.octets)
        octets = frame.octets[of.payload : of.end]
        step = Step.RST if of.flags & RST else Step.FIN if of.flags & FIN else Step.DATA if octets else Step.ACK
        if not of.flags & SYN:
            steps.append(written(step, of.flow[1] in PORTS, octets))
    return b"".join(steps)
