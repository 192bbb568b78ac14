"""closed-after-startapi: the gateway closed after startApi, without a word or with an error that is not 326.

Why it matters: clients guess "clientId already in use?" here, or report a time-out. Without error 326 on the wire the
one is not supported, and another error tells the true reason (10141: the disclaimer of paper trading).
What it is not: duplicate-client-id (326 was sent), or a close in a ready session.
Source of the facts: failures.md 25 and 36; protocol.md 6.3 row h and 6.5.
"""

from typing import Final

from capanalyze.timeline import start_errors
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding
from capanalyze.timeline.forgotten import forgotten, forgotten_causes
from capanalyze.timeline.last_words import messages_before_close
from capanalyze.timeline.rules import duplicate_client_id, injected_rst
from capanalyze.timeline.words import LISTED_REQUESTS, first_of, listing, span
from capanalyze.tws.message import START_API, Message

ID: Final = "closed-after-startapi"

SEE_TO_IT: Final = "see at the gateway to what the error's text says, then connect again"
"""What to do where the gateway has said what is wrong."""

CAUSES: Final = (
    Cause(
        "the gateway is not logged in, or does not accept the API for this client",
        "possible",
        'its log: "Ignoring API request ... since API is not accepted"',
    ),
    Cause("somebody refused the connection in its window", "possible", "who sits at the gateway"),
    Cause("a request that the client sent with startApi is malformed", "possible", "send startApi alone"),
)


def check(facts: Facts) -> Finding | None:
    """Fires where the gateway's side ended it between startApi and ready, without error 326."""
    if facts.stage != "not_ready" or facts.closer != "server" or facts.error(duplicate_client_id.CODE) is not None:
        return None
    after = facts.between(facts.start_api, facts.close)
    evidence = [
        f"{facts.kind} from the gateway {span(after)} after startApi" if after is not None else "",
        *forgotten(facts),
        f"no {' and no '.join(facts.missing_names)} before it",
        "no error 326 on the wire: nothing says that the client id was in use",
    ]
    others = _sent_too(facts)
    if others:
        named = first_of([f"{one.name} (packet {one.packet})" for one in others])
        evidence.append(f"the client had sent more with or after startApi: {named}")
    said = start_errors.said_of_start(facts)
    evidence += start_errors.evidence(facts)
    codes = dict.fromkeys(error.code for error in facts.errors)
    more_codes = [str(code) for code in codes if code not in {error.code for error in said}]
    if more_codes:
        evidence.append(f"{'other ' if said else ''}errors it had sent: {listing(more_codes)}")
    return finding(
        ID,
        f"The gateway closed after startApi and {start_errors.codes(facts)}"
        if said
        else "The gateway closed after startApi without saying why",
        [
            facts.start_api,
            *(int(one.packet) for one in others[:LISTED_REQUESTS]),
            *(error.at for error in said),
            facts.close,
        ],
        evidence,
        certainty="likely" if forgotten(facts) else "certain",
        causes=[
            *injected_rst.causes(facts),
            *(forgotten_causes("gateway") if forgotten(facts) else ()),
            *(start_errors.causes(facts) or CAUSES),
        ],
        advice=SEE_TO_IT
        if said
        else "read the gateway's log at that time; try another client id and TWS in place of the gateway",
    )


def _sent_too(facts: Facts) -> list[Message]:
    """What else the client sent from startApi on, before the close, as far as it was kept."""
    start = facts.start_api.packet if facts.start_api is not None else 0
    sent = messages_before_close(facts, "client")
    return [one for one in sent if one.encoding != "hello" and one.id != START_API and one.packet >= start]
