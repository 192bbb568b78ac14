"""Doubt: what makes a story less than complete: what the capture lacks, and what its clock did.

In: a group of Facts with the same plot. Out: a clause in brackets for the end of a verdict, or nothing.
"""

from typing import Final

from capanalyze.tcp.evidence import is_absent
from capanalyze.tcp.grounds import (
    ACCEPTED,
    ANSWER_LOST,
    ANSWERED_LATE,
    ASKED_AGAIN,
    CROSSED,
    CUT_SHORT,
    DROPPED,
    FORGOT,
    GONE,
    GONE_BEFORE,
    GUESSED,
    INEXACT,
    NUMBERED,
    OTHER_WAY,
    PORTS,
    SENT_AGAIN,
    UNANSWERED,
    UNASKED,
    UNHEARD,
    UNKNOWN_THERE,
    WENT_ON,
)
from capanalyze.tcp.states import has_not_taken_ack, is_reset_unheeded
from capanalyze.timeline.before import trouble_told
from capanalyze.timeline.both_ends import unsent, whereabouts
from capanalyze.timeline.facts import Facts, Group
from capanalyze.timeline.forgotten import NO_ACK, forgotten
from capanalyze.timeline.passed_by import passed_by
from capanalyze.timeline.troubles import client_does_not_read, standstill
from capanalyze.timeline.unrepeated import not_again, unrepeated
from capanalyze.timeline.without_acks import all_filtered, lacks_acks
from capanalyze.timeline.words import count, packets, span

_GROUNDS: Final = {
    UNHEARD: "the capture may lack a FIN of the {peer}'s",
    SENT_AGAIN: "a FIN was sent again, and its first copy is not in the capture",
    INEXACT: "the {peer} may have ignored that RST: its number is not exactly the one expected",
    DROPPED: "a FIN of the {peer}'s may be among the packets dropped",
    WENT_ON: "the {closer} went on after that RST, so something between the two may have sent it",
    OTHER_WAY: "that RST has another TTL than earlier packets of the {closer}'s, so something between the two may have "
    "sent it",
    UNANSWERED: "a FIN of the {peer}'s may have been lost on the way: nothing came from it any more",
    UNKNOWN_THERE: "that RST has no ACK: the {peer} may have ended the connection before, or a firewall "
    "may have made it",
    UNASKED: "that RST has no ACK and answers nothing that was captured: the capture may lack a FIN of the {peer}'s, "
    "or a firewall may have made it",
    FORGOT: "the connection may have ended before the capture began",
    GUESSED: "who was seen first is taken for the client: --port N tells which of the two is the gateway",
    PORTS: "whose port is higher is taken for the client: --port N tells which of the two is the gateway",
    ASKED_AGAIN: "the {peer} asked again after that, and what came of it is not in the capture",
    ACCEPTED: "the {closer}'s host accepted after that: the capture may lack a SYN that was sent again",
    NUMBERED: "that RST has a number of its own, as that of an open connection has: the capture may lack how it opened",
    CUT_SHORT: "the capture ends before a close of the {peer}'s that crossed it would have come",
    ANSWER_LOST: "the {closer} had sent its FIN again by then, so an earlier one of the {peer}'s may have been lost",
    ANSWERED_LATE: "the {peer}'s host acknowledged that FIN with its own alone, later than hosts do: an earlier FIN of "
    "the {peer}'s may have been lost",
    GONE: "the {peer}'s host then sent a RST without ACK, so it may have ended the connection before",
    GONE_BEFORE: "the {peer}'s host had sent a RST without ACK, so it may have ended the connection before",
    CROSSED: "the {peer} ended it too before it had heard of that",
}
"""Why a close is likely only -> words."""

_UNREPEATED: Final = {
    "SYN": "the SYN was not sent again: the client gave up at once, or the capture lacks packets",
    "SYN-ACK": "the SYN-ACK was not sent again: the capture may lack packets",
    "FIN": "the {who}'s FIN was not sent again: the capture may lack packets",
}
"""What was not sent again (unrepeated.py) -> words."""


def doubts(group: Group) -> str:
    """A clause like " (12 octets are missing from the capture)"."""
    found: list[str] = []
    found += _beginning(group)
    absent = [end.called for end in group[0].ends if _one_way(group, end.name)]
    found += [f"the capture holds no packet of the {called}'s" for called in absent]
    found += _without_acks(group)
    missing = sum(end.missing for facts in group for end in facts.ends)
    if missing:
        found.append(f"{count(missing, 'octet is', 'octets are')} missing from the capture")
    cut = sum(end.cut for facts in group for end in facts.ends)
    if cut:
        found.append(f"{count(cut, 'octet was', 'octets were')} cut off by the snapshot length")
    headless = sum(int(facts.connection.cut_packets) for facts in group if not facts.connection.header_cut)
    if headless:
        found.append(f"{count(headless, 'packet is', 'packets are')} cut before the TCP flags")
    unheard = [(end, sum(_unheard(facts, end.name) for facts in group)) for end in group[0].ends]
    found += [
        f"{count(number, 'octet')} of the {end.called}'s {'was' if number == 1 else 'were'} sent, by its own numbers, "
        "and neither captured nor acknowledged"
        for end, number in unheard
        if number
    ]
    found += _waiting(group)
    found += _not_again(group)
    if any(has_not_taken_ack(facts.connection.server) for facts in group):
        again = f"the {group[0].server.called}'s host sent its SYN-ACK again after the final ACK"
        found.append(f"{again}: that got lost, or no more connections fit its queue")
    waiting = sorted({unrepeated(facts) for facts in group} - {""})
    found += [_UNREPEATED[what].format(who=group[0].closing_end.called) for what in waiting]
    found += _unheeded(group)
    found += _ground(group[0])
    found += _clock(group)
    return f" ({'; '.join(found)})" if found else ""


