"""TimelineLine: one event of a connection in words, and the phases that lines are grouped by.

In: nothing. Out: the record that timeline/timeline.py makes and every report prints (contract.md, "timeline").
"""

from typing import Final, NamedTuple

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
