"""Directory: which side sends the segments with a key: their addresses, ports and VLAN.

In: the sides of new connections, and segments whose key is not known. Out: ``sides``. The ports of a connection may be
used again while late segments of it still come (``older``), and its two directions may come in different VLANs.
"""

from typing import Final

from capanalyze.packets.link import tag_in
from capanalyze.packets.segment import ACK, RST, SYN, Segment
from capanalyze.tcp.identity import answers
from capanalyze.tcp.recent import lose
from capanalyze.tcp.side import Side

TAGS: Final = 64
"""VLANs in which the other direction of a connection is looked for."""


class Directory:
    """Sides by key.

    Attributes:
        sides: key of a segment -> the side that sent it, of the newest connection of these addresses and ports.
        older: the same of the connection before, where the ports were used again.
    """

    def __init__(self) -> None:
        self.sides: dict[bytes, Side] = {}
        self.older: dict[bytes, Side] = {}
        self._tags: list[bytes] = [b""]  # VLAN ids that keys end with
        self._other_keys: dict[Side, bytes] = {}  # the key under which a side's segments come, if not its own

    def enter(self, side: Side) -> None:
        """The segments with a side's key are its own from here on."""
        tag = tag_in(side.key)
        if tag not in self._tags and len(self._tags) < TAGS:
            self._tags.append(tag)
        former = self.sides.setdefault(side.key, side)
        if former is not side:  # of one side alone where the other direction had another VLAN tag
            self.older[side.key] = former
            lose(former)
            self.sides[side.key] = side

    def join(self, seg: Segment) -> Side | None:
        """The silent side of a known connection that a segment in another VLAN comes from, if its numbers say so.

        A mirror port may tag one direction only, or each with an id of its own.
        """
        if not seg.flags & (ACK | SYN | RST):
            return None
        tag = tag_in(seg.key)
        bare = seg.key[: len(seg.key) - len(tag)]
        for other in self._tags:
            side = self.sides.get(bare + other) if other != tag else None
            if side is not None and side.packets == 0 and answers(side, seg):
                former = self.sides.get(seg.key)
                if former is not None:
                    lose(former)
                self._other_keys[side] = seg.key
                self.sides[seg.key] = side
                return side
        return None

    def senders(self, key: bytes) -> list[Side]:
        """The sides with that key, or with the same addresses and ports in another VLAN, where a router may be."""
        bare = key[: len(key) - len(tag_in(key))]
        keys = [key, *(bare + tag for tag in self._tags if bare + tag != key)]
        return [self.sides[one] for one in keys if one in self.sides]

    def keys_of(self, side: Side) -> list[bytes]:
        """The keys that a side's segments may have."""
        other = self._other_keys.get(side)
        return [side.key] if other is None else [side.key, other]

    def strike_out(self, side: Side) -> None:
        """Find a side no longer, by any key."""
        lose(side)
        for key in self.keys_of(side):
            if self.sides.get(key) is side:
                del self.sides[key]
            if self.older.get(key) is side:
                del self.older[key]
        self._other_keys.pop(side, None)

    def clear(self) -> None:
        """Find none any longer."""
        self.sides.clear()
        self.older.clear()
        self._other_keys.clear()
