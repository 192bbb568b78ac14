"""TimelineLine: one event of a connection in words; Entry: a line to be; Timeline: the lines of several connections.

In: messages that may be told. Out: the record that timeline/timeline.py makes and every report prints (contract.md,
"timeline").
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, overload

from capanalyze.tws.message import Message

PHASES: Final = ("connect", "handshake", "session", "data", "close", "after")
"""Where in a connection's life an event falls: "data" is what a connection that is not TWS does between
connect and close; "after" is what follows once both directions are closed."""


LEFT_OUT: Final = "left_out"
"""The kind of the line that stands for events that are not told; ``count`` is how many."""


class TimelineLine(NamedTuple):
    """An event, not a packet: repeats are folded into ``count`` with the last packet in ``last_packet``.

    ``side`` is who acted ("client", "server"), ``kind`` a TCP word ("SYN", "FIN", "zero_window" ...), "message",
    "data", "gap" or "left_out"; ``closing`` marks the events that end a direction. ``ts_ns`` is None where the
    capture has no time.
    """

    ts_ns: int | None
    packet: int
    conn: int
    side: str
    kind: str
    text: str
    phase: str
    last_packet: int
    count: int  # type: ignore[assignment]  # the contract names it so; nobody calls tuple.count
    closing: bool


class Timeline(Sequence[TimelineLine]):
    """The events of several connections, in the order of packets: made when they are first asked for.

    Of hundreds of connections a text tells few. What is to be told is kept alive for that.

    Args:
        tellers: by the number of a connection, what makes its lines.
    """

    def __init__(self, tellers: Mapping[int, Callable[[], Sequence[TimelineLine]]]) -> None:
        self._tellers = tellers
        self._every: tuple[TimelineLine, ...] | None = None

    def of(self, conn: int) -> Sequence[TimelineLine]:
        """The lines of one connection; none where its events are not told."""
        return self._tellers[conn]() if conn in self._tellers else ()

    def every(self) -> tuple[TimelineLine, ...]:
        """All lines."""
        if self._every is None:
            lines = [line for tell in self._tellers.values() for line in tell()]
            self._every = tuple(sorted(lines, key=lambda line: (line.packet, line.conn)))
        return self._every

    @overload
    def __getitem__(self, index: int) -> TimelineLine: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[TimelineLine]: ...
    def __getitem__(self, index: int | slice) -> TimelineLine | Sequence[TimelineLine]:
        return self.every()[index]

    def __len__(self) -> int:
        return len(self.every())


class Entry:
    """An event of a connection that may become a line, alone or together with its neighbours.

    ``text`` is what neighbours have in common that are told as one: their words, or the name of messages: what else
    a ``message`` says is found out when it is told. ``phase`` follows from the events before, ``folded`` are those
    told with this one; ``last_packet`` and ``count`` are of them all.
    """

    __slots__ = (
        "closing",
        "count",
        "folded",
        "kind",
        "last_packet",
        "message",
        "packet",
        "phase",
        "side",
        "text",
        "ts_ns",
    )

    def __init__(
        self, ts_ns: int | None, packet: int, side: str, kind: str, text: str, message: Message | None = None
    ) -> None:
        self.ts_ns = ts_ns
        self.packet = packet
        self.side = side
        self.kind = kind
        self.text = text
        self.message = message
        self.phase = ""
        self.last_packet = packet
        self.count = 1
        self.closing = False
        self.folded: list[Entry] = []

    def alike(self, other: "Entry") -> bool:
        """Whether the next event is told together with this one."""
        return (
            self.text == other.text
            and self.kind == other.kind
            and self.side == other.side
            and self.phase == other.phase
            and not self.closing
            and not other.closing
        )

    def fold(self, other: "Entry") -> None:
        """Tell the next event together with this one."""
        self.folded.append(other)
        self.last_packet = other.last_packet
        self.count += other.count
