"""Reads one frame as the analyzer does: its outcome and the Segment."""

from capanalyze.packets.raw import RawPackets
from capanalyze.packets.segment import Segment


class OneFrame(RawPackets):
    """A cursor over a single packet that lies somewhere in a larger buffer."""

    def __init__(
        self, frame: bytes, link_type: int = 1, original: int | None = None, captured: int | None = None
    ) -> None:
        super().__init__()
        before, behind = b"\x45" * 7, b"\x45" * 80
        self.data = before + frame + behind
        self.number = 1
        self.link_type = link_type
        self.offset = len(before)
        self.captured = len(frame) if captured is None else captured
        self.original = max(self.captured, len(frame) if original is None else original)


def read(
    frame: bytes,
    link_type: int = 1,
    original: int | None = None,
    captured: int | None = None,
    by: Segment | None = None,
) -> tuple[int, Segment]:
    """What ``Segment.read`` says of a frame, and the segment it filled."""
    segment = by or Segment()
    return segment.read(OneFrame(frame, link_type, original, captured)), segment


def payload(segment: Segment, frame: bytes, link_type: int = 1) -> bytes:
    """The captured payload of a frame read."""
    data = OneFrame(frame, link_type).data
    return data[segment.payload : segment.payload + segment.captured]
