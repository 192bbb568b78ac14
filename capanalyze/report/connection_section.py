"""The section of a report about one connection: facts, timeline, the last octets of each side.

In: a ConnectionReport, its part of the timeline, and a Look. Out: Line records.
"""

from typing import Final, NamedTuple

from capanalyze.report._text import dump, moment, safe, wrap
from capanalyze.report.look import Look
from capanalyze.report.report import ConnectionReport, Endpoint, LastWords, Report, TwsFacts
from capanalyze.report.request_lines import request_lines
from capanalyze.report.timetable import timetable
from capanalyze.timeline.words import count, listing, packets, span

LABEL: Final = 11
"""Columns of a fact's name."""

SHOWN_NAMES: Final = 6
"""Message names counted out for a side."""


class Line(NamedTuple):
    """A line of output; ``style`` is "verdict", "problem", "notice", "heading", "closing", "dim" or ""."""

    text: str
    style: str = ""


def role(report: Report, connection: ConnectionReport) -> str:
    """What the server's side is called: "gateway" where the port or the protocol says so, else "server"."""
    speaks = connection.tws is not None and connection.tws.not_tws is None
    return "gateway" if speaks or {connection.server.port, connection.client.port} & set(report.ports) else "server"


def close_words(connection: ConnectionReport, name: str) -> str:
    """Who closed first, how and when, in a table's few words; ``name`` is what its server is called."""
    close = connection.close
    if close is None:
        return {"unanswered": "nobody (no answer)"}.get(connection.opened or "", "nobody")
    if connection.opened == "refused":
        return "refused"
    when = ""
    if close.ts_ns is not None and connection.first_ts_ns is not None:
        when = f", {span(close.ts_ns - connection.first_ts_ns)}"
    who = close.first if close.first == "both" else "neither" if close.made_between else _side(close.first, name)
    return f"{who}, {close.kind}{when}{' (inferred)' if close.inferred else ''}"


def connection_lines(report: Report, connection: ConnectionReport, look: Look) -> list[Line]:
    """Heading, facts, timeline and last octets of a connection."""
    name = role(report, connection)
    client, server = connection.client, connection.server
    ends = f"client {_endpoint(client)} -> {name} {_endpoint(server)}"
    heading = f"#{connection.conn}  {ends}"
    lines = [Line(safe(heading), "heading")]
    if len(report.connections) > 1:
        lines += [Line(text) for text in wrap(connection.verdict, look.width, "  ", "  ")]
    for label, value in facts(connection, name, look):
        lines += [Line(text) for text in wrap(value, look.width, f"  {label:<{LABEL}} ", " " * (LABEL + 3))]
    lines += timeline_lines(report, connection, look.width)
    lines += last_octets(connection, name)
    return lines


def timeline_lines(report: Report, connection: ConnectionReport, width: int) -> list[Line]:
    """The connection's events."""
    rows = timetable(report.timeline.of(connection.conn), role(report, connection), width)
    return [Line(row.text, "dim" if row.heading else "closing" if row.closing else "") for row in rows]


def facts(connection: ConnectionReport, name: str, look: Look) -> list[tuple[str, str]]:
    """Name and value of what is known; what is not has no line."""
    pairs = [("began", _began(connection, look))]
    if connection.tws is not None:
        pairs += _tws_facts(connection.tws, name)
    pairs.append(
        ("octets", f"{connection.client_bytes:,} from the client, {connection.server_bytes:,} from the {name}")
    )
    missing = [f"{number:,} of the {_side(side, name)}'s" for side, number in connection.missing.items() if number]
    if missing:
        pairs.append(("missing", f"{listing(missing)} octets were acknowledged but are not in the capture"))
    states = connection.states
    pairs.append(("states", f"client {states['client']}, {name} {states['server']}{_forgotten(states)}"))
    notes = [f"{note.note} x{note.count} by the {_side(note.side, name)}" for note in connection.notes]
    if notes:
        pairs.append(("notes", ", ".join(notes)))
    pairs.append(("Zeek", f"{connection.conn_state} {connection.history}".rstrip()))
    return pairs


def _began(connection: ConnectionReport, look: Look) -> str:
    opened = {
        "complete": "opened in full",
        "syn_ack": "SYN and SYN-ACK, no final ACK",
        "unanswered": "SYN never answered",
        "refused": "SYN refused",
        "midstream": "its SYN not captured" if connection.roles_from == "syn_ack" else "before the capture did",
        None: "headers are cut, so unknown",
    }[connection.opened]
    said = "hello" if connection.tws is not None and connection.tws.milestones["hello_sent"].reached else "messages"
    known = {"syn": "", "syn_ack": "", "hello": f"; roles known by the {said}", "port": "; roles known by the port"}
    roles = known.get(connection.roles_from, "; roles are a guess: the client is who was seen first")
    return f"{moment(connection.first_ts_ns, look.zone)}, {opened}{roles}; from {packets([connection.first_packet])} on"


