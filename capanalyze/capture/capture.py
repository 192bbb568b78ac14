"""A capture of one file or several: pieces in order, packets numbered on, and the engine that reads them.

In: paths and an engine. Out: cursors over runs of packets, one after the other, and what is known of each file.
The native reader reads; a packet whose encapsulation it does not know goes through tshark where that is installed,
from that packet on, so one pass is enough for a pipe too.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Final

from capanalyze.capture.decoder import Decoder
from capanalyze.capture.files import CaptureFile, open_file
from capanalyze.capture.merged import FOREVER, Merged, Recording
from capanalyze.capture.pieces import MOST_AT_ONCE, Piece, called, plan
from capanalyze.capture.queue import PacketQueue
from capanalyze.errors import CapanalyzeError, NotACaptureError, ToolError
from capanalyze.packets.ip import FRAGMENT
from capanalyze.packets.raw import RawPackets
from capanalyze.packets.segment import REASONS
from capanalyze.packets.wrapped import wrapping

if TYPE_CHECKING:
    from capanalyze.capture.relay import Relay

Progress = Callable[[int, int], None]
"""Called after each window with the octets read and those on disk in all (0 where that cannot be told)."""

ENGINES: Final = ("auto", "native", "tshark")

NAMED: Final = 4
"""Files that a remark names."""

BY_CLOCKS: Final = "of the same time by their clocks"


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
        self.files: list[CaptureFile] = []
        self._engine = engine
        self._relay: Relay | None = None
        self._relaying = False
        self._no_tshark = "" if engine != "native" else "--engine native was asked for"
        self._progress = progress
        self._plan = plan(sources, engine == "native")
        self._open(self._plan.groups[0][0])
        self._total = self._plan.size or self.files[0].size

    def _open(self, piece: Piece) -> CaptureFile:
        file = open_file(piece.source, self._engine == "native") if isinstance(piece.source, str) else piece.source
        self.files.append(file)
        return file

    def runs(self) -> Iterator[RawPackets]:
        """A cursor, each time that it holds further packets; take all of them before asking for the next.

        Raises:
            CapanalyzeError: a file cannot be read on, or is a decompression bomb; tshark was asked for and is missing,
                died or hangs.
        """
        if self._engine == "tshark":
            self._relay = start_relay(True)
            self._relaying = True
        number = 0
        several = any(len(group) > 1 for group in self._plan.groups)  # whose interfaces are told apart, in every group
        try:
            for place, group in enumerate(self._plan.groups):
                file = self._open(group[0]) if place else self.files[0]
                if several or group[0].ahead:
                    merged = Merged(number)
                    yield from self._merge(merged, file, group)
                    number = int(merged.number)
                    continue
                file.first_packet = number
                file.decoder.number = number
                for window in file.windows():
                    yield from self._run(window)
                    self._tell_progress()
                if file.decoder.absurd and not file.packets and len(self._plan.groups) == 1:
                    raise NotACaptureError(
                        f"{file.name}: {file.decoder.damage}", "copy the file again, or record again"
                    )
                number = int(file.decoder.number)
            if self._relay is not None:
                yield self._last_relayed(self._relay, number)
        finally:
            for file in self.files:
                file.close()
            if self._relay is not None:
                self._relay.close()

    def _merge(self, merged: Merged, first: CaptureFile, group: Sequence[Piece]) -> Iterator[RawPackets]:
        """Cursors over the packets of files that were recorded at the same time."""
        recordings: list[tuple[CaptureFile, Recording]] = []
        for place, piece in enumerate(group):
            file = self._open(piece) if place else first
            recording = Recording(file.decoder, file.windows(), piece.rank, piece.ahead)
            recordings.append((file, recording))
            merged.add(recording, group[place + 1].begins if place + 1 < len(group) else FOREVER)
            while merged.more():
                yield from self._run(merged)
                self._tell_progress()
        for file, recording in recordings:
            file.first_packet = max(int(recording.first) - 1, 0)
            comments = file.decoder.comments  # their packets have the numbers that they have in this file alone
            comments[:] = [f"{called(file)}: {comment}" for comment in comments]

    def _tell_progress(self) -> None:
        if self._progress is not None:
            self._progress(sum(file.done for file in self.files), self._total)

    def _last_relayed(self, relay: "Relay", number: int) -> RawPackets:
        """What the relay holds still when all ``number`` packets were read."""
        queue = relay.finish()
        queue.last = number
        if relay.incomplete:
            self.files[-1].decoder.skip(REASONS[FRAGMENT], relay.incomplete)
        self._no_tshark = relay.failure
        return queue

    def _run(self, window: Decoder | Merged) -> Iterator[RawPackets]:
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

    def _start_relay(self, window: Decoder | Merged) -> bool:
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

    def recordings(self) -> Iterator[tuple[Piece, CaptureFile]]:
        """The files, in the order in which they were read."""
        return zip((piece for group in self._plan.groups for piece in group), self.files, strict=False)

    @property
    def at_once(self) -> bool:
        """Whether it is several files, all of which were recorded at the same time."""
        return len(self._plan.groups) == 1 and len(self._plan.groups[0]) > 1

    @property
    def clocks(self) -> tuple[tuple[str, str, int], ...]:
        """Which files' clocks are ahead of which others', and how far, in ns; the packets have the others' times."""
        return self._plan.clocks

    def remarks(self) -> list[str]:
        """How the packets came to be read, where that is worth a line."""
        found = [
            f"{called(file)} is no pcap or pcapng: tshark read it"
            for file in self.files
            if file.decoder.format == "tshark"
        ]
        found += [f"{name} is empty" for name in self._plan.empty]
        if self._plan.unordered:
            found.append(f"the files are read one after the other, as given: {self._plan.unordered}")
        found += same_octets(self.files)
        files = iter(self.files)
        for group in self._plan.groups:
            together = list(islice(files, len(group)))
            found += at_the_same_time(together, "of the same time" if any(one.ahead for one in group) else BY_CLOCKS)
            found += [read_behind(file) for file in together[:1] if group[0].behind]
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


def same_octets(files: Sequence[CaptureFile]) -> list[str]:
    """A remark on each file that is a copy of an earlier one, which nobody means to give."""
    names: dict[str, str] = {}
    found: list[str] = []
    for file in files:
        name = called(file)
        first = names.setdefault(file.sha256, name) if file.packets else name
        if first is not name:
            found.append(f"{name} has the same octets as {first}: its packets count twice")
    return found


def at_the_same_time(files: Sequence[CaptureFile], how: str) -> list[str]:
    """A remark on how packets are numbered that lie in several files, if they do."""
    names = list({file.sha256: called(file) for file in reversed(files)}.values())[::-1]
    if len(names) < 2:
        return []
    most = ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED} more" if len(names) > NAMED else "")
    return [f"{how}: {most}; packets are in order of time, as mergecap numbers them"]


def read_behind(file: CaptureFile) -> str:
    """A remark on a file that there were too many others beside."""
    return (
        f"{called(file)} is of the same time as {MOST_AT_ONCE} others, and is read behind them: "
        "mergecap -w OUT puts their packets in order of time"
    )
