"""The values of text fields: the octets of one field in, a plain JSON value out.

Every converter takes what may stand on the wire; for octets that are no value of its type it returns ``BAD`` and
never raises. Unset is None in all its spellings, decimals are strings as they are spelled.
"""

import re
from collections.abc import Callable
from typing import Final

from mypy_extensions import i64

from capanalyze.packets.common import COMPILED

MAX_DIGITS: Final = 20
"""Digits of an integer; a longer one is shown as it is (64 bits have at most 19)."""

SHORT: Final = 18
"""Octets of an integer that has 63 bits, whatever they are."""

ZERO: Final = 0x30
PLUS: Final = 0x2B
MINUS: Final = 0x2D

ESCAPES_SINCE: Final = 153
"""ENCODE_MSG_ASCII7: from this server version on some strings carry \\uXXXX escapes."""

_UNSET_DOUBLES: Final = frozenset({
    b"1.7976931348623157E308", b"1.7976931348623157e+308", b"1.7976931348623157E+308", b"1.7976931348623157e308",
})  # fmt: skip
_UNSET_INTEGERS: Final = frozenset({b"2147483647", b"9223372036854775807", b"-9223372036854775808"})
_UNSET_QUANTITIES: Final = _UNSET_DOUBLES | _UNSET_INTEGERS
_NUMBER: Final = rb"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?\Z"
_NOT_FINITE: Final = frozenset({b"Infinity", b"-Infinity", b"NaN"})
_ESCAPE: Final = r"\\u([0-9a-fA-F]{4})"

WORDS: Final = {
    "i": "an integer",
    "k": "an integer",
    "d": "a number",
    "q": "a number",
    "b": "a boolean",
    "c": "a or o",
}

BAD: Final = object()
"""What a converter returns for octets that are no value of its type."""


def integer(raw: bytes) -> object:
    """An integer; None for the empty field and for the spellings of unset."""
    return None if raw in _UNSET_INTEGERS else identifier(raw)


def identifier(raw: bytes) -> object:
    """An integer of which every value is meant; None for the empty field."""
    if not raw:
        return None
    if COMPILED and len(raw) <= SHORT:
        return short_identifier(raw)
    digits = raw[1:] if raw[0] in b"-+" else raw
    return int(raw) if digits.isdigit() and len(digits) <= MAX_DIGITS else BAD


def short_identifier(raw: bytes) -> object:
    """The same of a few digits, an octet at a time: compiled, that is the faster way."""
    signed = raw[0] in (MINUS, PLUS)
    at: i64 = 1 if signed else 0
    size: i64 = len(raw)
    if at == size:
        return BAD
    value: i64 = 0
    while at < size:
        digit: i64 = raw[at] - ZERO
        if not 0 <= digit <= 9:
            return BAD
        value = 10 * value + digit
        at += 1
    return -value if signed and raw[0] == MINUS else value


def number(raw: bytes) -> object:
    """A floating-point number as it is spelled; None for the empty field and the largest double."""
    if not raw or raw in _UNSET_DOUBLES:
        return None
    if raw.replace(b".", b"", 1).isdigit() or raw in _NOT_FINITE or re.match(_NUMBER, raw) is not None:
        return raw.decode("ascii")
    return BAD


def quantity(raw: bytes) -> object:
    """A decimal as it is spelled; None for the empty field and every spelling of unset."""
    return None if raw in _UNSET_QUANTITIES else number(raw)


def boolean(raw: bytes) -> object:
    """True and False; None for the empty field and unset."""
    if raw in (b"1", b"true"):
        return True
    if raw in (b"0", b"false"):
        return False
    return None if not raw or raw in _UNSET_INTEGERS else BAD


def connector(raw: bytes) -> object:
    """Whether a condition is joined to the next by *and*."""
    if raw == b"a":
        return True
    return False if raw == b"o" else BAD


def string(raw: bytes) -> object:
    """UTF-8; octets that are not are shown as backslash, x and two digits."""
    return raw.decode("utf-8", "backslashreplace")


def escaped(raw: bytes) -> object:
    """UTF-8 with the escapes of ENCODE_MSG_ASCII7 resolved (surrogates stay as they are written)."""
    text = raw.decode("utf-8", "backslashreplace")
    return re.sub(_ESCAPE, _character, text) if "\\u" in text else text


def _character(match: re.Match[str]) -> str:
    code = int(match[1], 16)
    return match[0] if 0xD800 <= code <= 0xDFFF else chr(code)


Converter = Callable[[bytes], object]

CONVERTERS: Final[dict[str, Converter]] = {
    "s": string,
    "u": escaped,
    "i": integer,
    "k": identifier,
    "d": number,
    "q": quantity,
    "b": boolean,
    "c": connector,
}
"""The converter of each type of grammar.TYPES."""
