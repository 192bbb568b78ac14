"""gateway-closed-midsession: a ready session was ended by the gateway's side.

Why it matters: the client sees a broken connection and looks for the fault in its own code or the network.
What it is not: proof of a fault. A nightly restart does this every day. A RST is not proof that the gateway sent it
either: what lies between can make one in its name. Nor the RST of a gateway to which the client's host answered nothing
any more, its keep-alives for one (peer-vanished); nor the FIN of a relay that ended the session (relay-legs).
Source of the facts: failures.md 34, 39 to 42.
"""

from typing import Final

from capanalyze.timeline.both_ends import whereabouts
from capanalyze.timeline.ends import between, moment
from capanalyze.timeline.errors_told import WireError
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.forgotten import forgotten, forgotten_causes
from capanalyze.timeline.last_words import last_speaker, last_word, last_word_name, malformed
from capanalyze.timeline.legs import ended_by_relay, one_session
from capanalyze.timeline.pacing import REJECTED, sent_fast
from capanalyze.timeline.rules import duplicate_client_id, injected_rst, port_changed, session_displaced
from capanalyze.timeline.silence import IDLE, met_with_rst
from capanalyze.timeline.standing import recent, standing
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import MINUTE, SECOND, clean, connections, quote, span
from capanalyze.tws.message import Message
from capanalyze.tws.pace import Burst

ID: Final = "gateway-closed-midsession"

TELLING: Final = (
    (port_changed.CODE, "the API port was changed, and the gateway drops its connections"),
    (REJECTED, "the client sent more than 50 messages a second; the gateway drops it after repeated violations"),
    (
        duplicate_client_id.CODE,
        "the client sent startApi with a client id that is in use; the gateway closes after that",
    ),
    (1100, "the gateway had lost its own connection to IB"),
    (session_displaced.CODE, "another session of the same user took over"),
)
"""Error codes on the wire that explain a close (protocol.md 5.2)."""

TOO_FAST: Final = Cause(
    "the client sends more messages than the gateway takes", "possible", "the same requests at 45 a second"
)

TOGETHER: Final = SECOND

RESTART: Final = 5 * MINUTE
"""A gateway that restarts refuses connections for half a minute to four minutes (failures.md 40)."""

AT_ONCE: Final = SECOND // 20
"""A close this soon after a request points to it (failures.md 36)."""

SOON: Final = SECOND
"""A close this soon after a malformed request does too."""


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway's side ended a session that was ready (or was under way when the capture began)."""
    if facts.closer != "server" or not facts.working or not facts.speaks:
        return None
    if ended_by_relay(facts) is not None or (facts.kind == "RST" and in_vain(facts) is not None):
        return None
    causes = injected_rst.causes(facts)
    evidence = _close(facts)
    if facts.client.shut:
        evidence.append("the client's window was 0: it had not read what came before")
        causes.append(Cause("the client had stopped reading, and the gateway gave it up", "likely", "its callbacks"))
    evidence += [_told(facts, error) for _, error in _telling(facts)]
    causes += [
        Cause(meaning, "likely" if recent(facts, error) else "possible", f"the text of error {error.code}")
        for meaning, error in _telling(facts)
    ]
    if facts.session is not None and facts.session.server_remainder:
        evidence.append(f"its last message is not whole: {facts.session.server_remainder}")
    wrong = _malformed(facts)
    if wrong is not None:
        message, problem, before = wrong
        named = f"{message.name} in packet {message.packet}"
        evidence.append(f"the client's {named} is malformed, {before} before the close: {clean(problem)}")
        rejected = (
            _rejected(facts) if _is_last(facts, message) else f"it rejected the client's {named}, {before} before"
        )
        causes.append(Cause(rejected, "likely", "that request's fields; send it alone"))
    burst = _burst(facts)
    if burst is not None:
        evidence.append(f"the client had sent {sent_fast(burst)}, up to packet {burst.last_packet}")
        causes += [] if facts.error(REJECTED) is not None else [TOO_FAST]
    gone = _gone(facts)
    if gone:
        evidence += gone
        causes.append(_restarted("likely"))
    elif all(cause.certainty == "possible" for cause in causes):
        causes += _usual(facts)
    return finding(
        ID,
        "The gateway ended a working session"
        if facts.kind != "RST"
        else "A RST from the gateway's side ended a working session",
        [facts.close, last_word(facts)],
        evidence,
        causes=causes,
        advice=_advice(facts, malformed=wrong is not None),
    )


def _burst(facts: Facts) -> Burst | None:
    """The client's last burst of more messages than a gateway takes, where the close came SOON after it."""
    bursts = facts.session.pairing.pace.bursts if facts.session is not None else []
    if not bursts:
        return None
    wait = facts.between(moment(bursts[-1].last_packet, bursts[-1].last_ts), facts.close)
    return bursts[-1] if wait is not None and 0 <= wait <= SOON else None


