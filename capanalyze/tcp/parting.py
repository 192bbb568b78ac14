"""Parting and Trouble: what of a side few connections need: how it ended, and what is odd about it.

In: the tracker's updates. Out: attributes that timeline/ and report/ read through Side (side.py).
"""

from typing import Final

from mypy_extensions import i64

END_PACKETS: Final = 100
"""FINs, RSTs and ignored RSTs whose packet numbers are kept, per side; ``*_count`` stays true. Where the connection is
counted only, the first one's."""

MAX_GAPS: Final = 100
"""Gaps described per side; of further ones the octets are counted, and what comes late for them is not found."""

GAPS_SHORT: Final = 20
"""The same of connections that are not told at length (``Connection.at_length``)."""

GAPS_IN_BRIEF: Final = 4
"""The same where the connection is counted only."""

NOWHERE: Final = -(1 << 62)
"""A position where there is none."""

NO_PACKETS: Final[list[int]] = []
"""Packet numbers where there are none: shared, never written to (``kept`` makes a list of one's own)."""


class Gap:
    """Octets of a side that the capture lacks: ``length`` octets from ``offset``.

    ``packet`` is where the stream went on, or the capture's end. ``acknowledged``: the peer got all of them
    (known when the connection is finished). What the capture held after all, further on, is no gap any more.
    """

    __slots__ = ("acknowledged", "length", "offset", "packet")

    def __init__(self, offset: i64, length: i64, packet: i64) -> None:
        self.offset: i64 = offset
        self.length: i64 = length
        self.packet: i64 = packet
        self.acknowledged: bool = False


class Held:
    """Payload that arrived ahead of a hole: relative positions ``start`` to ``end`` (``end`` by the headers)."""

    __slots__ = ("data", "end", "packet", "start", "ts_ns")

    def __init__(self, start: i64, end: i64, data: bytes, packet: i64, ts_ns: i64) -> None:
        self.start: i64 = start
        self.end: i64 = end
        self.data: bytes = data
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


NO_GAPS: Final[list[Gap]] = []
NO_HELD: Final[list[Held]] = []
"""What a side has none of: shared, never written to."""


class Behind:
    """What a host has of a side from behind a hole, as it told by selective acknowledgements (RFC 2018).

    ``start`` and ``end`` are the hole's positions, ``most`` the octets of the longest stretch that it ever had behind
    it; ``packet`` and ``ts_ns`` told of that hole first, 0 and -1 none.
    """

    __slots__ = ("end", "most", "packet", "start", "ts_ns")

    def __init__(self, start: i64, packet: i64, ts_ns: i64) -> None:
        self.start: i64 = start
        self.end: i64 = start
        self.most: i64 = 0
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns


NOTHING_BEHIND: Final = Behind(NOWHERE, 0, -1)
"""What a host has that told of nothing: shared, never written to."""


class Beyond:
    """A segment that acknowledged more of a side than the capture held, the first one of those that tell the newest.

    ``at`` is where in the peer's own stream it lies, ``open`` the same if it has no payload and no FIN, else NOWHERE.
    """

    __slots__ = ("at", "open", "packet", "ts_ns")

    def __init__(self, packet: i64, ts_ns: i64, at: i64, bare: bool) -> None:
        self.packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.at: i64 = at
        self.open: i64 = at if bare else NOWHERE


NOTHING_BEYOND: Final = Beyond(0, -1, NOWHERE, False)
"""Where nothing was acknowledged that is not captured: shared, never written to."""


class Said:
    """What a side had said last when the close came; packets are 0, the time is -1 where it had said nothing.

    ``packet`` is its last one of any kind, ``data_packet`` and ``data_ts`` are of its last octets, ``tail``.
    """

    __slots__ = ("data_packet", "data_ts", "packet", "tail")

    def __init__(self, packet: i64, data_packet: i64, data_ts: i64, tail: bytes) -> None:
        self.packet: i64 = packet
        self.data_packet: i64 = data_packet
        self.data_ts: i64 = data_ts
        self.tail: bytes = tail


NOT_KEPT: Final = Said(0, 0, -1, b"")
"""What a side had said of which that is not told: shared, never written to."""


class Parting:
    """How a side ended: its FINs and RSTs, and what it had said before the connection's close."""

    __slots__ = (
        "closed",
        "fin_ack",
        "fin_acked",
        "fin_acked_at",
        "fin_acked_open",
        "fin_acked_packet",
        "fin_acked_ts",
        "fin_again",
        "fin_count",
        "fin_inferred",
        "fin_late",
        "fin_packets",
        "fin_received",
        "fin_rel",
        "fin_ts",
        "last_fin",
        "last_rst",
        "rst_ack",
        "rst_count",
        "rst_packets",
        "said",
    )

    def __init__(self) -> None:
        self.closed: bool = False  # it sent a FIN, captured or inferred
        self.fin_rel: i64 = NOWHERE  # the FIN's position
        self.fin_ts: i64 = -1  # time of the copy captured first
        self.fin_ack: i64 = -1  # the acknowledgement number in the copy sent first: the lowest; -1 none
        self.fin_received: i64 = -1  # up to where that copy tells that anything had come (Segment.received)
        self.fin_packets: list[int] = NO_PACKETS  # retransmissions and copies included, the first END_PACKETS
        self.fin_count: i64 = 0  # how many there are
        self.fin_again: i64 = 0  # the first packet that is no copy and repeats the FIN; 0 none
        self.fin_inferred: bool = False  # the FIN is known by its acknowledgement alone
        # the peer acknowledged the FIN
        self.fin_acked: bool = False
        self.fin_acked_packet: i64 = 0  # in this packet; 0: before the FIN, or not captured
        self.fin_acked_ts: i64 = -1
        self.fin_acked_at: i64 = NOWHERE  # where in the peer's own stream that segment lies
        self.fin_acked_open: i64 = NOWHERE  # the lowest place of those that do so, or tell that it lies behind a hole,
        # without payload and FIN
        self.fin_late: bool = False  # the FIN was captured after its acknowledgement
        self.rst_packets: list[int] = NO_PACKETS  # as fin_packets
        self.rst_count: i64 = 0
        self.rst_ack: i64 = -1  # the acknowledgement number of the newest RST; -1 none
        self.said: Said = NOT_KEPT  # before the connection's close
        # sequence numbers of the newest FIN and RST, for Zeek's history
        self.last_fin: i64 = -1
        self.last_rst: i64 = -1


