"""The two hellos: what the first octets of a side are.

In: these octets. Out: an Opening: what they are, how many of them, and the versions, times and options in them; what
is none is not_tws.py's. protocol.md 1.1 to 1.4; what clients and servers were seen to send is from recordings of
ibapi, ib_async, ib_insync, @stoqey/ib and npm ib.
"""

import re
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import IMPLAUSIBLE, MAX_FRAME, SHOWN, UNDECIDED, identify, length_at

MAGIC: Final = b"API\0"
"""What a client's hello begins with (protocol.md 1.1)."""

RIGHT_HELLO: Final = b"API\0\x00\x00\x00\x09v100..176"
"""One to show to whoever sent another."""

HELLO_OCTETS: Final = 4096
"""Longest text of a hello that is taken for one (connect options and time zone names are free text)."""

REMEMBERED: Final = 64
"""Different hellos of a kind that are taken apart once: a capture's connections begin alike."""

REMEMBERED_OCTETS: Final = 256
"""Longest hello of those; what clients and servers of today send has 17 to 60 octets."""

LEGACY_NEWEST: Final = 66
"""Last version number of a legacy client (official clients; protocol.md 1.3)."""

LEGACY_START_API: Final = 63
"""Client version from which a legacy client may send startApi in place of its bare id."""

_CUT_ANSWER: Final = re.compile(rb"(\d{1,9})(?:\0(\d{0,8}|\d{8} [^\0]*))?")
_VERSION_DIGITS: Final = 9
_DATE_DIGITS: Final = 8
_LEGACY_DIGITS: Final = 10
_LEGACY_TIME: Final = 20  # from this server version on a time follows

REDIRECTED: Final = b"-1"
"""What stands in place of the version where the client shall connect elsewhere (protocol.md 1.4): begins no message."""

# what an Opening is
MORE: Final = 0  # these octets do not tell yet
HELLO: Final = 1
REDIRECT: Final = 2
LEGACY: Final = 3
FRAMES_ONLY: Final = 4  # frames, and no hello before them
OTHER: Final = 5  # not the protocol


class Opening:
    """What the first octets of a side are; ``octets`` of them belong to it."""

    def __init__(self, kind: int, octets: int = 0, problem: str = "") -> None:
        self.kind: int = kind
        self.octets: int = octets
        self.problem: str = problem  # what is wrong with a hello that was recognised
        self.minimum: int = 0
        self.maximum: int = 0
        self.options: str = ""
        self.server_version: int = 0
        self.time: str = ""  # of a redirect: host or host:port


_clients: Final[dict[bytes, Opening]] = {}
_servers: Final[dict[bytes, Opening]] = {}
_later_servers: Final[dict[bytes, Opening]] = {}  # whose first octets may not be in the capture


def client_opening(data: bytes) -> Opening:
    """What the first octets of a client are: not to be written to, as the next one gets the same."""
    known = _clients.get(data)
    return known if known is not None else _remember(_clients, data, _client_opening(data))


def server_opening(data: bytes, *, midstream: bool) -> Opening:
    """The same of a server; ``midstream``: they need not be the first, so a hello has a date."""
    openings = _later_servers if midstream else _servers
    known = openings.get(data)
    return known if known is not None else _remember(openings, data, _server_opening(data, midstream))


def _remember(openings: dict[bytes, Opening], data: bytes, opening: Opening) -> Opening:
    if len(data) <= REMEMBERED_OCTETS:
        if len(openings) >= REMEMBERED:
            openings.clear()
        openings[data] = opening
    return opening


def _client_opening(data: bytes) -> Opening:
    magic = MAGIC[: len(data)]
    if data.startswith(magic):
        return _client_hello(data) if len(data) >= 8 else Opening(MORE)
    if data[0] == 0 and len(data) > 1 and 48 <= data[1] <= 57:
        return Opening(LEGACY, 1, "its version field is empty")
    if data[0] == 0:
        return _frame_opening(data)
    if 48 <= data[0] <= 57:
        return _legacy_client(data)
    return Opening(OTHER)


def _client_hello(data: bytes) -> Opening:
    length = length_at(data, 4)
    if length > HELLO_OCTETS or length == 0:
        return Opening(OTHER)
    if len(data) < 8 + length:
        return Opening(MORE)
    text = data[8 : 8 + length]
    opening = Opening(HELLO, 8 + length)
    if text.endswith(b"\0"):
        text = text.rstrip(b"\0")
        opening.problem = "its version string ends with a NUL that the protocol does not have"
    versions, _, options = text.partition(b" ")
    first, dots, last = versions[1:].partition(b"..")
    opening.minimum = number(first)
    opening.maximum = number(last) if dots else opening.minimum
    if not versions.startswith(b"v") or opening.minimum < 0 or opening.maximum < 0 or b"\0" in options:
        return Opening(OTHER)
    if opening.maximum < opening.minimum:
        opening.problem = f"its lowest version ({opening.minimum}) is above its highest ({opening.maximum})"
    opening.options = options.decode("utf-8", "backslashreplace")
    return opening


