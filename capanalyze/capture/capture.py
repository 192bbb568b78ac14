"""A capture of one file or several: pieces in order, packets numbered on, and the engine that reads them.

In: paths and an engine. Out: cursors over runs of packets, one after the other, and what is known of each file.
The native reader reads; a packet whose encapsulation it does not know goes through tshark where that is installed,
from that packet on, so one pass is enough for a pipe too.
"""

import glob
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from capanalyze.capture.decoder import Decoder
from capanalyze.capture.files import CaptureFile, open_file
from capanalyze.capture.names import STDIN, usable
from capanalyze.capture.queue import PacketQueue
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError
from capanalyze.packets.ip import FRAGMENT
from capanalyze.packets.raw import NO_TIME, RawPackets
from capanalyze.packets.segment import REASONS
from capanalyze.packets.wrapped import wrapping

if TYPE_CHECKING:
    from capanalyze.capture.relay import Relay

Progress = Callable[[int, int], None]
"""Called after each window with the octets read and those on disk in all (0 where that cannot be told)."""

ENGINES: Final = ("auto", "native", "tshark")

LOOKED_AT: Final = 1000
"""First packets of a piece among which one with a time is looked for."""

OVERLAP_NS: Final = 10_000_000
"""How far a piece has to begin before the one before it ends: capturing alone puts packets out of order."""


class Capture:
    """Every packet of a capture.

    Attributes:
        files: in the order in which they are read; filled as they are opened.
    """

    def __init__(
        self, sources: Sequence[str | CaptureFile], engine: str = "auto", progress: Progress | None = None
    ) -> None:
        """Open the capture: paths ("-" is standard input, globs are expanded), or files that are open already.

        Raises:
            CapanalyzeError: a file cannot be read or is no capture, or there is no such engine.
        """
        if engine not in ENGINES:
            raise CapanalyzeError(f"{engine}: no such engine", f"--engine {', '.join(ENGINES)}")
        pieces, self._empty = without_empty(expand_paths(sources))
        if not pieces:
            raise CapanalyzeError("no capture given", "capanalyze read FILE")
        self.files: list[CaptureFile] = []
        self._engine = engine
        self._relay: Relay | None = None
        self._relaying = False
        self._no_tshark = "" if engine != "native" else "--engine native was asked for"
        self._progress = progress
        self._total = 0
        self._begins: list[int] = []
        self._overlaps: list[tuple[CaptureFile, CaptureFile]] = []
        self._pieces = self._in_order(pieces) if len(pieces) > 1 else pieces
        self._open(self._pieces[0])
        self._total = self._total or self.files[0].size

    def _open(self, piece: str | CaptureFile) -> CaptureFile:
        file = open_file(piece, self._engine == "native") if isinstance(piece, str) else piece
        self.files.append(file)
        return file

    def _in_order(self, pieces: list[str | CaptureFile]) -> list[str | CaptureFile]:
        """By the time of the first packet with one; as given where a piece has none, or cannot be read twice."""
        keys: list[tuple[bool, int]] = []
        sizes: list[int] = []
        for piece in pieces:
            if not isinstance(piece, str) or piece == STDIN or not os.path.isfile(piece):  # noqa: PTH113 - never raises
                return pieces
            file = open_file(piece, self._engine == "native")
            moment = first_time(file)
            file.close()
            keys.append((moment is None, moment or 0))
            sizes.append(file.size)
        self._total = sum(sizes)
        if any(moment < 0 for _, moment in keys):
            return pieces
        order = sorted(range(len(pieces)), key=keys.__getitem__)
        self._begins = [keys[place][1] for place in order if not keys[place][0]]
        return [pieces[place] for place in order]

    def runs(self) -> Iterator[RawPackets]:
        """A cursor, each time that it holds further packets; take all of them before asking for the next.

        Raises:
            CapanalyzeError: a file cannot be read on, or is a decompression bomb; tshark was asked for and is missing,
                died or hangs.
        """
        if self._engine == "tshark":
            self._relay = start_relay(True)
            self._relaying = True
        number = done = last_ns = 0
        try:
            for place, piece in enumerate(self._pieces):
                file = self._open(piece) if place else self.files[0]
                if place < len(self._begins) and self._begins[place] < last_ns - OVERLAP_NS:
                    self._overlaps.append((self.files[-2], file))
                file.first_packet = number
                file.decoder.number = number
                for window in file.windows():
                    yield from self._run(window)
                    if self._progress is not None:
                        self._progress(done + file.done, self._total)
                if file.decoder.absurd and not file.packets and len(self._pieces) == 1:
                    raise NotACaptureError(
                        f"{file.name}: {file.decoder.damage}", "copy the file again, or record again"
                    )
                number = int(file.decoder.number)
                last_ns = int(file.decoder.ts_ns)
                done += file.done
            if self._relay is not None:
                yield self._last_relayed(self._relay, number)
        finally:
            for file in self.files:
                file.close()
            if self._relay is not None:
                self._relay.close()

    def _last_relayed(self, relay: "Relay", number: int) -> RawPackets:
        """What the relay holds still when all ``number`` packets were read."""
        queue = relay.finish()
        queue.last = number
        if relay.incomplete:
            self.files[-1].decoder.skip(REASONS[FRAGMENT], relay.incomplete)
        self._no_tshark = relay.failure
        return queue

    def _run(self, window: Decoder) -> Iterator[RawPackets]:
        """The packets of a window; through the relay from one that only tshark can unwrap until there are few such."""
        while True:
            if not self._relaying:
                window.holds = not self._no_tshark
                yield window
                if not window.held:
                    return
                window.resume()
                if not self._start_relay(window):
                    yield only(window)
                    continue
            assert self._relay is not None
            whole = self._relay.follow(window)
            packets = self._relay.take() if whole else self._relay.take(0)
            self._no_tshark = self._relay.failure
            self._relaying = whole and not self._no_tshark
            yield packets
            if whole:
                return

    def _start_relay(self, window: Decoder) -> bool:
        """Put the current packet into the relay; False where there is no tshark."""
        try:
            self._relay = self._relay or start_relay(False)
        except ToolError as error:
            self._no_tshark = str(error)
            window.holds = False
            window.hold(wrapping(window))
            return False
        self._relaying = True
        self._relay.put(window)
        return True

    def remarks(self) -> list[str]:
        """How the packets came to be read, where that is worth a line."""
        found = [
            f"{Path(file.name).name} is no pcap or pcapng: tshark read it"
            for file in self.files
            if file.decoder.format == "tshark"
        ]
        found += [f"{name} is empty" for name in self._empty]
        found += same_octets(self.files)
        found += [
            f"{Path(later.name).name} begins before {Path(file.name).name} ends, and is read after it: "
            "mergecap -w OUT puts their packets in order of time"
            for file, later in self._overlaps
            if file.sha256 != later.sha256
        ]
        if self._relay is not None and self._relay.unwrapped:
            found.append(f"unwrapped by tshark: {counted([self._relay.unwrapped])}")
        left_out = [file.decoder.wrapped for file in self.files]
        if self._relay is not None:
            left_out.append(self._relay.left_out)
        if wrapped := counted(left_out):
            found.append(f"left out: {wrapped}; tshark unwraps that ({self._no_tshark})")
        return found