class Trouble:
    """What is odd about a side: holes, what waits for them to be filled, numbers that are not sure."""

    __slots__ = (
        "acked_hole",
        "ahead",
        "ahead_ack",
        "ahead_sure",
        "behind",
        "beyond",
        "cut",
        "duplicate_ack",
        "duplicate_acks",
        "elsewhere",
        "former_isn",
        "gap_octets_left_out",
        "gaps",
        "gaps_left_out",
        "held",
        "held_octets",
        "hidden_at",
        "hole_at",
        "holes",
        "leapt_from",
        "leapt_over",
        "missing",
        "most_gaps",
        "overtaken",
        "probe",
        "skipped",
        "stale_ack",
        "tail_to_hole",
        "told",
        "told_unseen",
        "unsure",
        "untaken",
        "zero_windows",
    )

    def __init__(self) -> None:
        # holes: octets of its stream that were not captured, or not yet
        self.held: list[Held] = NO_HELD  # segments from beyond the first hole, which wait for it to be filled
        self.held_octets: i64 = 0
        self.acked_hole: i64 = 0  # segments it sent since the peer acknowledged beyond that hole, and 1; 0: it did not
        self.gaps: list[Gap] = NO_GAPS  # holes that were given up, in stream order, the first ``most_gaps`` found
        self.most_gaps: i64 = MAX_GAPS
        self.gaps_left_out: i64 = 0
        self.gap_octets_left_out: i64 = 0
        self.missing: i64 = 0  # octets that the peer acknowledged and the capture lacks; known at the end
        self.cut: i64 = 0  # octets of captured segments that a short snapshot length left out
        self.overtaken: i64 = 0  # the newest packet whose octets were captured after their acknowledgement; 0 none
        self.skipped: bool = False  # its numbers were moved on past a large acknowledged hole; nothing came since
        self.tail_to_hole: bytes = b""  # the last octets that it sent before its newest hole, or before a cut
        self.untaken: i64 = 0  # the newest packet with its SYN-ACK after that had been acknowledged; 0 none
        # its end, where that is known to lie beyond what was captured
        self.hidden_at: i64 = NOWHERE  # where its captured octets end, if it sent more
        self.ahead: i64 = NOWHERE  # the highest position of its own segments without payload beyond its octets,
        self.ahead_ack: i64 = -1  # what that segment acknowledged; -1 nothing
        self.ahead_sure: i64 = NOWHERE  # the same of one that is no keep-alive
        # where its numbers begin
        self.elsewhere: i64 = -1  # what its newest segment acknowledged that is of an older connection; -1 none
        self.former_isn: i64 = -1  # of a SYN-ACK before the newest one, which has another number; -1 none
        self.told: i64 = -1  # what the peer's SYN-ACK acknowledged, where the SYN was not captured before it; -1 none
        self.unsure: bool = False  # they rest on a segment without payload, perhaps a keep-alive
        self.beyond: Beyond = NOTHING_BEYOND  # who acknowledged first what is beyond what the capture holds
        self.behind: Behind = NOTHING_BEHIND  # what the peer's host told last that it has from behind a hole
        self.told_unseen: i64 = NOWHERE  # the newest number it had acknowledged when ack_lost_segment was noted
        # an acknowledgement of more than was captured, which may yet be belied (leap.py): up to where
        self.leapt_from: i64 = NOWHERE  # it had been acknowledged,
        self.leapt_over: i64 = 0  # and captured before
        # what the next segments are compared with (analysis.py)
        self.probe: str = ""  # its keep-alive or zero-window probe, which the peer has to answer
        self.duplicate_ack: i64 = -1  # the acknowledgement number that it repeated last,
        self.duplicate_acks: i64 = 0  # and how often
        self.stale_ack: i64 = -1  # of its newest packet, where an older packet had a newer one; else -1
        # for Zeek's history (zeek.py): how many w and g there are, and where the newest hole is
        self.zero_windows: i64 = 0
        self.holes: i64 = 0
        self.hole_at: i64 = NOWHERE


OPEN: Final = Parting()
"""The Parting of every side that has not closed: never written to."""

SMOOTH: Final = Trouble()
"""The Trouble of every side that has none: never written to."""


def kept(packets: list[int], packet: i64, detail: bool) -> list[int]:
    """The packet numbers with one more, while there is room; ``detail``: the connection is told in full."""
    if packets is NO_PACKETS:
        return [packet]
    if detail and len(packets) < END_PACKETS:
        packets.append(packet)
    return packets
