"""A session that the capture holds twice, on both sides of a relay or a NAT, is one session."""

import pytest

from tests.conversation import Conversation
from tests.timeline.rule_talks import IBAPI
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    found,
    frame,
    report,
)

OUTER = {"client_address": ("192.168.1.9", 50001), "server_address": ("192.168.1.10", 4002)}
INNER = {"client_address": ("127.0.0.1", 41000), "server_address": ("127.0.0.1", 4001)}
TIME = frame("49", "1", "1700000000")

Legs = tuple[Conversation, Conversation]


def legs(accounts: bytes = MANAGED_ACCOUNTS, **inner: object) -> tuple[Conversation, Conversation]:
    """The client's leg and the gateway's, at which the accounts may be others: each step is passed on 0.1 ms later."""
    outer = Conversation(step_ns=100_000, **OUTER).open()  # type: ignore[arg-type]
    behind = {**INNER, "client_isn": 77, "server_isn": 99, **inner}
    leg = Conversation(step_ns=100_000, clock=outer.clock, **behind).open()  # type: ignore[arg-type]
    for request, reply, own in (
        (HELLO, answer(), answer()),
        (START_API, MANAGED_ACCOUNTS + NEXT_VALID_ID, accounts + NEXT_VALID_ID),
    ):
        outer.clock = leg.clock
        outer.client.data(request).server.ack()
        leg.clock = outer.clock
        leg.client.data(request).server.data(own).client.ack()
        outer.clock = leg.clock
        outer.server.data(reply).client.ack()
        leg.clock = outer.clock
    return outer, leg


def gateway_closes(outer: Conversation, inner: Conversation) -> tuple[Conversation, Conversation]:
    """The gateway ends the session, and the relay ends the other leg."""
    inner.after(60).server.fin().client.ack()
    outer.clock = inner.clock
    outer.server.fin().client.fin().server.ack()
    inner.clock = outer.clock
    inner.client.fin().server.ack()
    return outer, inner


def test_a_session_on_both_sides_of_a_relay_is_told_as_one_with_the_leg_that_was_closed_first() -> None:
    finding = found("relay-legs", *gateway_closes(*legs()))

    assert (finding.severity, finding.certainty) == ("notice", "likely")
    assert finding.title == "Two connections carry the same session: a relay passes it on"
    assert finding.evidence == (
        "connection 2, to 127.0.0.1:4001, began 0.30 ms after connection 1, to 192.168.1.10:4002",
        "hello, answer, startApi and what followed are the same on both, each in turn",
        "connection 2 was closed first, by its gateway in packet 21; connection 1 followed 0.20 ms later",
    )


def test_further_sessions_through_the_relay_are_counted() -> None:
    first = legs()
    second = legs(client_address=("127.0.0.1", 41001))
    for talk in second:
        for packet in talk.packets:
            packet.ts_ns += 10**9
            packet.source, packet.target = (
                (host, 50002 if port == 50001 else port) for host, port in (packet.source, packet.target)
            )

    assert found("relay-legs", *first, *second).evidence[-1] == "1 more session of the capture is passed on too"


def test_the_other_leg_is_no_second_session_that_ended_with_it() -> None:
    finding = found("gateway-closed-midsession", *gateway_closes(*legs()))

    assert not [text for text in finding.evidence if "within the same second" in text]
    assert {cause.certainty for cause in finding.causes} == {"possible"}


def test_a_client_that_closes_shows_on_its_own_leg_first() -> None:
    outer, inner = legs()
    outer.after(60).client.fin().server.ack()
    inner.clock = outer.clock
    inner.client.fin().server.fin().client.ack()
    outer.clock = inner.clock
    outer.server.fin()

    assert "connection 1 was closed first, by its client" in found("relay-legs", outer, inner).evidence[2]


def relay_dies(outer: Conversation, inner: Conversation) -> Legs:
    """The relay is killed with octets unread."""
    inner.after(60).client.rst()
    outer.clock = inner.clock
    outer.server.rst()
    return outer, inner


def relay_closes(outer: Conversation, inner: Conversation) -> Legs:
    """The relay's own time-out ends the session towards both."""
    inner.after(60).client.fin().server.ack()
    outer.clock = inner.clock
    outer.server.fin().client.ack().client.fin().server.ack()
    inner.clock = outer.clock
    inner.server.fin().client.ack()
    return outer, inner


def test_a_relay_that_resets_both_ended_the_session_and_neither_client_nor_gateway() -> None:
    assert [one.id for _, one in report(*relay_dies(*legs())).all_findings()] == ["relay-legs"]


def test_a_relay_that_closes_towards_both_ended_the_session_and_not_the_gateway() -> None:
    told = report(*relay_closes(*legs()))
    finding = found("relay-legs", *relay_closes(*legs()))

    assert [one.id for _, one in told.all_findings()] == ["relay-legs"]
    assert told.verdict.endswith("; connections 1 and 2 are likely the two sides of a relay, which closed both.")
    assert (finding.severity, finding.certainty) == ("problem", "likely")
    assert finding.evidence[2] == (
        "the relay closed connection 2 in packet 21 and connection 1 in packet 23, 0.20 ms apart; "
        "neither the client nor the gateway is seen to have closed before"
    )


