"""What people do to a capture before they attach it to a bug: filter, cut, write anew, anonymise it.

In: frames as ``tests/retold.py`` has them. Out: the frames that are left. Each does on octets what a named tool does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from tests.conversation import pcap_of_frames
from tests.retold import PORTS, Frame, Head, frames_of, head

CAPTURES = Path(__file__).parents[1] / "captures"


def reported(held: Sequence[Frame]) -> dict[str, Any]:
    """The report of frames."""
    return read_files([from_bytes(pcap_of_frames([(one.ts_ns, one.octets, one.wire) for one in held]))]).to_dict()


def recording(name: str) -> list[Frame]:
    """The frames of one of the recordings."""
    return frames_of(CAPTURES / f"{name}.pcapng")


def shortened(held: Sequence[Frame], octets: int) -> list[Frame]:
    """Cut to so many octets, and recorded as if that were all: ``editcap -L -s``, or a dpkt.pcap.Writer."""
    return [Frame(one.ts_ns, min(len(one.octets), octets), one.octets[:octets]) for one in held]


def filtered(held: Sequence[Frame], wanted: Callable[[Head], bool]) -> list[Frame]:
    """Those that a display or capture filter takes."""
    return [one for one in held if wanted(head(one.octets))]


def has_payload(of: Head) -> bool:
    """``tcp.len > 0``."""
    return of.end > of.payload


def from_gateway(of: Head) -> bool:
    """``src port 4001``."""
    return of.flow[1] in PORTS


def refilled(held: Sequence[Frame], fill: Callable[[bytes, Head], bytes]) -> list[Frame]:
    """With another payload of the same length, as an anonymiser writes it."""
    told = []
    for one in held:
        of = head(one.octets)
        payload = fill(one.octets[of.payload : of.end], of)
        told.append(one._replace(octets=one.octets[: of.payload] + payload + one.octets[of.end :]))
    return told
