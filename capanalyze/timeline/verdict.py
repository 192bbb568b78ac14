"""Verdicts: the sentence for a connection, and the one for a capture.

In: Facts. Out: one sentence: who closed first, how, when and after what, and what remains; or why there is nothing
to close. It says no more than the packets prove: who "did not close" did not "within the 12.4 s captured". Several
connections with the same plot are told in one breath.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from capanalyze.tcp import states
from capanalyze.tcp.arrived import is_begun
from capanalyze.tcp.evidence import came_another_way
from capanalyze.tcp.grounds import FORGOT, UNHEARD
from capanalyze.tcp.tally import UNKNOWN
from capanalyze.timeline.before import before_close, trouble_told
from capanalyze.timeline.both_ends import made_between, proved, unsent
from capanalyze.timeline.capture_points import same_connections
from capanalyze.timeline.doubt import doubts, one_way
from capanalyze.timeline.facts import Facts, Group
from capanalyze.timeline.legs import ended_by_relay
from capanalyze.timeline.orders import unconfirmed_told
from capanalyze.timeline.remains import remains
from capanalyze.timeline.rules.client_left_early import of_itself
from capanalyze.timeline.start_errors import said_of_start
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.unopened import (
    before_open,
    captured,
    is_young,
    older_answer,
    second_address,
    went_on_beside,
)
from capanalyze.timeline.unrepeated import not_again, unrepeated
from capanalyze.timeline.words import SECOND, connections, count, packets, sentence, spans

STORIES: Final = 3
"""Different plots told in a capture's verdict, the first one in full, before "N more connections went other ways"."""


def connection_verdict(facts: Facts) -> str:
    """The verdict for one connection: a sentence that ends in a full stop."""
    return sentence(story([facts], 1))


def capture_verdict(
    reported: Group,
    tcp_connections: int,
    ports: Sequence[int],
    packets_read: int,
    *,
    unread: str,
    left_out: Mapping[str, int],
    dropped: int,
    closed_first: Mapping[str, int],
) -> str:
    """The verdict for a capture of ``tcp_connections``, of which ``reported`` are on ``ports`` or speak TWS.

    ``unread``: what of the capture could not be read (``unread_end``). ``left_out``: how many packets could not be
    used, by reason. ``dropped``: how many were lost while capturing. ``closed_first``: how many more connections were
    only counted, by who closed first and how ("client FIN", "" for nobody).
    """
    if not reported and not closed_first:
        return _nothing(tcp_connections, ports, packets_read, _because(unread, left_out))
    lacks = [unread] if unread else []
    groups: dict[tuple[object, ...], list[Facts]] = {}
    once = [facts for facts in reported if not _is_told_twice(facts)]
    for facts in once:
        groups.setdefault(plot(facts), []).append(facts)
    ranks = {group[0].number: rank for (rank, *_), group in groups.items()}
    ranked = sorted(groups.values(), key=lambda group: (ranks[group[0].number], -len(group), group[0].number))
    more = sum(closed_first.values())
    total = len(once) + more
    told = [story(ranked[0], total)] if ranked else []
    told += [briefly(group, total) for group in ranked[1:STORIES]]
    rest = sum(len(group) for group in ranked[STORIES:])
    if rest:
        told.append(f"{count(rest, 'more connection')} went other ways")
    told += _relayed(once)
    told += same_connections(once)
    if more:
        told.append(
            f"{count(more, 'more connection is', 'more connections are')} counted only: "
            f"{closers(closed_first, 'gateway' if all(facts.api for facts in reported) else 'server')}"
        )
    if dropped and not any("dropped" in one for one in told):
        lacks.append(f"{count(dropped, 'packet was', 'packets were')} dropped while capturing")
    return sentence("; ".join(told) + (f" ({'; '.join(lacks)})" if lacks else ""))


def _is_told_twice(facts: Facts) -> bool:
    """Whether the same was told of the connection at another place where it was captured."""
    return facts.captured_before and _happened(facts) == _happened(facts.capture_points[0])


def _relayed(reported: Group) -> list[str]:
    """That a relay ended a session which is told as two connections, each with another closer: of the first such."""
    legs = ((one.number, other.number) for one in reported if (other := ended_by_relay(one)) is not None)
    return [f"{connections(pair)} are likely the two sides of a relay, which closed both" for pair in islice(legs, 1)]


def closers(closed_first: Mapping[str, int], server: str) -> str:
    """Who closed first, in numbers: "the client closed first on 12, nobody on 3". ``server`` is that side's name."""
    sums: dict[str, int] = {}
    for how, number in closed_first.items():
        sums[how.split(" ")[0]] = sums.get(how.split(" ")[0], 0) + number
    found = [(who, sums[side]) for side, who in _CLOSERS.items() if side in sums]
    words = [f"{who}{'' if nth else ' closed first'} on {number:,}" for nth, (who, number) in enumerate(found)]
    if UNKNOWN in sums:
        words.append(f"there was no room to follow {sums[UNKNOWN]:,} to the end")
    return ", ".join(words).format(server=server)


