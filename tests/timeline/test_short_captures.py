"""Captures that hold only part of what was said: nothing is claimed of what nobody recorded."""

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report.report import Report
from tests.conversation import FIN, SYN, Conversation, pcap_of_frames
from tests.timeline.rule_talks import POSITIONS, gave_up
from tests.timeline.talk import (
    HELLO,
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    START_API,
    answer,
    error,
    findings,
    frame,
    greeted,
    opened,
    ready,
    report,
    started,
    verdict,
)

TO_PAYLOAD = 14 + 20 + 20
"""Octets before the payload: Ethernet, IPv4, TCP."""


def cut(talk: Conversation, payload: int) -> Report:
    """A report on a capture with so many octets of each segment's payload."""
    return read_files([from_bytes(talk.pcap(snaplen=TO_PAYLOAD + payload), "cut.pcap")])


def one_way(talk: Conversation) -> Conversation:
    """A capture of what the client sent alone."""
    return Conversation(packets=[packet for packet in talk.packets if packet.sender == "client"])


def vanished(talk: Conversation) -> str:
    """How sure it is that a host fell silent."""
    return next(found.certainty for _, found in report(talk).all_findings() if found.id == "peer-vanished")


def session() -> Conversation:
    """A session that the client ends, every answer in a segment of its own."""
    talk = ready().server.data(frame("49", "1", "1700000000") * 3).client.ack()
    return talk.client.fin().server.ack().server.fin().client.ack()


@pytest.mark.parametrize("payload", range(40))
def test_a_snapshot_length_makes_no_wrong_claims(payload: int) -> None:
    found = cut(session(), payload)

    claims = {entry.id for _, entry in found.all_findings() if entry.certainty != "possible"}
    assert claims == {"capture-incomplete"}
    assert not any(
        word in found.verdict for word in ("not TWS", "without a hello", "neither side", "had not come", "never sent")
    )


@pytest.mark.parametrize(
    ("payload", "milestones"),
    [
        (3, {"tcp_connected"}),
        (4, {"tcp_connected", "hello_sent"}),
        (5, {"tcp_connected", "hello_sent", "server_answered"}),
        (14, {"tcp_connected", "hello_sent", "server_answered", "start_api_sent", "managed_accounts"}),
    ],
)
def test_a_hello_is_known_by_its_first_octets(payload: int, milestones: set[str]) -> None:
    tws = cut(session(), payload).to_dict()["connections"][0]["tws"]

    assert milestones == {name for name, entry in tws["milestones"].items() if entry["reached"]}
    assert (tws["client_range"], tws["server_version"]) == (None, 178 if payload >= 8 else None)


def test_an_unanswered_hello_stays_one_where_its_end_was_cut_off() -> None:
    talk = greeted().after(4).client.fin().server.ack()

    found = cut(talk, 6)

    assert found.verdict == (
        "The client closed first (FIN in packet 6), 4.0 s after the gateway's host had acknowledged its hello and "
        "nothing was answered; the gateway did not close (CLOSE_WAIT) in the 1.0 ms captured after that (11 octets "
        "were cut off by the snapshot length)."
    )


def test_octets_never_acknowledged_and_not_captured_were_not_cut_off() -> None:
    talk = ready().server.data(b"x" * 100, unseen=True, undelivered=True).server.data(b"y" * 10)

    assert "cut off" not in verdict(talk)


@pytest.mark.parametrize("closer", ["client", "server"])
def test_with_one_direction_only_nobody_is_sure_who_closed_first(closer: str) -> None:
    talk = started()
    first, second = (talk.client, talk.server) if closer == "client" else (talk.server, talk.client)
    first.fin()
    second.fin()
    first.ack()
    talk.packets = [packet for packet in talk.packets if packet.sender == "client"]

    close = report(talk).to_dict()["connections"][0]["close"]
    told = verdict(talk)

    assert (close["first"], close["certainty"]) == (closer, "likely")
    assert told.startswith(f"The {'client' if closer == 'client' else 'gateway'} probably closed first")
    assert "the capture holds no packet of the gateway's" in told
    assert "not acknowledged" not in told


def test_of_one_direction_only_who_closed_first_is_as_good_as_unknown() -> None:
    talk = ready().server.fin(frame("49", "1", "5"))
    told = verdict(one_way(talk.client.ack().after(0.4).client.fin()))

    assert told.startswith("The client perhaps closed first (FIN in packet ")
    assert "the capture may lack a FIN of the gateway's" in told


def test_a_capture_without_acknowledgements_does_not_tell_that_nothing_was_acknowledged_or_closed() -> None:
    talk = ready().server.fin().client.ack().after(0.4).client.fin().server.ack()
    ends = Conversation(packets=[packet for packet in talk.packets if packet.flags & (FIN | SYN)])
    said = Conversation(packets=[packet for packet in talk.packets[:-2] if not packet.flags & FIN])

    assert "; the client closed 402 ms later, with a FIN whose acknowledgement is not in the capture" in verdict(ends)
    assert "; the client is not seen to close" in verdict(said)


