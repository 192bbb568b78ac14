"""What remains after the first close, in words: what the other side did, or did not do while it was captured.

In: a group of Facts with the same plot and a closer. Out: the last clause of a verdict.
"""

from typing import Final

from capanalyze.tcp.evidence import came_another_way
from capanalyze.tcp.grounds import DROPPED, UNHEARD
from capanalyze.tcp.sequence import MASK
from capanalyze.tcp.states import UNKNOWN
from capanalyze.timeline.arrival import did_not_arrive
from capanalyze.timeline.ends import End, Moment, turned_over
from capanalyze.timeline.facts import Facts, Group
from capanalyze.timeline.half_closed import half_closed
from capanalyze.timeline.without_acks import lacks_acks
from capanalyze.timeline.words import SECOND, known, packets, span, spans

LEAK: Final = SECOND
"""A program that reads its socket closes milliseconds after the FIN; a capture that ends sooner proves nothing."""

_TAKEN: Final = ", and the client, which had closed for sending only, took that"
"""Of an answer that was not too late: nc sends its FIN at the end of its input, and reads on."""


def remains(group: Group) -> str:
    """A clause like "; the gateway did not close (CLOSE_WAIT) in the 8.4 s captured after that"."""
    first = group[0]
    if first.closer == "both" or first.kind == "RST":
        return ""
    late = _late_answer(group)
    other, reset = first.other_end, _reset(group)
    if other.fin is not None:
        return f"{late}{_second_fin(group, reset)}{reset}"
    if other.fin_inferred:
        return f"{late}; the {other.called} closed too (its FIN is not in the capture, but it was acknowledged){reset}"
    if reset:
        return f"{late}{reset}"
    if not other.side.packets:  # whether it acknowledged or closed is not in the capture
        return late
    captured = _captured(group)
    if not first.closing_end.fin_acked and not first.inferred:
        if all(did_not_arrive(facts, facts.closing_end, facts.close.packet) for facts in group if facts.close):
            return f"{late}; that FIN did not arrive: the capture next to the {other.called} has none"
        times = sum(facts.closing_end.fin_sent for facts in group)
        sent = f", though it was sent {times} times" if times > len(group) else ""
        if any(lacks_acks(facts, other.name) for facts in group):
            return f"{late}; no acknowledgement of that FIN is in the capture{sent}"
        return f"{late}; that FIN was not acknowledged{captured}{sent}"
    if any(may_have_closed(facts) for facts in group):
        return f"{late}; the {other.called} is not seen to close{captured}"
    return f"{late}; the {other.called} did not close ({other.state}){captured}"


def may_have_closed(facts: Facts) -> bool:
    """Whether the side that did not close first may have, and its FIN was not captured, or could not be sent.

    A capture that lacks the first FIN may well lack the second, and a packet cut before its flags may be either. So may
    one that lacks what a host would have sent again: the state is UNKNOWN then.
    """
    if facts.other_end.state == UNKNOWN:
        return True
    close = facts.connection.close
    doubtful = facts.inferred or (close is not None and close.doubt in {UNHEARD, DROPPED})
    lost = facts.dropped > 0 or facts.connection.cut_packets > 0
    return doubtful or lost or facts.other_end.said_more or facts.other_end.stuck


def how_sure_open(facts: Facts) -> str:
    """How certain it is that the side that did not close first is still open: nobody sends a lost RST again."""
    if may_have_closed(facts):
        return "possible"
    return "certain" if facts.on_one_host else "likely"


def left_open(facts: Facts) -> int | None:
    """How long, in nanoseconds, the side that did not close first was watched after the close; None below LEAK."""
    since = facts.between(facts.close, facts.ended)
    return since if since is not None and since >= LEAK else None


def _second_fin(group: Group, reset: str) -> str:
    mine, other = group[0].closing_end, group[0].other_end
    waits = known([facts.between(facts.close, facts.other_end.fin) for facts in group])
    later = f" {spans(waits)} later" if waits else " too"
    heard = other.fin_acked or reset or not mine.side.packets  # whether it acknowledged is not in the capture
    pending = "" if heard else _unacknowledged(group)
    went_on = "went on sending and " if all(_went_on(facts) for facts in group) else ""
    return f"; the {other.called} {went_on}closed{later}{pending}"