def _unheard(facts: Facts, side: str) -> int:
    """Octets of a side that were neither captured nor acknowledged, where it is not told that they were lost."""
    passed = passed_by(facts)
    return facts.end(side).unheard if passed is None or passed.end.name != side else 0


def _beginning(group: Group) -> list[str]:
    """What the capture lacks of the opening of all these connections: all of it, or one or both SYNs."""
    if any(facts.connection.opened != "midstream" for facts in group):
        return []
    several = "s" if len(group) > 1 else ""
    if all(facts.connection.server.isn >= 0 for facts in group):
        return [f"the capture lacks the SYN{several}"]
    if all(_has_last_ack(facts) for facts in group):
        return [f"the capture lacks the SYN{several} and the SYN-ACK{several}"]
    return [f"the capture began after the connection{several}"]


def _without_acks(group: Group) -> list[str]:
    """That packets without payload are lacking, of both sides or of one."""
    first = group[0]
    if all_filtered(first):
        if first.kind == "RST" and first.stage != "hello_unanswered":  # nothing that is told rests on them
            return []
        if first.closer:
            return ["the capture holds no ACK without payload: they may have been filtered out"]
        return ["the capture holds no packet without payload: ACKs, and a FIN or RST, may have been filtered out"]
    return [
        f"the {end.called}'s ACKs without payload are not in the capture"
        for end in first.ends
        if lacks_acks(first, end.name)
    ]


def _has_last_ack(facts: Facts) -> bool:
    """Whether the ACK that opened it is captured: the first packet, and the client's, before its hello."""
    connection = facts.connection
    first = connection.orig is connection.client and connection.first_packet < connection.client.first_data_packet
    return first and facts.hello is not None


def _waiting(group: Group) -> list[str]:
    """Whose FIN may wait, where nobody is seen to close; and why, unless that is told already.

    Or may have waited, where a client that did not read closed: what the gateway had to send before it waited too.
    """
    if group[0].closer == "client" and client_does_not_read(group[0]):
        return [f"a FIN of the {group[0].server.called}'s may have waited unsent"]
    if group[0].closer:
        return []
    told = standstill(group[0]) and standstill(group[0]) in trouble_told(group[0])
    return [
        f"a FIN of the {end.called}'s may wait unsent"
        + ("" if told else f": the {peer.called}'s host took nothing more of it")
        for end, peer in zip(group[0].ends, group[0].ends[::-1], strict=True)
        if end.stuck
    ]


def _not_again(group: Group) -> list[str]:
    """Whose octets wait that a host would have sent again; both sides' in one breath."""
    waiting = [end for end in group[0].ends if any(not_again(facts, end.name) for facts in group)]
    once = [end for end in waiting if not any(facts.note("retransmission", end.name) for facts in group)]
    whose = "either side" if len(once) > 1 else f"the {once[0].called}" if once else ""
    found = [
        f"the {end.called}'s last octets were not acknowledged and no longer sent again: the {end.called}'s host gave "
        "up, or the capture lacks packets"
        for end in waiting
        if end not in once
    ]
    lacking = f"{whose}'s last octets were not acknowledged and not sent again: the capture may lack packets"
    return [*found, lacking] if once else found


def _unheeded(group: Group) -> list[str]:
    """That a RST which nobody is seen to heed may have ended these connections."""
    if group[0].closer:
        return []
    resets = [facts.connection.early_reset for facts in group if is_reset_unheeded(facts.connection)]
    where = packets(reset.packet for reset in resets if reset is not None)
    return [f"a RST ({where}) came whose number lies ahead of what was captured: it may have counted"] if resets else []


def _ground(first: Facts) -> list[str]:
    """Why it is not certain who closed first, or that nobody did."""
    close = first.connection.close
    ground = close.doubt if close is not None and not unsent(first) else ""
    words = []
    if first.dropped and (close is None or ground == DROPPED):
        words.append(f"{count(first.dropped, 'packet was', 'packets were')} dropped while capturing")
    found = first.absent
    if found is not None and not found.made and found.later_ns is not None:
        words.append(whereabouts(first))
    told = close is not None and (close.certainty == "certain" or ground == FORGOT)
    if told and forgotten(first) and not unsent(first):
        words.append(f"that RST {NO_ACK}")
    if ground and not (ground == UNHEARD and unrepeated(first) == "FIN"):  # which says it
        words.append(_GROUNDS[ground].format(peer=first.other_end.called, closer=first.closing_end.called))
    return words


def one_way(group: Group) -> bool:
    """Whether the capture holds no packet of one side of these connections, which may have closed them."""
    return any(_one_way(group, end.name) for end in group[0].ends)


def _one_way(group: Group, side: str) -> bool:
    """Whether a side sent packets and the capture has none of them."""
    return all(is_absent(facts.end(side).side) for facts in group)


def _clock(group: Group) -> list[str]:
    steps = [facts.set_back for facts in group if facts.set_back is not None]
    if not steps:
        return []
    step = steps[0]
    if not step.by_ns:
        return ["all its packets have the same time, so that nothing is known of how long anything took"]
    told = f"the capture's clock goes back by {span(step.by_ns)} before packet {step.packet}"
    return [f"{told}, and more than once: its packets are not in order, or it was changed" if step.worthless else told]
