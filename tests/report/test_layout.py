"""What the text says where a capture is large, empty, damaged or lacks something."""

import re
import struct

import pytest

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.report import Look, Report, render
from tests.conversation import Conversation, block, pcap_of_frames
from tests.timeline.talk import HELLO, answered, frame, greeted, opened, ready, report, started

START = 1_700_000_000_000_000_000


def text(whole: Report, width: int = 80) -> str:
    """The report as plain text."""
    return render(whole, "text", Look(width))


def of(octets: bytes) -> Report:
    """The report of a capture that lies in memory."""
    return read_files([from_bytes(octets, "made.pcap")])


def attempts(number: int) -> list[Conversation]:
    """Clients that were refused, a second after the other, and a last one that was hung up on."""
    talks = [
        Conversation(client_address=("127.0.0.1", 40000 + index), clock=START + index * 10**9).client.syn().server.rst()
        for index in range(number - 1)
    ]
    last = greeted(client_address=("127.0.0.1", 50000), clock=START + number * 10**9)
    return [*talks, last.server.fin().client.fin().server.ack()]


def test_many_connections_have_a_table_and_the_first_of_them_a_story() -> None:
    said = text(report(*attempts(70)))

    assert said.count("  refused ") == 59
    assert "  70  :50000  :4001    gateway, FIN, 5.0 ms  CLOSED / TIME_WAIT  17 / 0\n" in said
    assert "  ... 10 more connections\n" in said
    assert "  Told in full below: 1, 2, 3, 4, 5, 6, 7 and 70." in said
    assert said.count("\n#") == 8


def test_a_table_that_is_too_wide_leaves_columns_out_and_cuts_no_number() -> None:
    talk = greeted(client_address=("127.0.0.1", 50001), clock=START + 9 * 10**9).server.fin().client.fin().server.ack()
    whole = report(*attempts(1), talk)

    found = {width: text(whole, width).partition("  #  client")[2].splitlines()[:3] for width in (90, 69, 50)}

    assert [re.split("  +", line)[-1] for line in found[90]] == ["octets", "17 / 0", "17 / 0"]
    assert [re.split("  +", line)[-1] for line in found[69]] == ["states after that", *["CLOSED / TIME_WAIT"] * 2]
    assert [re.split("  +", line)[-1] for line in found[50]] == ["closed first", *["gateway, FIN, 5.0 ms"] * 2]


def test_the_connection_that_was_one_too_many_is_told_in_full() -> None:
    crowd = [
        ready(client_address=("127.0.0.1", 40000 + index), clock=START + index * 20 * 10**9) for index in range(42)
    ]
    for talk in crowd[:9]:
        talk.server.fin()
    late = greeted(client_address=("127.0.0.1", 50000), clock=START + 999 * 10**9).after(4).client.fin()

    said = text(report(*crowd, late))

    assert "Told in full below: 1, 2, 3, 4, 5, 6, 10 and 43." in " ".join(said.split())


def test_the_session_that_a_storm_of_attempts_follows_is_told_in_full() -> None:
    talk = ready(client_address=("127.0.0.1", 39999), clock=START - 90 * 10**9).after(80)

    said = text(report(talk.server.fin().client.fin().server.ack(), *attempts(13)))

    assert "Told in full below: 1, 2, 3, 4, 5, 6, 7 and 14." in said


def test_evidence_that_differs_is_bounded_and_counted() -> None:
    talks = [
        Conversation(client_address=("127.0.0.1", 40000 + index), clock=START + index * 10**9)
        .client.syn()
        .after(index / 10)
        for index in range(12)
    ]
    for talk in talks:
        talk.server.rst()

    said = text(report(*talks))

    assert "connection 1: 1 SYN to port 4001, answered by a RST after 1.0 ms" in said
    assert "  ... 4 more\n" in said


def test_a_capture_without_a_packet_says_so() -> None:
    said = text(of(Conversation().pcap()))

    assert said.startswith("The capture holds no packet.\n")
    assert "  from        no time in the capture\n" in said


def test_a_capture_without_tcp_says_so() -> None:
    frame_of_udp = b"\0" * 12 + b"\x08\0" + b"\x45" + bytes(8) + b"\x11" + bytes(10) + bytes(8)

    said = text(of(pcap_of_frames([(START, frame_of_udp)])))

    assert said.startswith("No TCP connection in 1 packet.\n")
    assert "left out: " in said


def test_a_capture_without_times_is_told_without_them() -> None:
    packets = greeted().after(4).client.fin().server.ack().packets
    section = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    simple = [
        block(3, struct.pack("<I", len(one)) + one + b"\0" * (-len(one) % 4)) for one in (p.frame() for p in packets)
    ]
    octets = section + block(1, struct.pack("<HHI", 1, 0, 0)) + b"".join(simple)

    said = text(of(octets))

    assert " ".join(said.split("\n\n")[0].split()) == (
        "The client closed first (FIN in packet 6), after the gateway's host had acknowledged its hello and nothing "
        "was answered; the gateway did not close (CLOSE_WAIT) in the capture."
    )
    assert "       6        -            client ->   FIN: the client closes first" in said.replace("!", " ")


