"""Octets read as what two ends do: whatever they are, the capture is one of TCP and mostly in order.

A fuzzer that changes octets of a file breaks its headers and numbers long before it reaches the TWS messages in it.
Here it changes what is said, by whom, and what becomes of the segments.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterable

from tests.conversation import CLIENT_PORT, FIN, RST, SERVER_PORT, SYN, Conversation, End
from tests.retold import PORTS, Frame, head

DATA, ACKNOWLEDGE, CLOSE, RESET, KINDS = 0, 1, 2, 3, 10

SNAPLENS = (262144, 262144, 96, 74)

HEAD = struct.Struct(">BH")
ODD = struct.Struct(">BhhH")


def step(kind: int, end: End, octets: bytes) -> Conversation:
    """One thing that an end does, or that becomes of what was captured last; and the conversation that goes on."""
    talk = end.talk
    match kind:
        case 0:
            end.data(octets)
        case 1:
            end.ack()
        case 2:
            end.fin(octets)
        case 3:
            end.rst(payload=octets)
        case 4:
            end.data(octets, unseen=True)
        case 5:
            end.data(octets, undelivered=True)
        case 6:
            odd(end, octets)
        case 7:
            talk.after(int.from_bytes(octets[:2]) / 100)
        case 8:
            if any(packet.payload for packet in talk.packets[-2:]):  # else one is taken for a copy of the other
                talk.packets[-2:] = talk.packets[:-3:-1]
        case _:
            numbers = [int.from_bytes(octets[place : place + 4]) for place in (0, 4)]
            return talk.reuse(*numbers).open()
    return talk


def odd(end: End, octets: bytes) -> None:
    """A segment with any flags, numbers near those that would be next, and any window."""
    flags, seq, ack, window = ODD.unpack(octets[: ODD.size].ljust(ODD.size, b"\0"))
    known = end.received or 0
    end.segment(flags & 0x3F, octets[ODD.size :], seq=end.next + seq, ack=known + ack, window=window)


def story(data: bytes) -> bytes:
    """A capture: the first octet says what it is like and how it begins; steps of a head and so many octets follow."""
    like = data[0] if data else 0
    host = "::1" if like & 8 else "127.0.0.1"
    talk = Conversation((host, CLIENT_PORT), (host, SERVER_PORT), vlans=(7,) if like & 4 else ())
    if like & 16:
        talk.established().client.ack()
    else:
        talk.open()
    stream = io.BytesIO(data[1:])
    while len(raw := stream.read(HEAD.size)) == HEAD.size:
        kind, length = HEAD.unpack(raw)
        end = talk.server if kind & 1 else talk.client
        talk = step((kind >> 1) % KINDS, end, stream.read(length % 2048))
    return talk.pcap(snaplen=SNAPLENS[like & 3])


def told(frames: Iterable[Frame]) -> bytes:
    """The story of a capture, as far as this has words for it."""
    steps = [b"\0"]
    for frame in frames:
        of = head(frame.octets)
        octets = frame.octets[of.payload : of.end]
        kind = RESET if of.flags & RST else CLOSE if of.flags & FIN else DATA if octets else ACKNOWLEDGE
        if not of.flags & SYN:
            steps += [HEAD.pack(kind << 1 | (of.flow[1] in PORTS), len(octets)), octets]
    return b"".join(steps)