def _tws_facts(tws: TwsFacts, name: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    if tws.not_tws is not None:
        pairs.append(("not TWS", tws.not_tws))
    if tws.client_range is not None:
        offered = f"v{tws.client_range[0]}..{tws.client_range[1]}" + (f" {tws.options}" if tws.options else "")
        library = f", {tws.client_library.name} ({tws.client_library.because})" if tws.client_library else ""
        pairs.append(("hello", f"{offered}{library}"))
    session = [
        word
        for word in (
            f"server version {tws.server_version}" if tws.server_version is not None else "",
            f"client id {tws.client_id}" if tws.client_id is not None else "",
            f"the {name}'s clock: {tws.connection_time}" if tws.connection_time else "",
        )
        if word
    ]
    if session:
        pairs.append(("session", ", ".join(session)))
    if tws.milestones:
        pairs.append(("reached", _milestones(tws)))
    counted = [
        f"{sum(names.values()):,} from the {_side(side, name)} ({_names(names)})"
        for side, names in tws.messages.items()
        if names
    ]
    if counted:
        pairs.append(("messages", "; ".join(counted)))
    pairs += request_lines(tws)
    rest = [f"{number:,} from the {_side(side, name)}" for side, number in tws.remainder.items() if number]
    if rest:
        pairs.append(("remainder", f"octets after the last whole message: {listing(rest)}"))
    return pairs


_MILESTONES: Final = {
    "tcp_connected": "TCP connected",
    "start_api_sent": "startApi sent",
    "next_valid_id": "nextValidId",
    "managed_accounts": "managedAccounts",
}
"""What those are called everywhere else in a report; the others are called by their keys."""


def _milestones(tws: TwsFacts) -> str:
    words = {key: _MILESTONES.get(key, key.replace("_", " ")) for key in tws.milestones}
    reached = [words[key] for key, entry in tws.milestones.items() if entry.reached]
    missed = [words[key] for key, entry in tws.milestones.items() if not entry.reached]
    return (", ".join(reached) or "nothing") + (f"; not: {', '.join(missed)}" if missed else "")


def _names(names: dict[str, int]) -> str:
    ranked = sorted(names.items(), key=lambda entry: (-entry[1], entry[0]))
    words = [f"{name} x{number:,}" if number > 1 else name for name, number in ranked[:SHOWN_NAMES]]
    more = len(ranked) - len(words)
    return ", ".join(words) + (f", ... {count(more, 'more kind')}" if more else "")


def _forgotten(states: dict[str, str]) -> str:
    if states["client"] == "FIN_WAIT_2" and states["server"] == "CLOSE_WAIT":
        return " (netstat forgets an orphaned FIN_WAIT_2 after about a minute, CLOSE_WAIT never)"
    if states["client"] == "SYN_SENT":
        return " (unless the client gave up, which no packet tells)"
    if "TIME_WAIT" in states.values():
        return " (netstat forgets TIME_WAIT after a minute or more)"
    return ""


def last_octets(connection: ConnectionReport, name: str) -> list[Line]:
    """Hex and text of what each side sent last before the close, or before the capture's end."""
    end = "the close" if connection.close is not None else "the capture's end"
    lines: list[Line] = []
    for side in ("client", "server"):
        words = connection.before_close[side]
        if words.bytes_hex:
            lines += _dump(words, _side(side, name), end)
    return lines


def _dump(words: LastWords, who: str, end: str) -> list[Line]:
    data = bytes.fromhex(words.bytes_hex)
    idle = f", {span(words.idle_ns)} before {end}" if words.idle_ns is not None else f" before {end}"
    lines = [Line(f"  last octets of the {who}{idle}: {count(len(data), 'octet')}", "dim")]
    return lines + [Line(f"    {text}") for text in dump(data)]


def _side(side: str, name: str) -> str:
    return "client" if side == "client" else name


def _endpoint(end: Endpoint) -> str:
    address = f"[{end.host}]:{end.port}" if ":" in end.host else f"{end.host}:{end.port}"
    return address if end.process is None else f"{address} ({end.process.name}, pid {end.process.pid})"