def _unacknowledged(group: Group) -> str:
    """What became of the second FIN: a host that has forgotten the connection answers it with a RST without ACK."""
    called = group[0].closing_end.called
    answers = [_answer(facts) for facts in group]
    if not all(answers):
        if all(facts.other_end.side.parting.fin_again for facts in group):
            return f", which the {called} has not acknowledged"
        return ", with a FIN whose acknowledgement is not in the capture"
    return f", which was answered with a RST ({packets(answers)})"


def _answer(facts: Facts) -> int:
    """The first closer's RST after both FINs; 0 without one, or where it acknowledges less than the second."""
    mine, other = facts.closing_end.side, facts.other_end.side
    if mine.parting.rst_ack not in {-1, (other.parting.last_fin + 1) & MASK}:
        return 0
    resets = (one for one in facts.connection.events if one.kind == "RST" and one.flag == "after_both_fins")
    return next((int(one.packet) for one in resets if one.side == mine.index), 0)


def _went_on(facts: Facts) -> bool:
    """Whether the other side sent octets after the close: a half-close."""
    last, close, fin = facts.other_end.last, facts.close, facts.other_end.fin
    return last is not None and close is not None and fin is not None and close.packet < last.packet < fin.packet


def _captured(group: Group) -> str:
    """How long the capture went on: after the close of one connection, or all of it for several."""
    if len(group) > 1:
        lengths = [facts.captured_ns for facts in group if facts.captured_ns is not None]
        return f" within the {span(max(lengths))} captured" if lengths else " in the capture"
    since = group[0].between(group[0].close, group[0].ended)
    if since is None:
        return " in the capture"
    return f" in the {span(since)} captured after that" if since > 0 else ", but the capture ends there"


def _late_answer(group: Group) -> str:
    waits = [facts.between(facts.close, facts.answer) for facts in group if facts.answered_too_late]
    timed = [wait for wait in waits if wait is not None]
    if not waits:
        return _late_readiness(group)
    if any(_disordered(facts, facts.answer) for facts in group):
        return "; the answer lies behind that in the capture"
    if timed and all(half_closed(facts) for facts in group):
        return f"; the {group[0].server.called} answered {spans(timed)} later{_TAKEN}"
    return f"; the {group[0].server.called} answered {spans(timed)} too late" if timed else "; the answer came too late"


def _disordered(facts: Facts, at: Moment | None) -> bool:
    """Whether the clock was set back between the close and what lies after it, which proves no lateness then."""
    return turned_over(facts.close, at, facts.set_back)


def _late_readiness(group: Group) -> str:
    """What makes a session ready and came after the client's close; the clause before it names what had not come."""
    names = [name for name, _ in group[0].late_readiness]
    waits = known([facts.between(facts.close, at) for facts in group for _, at in facts.late_readiness])
    if not names:
        return ""
    all_of_them = "it" if len(names) == 1 else "both"
    named = group[0].stage == "not_ready" and len(names) == len(group[0].missing_names)
    which = all_of_them if named else " and ".join(names)
    if any(_disordered(facts, at) for facts in group for _, at in facts.late_readiness):
        return f"; {which} {'lies' if len(names) == 1 else 'lie'} behind that in the capture"
    if waits and all(half_closed(facts) for facts in group):
        return f"; {which} came {spans(waits)} later{_TAKEN}"
    return f"; {which} came {spans(waits) + ' ' if waits else ''}too late"


def _reset(group: Group) -> str:
    """The RST that followed the FIN, if any: it does not change who closed first."""
    first = group[0]
    for other in (True, False):
        end = first.other_end if other else first.closing_end
        if end.rst is None:
            continue
        ends: list[End] = [facts.other_end if other else facts.closing_end for facts in group]
        where = packets(one.rst.packet for one in ends if one.rst is not None)
        waits = [facts.between(facts.close, one.rst) for facts, one in zip(group, ends, strict=True)]
        long = [wait for wait in waits if wait is not None and wait >= SECOND]
        later = f" {spans(long)} later" if other and len(long) == len(waits) else ""
        reset = first.connection.reset
        if reset is not None and reset.side == end.side.index and came_another_way(first.connection, reset):
            other_way = "with another TTL than its packets"
            return f"; a RST in the {end.called}'s name followed{later} ({where}), {other_way}"
        return f"; the {end.called} then sent a RST{later} ({where})"
    return ""
