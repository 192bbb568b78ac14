"""A side that closed for sending only: it sent its FIN and reads on, as nc does at the end of its input.

In: Facts. Out: whether the first closer did so. What came after its FIN came in time for it.
"""

from capanalyze.timeline.facts import Facts


def half_closed(facts: Facts) -> bool:
    """Whether the host of the side that closed first took what came after its FIN, so that was shut for sending only.

    What comes for a socket that is closed is answered with a RST (RFC 1122 4.2.2.13).
    """
    mine, other = facts.closing_end, facts.other_end
    if facts.close is None or other.last is None or mine.rsts or facts.inferred:
        return False
    taken = other.side.acked_rel >= other.side.next_rel and mine.side.last_packet > other.last.packet
    return facts.kind == "FIN" and other.last.packet > facts.close.packet and taken