def number(text: bytes) -> i64:
    """The number that the digits of a version make; -1 where it is none."""
    if not 0 < len(text) <= _VERSION_DIGITS:
        return -1
    found: i64 = 0
    for at in range(len(text)):
        digit: i64 = text[at]
        if digit < 48 or digit > 57:
            return -1
        found = found * 10 + digit - 48
    return found


def cut_opening(data: bytes, *, from_client: bool) -> Opening:
    """What ``data`` begins, of which the capture lacks the rest: a HELLO with the octets that it had, or OTHER.

    ``octets`` are those of the whole hello, 0 where its length is not there. ``server_version`` is 0 where it is cut.
    """
    if from_client:
        if not data.startswith(MAGIC):
            return Opening(OTHER)
        length = int.from_bytes(data[4:8], "big") if len(data) >= 8 else 0
        fits = length <= HELLO_OCTETS and data[8:9] in {b"", b"v"} and (len(data) < 8 or length != 0)
        return Opening(HELLO, 8 + length if len(data) >= 8 else 0) if fits else Opening(OTHER)
    length = int.from_bytes(data[:4], "big")
    match = _CUT_ANSWER.fullmatch(data[4:])
    if len(data) < 5 or match is None or not 4 <= length <= HELLO_OCTETS:
        return Opening(OTHER)
    opening = Opening(HELLO, 4 + length)
    opening.server_version = int(match[1]) if match[2] is not None else 0
    opening.time = (match[2] or b"").decode("utf-8", "backslashreplace")
    return opening


def _legacy_client(data: bytes) -> Opening:
    digits = data[: _LEGACY_DIGITS + 1].split(b"\0", 1)[0]
    if not digits.isdigit() or len(digits) > _LEGACY_DIGITS:
        return Opening(OTHER)
    if len(digits) == len(data):
        return Opening(MORE)
    return Opening(LEGACY, len(digits) + 1)


def _frame_opening(data: bytes) -> Opening:
    """Frames may begin without a hello: the first octet of a length is 0."""
    if len(data) < 4:
        return Opening(MORE)
    length = length_at(data, 0)
    if length == 0:
        return Opening(FRAMES_ONLY)
    index = identify(data, 4, min(len(data), 4 + length), length) if length <= MAX_FRAME else IMPLAUSIBLE
    if index == UNDECIDED:
        return Opening(MORE)
    return Opening(OTHER if index == IMPLAUSIBLE else FRAMES_ONLY)


def _server_opening(data: bytes, midstream: bool) -> Opening:
    if 48 <= data[0] <= 57 and not midstream:
        return _legacy_server(data)
    if data[0] != 0:
        return Opening(OTHER)
    opening = _frame_opening(data)
    signed = data[4:5] == b"-"
    if (opening.kind == OTHER and not signed) or len(data) < 5 or not (signed or 48 <= data[4] <= 57):
        return opening
    length = length_at(data, 0)
    if length > HELLO_OCTETS:
        return opening
    if len(data) < 4 + length:
        return Opening(MORE)
    text, _, rest = data[4 : 4 + length].partition(b"\0")
    version = number(text[1:] if signed else text)
    time = rest[:-1]
    if version < 0 or not rest.endswith(b"\0") or b"\0" in time:
        return opening
    dated = len(time) >= _DATE_DIGITS and time[:_DATE_DIGITS].isdigit()
    if not dated and (text != REDIRECTED if midstream else time.isdigit() and not signed):
        return opening
    hello = Opening(REDIRECT if signed else HELLO, 4 + length)
    hello.server_version = 0 if signed else version
    hello.time = time.decode("utf-8", "backslashreplace")
    return hello


def _legacy_server(data: bytes) -> Opening:
    digits, nul, rest = data[:SHOWN].partition(b"\0")
    if not digits.isdigit() or len(digits) > _LEGACY_DIGITS:
        return Opening(OTHER)
    if not nul:
        return Opening(MORE)
    opening = Opening(LEGACY, len(digits) + 1)
    opening.server_version = int(digits)
    if opening.server_version >= _LEGACY_TIME:
        time, nul, _ = rest.partition(b"\0")
        if not nul:
            return Opening(MORE if len(data) < SHOWN else OTHER)
        opening.octets += len(time) + 1
        opening.time = time.decode("utf-8", "backslashreplace")
    return opening
