"""What a side sent in place of a hello, in words: another protocol, or how the hello is wrong.

In: the first octets of a side. Out: a sentence, printable ASCII.
"""

import re
from typing import Final

from capanalyze.tws.frames import MAX_FRAME
from capanalyze.tws.hello import HELLO_OCTETS, LEGACY_NEWEST, MAGIC, RIGHT_HELLO

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
"""First octets -> the protocol that begins so."""

SHORTEST_ANSWER: Final = 5
"""Octets after the length of a server's hello at least: a version of two digits, a time, and their NULs."""

CUT_HELLO: Final = "the client's hello is cut"
CUT_ANSWER: Final = "the server's hello is cut"
"""How the sentence begins where the server's octets are the beginning of a right hello."""

_ESCAPES: Final = {code: f"\\x{code:02x}" for code in (*range(32), 34, 92, *range(127, 256))} | {
    0: "\\0",
    10: "\\n",
    13: "\\r",
}

_NUL_AND_DIGIT: Final = re.compile("\0(?=[0-9])")


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
            f"; the newest such client sends {LEGACY_NEWEST}: {version} can only be asked for by a hello with a range"
        )
        text += ", for instance " + RIGHT_HELLO.hex(" ")
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
        return f"{CUT_HELLO}: {sent} of at least {len(RIGHT_HELLO)} octets ({shown})"
    if data.startswith(MAGIC):
        length = int.from_bytes(data[4:8], "big")
        if length != 0 and data[5:8] == b"\0\0\0":
            return f"the client's hello has its length in little-endian order ({data[4:8].hex(' ')})"
        if length > HELLO_OCTETS or length == 0:
            return f"the client's hello has no length where one belongs: its octets 4 to 7 are {data[4:8].hex(' ')}"
        if sent < 8 + length:
            return f"{CUT_HELLO}: {sent} of {8 + length} octets ({shown})"
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
        return f"{CUT_ANSWER}: {sent} octet{'s' if sent != 1 else ''} ({_shown(data)})"
    fits = SHORTEST_ANSWER <= length <= HELLO_OCTETS - 4
    if data[0] == 0 and (sent == 4 or data[4:5].isdigit()) and fits and sent < 4 + length:
        return f"{CUT_ANSWER}: {sent} of {4 + length} octets ({_shown(data)})"
    return ""


def _shown(data: bytes) -> str:
    r"""Octets as quoted ASCII, the rest escaped; a NUL before a digit is \x00, as \020 would be read as octal."""
    text = data.decode("latin-1")
    return '"' + "\\x00".join(part.translate(_ESCAPES) for part in _NUL_AND_DIGIT.split(text)) + '"'


def _first_line(data: bytes) -> str:
    """The first line of a protocol made of text, to be put after its name."""
    if not 32 <= data[0] < 127:
        return ""
    return ": " + _shown(re.split(rb"[\r\n\x01]", data, maxsplit=1)[0])
