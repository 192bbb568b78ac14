"""Formats that only Wireshark reads: the same report as of the pcapng that they were made from."""

from __future__ import annotations

import gzip
import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from capanalyze.api import read
from capanalyze.capture import foreign
from capanalyze.capture.tshark import find_tshark
from capanalyze.errors import NotACaptureError, ToolError
from tests.capture.octets import ROOT, pcap, read_path
from tests.capture.test_tshark import program
from tests.capture.tunnels import file_of, talk
from tests.capture.wrappers import ETHERNET, carrier4, erf, ethernet, gre

__all__ = ["program"]

SEED = ROOT / "captures" / "seed-silent-gateway.pcapng"


def written(form: str, folder: Path) -> Path:
    """The seed's capture as editcap writes it in that format."""
    path = folder / f"capture.{form}"
    subprocess.run(["editcap", "-F", form, SEED, path], check=True, capture_output=True)
    return path


def told(path: Path | list[Path]) -> list[tuple[object, ...]]:
    """What matters of each connection, times left out: some formats keep them badly."""
    return [
        (one["client_bytes"], one["close"]["first"], one["close"]["packet"], one["history"])
        for one in read(path).to_dict()["connections"]
    ]


FORMS = (
    *("snoop", "netmon1", "netmon2", "lanalyzer", "ngsniffer", "ngwsniffer_2_0", "visual", "5views"),
    *("commview-ncf", "nettl", "k12text"),  # whose frames have no link type in pcapng
)


