"""Timetable: the timeline of one connection as aligned rows under phase headings.

In: TimelineLines of one connection. Out: rows of mark, packet number, seconds since its first packet, pause since
the row before, an arrow with role names, and the event. Addresses do not appear: on loopback both ends are
127.0.0.1, and the arrow says who acted.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from capanalyze.report._text import gap, relative, wrap
from capanalyze.timeline.lines import TimelineLine
from capanalyze.timeline.words import MILLISECOND

WIDE: Final = 100
"""From this many columns on the arrow names both ends."""

NARRATED_PAUSE: Final = 500 * MILLISECOND
"""A pause at least this long is told apart by a style."""


class Row(NamedTuple):
    """A printed row; ``heading`` and ``closing`` choose its style."""

    text: str
    heading: bool
    closing: bool


def timetable(lines: Sequence[TimelineLine], server: str, width: int) -> list[Row]:
    """Rows for the events of one connection; ``server`` is the role name of its server ("gateway")."""
    if not lines:
        return []
    start = lines[0].ts_ns
    digits = max(len(word) for word in ("packet", *map(_numbers, lines)))
    times = [relative(line.ts_ns, start) for line in lines]
    seconds = max(len(word) for word in ("seconds", *times))
    arrows = _arrows(server, width)
    across = max(len(arrow) for arrow in arrows.values())
    rows = [Row(f"  {'packet':>{digits}}  {'seconds':>{seconds}}  {'pause':>8}  {'':<{across}}  event", True, False)]
    phase, before = "", start
    for line, time in zip(lines, times, strict=True):
        if line.phase != phase:
            phase = line.phase
            rows.append(Row(f"  -- {phase} {'-' * (width - len(phase) - 6)}"[: min(width, 72)], True, False))
        pause = "" if before is None or line.ts_ns is None or line is lines[0] else gap(line.ts_ns - before)
        mark = "!" if line.closing else " "
        arrow = arrows.get(line.side, "")
        head = f"{mark} {_numbers(line):>{digits}}  {time:>{seconds}}  {pause:>8}  {arrow:<{across}}  "
        text = f"{line.text}  x{line.count}" if line.count > 1 else line.text
        rows += [Row(entry, False, line.closing) for entry in wrap(text, width, head, " " * len(head))]
        before = line.ts_ns if line.ts_ns is not None else before
    return rows


def _numbers(line: TimelineLine) -> str:
    if line.kind == "left_out":
        return "..."
    return str(line.packet) if line.last_packet == line.packet else f"{line.packet}-{line.last_packet}"


def _arrows(server: str, width: int) -> dict[str, str]:
    if width >= WIDE:
        return {"client": f"client -> {server}", "server": f"client <- {server}", "both": f"client <> {server}"}
    return {"client": "client ->", "server": f"<- {server}", "both": "<>"}
