"""The end of a session: what is left is named, counts get names, and what is not TWS is said.

In: a SessionState after the last octet. Out: its result attributes, filled in.
"""

from typing import Final

from capanalyze.tws import not_tws
from capanalyze.tws.clients import client_library, legacy_library
from capanalyze.tws.frames import UNDECIDED, index_encoding, index_name
from capanalyze.tws.framing import FrameStream
from capanalyze.tws.running import Waiting
from capanalyze.tws.schema import name_of
from capanalyze.tws.state import SessionState
from capanalyze.tws.stream_state import FIELDS, HOLDING, OPAQUE, OPENING, SEARCHING
from capanalyze.tws.tally import Named, Unfinished

_REMAINDERS: Final = {
    OPENING: "of a hello that is not whole",
    SEARCHING: "in which no frames were found",
    FIELDS: "of a message that is not whole",
    OPAQUE: "that are no TWS messages",
    HOLDING: "of a length that is not whole",
}


def fill(state: SessionState) -> None:
    """Fill in the results of a session whose streams are finished."""
    _count(state.client, state.client_counts, state.client_encodings)
    _count(state.server, state.server_counts, state.server_encodings)
    state.client_remainder = _remainder(state.client)
    state.server_remainder = _remainder(state.server)
    most = state.pairing.tally.most
    waiting = state.pairing.unanswered()
    state.unanswered = [Named(one.packet, one.ts_ns, one.name, one.request_id) for one in waiting[:most]]
    state.unanswered_left_out = len(waiting) - len(state.unanswered)
    lists = state.pairing.running.unfinished(state.pairing.server_version)
    state.unfinished = [_unfinished(one) for one in lists[:most]]
    state.unfinished_left_out = len(lists) - len(state.unfinished)
    if state.client_range is not None:
        state.client_library = client_library(state.client_range[0], state.client_range[1])
    elif state.legacy_version is not None:
        state.client_library = legacy_library(state.legacy_version)
    state.not_tws = _not_tws(state)


def _unfinished(one: Waiting) -> Unfinished:
    end = name_of(False, one.row.end)
    return Unfinished(one.packet, one.ts_ns, one.name, one.request_id, end, one.last_packet, one.last_ts)


def _count(stream: FrameStream, counts: dict[str, int], encodings: list[str]) -> None:
    for index, count in stream.by_index().items():
        name = index_name(stream.from_client, index)
        counts[name] = counts.get(name, 0) + count
        encoding = "unframed" if stream.unframed else index_encoding(index)
        if encoding not in encodings:
            encodings.append(encoding)


def _remainder(stream: FrameStream) -> str:
    """What the octets after the last whole frame are; "" where there are none."""
    if stream.remainder == 0:
        return ""
    if stream.mode == HOLDING and stream.held.need != 0:
        what = "a message"
        if stream.held.index != UNDECIDED:
            what = index_name(stream.from_client, stream.held.index)
        return f"{stream.remainder} of {stream.held.need} octets of {what}"
    return f"{stream.remainder} octet{'s' if stream.remainder != 1 else ''} {_REMAINDERS[stream.mode]}"


def _not_tws(state: SessionState) -> str | None:
    """What is not the protocol, and why; None where both sides speak it as far as they speak."""
    found: list[str] = []
    for stream in (state.client, state.server):
        hello_octets, framed, _, remainder = state.accounted(stream.side)
        if hello_octets == framed == 0 and remainder != 0 and not stream.headless:
            found.append(_describe(state, stream))
    if not found and state.legacy_version is not None and state.server_version == 0:
        found.append(not_tws.describe_legacy(state.legacy_version))
    if not found and state.hello_problem and state.server_version == 0:
        found.append(f"the client's hello is not right: {state.hello_problem}")
    return "; ".join(found) or None


def _describe(state: SessionState, stream: FrameStream) -> str:
    if stream.shown and (state.from_start or not_tws.protocol(stream.shown)):
        octets = stream.offset - stream.missing
        return not_tws.describe(stream.shown, from_client=stream.from_client, octets=octets)
    return f"no TWS message found in what the {'client' if stream.from_client else 'server'} sent"
