"""Zeek's words: the history letters as packets come, the state of each endpoint, and conn_state made of both.

In: flags and numbers of the segments that the general path sees. Out: ``Connection.history`` and ``Side.zeek``;
in the end ``conn_state``. The tables are those of Zeek's manual (script reference, base/protocols/conn/main.zeek) and
of its TCP session adapter. Three differences, each because we know more: a RST that the receiver ignored changes no
state; octets that only came out of order are not retransmitted; checksums are not looked at, so there is no "c".
"""

from typing import Final

from mypy_extensions import i64, u8

from capanalyze.packets.segment import ACK, FIN, RST, SYN, Segment
from capanalyze.tcp.connection import Connection, Side
from capanalyze.tcp.sequence import MASK
from capanalyze.tcp.side import part, trouble

INACTIVE: Final = 0
SYN_SENT: Final = 1
SYN_ACK_SENT: Final = 2
PARTIAL: Final = 3
ESTABLISHED: Final = 4
CLOSED: Final = 5
RESET: Final = 6

PURE_ACK: Final = 1
DATA: Final = 2
INCONSISTENT: Final = 4
MULTI_FLAG: Final = 8
"""Bits of ``Side.history_seen``: the letters a, d, i and q are written once a side."""

HISTORY_LETTERS: Final = 100
"""Letters kept: hostile numbers could add one with each packet."""

HISTORIES: Final = 256
"""Histories of which it is known what they become with a letter more."""

_longer: Final[tuple[dict[str, dict[str, str]], ...]] = ({}, {})  # by side: HISTORIES -> a letter -> the one with it


def letter(connection: Connection, side: Side, what: str) -> None:
    """Append a letter, a capital for the originator (side 0; settled in the end)."""
    if len(connection.history) < HISTORY_LETTERS:
        connection.history = longer(connection.history, side.index, what)


def longer(history: str, index: i64, what: str) -> str:
    """A history with a letter more: one object for the many connections that go alike, made when first met."""
    histories = _longer[index]
    known = histories.get(history)
    if known is None:
        if len(histories) >= HISTORIES:
            histories.clear()
        known = histories[history] = {}
    text = known.get(what)
    if text is None:
        text = known[what] = history + (what.upper() if index == 0 else what)
    return text


def once(connection: Connection, side: Side, bit: u8, what: str) -> None:
    """Append a letter that is written once a side."""
    if not side.history_seen & bit:
        side.history_seen |= bit
        letter(connection, side, what)


def flag_letters(connection: Connection, side: Side, seg: Segment) -> None:
    """Letters s h f r i q, and d a: by the flags alone; s, h, f and r come again with another sequence number."""
    flags = seg.flags & (SYN | FIN | RST)
    if flags == 0:
        if seg.length:
            once(connection, side, DATA, "d")
        elif seg.flags & ACK:
            once(connection, side, PURE_ACK, "a")
    elif flags & (flags - 1):
        if flags & FIN and flags & RST:
            once(connection, side, INCONSISTENT, "i")
        else:
            once(connection, side, MULTI_FLAG, "q")
    elif flags == SYN:
        if seg.seq != side.last_syn:
            letter(connection, side, "h" if seg.flags & ACK else "s")
        side.last_syn = seg.seq
    elif flags == FIN:
        end = (seg.seq + seg.length) & MASK
        if end != side.parting.last_fin:
            letter(connection, side, "f")
        part(side).last_fin = end
    else:
        if seg.seq != side.parting.last_rst:
            letter(connection, side, "r")
        part(side).last_rst = seg.seq


def power_of_ten(count: i64) -> bool:
    """Whether t, g and w are written at this occurrence: the 1st, 10th, 100th ..."""
    while count >= 10 and count % 10 == 0:
        count //= 10
    return count == 1


def repeated(connection: Connection, side: Side) -> None:
    """A segment brought payload that the capture had already."""
    side.repeats += 1
    if power_of_ten(side.repeats):
        letter(connection, side, "t")


def hole(connection: Connection, side: Side) -> None:
    """The peer acknowledged octets of this side that the capture lacks."""
    odd = trouble(side)
    odd.holes += 1
    if power_of_ten(odd.holes):
        letter(connection, side, "g")


