"""What a live capture says when it cannot begin: one line what and where, one what to do, and nothing left behind."""

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from capanalyze.capture import dumpcap, interfaces, keeper
from capanalyze.capture.dumpcap import Dumpcap, find_dumpcap
from capanalyze.capture.engine import Source
from capanalyze.capture.live import open_live
from capanalyze.capture.stream_file import StreamFile
from capanalyze.errors import CapanalyzeError, NoAccessError, ToolError
from tests.capture.live_lab import UNPRIVILEGED, descendants, drive, survivors
from tests.lab.namespace import Namespace

pytestmark = pytest.mark.lab

LO = Source(interface="lo", ports=(4001,))


@pytest.fixture(scope="module")
def namespace() -> Iterator[Namespace]:
    with Namespace() as made:
        yield made


def refused(namespace: Namespace, prefix: tuple[str, ...] = (), **arguments: object) -> dict[str, Any]:
    return drive(namespace, {"captures": [arguments], "traffic": "silence"}, prefix)


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("dumpcap", "lo: dumpcap may not capture here"),
        ("scapy", "lo: a raw socket may not be opened (Operation not permitted)"),
        (
            "auto",
            "lo: dumpcap may not capture here; lo: a raw socket may not be opened (Operation not permitted)",
        ),
    ],
)
def test_without_the_privilege_each_engine_says_so_and_what_to_do(
    engine: str, message: str, namespace: Namespace, tmp_path: Path
) -> None:
    path = tmp_path / "never.pcapng"

    result = refused(namespace, UNPRIVILEGED, engine=engine, write=path)

    assert (result["error"], result["message"]) == ("NoAccessError", message)
    assert "sudo" in result["hint"]
    assert "\n" not in result["message"] + result["hint"]
    assert result["stderr"] == ""
    assert not path.exists()


@pytest.mark.parametrize("engine", ["dumpcap", "scapy", "auto"])
def test_an_interface_that_does_not_exist_is_named_with_those_that_do(engine: str, namespace: Namespace) -> None:
    result = refused(namespace, engine=engine, interface="eth7")

    assert (result["error"], result["message"]) == ("NoAccessError", "eth7: no such interface")
    assert result["hint"].startswith("the interfaces here: ")
    assert "lo" in result["hint"]


def test_a_file_that_cannot_be_written_is_refused_before_capturing_starts(namespace: Namespace, tmp_path: Path) -> None:
    folder = tmp_path / "read-only"
    folder.mkdir(mode=0o555)
    path = folder / "x.pcapng"

    result = refused(namespace, UNPRIVILEGED, engine="dumpcap", write=path)

    assert (result["error"], result["message"]) == ("NoAccessError", f"{path}: Permission denied")
    assert "-w" in result["hint"]


def test_an_existing_file_keeps_its_content_when_the_capture_cannot_start(tmp_path: Path) -> None:
    path = tmp_path / "precious.pcapng"
    path.write_bytes(b"precious")

    with pytest.raises(NoAccessError, match="no such interface"):
        open_live("eth7", write=path)

    assert path.read_bytes() == b"precious"


def test_an_existing_file_is_replaced_by_the_first_block(tmp_path: Path) -> None:
    path = tmp_path / "old.pcapng"
    path.write_bytes(b"an older and longer capture")
    file = StreamFile(path)

    file.write(b"first")
    file.write(b"second")
    file.close()

    assert path.read_bytes() == b"firstsecond"


def test_a_folder_for_a_file_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(NoAccessError, match="Is a directory"):
        StreamFile(tmp_path)


def test_a_device_that_is_written_to_is_never_removed() -> None:
    StreamFile(Path("/dev/full")).close()

    assert stat.S_ISCHR(Path("/dev/full").stat().st_mode)


