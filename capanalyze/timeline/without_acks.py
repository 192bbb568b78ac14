"""Without ACKs: whether a capture holds no segment without payload of a side that must have sent some.

A filter such as ``tcp.len > 0`` leaves them out, with the FINs and RSTs that have no payload either; then what nobody
acknowledged in the capture was acknowledged all the same, and what nobody closed may have been closed.
In: Facts. Out: whether that is so, of a side or of all of a connection.
Source of the facts: RFC 9293 3.10.7.4 and RFC 9293 3.8.1 (octets are sent again until they are acknowledged).
"""

from typing import TYPE_CHECKING

from capanalyze.tcp.crossing import acks_are_lacking
from capanalyze.tcp.evidence import payload_alone

if TYPE_CHECKING:
    from capanalyze.timeline.facts import Facts


def all_filtered(facts: "Facts") -> bool:
    """Whether the capture holds no ACK alone of both sides, nor of any other connection."""
    return facts.filtered and payload_alone(facts.connection)


def lacks_acks(facts: "Facts", name: str) -> bool:
    """Whether ACKs of a side ("client", "server") are lacking."""
    if all_filtered(facts):
        return True
    side, until = facts.end(name).side, facts.until
    return acks_are_lacking(facts.connection, side, until.ts_ns if until is not None and until.ts_ns else -1)