def start_relay(everything: bool) -> "Relay":
    """tshark, ready to be asked.

    Raises:
        ToolError: it is not installed.
    """
    from capanalyze.capture.relay import Relay  # noqa: PLC0415 - pyshark only where it is needed

    return Relay(everything)


def only(packets: RawPackets) -> PacketQueue:
    """The current packet alone."""
    queue = PacketQueue()
    queue.put(
        packets.number,
        packets.ts_ns,
        packets.interface,
        packets.link_type,
        packets.data,
        packets.offset,
        packets.captured,
        packets.original,
    )
    return queue


def counted(tables: Sequence[dict[str, int]]) -> str:
    """Names with numbers of packets, added up: "12 packets in GRE, 3 in VXLAN"."""
    total: dict[str, int] = {}
    for table in tables:
        for name, number in table.items():
            total[name] = total.get(name, 0) + int(number)
    words = [f"{number} in {name}" for name, number in sorted(total.items())]
    noun = " packet in " if words and words[0].startswith("1 ") else " packets in "
    return ", ".join(words).replace(" in ", noun, 1)


def first_time(file: CaptureFile) -> int | None:
    """Time of the file's first packet that has one, in ns since the epoch, or None without a packet.

    NO_TIME where none of the first packets has one, or one above 0, which is what a broken clock gives. The file is
    used up.
    """
    looked_at = 0
    for window in file.windows():
        while window.advance():
            looked_at += 1
            if window.ts_ns > 0:
                return int(window.ts_ns)
            if looked_at == LOOKED_AT:
                return NO_TIME
    return NO_TIME if looked_at else None


def expand_paths(sources: Sequence[str | CaptureFile]) -> list[str | CaptureFile]:
    """Globs resolved by us too (the Windows shell leaves them), each file once, whatever it is called.

    Raises:
        CapanalyzeError: a path that no file can have.
    """
    found: list[str | CaptureFile] = []
    for source in sources:
        if isinstance(source, str):
            usable(source)
        if isinstance(source, str) and source != STDIN and glob.has_magic(source) and not os.path.exists(source):  # noqa: PTH110 - never raises
            found += sorted(glob.glob(source)) or [source]  # noqa: PTH207 - absolute and relative patterns alike
        else:
            found.append(source)
    files: dict[str | CaptureFile, str | CaptureFile] = {}
    for one in found:
        files.setdefault(os.path.realpath(one) if isinstance(one, str) and one not in {"", STDIN} else one, one)
    return list(files.values())


def without_empty(pieces: list[str | CaptureFile]) -> tuple[list[str | CaptureFile], list[str]]:
    """Those that hold octets, or all where none does; and the names of the others.

    A ring buffer's youngest file is empty until its program has written once; that loses nothing of the older ones.
    """
    empty = [
        piece
        for piece in pieces
        if isinstance(piece, str) and os.path.isfile(piece) and not Path(piece).stat().st_size  # noqa: PTH113 - as above
    ]
    if len(empty) == len(pieces):
        return pieces, []
    return [piece for piece in pieces if piece not in empty], [Path(piece).name for piece in empty]


def same_octets(files: Sequence[CaptureFile]) -> list[str]:
    """A remark on each file that is a copy of an earlier one, which nobody means to give."""
    names: dict[str, str] = {}
    found: list[str] = []
    for file in files:
        name = Path(file.name).name
        first = names.setdefault(file.sha256, name) if file.packets else name
        if first is not name:
            found.append(f"{name} has the same octets as {first}: its packets count twice")
    return found
