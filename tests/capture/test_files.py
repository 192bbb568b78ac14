"""Opening a capture: what it is, what it is not, and the sentence that says so."""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capanalyze.capture.files import CaptureFile, from_bytes, gathered, open_file
from capanalyze.errors import CapanalyzeError, NoAccessError, NotACaptureError
from tests.capture.octets import ROOT, all_captures, interface, pcap, read, read_path, records, section

SEED = ROOT / "captures" / "seed-silent-gateway.pcapng"
SMALL = pcap([(1_700_000_000, 1, b"one" * 9), (1_700_000_000, 2, b"two" * 9)])


@pytest.mark.parametrize("path", all_captures(), ids=lambda path: path.name)
@pytest.mark.parametrize("step", [1, 7, 4096])
def test_every_capture_gives_the_same_packets_in_reads_of_any_size(path: Path, step: int) -> None:
    data = path.read_bytes()
    if not data:
        with pytest.raises(NotACaptureError):
            read(data, step)
        return
    found, file = read(data, step)

    expected, whole = read_path(path)
    assert expected == found
    assert (whole.decoder.damage, whole.sha256) == (file.decoder.damage, file.sha256)


def test_the_hash_is_that_of_the_file_on_disk_even_behind_damage() -> None:
    data = SMALL + b"\xff" * 3_000_000

    _, file = read(data)

    assert hashlib.sha256(data).hexdigest() == file.sha256


def test_the_octets_read_and_those_there_are() -> None:
    _, file = read_path(SEED)

    assert (SEED.stat().st_size,) * 2 == (file.done, file.size)


ERRORS = {
    b"": "octets: it is empty",
    b"\n\r\r\n": "octets: its pcapng header is cut at octet 4",
    SMALL[:23]: "octets: its pcap header is cut at octet 23",
    b"PK\x03\x04anything": "octets: a ZIP archive, not pcap or pcapng",
    b'<?xml version="1.0"?><pdml/>': "octets: XML text, not pcap or pcapng",
    b"%PDF-1.7": "octets: a PDF document, not pcap or pcapng",
    b"\x5d\0\0\x80\0\xff": "octets: an .lzma file, not pcap or pcapng",
    b"\x02\x21\x4c\x18\x30": "octets: an lz4 file of the old kind, not pcap or pcapng",
    b"7z\xbc\xaf\x27\x1c\0\4": "octets: a 7-Zip archive, not pcap or pcapng",
    b"Rar!\x1a\x07\0": "octets: a RAR archive, not pcap or pcapng",
    b"trace.pcapng".ljust(257, b"\0") + b"ustar\x0000": "octets: a tar archive, not pcap or pcapng",
    b"hello, world": "octets: not a pcap or pcapng capture (it begins with 68 65 6c 6c 6f 2c 20 77)",
    b"\x1f\x8b\x08\x00": "octets: the gzip data are cut",
    SMALL.decode("cp437").encode("utf-16"): (
        "octets: UTF-16 text, as PowerShell's > writes whatever a program gives, not pcap or pcapng"
    ),
    SMALL.decode(errors="replace").encode(): ("octets: octets that were converted to text (UTF-8), not pcap or pcapng"),
    b64encode(SMALL): "octets: a capture in base64, not pcap or pcapng",
    b64encode(section("<")): "octets: a capture in base64, not pcap or pcapng",
    b"tcpdump: listening on lo\n" + SMALL: "octets: messages of tcpdump first, not pcap or pcapng",
}


@pytest.mark.parametrize(("data", "sentence"), ERRORS.items(), ids=lambda value: repr(value)[:24])
def test_what_is_no_capture_is_said_in_a_sentence_with_a_hint(data: bytes, sentence: str) -> None:
    with pytest.raises(NotACaptureError) as caught:
        from_bytes(data)

    assert sentence == str(caught.value)
    assert caught.value.hint


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\r\n"), (b"\r\n", b"\n"), (b"\r", b"\n"), (b"\r", b"")])
def test_a_pcapng_file_that_was_copied_as_text_is_known(old: bytes, new: bytes, order: str) -> None:
    with pytest.raises(NotACaptureError) as caught:
        from_bytes((section(order) + interface(order)).replace(old, new))

    assert str(caught.value) == "octets: a pcapng file that was copied as text, which changed its line ends"
    assert caught.value.hint.startswith("copy it again in binary mode")


@pytest.mark.parametrize(("old", "new"), [(b"\n", b"\r\n"), (b"\r", b"")])
def test_so_it_is_where_tshark_would_take_it_for_a_format_of_its_own(old: bytes, new: bytes, tmp_path: Path) -> None:
    path = tmp_path / "trace.pcapng"
    path.write_bytes((section("<") + interface("<")).replace(old, new))

    with pytest.raises(NotACaptureError, match="copied as text"):
        open_file(str(path))


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"  1 0.000 10.0.0.1 -> 10.0.0.2\r\n\tTCP\n", True),
        ("  1 0.000 10.0.0.1 → 10.0.0.2 →".encode()[:-1], True),
        (b"octets\x1b[31m", False),
        (b"\xff" * 9, False),
    ],
)
def test_what_is_text_is_said_to_be(data: bytes, text: bool) -> None:
    with pytest.raises(NotACaptureError) as caught:
        from_bytes(data)

    assert caught.value.hint.startswith("it is text: ") is text


