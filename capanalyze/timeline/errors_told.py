"""WireError: what an error message of the gateway says. In: a Message. Out: its code, its text, and when it came."""

from string import hexdigits
from typing import Final, NamedTuple

from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.words import quote
from capanalyze.tws.decode import decode_message
from capanalyze.tws.error_codes import meaning_of
from capanalyze.tws.message import ERROR, Message

DATA_TAKEN: Final = 10197
"""Market data went to another session of the same user."""

MEANINGS: Final = {
    100: "the client sends more messages than the gateway takes",
    326: "the client id is in use",
    1100: "the gateway lost its connection to IB",
    1300: "the gateway's API port was changed",
    2110: "the gateway's connection to IB is broken",
    DATA_TAKEN: "another session of the same user has the market data",
}
"""What the errors mean that tell why a session broke or stands still (protocol.md 5.2)."""

ESCAPE: Final = "\\u"
"""What the code of a character beyond ASCII follows in a text."""

SHORT: Final = 60
"""Characters of an error's text that stand for its meaning in a sentence."""

UPSTREAM: Final = frozenset((1100, 2110))
RESTORED: Final = frozenset((1101, 1102))
"""The gateway's own connection to IB went, and came back."""


class WireError(NamedTuple):
    """An error message that the gateway sent, its text in one line; code 0 where it has none that can be read.

    ``about``: the request or order that it names, -1 for none; None where that cannot be read.
    """

    code: int
    text: str
    at: Moment
    about: int | None = None


def is_error(message: Message) -> bool:
    """Whether the gateway sent it as an error message."""
    return message.id == ERROR and not message.from_client


def wire_error(message: Message) -> WireError:
    """Code and text of an error message."""
    decoded = decode_message(message)
    code = decoded.fields.get("errorCode")
    text = " ".join(unescaped(str(decoded.fields.get("errorMsg") or "")).split())
    at = moment(message.packet, message.ts_ns) or Moment(0, None)
    return WireError(code if isinstance(code, int) else 0, text, at, decoded.request_id)


def unescaped(text: str) -> str:
    r"""A text whose characters beyond ASCII came as \\uXXXX: a gateway that speaks another language writes them so."""
    if ESCAPE not in text:
        return text
    head, *parts = text.split(ESCAPE)
    units = [_unit(part) for part in parts]
    told = "".join(
        f"{chr(unit)}{part[4:]}" if unit >= 0 else ESCAPE + part for unit, part in zip(units, parts, strict=True)
    )
    return head + told.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unit(part: str) -> int:
    """The 16 bits that four hexadecimal digits are; -1 where there are none."""
    digits = part[:4]
    return int(digits, 16) if len(digits) == 4 and all(digit in hexdigits for digit in digits) else -1


def meaning(error: WireError) -> str:
    """What an error means in a few words, as far as its code is known; else its text."""
    return MEANINGS.get(error.code) or meaning_of(error.code) or quote(error.text, SHORT)


def told(error: WireError) -> str:
    """An error as evidence: its code, its packet, and its text where that is in the capture."""
    text = f": {quote(error.text)}" if error.text else ", its text is not in the capture"
    return f"error {error.code} in packet {error.at.packet}{text}"
