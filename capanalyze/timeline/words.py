"""Words: how measured facts are written down, the same way in every sentence.

In: integers (nanoseconds, counts, packet numbers), addresses, octets of the wire. Out: ASCII text, except for
printable characters that the wire itself carried. Nothing from the wire enters a sentence but through ``clean``.
"""

from collections.abc import Iterable, Sequence
from typing import Final

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE

CLEAN_LIMIT: Final = 200
"""Characters of one wire string that enter a sentence; the rest is counted, not shown."""

LISTED_PACKETS: Final = 6
"""Packet numbers written out in a sentence before "... N more" (two and more: one is written out too)."""

LISTED_REQUESTS: Final = 6
"""Requests named in the evidence of a finding, and packets cited for them."""

# Bidirectional controls, zero-width and other invisible characters: they reorder or hide what a reader sees
# (Unicode Technical Report 36, section 2.4).
_INVISIBLE: Final = frozenset(
    (
        *(0x00AD, 0x034F, 0x061C, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2028, 0x2029, 0x3164, 0xFEFF, 0xFFA0),
        *(*range(0x180B, 0x1810), *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2070)),
        *(*range(0xFE00, 0xFE10), *range(0xFFF0, 0x10000)),
    )
)


def clean(text: str, limit: int = CLEAN_LIMIT) -> str:
    r"""Text of the wire, harmless in a terminal: controls and invisible characters become \\x1b or \\u202e.

    At most ``limit`` characters of the input are kept; a longer one ends in "... (N more)".
    """
    shown = text[:limit]
    if not (shown.isascii() and shown.isprintable()):
        shown = "".join(_visible(character) for character in shown)
    if len(text) > limit:
        shown += f"... ({len(text) - limit} more)"
    return shown


def _visible(character: str) -> str:
    code = ord(character)
    if character.isprintable() and code not in _INVISIBLE and not 0xE0000 <= code <= 0xE0FFF:
        return character
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def octets_as_text(data: bytes) -> str:
    r"""Octets as ASCII: printable ones as they are, NUL as \0, others as \xNN; a backslash is doubled.

    A NUL before a digit is \x00: \020 would be read as one octet in octal.
    """
    shown = [_ASCII[octet] for octet in data]
    for at in range(1, len(data)):
        if data[at - 1] == 0 and 48 <= data[at] < 58:
            shown[at - 1] = "\\x00"
    return "".join(shown)


def octets_for_programs(data: bytes) -> str:
    r"""The same with every NUL as \0, which is what the JSON promises: a program reads from the left."""
    return "".join([_ASCII[octet] for octet in data])


_ASCII: Final = tuple(
    "\\0" if octet == 0 else "\\\\" if octet == 0x5C else chr(octet) if 0x20 <= octet < 0x7F else f"\\x{octet:02x}"
    for octet in range(256)
)


def quote(text: str, limit: int = CLEAN_LIMIT) -> str:
    """Wire text between backticks: plain quotes to a reader, code to Markdown. Its own backticks are spelled out."""
    return f"`{clean(text, limit).replace('`', _BACKTICK)}`"


_BACKTICK: Final = "\\x60"


def octets_as_hex(data: bytes) -> str:
    """Octets as "41 50 49 00"."""
    return data.hex(" ")


