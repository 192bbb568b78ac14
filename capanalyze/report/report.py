"""Report: the types that leave the program, and the JSON's object made of them (contract.md).

In: what report/build.py measured and judged. Out: immutable records whose fields are the contract's keys, in
its order. They are NamedTuples and not dataclasses because importing dataclasses costs a fifth of the start-up.
"""

from collections.abc import Callable, Iterator
from typing import Any, Final, NamedTuple

from capanalyze.timeline.findings import CERTAINTIES, Finding
from capanalyze.timeline.lines import Timeline

SCHEMA_VERSION: Final = 1
"""Grows when a key changes meaning or goes away, not when one is added."""


class FileFacts(NamedTuple):
    """One file of the capture; ``first_packet`` is None where it holds none."""

    name: str
    sha256: str | None
    first_packet: int | None
    packets: int


class InterfaceFacts(NamedTuple):
    """An interface as the capture describes it; what it does not say is None."""

    name: str | None
    description: str | None
    link_type: int
    snaplen: int
    filter: str | None
    os: str | None
    received: int | None
    dropped: int | None


class CaptureFacts(NamedTuple):
    """What is known of the capture itself.

    ``truncated`` says that it could not be read to its end, ``damage`` why; ``remarks`` are what a reader of packet
    numbers has to know; ``comments`` are those that somebody wrote into its sections, interfaces and packets,
    as far as they are reported. ``ended_ts_ns``: when the recording ended, where its own statistics tell.
    """

    name: str
    format: str
    packets: int
    first_ts_ns: int | None
    last_ts_ns: int | None
    truncated: bool
    skipped: dict[str, int]
    dropped: int | None
    sha256: str | None
    interfaces: tuple[InterfaceFacts, ...]
    application: str | None
    os: str | None
    files: tuple[FileFacts, ...]
    damage: str | None = None
    remarks: tuple[str, ...] = ()
    comments: tuple[str, ...] = ()
    comments_left_out: int = 0
    ended_ts_ns: int | None = None


class Process(NamedTuple):
    """The program that owned an end of a connection, where the capture or this host could tell."""

    name: str
    pid: int
    started_ns: int | None


class Endpoint(NamedTuple):
    """An end of a connection."""

    host: str
    port: int
    process: Process | None


class CloseFacts(NamedTuple):
    """The first thing that ended a direction; ``packet`` and ``ts_ns`` are None for an inferred FIN."""

    first: str
    kind: str
    packet: int | None
    ts_ns: int | None
    inferred: bool
    certainty: str
    made_between: bool = False


class LastWords(NamedTuple):
    """What a side had sent last before the close (or the capture's end); ``idle_ns`` is its silence until then."""

    bytes_hex: str
    text: str
    messages: tuple[dict[str, Any], ...]
    idle_ns: int | None


class NoteFacts(NamedTuple):
    """A tcp.analysis word, whose packets carry it, and how many they are."""

    note: str
    side: str
    packets: tuple[int, ...]
    count: int  # type: ignore[assignment]  # the contract names it so; nobody calls tuple.count


class Library(NamedTuple):
    """The client library that a hello's version range points to."""

    name: str
    because: str


class Milestone(NamedTuple):
    """One of the seed's success criteria, as far as packets show it."""

    reached: bool
    packet: int | None
    ts_ns: int | None
    criterion: str


class RequestAt(NamedTuple):
    """A request that is worth naming."""

    packet: int
    ts_ns: int | None
    name: str
    request_id: int | None


class Latency(NamedTuple):
    """Times from requests to a message that came of them, in nanoseconds."""

    least_ns: int
    mean_ns: int
    most_ns: int
    slowest_packet: int


class RequestFacts(NamedTuple):
    """How the requests of one name went."""

    sent: int
    answered: int
    errors: int
    ended: int
    cancelled: int
    first_answer: Latency | None
    end: Latency | None


class TwsFacts(NamedTuple):
    """The TWS session of a connection."""

    client_range: tuple[int, int] | None
    options: str | None
    server_version: int | None
    connection_time: str | None
    client_id: int | None
    client_library: Library | None
    messages: dict[str, dict[str, int]]
    milestones: dict[str, Milestone]
    unanswered: tuple[RequestAt, ...]
    unanswered_left_out: int
    answers_captured: bool
    unfinished: tuple[RequestAt, ...]
    unfinished_left_out: int
    requests: dict[str, RequestFacts]
    requests_not_followed: int
    repeated_ids: tuple[RequestAt, ...]
    repeated_ids_left_out: int
    early_requests: tuple[RequestAt, ...]
    early_requests_left_out: int
    remainder: dict[str, int]
    not_tws: str | None