@pytest.mark.parametrize("form", FORMS)
def test_a_format_that_tshark_rewrites(form: str, tmp_path: Path) -> None:
    path = written(form, tmp_path)

    capture = read(path).to_dict()["capture"]

    assert told(path) == told(SEED)
    assert (capture["format"], capture["packets"]) == ("tshark", 21)
    assert capture["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert capture["remarks"] == [f"{path.name} is no pcap or pcapng: tshark read it"]
    assert capture["application"] is None


def test_datagrams_of_frames_that_pcapng_cannot_hold(tmp_path: Path) -> None:
    packets = talk(7).packets
    frames = [(ETHERNET, one.ts_ns, ethernet(carrier4(47, gre(one.datagram())))) for one in packets]
    frames[3:3] = [(ETHERNET, packets[3].ts_ns, bytes(12) + b"\x08\x06" + bytes(28))]
    quote = carrier4(1, b"\x03\x03\0\0\0\0\0\0" + packets[3].datagram()[:60])
    frames[5:5] = [(ETHERNET, packets[4].ts_ns, ethernet(quote))]
    plain, path = tmp_path / "plain.pcapng", tmp_path / "capture.ncf"
    plain.write_bytes(file_of(frames))
    subprocess.run(["editcap", "-F", "commview-ncf", plain, path], check=True, capture_output=True)

    report = read(path, all_connections=True).to_dict()

    connection = report["connections"][0]
    assert (connection["packets"], connection["fins"]) == (9, {"client": [9], "server": [10]})
    assert (connection["client_bytes"], connection["server_bytes"]) == (17, 30)
    assert report["capture"]["skipped"] == {"not IP": 1}
    assert [line["kind"] for line in report["timeline"]].count("ICMP") == 1


def test_erf_holds_frames_of_its_own_link_type(tmp_path: Path) -> None:
    path = tmp_path / "capture.erf"
    records = (erf(one.data, (one.ts_ns << 32) // 10**9) for one in read_path(SEED)[0])
    path.write_bytes(b"".join(records))

    assert told(path) == told(SEED)
    assert read(path).to_dict()["capture"]["remarks"] == [
        f"{path.name} is no pcap or pcapng: tshark read it",
        "unwrapped by tshark: 21 packets in ERF (link type 197)",
    ]


def test_the_hash_is_that_of_the_whole_file(tmp_path: Path) -> None:
    many, path = tmp_path / "many.pcap", tmp_path / "many.snoop"
    many.write_bytes(pcap([(1_700_000_000, at, bytes(1000)) for at in range(3000)]))
    subprocess.run(["editcap", "-F", "snoop", many, path], check=True, capture_output=True)

    capture = read(path).to_dict()["capture"]

    assert (capture["packets"], capture["sha256"]) == (3000, hashlib.sha256(path.read_bytes()).hexdigest())


def test_a_compressed_one(tmp_path: Path) -> None:
    path = tmp_path / "capture.gz"
    path.write_bytes(gzip.compress(written("snoop", tmp_path).read_bytes()))

    assert told(path) == told(SEED)
    assert read(path).to_dict()["capture"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("form", ["snoop", "netmon2", "lanalyzer", "commview-ncf"])
def test_one_on_standard_input(form: str, tmp_path: Path) -> None:
    path = written(form, tmp_path)
    command = [sys.executable, "-m", "capanalyze", "read", "-", "--format", "json"]

    piped = subprocess.run(command, input=path.read_bytes(), capture_output=True, check=True, cwd=ROOT, timeout=60)
    with path.open("rb") as stream:
        redirected = subprocess.run(command, stdin=stream, capture_output=True, check=True, cwd=ROOT, timeout=60)

    assert piped.stdout.count(b'"first": "client"') == 3
    assert redirected.stdout == piped.stdout


def test_a_pipe_without_an_end_is_refused_by_its_beginning() -> None:
    command = [sys.executable, "-m", "capanalyze", "read", "/dev/zero"]

    done = subprocess.run(command, capture_output=True, cwd=ROOT, timeout=60, check=False)

    assert (done.returncode, done.stdout) == (2, b"")
    assert done.stderr.startswith(b"error: /dev/zero: not a pcap or pcapng capture (it begins with 00 00")


def test_what_is_put_aside_for_tshark_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "SPOOL", 1000)
    path = tmp_path / "capture.gz"
    path.write_bytes(gzip.compress(written("snoop", tmp_path).read_bytes()))
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value) == f"{path}: more than 1000 octets of what only tshark reads"


def test_pieces_of_different_formats_are_one_capture(tmp_path: Path) -> None:
    first, second = tmp_path / "1.pcapng", tmp_path / "2.snoop"
    subprocess.run(["editcap", "-r", SEED, first, "1-5"], check=True, capture_output=True)
    subprocess.run(["editcap", "-F", "snoop", SEED, second, "1-5"], check=True, capture_output=True)

    assert told([second, first]) == told(SEED)


def test_a_cut_one_is_read_up_to_the_cut(tmp_path: Path) -> None:
    path = written("snoop", tmp_path)
    path.write_bytes(path.read_bytes()[:-10])

    capture = read(path).to_dict()["capture"]

    assert (capture["packets"], capture["truncated"]) == (20, True)
    assert capture["damage"] == "tshark: The file appears to have been cut short in the middle of a packet"


def test_one_that_is_cut_before_its_first_packet_is_said_to_be_cut(tmp_path: Path) -> None:
    path = written("netmon2", tmp_path)
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value).startswith(f"{path}: tshark: The file appears to have been cut short")


@pytest.mark.parametrize(
    "text", [b'{"capture": "none"}\n', b"1\n2\n3\n", b"<html></html>", b"\x89PNG\r\n\x1a\n" + bytes(40)]
)
def test_what_tshark_only_takes_for_a_file_of_some_kind_is_no_capture(text: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(text)
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value).startswith(f"{path}: not a pcap or pcapng capture (it begins with ")


def test_what_tshark_does_not_know_either_is_no_capture(tmp_path: Path) -> None:
    path = tmp_path / "random"
    path.write_bytes(hashlib.sha256(b"seed").digest() * 100)
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value).startswith(f"{path}: not a pcap or pcapng capture (it begins with ")


def test_text_never_reaches_tshark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "export.xml"
    path.write_text("<?xml version='1.0'?><pdml></pdml>")
    monkeypatch.setattr(foreign, "find_tshark", lambda: pytest.fail("asked"))
    with pytest.raises(NotACaptureError, match="XML text"):
        read(path)