@pytest.mark.parametrize(
    ("talk", "expected"),
    [
        (opened().client.data(HELLO), "Nobody is seen to close the connection within the 3.0 ms captured; no answer"),
        (opened().client.data(HELLO).client.rst(), ", 1.0 ms after its hello; no answer"),
    ],
)
def test_with_one_direction_only_a_hello_is_not_said_to_be_unanswered(talk: Conversation, expected: str) -> None:
    told = verdict(one_way(talk))

    assert f"{expected} to the client's hello is in the capture (the capture holds no packet of the gateway's" in told


def test_with_one_direction_only_nobody_is_sure_that_the_other_host_fell_silent() -> None:
    data = opened().client.data(HELLO, undelivered=True)
    probes = ready()
    for _ in range(4):
        data.after(0.3).client.data(HELLO, seq=data.client.next - len(HELLO), undelivered=True)
        probes.after(60).client.keep_alive(undelivered=True)

    both = [vanished(data), vanished(probes)]
    one = [vanished(one_way(data)), vanished(one_way(probes))]

    assert (both, one) == (["certain", "certain"], ["possible", "possible"])


def test_a_hello_that_the_capture_lost_was_still_sent() -> None:
    talk = opened().client.data(b"API\0\0\0\0\x09v157..178", unseen=True).server.ack().client.data(START_API)
    talk.server.ack().client.fin()

    assert (None, "bad-hello") not in findings(talk)
    assert [name for _, name in findings(talk)] == ["capture-incomplete"]


def test_octets_that_only_the_number_of_a_reset_shows_may_have_been_said() -> None:
    talk = greeted().server.data(answer()).client.ack().client.data(START_API, unseen=True).after(2).client.rst()

    [found] = [entry for _, entry in report(talk).all_findings() if entry.id == "startapi-missing"]

    assert found.certainty == "possible"
    assert found.evidence[-1] == "12 octets of the client not in the capture may say otherwise"
    assert "startApi is not in the capture" in verdict(talk)


def test_headers_cut_before_the_flags_tell_nothing_of_who_closed_or_spoke() -> None:
    talk = ready().server.fin().client.ack()

    found = read_files([from_bytes(talk.pcap(snaplen=40))])

    told = found.to_dict()["connections"][0]
    assert found.verdict == (
        "Who closed the connection cannot be told: the snapshot length cut its packets before the TCP flags."
    )
    assert [(one["id"], one["evidence"]) for one in told["findings"]] == [
        ("capture-incomplete", ["13 packets of it are cut before the TCP flags"])
    ]


def test_a_packet_cut_before_the_flags_may_be_the_fin_of_the_other_side() -> None:
    talk = started().client.fin()
    whole = [(packet.ts_ns, packet.frame()) for packet in talk.packets]
    ts_ns, frame = whole[-2]
    short = [*whole[:-2], (ts_ns, frame[:40], len(frame)), whole[-1]]

    found = read_files([from_bytes(pcap_of_frames(short))])

    assert found.to_dict()["connections"][0]["close"]["certainty"] == "likely"
    assert "1 packet is cut before the TCP flags" in found.verdict


def test_an_answer_that_only_its_senders_numbers_show_may_have_been_one() -> None:
    talk = greeted().after(2).client.fin()
    talk.server.data(answer(), unseen=True, undelivered=True).server.ack()

    assert ("possible", "accepted-but-silent") in [
        (one["certainty"], one["id"]) for one in report(talk).to_dict()["connections"][0]["findings"]
    ]
    assert "30 octets of the gateway's were sent, by its own numbers, and neither captured nor" in verdict(talk)


def test_how_long_a_refusal_took_is_not_told_where_it_was_captured_before_its_syn() -> None:
    talk = Conversation()
    talk.server.rst(seq=0, ack=talk.client.isn + 1).client.syn()

    told = report(talk).verdict

    assert (
        told == "The gateway's host refused the connection (RST in packet 1): nothing accepts connections on port 4001."
    )


@pytest.mark.parametrize("lost", [(6, 9), (4, 17), (5, 6), (7, 16)])
def test_a_hello_whose_middle_the_capture_lost_makes_no_sense_of_what_follows_it(lost: tuple[int, int]) -> None:
    first, behind = lost
    talk = opened().client.data(HELLO[:first]).client.data(HELLO[first:behind], unseen=True)
    talk = (talk.client.data(HELLO[behind:]) if HELLO[behind:] else talk).server.data(answer()).client.ack()
    talk.client.data(START_API).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().client.fin().server.fin()

    told = report(talk).connections[0]

    assert [one.id for one in told.findings] == ["capture-incomplete"]
    assert "of a ready session" in told.verdict
    assert "no TWS message" not in told.verdict


@pytest.mark.parametrize("snaplen", [57, 63, 65535])
def test_a_right_hello_of_an_old_client_is_none_that_is_wrong_where_its_answer_was_lost(snaplen: int) -> None:
    talk = opened().client.data(b"63\0").server.data(b"76\x0020261122 17:42:22 EST\0", unseen=snaplen > 99)
    talk = talk.client.data(b"1\0").server.data(b"15\x001\0DU0000000\x009\x001\x001\0").client.ack().after(3)
    whole = talk.client.fin().server.fin().client.ack()

    told = read_files([from_bytes(whole.pcap(snaplen=snaplen), "talk.pcap")]).connections[0]

    assert {"bad-hello", "wrong-service"}.isdisjoint(one.id for one in told.findings)


