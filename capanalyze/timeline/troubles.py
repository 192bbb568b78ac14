"""What went wrong in a session that was up, for its verdict: what the gateway said of it, requests without answer.

In: Facts. Out: short clauses, for a reader who reads one line only; the rules of the same names have the evidence.
"""

from typing import Final

from capanalyze.timeline.both_ends import lost_between
from capanalyze.timeline.ends import End, moment
from capanalyze.timeline.errors_told import DATA_TAKEN, MEANINGS, UPSTREAM, WireError
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.given_up import given_up_told
from capanalyze.timeline.held_up import held_up_told
from capanalyze.timeline.last_words import untaken
from capanalyze.timeline.orders import errors_in_doubt, more_unanswered, unconfirmed, unconfirmed_told
from capanalyze.timeline.pacing import paced, sent_fast
from capanalyze.timeline.passed_by import passed_by, passed_by_told
from capanalyze.timeline.refusals import refused_told
from capanalyze.timeline.resubscribed import data_since, never_again
from capanalyze.timeline.silence import met_with_rst
from capanalyze.timeline.standing import lost_farms, read_only, recent, standing, trimmed
from capanalyze.timeline.vanished import in_vain
from capanalyze.timeline.words import SECOND, at_least, count, listing, quote, span
from capanalyze.tws.pace import RATE
from capanalyze.tws.schema.pairs import pairs
from capanalyze.tws.session import Session
from capanalyze.tws.tally import Named, Unfinished

MOST_TOLD: Final = 3
"""Troubles in a first line; of more it tells how many."""

PATIENCE: Final = SECOND
"""A request younger than this at the end may still be answered."""

LIST_PATIENCE: Final = 2 * SECOND
"""A list of which something came this lately may still flow."""

ASKED: Final = 2
"""A gateway that asks so many times whether it may go on has had to wait."""

NAMED_REQUESTS: Final = 3
"""Requests that the first line names; of more it tells how many there are."""

START_API: Final = "startApi"
"""no-next-valid-id tells what did not come after it."""


def troubles(facts: Facts) -> str:
    """Clauses that begin with "; ", or "": the MOST_TOLD gravest, and how many more there are among the findings."""
    nothing_came = [_gone(facts) or not_reading(facts)]
    if not _gone(facts) and not client_does_not_read(facts):
        nothing_came.append(_unheard(facts) or _unbegun(facts))
    if not standstill(facts):
        nothing_came.append(_unended(facts))
    told = [_silence(facts), *_said(facts), _senseless(facts), *nothing_came]
    told += [held_up_told(facts), _never_again(facts), unconfirmed_told(facts), _dropped(facts), _farms(facts)]
    told += [_read_only(facts), refused_told(facts), given_up_told(facts), _early(facts), _late(facts)]
    found = [clause for clause in told if clause]
    more = len(found) - MOST_TOLD
    if more > 0:
        found[MOST_TOLD:] = [f"{count(more, 'more trouble is', 'more troubles are')} among the findings"]
    return "".join(f"; {clause}" for clause in found)


def _silence(facts: Facts) -> str:
    """Minutes without a word before the client's last message, which was met with a RST."""
    found = met_with_rst(facts)
    return f"nothing had been said for {span(found[2])} before that message" if found is not None else ""


def _said(facts: Facts) -> list[str]:
    """What the gateway had said lately of a session that breaks or stands still: each error once, unless it is over."""
    told = (error for error in standing(facts) if error.code in UPSTREAM or recent(facts, error))
    return [f"error {error.code}: {MEANINGS[error.code]}" for error in told if not _over(facts, error)]


def _over(facts: Facts, error: WireError) -> bool:
    """Whether market data that another session had taken came again."""
    return error.code == DATA_TAKEN and data_since(facts, error)


def _never_again(facts: Facts) -> str:
    """Subscriptions that were lost, and that the client did not renew."""
    lost = never_again(facts)
    return f"error {lost.code}: the client's subscriptions were lost, and it renewed none" if lost is not None else ""


def _dropped(facts: Facts) -> str:
    """Output that the gateway threw away."""
    return "the gateway dropped messages for this client before it sent them" if trimmed(facts) else ""


