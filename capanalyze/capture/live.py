"""Live capture: an interface and ports in, a pcapng byte stream out, piece by piece, with ticks where nothing comes.

Live is read: the pieces go to the same pcapng reader as a file's. Which program or socket captures is an engine's
matter (``engine.Engine``); this room chooses one, writes the stream to a file on its way, and ends it in good order.
"""

import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from capanalyze import API_PORTS
from capanalyze.capture.block_stream import BlockStream
from capanalyze.capture.engine import Engine, Source
from capanalyze.capture.interfaces import exists, loopback_name, no_such_interface, system_interfaces
from capanalyze.capture.stream_file import StreamFile
from capanalyze.errors import CapanalyzeError, NoAccessError, ToolError

TICK_S: Final = 0.1
"""Silence after which a tick comes."""
MAX_DRAIN_S: Final = 3.0
"""How long after ``stop`` traffic that goes on may keep the capture from ending."""


class Tick(NamedTuple):
    """Nothing came: every packet captured before ``ts_ns`` (ns since the epoch) has been delivered.

    It lies behind the clock by what the engine may hold back, and never before a packet already delivered.
    """

    ts_ns: int


Chunk = bytes | Tick


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveStatistics:
    """What a live capture says of itself.

    Attributes:
        engine: "dumpcap" or "scapy".
        interface: the system's name.
        packets: delivered so far.
        received: packets that passed the filter, as the engine counts; None until it says so, at the end.
        dropped: packets lost for want of buffers, the same.
    """

    engine: str
    interface: str
    packets: int
    received: int | None
    dropped: int | None


def _dumpcap(source: Source) -> Engine:
    from capanalyze.capture.dumpcap import Dumpcap  # noqa: PLC0415 - only what is used is imported

    return Dumpcap(source)


def _scapy(source: Source) -> Engine:
    from capanalyze.capture.scapy_raw import ScapyRaw  # noqa: PLC0415 - only what is used is imported

    return ScapyRaw(source)


ENGINES: Final[dict[str, Callable[[Source], Engine]]] = {"dumpcap": _dumpcap, "scapy": _scapy}
"""By the name that ``--engine`` takes, in the order in which "auto" tries them."""


class LiveCapture:
    """A capture that runs since it was made; ``open_live`` makes one.

    Attributes:
        errors: what went wrong after the capture had begun: the file could not be written on, the engine ended by
            itself. What was delivered up to there is whole, so the caller reports first and then these.
    """

    def __init__(
        self, engine: Engine, file: StreamFile | None, *, duration_s: float | None = None, count: int | None = None
    ) -> None:
        self.errors: list[CapanalyzeError] = []
        self._engine = engine
        self._file = file
        self._stream = BlockStream(engine.name, count)
        self._deadline = None if duration_s is None else time.monotonic() + duration_s
        self._stopped: tuple[float, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def statistics(self) -> LiveStatistics:
        """The numbers as they are now."""
        received, dropped = self._stream.received, self._stream.dropped
        return LiveStatistics(
            engine=self._engine.name,
            interface=self._engine.interface,
            packets=self._stream.packets,
            received=self._engine.received if received is None else received,
            dropped=self._engine.dropped if dropped is None else dropped,
        )

    def stop(self) -> None:
        """End the capture: ``chunks`` delivers what was captured up to now, then ends.

        Only notes the time, so it may be called from a signal handler, another thread, and again.
        """
        if self._stopped is None:
            self._stopped = (time.monotonic(), time.time_ns())

    def chunks(self) -> Iterator[Chunk]:
        """The capture as it comes: whole pcapng blocks, or a Tick for each TICK_S without any.

        Raises:
            ToolError: the engine sends something that is no pcapng.
        """
        silent_since = time.monotonic()
        while (piece := self._engine.read(TICK_S)) is not None:
            now = time.monotonic()
            if self._deadline is not None and now >= self._deadline:
                self.stop()
            if piece:
                silent_since = now
                blocks = self._stream.feed(piece)
                if self._stream.complete:
                    self.stop()
                if blocks:
                    self._write(blocks)
                    yield blocks
            else:
                yield Tick(max(time.time_ns() - self._engine.latency_ns, self._stream.last_ts_ns))
            if self._stopped is not None and self._drained(silent_since):
                self._engine.finish()
        trouble = self._engine.trouble()
        if trouble is not None:
            self.errors.append(trouble)

    def _drained(self, silent_since: float) -> bool:
        """Whether all that was captured before ``stop`` has been delivered, as far as can be waited for."""
        assert self._stopped is not None
        stopped, stopped_ns = self._stopped
        drain = self._engine.drain_ns / 1e9
        waited = time.monotonic() - stopped
        if self._stream.complete or waited >= MAX_DRAIN_S:
            return True
        quiet = time.monotonic() - max(silent_since, stopped) >= drain
        return waited >= drain and (quiet or self._stream.last_ts_ns > stopped_ns)

    def _write(self, blocks: bytes) -> None:
        if self._file is not None:
            try:
                self._file.write(blocks)
            except NoAccessError as error:
                self.errors.append(error)
                self._close_file()

    def _close_file(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def close(self) -> None:
        """End everything at once, without waiting for what is still buffered. Idempotent."""
        try:
            self._engine.close()
        finally:
            self._close_file()


def open_live(
    interface: str | None = None,
    ports: tuple[int, ...] = API_PORTS,
    engine: str = "auto",
    write: Path | None = None,
    *,
    duration_s: float | None = None,
    count: int | None = None,
) -> LiveCapture:
    """Start a live capture; it runs when this returns.

    Args:
        interface: by the system's name; the loopback interface where it is None.
        ports: TCP ports to capture, all of TCP where there are none; ICMP errors about TCP are captured too.
        engine: a name of ENGINES; "auto" takes dumpcap where it is installed and allowed, else scapy.
        write: a file that the pcapng is written to as it arrives, whole blocks at a time.
        duration_s: stop by itself so many seconds from now.
        count: stop by itself after so many packets; none beyond them is delivered.

    Raises:
        NoAccessError: not allowed, no such interface, or ``write`` cannot be written.
        ToolError: the engine is missing or failed.
        CapanalyzeError: a port or an engine that does not exist.
    """
    wrong = next((port for port in ports if not 0 < port < 1 << 16), None)
    if wrong is not None:
        raise CapanalyzeError(f"{wrong}: no TCP port", "ports are 1 to 65535")
    if engine != "auto" and engine not in ENGINES:
        raise CapanalyzeError(f"{engine}: no such engine", f"--engine auto, {', '.join(ENGINES)}")
    file = StreamFile(write) if write is not None else None
    try:
        started = _start(Source(interface=interface or loopback_name(), ports=tuple(ports)), engine)
    except BaseException:
        if file is not None:
            file.close()
        raise
    return LiveCapture(started, file, duration_s=duration_s, count=count)


def _start(source: Source, name: str) -> Engine:
    """Start the engine of that name; "auto": the first that is there and allowed."""
    if sys.platform == "linux" and source.interface != "any":
        if not exists(source.interface):
            raise no_such_interface(source.interface, system_interfaces())
    if name != "auto":
        return ENGINES[name](source)
    refused: list[CapanalyzeError] = []
    for start in ENGINES.values():
        try:
            return start(source)
        except (NoAccessError, ToolError) as error:
            refused.append(error)
    # One line: who is not allowed says more than what is not installed.
    words = "; ".join(str(each) for each in refused)
    forbidden = [each for each in refused if isinstance(each, NoAccessError)]
    if forbidden:
        raise NoAccessError(words, forbidden[0].hint)
    raise ToolError(words, refused[-1].hint)
