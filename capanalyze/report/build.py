"""Build: measured connections and sessions in, the immutable Report out.

In: CaptureFacts, Connections with their Sessions (None: nothing was said that could be TWS), ports. Out: a Report
of the connections on the ports, of those that speak TWS on any port, or of all. Numbers stay the same either way.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Final

from capanalyze.report.messages import record
from capanalyze.report.report import (
    SCHEMA_VERSION,
    CaptureFacts,
    CloseFacts,
    ConnectionReport,
    CountedFacts,
    Endpoint,
    LastWords,
    Library,
    Milestone,
    NoteFacts,
    Report,
    TwsFacts,
)
from capanalyze.report.requests import named, request_facts
from capanalyze.tcp.connection import Connection
from capanalyze.tcp.crossing import doubt_end
from capanalyze.tcp.evidence import doubt_roles, doubt_silence
from capanalyze.tcp.lacking import doubt_open, doubt_states, is_filtered
from capanalyze.tcp.side import last_octets
from capanalyze.timeline.across import judge_together
from capanalyze.timeline.arrival import doubt_ends
from capanalyze.timeline.both_ends import compare, unsent
from capanalyze.timeline.capture_points import relate
from capanalyze.timeline.ends import End, Moment, between, time_or_none
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.lines import Timeline
from capanalyze.timeline.rules import judge
from capanalyze.timeline.timeline import timeline
from capanalyze.timeline.verdict import capture_verdict, connection_verdict
from capanalyze.timeline.words import host, octets_for_programs
from capanalyze.tws.session import Session

TIMELINES: Final = 200
"""Connections whose events are in ``timeline``; ``timeline_left_out`` counts the others."""

LAST_MESSAGES: Final = 3
"""Messages of each side in ``before_close``."""


def build_report(
    capture: CaptureFacts,
    connections: Sequence[Connection],
    sessions: Sequence[Session | None],
    ports: Sequence[int],
    *,
    all_connections: bool,
    counted: CountedFacts | None,
    opened: int,
    unread: str,
    recorded: Mapping[int, int],
) -> Report:
    """The Report; ``connections`` and ``sessions`` are parallel and finished.

    Args:
        capture: facts about the files.
        connections: those told in full.
        sessions: theirs.
        ports: that mark the gateway's side.
        all_connections: report connections on other ports too.
        counted: what is known of further connections.
        opened: how many there were in all.
        unread: what could not be read of the capture, as a clause; "" for nothing.
        recorded: until when each interface was recorded, as far as that is known; in ns.
    """
    every = _facts(capture, connections, sessions, ports, recorded)
    of_api = tuple(facts for facts in every if facts.api)
    one_each = relate(of_api)
    compare(every)
    reported = every if all_connections else of_api
    more = counted.connections if counted is not None else 0
    told = reported[:TIMELINES]
    return Report(
        schema_version=SCHEMA_VERSION,
        capture=capture,
        ports=tuple(ports),
        connections=tuple(connection_report(facts) for facts in reported),
        connections_left_out=more,
        counted_only=counted,
        timeline=Timeline({facts.number: partial(timeline, facts) for facts in told}),
        timeline_left_out=len(reported) - len(told) + more,
        findings=judge_together(one_each),
        verdict=capture_verdict(
            reported,
            max(opened, len(connections)),
            ports,
            capture.packets,
            unread=unread,
            left_out=capture.skipped,
            dropped=capture.dropped or 0,
            closed_first=counted.closed_first if counted is not None else {},
        ),
    )


def _facts(
    capture: CaptureFacts,
    connections: Sequence[Connection],
    sessions: Sequence[Session | None],
    ports: Sequence[int],
    recorded: Mapping[int, int],
) -> tuple[Facts, ...]:
    """What rules and verdicts look at."""
    end_ns = capture.last_ts_ns if capture.ended_ts_ns is None else capture.ended_ts_ns
    ended = Moment(capture.packets, end_ns)
    dropped = capture.dropped or 0
    if dropped:
        for connection in connections:
            doubt_silence(connection)
    if end_ns is not None:
        for connection in connections:
            doubt_end(connection, end_ns)
            doubt_states(connection, end_ns)
    filtered = is_filtered(connections)
    if filtered:
        for connection in connections:
            doubt_open(connection)
    for connection, session in zip(connections, sessions, strict=True):
        if session is not None and session.is_tws:
            doubt_roles(connection, ports)
    every = tuple(
        Facts(one, session, ports, ended, dropped) for one, session in zip(connections, sessions, strict=True)
    )
    for facts in every:
        facts.recorded, facts.filtered = recorded, filtered
        doubt_ends(facts)
    return every


def connection_report(facts: Facts) -> ConnectionReport:
    """Everything that is told of one connection."""
    connection = facts.connection
    ends = (("client", facts.client), ("server", facts.server))
    return ConnectionReport(
        conn=facts.number,
        client=_endpoint(facts.client),
        server=_endpoint(facts.server),
        roles_from=connection.roles_from,
        opened=connection.opened,
        first_packet=int(connection.first_packet),
        last_packet=int(connection.last_packet),
        first_ts_ns=time_or_none(connection.first_ts),
        last_ts_ns=time_or_none(connection.last_ts),
        packets=int(connection.packets),
        client_bytes=facts.client.octets,
        server_bytes=facts.server.octets,
        missing={side: end.missing for side, end in ends},
        close=_close(facts),
        fins={side: end.fins for side, end in ends},
        resets={side: end.rsts for side, end in ends},
        ignored_resets=tuple(int(packet) for packet in connection.ignored_resets),
        states={side: end.told_state for side, end in ends},
        conn_state=connection.conn_state,
        history=connection.history,
        before_close={side: _last_words(facts, end) for side, end in ends},
        notes=tuple(
            NoteFacts(
                note.note, connection.side_name(note.side), tuple(int(one) for one in note.packets), int(note.count)
            )
            for note in connection.notes
        ),
        tws=_tws(facts),
        findings=judge(facts),
        verdict=connection_verdict(facts),
    )


def _endpoint(end: End) -> Endpoint:
    return Endpoint(host(end.side.host), int(end.side.port), None)


def _close(facts: Facts) -> CloseFacts | None:
    close = facts.connection.close
    if close is None:
        return None
    packet = int(close.packet) if not close.inferred else None
    return CloseFacts(
        close.first,
        close.kind,
        packet,
        time_or_none(close.ts_ns) if packet is not None else None,
        close.inferred,
        close.certainty,
        unsent(facts),
    )


def _last_words(facts: Facts, end: End) -> LastWords:
    closed = facts.connection.close is not None
    octets = end.side.at_close.tail if closed else last_octets(end.side)
    messages = messages_before_close(facts, end.name)[-LAST_MESSAGES:] if facts.speaks else []
    return LastWords(
        bytes_hex=octets.hex(),
        text=octets_for_programs(octets),
        messages=tuple(record(message, facts.number) for message in messages),
        idle_ns=between(end.last_before, facts.close if closed else facts.ended),
    )


def _tws(facts: Facts) -> TwsFacts | None:
    session = facts.session
    if session is None or not facts.api:
        return None
    server = facts.server
    captured = server.side.packets > 0 and (server.spoke or not server.unread) and "server" not in facts.blank
    return TwsFacts(
        client_range=session.client_range,
        options=session.options if session.client_range is not None else None,
        server_version=facts.version,
        connection_time=session.connection_time or None,
        client_id=session.client_id,
        client_library=Library(*session.client_library) if session.client_library is not None else None,
        messages={"client": dict(session.client_counts), "server": dict(session.server_counts)},
        milestones=_milestones(facts, session),
        unanswered=named(session.unanswered) if captured else (),
        unanswered_left_out=int(session.unanswered_left_out) if captured else 0,
        answers_captured=captured,
        unfinished=named(session.unfinished),
        unfinished_left_out=int(session.unfinished_left_out),
        **request_facts(session.pairing.tally),
        remainder={"client": int(session.client.remainder), "server": int(session.server.remainder)},
        not_tws=session.not_tws if not facts.blank else None,
    )


def _milestones(facts: Facts, session: Session) -> dict[str, Milestone]:
    """The session's milestones, with the one that TCP proves."""
    found = {
        name: Milestone(
            entry.reached,
            int(entry.packet) or None,
            time_or_none(entry.ts_ns) if entry.reached else None,
            entry.criterion,
        )
        for name, entry in session.milestones.items()
    }
    at = (facts.opened_at or facts.began) if facts.connection.opened in {"complete", "midstream"} else None
    found["tcp_connected"] = Milestone(
        at is not None,
        at.packet if at is not None else None,
        at.ts_ns if at is not None else None,
        found["tcp_connected"].criterion,
    )
    return found
