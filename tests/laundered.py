"""What people do to a capture before they attach it to a bug: filter, cut, write anew, anonymise it.

In: frames as ``tests/retold.py`` has them. Out: the frames that are left. Each does on octets what a named tool does.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes, open_file
from tests.capture.octets import Record, records
from tests.conversation import ACK, RAW, pcap_of_frames
from tests.retold import PORTS, Flow, Frame, Head, add, head, other_way

ROOT = Path(__file__).parents[1]
FOLDERS = ("captures", "tests/cases/real")
SLL = 113


def reported(held: Sequence[Frame]) -> dict[str, Any]:
    """The report of frames."""
    return read_files([from_bytes(pcap_of_frames([(one.ts_ns, one.octets, one.wire) for one in held]))]).to_dict()


def recording(name: str) -> list[Frame]:
    """The frames of one of the recordings, all of them behind Ethernet."""
    path = next(path for folder in FOLDERS for path in (ROOT / folder).glob(f"{name}.pcap*"))
    return [_behind_ethernet(one) for one in records(open_file(str(path)))]


def _behind_ethernet(one: Record) -> Frame:
    octets = one.data
    if one.link_type == SLL:  # two octets more than Ethernet before the same EtherType
        octets = octets[2:]
    elif one.link_type == RAW:
        octets = bytes(12) + b"\x08\0" + octets
    return Frame(one.ts_ns, one.original + len(octets) - len(one.data), octets)


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


def counted_from_0(held: Sequence[Frame]) -> list[Frame]:
    """With relative sequence numbers, as analysers show them: every SYN has number 0."""
    first: dict[Flow, int] = {}
    told = []
    for one in held:
        of = head(one.octets)
        begun = first.setdefault(of.flow, of.seq)
        back = first.get(other_way(of.flow), of.ack)
        octets = bytearray(one.octets)
        add(octets, of.tcp + 4, -begun if of.seq else 0)
        add(octets, of.tcp + 8, -back if of.flags & ACK else 0)
        told.append(one._replace(octets=bytes(octets)))
    return told


def one_way_after_the_other(held: Sequence[Frame], first: Callable[[Head], bool]) -> list[Frame]:
    """Two captures, of one direction each, put together as they are: ``mergecap -a``."""
    return [*filtered(held, first), *filtered(held, lambda of: not first(of))]
