"""Unrepeated: what was neither acknowledged nor sent again, as every host sends it: the capture may lack packets.

In: Facts. Out: whether it is so: of octets, or of the SYN, the SYN-ACK or the FIN that waits for an answer.
"""

from capanalyze.tcp.crossing import is_alone, longest, patience
from capanalyze.timeline.ends import Moment, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.passed_by import passed_by


def not_again(facts: Facts, side: str) -> bool:
    """Whether octets of a side waited in vain until the end, for longer than its host does before it sends again.

    What is known to have been lost on the way may have been sent again and lost again.
    """
    passed = passed_by(facts)
    if passed is not None and passed.end.name == side:
        return False
    end = facts.end(side).side
    pending = not facts.closer and 0 <= end.acked_rel < end.max_rel
    heard = end.peer.packets > 0 and end.peer.window != 0
    waited = facts.between(moment(end.last_packet, end.last_ts), facts.ended)
    return pending and heard and waited is not None and waited > longest(facts.connection, end)


def unrepeated(facts: Facts) -> str:
    """Which of "SYN", "SYN-ACK" and "FIN" waits for its answer and was not sent again; "" none."""
    if facts.stage == "unanswered":
        silent = facts.syns == 1 and not facts.client.rsts and not facts.server.side.packets
        return "SYN" if silent and _long_since(facts, facts.began) else ""
    if facts.stage == "half_open" and not facts.closer:
        answers = [event for event in facts.connection.events if event.kind == "SYN-ACK"]
        once = len(answers) == 1 and answers[0].count == 1
        return "SYN-ACK" if once and _long_since(facts, facts.opened_at) else ""
    close = facts.connection.close
    if close is None or facts.closer == "both" or not is_alone(facts.connection, close):
        return ""
    return "FIN" if _long_since(facts, facts.close) else ""


def _long_since(facts: Facts, at: Moment | None) -> bool:
    """Whether the capture goes on for longer after a moment than any host waits."""
    waited = facts.between(at, facts.ended)
    return waited is not None and waited > patience(facts.connection)