def _advice(facts: Facts, *, malformed: bool) -> str:
    """What to do: what the likely cause asks for."""
    codes = {error.code for error in standing(facts)}
    if port_changed.CODE in codes:
        return "let the client connect again, to the new port"
    if malformed:
        return "correct that request before the client connects again"
    if REJECTED in codes:
        return "let the client send slower before it connects again"
    return "read the gateway's log at that time; let the client reconnect after a pause"


def _close(facts: Facts) -> list[str]:
    """What ended it, how long after the last octets, and for a RST whose it may be."""
    wait = facts.between(last_word(facts), facts.close)
    after = f", {span(wait)} after the last octets" if wait is not None else ""
    if facts.kind != "RST":
        return [f"{facts.kind} from the gateway{after}"]
    unknown = (
        "whether the gateway's host or something between (a NAT, a firewall, a relay) made it the packets do not tell"
    )
    signs = injected_rst.signs(facts) or [whereabouts(facts) or unknown]
    return [f"RST from the gateway's side{after}", *forgotten(facts), *signs]


def _telling(facts: Facts) -> list[tuple[str, WireError]]:
    """The error messages that may explain the close, and what they mean."""
    said = {error.code: error for error in standing(facts)}
    return [(meaning, said[code]) for code, meaning in TELLING if code in said]


def _told(facts: Facts, error: WireError) -> str:
    before = facts.between(error.at, facts.close)
    ago = "" if before is None or recent(facts, error) else f", {span(before)} before the close"
    text = f": {quote(error.text)}" if error.code != port_changed.CODE else ""  # port-changed quotes it
    return f"error {error.code} in packet {error.at.packet}{ago}{text}"


def _restarted(certainty: str) -> Cause:
    return Cause("the gateway was restarted, logged off, or died", certainty, "its log, and its restart time")


def _gone(facts: Facts) -> list[str]:
    """What tells that the gateway itself went away: other sessions ended with this one, or its port refused after."""
    signs = []
    with_it = [other.number for other in facts.others if other is not facts and _with(facts, other)]
    if with_it:
        signs.append(f"{connections([*with_it, facts.number])} ended within the same second")
    refused = _refused_after(facts) if facts.error(port_changed.CODE) is None else None
    if refused is not None:
        after = between(facts.close, refused.began)
        later = f"{span(after)} later" if after is not None else "after that"
        signs.append(f"{later} nothing accepted connections on its port: connection {refused.number} was refused")
    return signs


def _usual(facts: Facts) -> list[Cause]:
    """What may lie behind it where nothing tells: a program's close, unless its host did not know the connection."""
    if forgotten(facts):
        return [*forgotten_causes("gateway")]
    causes = [_restarted("possible"), Cause(_rejected(facts), "possible", "the last messages before the close")]
    if _idle(facts):
        causes.append(Cause("a NAT, firewall or VPN forgot the idle connection", "possible", "a capture beyond it"))
    return causes


def _idle(facts: Facts) -> bool:
    """Whether a RST came after so long a silence that something between may have forgotten the connection."""
    wait = facts.between(last_word(facts), facts.close)
    quiet = wait is not None and wait >= IDLE
    return facts.kind == "RST" and (quiet or met_with_rst(facts) is not None)


def _is_last(facts: Facts, message: Message) -> bool:
    """Whether a message is the last that was said before the close."""
    word = last_word(facts)
    return word is not None and word.packet == message.packet and message.name == last_word_name(facts)


def _rejected(facts: Facts) -> str:
    """That it rejected the last request; by name where it came just before the close."""
    speaker, word = last_speaker(facts), last_word(facts)
    wait = facts.between(word, facts.close)
    if speaker is not facts.client or word is None or wait is None or wait > AT_ONCE:
        return "it rejected the client's last request"
    name = last_word_name(facts)
    named = f" ({name})" if name else ""
    return f"it rejected the client's last request{named} in packet {word.packet}, {span(wait)} before"


def _malformed(facts: Facts) -> tuple[Message, str, str] | None:
    """The client's last malformed message, where the close came SOON after it: what is wrong, and how long before."""
    for message, problem in reversed(malformed(facts)):
        wait = facts.between(moment(message.packet, message.ts_ns), facts.close)
        if wait is not None and wait <= SOON:
            return message, problem, span(wait)
    return None


def _refused_after(facts: Facts) -> Facts | None:
    """The next connection to the same listener, where it was refused RESTART or sooner after the close."""
    for other in facts.others:
        if facts.listener == other.listener and other.number > facts.number:
            after = between(facts.close, other.began)
            if after is not None:
                return other if other.stage == "refused" and after <= RESTART else None
    return None


def _with(facts: Facts, other: Facts) -> bool:
    """Whether the gateway ended another session at that time, which had begun before: no attempt that followed."""
    if facts.close is None or other.close is None or other.closer != "server" or not other.working or not other.speaks:
        return False
    both_open = max(facts.connection.first_packet, other.connection.first_packet) < min(
        facts.close.packet, other.close.packet
    )
    waits = (between(facts.close, other.close), between(other.close, facts.close))
    together = any(apart is not None and apart <= TOGETHER for apart in waits)
    return both_open and together and not one_session(facts, other)
