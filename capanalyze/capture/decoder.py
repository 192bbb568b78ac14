"""Decoder: what the pcap and the pcapng reader have in common. No I/O: octets are fed in, packets come out.

In: pieces of a capture file, of any size. Out: the RawPackets cursor, and the facts about the capture.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.packets.raw import RawPackets

MAX_PACKET: Final = 16 * 1024 * 1024
"""Octets of a packet or block beyond which the file is taken to be damaged."""


class Interface:
    """An interface of the capture as the file describes it; ``name`` and the rest are empty where it does not.

    Attributes:
        received: packets that it got by the newest statistics, -1 where there are none.
        dropped_told: packets that were lost on it by the newest statistics, -1 where they do not say.
        dropped_added: the same by what its packets tell of those lost before them, added up; -1 where none does.
        ended: when capturing on it ended (ns since the epoch) by the newest statistics: exactly, and as dumpcap has it.
    """

    def __init__(self, link_type: i64, snaplen: i64) -> None:
        self.link_type: i64 = link_type
        self.snaplen: i64 = snaplen
        self.name: str = ""
        self.description: str = ""
        self.filter: str = ""
        self.os: str = ""
        self.received: i64 = -1
        self.dropped_told: i64 = -1
        self.dropped_added: i64 = -1
        self.ended: list[int] = []

    @property
    def dropped(self) -> i64:
        """Packets that were lost, -1 where nothing says so: two counts of the same losses, of which one may lag."""
        return max(self.dropped_told, self.dropped_added)


class Decoder(RawPackets):
    """A growing buffer and a position in it.

    Attributes:
        format: "pcap" or "pcapng".
        dialect: what kind of pcap, where it is not the ordinary one.
        interfaces: in order of appearance, over all sections.
        application, os, hardware: what the file says about who wrote it.
        comments: of its sections, interfaces and packets. comments_left_out: how many more there are.
        damage: why reading stopped before the end of the file, or "".
        absurd: it stopped at octets that can be no record.
        cut: the octets ended too early; what there is of them is sound.
        other_blocks: pcapng blocks that Wireshark numbers as frames although they are no packets.
        skipped: packets that could not be used, by reason.
        wrapped: packets that were left out because of what they are wrapped in, by its name.
        holds: another engine stands by for packets whose encapsulation the consumer cannot take off.
            A packet that is held is behind us after ``resume``.
    """

    def __init__(self) -> None:
        super().__init__()
        self.pos: i64 = 0
        self.need: i64 = 0
        self.waiting: list[bytes] = []
        self.waiting_octets: i64 = 0
        self.consumed: i64 = 0
        self.format: str = ""
        self.dialect: str = ""
        self.interfaces: list[Interface] = []
        self.application: str = ""
        self.os: str = ""
        self.hardware: str = ""
        self.comments: list[str] = []
        self.comments_left_out: i64 = 0
        self.damage: str = ""
        self.absurd: bool = False
        self.cut: bool = False
        self.other_blocks: i64 = 0
        self.skipped: dict[str, int] = {}
        self.wrapped: dict[str, int] = {}
        self.holds: bool = False
        self._held_data: bytes = b""
        self._held_pos: i64 = 0

    def hold(self, wrapping: str) -> bool:
        """Stop at the current packet: there is nothing more until ``resume``."""
        if not self.holds:
            self.wrapped[wrapping] = self.wrapped.get(wrapping, 0) + 1
            return False
        self.held = True
        self._held_data, self._held_pos = self.data, self.pos
        self.data = b""
        self.pos = 0
        return True

    def resume(self) -> None:
        """Go on after the packet that was held, whose fields are valid again."""
        self.held = False
        self.data, self.pos = self._held_data, self._held_pos
        self._held_data = b""

    def feed(self, chunk: bytes) -> None:
        """Append the next octets of the file."""
        if self.damage:
            return
        self.waiting.append(chunk)
        self.waiting_octets += len(chunk)
        rest = len(self.data) - self.pos
        if rest + self.waiting_octets < self.need:
            return
        if rest:
            self.waiting.insert(0, self.data[self.pos :])
        self.consumed += self.pos
        self.data = b""  # frees the octets that were read
        self.data = self.waiting[0] if len(self.waiting) == 1 else b"".join(self.waiting)
        self.pos = 0
        self.waiting = []
        self.waiting_octets = 0

    def finish(self) -> None:
        """No more octets will come: what is left over is a record that was cut. None is kept."""
        rest = len(self.data) - self.pos + self.waiting_octets
        if rest and not self.damage:
            self.cut = True
            self.damage = f"cut in the record after packet {self.number}, {rest} of its octets are there"
        self._drop()

    def stop(self, reason: str) -> None:
        """The octets at the current position cannot be a record: read no further."""
        self.absurd = True
        self.damage = f"{reason} at octet {self.consumed + self.pos}, after packet {self.number}"
        self._drop()

    def _drop(self) -> None:
        """Keep no octets: a ring buffer may have thousands of files."""
        self.data = b""
        self.pos = 0
        self.waiting = []
        self.waiting_octets = 0

    def pass_over(self, places: list[int], pos: i64) -> None:
        """Go on at ``pos``, after the records at these places; the last of them is left where it is not whole."""
        if pos > len(self.data):
            pos = places.pop()
        self.pos = pos
        self.number += len(places)

    def skip(self, reason: str, packets: int = 1) -> None:
        """Count packets that cannot be used."""
        self.skipped[reason] = self.skipped.get(reason, 0) + packets