def _farms(facts: Facts) -> str:
    """IB's farms that were gone, unless the gateway's whole connection to IB was."""
    farms = [] if any(error.code in UPSTREAM for error in standing(facts)) else lost_farms(facts)
    if not farms:
        return ""
    if len(farms) == 1:
        return f"the {farms[0].kind} {quote(farms[0].name)} was disconnected (error {farms[0].error.code})"
    codes = listing([str(code) for code in sorted({farm.error.code for farm in farms})])
    return f"{len(farms)} of IB's data farms were disconnected (error {codes})"


def _read_only(facts: Facts) -> str:
    """An order that the gateway's settings refused."""
    refused = read_only(facts)
    return f"error {refused.code}: the gateway's API is read-only" if refused is not None else ""


def standstill(facts: Facts) -> str:
    """The clause for a side of which the other one's host took nothing more, or ""."""
    return _gone(facts) or not_reading(facts)


def _gone(facts: Facts) -> str:
    """A host that acknowledged nothing more, or had what is small alone; a FIN alone is told with the close."""
    found = in_vain(facts)
    passed = passed_by(facts)
    if passed is not None:
        return passed_by_told(passed)
    if found is None or not found.peer.side.packets or set(found.packets) <= set(found.end.fins):
        return ""
    if found.keep_alives:
        return f"the {found.peer.called}'s host left the {found.end.called}'s last keep-alives unanswered"
    way = lost_between(facts, found)
    if way == "sent":
        return f"what the {found.end.called} sent again and again did not reach the {found.peer.called}'s host"
    if way == "both":
        return f"nothing got through any more between the {found.end.called}'s host and the {found.peer.called}'s"
    if way:
        said = "answered" if found.peer.name == "server" else "sent"
        return f"what the {found.peer.called}'s host {said} did not reach the {found.end.called}"
    return f"the {found.peer.called}'s host did not acknowledge what the {found.end.called} sent again and again"


def not_reading(facts: Facts) -> str:
    """A side that did not read to the end, though the other one asked whether it may go on."""
    if client_does_not_read(facts):
        return "the client had stopped reading (its window was 0 to the end)"
    if _does_not_read(facts, facts.server, facts.client):
        return f"the {facts.server.called} had stopped reading (its window was 0 to the end)"
    return ""


def client_does_not_read(facts: Facts) -> bool:
    """The same of the client alone."""
    return _does_not_read(facts, facts.client, facts.server)


def _does_not_read(facts: Facts, end: End, other: End) -> bool:
    asked = facts.note("zero_window_probe", other.name)
    return end.shut and asked is not None and asked.count >= ASKED


def standing_lists(facts: Facts) -> list[tuple[Unfinished, int]]:
    """The lists that stood still for LIST_PATIENCE and more without their end marker, and for how long.

    There are none where the client does not read: nothing can come; nor where the snapshot length cut the gateway's
    packets: an end marker lies behind its list in the same one.
    """
    session = facts.session
    if session is None or facts.stage not in {"ready", "midstream"} or facts.client.shut or facts.server.cut:
        return []
    end = facts.until
    waits = [(one, facts.between(moment(one.last_packet, one.last_ts), end)) for one in session.unfinished]
    return [(one, wait) for one, wait in waits if one.name != START_API and wait is not None and wait >= LIST_PATIENCE]


def _unended(facts: Facts) -> str:
    """Lists that the gateway began and did not end, where either host had taken all that was sent."""
    lists = standing_lists(facts)
    if not lists or facts.incomplete or any(end.side.next_rel > end.side.acked_rel for end in facts.ends):
        return ""
    first = lists[0][0]
    if len(lists) == 1:
        return f"the list that {first.name} asked for had no end ({first.end} did not come)"
    least = at_least(facts.session is not None and facts.session.unfinished_left_out > 0)
    return f"{least}{count(len(lists), 'list')} that the client asked for had no end ({first.end} for one)"


def waiting(session: Session) -> list[Named]:
    """The requests without an answer that have to have one, whatever there is to tell."""
    return [entry for entry in session.unanswered if not pairs()[entry.name].quiet]


