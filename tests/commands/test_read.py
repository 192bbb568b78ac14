"""``capanalyze read``: formats, files, ports, zones, statuses and errors."""

import gzip
import json
import re
from pathlib import Path

import pytest

from tests.commands.command_line import NOT_REDACTED, Story, capanalyze
from tests.conversation import Conversation, pcap
from tests.timeline.talk import ready

CAPTURES = Path(__file__).resolve().parents[2] / "captures"


def first_sentence(text: str) -> str:
    """What stands before the first empty line, in one line."""
    return " ".join(text.split("\n\n", maxsplit=1)[0].split())


def test_the_first_line_of_the_seeds_capture_says_who_hung_up() -> None:
    status, out, error = capanalyze("read", str(CAPTURES / "seed-silent-gateway.pcapng"))

    said = first_sentence(out)
    assert (status, error) == (0, "")
    assert re.fullmatch(
        r"The client closed first on all 3 connections \(FIN in packets \d+, \d+ and \d+\), 10\.0 s after the "
        r"gateway's host had acknowledged its hello and nothing was answered; "
        r"the gateway did not close \(CLOSE_WAIT\) within the \d+\.\d s captured\.",
        said,
    )


def test_the_first_line_of_the_seeds_wrong_hello_gives_the_right_octets() -> None:
    _, out, _ = capanalyze("read", str(CAPTURES / "seed-wrong-hello.pcapng"))

    said = first_sentence(out)
    assert "sending `API=9.72\\0`, which is no TWS hello; nothing was answered" in said
    assert "(a right hello is the 17 octets `41 50 49 00 00 00 00 09 76 31 30 30 2e 2e 31 37 36`)" in said


def test_json_is_one_object_on_standard_output_and_nothing_on_standard_error(story: Story) -> None:
    status, out, error = capanalyze("read", "--format", "json", story("silent-gateway"))

    assert (status, error) == (0, "")
    assert [connection["close"]["first"] for connection in json.loads(out)["connections"]] == ["client"] * 3


def test_markdown_says_on_standard_error_that_nothing_was_redacted(story: Story) -> None:
    status, out, error = capanalyze("read", "--format", "md", story("wrong-hello"))

    assert (status, error) == (0, NOT_REDACTED)
    assert out.startswith("**The client closed first")


@pytest.mark.parametrize(("asked", "told"), [("--redact", NOT_REDACTED), ("--no-redact", "")])
def test_who_asks_for_redaction_is_told_that_there_was_none(story: Story, asked: str, told: str) -> None:
    status, out, error = capanalyze("read", "--format", "json", asked, story("wrong-hello"))

    assert (status, error) == (0, told)
    assert out.startswith("{")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "it is empty"),
        (b"hello, world, this is no capture", "not a pcap or pcapng capture"),
        (b"PK\x03\x04" + bytes(40), "a ZIP archive"),
    ],
)
def test_what_is_no_capture_is_one_error_and_one_hint(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)

    status, out, error = capanalyze("read", str(path), "--engine", "native")

    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: [^\n]*\nhint: [^\n]*\n", error)
    assert says in error


def test_a_missing_file_is_one_error_and_one_hint(tmp_path: Path) -> None:
    status, out, error = capanalyze("read", str(tmp_path / "none.pcap"))

    assert (status, out) == (2, "")
    assert error == (
        f"error: {tmp_path / 'none.pcap'}: No such file or directory\nhint: check the name and the folder\n"
    )


def test_a_file_name_cannot_act_on_the_terminal(tmp_path: Path) -> None:
    _, _, error = capanalyze("read", str(tmp_path / "\x1b[31mred\n\u202e.pcap"))

    assert "\x1b" not in error
    assert error.count("\n") == 2
    assert "\\x1b[31mred\\x0a\\u202e.pcap" in error


def test_a_gzipped_capture_reads_like_the_plain_one(story: Story, tmp_path: Path) -> None:
    plain = story("wrong-hello")
    packed = tmp_path / "packed.pcap.gz"
    packed.write_bytes(gzip.compress(Path(plain).read_bytes()))

    assert first_sentence(capanalyze("read", str(packed))[1]) == first_sentence(capanalyze("read", plain)[1])


