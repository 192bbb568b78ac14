"""Timetable: the timeline of one connection as aligned rows under phase headings.

In: TimelineLines of one connection. Out: rows of mark, packet number, seconds since its first packet, pause since
the row before, an arrow with role names, and the event. Addresses do not appear: on loopback both ends are
127.0.0.1, and the arrow says who acted.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from capanalyze.report._text import arrows, gap, relative, wrap
from capanalyze.timeline.lines import LEFT_OUT, TimelineLine

WIDE: Final = 100
"""From this many columns on the arrow names both ends."""

RULE: Final = 72
"""Columns of the line under which a phase begins."""


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
    times = [_seconds(line, start) for line in lines]
    seconds = max(len(word) for word in ("seconds", *times))
    arrows = _arrows(server, width)
    across = max(len(arrow) for arrow in arrows.values())
    rows = [Row(f"  {'packet':>{digits}}  {'seconds':>{seconds}}  {'pause':>8}  {'':<{across}}  event", True, False)]
    before: TimelineLine | None = None
    for line, time in zip(lines, times, strict=True):
        if before is None or line.phase != before.phase:
            rows.append(Row(f"  -- {line.phase} {'-' * RULE}"[: min(width, RULE)], True, False))
        mark = "!" if line.closing else " "
        arrow = arrows.get(line.side, "")
        head = f"{mark} {_numbers(line):>{digits}}  {time:>{seconds}}  {_pause(before, line):>8}  {arrow:<{across}}  "
        text = f"{line.text}  x{line.count}" if line.count > 1 and line.kind != LEFT_OUT else line.text
        rows += [Row(entry, False, line.closing) for entry in wrap(text, width, head, " " * len(head))]
        before = line
    return rows


def _seconds(line: TimelineLine, start: int | None) -> str:
    return "" if line.kind == LEFT_OUT else relative(line.ts_ns, start)


def _pause(before: TimelineLine | None, line: TimelineLine) -> str:
    """Time since the event before; nothing where both came in one packet."""
    if before is None or line.kind == LEFT_OUT or line.packet == before.packet:
        return ""
    if before.ts_ns is None or line.ts_ns is None:
        return ""
    return gap(line.ts_ns - before.ts_ns)


def _numbers(line: TimelineLine) -> str:
    if line.kind == LEFT_OUT:
        return "..."
    return str(line.packet) if line.last_packet == line.packet else f"{line.packet}-{line.last_packet}"


def _arrows(server: str, width: int) -> dict[str, str]:
    if width >= WIDE:
        return {"client": f"client -> {server}", "server": f"client <- {server}", "both": f"client <> {server}"}
    return arrows(server)
