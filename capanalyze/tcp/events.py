"""Events and notes: what of a connection is worth a line, and the tcp.analysis words on its packets.

In: what notes.py puts on a packet. Out: bounded lists of them, ``Connection.events`` and ``Connection.notes``.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tcp.parting import NO_PACKETS

EVENTS: Final = 120
EVENTS_SHORT: Final = 40
"""TCP events kept per connection before the middle is left out (``events_left_out`` counts)."""

NOTE_PACKETS: Final = 100
NOTE_PACKETS_SHORT: Final = 20
"""Packet numbers kept for each note; ``count`` stays true."""

LATEST: Final = 16
"""Newest packet numbers kept beside them: a host gives up after as many retransmissions (Linux: 15) or keep-alives."""


class Event:
    """A TCP happening worth a line: its packet, time, sender and kind.

    Kinds: "SYN" "SYN-ACK" "ACK" (completes the handshake) "FIN" "RST" "data" "ICMP" (an error about the connection)
    "older" (a segment of an older connection) and the tcp.analysis words that are worth a line (notes.py). ``value``
    is the octets of "data", else 0.
    ``flag`` qualifies: a SYN, SYN-ACK or FIN that is a "retransmission"; a SYN-ACK "untaken", one that comes although
    it was acknowledged; a FIN or RST "out_of_window"; a RST "refused", "refused_before", "inexact", "ignored", "older"
    or "after_both_fins"; of "ICMP" it is what the error says and, in hex, who sent it; else "".
    ``last_packet`` and ``count`` fold repeats of the same kind, side and flag.
    """

    __slots__ = ("count", "flag", "kind", "last_packet", "packet", "side", "ts_ns", "value")

    def __init__(self, packet: i64, ts_ns: i64, side: i64, kind: str, value: i64, flag: str) -> None:
        self.packet: i64 = packet
        self.last_packet: i64 = packet
        self.ts_ns: i64 = ts_ns
        self.side: i64 = side
        self.kind: str = kind
        self.value: i64 = value
        self.flag: str = flag
        self.count: i64 = 1


class Note:
    """A Wireshark tcp.analysis word, the side whose packets carry it, and which they are: the first, the newest.

    Attributes:
        packets: the first ones. latest: the newest ones after those, at most LATEST. count: how many there are.
    """

    __slots__ = ("count", "latest", "note", "packets", "side")

    def __init__(self, note: str, side: i64) -> None:
        self.note: str = note
        self.side: i64 = side
        self.packets: list[int] = []
        self.latest: list[int] = NO_PACKETS
        self.count: i64 = 0

    def add(self, packet: i64, most: i64) -> None:
        """Count one more packet, and remember its number: for good if it is one of the first ``most``."""
        self.count += 1
        if len(self.packets) < most:
            self.packets.append(packet)
        else:
            self.latest = [*self.latest[1 - LATEST :], packet]

    def since(self, packet: i64) -> list[int]:
        """Those after a packet, as far as they are known: the newest ones are."""
        return [one for one in (*self.packets, *self.latest) if one > packet]


NO_NOTES: Final[list[Note]] = []
NO_EVENTS: Final[list[Event]] = []
"""What a connection has until there is something to remember: shared, never written to."""
