"""tshark, driven through pyshark: where the IP headers of a packet lie, whatever they are wrapped in.

In: packets, one by one, of any link type. Out: for each, in the same order, the layers that concern us. tshark gets
our own pcapng on its standard input, so numbers, times and octets stay those of the native reader, and its TCP
dissector is off: it takes wrappings off and does nothing else.

Only imported where it is needed: pyshark takes 0.09 s.
"""

import asyncio
import os
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Final

from pyshark.capture.pipe_capture import PipeCapture
from pyshark.tshark.output_parser.base_parser import BaseTsharkOutputParser

from capanalyze.capture.pcapng_writer import enhanced_packet, interface_description, section_header
from capanalyze.capture.pdml import Layers, layers
from capanalyze.errors import ToolError
from capanalyze.packets.raw import RawPackets

SILENCE_S: Final = 60.0
"""Seconds without an answer after which tshark is taken to hang, and killed."""

END_S: Final = 5.0
"""Seconds that a process may take to end after its output has ended."""

GREETING: Final = "Running as user"
"""What tshark says to root when it starts, however it ends."""

MAX_CAPTURED: Final = 65535
"""Octets of a packet that tshark gets to see; it needs headers only."""

MAX_LINK_TYPE: Final = 0xFFFF
"""What pcapng has room for; a pcap file may claim a larger one, which nobody knows."""

BATCH: Final = 64 * 1024
"""Octets gathered before they are handed to the thread that writes."""

SHOWN: Final = "vlan ieee8021ad ieee8021ah vxlan geneve gre erspan pppoes wlan_aggregate wlan_aggregate.a_mdsu.subframe"
"""What tshark prints the content of: tags, and 802.11's aggregates, which hold frames. Of all other layers it prints
the name and the place."""

OPTIONS: Final = (
    *("-j", SHOWN),
    *("--disable-protocol", "tcp"),
    *("-o", "ip.defragment:FALSE"),
    *("-o", "ipv6.defragment:FALSE"),
    *("-d", "udp.port==8472,vxlan"),  # Linux's port; OTV, which has it by right, has the same header
)

PLACES: Final = (
    r"%ProgramFiles%\Wireshark\tshark.exe",
    r"%ProgramFiles(x86)%\Wireshark\tshark.exe",
    "/Applications/Wireshark.app/Contents/MacOS/tshark",
    "/opt/homebrew/bin/tshark",
)
"""Where Wireshark's installers put it without telling PATH."""

INSTALL: Final = "install Wireshark, which brings tshark (Debian: sudo apt install tshark)"


class LayerParser(BaseTsharkOutputParser):  # type: ignore[misc]  # pyshark has no types
    """Packets of tshark's PDML, many at a time, as Layers."""

    def _extract_packet_from_data(self, data: bytes, got_first_packet: bool = True) -> tuple[bytes | None, bytes]:  # noqa: ARG002
        """What is whole, and the rest."""
        end = data.rfind(b"</packet>")
        return (None, data) if end < 0 else (data[:end], data[end + 9 :])

    def _parse_single_packet(self, packet: bytes) -> list[Layers]:
        return [layers(part) for part in packet.split(b"</packet>")]


class Dissection(PipeCapture):  # type: ignore[misc]  # pyshark has no types
    """pyshark's capture from a pipe, whose process is ours to end: it would close descriptors that are not its own."""

    def _created_new_process(self, parameters: list[str], process: object, process_name: str = "TShark") -> None:
        """Not remembered, so that nothing is closed or killed behind our back."""

    def _get_tshark_path(self) -> str:
        """The path that it was given, and nothing that a file in the current folder says."""
        return str(self.tshark_path)


