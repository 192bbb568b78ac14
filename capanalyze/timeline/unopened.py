"""Connections that were never opened: their whole story, in words.

In: a group of Facts with the same plot. Out: a sentence without its full stop.
"""

from typing import Final

from capanalyze.tcp.grounds import ACCEPTED, NUMBERED
from capanalyze.tcp.notes import OLDER, REUSED_PORTS
from capanalyze.tcp.resets import REFUSED_BEFORE
from capanalyze.timeline.ends import Moment, between, moment
from capanalyze.timeline.facts import Facts, Group
from capanalyze.timeline.turned_back import turned_back
from capanalyze.timeline.words import MINUTE, SECOND, count, known, packets, span, spans

IPV6_LOOPBACK: Final = bytes(15) + b"\x01"

SECOND_ADDRESS_NS: Final = 5 * SECOND
"""The second address of a name is tried at once on Linux and macOS, after some two seconds on Windows."""

STARTED: Final = MINUTE
"""How long after a refusal a gateway that listens may still be starting."""


def before_open(group: Group, thing: str) -> str:
    """The whole story of connections that were never opened; "" for others. ``thing`` is "the connection" or so."""
    first = group[0]
    called = first.server.called
    if first.stage == "cut":
        lost = "the snapshot length cut its packets before the TCP flags"
        return f"who closed {thing} cannot be told: {lost if len(group) == 1 else lost.replace('its', 'their')}"
    if first.stage == "refused":
        return _refused(group, thing)
    if first.stage == "unanswered":
        return _unanswered(group, thing)
    if first.stage == "with_itself":
        return _with_itself(group, thing)
    if first.stage == "half_open" and first.closer == "client":
        return f"the client broke {thing} off ({first.kind}) after the {called}'s host had accepted, before it was open"
    if first.stage == "half_open" and not first.closer:
        accepted = f"the {called}'s host accepted (SYN-ACK), and no final ACK is in the capture"
        if is_young(first):
            return f"{thing} was not open yet when the capture ended: {accepted}"
        return f"{thing} is not seen to open in full{_within(group)}: {accepted}"
    return ""


def is_young(facts: Facts) -> bool:
    """Whether the capture ends so soon after a connection's first packet that what was asked may yet be answered."""
    return facts.captured_ns is not None and facts.captured_ns < SECOND


def _within(group: Group) -> str:
    """How long was looked for an answer."""
    waits = known([facts.captured_ns for facts in group])
    return f" within the {span(max(waits))} captured" if any(waits) else ""


def _unanswered(group: Group, thing: str) -> str:
    """Connections whose SYN was answered by nothing, by an ICMP error, or for an older connection."""
    first = group[0]
    on = "" if thing == "the connection" else f" on {thing}"
    syns = sum(facts.syns for facts in group)
    asked, were = f"{count(syns, 'SYN')} to port {first.connection.server.port}", "was" if syns == 1 else "were"
    back = turned_back(first)
    if back is not None:
        told = packets(one.at.packet for facts in group if (one := turned_back(facts)) is not None and one.at)
        why = f"({back.words}, from {back.sender} in {told})"
        return f"{asked} {were} turned back{on} by an ICMP error {why}: no connection came about"
    if first.client.rsts and older_answer(first) is None:
        where = packets(facts.client.rsts[0] for facts in group if facts.client.rsts)
        if first.client.rst is None:
            what = "which answers nothing that is in the capture"
            return f"{asked} {were} not answered{on}{_within(group)}, and the client sent a RST ({where}), {what}"
        return f"the client broke {thing} off (RST in {where}); the answer to its SYN before that is not in the capture"
    if first.unseen_ns is not None:
        unseen = f"the capture next to the {first.server.called} has no packet of {_it(group)}"
        return f"{asked} went unanswered{on}{_within(group)}: {unseen}"
    if older_answer(first) is not None:
        where = packets(at.packet for facts in group if (at := older_answer(facts)) is not None)
        still = f"what came back ({where}) is of an older connection of these ports"
        return f"{asked} {were} not answered{on}{_within(group)}: {still}, which the {first.server.called}'s host had"
    if first.server.rsts:
        where = packets(packet for facts in group for packet in facts.server.rsts)
        return f"{asked} {were} not answered{on}{_within(group)}, but for a RST that acknowledges none ({where})"
    if is_young(first):
        waited = max(known([facts.captured_ns for facts in group]))
        so_far = f" in the {span(waited)} until the capture ended" if waited else ", but the capture ends there"
        return f"{asked} {were} not answered{on}{so_far}"
    return f"{asked} went unanswered{on}{_within(group)}: no connection came about"


