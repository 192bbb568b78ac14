"""The Python API: a capture or an interface in, a Report out; where reading (capture/) and the pure rooms meet.

``read`` and ``messages`` follow files, ``live`` an interface. The commands come through here too, so a script gets
what the command line gets.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from capanalyze import API_PORTS
from capanalyze.analyzer import Analyzer
from capanalyze.capture.capture import Capture, Progress
from capanalyze.capture.files import CaptureFile
from capanalyze.capture.names import STDIN
from capanalyze.captured import counted_of, facts_of, recorded_until, report_of, unread_of
from capanalyze.report.counted import lacking_room
from capanalyze.report.messages import record
from capanalyze.report.report import Report
from capanalyze.report.requests import exchange_record
from capanalyze.tws.in_order import InOrder
from capanalyze.tws.message import Message

if TYPE_CHECKING:
    from capanalyze.following import Live

AnyPath = str | os.PathLike[str]


def read(
    paths: AnyPath | Sequence[AnyPath],
    *,
    ports: Sequence[int] = API_PORTS,
    all_connections: bool = False,
    engine: str = "auto",
    progress: Progress | None = None,
) -> Report:
    """Analyse a capture.

    Args:
        paths: a file ("-" is standard input), or several that are one capture in pieces; globs are expanded.
        ports: the TCP ports that mark the gateway's side.
        all_connections: report every TCP connection, not only those on the ports or that speak TWS.
        engine: "native", "tshark", or "auto": tshark for what we cannot unwrap, where it is installed.
        progress: called now and then with the octets read and those there are (0 where that is not known).

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    names = _names(paths)
    report = read_files(names, ports=ports, all_connections=all_connections, engine=engine, progress=progress)
    return report if STDIN in names else report._replace(reread=lambda: messages(names, ports=ports, engine=engine))


def read_files(
    files: Sequence[str | CaptureFile],
    *,
    ports: Sequence[int] = API_PORTS,
    all_connections: bool = False,
    engine: str = "auto",
    progress: Progress | None = None,
) -> Report:
    """The same of paths, or of files that are open already (``capture.files.from_bytes``).

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    capture = Capture(files, engine, progress)
    analyzer = Analyzer(tuple(ports))
    for packets in capture.runs():
        analyzer.feed(packets)
    analyzer.finish()
    return report_of(
        facts_of(capture, analyzer),
        analyzer,
        ports,
        all_connections=all_connections,
        unread=unread_of([file.decoder for file in capture.files]),
        recorded=recorded_until(capture),
    )


def messages(
    paths: AnyPath | Sequence[AnyPath],
    *,
    ports: Sequence[int] = API_PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
    wanted: Callable[[Message, int], bool] | None = None,
    exchanges: list[dict[str, Any]] | None = None,
    followed: frozenset[int] | None = None,
    lacking: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every TWS message of a capture in capture order, one dict each (contract.md, "messages").

    Args:
        paths: as ``read`` takes them.
        ports: the same.
        engine: the same.
        progress: the same.
        wanted: asked before a message is decoded whether it is; with the time of the capture's first packet.
        exchanges: filled after the last message with what ``requests`` gives.
        followed: request ids; ``exchanges`` gets these only.
        lacking: filled after the last message with sentences on why there may be others.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports), keep_all=True, converse=exchanges is not None, keys=followed)
    capture = Capture(_names(paths), engine, progress)
    ordered = InOrder()
    for packets in capture.runs():
        analyzer.feed(packets)
        yield from _records(analyzer, ordered.take(analyzer.take_messages(), int(analyzer.packets)), wanted)
    analyzer.finish()
    yield from _records(analyzer, ordered.rest(analyzer.take_messages()), wanted)
    _note_lacking(lacking, capture, analyzer)
    if exchanges is not None:
        exchanges.extend(_exchanges(analyzer))


def _records(
    analyzer: Analyzer, found: list[Message], wanted: Callable[[Message, int], bool] | None
) -> Iterator[dict[str, Any]]:
    """The messages that are wanted, decoded."""
    start_ns = int(analyzer.first_ts)
    for message in found:
        if wanted is None or wanted(message, start_ns):
            yield record(message, message.conn)


def requests(
    paths: AnyPath | Sequence[AnyPath],
    *,
    ports: Sequence[int] = API_PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
    wanted: Callable[[dict[str, Any], int], bool] | None = None,
    heard: dict[str, int] | None = None,
    lacking: list[str] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every request that something answers, with what came of it, one dict each in capture order.

    Requests are paired with answers by their id, or by kind where answers carry none. ``answers`` counts them by
    name; ``first``, ``last``, ``end``, ``error`` and ``cancelled`` are {packet, ts_ns, after_ns} or None for what did
    not come; ``refused`` says that the error was no mere remark, ``id_in_use`` and ``before_ready`` what was wrong with
    the request itself. Of a connection with more requests than are followed the last dict is {conn, left_out};
    ``conn`` is None for all connections of which none is.

    Args:
        paths: as ``read`` takes them.
        ports: the same.
        engine: the same.
        progress: the same.
        wanted: asked of each dict whether it is; with the time of the capture's first packet.
        heard: filled before the first dict comes with how many ``messages`` there were, requests or not.
        lacking: filled before the first dict comes with sentences on why there may be others.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports), keep_all=True, converse=True)
    number = 0
    capture = Capture(_names(paths), engine, progress)
    for packets in capture.runs():
        analyzer.feed(packets)
        number += len(analyzer.take_messages())
    analyzer.finish()
    if heard is not None:
        heard["messages"] = number + len(analyzer.take_messages())
    start_ns = int(analyzer.first_ts)
    _note_lacking(lacking, capture, analyzer)
    yield from (one for one in _exchanges(analyzer) if wanted is None or wanted(one, start_ns))


def _exchanges(analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    """The requests that were followed, in capture order, then how many others there were."""
    found = [(exchange, conn) for conn, exchanges in analyzer.all_sessions.talks for exchange in exchanges]
    found.sort(key=lambda one: (one[0].packet, one[1]))
    for exchange, conn in found:
        yield exchange_record(exchange, conn)
    others = analyzer.all_sessions.unfollowed.pop(0, 0)
    for conn, left_out in sorted(analyzer.all_sessions.unfollowed.items()):
        yield {"conn": conn, "left_out": left_out}
    if others:
        yield {"conn": None, "left_out": others}


def _note_lacking(lacking: list[str] | None, capture: Capture, analyzer: Analyzer) -> None:
    """Say why there may be messages that were not found: the capture's end, and connections without room."""
    if lacking is None:
        return
    unread = unread_of([file.decoder for file in capture.files])
    counted = counted_of(analyzer, all_connections=True)
    words = [unread, lacking_room(counted) if counted is not None else ""]
    lacking.extend(text for text in words if text)


