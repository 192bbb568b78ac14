"""The Python API: a capture or an interface in, a Report out; where reading (capture/) and the pure rooms meet.

``read`` and ``messages`` follow files, ``live`` an interface. The commands come through here too, so a script gets
what the command line gets.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from capanalyze.analyzer import PORTS, Analyzer
from capanalyze.capture.capture import Capture, Progress
from capanalyze.capture.decoder import Decoder, Interface
from capanalyze.capture.files import CaptureFile
from capanalyze.report.build import build_report
from capanalyze.report.counted import counted_facts
from capanalyze.report.messages import record
from capanalyze.report.report import CaptureFacts, FileFacts, InterfaceFacts, Report
from capanalyze.report.requests import exchange_record
from capanalyze.tws.conversation import Exchange
from capanalyze.tws.message import Message

if TYPE_CHECKING:
    from capanalyze.following import Live

Path = str | os.PathLike[str]

STDIN: Final = "-"

MAX_COMMENTS: Final = 100
"""Comments in a report, of however many pieces."""


def read(
    paths: Path | Sequence[Path],
    *,
    ports: Sequence[int] = PORTS,
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
    ports: Sequence[int] = PORTS,
    all_connections: bool = False,
    engine: str = "auto",
    progress: Progress | None = None,
) -> Report:
    """The same of paths, or of files that are open already (``capture.files.from_bytes``)."""
    capture = Capture(files, engine, progress)
    analyzer = Analyzer(tuple(ports))
    for packets in capture.runs():
        analyzer.feed(packets)
    analyzer.finish()
    return build_report(
        _facts(capture, analyzer),
        analyzer.connections,
        analyzer.sessions,
        ports,
        all_connections=all_connections,
        counted=counted_facts(analyzer.tracker.table, analyzer.rest, all_connections),
        opened=int(analyzer.tracker.table.opened),
        cut=any(file.decoder.cut for file in capture.files),
    )


def messages(
    paths: Path | Sequence[Path],
    *,
    ports: Sequence[int] = PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
    wanted: Callable[[Message, int], bool] | None = None,
    exchanges: list[dict[str, Any]] | None = None,
    followed: frozenset[int] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every TWS message of a capture in capture order, one dict each (contract.md, "messages").

    Args:
        paths: as ``read`` takes them.
        ports: the same.
        engine: the same.
        progress: the same.
        wanted: is asked, before a message is decoded, whether it is; with the time of the capture's first packet.
        exchanges: is filled, after the last message, with what ``requests`` gives.
        followed: request ids; ``exchanges`` gets these only.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports), keep_all=True, converse=exchanges is not None, keys=followed)
    for packets in Capture(_names(paths), engine, progress).runs():
        analyzer.feed(packets)
        yield from _records(analyzer, wanted)
    analyzer.finish()
    yield from _records(analyzer, wanted)
    if exchanges is not None:
        exchanges.extend(_exchanges(analyzer))


def _records(analyzer: Analyzer, wanted: Callable[[Message, int], bool] | None) -> Iterator[dict[str, Any]]:
    """What was completed since the last call."""
    start_ns = int(analyzer.first_ts)
    for message in analyzer.take_messages():
        if wanted is None or wanted(message, start_ns):
            yield record(message, message.conn)


def requests(
    paths: Path | Sequence[Path],
    *,
    ports: Sequence[int] = PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
    wanted: Callable[[dict[str, Any], int], bool] | None = None,
    heard: dict[str, int] | None = None,
) -> Iterator[dict[str, Any]]:
    """Every request that something answers, with what came of it, one dict each in capture order.

    Requests are paired with answers by their id, or by kind where answers carry none. ``answers`` counts them by
    name; ``first``, ``last``, ``end``, ``error`` and ``cancelled`` are {packet, ts_ns, after_ns} or None for what did
    not come; ``refused`` says that the error was no mere remark, ``id_in_use`` and ``before_ready`` what was wrong with
    the request itself. Of a connection with more requests than are followed the last dict is {conn, left_out};
    ``conn`` is None for all connections of which none is.
    ``wanted`` is asked which dicts are, with the time of the capture's first packet. ``heard`` is filled with how many
    ``messages`` there were, requests or not, before the first dict comes.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports), keep_all=True, converse=True)
    number = 0
    for packets in Capture(_names(paths), engine, progress).runs():
        analyzer.feed(packets)
        number += len(analyzer.take_messages())
    analyzer.finish()
    if heard is not None:
        heard["messages"] = number + len(analyzer.take_messages())
    start_ns = int(analyzer.first_ts)
    yield from (one for one in _exchanges(analyzer) if wanted is None or wanted(one, start_ns))


def _exchanges(analyzer: Analyzer) -> Iterator[dict[str, Any]]:
    found = [(exchange, conn) for conn, exchanges in sorted(analyzer.talks, key=_conn) for exchange in exchanges]
    found.sort(key=lambda one: one[0].packet)
    for exchange, conn in found:
        yield exchange_record(exchange, conn)
    others = analyzer.unfollowed.pop(0, 0)
    for conn, left_out in sorted(analyzer.unfollowed.items()):
        yield {"conn": conn, "left_out": left_out}
    if others:
        yield {"conn": None, "left_out": others}