def gateway_vanishes(outer: Conversation, inner: Conversation) -> Legs:
    """The gateway's host answers the relay's keep-alives no longer, which passes on that the session is over."""
    for _ in range(4):
        inner.after(75).client.keep_alive(undelivered=True)
    inner.after(75).client.rst()
    outer.clock = inner.clock
    outer.server.fin().client.ack().client.fin().server.ack()
    return outer, inner


def test_a_relay_that_passes_on_that_the_gateway_vanished_did_not_end_the_session() -> None:
    found_of = {one.id: one for _, one in report(*gateway_vanishes(*legs())).all_findings()}

    assert found_of["relay-legs"].severity == "notice"
    assert found_of["peer-vanished"].certainty == "certain"


@pytest.mark.parametrize(
    "talks",
    [
        legs(accounts=frame("15", "1", "U1111111")),
        legs(server_address=OUTER["server_address"]),
    ],
    ids=["two gateways", "two connections to one listener"],
)
def test_sessions_of_their_own_are_not_taken_for_legs(talks: tuple[Conversation, Conversation]) -> None:
    assert report(*talks).findings == ()


BEHIND = {"client_address": ("192.168.1.10", 41000), "server_address": ("192.168.1.20", 4001)}
BESIDE = {"client_address": ("192.168.1.9", 50002), "server_address": ("192.168.1.20", 4001)}


def unready(where: dict[str, object], hello: bytes = HELLO, wait: float = 0, start: bytes = b"") -> Legs:
    """A hello that is sent on both connections in turn, and what may follow it, not answered."""
    outer = Conversation(step_ns=100_000, **OUTER).open()  # type: ignore[arg-type]
    own = {"client_isn": 77, "server_isn": 99, **where}
    inner = Conversation(step_ns=100_000, clock=outer.clock, **own).after(wait).open()  # type: ignore[arg-type]
    outer.clock = inner.clock
    outer.client.data(HELLO).server.ack()
    inner.clock = outer.clock
    inner.client.data(hello).server.ack()
    if start:
        inner.server.data(answer()).client.ack()
        outer.clock = inner.clock
        outer.server.data(answer()).client.ack().client.data(start).server.ack()
        inner.clock = outer.clock
        inner.client.data(start).server.ack()
    outer.clock = inner.clock
    return outer, inner


def gave_up(talks: Legs, relay: float = 0) -> Legs:
    """The client closes after 4 s, which is passed on; the relay closes so many seconds later."""
    outer, inner = talks
    outer.after(4).client.fin().server.ack()
    inner.clock = outer.clock
    inner.client.fin().server.ack()
    if relay:
        outer.after(relay).server.fin().client.ack()
    return talks


def ended(talks: Legs, seconds: float) -> Legs:
    """The gateway closes after so many seconds, and the relay too."""
    outer, inner = talks
    inner.after(seconds).server.fin().client.ack()
    outer.clock = inner.clock
    outer.server.fin().client.fin().server.ack()
    return talks


@pytest.mark.parametrize(
    ("talks", "shown"),
    [
        (unready(BEHIND), "connection 2 was opened by 192.168.1.10, which connection 1 leads to"),
        (
            gave_up(unready(BEHIND, start=START_API)),
            "connection 2 was opened by 192.168.1.10, which connection 1 leads to",
        ),
        (
            gave_up(unready(INNER), relay=0.4995),
            "on connection 1 the server's FIN came 500 ms after the client's: socat's half-close time-out",
        ),
        (ended(unready(INNER), 9), "the gateway's close, 9.0 s after the hello, came on one right after the other"),
    ],
    ids=["the relay's own host", "startApi too", "socat's half-close", "a close that was passed on"],
)
def test_a_session_that_never_became_ready_is_told_as_one_where_something_links_the_legs(
    talks: Legs, shown: str
) -> None:
    finding = found("relay-legs", *talks)

    assert finding.certainty == "likely"
    assert finding.evidence[1:3] == ("what was said is the same on both, each in turn", shown)


@pytest.mark.parametrize(
    "talks",
    [
        unready(INNER),
        gave_up(unready(INNER)),
        gave_up(unready(BESIDE)),
        ended(unready(INNER), 0.002),
        unready(BEHIND, hello=IBAPI),
        unready(BEHIND, wait=2),
        unready({**BEHIND, "server_address": OUTER["server_address"]}),
    ],
    ids=["silence", "both gave up", "one client's", "closed at once", "another hello", "2 s later", "one listener"],
)
def test_two_attempts_of_one_program_are_not_taken_for_legs(talks: Legs) -> None:
    assert "relay-legs" not in [finding.id for finding in report(*talks).findings]


def test_attempts_that_follow_each_other_at_once_have_a_leg_each() -> None:
    talks = [unready(BEHIND) for _ in range(5)]
    for number, legs_of_one in enumerate(talks):
        for packet in (packet for talk in legs_of_one for packet in talk.packets):
            packet.ts_ns += number * 10_000_000
            if packet.sender == "client":
                packet.seq += number * 1000
            else:
                packet.ack += number * 1000
            packet.source, packet.target = (
                (host, port + number if port > 40000 else port) for host, port in (packet.source, packet.target)
            )
    every = [talk for legs_of_one in talks for talk in legs_of_one]

    assert found("relay-legs", *every).evidence[-1] == "4 more sessions of the capture are passed on too"
