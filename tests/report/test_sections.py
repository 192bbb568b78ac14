"""The capture's own facts, a message as a line, and reports that hostile captures cannot break."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.api import read_files
from capanalyze.capture.files import from_bytes
from capanalyze.errors import CapanalyzeError
from capanalyze.report import RENDERERS, Look, render
from capanalyze.report._text import moment
from capanalyze.report.capture_section import capture_facts
from capanalyze.report.message_line import flat, message_line
from capanalyze.report.report import CaptureFacts, FileFacts, InterfaceFacts
from tests.conversation import pcap
from tests.report.stories import STORIES
from tests.timeline.talk import opened, report

LOOPBACK = InterfaceFacts("lo", None, 1, 262144, None, None, 20, 3)
CAPTURE = CaptureFacts(
    name="a.pcapng and 1 more",
    format="pcapng",
    packets=20,
    first_ts_ns=1_700_000_000_000_000_000,
    last_ts_ns=1_700_000_004_000_000_000,
    truncated=True,
    skipped={"not IP": 2},
    dropped=3,
    sha256=None,
    interfaces=(LOOPBACK, LOOPBACK._replace(name=None, description="Ethernet adapter"), LOOPBACK._replace(name=None)),
    application="Dumpcap",
    os="Linux",
    files=(FileFacts("a.pcapng", None, 1, 20), FileFacts("b.pcapng", None, None, 0)),
    damage="cut in the record after packet 20, 8 of its octets are there",
    remarks=("1 custom block",),
    ended_ts_ns=1_700_000_014_500_000_000,
)


def test_everything_that_is_known_of_a_capture_has_a_line() -> None:
    actual = capture_facts(CAPTURE, Look())

    assert actual == [
        "  file        a.pcapng and 1 more (pcapng)",
        "  piece       a.pcapng: 20 packets from 1 on",
        "  piece       b.pcapng: 0 packets",
        "  packets     20; 2 left out: not IP; 3 dropped while capturing",
        "  from        2023-11-14 22:13:20.000000Z",
        "  to          2023-11-14 22:13:24.000000Z, 4.0 s later",
        "  recorded    for another 10.5 s, in which nothing came",
        "  cut off     cut in the record after packet 20, 8 of its octets are there",
        "  remark      1 custom block",
        "  interfaces  lo, Ethernet adapter, link type 1",
        "  written by  Dumpcap",
        "  on          Linux",
    ]


def test_comments_are_told_on_one_line_each_and_cannot_act_on_a_terminal() -> None:
    said = ("the client hung\n  at 9:30", "\x1b[31mred", *"abcd")
    commented = CAPTURE._replace(comments=said, comments_left_out=70)

    actual = capture_facts(commented, Look())

    assert [line for line in actual if line.startswith("  comment")] == [
        "  comment     the client hung at 9:30",
        "  comment     \\x1b[31mred",
        "  comment     a",
        "  comment     b",
        "  comment     c",
        "  comments    71 more",
    ]


def test_what_a_capture_does_not_say_has_no_line() -> None:
    bare = CAPTURE._replace(
        truncated=False,
        skipped={},
        dropped=0,
        interfaces=(),
        application=None,
        os=None,
        files=(),
        remarks=(),
        ended_ts_ns=None,
    )

    actual = capture_facts(bare, Look())

    assert actual == [
        "  file        a.pcapng and 1 more (pcapng)",
        "  packets     20; none dropped while capturing",
        "  from        2023-11-14 22:13:20.000000Z",
        "  to          2023-11-14 22:13:24.000000Z, 4.0 s later",
    ]


def test_a_time_beyond_the_calendar_is_still_a_time() -> None:
    assert moment(10**30) == "1000000000000000000000 s after 1970"


RECORD = {
    "packet": 9,
    "ts_ns": None,
    "first_packet": 8,
    "conn": 2,
    "sender": "server",
    "encoding": "text",
    "id": 4,
    "name": "error",
    "size": 90,
    "fields": {"id": -1, "errorMsg": "two words", "empty": "", "unset": None, "flag": True, "list": [{"a": "1"}, "2"]},
    "problem": "does not end with a NUL",
}


def test_a_message_is_one_line_with_every_field_that_is_set() -> None:
    actual = message_line(RECORD)

    assert actual == (
        '      9  -  #2  <- gateway  error id=-1 errorMsg="two words" empty="" flag=true list[0].a=1 list[1]=2'
        " [does not end with a NUL]\n"
    )


def test_fields_are_flattened_to_a_bounded_depth() -> None:
    deep: dict[str, object] = {"leaf": 1}
    for _ in range(50):
        deep = {"in": deep}

    actual = flat(deep)

    assert len(actual) == 1
    assert actual[0][0] == ".".join(["in"] * 8)


def test_a_connection_with_more_events_than_are_kept_says_how_many_are_left_out() -> None:
    talk = opened(server_address=("10.0.0.2", 80))
    for number in range(100):
        talk.client.data(b"question %d" % number).server.data(b"answer %d" % number)

    lines = report(talk.client.fin(), all_connections=True).timeline

    left_out = [line for line in lines if line.kind == "left_out"]
    assert len(left_out) == 1
    assert left_out[0].text == f"... {left_out[0].count} more events left out"
    assert lines[-1].text == "FIN: the client closes first"


def captures() -> st.SearchStrategy[bytes]:
    """Captures of stories of which octets were changed, and which may be cut."""

    def spoil(name: str, changes: list[tuple[int, int]], cut: int) -> bytes:
        packets = sorted(
            (packet for talk in STORIES[name]() for packet in talk.packets), key=lambda packet: packet.ts_ns
        )
        octets = bytearray(pcap(packets))
        for place, value in changes:
            octets[24 + place % (len(octets) - 24)] = value
        return bytes(octets[: len(octets) - cut % (len(octets) // 2)])

    changes = st.lists(st.tuples(st.integers(0, 1 << 20), st.integers(0, 255)), max_size=12)
    return st.builds(spoil, st.sampled_from(sorted(STORIES)), changes, st.integers(0, 1 << 20) | st.just(0))


@settings(max_examples=150, deadline=None)
@given(captures())
def test_any_damaged_capture_gives_a_report_in_every_format_or_one_clear_error(octets: bytes) -> None:
    try:
        whole = read_files([from_bytes(octets, "spoilt.pcap")], all_connections=True)
    except CapanalyzeError:
        return

    outputs = [render(whole, form, Look()) for form in RENDERERS]

    assert all(output.endswith("\n") for output in outputs)
    assert whole.verdict


@pytest.mark.deep
@settings(max_examples=1500, deadline=None)
@given(captures())
def test_thousands_of_damaged_captures_give_a_report_or_one_clear_error(octets: bytes) -> None:
    try:
        whole = read_files([from_bytes(octets, "spoilt.pcap")])
    except CapanalyzeError:
        return

    assert render(whole, "text", Look())
