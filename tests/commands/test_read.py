"""``capanalyze read``: formats, files, ports, zones, statuses and errors."""

import gzip
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from unittest import mock

import pytest

from tests.commands.command_line import capanalyze
from tests.conversation import Conversation, pcap
from tests.timeline.talk import ready

Story = Callable[[str], str]
NOT_REDACTED = "note: nothing was redacted: look for account ids and names before you publish this\n"
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


def test_a_file_that_cannot_be_written_is_told_before_a_capture_is_read(story: Story, tmp_path: Path) -> None:
    with mock.patch("capanalyze.api.read") as read:
        status, _, error = capanalyze("read", story("wrong-hello"), "-o", str(tmp_path / "nowhere" / "report.md"))

    assert (status, read.call_count) == (2, 0)
    assert "report.md: cannot be written: No such file or directory\n" in error


def test_a_file_that_is_there_is_not_changed_by_a_capture_that_cannot_be_read(tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("of before", encoding="utf-8")

    status, _, _ = capanalyze("read", str(tmp_path / "none.pcap"), "-o", str(path))

    assert (status, path.read_text(encoding="utf-8"), [*tmp_path.iterdir()]) == (2, "of before", [path])


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666])
def test_who_may_read_a_report_stays_as_it_was_when_it_is_written_again(
    story: Story, tmp_path: Path, mode: int
) -> None:
    path = tmp_path / "report.md"
    path.touch()
    path.chmod(mode)

    status, _, _ = capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert (status, path.stat().st_mode & 0o777) == (0, mode)
    assert path.read_text(encoding="utf-8").startswith("**The client closed first")


def test_a_file_that_must_not_be_written_is_not_replaced(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    path.write_text("kept", encoding="utf-8")

    with mock.patch("os.access", return_value=False) as access:  # root may write what is read-only
        status, _, error = capanalyze("read", story("wrong-hello"), "-o", str(path))

    access.assert_called_with(str(path), os.W_OK)
    assert (status, path.read_text(encoding="utf-8"), [*tmp_path.glob("report*")]) == (2, "kept", [path])
    assert "report.md: cannot be written: Permission denied\n" in error


@pytest.mark.parametrize(("suffix", "begins"), [(".txt", "The client"), (".md", "**The client"), (".json", "{\n")])
def test_the_suffix_of_the_output_chooses_the_format(story: Story, tmp_path: Path, suffix: str, begins: str) -> None:
    path = tmp_path / f"out{suffix}"

    status, out, error = capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert (status, out, error) == (0, "", NOT_REDACTED)
    assert path.read_text(encoding="utf-8").startswith(begins)


def test_a_format_that_is_named_outweighs_the_suffix(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"

    capanalyze("read", story("wrong-hello"), "-o", str(path), "--format", "json")

    assert json.loads(path.read_text(encoding="utf-8"))["schema_version"] == 1


def test_an_unknown_suffix_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    status, out, error = capanalyze("read", "no-such-file", "-o", str(tmp_path / "out.doc"))

    assert (status, out) == (2, "")
    assert error == (
        f"error: {tmp_path / 'out.doc'}: its suffix names no format\nhint: end it in .txt .md .json, or say --format\n"
    )


@pytest.mark.parametrize("command", [("read", "--format", "json"), ("messages", "--format", "csv")])
def test_the_capture_itself_is_never_replaced_by_what_is_said_of_it(
    story: Story, tmp_path: Path, command: tuple[str, ...]
) -> None:
    path = Path(story("wrong-hello"))
    octets = path.read_bytes()
    link = tmp_path / "link.txt"
    link.symlink_to(path)

    said = [capanalyze(*command, str(tmp_path / "wrong*.pcap"), "-o", str(name)) for name in (path, link)]

    hint = "hint: give the output a name of its own\n"
    assert said == [(2, "", f"error: {name}: it is the capture itself\n{hint}") for name in (path, link)]
    assert path.read_bytes() == octets


def test_nor_is_it_where_it_comes_as_standard_input(story: Story) -> None:
    path = Path(story("wrong-hello"))
    octets = path.read_bytes()

    with path.open("rb") as given:
        command = [sys.executable, "-m", "capanalyze", "read", "-", "--format", "json", "-o", str(path)]
        ended = subprocess.run(command, stdin=given, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "it is the capture itself" in ended.stderr
    assert path.read_bytes() == octets


def test_a_file_that_is_there_is_replaced_whole_or_not_at_all(story: Story, tmp_path: Path) -> None:
    path = tmp_path / "out.txt"
    path.write_text("before")

    capanalyze("read", story("wrong-hello"), "-o", str(path))

    assert path.read_text(encoding="utf-8").startswith("The client")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["out.txt", "wrong-hello.pcap"]


@pytest.mark.parametrize("name", ["missing/out.txt", ""])
def test_an_output_that_cannot_be_written_is_one_clear_error(story: Story, tmp_path: Path, name: str) -> None:
    path = tmp_path / name

    status, out, error = capanalyze("read", story("wrong-hello"), "--format", "text", "-o", str(path))

    assert (status, out) == (2, "")
    assert re.fullmatch(r"error: .*: cannot be written: .*\nhint: choose a folder .*\n", error)


def test_an_output_that_no_file_can_be_called_is_one_clear_error(story: Story) -> None:
    status, out, error = capanalyze("read", story("wrong-hello"), "-o", "a\0b.txt")

    assert (status, out) == (2, "")
    assert error == "error: 'a\\x00b.txt': no file name\nhint: a name holds no NUL\n"


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