def _is_old(facts: Facts, request: Named, patience: int) -> bool:
    """Whether a request was sent so long before the end, in ns."""
    wait = facts.between(moment(request.packet, request.ts_ns), facts.until)
    return wait is not None and wait >= patience


def _unheard(facts: Facts) -> str:
    """Requests after everything that the gateway sent, where all that was sent is in the capture."""
    session, last = facts.session, facts.server.last_before
    if session is None or last is None or facts.stage != "ready" or facts.incomplete or facts.held_back:
        return ""
    orders = {one.packet for one in unconfirmed(facts)}
    others = [one for one in waiting(session) if one.packet > last.packet and one.packet not in orders]
    late = [one for one in others if _is_old(facts, one, PATIENCE)]
    if not late or session.unanswered_left_out:
        return ""
    last_ones = "last request was not" if len(late) == 1 else f"last {len(late)} requests were not"
    lost = untaken(facts)
    taken = any((one.packet, one.name) not in lost for one in late)
    return f"the client's {last_ones} {'answered' if taken else 'even acknowledged'}"


def _unbegun(facts: Facts) -> str:
    """Requests whose end always comes, and of which nothing did, while the gateway went on with others."""
    session = facts.session
    if session is None or facts.stage != "ready" or facts.incomplete or facts.held_back or facts.client.shut:
        return ""
    early, lost = {one.packet for one in sent_too_early(facts)}, untaken(facts)
    doubtful = errors_in_doubt(session)
    names = [
        entry.name
        for entry in waiting(session)
        if pairs()[entry.name].ends
        and entry.packet not in early
        and (entry.packet, entry.name) not in lost
        and (entry.request_id is None or entry.request_id not in doubtful)
        and _is_old(facts, entry, LIST_PATIENCE)
    ]
    if not names or session.unanswered_left_out:
        return ""
    if len(names) > NAMED_REQUESTS:
        return f"{len(names)} requests of the client were not answered ({names[0]} for one)"
    if len(names) > 1 and len(set(names)) == 1:
        return f"{len(names)} of the client's {names[0]} were not answered"
    return f"the client's {listing(names)} {'was' if len(names) == 1 else 'were'} not answered"


def _early(facts: Facts) -> str:
    """Requests that came before the session was ready."""
    number = 0 if facts.incomplete else len(sent_too_early(facts))
    if not number:
        return ""
    were = "was" if number == 1 else "were"
    requests = at_least(more_early(facts)) + count(number, "request")
    return f"{requests} that came before the session was ready {were} not answered"


def more_early(facts: Facts) -> bool:
    """Whether more were sent before the session was ready than are listed, or than are known to have no answer."""
    session = facts.session
    return session is not None and (session.pairing.tally.early_left_out > 0 or more_unanswered(facts))


def sent_too_early(facts: Facts) -> list[Named]:
    """The requests without an answer for PATIENCE that were sent before a session was ready, which it then became.

    Those that the gateway's host has not even acknowledged its program cannot have dropped.
    """
    session = facts.session
    if session is None or facts.stage != "ready":
        return []
    still = {(entry.packet, entry.name, entry.request_id) for entry in waiting(session)}
    early = [one for one in session.pairing.tally.early if (one.packet, one.name, one.request_id) in still]
    lost = untaken(facts) if early else set()
    return [one for one in early if _is_old(facts, one, PATIENCE) and (one.packet, one.name) not in lost]


def _late(facts: Facts) -> str:
    """Answers that waited because the client had sent faster than a gateway takes messages."""
    burst = paced(facts)
    if burst is None or facts.incomplete:
        return ""
    late = f"and its answers came after up to {span(burst.longest)}"
    return f"the client had sent {sent_fast(burst)}, {late}, likely because the gateway takes {RATE} a second"


def _senseless(facts: Facts) -> str:
    """Where framing was lost though no octet is missing from the capture."""
    session = facts.session
    if session is None or facts.answer is None:
        return ""
    place = next((place for place in session.desyncs if place.senseless), None)
    if place is None:
        return ""
    called = facts.client.called if place.from_client else facts.server.called
    return f"octets of the {called} in packet {place.packet} are no TWS message"