@pytest.mark.parametrize("name", ["a\0b.pcapng", "a\ud800b.pcapng"])
def test_a_name_that_no_file_can_have_is_refused(name: str) -> None:
    with pytest.raises(CapanalyzeError) as caught:
        StreamFile(Path(name))

    assert str(caught.value) == f"{name!r}: no file name"


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port: int) -> None:
    with pytest.raises(CapanalyzeError, match=f"^{port}: no TCP port"):
        open_live(ports=(4001, port))


def test_an_engine_that_is_none_is_refused_with_those_that_are() -> None:
    with pytest.raises(CapanalyzeError, match=r"^wireshark: no such engine") as caught:
        open_live(engine="wireshark")

    assert caught.value.hint == "--engine auto, dumpcap, scapy"


@pytest.fixture
def without_dumpcap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setattr(dumpcap, "_PLACES", {"": ("/nonexistent/dumpcap",)})


@pytest.mark.usefixtures("without_dumpcap")
def test_a_dumpcap_that_is_not_installed_is_a_missing_tool() -> None:
    with pytest.raises(ToolError, match=r"^dumpcap: not installed$") as caught:
        find_dumpcap()

    assert "wireshark" in caught.value.hint


@pytest.mark.usefixtures("without_dumpcap")
def test_a_dumpcap_that_may_not_be_run_is_no_missing_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dumpcap"
    program.write_text("")
    monkeypatch.setattr(dumpcap, "_PLACES", {"": (str(program),)})

    with pytest.raises(NoAccessError, match="this user may not run it") as caught:
        find_dumpcap()

    assert "usermod -aG wireshark" in caught.value.hint


@pytest.mark.usefixtures("without_dumpcap")
def test_a_dumpcap_is_found_where_the_installers_put_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = tmp_path / "dumpcap"
    program.write_text("")
    program.chmod(0o755)
    monkeypatch.setenv("SOMEWHERE", str(tmp_path))
    monkeypatch.setattr(dumpcap, "_PLACES", {"": ("$SOMEWHERE/dumpcap",)})

    assert find_dumpcap() == program


def test_auto_takes_scapy_where_dumpcap_is_missing(namespace: Namespace) -> None:
    # No PATH, so that neither dumpcap nor anything else is found, and no place where installers put it.
    result = drive(namespace, {"captures": [{}], "traffic": "session", "no_dumpcap": True})

    assert result["captures"][0]["statistics"]["engine"] == "scapy"
    assert result["captures"][0]["statistics"]["packets"] >= 8


def impostor(tmp_path: Path, body: str) -> Path:
    """A program that behaves like a dumpcap we have no other way to meet."""
    program = tmp_path / "dumpcap"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{body}")
    program.chmod(0o755)
    return program


@pytest.mark.parametrize(
    ("words", "kind", "message"),
    [
        ('dumpcap: There is no device named "lo".', NoAccessError, "lo: no such interface"),
        ("dumpcap: There is no interface with that adapter index", NoAccessError, "lo: no such interface"),
        ('dumpcap: Device "lo" is not up.', NoAccessError, "lo: the interface is down"),
        ("dumpcap: Unable to load Npcap (wpcap.dll)", ToolError, "dumpcap: Npcap is not installed"),
        ("There are no interfaces on which a capture can be done", NoAccessError, "lo: dumpcap may not capture here"),
        ("dumpcap: lo: (/dev/bpf0: Permission denied)", NoAccessError, "lo: dumpcap may not capture here"),
        ("dumpcap: The moon is full.", ToolError, "dumpcap on lo: The moon is full."),
        ("", ToolError, "dumpcap on lo: it ended without a word"),
    ],
)
def test_what_dumpcap_says_becomes_one_clear_line(
    words: str, kind: type[CapanalyzeError], message: str, tmp_path: Path
) -> None:
    program = impostor(tmp_path, f"sys.exit({words!r})" if words else "")

    with pytest.raises(kind) as caught:
        Dumpcap(LO, program)

    assert str(caught.value) == message


def test_a_dumpcap_that_stays_silent_is_given_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dumpcap, "_START_S", 0.3)

    with pytest.raises(ToolError, match="did not start in"):
        Dumpcap(LO, impostor(tmp_path, "time.sleep(60)"))


