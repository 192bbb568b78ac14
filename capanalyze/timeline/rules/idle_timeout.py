"""idle-timeout: after minutes of silence the first message was met with a RST.

Why it matters: a NAT, firewall or VPN forgets connections that say nothing; both ends still believe in it until one
speaks.
What it is not: a gateway that ends a session while messages flow (gateway-closed-midsession names that too), or a
connection that keep-alives kept busy: answered ones show that the path still knew it.
Source of the facts: failures.md 47 (time-outs of 5, 15 and 60 minutes are usual).
"""

from typing import Final

from capanalyze.timeline.ends import Moment, between, moment
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.last_words import last_speaker, last_word, messages_before_close
from capanalyze.timeline.words import MINUTE, SECOND, span

ID: Final = "idle-timeout"

IDLE: Final = 5 * MINUTE
AT_ONCE: Final = SECOND


def met_with_rst(facts: Facts) -> tuple[Moment, Moment, int, int] | None:
    """The last message before IDLE without one, the client's next, how long that was, and how soon the RST came."""
    speaker, word = last_speaker(facts), last_word(facts)
    if facts.kind != "RST" or facts.closer != "server" or speaker is None or speaker.name != "client" or word is None:
        return None
    wait = between(word, facts.close)
    said = [*messages_before_close(facts, "client"), *messages_before_close(facts, "server")]
    before = [at for one in said if (at := moment(one.packet, one.ts_ns)) is not None and at < word]
    idle = between(max(before), word) if before else None
    if (
        wait is None
        or wait > AT_ONCE
        or idle is None
        or idle < IDLE
        or kept_alive(facts, max(before).packet, word.packet)
    ):
        return None
    return max(before), word, idle, wait


def check(facts: Facts) -> Finding | None:
    """Fires where the client's first message after IDLE without messages was answered by a RST at once."""
    found = met_with_rst(facts)
    if found is None:
        return None
    before, word, idle, wait = found
    return finding(
        ID,
        "The first message after a long silence was met with a RST",
        [before, word, facts.close],
        [f"{span(idle)} without a message, then a RST {span(wait)} after the client's next one"],
        certainty="likely",
        causes=[
            Cause(
                "a NAT, firewall or VPN between the two forgot the idle connection", "possible", "a capture beyond it"
            ),
            Cause("the gateway was restarted in the meantime", "possible", "its log"),
        ],
        advice="switch TCP keep-alive on (SO_KEEPALIVE, 60 s), or send reqCurrentTime every minute",
    )


def kept_alive(facts: Facts, first: int, last: int) -> bool:
    """Whether a keep-alive was, or may have been, answered between two packets: a Note has room for so many only."""
    notes = [note for side in ("client", "server") if (note := facts.note("keep_alive_ack", side)) is not None]
    return any(
        note.count > len(note.packets) or any(first < packet < last for packet in note.packets) for note in notes
    )
