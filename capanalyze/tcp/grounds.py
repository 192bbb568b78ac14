"""Grounds: why a close is only likely.

In: nothing. Out: the words of ``Close.doubt``, which evidence.py and others set and timeline/doubt.py tells; "" where
the close is certain, and where its FIN is inferred, which says it.
"""

from typing import Final

UNHEARD: Final = "unheard"  # the peer may have closed before or at the same time, and the capture lacks that
SENT_AGAIN: Final = "sent again"  # a FIN was captured in a later copy only
INEXACT: Final = "inexact"  # the receiver of the RST may have ignored it
DROPPED: Final = "dropped"  # the capture tool says that it lost packets
WENT_ON: Final = "went on"  # the sender of the RST sent more
OTHER_WAY: Final = "other way"  # the RST has another TTL than its sender's other packets
UNANSWERED: Final = "unanswered"  # the peer fell silent
UNKNOWN_THERE: Final = "unknown there"  # the peer's RST has no ACK, as that of a host without the connection
UNASKED: Final = "unasked"  # the RST has no ACK, so it answers a segment (RFC 9293 3.5.2), which was not captured
FORGOT: Final = "forgot"  # the same of one that answers, and the capture holds nothing of its sender's connection
ANSWER_LOST: Final = "answer lost"  # the closer's FIN had to be sent again before one of the peer's came
ANSWERED_LATE: Final = "answered late"  # the peer's host acknowledges the closer's FIN no sooner than with a late FIN
GONE: Final = "gone"  # the peer sent a RST without ACK after the closer's, so it answers what came before that
GONE_BEFORE: Final = "gone before"  # the last that came of the peer, before the close, is such a RST, and was ignored
CROSSED: Final = "crossed"  # the peer sent a RST or a FIN before it had heard of the close
GUESSED: Final = "guessed"  # who is the client is known by who spoke first in the capture alone
PORTS: Final = "ports"  # who is the client is known by the higher port alone, and the lower one may be chosen too
ASKED_AGAIN: Final = "asked again"  # the refused client repeated its SYN, and that was not answered
ACCEPTED: Final = "accepted"  # a SYN-ACK came after the refusal
NUMBERED: Final = "numbered"  # the refusal has a number of its own, as the RST of an open connection has
CUT_SHORT: Final = "cut short"  # the capture ends before a close of the peer's that crossed this one could come