def test_a_dumpcap_that_chatters_without_end_is_kept_within_bounds(tmp_path: Path) -> None:
    program = impostor(tmp_path, "sys.stderr.write('dumpcap: ' + 'x' * 1_000_000)\nsys.exit(1)")

    with pytest.raises(ToolError) as caught:
        Dumpcap(LO, program)

    assert len(str(caught.value)) <= dumpcap.MAX_MESSAGES + 100


def test_a_dumpcap_that_does_not_stop_is_killed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(dumpcap, "_STOP_S", 0.3)
    body = "import signal, os\nsignal.signal(15, signal.SIG_IGN)\nprint(os.getpid(), flush=True)\ntime.sleep(600)"
    engine = Dumpcap(LO, impostor(tmp_path, body))
    pid = int(engine.read(5) or 0)

    engine.finish()
    pieces = [engine.read(0.2) for _ in range(3)]
    engine.close()

    assert pieces[-1] is None
    assert survivors([pid]) == set()


def test_the_keeper_kills_what_ignores_its_word(tmp_path: Path) -> None:
    program = impostor(
        tmp_path, "import signal\nsignal.signal(15, signal.SIG_IGN)\nprint('up', flush=True)\ntime.sleep(600)"
    )
    command = [sys.executable, "-I", "-S", keeper.__file__, program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0) as kept:
        assert kept.stdin
        assert kept.stdout
        kept.stdout.read(3)
        below = descendants(kept.pid)

        kept.stdin.close()

        assert kept.wait(keeper.STOP_S + 3) == -signal.SIGKILL % 256
    assert len(below) == 1
    assert survivors(below) == set()


def test_the_keeper_says_what_it_cannot_run(tmp_path: Path) -> None:
    command = [sys.executable, "-I", "-S", keeper.__file__, tmp_path / "absent"]

    done = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)

    assert (done.returncode, done.stderr.decode()) == (127, f"{tmp_path}/absent: No such file or directory\n")


def test_a_dumpcap_whose_output_is_no_pcapng_is_a_broken_tool(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    program = impostor(tmp_path, "print('hello, world' * 10, flush=True)\ntime.sleep(600)")
    monkeypatch.setenv("PATH", str(tmp_path))

    with open_live(engine="dumpcap") as capture, pytest.raises(ToolError, match="no pcapng"):
        list(capture.chunks())

    assert shutil.which("dumpcap") == str(program)


@pytest.mark.parametrize(
    ("platform", "expected"),
    [("linux", "lo"), ("darwin", "lo0"), ("freebsd14", "lo0"), ("win32", r"\Device\NPF_Loopback")],
)
def test_the_loopback_interface_has_each_systems_name(platform: str, expected: str) -> None:
    assert interfaces.loopback_name(platform) == expected


def test_dumpcaps_list_of_interfaces_is_read_with_their_descriptions() -> None:
    listed = interfaces.parse_interface_list(
        "1. eth0\n2. lo (Loopback)\r\n3. \\Device\\NPF_{8F3A} (Ethernet (2))\nno interface\n10. any\n"
    )

    assert listed == (
        interfaces.Interface("eth0"),
        interfaces.Interface("lo", "Loopback"),
        interfaces.Interface(r"\Device\NPF_{8F3A}", "Ethernet (2)"),
        interfaces.Interface("any"),
    )


def test_dumpcap_lists_the_loopback_interface_here() -> None:
    assert "lo" in {interface.name for interface in interfaces.dumpcap_interfaces(find_dumpcap())}


def test_a_dumpcap_that_cannot_be_run_lists_nothing(tmp_path: Path) -> None:
    assert interfaces.dumpcap_interfaces(tmp_path / "absent") == ()


def test_the_environment_of_these_tests_has_a_way_to_drop_privileges() -> None:
    assert os.geteuid() != 0 or shutil.which(UNPRIVILEGED[0])