def _refused(group: Group, thing: str) -> str:
    """Connections whose SYN was answered by a RST."""
    first = group[0]
    called, port = first.server.called, first.connection.server.port
    waits = known([refused_after(facts) for facts in group])
    which = "first SYN" if any(syns_refused(facts) > 1 for facts in group) else "SYN"
    after = f", {spans(waits)} after the {which}" if waits else ""
    where = packets(facts.server.rst.packet for facts in group if facts.server.rst is not None)
    address = first.connection.server.host
    same = all(facts.connection.server.host == address for facts in group)
    there = first.server.address if same and len(address) == 16 else f"port {port}"
    if first.unseen_ns is not None:
        refused = f"something before the {called}'s host refused {thing} (RST in {where}{after})"
        return f"{refused}: the capture next to the {called} has no packet of {_it(group)}"
    probably = "probably " if is_doubtful(first) else ""
    told = f"the {called}'s host {probably}refused {thing} (RST in {where}{after})"
    beside = went_on_beside(first)
    if beside is not None:
        return f"{told}: {there} took no new connection then, while connection {beside.number} went on there"
    if first.client.state == "SYN_SENT" or accepted_later(first) is not None:
        return f"{told}: nothing accepted connections on {there} then"
    other = answering_port(first) if same else None
    and_there = f", and a gateway answered on port {other} of that host" if other is not None else ""
    return f"{told}: nothing accepts connections on {there}{and_there}"


def is_doubtful(facts: Facts) -> bool:
    """Whether the RST may be of an open connection of which the capture lacks all but that, or did not end it."""
    close = facts.connection.close
    return close is not None and close.doubt in {ACCEPTED, NUMBERED}


def accepted_later(facts: Facts) -> Facts | None:
    """The first later connection that the same listener accepted, answered or not."""
    later = (other for other in facts.others if other.number > facts.number and other.listener == facts.listener)
    return next((other for other in later if other.connection.opened == "complete"), None)


def answering_port(facts: Facts) -> int | None:
    """Another port of the same host on which a gateway answered, where the one that was asked for never accepted."""
    mine = facts.connection.server
    asked = [other for other in facts.others if other.listener == facts.listener]
    if any(other.connection.opened != "refused" for other in asked):
        return None
    answers = (
        int(other.connection.server.port)
        for other in facts.others
        if other.speaks and other.connection.server.host == mine.host and other.server.spoke
    )
    return next(answers, None)


def _it(group: Group) -> str:
    return "it" if len(group) == 1 else "them"


def older_answer(facts: Facts) -> Moment | None:
    """What the gateway's host sent after the SYNs of a connection, of an older one of the same ports that it has."""
    if facts.stage != "unanswered":
        return None
    events = facts.connection.events
    told = next((moment(event.packet, event.ts_ns) for event in events if event.kind == OLDER), None)
    if told is not None or facts.note(REUSED_PORTS, "client") is None or facts.began is None:
        return told
    keys = {facts.client.side.key, facts.server.side.key}
    older = [one.server.side for one in facts.others if one.number < facts.number and one.client.side.key in keys]
    later = (moment(side.last_packet, side.last_ts) for side in older if side.last_packet > facts.began.packet)
    return next(later, None)


def unseen_there(facts: Facts, later_ns: int) -> str:
    """That the capture next to the gateway, which goes on, has none of a connection."""
    return f"the capture next to the {facts.server.called} has no packet of it, and goes on for {span(later_ns)}"


