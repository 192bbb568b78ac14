"""Hypothesis strategies for captures."""

from __future__ import annotations

import random
from functools import cache
from itertools import pairwise
from pathlib import Path

from hypothesis import strategies as st

from tests.conversation import ACK, FIN, MASK, PSH, Conversation, Packet

ROOT = Path(__file__).parents[1]

numbers = st.integers(0, MASK)
"""A 32-bit number: sequence numbers wrap wherever it lies."""

near_wrap = st.one_of(numbers, st.integers(MASK - 3000, MASK))
"""A 32-bit number, often one just before the wrap."""


@st.composite
def cuts(draw: st.DrawFn, octets: bytes) -> list[tuple[int, int]]:
    """Ranges that cover the octets, in order, and some that repeat or overlap them."""
    if not octets:
        return []
    marks = draw(st.lists(st.integers(1, len(octets)), max_size=12))
    edges = sorted({0, len(octets), *marks})
    ranges = list(pairwise(edges))
    for _ in range(draw(st.integers(0, 5))):
        start = draw(st.integers(0, len(octets) - 1))
        ranges.append((start, draw(st.integers(start + 1, len(octets)))))
    return ranges


@st.composite
def shuffled_streams(draw: st.DrawFn) -> tuple[bytes, bool, list[Packet]]:
    """What a client said, whether it closed, and a capture of it: handshake, then its segments in any order."""
    said = draw(st.binary(max_size=2000))
    talk = Conversation(client_isn=draw(near_wrap), server_isn=draw(near_wrap)).open()
    first = (talk.client.isn + 1) & MASK
    for start, end in draw(cuts(said)):
        talk.client.segment(ACK | PSH, said[start:end], seq=first + start)
    closed = draw(st.booleans())
    if closed:
        talk.client.segment(ACK | FIN, seq=first + len(said))
    tail = draw(st.permutations(talk.packets[3:]))
    return said, closed, talk.packets[:3] + tail


@st.composite
def dialogues(draw: st.DrawFn, resets: bool = True) -> Conversation:
    """A conversation that obeys TCP: payload both ways, acknowledgements, and some way to end."""
    talk = Conversation(client_isn=draw(near_wrap), server_isn=draw(near_wrap)).open()
    for _ in range(draw(st.integers(0, 8))):
        end = draw(st.sampled_from((talk.client, talk.server)))
        end.data(draw(st.binary(min_size=2, max_size=300)))
        if draw(st.booleans()):
            end.peer.ack()
    endings = ["open", "client fin", "server fin", "both", "half", *(["client rst", "server rst"] if resets else [])]
    ending = draw(st.sampled_from(endings))
    closer, other = (talk.client, talk.server) if ending[0] in "cbh" else (talk.server, talk.client)
    if ending.endswith("fin"):
        closer.fin()
        other.fin()
        closer.ack()
    elif ending == "both":
        closer.fin(undelivered=True)
        other.fin(undelivered=True)
    elif ending == "half":
        closer.fin()
        other.data(b"half-closed")
    elif ending.endswith("rst"):
        closer.rst()
    return talk


@cache
def valid_captures() -> tuple[bytes, ...]:
    """The smaller recordings and scored captures of this repository, as octets."""
    cases = ROOT / "tests" / "cases"
    names = [*sorted((ROOT / "captures").glob("*.pcapng")), *sorted(cases.glob("crafted/*.pcap*"))]
    return tuple(path.read_bytes() for path in names if 100 < path.stat().st_size < 20_000 and path.suffix != ".gz")


MUTATIONS = ("octet", "octet", "bit", "bit", "word", "cut", "again", "end")
WORDS = (b"\0\0\0\0", b"\xff\xff\xff\xff", b"\x80\0\0\0", b"\0\0\0\x01")


def mutated(capture: bytes, chance: random.Random) -> bytes:
    """A capture with octets changed, a piece cut out or put in twice, or its end missing, anywhere in it alike."""
    octets = bytearray(capture)
    for kind in chance.choices(MUTATIONS, k=chance.randint(1, 4)):
        at = chance.randrange(len(octets))
        if kind == "octet":
            octets[at] = chance.randrange(256)
        elif kind == "bit":
            octets[at] ^= 1 << chance.randrange(8)
        elif kind == "word":
            octets[at : at + 4] = chance.choice(WORDS)
        elif kind == "cut":
            del octets[at : at + chance.randint(1, 64)]
        elif kind == "again":
            octets[at:at] = octets[at : at + chance.randint(1, 200)]
        else:
            del octets[at:]
        if not octets:
            break
    return bytes(octets)


@st.composite
def mutated_captures(draw: st.DrawFn) -> bytes:
    """A valid capture of this repository, mutated."""
    return mutated(draw(st.sampled_from(valid_captures())), random.Random(draw(st.integers(0, 2**32))))