def _conn(talk: tuple[int, list[Exchange]]) -> int:
    return talk[0]


def message_counts(
    paths: Path | Sequence[Path],
    *,
    ports: Sequence[int] = PORTS,
    engine: str = "auto",
    progress: Progress | None = None,
) -> dict[str, dict[str, int]]:
    """How many TWS messages of each name the sides sent, on all connections: {"client" or "server": {name: count}}.

    Nothing is decoded, and no message becomes an object: this costs little more than following the connections.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture.
    """
    analyzer = Analyzer(tuple(ports))
    for packets in Capture(_names(paths), engine, progress).runs():
        analyzer.feed(packets)
    analyzer.finish()
    sums = {"client": analyzer.rest.names_of(True), "server": analyzer.rest.names_of(False)}
    for session in analyzer.sessions:
        if session is not None and session.rest is None:
            for side, counts in (("client", session.client_counts), ("server", session.server_counts)):
                for name, number in counts.items():
                    sums[side][name] = sums[side].get(name, 0) + number
    return sums


def live(
    interface: str | None = None,
    *,
    ports: Sequence[int] = PORTS,
    engine: str = "auto",
    write: Path | None = None,
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


def _names(paths: Path | Sequence[Path]) -> list[str]:
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    return [os.fspath(path) for path in paths]


def _facts(capture: Capture, analyzer: Analyzer) -> CaptureFacts:
    files = capture.files
    decoders = [file.decoder for file in files]
    name = os.path.basename(files[0].name)  # noqa: PTH119 - pathlib costs 5 ms of every start
    if len(files) > 1:
        name += f" and {len(files) - 1} more"
    return capture_facts(
        decoders,
        analyzer,
        name,
        files[0].sha256 if len(files) == 1 else None,
        tuple(
            FileFacts(
                os.path.basename(file.name),  # noqa: PTH119 - as above
                file.sha256 or None,
                int(file.first_packet) + 1 if file.packets else None,
                int(file.packets),
            )
            for file in files
        ),
        tuple(capture.remarks()),
    )


def capture_facts(
    decoders: Sequence[Decoder],
    analyzer: Analyzer,
    name: str,
    sha256: str | None,
    files: tuple[FileFacts, ...],
    remarks: tuple[str, ...] = (),
) -> CaptureFacts:
    """What is known of a capture when it has been read; ``name`` is for people, without folders."""
    skipped = dict(analyzer.skipped)
    for decoder in decoders:
        for reason, number in decoder.skipped.items():
            skipped[reason] = skipped.get(reason, 0) + int(number)
    interfaces = _interfaces(decoders)
    dropped = [one.dropped for one in interfaces if one.dropped is not None]
    damage = "; ".join(
        f"{file.name}: {decoder.damage}" if len(files) > 1 else decoder.damage
        for decoder, file in zip(decoders, files, strict=True)
        if decoder.damage
    )
    authored = [decoder for decoder in decoders if decoder.format != "tshark"]  # tshark would name itself
    unnumbered = sum(int(decoder.other_blocks) for decoder in decoders)
    remark = f"{unnumbered} custom or journal blocks: Wireshark numbers them too, so its later frame numbers are higher"
    return CaptureFacts(
        name=name,
        format=decoders[0].format,
        packets=int(analyzer.packets),
        first_ts_ns=int(analyzer.first_ts) if analyzer.first_ts >= 0 else None,
        last_ts_ns=int(analyzer.last_ts) if analyzer.last_ts >= 0 else None,
        truncated=bool(damage),
        skipped={reason: int(number) for reason, number in skipped.items()},
        dropped=sum(dropped) if dropped else None,
        sha256=sha256,
        interfaces=interfaces,
        application=next((one.application for one in authored if one.application), None),
        os=next((one.os for one in authored if one.os), None),
        files=files,
        damage=damage or None,
        remarks=((remark,) if unnumbered else ()) + remarks,
        comments=tuple(comment for decoder in decoders for comment in decoder.comments)[:MAX_COMMENTS],
    )


def _interfaces(decoders: Sequence[Decoder]) -> tuple[InterfaceFacts, ...]:
    """Those of all files; the same interface in each file of a ring buffer is one, and its counts are added up."""
    found: list[InterfaceFacts] = []
    places: dict[InterfaceFacts, int] = {}
    for decoder in decoders:
        before = dict(places)
        for one in map(_interface, decoder.interfaces):
            described = one._replace(received=None, dropped=None)
            place = before.get(described)
            if place is None:
                places[described] = len(found)
                found.append(one)
            else:
                known = found[place]
                found[place] = known._replace(
                    received=_sum(known.received, one.received), dropped=_sum(known.dropped, one.dropped)
                )
    return tuple(found)


def _sum(one: int | None, other: int | None) -> int | None:
    return one if other is None else other if one is None else one + other


def _interface(one: Interface) -> InterfaceFacts:
    return InterfaceFacts(
        name=one.name or None,
        description=one.description or None,
        link_type=int(one.link_type),
        snaplen=int(one.snaplen),
        filter=one.filter or None,
        os=one.os or None,
        received=int(one.received) if one.received >= 0 else None,
        dropped=int(one.dropped) if one.dropped >= 0 else None,
    )
