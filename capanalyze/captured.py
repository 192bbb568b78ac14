"""A capture that has been read: its report, and the facts in it about files, interfaces and what they lack.

In: the files or the stream that was read, and the analyzer that took its packets. Out: a Report, CaptureFacts.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from capanalyze.analyzer import Analyzer
from capanalyze.capture.capture import NAMED, Capture
from capanalyze.capture.decoder import Decoder, Interface
from capanalyze.capture.merged import INTERFACES
from capanalyze.capture.options import MAX_COMMENTS
from capanalyze.capture.pcapng_sections import MAX_TS_NS
from capanalyze.capture.pieces import called
from capanalyze.report.build import build_report
from capanalyze.report.counted import counted_facts
from capanalyze.report.report import CaptureFacts, CountedFacts, FileFacts, InterfaceFacts, Report
from capanalyze.timeline.ends import time_or_none
from capanalyze.timeline.verdict import unread_end
from capanalyze.timeline.words import count, span

LONGEST_QUIET_NS: Final = 30 * 86_400 * 1_000_000_000
"""How long after its last packet a recording may have ended: what is later is another way to write a time."""


def report_of(
    facts: CaptureFacts,
    analyzer: Analyzer,
    ports: Sequence[int],
    *,
    all_connections: bool,
    unread: str,
    recorded: Mapping[int, int],
) -> Report:
    """The report of a finished analyzer; ``unread`` and ``recorded`` as ``build_report`` takes them."""
    return build_report(
        facts,
        analyzer.connections,
        analyzer.sessions,
        ports,
        all_connections=all_connections,
        counted=counted_of(analyzer, all_connections=all_connections),
        opened=int(analyzer.tracker.table.opened),
        unread=unread,
        recorded=recorded,
    )


def counted_of(analyzer: Analyzer, *, all_connections: bool) -> CountedFacts | None:
    """What is known of the connections that are counted only; None where every one is told in full."""
    return counted_facts(analyzer.tracker.table, analyzer.all_sessions.untold, all_connections)


def unread_of(decoders: Sequence[Decoder]) -> str:
    """What could not be read of files, as a clause; "" where all of them were read to the end."""
    return unread_end(any(one.damage for one in decoders), any(one.cut for one in decoders), len(decoders))


def facts_of(capture: Capture, analyzer: Analyzer) -> CaptureFacts:
    """The facts of a capture of files."""
    files = capture.files
    decoders = [file.decoder for file in files]
    name = called(files[0])
    if len(files) > 1:
        name += f" and {len(files) - 1} more"
    found = gather_facts(
        decoders,
        analyzer,
        name,
        files[0].sha256 if len(files) == 1 else None,
        tuple(
            FileFacts(
                called(file),
                file.sha256 or None,
                int(file.first_packet) + 1 if file.packets else None,
                int(file.packets),
            )
            for file in files
        ),
        (*capture.remarks(), *_corrected(capture.clocks)),
    )
    return found._replace(ended_ts_ns=_first_ended(capture, int(analyzer.last_ts))) if capture.at_once else found


def recorded_until(capture: Capture) -> dict[int, int]:
    """Until when each interface was recorded, in ns: to its file's last packet, or its end by the statistics.

    Of several interfaces of a file the statistics alone tell: it may be the merged captures of several hosts. Pieces
    that follow each other have their interfaces in common, and the first one given tells: no later time.
    """
    found: dict[int, int] = {}
    for piece, file in capture.recordings():
        last, interfaces = int(file.decoder.ts_ns), file.decoder.interfaces
        ends = [next((end for end in one.ended if last <= end <= last + LONGEST_QUIET_NS), -1) for one in interfaces]
        if len(ends) == 1 or min(ends, default=-1) >= 0:
            until = max(last, *ends) - piece.ahead
            found.update({piece.rank * INTERFACES + index: until for index in range(len(ends))})
    return found


def _corrected(clocks: Sequence[tuple[str, str, int]]) -> list[str]:
    """Remarks on files whose clocks are ahead of other ones, or behind them, by so many ns."""
    found = []
    for name, other, ahead in clocks[:NAMED]:
        order = "ahead of" if ahead > 0 else "behind"
        found.append(
            f"the clock of {name} is {span(abs(ahead))} {order} that of {other}, by packets that both hold: "
            f"it is taken to be set right, as by editcap -t {-ahead / 1e9:.6f}"
        )
    more = len(clocks[NAMED:])
    return found + ([f"so are the clocks of {count(more, 'more file')}"] if more else [])


def gather_facts(
    decoders: Sequence[Decoder],
    analyzer: Analyzer,
    name: str,
    sha256: str | None,
    files: tuple[FileFacts, ...],
    remarks: tuple[str, ...] = (),
) -> CaptureFacts:
    """What is known of a capture when it has been read; ``name`` is for people, without folders."""
    interfaces = _interfaces(decoders)
    dropped = [one.dropped for one in interfaces if one.dropped is not None]
    damage = _damage(decoders, files)
    authored = [decoder for decoder in decoders if decoder.format != "tshark"]  # tshark would name itself
    unnumbered = sum(int(decoder.other_blocks) for decoder in decoders)
    remark = f"{unnumbered} custom or journal blocks: Wireshark numbers them too, so its later frame numbers are higher"
    comments = [comment for decoder in decoders for comment in decoder.comments]
    return CaptureFacts(
        name=name,
        format=decoders[0].format,
        packets=int(analyzer.packets),
        first_ts_ns=time_or_none(analyzer.first_ts),
        last_ts_ns=time_or_none(analyzer.last_ts),
        ended_ts_ns=_ended(decoders, int(analyzer.packets), int(analyzer.last_ts)),
        truncated=bool(damage),
        skipped=_skipped(decoders, analyzer),
        dropped=sum(dropped) if dropped else None,
        sha256=sha256,
        interfaces=interfaces,
        application=next((one.application for one in authored if one.application), None),
        os=next((one.os for one in authored if one.os), None),
        files=files,
        damage=damage or None,
        remarks=((remark,) if unnumbered else ()) + remarks,
        comments=tuple(comments[:MAX_COMMENTS]),
        comments_left_out=len(comments[MAX_COMMENTS:]) + sum(int(decoder.comments_left_out) for decoder in decoders),
    )


def _damage(decoders: Sequence[Decoder], files: Sequence[FileFacts]) -> str:
    """What is wrong with the files, each named where there are several; "" for nothing."""
    return "; ".join(
        f"{file.name}: {decoder.damage}" if len(files) > 1 else decoder.damage
        for decoder, file in zip(decoders, files, strict=True)
        if decoder.damage
    )


def _skipped(decoders: Sequence[Decoder], analyzer: Analyzer) -> dict[str, int]:
    """Packets that could not be used, by reason: those of the analyzer first, then those of each file."""
    found: dict[str, int] = {}
    for table in (analyzer.skipped, *(decoder.skipped for decoder in decoders)):
        for reason, number in table.items():
            found[reason] = found.get(reason, 0) + int(number)
    return found


def _ended(decoders: Sequence[Decoder], packets: int, last_ts: int) -> int | None:
    """When the recording ended by its statistics, nothing more having come; None where they do not tell.

    They are the last file's, and count the packets that came. Where the capture has not as many, somebody took some
    out, perhaps the last; or its files are recordings of their own, each of which ended at another time.
    """
    interfaces = decoders[-1].interfaces
    if last_ts < 0 or sum(int(one.received) for one in interfaces if one.received >= 0) != packets:
        return None
    latest = min(last_ts + LONGEST_QUIET_NS, MAX_TS_NS)
    ends = [next((ended for ended in one.ended if last_ts <= ended <= latest), last_ts) for one in interfaces]
    end = max(ends, default=last_ts)
    return end if end > last_ts else None


def _first_ended(capture: Capture, last_ts: int) -> int | None:
    """The same of files that were recorded at the same time: until then all of them were, and nothing more came."""
    ends = []
    for piece, file in capture.recordings():
        last = int(file.decoder.ts_ns)
        end = _ended([file.decoder], int(file.packets), last)
        ends.append((last if end is None else end) - piece.ahead)
    return min(ends) if min(ends) > last_ts else None


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
