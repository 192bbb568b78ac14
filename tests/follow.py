"""What capanalyze makes of a capture that lies in memory: connections, and the octets that it handed on."""

from __future__ import annotations

from dataclasses import dataclass, field
from unittest import mock

import capanalyze.sessions
from capanalyze import API_PORTS
from capanalyze.analyzer import Analyzer
from capanalyze.capture.files import from_bytes
from capanalyze.packets.segment import HEADER_CUT, OK, REASSEMBLED, Segment
from capanalyze.tcp import close
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.tracker import RUNS, Tracker


class StreamRecorder:
    """Stands where a TWS session stands, and keeps the octets of both sides; a gap is an int among them."""

    def __init__(self, *_: object) -> None:
        self.is_tws = False
        self.dead = False
        self.load = 0
        self.hello_side = -1
        self.spoken_side = -1
        self.conversation = None
        self.pieces: tuple[list[bytes | int], list[bytes | int]] = ([], [])

    def data(self, side: int, data: bytes, start: int, end: int, _packet: int, _ts_ns: int) -> None:
        """Octets that are next in a side's stream."""
        assert 0 <= start < end <= len(data)
        self.pieces[side].append(data[start:end])

    def gap(self, side: int, length: int, _packet: int, _ts_ns: int) -> None:
        """A hole in a side's stream."""
        assert length > 0
        self.pieces[side].append(length)

    def keep_few(self, _most: int) -> None:
        """The connection is not told at length."""

    def let_go(self) -> None:
        """The connection is forgotten."""

    def finish(self) -> None:
        """No more comes."""

    def snapshot(self) -> None:
        """The connection's close."""

    def take_messages(self) -> list[object]:
        """No messages."""
        return []


@dataclass
class Followed:
    """The connections of a capture, and what was handed on of each side."""

    connections: list[Connection]
    pieces: dict[tuple[int, str], list[bytes | int]] = field(default_factory=dict)
    skipped: dict[str, int] = field(default_factory=dict)

    def stream(self, side: str, conn: int = 1) -> list[bytes | int]:
        """Octets and gaps of a side, neighbouring octets joined."""
        joined: list[bytes | int] = []
        for piece in self.pieces.get((conn, side), []):
            if joined and type(piece) is type(joined[-1]):
                joined[-1] += piece  # type: ignore[operator]
            else:
                joined.append(piece)
        return joined

    @property
    def only(self) -> Connection:
        """The one connection of the capture."""
        (connection,) = self.connections
        return connection


def follow(capture: bytes, ports: tuple[int, ...] = API_PORTS, piece: int = 0) -> Followed:
    """Run the analyzer over a capture, fed whole or in pieces."""
    with mock.patch.object(capanalyze.sessions, "Session", StreamRecorder):
        analyzer = Analyzer(ports)
        file = from_bytes(capture)
        if piece:
            decoder = (
                type(file.decoder)() if file.decoder.format == "pcapng" else type(file.decoder)(capture[:24], False)
            )
            if file.decoder.format == "pcap":
                capture = capture[24:]
            for at in range(0, len(capture), piece):
                decoder.feed(capture[at : at + piece])
                analyzer.feed(decoder)
        else:
            for window in file.windows():
                analyzer.feed(window)
        analyzer.finish()
    followed = Followed(analyzer.connections, skipped=analyzer.skipped)
    for connection, session in zip(analyzer.connections, analyzer.sessions, strict=True):
        if session is not None:
            for side in (0, 1):
                followed.pieces[connection.number, connection.side_name(side)] = session.pieces[side]
    return followed


def follow_generally(capture: bytes) -> Followed:
    """The same without the short path: every segment takes the general one."""
    tracker, segment = Tracker(), Segment()
    recorders: dict[int, StreamRecorder] = {}

    def hand_on(connection: Connection) -> None:
        recorder = recorders.setdefault(connection.number, StreamRecorder())
        for run in tracker.streams.runs:
            if run.gap:
                recorder.gap(run.side, run.gap, run.packet, run.ts_ns)
            else:
                recorder.data(run.side, run.data, run.start, run.end, run.packet, run.ts_ns)

    for window in from_bytes(capture).windows():
        while window.advance():
            found = segment.read(window)
            if found == HEADER_CUT:
                tracker.header_cut(segment, window.number, window.ts_ns)
            if found not in {OK, REASSEMBLED}:
                continue
            data = window.data if found == OK else segment.data
            if tracker.segment(segment, data, window.number, window.ts_ns) == RUNS:
                assert tracker.side is not None
                assert tracker.side.connection is not None
                hand_on(tracker.side.connection)
    for connection in tracker.connections:
        tracker.end_streams(connection)
        hand_on(connection)
        close.finish(connection)
    followed = Followed(tracker.connections)
    for connection in tracker.connections:
        recorder = recorders.get(connection.number, StreamRecorder())
        for side in (0, 1):
            followed.pieces[connection.number, connection.side_name(side)] = recorder.pieces[side]
    return followed