def test_several_files_are_one_capture_in_the_order_of_their_packets(tmp_path: Path) -> None:
    packets = ready().after(3).client.fin().server.fin().client.ack().packets
    (tmp_path / "b.pcap").write_bytes(pcap(packets[:6]))
    (tmp_path / "a.pcap").write_bytes(pcap(packets[6:]))
    (tmp_path / "whole.pcap").write_bytes(pcap(packets))

    _, pieces, _ = capanalyze("read", str(tmp_path / "a.pcap"), str(tmp_path / "b.pcap"), "--format", "json")

    whole = json.loads(capanalyze("read", str(tmp_path / "whole.pcap"), "--format", "json")[1])
    found = json.loads(pieces)
    assert found["connections"] == whole["connections"]
    assert [(file["name"], file["first_packet"], file["packets"]) for file in found["capture"]["files"]] == [
        ("b.pcap", 1, 6),
        ("a.pcap", 7, 8),
    ]


def test_only_base_names_are_shown_so_that_a_report_does_not_name_a_home(story: Story, tmp_path: Path) -> None:
    path = story("wrong-hello")

    outputs = [capanalyze("read", "--format", form, path)[1] for form in ("text", "md", "json")]

    assert not any(str(tmp_path) in out for out in outputs)


def test_the_gateways_port_can_be_named(tmp_path: Path) -> None:
    talk = Conversation(server_address=("127.0.0.1", 8888)).client.syn().server.rst()
    path = tmp_path / "refused.pcap"
    path.write_bytes(talk.pcap())

    unnamed, named = (first_sentence(capanalyze("read", str(path), *more)[1]) for more in ([], ["--port", "8888"]))

    assert unnamed.startswith("1 TCP connection, not on 4001 4002 7496 7497")
    assert named.startswith("The gateway's host refused the connection")


def test_every_connection_is_reported_on_demand(story: Story) -> None:
    path = story("nothing-for-us")

    ours, every = (json.loads(capanalyze("read", path, "--format", "json", *more)[1]) for more in ([], ["--all"]))

    assert (len(ours["connections"]), len(every["connections"])) == (0, 2)


@pytest.mark.parametrize(
    ("certainty", "expected"), [("certain", 1), ("likely", 1), ("possible", 1)]
)  # fmt: skip
def test_a_problem_that_is_certain_fails_at_every_certainty(story: Story, certainty: str, expected: int) -> None:
    status, out, _ = capanalyze("read", story("wrong-hello"), "--fail-on", certainty)

    assert status == expected
    assert out


@pytest.mark.parametrize(("certainty", "expected"), [("certain", 0), ("likely", 1), ("possible", 1)])
def test_a_problem_that_is_likely_fails_only_where_that_is_enough(
    tmp_path: Path, certainty: str, expected: int
) -> None:
    talk = Conversation().open().client.data(b"API\0\0\0\0\x09v157..178").server.ack().server.data(b"\0\0\0\0")
    path = tmp_path / "misanswered.pcap"
    path.write_bytes(talk.client.ack().after(4).client.fin().pcap())

    status, _, _ = capanalyze("read", str(path), "--fail-on", certainty)

    assert status == expected


def test_a_notice_never_fails(tmp_path: Path) -> None:
    path = tmp_path / "probe.pcap"
    path.write_bytes(Conversation().open().client.fin().server.fin().client.ack().pcap())

    status, out, _ = capanalyze("read", str(path), "--fail-on", "possible")

    assert status == 0
    assert "NOTICE" in out


def test_times_are_utc_unless_a_zone_is_named(story: Story) -> None:
    path = story("wrong-hello")

    utc, there = (capanalyze("read", path, *more)[1] for more in ([], ["--tz", "America/New_York"]))

    assert "2023-11-14 22:13:20.000000Z" in utc
    assert "2023-11-14 17:13:20.000000-05:00" in there


def test_a_zone_that_does_not_exist_is_one_error(story: Story) -> None:
    status, _, error = capanalyze("read", story("wrong-hello"), "--tz", "Nowhere/At-All")

    assert status == 2
    assert error.startswith("error: Nowhere/At-All: no such time zone\nhint: --tz utc, local, or a name like ")


def test_a_usage_error_keeps_typers_form_and_status(story: Story) -> None:
    status, out, error = capanalyze("read", story("wrong-hello"), "--format", "xml")

    assert (status, out) == (2, "")
    assert "Usage: capanalyze read" in error
    assert "'xml' is not one of" in error


def test_a_capture_in_the_place_of_a_command_is_met_with_the_command_that_reads_it(story: Story) -> None:
    path = story("silent-gateway")

    expected = f"error: {path}: a file, not a command\nhint: capanalyze read {path}\n"
    assert capanalyze(path) == (2, "", expected)


def test_a_capture_that_is_cut_is_read_up_to_there_and_says_so(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(Path(story("healthy")).read_bytes()[:-30])

    status, out, _ = capanalyze("read", str(path))

    assert status == 0
    assert first_sentence(out).endswith("(the capture is cut off at its end).")
    assert "  cut off     cut in the record after packet 138" in out
