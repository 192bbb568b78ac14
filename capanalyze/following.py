"""Live: an interface followed as it happens; the same analyzer as for files, and the same Report in the end.

In: an engine's pcapng stream (capture/live.py). Out: a TimelineLine for each event when it happens, then the Report.
The module has another name than the function ``capanalyze.live``, whose place it would take once it is imported.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Self

from capanalyze.analyzer import Analyzer
from capanalyze.api import AnyPath, messages
from capanalyze.capture.live import LiveCapture, LiveStatistics, Tick, open_live
from capanalyze.capture.pcapng import PcapngDecoder
from capanalyze.capture.processes import Address, Owners
from capanalyze.captured import gather_facts, report_of, unread_of
from capanalyze.errors import CapanalyzeError
from capanalyze.report.report import Endpoint, FileFacts, Process, Report
from capanalyze.tcp.connection import Connection
from capanalyze.timeline.happening import Follower
from capanalyze.timeline.lines import TimelineLine
from capanalyze.timeline.words import host

AFTER_CLOSE_NS: Final = 2_000_000_000
"""With ``until_close``: how long after a close the other side's reaction is waited for."""


class Live:
    """A live capture being followed; made by ``capanalyze.live``.

    Attributes:
        report: the Report, once iteration has ended.
        errors: what went wrong after the capture had begun; what was captured before is in the report.
    """

    def __init__(
        self,
        interface: str | None,
        ports: tuple[int, ...],
        engine: str,
        write: AnyPath | None,
        *,
        duration_s: float | None,
        count: int | None,
        until_close: bool,
        all_connections: bool,
    ) -> None:
        self.report: Report | None = None
        self._ports = ports
        self._until_close = until_close
        self._all = all_connections
        self._file = Path(write) if write is not None else None
        self._capture: LiveCapture = open_live(
            interface, () if all_connections else ports, engine, self._file, duration_s=duration_s, count=count
        )
        self._decoder = PcapngDecoder()
        self._analyzer = Analyzer(ports, keep_all=True)
        self._follower = Follower(() if all_connections else ports)
        self._owners = Owners()
        self._connections_seen = 0
        self._closed_ns: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def statistics(self) -> LiveStatistics:
        """Engine, interface, and packet counts up to now."""
        return self._capture.statistics

    @property
    def errors(self) -> list[CapanalyzeError]:
        """What went wrong after the capture had begun."""
        return self._capture.errors

    def stop(self) -> None:
        """End the capture; iteration then ends with the Report. Safe in a signal handler or another thread."""
        self._capture.stop()

    def close(self) -> None:
        """End everything at once. Idempotent."""
        self._capture.close()

    def __iter__(self) -> Iterator[TimelineLine | Report]:
        """Events as they happen and, last, the Report."""
        try:
            for chunk in self._capture.chunks():
                if isinstance(chunk, Tick):
                    self._owners.look()
                    self._watch_close(chunk.ts_ns)
                    continue
                self._decoder.feed(chunk)
                self._analyzer.feed(self._decoder)
                self._look_at_processes()
                analyzer = self._analyzer
                yield from self._follower.follow(analyzer.connections, analyzer.sessions, analyzer.take_messages())
                self._watch_close(int(self._analyzer.last_ts))
        finally:
            self.close()
        self._decoder.finish()
        self._analyzer.finish()
        self.report = self._build()
        yield self.report

    def _watch_close(self, now_ns: int) -> None:
        """End the capture when a connection was closed and the other side has had time to react."""
        if not self._until_close:
            return
        closed = [one for one in self._analyzer.connections if one.ending and self._counts(one)]
        if not closed:
            return
        if self._closed_ns is None:
            self._closed_ns = now_ns
        if now_ns - self._closed_ns >= AFTER_CLOSE_NS or any(_over(one) for one in closed):
            self.stop()

    def _look_at_processes(self) -> None:
        """Ask who owns the ends of new connections, while they live."""
        connections = self._analyzer.connections
        for connection in connections[self._connections_seen :]:
            if not connection.gone and self._counts(connection):
                ends = [(host(side.host), int(side.port)) for side in (connection.orig, connection.resp)]
                self._owners.watch(ends[0], ends[1])
                self._owners.watch(ends[1], ends[0])
        self._connections_seen = len(connections)
        self._owners.look()

    def _counts(self, connection: Connection) -> bool:
        return self._all or bool({int(connection.orig.port), int(connection.resp.port)} & set(self._ports))

    def _build(self) -> Report:
        analyzer = self._analyzer
        name = self._file.name if self._file is not None else f"live capture on {self.statistics.interface}"
        facts = gather_facts(
            [self._decoder],
            analyzer,
            name,
            None,
            (FileFacts(name, None, 1 if analyzer.packets else None, int(analyzer.packets)),),
        )
        report = report_of(
            facts,
            analyzer,
            self._ports,
            all_connections=self._all,
            unread=unread_of([self._decoder]),
            recorded={},
        )
        path = os.fspath(self._file) if self._file is not None else None
        owned = [
            one._replace(client=self._owned(one.client, one.server), server=self._owned(one.server, one.client))
            for one in report.connections
        ]
        reread = None if path is None else lambda: messages(path, ports=self._ports)
        return report._replace(connections=tuple(owned), reread=reread)

    def _owned(self, near: Endpoint, far: Endpoint) -> Endpoint:
        """An end with its program."""
        ends: tuple[Address, Address] = ((near.host, near.port), (far.host, far.port))
        owner = self._owners.of(*ends)
        return near if owner is None else near._replace(process=Process(*owner))


def _over(connection: Connection) -> bool:
    """Whether nothing more has to come: both FINs acknowledged, or a valid RST."""
    return connection.reset is not None or (connection.orig.fin_acked and connection.resp.fin_acked)