@given(st.binary(max_size=300), st.sampled_from([b"", SMALL[:24], SMALL[:4], b"\n\r\r\n", b"\x1f\x8b", b"BZh9"]))
def test_any_octets_give_packets_or_one_error(data: bytes, start: bytes) -> None:
    with contextlib.suppress(CapanalyzeError):
        found, _ = read(start + data)

        assert len(found) <= len(data) // 16 + 1


def test_a_trace_of_windows_is_told_how_to_convert(tmp_path: Path) -> None:
    path = tmp_path / "PktMon.etl"
    path.write_bytes(bytes(range(100)))
    with pytest.raises(NotACaptureError) as caught:
        open_file(str(path))

    assert caught.value.hint == f"convert it on Windows: pktmon etl2pcap {path}"


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(NoAccessError) as caught:
        open_file(str(tmp_path))

    assert str(caught.value) == f"{tmp_path}: a folder, not a capture"
    assert caught.value.hint == f"give the files in it: {tmp_path}/*.pcapng"


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(NoAccessError) as caught:
        open_file(str(tmp_path / "none.pcap"))

    assert str(caught.value) == f"{tmp_path / 'none.pcap'}: No such file or directory"


def test_a_name_that_no_system_takes() -> None:
    with pytest.raises(CapanalyzeError) as caught:
        open_file("a\0b")

    assert str(caught.value) == "'a\\x00b': no file name"


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), OSError(5, "Input/output error")])
def test_a_file_that_may_not_or_cannot_be_opened(error: OSError, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> io.BytesIO:
        raise error

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(NoAccessError) as caught:
        open_file(str(SEED))

    assert str(caught.value) == f"{SEED}: {error.strerror}"


def test_a_file_that_cannot_be_read_on() -> None:
    with pytest.raises(NoAccessError) as caught:
        open_file("/proc/self/mem")

    assert str(caught.value) == "/proc/self/mem: Input/output error"


def test_a_file_that_fails_in_the_middle() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 0:
                raise OSError(5, "Input/output error")
            return super().read(size)

    data = SMALL + pcap([(1_700_000_000, 3, b"\1" * 70_000)])[24:]
    file = CaptureFile("disk", Failing(data), "disk")
    with pytest.raises(NoAccessError) as caught:
        records(file)

    assert str(caught.value) == "disk: Input/output error"


def test_a_fifo_is_read_to_its_end(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def write() -> None:
        with fifo.open("wb") as stream:
            for at in range(0, len(SMALL), 11):
                stream.write(SMALL[at : at + 11])
                stream.flush()

    writer = threading.Thread(target=write)
    writer.start()
    found, file = read_path(fifo)
    writer.join()

    assert ([one.number for one in found], file.size) == ([1, 2], 0)


def test_a_pipe_in_non_blocking_mode_is_waited_for() -> None:
    source, sink = os.pipe()
    os.set_blocking(source, False)

    def write() -> None:
        with os.fdopen(sink, "wb") as stream:
            for half in (SMALL[:30], SMALL[30:]):
                time.sleep(0.05)
                stream.write(half)
                stream.flush()

    writer = threading.Thread(target=write)
    writer.start()
    with os.fdopen(source, "rb", buffering=0) as stream:
        found = records(CaptureFile("pipe", stream, "pipe"))
    writer.join()

    assert [one.number for one in found] == [1, 2]


def run(code: str, **options: object) -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-c", f"from capanalyze.capture.files import open_file\n{code}"]
    return subprocess.run(command, capture_output=True, check=False, cwd=ROOT, timeout=60, **options)  # type: ignore[call-overload, no-any-return]


def test_standard_input_is_a_capture_too() -> None:
    code = """
file, packets = open_file("-"), 0
for window in file.windows():
    while window.advance():
        packets += 1
print(file.name, packets, file.decoder.damage)
"""

    done = run(code, input=SEED.read_bytes())

    assert done.stdout == b"standard input 21 \n"


def test_a_terminal_is_no_capture() -> None:
    primary, secondary = os.openpty()
    done = run("open_file('-')", stdin=secondary)
    os.close(primary)
    os.close(secondary)

    assert done.stderr.splitlines()[-1].endswith(b"NoAccessError: standard input is a terminal, not a capture")


def test_a_closed_standard_input_is_said() -> None:
    done = run("import sys; sys.stdin = None; open_file('-')")

    assert done.stderr.splitlines()[-1].endswith(b"NoAccessError: standard input is closed")


def open_descriptors() -> set[str]:
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def test_a_file_is_closed_when_it_is_no_capture(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"not a capture")
    before = open_descriptors()
    with pytest.raises(NotACaptureError):
        open_file(str(tmp_path / "text"))

    assert before == open_descriptors()


@given(st.lists(st.binary(max_size=9)), st.integers(1, 30))
def test_pieces_are_gathered_to_what_a_read_window_holds(pieces: list[bytes], octets: int) -> None:
    found = list(gathered(iter(pieces), octets))

    assert b"".join(found) == b"".join(pieces)
    assert all(octets <= len(one) < octets + 9 for one in found[:-1])
