"""The two hellos, and what stands in their place when a peer does not speak the TWS protocol.

In: the first octets of a side. Out: an Opening: what they are, how many of them, and the versions, times and
options in them; a sentence for what is not the protocol. protocol.md 1.1 to 1.4; what clients and servers were
seen to send is from recordings of ibapi, ib_async, ib_insync, @stoqey/ib and npm ib.
"""

import re
from typing import Final

from mypy_extensions import i64

from capanalyze.tws.frames import IMPLAUSIBLE, MAX_FRAME, SHOWN, UNDECIDED, identify
from capanalyze.tws.tail import length_at

MAGIC: Final = b"API\0"
RIGHT_HELLO: Final = b"API\0\x00\x00\x00\x09v100..176"
HELLO_OCTETS: Final = 4096
"""Longest text of a hello that is taken for one (connect options and time zone names are free text)."""

REMEMBERED: Final = 64
"""Different hellos of a kind that are taken apart once: a capture's connections begin alike."""

REMEMBERED_OCTETS: Final = 256
"""Longest hello of those; what clients and servers of today send has 17 to 60 octets."""

LEGACY_SERVER_VERSION: Final = 76
"""What a server answers at most to a hello from before version 100 (reports of TWS 972 to 981)."""

LEGACY_NEWEST: Final = 66
"""Last version number of a legacy client (official clients; protocol.md 1.3)."""

_CUT_ANSWER: Final = re.compile(rb"(\d{1,9})(?:\0(\d{0,8}|\d{8} [^\0]*))?")
LEGACY_START_API: Final = 63
"""Client version from which a legacy client may send startApi in place of its bare id."""

_VERSION_DIGITS: Final = 9
_DATE_DIGITS: Final = 8
_LEGACY_DIGITS: Final = 10
_LEGACY_TIME: Final = 20  # from this server version on a time follows

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


# first octets -> protocol
PROTOCOLS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"GET ", "an HTTP request"),
    (b"POST ", "an HTTP request"),
    (b"PUT ", "an HTTP request"),
    (b"HEAD ", "an HTTP request"),
    (b"DELETE ", "an HTTP request"),
    (b"OPTIONS ", "an HTTP request"),
    (b"PATCH ", "an HTTP request"),
    (b"CONNECT ", "an HTTP proxy request"),
    (b"PRI * HTTP/2", "an HTTP/2 request"),
    (b"HTTP/", "an HTTP answer"),
    (b"\x16\x03", "a TLS handshake"),
    (b"\x15\x03", "a TLS alert"),
    (b"\x17\x03", "TLS records"),
    (b"\x14\x03", "TLS records"),
    (b"8=FIX", "a FIX message"),
    (b"SSH-", "an SSH banner"),
    (b"RFB ", "a VNC (RFB) banner"),
    (b"PROXY ", "a PROXY protocol header"),
    (b"\r\n\r\n\0\r\nQUIT\n", "a PROXY protocol header (version 2)"),
    (b"\x05\x01", "a SOCKS 5 request"),
    (b"\x04\x01", "a SOCKS 4 request"),
    (b"220 ", "an SMTP or FTP greeting"),
    (b"+OK", "a POP3 greeting"),
    (b"* OK", "an IMAP greeting"),
    (b"\xff\xfb", "Telnet negotiation"),
    (b"\xff\xfd", "Telnet negotiation"),
    (b"{", "JSON"),
    (b"<", "XML or HTML"),
)


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
    if not dated and (midstream or (time.isdigit() and not signed)):
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


def protocol(data: bytes) -> str:
    """The other protocol that begins like this, "" if none is known."""
    for prefix, name in PROTOCOLS:
        if data.startswith(prefix):
            return name
    return ""


def describe_legacy(version: str) -> str:
    """A sentence about a legacy hello that was not answered."""
    text = f'the client sent the hello of a client from before version 100 ("{version}"), and nothing answered it'
    if version.isdigit() and int(version) > LEGACY_NEWEST:
        text += (
            f"; the newest such client sends {LEGACY_NEWEST}: {version} can only be asked for by {RIGHT_HELLO[:4]!r}"
        )
        text += " and a range, for instance " + RIGHT_HELLO.hex(" ")
    return text


def describe(data: bytes, *, from_client: bool, octets: int = 0) -> str:
    """A sentence, printable ASCII, about a side whose first octets are no hello and no frame.

    ``data`` are the first SHOWN of the ``octets`` that it sent (0: there were no more).
    """
    who = "the client" if from_client else "the server"
    sent = max(len(data), octets)
    name = protocol(data)
    if name:
        text = f"{who} sent {name}{_first_line(data)}"
    else:
        wrong = _wrong_hello(data, sent) if from_client else _wrong_answer(data, sent)
        if wrong and from_client:
            return f"{wrong}; a right hello is {RIGHT_HELLO.hex(' ')} for versions 100 to 176"
        if wrong:
            return wrong
        text = f"{who} sent {_shown(data)}, which is not the TWS protocol"
    if len(data) >= 4 and int.from_bytes(data[:4], "big") > MAX_FRAME:
        text += f"; read as a length, its first four octets are {int.from_bytes(data[:4], 'big')}"
    return text


def _wrong_hello(data: bytes, sent: int) -> str:
    shown = _shown(data)
    if MAGIC.startswith(data[: len(MAGIC)]) and len(data) < 8:
        return f"the client's hello is cut: {sent} of at least {len(RIGHT_HELLO)} octets ({shown})"
    if data.startswith(MAGIC):
        length = int.from_bytes(data[4:8], "big")
        if length != 0 and data[5:8] == b"\0\0\0":
            return f"the client's hello has its length in little-endian order ({data[4:8].hex(' ')})"
        if length > HELLO_OCTETS or length == 0:
            return f"the client's hello has no length where one belongs: its octets 4 to 7 are {data[4:8].hex(' ')}"
        if sent < 8 + length:
            return f"the client's hello is cut: {sent} of {8 + length} octets ({shown})"
        return f"the client's hello has no version range after the length ({shown})"
    if data.startswith(b"API"):
        return (
            f"the client sent {shown}, which is not a TWS hello: octets 0 to 2 match the magic 41 50 49 00,"
            f" octet 3 is {data[3]:02x} ({_shown(data[3:4])}) instead of NUL, and no length follows"
        )
    if re.match(rb"v\d", data):
        return f"the client sent {shown} without the 8 octets before it (the magic API NUL and a 4-octet length)"
    if data[:2] == b"\0\0" and data[4:5] == b"v":
        return f"the client's hello lacks the magic API NUL before the length ({shown})"
    return ""


def _wrong_answer(data: bytes, sent: int) -> str:
    length = int.from_bytes(data[:4], "big")
    if data[0] == 0 and len(data) < 4:
        return f"the server's hello is cut: {sent} octets ({_shown(data)})"
    if data[0] == 0 and data[4:5].isdigit() and sent < 4 + length <= HELLO_OCTETS:
        return f"the server's hello is cut: {sent} of {4 + length} octets ({_shown(data)})"
    return ""


def _shown(data: bytes) -> str:
    """Octets as quoted ASCII, the rest escaped."""
    return '"' + data.decode("latin-1").translate(_ESCAPES) + '"'


_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(32), 34, 92, *range(127, 256))} | {
    0: "\\0",
    10: "\\n",
    13: "\\r",
}


def _first_line(data: bytes) -> str:
    """The first line of a protocol made of text, to be put after its name."""
    if not 32 <= data[0] < 127:
        return ""
    return ": " + _shown(re.split(rb"[\r\n\x01]", data, maxsplit=1)[0])