def test_native_does_not_ask_tshark(tmp_path: Path) -> None:
    path = written("snoop", tmp_path)
    with pytest.raises(NotACaptureError) as caught:
        read(path, engine="native")

    assert str(caught.value) == f"{path}: a snoop capture, which tshark reads and --engine native does not"
    assert caught.value.hint == "leave --engine native out, or convert it: editcap -F pcapng IN OUT"


@pytest.mark.parametrize(
    ("form", "name"),
    [
        ("snoop", "snoop"),
        ("netmon2", "Network Monitor 2"),
        ("ngsniffer", "Sniffer"),
        ("nettl", "HP-UX nettl"),
        ("lanalyzer", "LANalyzer"),
    ],
)
def test_without_tshark_one_line_says_what_it_is(
    form: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: "")
    path = written(form, tmp_path)
    with pytest.raises(NotACaptureError) as caught:
        read(path)

    assert str(caught.value) == f"{path}: a {name} capture, which tshark reads and we do not"
    assert caught.value.hint == foreign.INSTALL


def test_without_tshark_what_has_no_magic_may_still_be_a_capture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: "")
    with pytest.raises(NotACaptureError, match="not a pcap or pcapng capture") as caught:
        read(written("commview-ncf", tmp_path))

    assert caught.value.hint.endswith("; tshark, which is not installed, knows further formats")


@pytest.mark.parametrize(
    ("said", "damage"), [("tshark: out of memory", "out of memory"), ("", "it ended with status 2")]
)
def test_what_a_tshark_wrote_before_it_failed_is_kept(
    said: str, damage: str, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: str(program))
    program.write_text(f"#!/bin/sh\ncat {SEED}\necho '{said}' >&2\nexit 2\n")
    path = written("snoop", tmp_path)

    capture = read(path).to_dict()["capture"]

    assert (capture["packets"], capture["truncated"], capture["damage"]) == (21, True, f"tshark: {damage}")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("could not execute it", "could not be read to its end"),
        ("The file appears to have been cut short in the middle of a packet.", "is cut off at its end"),
    ],
)
def test_a_capture_is_cut_where_tshark_says_so_and_in_no_other_words(
    said: str, words: str, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: str(program))
    program.write_text(f"#!/bin/sh\ncat {SEED}\necho 'tshark: {said}' >&2\nexit 2\n")

    assert f"the capture {words}" in read(written("snoop", tmp_path)).verdict


def test_a_tshark_that_cannot_be_started_on_it_is_one_error(
    tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: str(program))
    program.write_bytes(b"\x7fELF no program")
    with pytest.raises(ToolError) as caught:
        read(written("snoop", tmp_path))

    assert str(caught.value) == f"{program}: cannot be started: Exec format error"


@pytest.mark.parametrize("form", ["snoop", "commview-ncf"])
def test_what_a_tshark_wrote_before_it_hung_is_kept(
    form: str, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, path = find_tshark(), written(form, tmp_path)
    expected = told(path)
    monkeypatch.setattr(foreign, "find_tshark", lambda: str(program))
    monkeypatch.setattr(foreign, "SILENCE_S", 1.0)
    program.write_text(f'#!/bin/sh\n{real} "$@" || exit\nexec sleep 1000\n')

    capture = read(path).to_dict()["capture"]

    assert told(path) == expected
    assert (capture["packets"], capture["damage"]) == (21, "tshark did not answer for 1 s and was killed")


@pytest.mark.parametrize("dissected", [False, True])
def test_a_tshark_that_hangs_on_it_is_killed(
    dissected: bool, tmp_path: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(foreign, "find_tshark", lambda: str(program))
    monkeypatch.setattr(foreign, "SILENCE_S", 1.0)
    dissects = f'case "$*" in *pcapng*) echo "tshark: {foreign.UNWRITABLE}" >&2; exit 1;; *) echo "[";; esac\n'
    program.write_text(f"#!/bin/sh\n{dissects if dissected else ''}exec sleep 1000\n")
    with pytest.raises(ToolError) as caught:
        read(written("snoop", tmp_path))

    assert str(caught.value) == "tshark did not answer for 1 s and was killed"
