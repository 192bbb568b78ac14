"""The requests of a session as TwsFacts, the rest of which says nothing."""

from capanalyze.report.report import TwsFacts
from capanalyze.report.requests import named, request_facts
from capanalyze.tws.session import Session


def facts_of(session: Session) -> TwsFacts:
    return TwsFacts(
        client_range=None,
        options=None,
        server_version=None,
        connection_time=None,
        client_id=None,
        client_library=None,
        messages={},
        milestones={},
        unanswered=named(session.unanswered),
        unanswered_left_out=0,
        answers_captured=True,
        unfinished=named(session.unfinished),
        unfinished_left_out=0,
        **request_facts(session.pairing.tally),
        remainder={},
        not_tws=None,
    )