def span(ns: int) -> str:
    """A duration: "0.034 ms", "45 ms", "4.0 s", "2 min 5 s", "1 h 2 min"; a negative one keeps its sign."""
    if ns < 0:
        return "-" + span(-ns)
    if ns < 10 * MILLISECOND:
        return _milliseconds(ns)
    if round(ns, -6) < SECOND:
        return f"{(ns + MILLISECOND // 2) // MILLISECOND} ms"
    if ns < MINUTE - SECOND // 20:
        return f"{ns / SECOND:.1f} s"
    if ns < HOUR - SECOND // 2:
        minutes, seconds = divmod((ns + SECOND // 2) // SECOND, 60)
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    hours, minutes = divmod((ns + MINUTE // 2) // MINUTE, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _milliseconds(ns: int) -> str:
    if ns >= MILLISECOND:
        return f"{ns / MILLISECOND:.1f} ms"
    if ns >= 100 * MICROSECOND:
        return f"{ns / MILLISECOND:.2f} ms"
    if ns >= MICROSECOND:
        return f"{ns / MILLISECOND:.3f} ms"
    return "0 ms" if ns == 0 else "under 0.001 ms"


def spans(values: Sequence[int]) -> str:
    """Several durations in one phrase: "4.0 s", "4.0 s and 10.0 s", "4.0 to 10.0 s"."""
    words: list[str] = []
    for value in sorted(values):
        word = span(value)
        if word not in words:
            words.append(word)
    if len(words) <= 2:
        return " and ".join(words)
    return f"{words[0]} to {words[-1]}"


def count(number: int, noun: str, plural: str = "") -> str:
    """A number with its noun: "1 packet", "1,200 packets"; with its verb where both forms are given: "packets were".

    "no packets" is left to the caller.
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def listing(words: Sequence[str], last: str = "and") -> str:
    """Words as a list: "a", "a and b", "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def at_least(least: bool) -> str:
    """Before a number that may be too small."""
    return "at least " if least else ""


def first_of(words: Sequence[str], left_out: int = 0, *, least: bool = False) -> str:
    """The first LISTED_REQUESTS as a list, and how many more there are: "a, b and c, and 4 more".

    ``left_out`` are those that are not among the words; ``least``: there may be still more.
    """
    more = max(len(words) - LISTED_REQUESTS, 0) + left_out
    return listing(words[:LISTED_REQUESTS]) + (f", and {at_least(least)}{more:,} more" if more else "")


def packets(numbers: Iterable[int]) -> str:
    """Packet numbers: "packet 5", "packets 5 and 7", "packets 1 to 4", "packets 1, 3, 7, 9, 11, 13 ... 20 more"."""
    return _numbered("packet", numbers)


def connections(numbers: Iterable[int]) -> str:
    """The same of connections."""
    return _numbered("connection", numbers)


def _numbered(noun: str, numbers: Iterable[int]) -> str:
    known = sorted({number for number in numbers if number > 0})
    if not known:
        return f"no {noun}"
    if len(known) == 1:
        return f"{noun} {known[0]}"
    if len(known) > 2 and known[-1] - known[0] == len(known) - 1:
        return f"{noun}s {known[0]} to {known[-1]}"
    if len(known) > LISTED_PACKETS + 1:
        words = [str(number) for number in known[:LISTED_PACKETS]]
        return f"{noun}s {', '.join(words)} ... {len(known) - LISTED_PACKETS} more"
    return f"{noun}s {listing([str(number) for number in known])}"


def host(address: bytes) -> str:
    """An IPv4 or IPv6 address as text (RFC 5952); other lengths as hex."""
    if len(address) == 4:
        return ".".join(str(octet) for octet in address)
    if len(address) == 16:
        return _ipv6([address[i] << 8 | address[i + 1] for i in range(0, 16, 2)])
    return address.hex()


def _ipv6(groups: list[int]) -> str:
    if groups[:5] == [0, 0, 0, 0, 0] and groups[5] == 0xFFFF:  # IPv4-mapped, RFC 5952 section 5
        return f"::ffff:{groups[6] >> 8}.{groups[6] & 255}.{groups[7] >> 8}.{groups[7] & 255}"
    best_start, best_length, start = 0, 0, -1
    for index, group in enumerate([*groups, -1]):
        if group == 0:
            start = index if start < 0 else start
        elif start >= 0:
            if index - start > best_length:
                best_start, best_length = start, index - start
            start = -1
    words = [f"{group:x}" for group in groups]
    if best_length < 2:
        return ":".join(words)
    return ":".join(words[:best_start]) + "::" + ":".join(words[best_start + best_length :])


def endpoint(address: bytes, port: int) -> str:
    """Address and port: "127.0.0.1:4001", "[::1]:4001"."""
    return f"[{host(address)}]:{port}" if len(address) == 16 else f"{host(address)}:{port}"


def sentence(text: str) -> str:
    """The text as a sentence: a capital letter first, a full stop last."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def known(waits: Sequence[int | None]) -> list[int]:
    """The durations, if all are known."""
    found = [wait for wait in waits if wait is not None]
    return found if len(found) == len(waits) else []