_CLOSERS: Final = {"client": "the client", "server": "the {server}", "both": "both at the same time", "": "nobody"}


def unread_end(truncated: bool, cut: bool, pieces: int) -> str:
    """A clause for a capture of so many files that could not be read to its end (it is cut there), "" where it was."""
    if not truncated:
        return ""
    what = "the capture" if pieces < 2 else "a piece of the capture"
    return f"{what} {'is cut off at its end' if cut else 'could not be read to its end'}"


ORDINARY: Final = frozenset({"not IP", "not TCP"})
"""Packets that are left out of any capture; every other reason may have hidden a connection."""


def _because(unread: str, left_out: Mapping[str, int]) -> str:
    """What may have hidden the connection that was looked for."""
    hidden = {reason: number for reason, number in left_out.items() if reason not in ORDINARY}
    words = [f"{number:,} left out: {reason}" for reason, number in sorted(hidden.items())]
    words += [unread] if unread else []
    return f" ({'; '.join(words)})" if words else ""


def _nothing(tcp_connections: int, ports: Sequence[int], packets_read: int, because: str) -> str:
    if packets_read == 0:
        return f"The capture holds no packet{because}."
    if tcp_connections == 0:
        return f"No TCP connection in {count(packets_read, 'packet')}{because}."
    where = " ".join(str(port) for port in ports)
    if tcp_connections == 1:
        return f"1 TCP connection, not on {where} and it does not speak TWS; try --port N or --all{because}"
    return f"{tcp_connections:,} TCP connections, none on {where} and none speaks TWS; try --port N or --all{because}"


def plot(facts: Facts) -> tuple[object, ...]:
    """What two connections must share to be told in one breath; they are ranked as one, too."""
    close = facts.connection.close
    return (_rank(facts), (close.certainty, close.doubt) if close is not None else "", *_happened(facts))


def _happened(facts: Facts) -> tuple[object, ...]:
    """The same but for how sure it is, which depends on the place where a connection was captured."""
    return (
        facts.connection.opened,
        facts.stage,
        facts.closer,
        facts.kind,
        (facts.inferred, facts.inferred and facts.closing_end.fin_acked),
        _far_apart(facts),
        facts.set_back is not None,
        facts.server.called,
        facts.client.state,
        facts.server.state,
        back.words if facts.stage == "unanswered" and (back := turned_back(facts)) is not None else "",
        beside.number if facts.stage == "refused" and (beside := went_on_beside(facts)) is not None else 0,
        (facts.client.stuck, facts.server.stuck),
        unsent(facts),
        facts.stage in {"refused", "unanswered"} and facts.unseen_ns is not None,
        (older_answer(facts) is not None, bool(facts.server.rsts)) if facts.stage == "unanswered" else (),
        is_young(facts) if facts.stage in {"unanswered", "half_open"} else False,
        (reset := facts.connection.reset) is not None and came_another_way(facts.connection, reset),
        bool(facts.client.rst),
        bool(facts.server.rst),
        facts.connection.server.port if facts.stage in {"refused", "unanswered"} else 0,
        facts.misfit is not None and (facts.misfit.side, facts.misfit.protocol, facts.misfit.first),
        (facts.hello_taken, facts.hello_unfinished, facts.server.side.packets > 0)
        if facts.stage == "hello_unanswered"
        else "",
        _not_ready(facts) if facts.stage == "not_ready" else (),
        facts.redirect,
        (facts.version, facts.started_too_late, facts.start_begun) if facts.stage == "not_started" else (),
        bool(trouble_told(facts)),
        (any(not_again(facts, end.name) for end in facts.ends), unrepeated(facts)),
        of_itself(facts) is not None,
    )


def _not_ready(facts: Facts) -> tuple[object, ...]:
    """What did not come, or came too late, and what the gateway said of it."""
    late = tuple(name for name, _ in facts.late_readiness)
    return facts.missing_names, late, tuple(error.code for error in said_of_start(facts))


_RANKS: Final = {
    ("", "ready"): 6,
    ("client", "ready"): 5,
    ("client", "plain"): 7,
    ("client", "no_data"): 4,
}


def _rank(facts: Facts) -> int:
    """The worst first: what a user of the API would call a failure before what went well.

    An order of which nobody knows whether it was taken comes before all else, and a session that was ended before
    attempts that came to nothing, however many: they are often what followed it.
    """
    if not facts.api or facts.upstream or second_address(facts) is not None:
        return 8
    if unconfirmed_told(facts):
        return 0
    if facts.closer == "server" and facts.working and facts.speaks:
        return 1
    rank = _RANKS.get((facts.closer, facts.stage), 2 if facts.stage not in {"midstream", "unread", "cut"} else 3)
    if of_itself(facts) is not None:
        return _RANKS["client", "no_data"]
    return min(rank, 3) if trouble_told(facts) else rank