def zero_window(connection: Connection, side: Side) -> None:
    """A window of zero, unless the peer has closed or this side has reset: then it means nothing."""
    if side.peer.zeek == CLOSED or side.zeek == RESET:
        return
    odd = trouble(side)
    odd.zero_windows += 1
    if power_of_ten(odd.zero_windows):
        letter(connection, side, "w")


def enter(side: Side, state: i64) -> None:
    """Change an endpoint's state."""
    if side.zeek != state:
        side.zeek_before = side.zeek
        side.zeek = state


def endpoint(connection: Connection, side: Side, peer: Side, flags: i64, length: i64) -> None:
    """The transition of an endpoint; called for every segment of the general path but ignored RSTs."""
    state = side.zeek
    if state == INACTIVE:
        from_inactive(connection, side, peer, flags, length)
    elif state in (SYN_SENT, SYN_ACK_SENT):
        if flags & RST:
            enter(side, RESET)
        elif flags & FIN:
            enter(side, CLOSED)
    elif state in (PARTIAL, ESTABLISHED):
        if flags & RST:
            enter(side, RESET)
        elif flags & FIN:
            enter(side, CLOSED)
            if peer.zeek == RESET and peer.zeek_before == CLOSED:  # FIN and RST by the peer, and a FIN in answer
                enter(peer, CLOSED)
        elif flags & SYN and not flags & ACK and state == PARTIAL and peer.zeek == INACTIVE:
            enter(side, SYN_SENT)
    elif state == CLOSED and flags & RST and peer.zeek != CLOSED:
        enter(side, RESET)


def from_inactive(connection: Connection, side: Side, peer: Side, flags: i64, length: i64) -> None:
    """The first segment of an endpoint."""
    originator = side.index == connection.client_side
    if flags & RST:
        enter(side, RESET)
    elif flags & FIN:
        enter(side, CLOSED)
    elif flags & SYN and originator:
        if peer.zeek == ESTABLISHED:  # its SYN-ACK was captured before it
            enter(side, ESTABLISHED)
        else:
            enter(side, SYN_ACK_SENT if flags & ACK else SYN_SENT)
    elif flags & SYN:
        if peer.zeek == SYN_SENT:
            enter(peer, ESTABLISHED)
        enter(side, ESTABLISHED)
    elif not originator and length == 0 and peer.zeek == SYN_SENT:
        pass  # an ACK before the SYN-ACK makes no connection
    elif flags & ACK and peer.zeek == ESTABLISHED:
        enter(side, ESTABLISHED)
    else:
        enter(side, PARTIAL)


def conn_state(connection: Connection) -> str:
    """Zeek's conn_state; the tests run in the order of its script."""
    orig, resp = connection.client.zeek, connection.server.zeek
    resp_silent = resp in (INACTIVE, PARTIAL)
    orig_silent = orig in (INACTIVE, PARTIAL)
    empty = connection.client.octets == 0 and connection.server.octets == 0
    if resp == RESET:
        if orig in (SYN_SENT, SYN_ACK_SENT) or (orig == RESET and empty):
            return "REJ"
        return "RSTRH" if orig_silent else "RSTR"
    if orig == RESET:
        if not resp_silent:
            return "RSTO"
        return "RSTOS0" if syn_then_reset(connection.history) else "OTH"
    if resp == CLOSED and orig == CLOSED:
        return "SF"
    if orig == CLOSED:
        return "SH" if resp_silent else "S2"
    if resp == CLOSED:
        return "SHR" if orig_silent else "S3"
    if orig == SYN_SENT and resp == INACTIVE:
        return "S0"
    return "S1" if orig == ESTABLISHED and resp == ESTABLISHED else "OTH"


def syn_then_reset(history: str) -> bool:
    """Whether the originator's SYN was followed by its RST with nothing but other letters between (main.zeek)."""
    letters = history.removeprefix("^")
    if not letters.startswith("S") or "R" not in letters:
        return False
    return not any(sign in letters[: letters.index("R")] for sign in "HAFGIQ")