def test_a_capture_cut_by_its_snapshot_length_says_how_much_is_missing() -> None:
    talk = ready().server.data(frame("49", "1", "1" * 200)).client.ack().client.fin().server.fin().client.ack()

    whole = of(talk.pcap(snaplen=96))

    assert "octets were cut off by the snapshot length" in whole.verdict
    assert "octets of the gateway were cut off by the capture's snapshot length" in text(whole).replace("\n    ", " ")


@pytest.mark.parametrize("closed", [True, False])
@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ([b"a" * 90, b"short"], b"short"),  # of 90 octets 40 are captured
        ([b"first", b"a" * 90, b"short", b"more"], b"shortmore"),
        ([b"first", b"a" * 90], b"first" + b"a" * 40),
        ([b"first", b"?unseen"], b"first"),
        ([b"first", b"?unseen", *[b"b"] * 20], b"b" * 20),
    ],
)
def test_the_last_octets_are_not_joined_over_a_hole(sent: list[bytes], expected: bytes, closed: bool) -> None:
    talk = opened().client.data(b"API\0\0\0\0\x09v100..187")
    for octets in sent:
        talk.server.data(octets, unseen=octets.startswith(b"?")).client.ack()
    if closed:
        talk.server.fin().client.fin().server.ack()

    (connection,) = of(talk.pcap(snaplen=14 + 40 + 40)).connections

    assert bytes.fromhex(connection.before_close["server"].bytes_hex) == expected


def test_a_client_that_forgets_its_hello_is_told_by_what_it_said() -> None:
    talk = opened().client.data(frame("71", "2", "1", "")).server.ack().after(1).client.fin().server.fin().client.ack()

    whole = report(talk)

    assert whole.verdict == (
        "The client closed first (FIN in packet 6), 1.0 s after the last message (its own startApi); 12 octets from "
        "the client and 0 from the gateway; the client sent messages without a hello; the gateway closed 1.0 ms later."
    )
    assert [finding.id for _, finding in whole.all_findings()] == ["bad-hello"]


def test_a_second_fin_known_only_by_its_acknowledgement_is_told_as_such() -> None:
    talk = ready().client.fin().server.fin(unseen=True).client.ack()

    whole = report(talk)

    assert whole.verdict.startswith("The client probably closed first (FIN in packet 12)")
    assert whole.verdict.endswith("; the gateway closed too (its FIN is not in the capture, but it was acknowledged).")


def test_a_hello_that_nothing_acknowledged_is_told_while_the_connection_lasts() -> None:
    talk = opened().client.data(HELLO, undelivered=True).after(2).client.data(HELLO, seq=1000001, undelivered=True)

    whole = report(talk)

    assert "; the client's hello was neither acknowledged nor answered for 2.0 s (a FIN of" in whole.verdict


def test_several_sessions_that_end_alike_are_told_without_their_last_messages() -> None:
    talks = [
        ready(client_address=("127.0.0.1", 50000 + index), clock=START + index * 10**9).after(0.5).server.fin()
        for index in range(2)
    ]
    for talk in talks:
        talk.client.fin().server.ack()

    whole = report(*talks)

    assert whole.verdict.startswith(
        "The gateway closed first on both connections (FIN in packets 12 and 26), 502 ms after the last octets of a "
        "ready session"
    )


def test_a_silent_connection_beside_an_answered_one_says_that_the_gateway_can_answer() -> None:
    silent = greeted(client_address=("127.0.0.1", 50001), clock=START + 10**9).after(4).client.fin().server.ack()

    said = text(report(ready(), silent)).replace("\n    ", " ")

    assert "another connection of this capture was answered, so the gateway can answer" in said


def test_a_wait_that_is_no_round_number_is_not_taken_for_a_time_out() -> None:
    said = text(report(greeted().after(4.4).client.fin().server.ack()))

    assert "time-out" not in said


def test_errors_before_a_close_after_startapi_are_listed() -> None:
    talk = started().server.data(frame("4", "2", "-1", "2104", "ok", "")).server.fin().client.fin()

    said = text(report(talk))

    assert "errors it had sent: 2104" in said


def test_a_server_version_outside_of_the_range_shows_in_the_facts() -> None:
    said = text(report(answered(38).after(4).client.fin()))

    assert "session     server version 38, the gateway's clock: 20261122 17:42:22 EST" in said


def test_an_address_that_is_no_ip_address_cannot_break_the_text() -> None:
    said = text(report(greeted(client_address=("::1", 50000), server_address=("::1", 4001))))

    assert "#1  client [::1]:50000 -> gateway [::1]:4001" in said