class Tshark:
    """A tshark process: ``ask`` about packets, ``answer`` in the same order.

    One thread writes to it and one reads from it, so neither side waits for the other for ever; the reading one runs
    pyshark's event loop, which would clash with one that the caller runs (a notebook).
    """

    def __init__(self) -> None:
        """Find tshark and start it.

        Raises:
            ToolError: it is not installed.
        """
        path = find_tshark()
        if not path:
            raise ToolError("tshark is not installed", INSTALL)
        self._path = path
        self._interfaces: dict[int, int] = {}
        self._batch: list[bytes] = [section_header()]
        self._octets = 0
        self._input: SimpleQueue[bytes | None] = SimpleQueue()
        self._output: SimpleQueue[list[Layers] | None] = SimpleQueue()
        self._answers: Iterator[Layers] = iter(())
        self._pid = 0
        self._failure = ""
        source, self._sink = os.pipe()
        self._writer = threading.Thread(target=self._write, name="to tshark", daemon=True)
        self._reader = threading.Thread(target=self._read, args=(source,), name="from tshark", daemon=True)
        self._writer.start()
        self._reader.start()

    def ask(self, packets: RawPackets) -> None:
        """Send the current packet."""
        link = min(int(packets.link_type), MAX_LINK_TYPE)
        if link not in self._interfaces:
            self._interfaces[link] = len(self._interfaces)
            self._batch.append(interface_description(link))
        start = int(packets.offset)
        block = enhanced_packet(
            packets.data[start : start + min(int(packets.captured), MAX_CAPTURED)],
            max(int(packets.ts_ns), 0),
            interface=self._interfaces[link],
            original=int(packets.original),
        )
        self._batch.append(block)
        self._octets += len(block)
        if self._octets >= BATCH:
            self._flush()

    def _flush(self) -> None:
        if self._batch:
            self._input.put(b"".join(self._batch))
            self._batch = []
            self._octets = 0

    def answer(self) -> Layers:
        """The layers of the first packet that was asked about and not answered yet.

        Raises:
            ToolError: tshark died or hangs.
        """
        self._flush()
        while True:
            found = next(self._answers, None)
            if found is not None:
                return found
            try:
                batch = self._output.get(timeout=SILENCE_S)
            except Empty:
                self.close()
                raise ToolError(
                    f"tshark did not answer for {SILENCE_S:.0f} s and was killed", "--engine native reads without it"
                ) from None
            if batch is None:
                self._output.put(None)
                said = f" ({self._failure[:200]})" if self._failure else ""
                raise ToolError(f"tshark ended too early{said}", "--engine native reads without it")
            self._answers = iter(batch)

    def finish(self) -> None:
        """No more questions: tshark ends after the last answer. Idempotent."""
        self._flush()
        self._input.put(None)

    def close(self) -> None:
        """End the process. Idempotent."""
        self._input.put(None)
        pid = self._pid
        if pid:
            with suppress(OSError):
                os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
        self._reader.join(END_S)
        self._writer.join(END_S)

    def _write(self) -> None:
        """The thread that writes: until None comes, or tshark is gone."""
        try:
            with os.fdopen(self._sink, "wb", buffering=0) as sink:
                while (piece := self._input.get()) is not None:
                    view = memoryview(piece)
                    while view:
                        view = view[sink.write(view) :]
        except BrokenPipeError:  # it is gone; why, it may say itself
            return
        except OSError as error:
            self._failure = self._failure or str(error)

    def _read(self, source: int) -> None:
        """The thread that reads: until tshark's output ends."""
        loop = asyncio.new_event_loop()
        try:
            dissection = Dissection(source, tshark_path=self._path, eventloop=loop, custom_parameters=list(OPTIONS))
            loop.run_until_complete(self._follow(dissection))
        except (OSError, ValueError) as error:
            self._failure = self._failure or str(error)
        finally:
            os.close(source)
            loop.close()
            self._output.put(None)

    async def _follow(self, dissection: Dissection) -> None:
        """Start the process by pyshark and hand its answers on.

        pyshark's own loop kills a process whose output has ended, and so often takes a good end for a crash.
        """
        process = await dissection._get_tshark_process()  # noqa: SLF001 - with pyshark's parameters, without its packets
        self._pid = process.pid
        parser = LayerParser()
        rest = b""
        try:
            while True:
                batch, rest = await parser.get_packets_from_stream(process.stdout, rest)
                if batch:
                    self._output.put(batch)
        except EOFError:
            ends = asyncio.gather(process.wait(), *dissection._stderr_handling_tasks)  # noqa: SLF001
            with suppress(TimeoutError):
                await asyncio.wait_for(ends, END_S)
            await asyncio.sleep(0)  # the pipes are closed one step after their end
        self._pid = 0
        last = dissection._last_error_line or ""  # noqa: SLF001 - told in its debug log only
        if not last.startswith(GREETING):
            self._failure = last or self._failure


def find_tshark() -> str:
    """The path of tshark, "" where it is not installed.

    pyshark would take it, and fail, from any ``config.ini`` in the current folder: IBC's configuration has that name.
    """
    places = [os.path.expandvars(place) for place in PLACES]
    return shutil.which("tshark") or next((place for place in places if os.access(place, os.X_OK)), "")
