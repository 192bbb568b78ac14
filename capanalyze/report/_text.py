"""How words become safe output: every renderer's wrapping, escaping and dumps are here, and nowhere else.

In: sentences and octets that may hold anything the wire carried. Out: lines without control characters, terminal
escapes, bidirectional controls, HTML or Markdown of the wire's making. Wire text stands between backticks in
sentences (``quote``), which Markdown shows as code and therefore as it is.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from capanalyze.timeline.words import MILLISECOND, SECOND, clean

DUMP_WIDTH: Final = 16
"""Octets in a line of a hex dump."""

LINE_LIMIT: Final = 4000
"""Characters of one logical line that reach any output."""

# What GitHub's Markdown would take for markup (CommonMark 0.31, sections 2.4 and 6; GFM extensions).
_MARKDOWN: Final = frozenset("\\`*[]<>&|~!{}^$")


def safe(text: str) -> str:
    """One line of output: everything that is not printable is spelled out."""
    return clean(text, LINE_LIMIT)


def wrap(text: str, width: int, indent: str = "", hanging: str | None = None) -> list[str]:
    """Break a safe line at spaces; ``indent`` begins the first line, ``hanging`` (default the same) the others.

    A word longer than a line is cut: a payload without spaces may not run out of the table.
    """
    hanging = indent if hanging is None else hanging
    room = max(width, len(hanging) + 16)
    lines: list[str] = []
    line, empty = indent, True
    for whole in _words(safe(text), room - max(len(indent), len(hanging))):
        word = whole
        while True:
            gap = 0 if empty else 1
            if len(line) + gap + len(word) <= room:
                line += " " * gap + word
                empty = False
                break
            if not empty:
                lines.append(line)
                line, empty = hanging, True
                continue
            cut = room - len(line)
            lines.append(line + word[:cut])
            line, word = hanging, word[cut:]
    lines.append(line)
    return [entry.rstrip() for entry in lines]


def _words(text: str, room: int) -> list[str]:
    """Words; what stands between backticks is one word where a line has room for it."""
    words: list[str] = []
    quoted: list[str] = []
    for word in text.split(" "):
        quoted.append(word)
        if sum(part.count("`") for part in quoted) % 2 == 0:
            whole = " ".join(quoted)
            words += [whole] if len(whole) <= room else quoted
            quoted = []
    return words + quoted


def dump(data: bytes) -> list[str]:
    """Octets as lines of "41 50 49 00 00 00 00 09  76 31 ...  API.....v1": 16 a line, text at the right."""
    lines: list[str] = []
    for start in range(0, len(data), DUMP_WIDTH):
        piece = data[start : start + DUMP_WIDTH]
        cells = f"{piece[:8].hex(' '):<23}  {piece[8:].hex(' '):<23}"
        lines.append(f"{cells}  {''.join(chr(octet) if 0x20 <= octet < 0x7F else '.' for octet in piece)}")
    return lines


def markdown(text: str) -> str:
    """A sentence for Markdown: what stands between backticks stays code, the rest is escaped.

    GitHub links ``#12`` and ``@name`` even where they are escaped, so these become code too.
    """
    parts = safe(text).split("`")
    if len(parts) % 2 == 0:  # an odd backtick is wire text that nobody quoted
        return _escaped("'".join(parts))
    out: list[str] = []
    for index, part in enumerate(parts):
        if index % 2 == 0:
            out.append(_escaped(part))
        elif part:
            pad = " " if part[0] == " " or part[-1] == " " else ""
            out.append(f"`{pad}{part}{pad}`")
        else:
            out.append('""')
    return "".join(out)


def _escaped(text: str) -> str:
    out: list[str] = []
    for word in text.split(" "):
        if any(mark in word for mark in ("#", "@", "://", "www.")):
            out.append("`" + word.replace("`", "'") + "`")
            continue
        out.append("".join(_escape(word, index) for index in range(len(word))))
    escaped = " ".join(out)
    return "\\" + escaped if escaped[:1] in ("-", "+", ">", "=") else escaped


def _escape(word: str, index: int) -> str:
    character = word[index]
    if character == "<":
        return "&lt;"
    if character == "&":
        return "&amp;"
    if character in _MARKDOWN:
        return "\\" + character
    if character == "_" and not (0 < index < len(word) - 1 and word[index - 1].isalnum() and word[index + 1].isalnum()):
        return "\\_"
    return character


def fence(lines: Sequence[str]) -> list[str]:
    """Lines as a fenced code block whose fence no line of it can close."""
    longest = 2
    for line in lines:
        run = 0
        for character in line:
            run = run + 1 if character == "`" else 0
            longest = max(longest, run)
    mark = "`" * (longest + 1)
    return [f"{mark}text", *(safe(line) for line in lines), mark]


def moment(ts_ns: int | None, zone: tzinfo = UTC) -> str:
    """A time stamp with all its nanoseconds: "2026-11-22 17:42:22.123456789Z" (other zones: +01:00)."""
    if ts_ns is None:
        return "no time in the capture"
    seconds, nanoseconds = divmod(ts_ns, SECOND)
    try:
        when = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)).astimezone(zone)
    except (OverflowError, ValueError):
        return f"{seconds} s after 1970"
    fraction = f"{nanoseconds:09d}"
    fraction = fraction[:6] if fraction.endswith("000") else fraction
    offset = "Z" if when.utcoffset() == timedelta(0) and zone is UTC else when.strftime("%z")
    if len(offset) == 5:
        offset = f"{offset[:3]}:{offset[3:]}"
    return f"{when:%Y-%m-%d %H:%M:%S}.{fraction}{offset}"


def relative(ts_ns: int | None, start_ns: int | None) -> str:
    """Seconds since ``start_ns`` with six decimals, or "-" where one of them is not known."""
    if ts_ns is None or start_ns is None:
        return "-"
    delta = ts_ns - start_ns
    sign = "-" if delta < 0 else ""
    seconds, rest = divmod(abs(delta), SECOND)
    return f"{sign}{seconds}.{rest // 1000:06d}"


def arrows(server: str) -> dict[str, str]:
    """Who acted -> an arrow with the name of that side; ``server`` is what the server's is called."""
    return {"client": "client ->", "server": f"<- {server}", "both": "<>"}


ARROWS: Final = arrows("gateway")


def gap(ns: int | None) -> str:
    """A pause as a timeline shows it: short, at most nine characters."""
    if ns is None:
        return ""
    if ns < 0:
        return "-" + gap(-ns)
    if ns < MILLISECOND:
        return f"{ns / MILLISECOND:.3f} ms"
    if ns < 10 * MILLISECOND:
        return f"{ns / MILLISECOND:.1f} ms"
    if ns < SECOND - MILLISECOND // 2:
        return f"{round(ns / MILLISECOND)} ms"
    return f"{ns / SECOND:,.1f} s" if ns < 100_000 * SECOND else f"{ns // (3600 * SECOND):,} h"


def encodable(text: str, encoding: str | None) -> bytes:
    """Text in the terminal's own encoding; what it lacks is spelled out (cp1252 and LC_ALL=C are survived)."""
    try:
        return text.encode(encoding or "ascii", "backslashreplace")
    except LookupError:
        return text.encode("ascii", "backslashreplace")
