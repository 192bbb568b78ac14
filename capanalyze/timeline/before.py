"""What came before a close, in words: how far the connection had got, and how long it had been silent.

In: a group of Facts with the same plot. Out: the clauses of a verdict that say what had been exchanged.
"""

from collections.abc import Callable, Sequence
from typing import Final

from capanalyze.timeline.ends import Moment
from capanalyze.timeline.errors_told import meaning
from capanalyze.timeline.facts import Facts, Group
from capanalyze.timeline.last_words import in_place_of_hello, last_speaker, last_word, last_word_name
from capanalyze.timeline.rules import framing_mismatch
from capanalyze.timeline.silence import answer_unheard, start_unheard
from capanalyze.timeline.start_errors import said_of_start
from capanalyze.timeline.troubles import troubles
from capanalyze.timeline.words import (
    SECOND,
    count,
    known,
    listing,
    octets_as_hex,
    octets_as_text,
    quote,
    span,
    spans,
)
from capanalyze.tws.hello import RIGHT_HELLO

QUOTED: Final = 24
"""Octets of a wrong hello that a verdict quotes."""

_CLIENTS_HELLO: Final = "the client's hello"
_NOTHING_CAPTURED: Final = "nothing that either side said is in the capture"


def before_close(group: Group, *, brief: bool = False) -> str:
    """A clause like ", 4.0 s after ...": what had been exchanged before the close, or before the capture's end."""
    clause = _CLAUSES.get(group[0].stage)
    if clause is not None:
        return clause(group) + ("" if brief else _right_hello(group[0]))
    return _talks(group) if brief or len(group) > 1 else _talk(group[0])


def _after(waits: Sequence[int | None], what: str) -> str:
    found = known(waits)
    return f", {spans(found)} after {what}" if found else f", after {what}"


def _until(group: Group, start: Callable[[Facts], Moment | None]) -> list[int | None]:
    """From a moment to the close, or to the capture's end where nobody closed."""
    return [facts.between(start(facts), facts.until) for facts in group]


def _no_data(group: Group) -> str:
    unread = any(end.unread for facts in group for end in facts.ends)
    if not group[0].closer:
        return f"; {_NOTHING_CAPTURED}" if unread else "; neither side has sent anything"
    waits = _until(group, lambda facts: facts.opened_at)
    opened = _after(waits, "the connection was opened")
    if all(facts.hello_after_close for facts in group):
        return f"{opened} and before the client's hello, without a word"
    return f"{opened}; {_NOTHING_CAPTURED}" if unread else f"{opened}; neither side had sent anything"


def _hello_unanswered(group: Group) -> str:
    first = group[0]
    host = f"the {first.server.called}'s host"
    waits = _until(group, lambda facts: facts.hello)
    if not first.server.side.packets:  # whether it was acknowledged or answered is not in the capture either
        return f"{_after(waits, 'its hello') if first.closer else ''}; no answer to {_CLIENTS_HELLO} is in the capture"
    if first.closer == "server":
        if first.hello_unfinished:
            return ", after the beginning of the client's hello; the rest of it came after that"
        return f"{_after(waits, _CLIENTS_HELLO)}, which it had not answered"
    if first.closer:
        hello = _CLIENTS_HELLO if first.closer == "both" else "its hello"
        if first.hello_taken == "never":
            return _after(waits, f"{hello}, which was not even acknowledged")
        if first.hello_taken == "after":
            return _after(waits, f"{hello}, which {host} had not acknowledged yet")
        if first.hello_taken == "unknown":
            return _after(waits, f"{hello}, and nothing was answered")
        waits = _until(group, lambda facts: facts.hello_acked)
        return _after(waits, f"{host} had acknowledged {hello} and nothing was answered")
    found = known(waits)
    lasting = f" for {spans(found)}" if any(found) else ""  # the hello may be the last packet
    if first.hello_taken == "unknown":
        return f"; {_CLIENTS_HELLO} has not been answered{lasting}"
    if first.hello_taken != "never":
        return f"; {_CLIENTS_HELLO} was acknowledged by {host} and has not been answered{lasting}"
    return f"; {_CLIENTS_HELLO} was neither acknowledged nor answered{lasting}"


def _gateway(facts: Facts) -> str:
    """The gateway where it is told what it had answered: "it" where it is the one that closed."""
    return "it" if facts.closer == "server" else f"the {facts.server.called}"