def message_counts(
    paths: AnyPath | Sequence[AnyPath],
    *,
    ports: Sequence[int] = API_PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
    lacking: list[str] | None = None,
) -> dict[str, dict[str, int]]:
    """How many TWS messages of each name the sides sent, on all connections: {"client" or "server": {name: count}}.

    Nothing is decoded, and no message becomes an object: this costs little more than following the connections.

    Args:
        paths: as ``read`` takes them.
        ports: the same.
        engine: the same.
        progress: the same.
        lacking: filled with sentences on why there may be others.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports))
    capture = Capture(_names(paths), engine, progress)
    for packets in capture.runs():
        analyzer.feed(packets)
    analyzer.finish()
    _note_lacking(lacking, capture, analyzer)
    untold = analyzer.all_sessions.untold
    sums = {"client": untold.names_of(from_client=True), "server": untold.names_of(from_client=False)}
    for session in analyzer.sessions:
        if session is not None and session.untold is None:
            for side, counts in (("client", session.client_counts), ("server", session.server_counts)):
                for name, number in counts.items():
                    sums[side][name] = sums[side].get(name, 0) + number
    return sums


def live(
    interface: str | None = None,
    *,
    ports: Sequence[int] = API_PORTS,
    engine: str = "auto",
    write: AnyPath | None = None,
    duration_s: float | None = None,
    count: int | None = None,
    until_close: bool = False,
    all_connections: bool = False,
) -> "Live":
    """Capture on an interface (the loopback one by default) and follow what happens.

    Iterating over the result gives a TimelineLine for each event as it happens and, last, the Report, which is then
    its ``report`` too. ``stop()`` ends the capture from a signal handler or another thread.

    Args:
        interface: by the system's name.
        ports: TCP ports to capture; ICMP errors about TCP are captured too.
        engine: "auto", "dumpcap" or "scapy".
        write: a file that the pcapng is written to as it arrives.
        duration_s: stop by itself after so many seconds.
        count: stop by itself after so many packets.
        until_close: stop by itself when a connection has been closed.
        all_connections: report and follow connections on other ports too, where the capture holds any.

    Raises:
        CapanalyzeError: not allowed to capture, no such interface, no engine, or ``write`` cannot be written.
    """
    from capanalyze.following import Live  # noqa: PLC0415 - processes and sockets only where they are used

    return Live(
        interface,
        tuple(ports),
        engine,
        write,
        duration_s=duration_s,
        count=count,
        until_close=until_close,
        all_connections=all_connections,
    )


def _names(paths: AnyPath | Sequence[AnyPath]) -> list[str]:
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]