def story(group: Group, total: int) -> str:
    """What happened to the connections of a group, out of ``total``: a clause without capital and full stop."""
    first = group[0]
    unopened = before_open(group, thing(group, total))
    if unopened:
        return unopened + doubts(group)
    if not first.closer:
        return f"{_nobody(group, total)} {captured(group)}{before_close(group)}{doubts(group)}"
    return f"{_closer(group, total)}{before_close(group)}{remains(group)}{doubts(group)}"


def briefly(group: Group, total: int) -> str:
    """The same without what followed the close, and without what leaves room for doubt."""
    whose = thing(group, total)
    unopened = before_open(group, whose)
    if unopened:
        return unopened
    who = _closer(group, total) if group[0].closer else _nobody(group, total)
    return f"{who}{before_close(group, brief=True)}"


def _fins_apart(facts: Facts) -> int | None:
    """How long after one side's FIN the other one's was captured, in nanoseconds."""
    fins = sorted(end.fin for end in (facts.client, facts.server) if end.fin is not None)
    return facts.between(fins[0], fins[1]) if len(fins) == 2 else None


def _far_apart(facts: Facts) -> bool:
    """Whether FINs that cross do so because the first did not get through, and not because both came at a time."""
    wait = _fins_apart(facts) if facts.closer == "both" else None
    return wait is not None and wait >= SECOND


def thing(group: Group, total: int) -> str:
    """The connections as an object: "the connection", "all 3 connections", "connections 1 and 3"."""
    if total == 1:
        return "the connection"
    if len(group) == total:
        return "both connections" if total == 2 else f"all {total:,} connections"
    return connections(facts.number for facts in group)


def _nobody(group: Group, total: int) -> str:
    """That nobody closed them; where the capture lacks one side, or the end of what one said, that no close is seen.

    Nor where the states of both ends are not known: a RST may yet have counted, or the capture lacks its last packets.
    """
    unsure = one_way(group) or any(end.said_more for facts in group for end in facts.ends)
    unsure = unsure or any(_may_have_ended(facts) for facts in group)
    return f"nobody {'is seen to close' if unsure else 'closed'} {_none_of(group, total)}"


def _may_have_ended(facts: Facts) -> bool:
    """Whether the states of both ends are not known, and not for what lies before a capture that began midway alone.

    Who has only acknowledged may have closed before: nobody did since.
    """
    if any(end.state != states.UNKNOWN for end in facts.ends):
        return False
    begun = facts.connection.opened != "midstream" or all(
        is_begun(end.side) or not end.side.scaled for end in facts.ends
    )
    lacking = any(not_again(facts, end.name) for end in facts.ends) or states.is_reset_unheeded(facts.connection)
    return begun or lacking


def _none_of(group: Group, total: int) -> str:
    """The same where nothing happened to them: "any of the 3 connections"."""
    if total == 1 or len(group) < total:
        return thing(group, total)
    return "either connection" if total == 2 else f"any of the {total:,} connections"


def _probably(facts: Facts) -> str:
    """How sure it is who closed first; "perhaps" where the capture holds nothing but a close under way, or one side.

    Nor does an ACK alone tell whose FIN came first: the other one's may have brought its own acknowledgement.
    """
    close = facts.connection.close
    if close is None or close.certainty == "certain":
        return ""
    if close.doubt == UNHEARD and not facts.other_end.side.packets:
        return "perhaps "
    if close.doubt == FORGOT:
        return "perhaps "
    begun_late = facts.connection.opened == "midstream" and (close.doubt == UNHEARD or close.inferred)
    return "perhaps " if begun_late and not any(end.side.octets for end in facts.ends) else "probably "


def _closer(group: Group, total: int) -> str:
    first = group[0]
    on = "" if total == 1 else f" on {thing(group, total)}"
    probably = _probably(first)
    if first.closer == "both":
        numbers = packets(packet for facts in group for packet in (*facts.client.fins[:1], *facts.server.fins[:1]))
        ends = f"client and {first.server.called} {probably}closed"
        if not _far_apart(first):
            return f"{ends} at the same time{on} (their FINs cross: {numbers})"
        waits = spans([wait for facts in group if (wait := _fins_apart(facts)) is not None])
        return f"{ends}{on} without having heard of each other (their FINs cross, {waits} apart: {numbers})"
    who = f"the {first.closing_end.called}"
    if first.inferred:
        known = f"the {first.other_end.called} acknowledged it"
        if not first.closing_end.fin_acked:
            known = "its last acknowledgement comes from behind one"
        return f"{who} {probably}closed first{on} (its FIN is not in the capture, but {known})"
    where = packets(facts.close.packet for facts in group if facts.close is not None)
    made = made_between(first)
    if made is not None and unsent(first):
        heard = f"the {first.other_end.called} received a reset{on} in the {first.closing_end.called}'s name"
        sure = "did not send" if proved(first) else "probably did not send"
        return f"{heard} (RST in {where}) that the {first.closing_end.called}'s host {sure} ({made.brief} has none)"
    if first.kind == "RST":
        return f"{who} {probably}closed first{on} by a reset (RST in {where})"
    return f"{who} {probably}closed first{on} (FIN in {where})"