def _misanswered(group: Group) -> str:
    first = group[0]
    waits = _until(group, lambda facts: facts.server.first)
    message = in_place_of_hello(first)
    what = f"{message} in place of a hello" if message else f"{_what(first, 'server')}, which is not TWS"
    said = f"{_gateway(first)} had answered the hello with {what}"
    return _after(waits, said) if first.closer else f"; {said}"


def _not_tws(group: Group) -> str:
    first = group[0]
    wrong = first.misfit
    assert wrong is not None
    if first.upstream:
        return "; it is TLS to a public address, likely the gateway's own connection to IB and not the API"
    waits = _until(group, lambda facts: facts.end(wrong.side).last_before or facts.end(wrong.side).first)
    what = _what(first, wrong.side)
    if wrong.side == "server":
        said = "sending" if first.closer == "server" else f"the {first.server.called} had sent"
        said += f" {what}, the beginning of a hello" if wrong.cut_hello else f" {what}, which is not TWS"
        return _after(waits, said) if first.closer else f"; {said}"
    which = "which is not TWS" if wrong.protocol else "which is no TWS hello"
    which = "only the beginning of a hello" if wrong.cut_hello else which
    said = f"sending {what}, {which}" if first.closer == "client" else f"the client had sent {what}, {which}"
    clause = _after(waits, said) if first.closer else f"; {said}"
    return clause if first.server.spoke_before else f"{clause}; nothing was answered"


def _right_hello(facts: Facts) -> str:
    """What the client should have sent, where it sent neither a hello nor another protocol that is known."""
    wrong = facts.misfit
    if facts.stage != "not_tws" or facts.upstream or wrong is None or wrong.side == "server" or wrong.protocol:
        return ""
    return f" (a right hello is the {len(RIGHT_HELLO)} octets {quote(octets_as_hex(RIGHT_HELLO))})"


def _what(facts: Facts, side: str) -> str:
    """What a side sent that is not TWS: the protocol's name, or its first octets."""
    wrong = facts.misfit
    first = facts.first_octets(side)
    if wrong is not None and wrong.side == side and wrong.protocol:
        return wrong.protocol
    if not first:
        return count(facts.end(side).octets, "octet")
    return quote(octets_as_text(first[:QUOTED]) + ("..." if len(first) > QUOTED else ""))


def _not_started(group: Group) -> str:
    first = group[0]
    begun = first.start_begun
    offered = first.client_range
    version = first.version
    answer = f"a redirect to {quote(first.redirect)}" if first.redirect else f"server version {version}"
    if not first.redirect and version is None:
        answer = "a server version that is not in the capture"
    if not first.redirect and offered and version is not None and not offered[0] <= version <= offered[1]:
        answer += f", which the client does not support (it offered {offered[0]} to {offered[1]})"
    said = f"{_gateway(first)} had answered the hello with {answer}"
    unheard = all(answer_unheard(facts) for facts in group)
    if not first.closer:
        if unheard:
            return f"; {said}, which the client's host has not acknowledged"
        if _lacking(group, "client"):
            return f"; {said}, and startApi is not in the capture"
        return f"; {said}, and the client has not sent " + (f"all of startApi ({begun})" if begun else "startApi")
    waits = _until(group, lambda facts: facts.answer)
    said += ", which the client's host had not acknowledged" if unheard else ""
    never = "is not in the capture" if _lacking(group, "client") else "was never sent"
    if first.started_too_late:
        never = "came after that"
    elif begun:
        never = f"was not sent whole ({begun})"
    return f"{_after(waits, said)}; startApi {never}"


def _not_ready(group: Group) -> str:
    first = group[0]
    absent = " and ".join(first.missing_names)
    errors = listing([f"{error.code} ({meaning(error)})" for error in said_of_start(first)])
    errors = f"error {errors}" if errors else ""
    lacking = _lacking(group, "server")
    unheard = not lacking and all(start_unheard(facts) for facts in group)
    if not first.closer:
        if unheard:
            found = known(_until(group, lambda facts: facts.start_api))
            lasting = f" for {spans(found)}" if any(found) else ""
            return f"; startApi was neither acknowledged by the {first.server.called}'s host nor answered{lasting}"
        never = "not in the capture" if lacking else "did not come"
        return f"; startApi was sent, {absent} {never}{f', {errors} did' if errors else ''}{_form(group)}"
    said = "startApi, which was not even acknowledged" if unheard else "startApi"
    lead = _after(_until(group, lambda facts: facts.start_api), said)
    never = ("are" if len(first.missing_names) > 1 else "is") + " not in the capture" if lacking else "had not come"
    if errors:
        waits = known(_until(group, lambda facts: said_of_start(facts)[-1].at))
        soon = bool(waits) and all(wait <= SECOND for wait in waits)
        came = f" and right after the {first.server.called}'s" if soon else f"; the {first.server.called} had sent"
        return f"{lead}{came} {errors}; {absent} {never}{_form(group)}"
    return f"{lead}; {absent} {never}{_form(group)}"