def second_address(facts: Facts) -> Facts | None:
    """The connection to 127.0.0.1 that followed one that was refused on ::1, at the same port: ``localhost``."""
    if facts.stage != "refused" or facts.listener[0] != IPV6_LOOPBACK:
        return None
    for other in facts.others:
        host, port = other.listener
        apart = between(facts.began, other.began)
        local = len(host) == 4 and host[0] == 127 and port == facts.listener[1]
        if local and other.stage != "refused" and apart is not None and apart <= SECOND_ADDRESS_NS:
            return other
    return None


def answered_later(facts: Facts) -> Facts | None:
    """The first later connection to the same address and port on which the hello was answered."""
    for other in facts.others:
        if other.answer is not None and other.number > facts.number and other.listener == facts.listener:
            return other
    return None


def refused_after(facts: Facts) -> int | None:
    """How long after the SYN its refusal came; None where that was captured before it."""
    refusal = facts.server.rst
    if refusal is None or facts.began is None or refusal.packet <= facts.began.packet:
        return None
    return facts.between(facts.began, refusal)


def syns_refused(facts: Facts) -> int:
    """How many SYNs had been sent when the first refusal came."""
    refusal, events = facts.server.rst, facts.connection.events
    before = [one for one in events if one.kind == "SYN" and refusal is not None and one.packet < refusal.packet]
    return sum(int(one.count) for one in before)


def refused_just_before(facts: Facts) -> str:
    """What tells that nothing had listened until shortly before: the same SYN was refused, or another connection's.

    Not where the gateway still spoke on one that it had accepted before: it was there, and took no new one.
    """
    before = [other for other in facts.others if other.number < facts.number and facts.listener == other.listener]
    refused = [int(event.packet) for event in facts.connection.events if event.flag == REFUSED_BEFORE]
    if refused:
        went_on = any(other.server.last is not None and other.server.last.packet > refused[0] for other in before)
        return "" if went_on else f"the host had refused the SYN before it accepted ({packets(refused)})"
    if not before or before[-1].stage != "refused" or went_on_beside(before[-1]) is not None:
        return ""
    ago = between(before[-1].began, facts.began)
    if ago is None or ago > STARTED:
        return ""
    return f"connection {before[-1].number} had been refused {span(ago)} before"


def accepted_before(facts: Facts) -> Facts | None:
    """The newest connection that the same listener had accepted before, or one on which it still spoke afterwards."""
    found = None
    for other in facts.others:
        if other.number >= facts.number or other.connection.opened != "complete":
            continue
        if facts.listener == other.listener:
            found = other
            if spoke_on(other, facts):
                break
    return found


def went_on_beside(facts: Facts) -> Facts | None:
    """The connection that went on at the port while it refused this one."""
    before = accepted_before(facts)
    return before if before is not None and spoke_on(before, facts) else None


def spoke_on(before: Facts, facts: Facts) -> bool:
    """Whether the gateway spoke on a connection when it had refused another."""
    last, refusal = before.server.last, facts.server.rst
    return last is not None and refusal is not None and refusal.packet < last.packet


def _with_itself(group: Group, thing: str) -> str:
    """What happened to a client whose own port was the one that it asked for."""
    first = group[0]
    on = "" if thing == "the connection" else f" on {thing}"
    port = first.connection.server.port
    met = f"the client connected to itself{on}: its own port was {port} too, and nothing else listened there"
    back = ", so that what it sent came back to it" if first.client.spoke else ""
    if not first.closer:
        return f"{met}{back}; nobody closed {captured(group)}"
    if first.inferred:
        return f"{met}{back}; it closed (its FIN is not in the capture, but was acknowledged)"
    where = packets(facts.close.packet for facts in group if facts.close is not None)
    waits = known([facts.between(facts.began, facts.close) for facts in group])
    return f"{met}{back}; it closed" + (f" after {spans(waits)}" if waits else "") + f" ({first.kind} in {where})"


def captured(group: Group) -> str:
    """How long was looked for a close: "within the 12.4 s captured"."""
    lengths = [facts.captured_ns for facts in group if facts.captured_ns is not None]
    return f"within the {spans(lengths)} captured" if lengths else "in the capture"