class ConnectionReport(NamedTuple):
    """One TCP connection of the capture."""

    conn: int
    client: Endpoint
    server: Endpoint
    roles_from: str
    opened: str | None
    first_packet: int
    last_packet: int
    first_ts_ns: int | None
    last_ts_ns: int | None
    packets: int
    client_bytes: int
    server_bytes: int
    missing: dict[str, int]
    close: CloseFacts | None
    fins: dict[str, tuple[int, ...]]
    resets: dict[str, tuple[int, ...]]
    ignored_resets: tuple[int, ...]
    states: dict[str, str]
    conn_state: str
    history: str
    before_close: dict[str, LastWords]
    notes: tuple[NoteFacts, ...]
    tws: TwsFacts | None
    findings: tuple[Finding, ...]
    verdict: str


class CountedFacts(NamedTuple):
    """The connections beyond those told in full, in numbers.

    ``closed_first`` is by who closed first and how ("client FIN", "" for nobody, "unknown" where there was no room to
    follow the connection to its end); ``reached`` by the last milestone of a session; ``sessions_given_up`` is how many
    sessions were followed to a point only, for want of room. ``unfollowed_syns`` and ``unfollowed_packets`` are those
    of connections for which there was none at all.
    """

    connections: int
    packets: int
    octets: int
    closed_first: dict[str, int]
    conn_states: dict[str, int]
    sessions: int
    sessions_given_up: int
    reached: dict[str, int]
    messages: dict[str, dict[str, int]]
    unfollowed_syns: int
    unfollowed_packets: int


class Report(NamedTuple):
    """What a capture shows. ``to_dict`` is the JSON's object, ``messages`` iterates over every TWS message."""

    schema_version: int
    capture: CaptureFacts
    ports: tuple[int, ...]
    connections: tuple[ConnectionReport, ...]
    connections_left_out: int
    counted_only: CountedFacts | None
    timeline: Timeline
    timeline_left_out: int
    findings: tuple[Finding, ...]
    verdict: str
    reread: Callable[[], Iterator[dict[str, Any]]] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The report as plain dicts, lists, strings, integers, booleans and None."""
        return {name: plain(value) for name, value in self.items()}

    def items(self) -> Iterator[tuple[str, Any]]:
        """The JSON's keys with the records that stand for their values."""
        for name in self._fields:
            if name != "reread":
                yield name, self.timeline.every() if name == "timeline" else getattr(self, name)

    def messages(self) -> Iterator[dict[str, Any]]:
        """Every TWS message in capture order, as a line of ``messages --format jsonl`` each.

        The capture is read again: a report keeps only the first and the last messages of a connection.

        Raises:
            CapanalyzeError: the file cannot be read any more, or the report is of no file (``live`` without ``-w``).
        """
        from capanalyze.errors import CapanalyzeError  # noqa: PLC0415

        if self.reread is None:
            raise CapanalyzeError(
                f"{self.capture.name}: its messages were not kept",
                "keep the packets with -w FILE and read that file",
            )
        return self.reread()

    def all_findings(self) -> Iterator[tuple[int | None, Finding]]:
        """Every finding with the number of its connection (None: it spans connections)."""
        for finding in self.findings:
            yield None, finding
        for connection in self.connections:
            for finding in connection.findings:
                yield connection.conn, finding

    def has_problem(self, certainty: str) -> bool:
        """Whether a finding of severity "problem" has at least this certainty ("certain", "likely", "possible")."""
        enough = CERTAINTIES[: CERTAINTIES.index(certainty) + 1]
        return any(finding.severity == "problem" and finding.certainty in enough for _, finding in self.all_findings())


def plain(value: Any) -> Any:  # noqa: ANN401 - a converter of any record into JSON's types
    """Records as dicts (field order is key order), tuples as lists, the rest as it is."""
    if isinstance(value, tuple):
        fields = getattr(value, "_fields", None)
        if fields is None:
            return [plain(item) for item in value]
        return {name: plain(item) for name, item in zip(fields, value, strict=True)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
