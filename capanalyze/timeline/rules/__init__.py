"""Rules: what the facts of a connection mean to a user of the API. One rule is one module; this is their register.

A rule is a pure function of Facts that returns a Finding or None. Its docstring says what it is, why it matters,
what it is not, and where its facts come from. Findings appear in the order of this register.
"""

from typing import Final

from capanalyze.tcp.grounds import FORGOT
from capanalyze.timeline.both_ends import unsent
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, Rule, rank
from capanalyze.timeline.overtaken import is_in_doubt
from capanalyze.timeline.rules import (
    accept_queue_full,
    accepted_but_silent,
    bad_hello,
    capture_incomplete,
    client_leaks_close_wait,
    client_left_early,
    client_never_speaks,
    client_reset_midsession,
    closed_after_hello,
    closed_after_startapi,
    closed_without_answer,
    duplicate_client_id,
    farm_status,
    framing_mismatch,
    gateway_closed_midsession,
    gateway_leaks_close_wait,
    gateway_stops_reading,
    hello_answer_cut,
    hello_answered_then_silent,
    hello_with_messages,
    http_tls_fix_on_api_port,
    idle_timeout,
    injected_rst,
    ipv6_localhost,
    late_answer,
    legacy_hello,
    no_next_valid_id,
    not_acknowledged,
    order_unconfirmed,
    output_trimmed,
    pacing_queue,
    pacing_reject,
    payload_blank,
    peer_vanished,
    port_changed,
    port_refused,
    read_only_api,
    redirected,
    relay_masks_close,
    request_id_in_use,
    requests_before_ready,
    requests_given_up,
    requests_refused,
    requests_unanswered,
    requests_unfinished,
    self_connection,
    session_displaced,
    slow_consumer,
    startapi_missing,
    stream_desync,
    syn_unanswered,
    upstream_connection,
    upstream_lost,
    version_window_miss,
    wrong_service,
)
from capanalyze.timeline.words import count

RULES: Final = tuple(
    Rule(module.ID, module.check)
    for module in (
        # no connection
        port_refused,
        ipv6_localhost,
        syn_unanswered,
        accept_queue_full,
        self_connection,
        # a connection, and no answer to the hello
        bad_hello,
        legacy_hello,
        upstream_connection,
        http_tls_fix_on_api_port,
        wrong_service,
        client_never_speaks,
        accepted_but_silent,
        closed_without_answer,
        hello_answer_cut,
        client_left_early,
        late_answer,
        relay_masks_close,
        # an answer, and no session
        version_window_miss,
        redirected,
        framing_mismatch,
        closed_after_hello,
        startapi_missing,
        duplicate_client_id,
        closed_after_startapi,
        hello_answered_then_silent,
        no_next_valid_id,
        hello_with_messages,
        # a session that broke
        port_changed,
        pacing_reject,
        pacing_queue,
        gateway_closed_midsession,
        client_reset_midsession,
        idle_timeout,
        order_unconfirmed,
        read_only_api,
        requests_refused,
        session_displaced,
        output_trimmed,
        requests_before_ready,
        request_id_in_use,
        requests_unanswered,
        requests_given_up,
        requests_unfinished,
        slow_consumer,
        gateway_stops_reading,
        stream_desync,
        peer_vanished,
        not_acknowledged,
        injected_rst,
        # what else to know
        upstream_lost,
        farm_status,
        gateway_leaks_close_wait,
        client_leaks_close_wait,
        payload_blank,
        capture_incomplete,
    )
)


ABSENCE: Final = {
    bad_hello.ID: "client",
    client_never_speaks.ID: "client",
    startapi_missing.ID: "client",
    accepted_but_silent.ID: "server",
    closed_without_answer.ID: "server",
    client_left_early.ID: "server",
    closed_after_hello.ID: "client",
    closed_after_startapi.ID: "server",
    hello_answer_cut.ID: "server",
    hello_answered_then_silent.ID: "server",
    no_next_valid_id.ID: "server",
    order_unconfirmed.ID: "server",
    requests_unanswered.ID: "server",
    requests_given_up.ID: "server",
    requests_unfinished.ID: "server",
}
"""Rules that rest on what a side did not say; where octets of it are not in the capture, they can only suspect."""


def judge(facts: Facts) -> tuple[Finding, ...]:
    """Every finding on a connection, the worst first."""
    found = [
        doubted(entry, facts) for check in _CHECKS if (entry := check(facts)) is not None and not _unseen(entry, facts)
    ]
    if unsent(facts):
        found = [entry for entry in found if entry.id not in CLOSERS]
    return tuple(sorted(found, key=rank))


_CHECKS: Final = tuple(rule.check for rule in RULES)


CLOSERS: Final = (
    closed_without_answer.ID,
    closed_after_hello.ID,
    client_left_early.ID,
    closed_after_startapi.ID,
    gateway_closed_midsession.ID,
    client_reset_midsession.ID,
)
"""Rules that name who closed; where neither host did, as both captures show, they say nothing."""


def _unseen(entry: Finding, facts: Facts) -> bool:
    """Whether a finding rests on the silence of a side that spoke, and of which the capture holds no packet."""
    side = ABSENCE.get(entry.id)
    end = facts.end(side) if side is not None else None
    return end is not None and end.unread > 0 and not end.side.packets


def doubted(entry: Finding, facts: Facts) -> Finding:
    """A finding, no surer than the capture is whole and in order, and than it is who closed."""
    close = facts.connection.close
    if entry.id in CLOSERS and entry.certainty == "certain" and close is not None:
        entry = entry._replace(certainty=close.certainty if close.doubt != FORGOT else "possible")
    side = ABSENCE.get(entry.id)
    end = facts.end(side) if side is not None else None
    if end is not None and facts.disordered and facts.set_back is not None:
        unordered = f"the clock goes back before packet {facts.set_back.packet}: what lies in front may have come later"
        entry = entry._replace(certainty="possible", evidence=(*entry.evidence, unordered))
    late = facts.overtaken
    behind = late >= min(entry.packets, default=late + 1) or is_in_doubt(facts.session, facts.close, late)
    if end is not None and end.spoke and behind and entry.certainty == "certain":
        unordered = f"packet {late} is acknowledged before it: what lies in front may have come later"
        entry = entry._replace(certainty="possible", evidence=(*entry.evidence, unordered))
    if end is None or not end.unread:
        return entry
    lacking = f"{count(end.unread, 'octet')} of the {end.called} not in the capture may say otherwise"
    return entry._replace(certainty="possible", evidence=(*entry.evidence, lacking))
