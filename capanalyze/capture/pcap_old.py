"""pcap files of versions before 2.4: the two lengths of a record stood the other way round.

Facts: Wireshark's wiretap. Up to version 2.2, and in DG/UX's 543.0, the original length comes first; files of version
2.3 exist in both orders. AIX writes version 2.2 with nanoseconds, the interface types of RFC 1573 for link types, and 3
octets before each FDDI frame.
"""

from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from capanalyze.capture.decoder import MAX_PACKET
from capanalyze.capture.pcap import MAGIC_MICRO, PcapDecoder, byte_order

RECORD: Final = 16

AIX_LINKS: Final = {6: 1, 9: 6, 15: 10, 24: 0}
"""Interface types of AIX (Ethernet, token ring, FDDI, loopback) -> LINKTYPE_ numbers."""

FDDI: Final = 10
FDDI_PADDING: Final = 3

DG_UX: Final = 543


def version(head: bytes) -> tuple[int, int]:
    """The major and minor version that a pcap header claims."""
    big = byte_order(head) == "big"
    numbers = [int.from_bytes(head[at : at + 2], "big" if big else "little") for at in (4, 6)]
    return numbers[0], numbers[1]


def is_old(head: bytes) -> bool:
    """Whether a pcap header is of a version whose lengths are, or may be, the other way round."""
    major, minor = version(head)
    ordinary = head[:4] in {MAGIC_MICRO.to_bytes(4, "little"), MAGIC_MICRO.to_bytes(4, "big")}
    return ordinary and (major == DG_UX or (major == 2 and minor < 4))


class OldPcapDecoder(PcapDecoder):
    """Records of such a file."""

    def begin(self, head: bytes, complete: bool) -> None:  # noqa: ARG002 - there is nothing to choose between
        """Read the file header; the records have one layout."""
        order = byte_order(head)
        told = int.from_bytes(head[20:24], "big" if order == "big" else "little")
        aix = version(head) == (2, 2) and told in AIX_LINKS
        link_type = AIX_LINKS[told] if aix else told
        super().begin(head[:20] + link_type.to_bytes(4, "big" if order == "big" else "little"), False)
        self.either: bool = version(head) == (2, 3)
        self.padding: i64 = FDDI_PADDING if aix and link_type == FDDI else 0
        if aix:
            self.dialect = "AIX"
            self.scale = 1

    def advance(self) -> bool:
        """Parse the next record header; False when the record is not whole in the buffer yet."""
        pos = self.pos
        room = len(self.data) - pos
        self.need = RECORD
        if room < RECORD:
            return False
        seconds, fraction, first, second = self.unpack_record(self.data, pos)
        captured, original = (first, second) if self.either and first <= second else (second, first)
        if captured > MAX_PACKET:
            self.stop(f"a record claims {captured} octets: damaged, or not a record,")
            return False
        self.need = RECORD + captured
        if room < self.need:
            return False
        if seconds == 0 and fraction == 0 and first == 0 and second == 0:
            self.stop("nothing but zeros")
            return False
        self.ts_ns = seconds * 1_000_000_000 + fraction * self.scale
        padding = min(self.padding, captured)
        self.captured = captured - padding
        self.original = max(captured, original) - padding
        self.offset = pos + RECORD + padding
        self.pos = pos + self.need
        self.number += 1
        return True

    def places(self, shortest: i64) -> tuple[list[int], list[int]]:  # noqa: ARG002 - as the base class has it
        """None: each record is read by ``advance``."""
        return [], []

    def ahead(self, starts: vec[i64]) -> i64:  # noqa: ARG002 - as the base class has it
        """None, likewise."""
        return 0