def _form(group: Group) -> str:
    """That messages of all these connections have the form of another version, as the rule has it."""
    found = [framing_mismatch.check(facts) for facts in group]
    titles = {one.title if one is not None and one.severity == "problem" else "" for one in found}
    title = titles.pop() if len(titles) == 1 else ""
    return f"; {title[0].lower()}{title[1:]}" if title else ""


def _lacking(group: Group, side: str) -> bool:
    """Whether octets of a side are not in the capture, so that none of its messages can be said not to be sent."""
    return any(facts.end(side).unread for facts in group)


def _talks(group: Group) -> str:
    """Connections on which both sides may have said much, in a few words."""
    first = group[0]
    waits = known(_until(group, last_word))
    if first.closer:
        after = f", {spans(waits)} after the last octets{_of_a_session(first)}" if waits else ""
    else:
        whose = "its session was" if len(group) == 1 else "their sessions were"
        after = f"; {whose} ready" if first.stage == "ready" else ""
    told = trouble_told(first)
    if told and any(trouble_told(facts) != told for facts in group):
        told += f" on connection {first.number}, for one"
    return after + told


def _talk(facts: Facts) -> str:
    """A connection on which both sides may have said much: the last word, and how much there was."""
    speaker = last_speaker(facts)
    if speaker is None:
        return ""
    name = last_word_name(facts)
    own = "its own" if facts.closer == speaker.name else f"the {speaker.called}'s"
    wait = facts.between(last_word(facts), facts.until)
    if not facts.closer:
        whose = f"the last message ({own} {name})" if name else f"{own} last octets"
        before = f" {span(wait)} before the end" if wait is not None else ""
        ready = "the session was ready" if facts.stage == "ready" else _amount(facts)
        return f"; {ready}, {whose}{before}{troubles(facts)}"
    of = _of_a_session(facts)
    if of:
        whose = f"the last message{of} ({own} {name})" if name else f"the last octets{of} ({own})"
        return f"{_after([wait], whose)}{troubles(facts)}"
    whose = f"the last message ({own} {name})" if name else f"{own} last octets"
    return f"{_after([wait], whose)}; {_amount(facts)}{troubles(facts)}"


def _of_a_session(facts: Facts) -> str:
    return " of a ready session" if facts.stage == "ready" else ""


def trouble_told(facts: Facts) -> str:
    """What went wrong in a session, where the clause for the time before the close tells of it; else ""."""
    told = facts.stage not in _CLAUSES and last_speaker(facts) is not None
    return troubles(facts) if told else ""


def _amount(facts: Facts) -> str:
    called = facts.server.called
    spoken = facts.message_counts
    if spoken is None:
        return f"{count(facts.client.octets, 'octet')} from the client and {facts.server.octets:,} from the {called}"
    return f"{count(spoken[0], 'message')} from the client and {spoken[1]:,} from the {called}"


def _no_hello(group: Group) -> str:
    talk = _talks(group) if len(group) > 1 else _talk(group[0])
    if not any(facts.client.spoke for facts in group):
        return f"{talk}; the capture holds nothing that the client sent"
    if any(facts.disordered for facts in group):
        return f"{talk}; the client's hello is not in front of its messages in the capture"
    return f"{talk}; the client sent messages without a hello"


def _blank(group: Group) -> str:
    """Octets that tell nothing, one or both sides' being overwritten."""
    first = group[0]
    waits = known(_until(group, last_word))
    after = f", {spans(waits)} after the last octets" if first.closer and waits else ""
    whose = [f"the {first.end(side).called}" for side in first.blank]
    octets = listing(sorted({f"`{octet:02x}`" for octet in first.blank.values()}))
    clause = f"{after}; what {listing(whose)} said seems blanked out (nothing but {octets})"
    return clause if first.server.spoke_before else f"{clause}; nothing was answered"


_CLAUSES: Final[dict[str, Callable[[Group], str]]] = {
    "no_data": _no_data,
    "blank": _blank,
    "no_hello": _no_hello,
    "hello_unanswered": _hello_unanswered,
    "misanswered": _misanswered,
    "not_tws": _not_tws,
    "not_started": _not_started,
    "not_ready": _not_ready,
}