@pytest.mark.parametrize("behind", [3, 40])
def test_answers_that_had_passed_when_what_lay_behind_a_hole_was_told_are_nobody_s(behind: int) -> None:
    ask, answered = frame("49", "1"), frame("49", "1", "1700000000")
    talk = ready().client.data(POSITIONS, unseen=True).server.data(frame("62", "1"))
    for _ in range(behind):
        talk.after(1).client.data(ask).server.data(answered).client.ack()

    told = report(talk.after(3).client.fin().server.fin().client.ack()).connections[0]

    assert told.tws is not None
    assert [one.id for one in told.findings] == ["capture-incomplete"]
    assert told.tws.unanswered == ()
    assert told.tws.requests_not_followed == min(behind, 16)
    took = told.tws.requests["reqCurrentTime"].first_answer
    assert took is None if behind < 16 else took is not None and took.most_ns == 1_000_000


@pytest.mark.parametrize("first", [3, 4, 5])
@pytest.mark.parametrize(
    ("said", "closer", "name"),
    [
        (b"", "server", "closed-after-startapi"),
        (error(326), "server", "duplicate-client-id"),
        (MANAGED_ACCOUNTS, "client", "no-next-valid-id"),
        (b"", "client", "hello-answered-then-silent"),
    ],
)
def test_a_capture_that_lacks_the_hello_only_shows_a_session_that_did_not_come_about(
    first: int, said: bytes, closer: str, name: str
) -> None:
    talk = started().server.data(said).client.ack() if said else started()
    (talk.after(4).client if closer == "client" else talk.server).fin()
    del talk.packets[:first]

    told = report(talk).connections[0]

    assert [one.id for one in told.findings] == [name]
    assert "after startApi" in told.verdict


@pytest.mark.parametrize("first", [3, 4, 5, 6, 8])
@pytest.mark.parametrize(
    ("closer", "name"), [("server", "gateway-closed-midsession"), ("client", "client-reset-midsession")]
)
def test_a_session_that_became_ready_worked_wherever_its_capture_began(first: int, closer: str, name: str) -> None:
    talk = ready().server.data(error(2104)).client.ack().after(4)
    talk = talk.server.fin() if closer == "server" else talk.client.rst()
    del talk.packets[:first]

    assert [one.id for one in report(talk).connections[0].findings] == [name]


def test_a_gateway_s_hello_is_no_working_session_that_somebody_ended() -> None:
    late = gave_up().after(2).server.data(answer()).client.bare_rst()
    del late.packets[:6]

    assert "client-reset-midsession" not in [name for _, name in findings(late)]


ASK, ANSWERED = frame("49", "1"), frame("49", "1", "1700000000")


def under_way(client: int, gateway: int, *, asks: int = 1) -> Conversation:
    """The end of a session on those ports, begun by four ticks, which the gateway closes."""
    talk = Conversation(("192.168.1.20", client), ("172.17.0.2", gateway)).established()
    for _ in range(4):
        talk.after(1).server.data(frame("1", "6", "7", "1", "101.5", "100", "1")).client.ack()
    for _ in range(asks):
        talk.client.data(ASK).server.data(ANSWERED).client.ack()
    return talk.after(1).server.fin().client.ack().client.fin().server.ack()


@pytest.mark.parametrize("port", [4003, 8888])
def test_a_relay_s_port_is_the_gateway_s_though_the_gateway_was_seen_first(port: int) -> None:
    assert verdict(under_way(50000, port)).startswith("The gateway closed first (FIN in packet 12)")


@pytest.mark.parametrize(
    "ports", [(50000, 40001), (5000, 4003), (15000, 49153)], ids=["both high", "both low", "both may be chosen"]
)
def test_who_closed_is_not_certain_where_nothing_tells_which_is_the_gateway(ports: tuple[int, int]) -> None:
    either = b"\0\0\0\x04\0\0\0\xf9" * 3  # messages without a body, as both sides may send them
    talk = Conversation(("192.168.1.20", ports[0]), ("172.17.0.2", ports[1])).established()
    talk.server.data(either).client.ack().after(1).server.fin().client.ack().client.fin().server.ack()
    known = report(talk, ports=ports[1:]).connections[0]

    assert "probably closed first" in verdict(talk)
    assert verdict(talk).endswith("taken for the client: --port N tells which of the two is the gateway).")
    assert known.close is not None
    assert (known.close.first, known.close.certainty) == ("server", "certain")


@pytest.mark.parametrize("asks", [1, 2, 5])
def test_an_answer_that_passed_while_frames_were_looked_for_is_not_missed(asks: int) -> None:
    told = report(under_way(50000, 4003, asks=asks)).connections[0]

    assert told.tws is not None
    assert told.tws.unanswered == ()
    assert told.tws.messages["client"] == {"reqCurrentTime": asks}
