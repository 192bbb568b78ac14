"""The laboratory itself: each scenario of the gateway behaves as its name says, seen from a plain socket."""

import hashlib
import json
import re
import socket
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import pytest

from tests.lab import grammar, messages, replies, scenarios, wire
from tests.lab.gateway import Gateway
from tests.lab.recordings import RECORDINGS
from tests.lab.scenarios import SCENARIOS

CAPTURES = Path(__file__).resolve().parents[2] / "captures"
EXPECTED: dict[str, Any] = json.loads(Path(__file__).with_name("expected.json").read_text())
SHIPPED = sorted(path.name for path in CAPTURES.glob("*.pcapng"))
VERSIONS = (76, 100, 150, 157, 176, 178, 193, 200, 202, 203, 213, 226)
PROTOBUF_START_API = 213


class Peer:
    """A plain socket that says what a test wants said."""

    def __init__(self, port: int) -> None:
        self.sock = socket.create_connection(("127.0.0.1", port), timeout=5)
        self.buffer = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.sock.close()

    def hello(self, highest: int = 226) -> None:
        self.sock.sendall(wire.MAGIC + wire.frame(f"v100..{highest}".encode()))

    def start_api(self, version: int, client_id: int = 1) -> None:
        if version >= PROTOBUF_START_API:
            payload = struct.pack(">I", 271) + wire.proto_field(1, client_id)
        elif version >= wire.BINARY_ID_SINCE:
            payload = struct.pack(">I", 71) + wire.text([2, client_id, ""])
        else:
            payload = wire.text([71, 2, client_id, ""])
        self.sock.sendall(wire.frame(payload))

    def ask_time(self) -> None:
        self.sock.sendall(wire.frame(wire.text([49, 1])))

    def frame(self, seconds: float = 5.0) -> bytes:
        """The next frame's payload; EOFError at the end of the stream, TimeoutError after the seconds."""
        self.sock.settimeout(seconds)
        while (payload := wire.take_frame(self.buffer)) is None:
            octets = self.sock.recv(65536)
            if not octets:
                raise EOFError
            self.buffer += octets
        return payload

    def frames(self, seconds: float = 0.3) -> list[tuple[int, str]]:
        """(id, encoding) of every frame until the peer is silent for so long, or has closed."""
        found = []
        while True:
            try:
                found.append(wire.message_id(self.frame(seconds)))
            except (TimeoutError, EOFError):
                return found

    def octets(self, seconds: float = 5.0) -> bytes:
        """Everything until the end of the stream, or until silence."""
        self.sock.settimeout(seconds)
        found = bytes(self.buffer)
        while True:
            try:
                octets = self.sock.recv(1 << 20)
            except TimeoutError:
                return found
            if not octets:
                return found
            found += octets

    def log_on(self, highest: int = 178) -> None:
        """Hello and START_API; the answers to both are read."""
        self.hello(highest)
        version = int(self.frame().split(b"\0")[0])
        self.start_api(version)
        for _ in range(len(replies.start_up())):
            self.frame()


@pytest.fixture
def gateway() -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(*names: str) -> Gateway:
        made = Gateway(*names)
        made.start()
        started.append(made)
        return made

    yield start
    for made in started:
        made.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios, "MIDSESSION_SECONDS", 0.1)
    monkeypatch.setattr(scenarios, "LATE_SECONDS", 0.5)


def test_silent_neither_reads_nor_answers_nor_closes(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("silent")
    with Peer(lab.port) as peer:
        peer.hello()

        assert peer.octets(0.3) == b""
        peer.sock.sendall(b"still open")
    assert [event["event"] for event in lab.log.events] == ["listening", "accepted"]


def test_never_accepts_lets_the_kernel_complete_the_handshake(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("never-accepts")
    with Peer(lab.port) as peer:
        peer.hello()

        assert peer.octets(0.3) == b""
    assert lab.log.named("accepted") == []


def test_not_listening_refuses(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("not-listening")

    with pytest.raises(ConnectionRefusedError):
        Peer(lab.port)


def test_queue_full_leaves_the_syn_unanswered(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("queue-full")

    with socket.socket() as sock:
        sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            sock.connect(("127.0.0.1", lab.port))


def test_reads_never_answers_closes_after_the_client(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("reads-never-answers")
    with Peer(lab.port) as peer:
        peer.hello()
        assert peer.octets(0.3) == b""
        peer.sock.shutdown(socket.SHUT_WR)

        peer.sock.settimeout(5)
        assert peer.sock.recv(1) == b""
    assert sum(event["octets"] for event in lab.log.named("received")) == 17


@pytest.mark.parametrize("name", ["closes-after-hello", "half-close-after-hello"])
def test_a_fin_follows_the_hello(name: str, gateway: Callable[..., Gateway]) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.hello()

        assert peer.octets() == b""


def test_half_close_reads_on(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("half-close-after-hello")
    with Peer(lab.port) as peer:
        peer.hello()
        assert peer.octets() == b""
        peer.sock.sendall(b"x" * 5)
        peer.sock.shutdown(socket.SHUT_WR)
        time.sleep(0.2)

    assert [event["octets"] for event in lab.log.named("received")] == [17, 5]


def test_closes_at_once_sends_nothing(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("closes-at-once")
    with Peer(lab.port) as peer:
        time.sleep(0.2)

        assert peer.octets() == b""


def _hello_and_wait(peer: Peer) -> bytes:
    peer.hello()
    return peer.octets()


@pytest.mark.parametrize("name", ["resets-at-once", "resets-after-hello"])
def test_a_reset_is_a_reset(name: str, gateway: Callable[..., Gateway]) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer, pytest.raises(ConnectionResetError):
        _hello_and_wait(peer)


@pytest.mark.parametrize("version", [version for version in VERSIONS if version >= 100])
def test_healthy_agrees_on_its_version_and_answers_in_its_encoding(
    version: int, gateway: Callable[..., Gateway]
) -> None:
    lab = gateway(f"healthy-{version}")
    with Peer(lab.port) as peer:
        peer.hello()
        hello = peer.frame().split(b"\0")
        peer.start_api(version)
        found = peer.frames()

    start = "text" if version < 201 else "protobuf" if version >= 213 else "binary_id"
    error = "text" if version < 201 else "protobuf" if version >= 203 else "binary_id"
    assert [str(version).encode(), b""] == [hello[0], hello[2]]
    assert re.fullmatch(rb"\d{8} \d\d:\d\d:\d\d EST", hello[1])
    assert [(15, start), (9, start), (4, error), (4, error), (4, error)] == found


def test_healthy_takes_the_clients_highest_version_where_that_is_lower(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("healthy-226")
    with Peer(lab.port) as peer:
        peer.hello(176)

        assert peer.frame().startswith(b"176\0")


def test_healthy_speaks_unframed_to_a_legacy_client(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("healthy-226")
    with Peer(lab.port) as peer:
        peer.sock.sendall(b"62\0001\000")
        fields = peer.octets(0.3).split(b"\0")

    assert [fields[0], *fields[2:8]] == [b"76", b"15", b"1", b"DU0000000", b"9", b"1", b"1"]


def test_healthy_refuses_a_client_id_that_is_in_use(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("healthy-178")
    with Peer(lab.port) as first, Peer(lab.port) as second:
        first.log_on()
        second.hello(178)
        second.frame()
        second.start_api(178)

        assert second.frame().split(b"\0")[3] == b"326"
        with pytest.raises(EOFError):
            second.frame()


def test_a_new_connection_follows_the_next_scenario(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("closes-after-hello", "healthy-178")
    with Peer(lab.port) as first:
        first.hello()
        assert first.octets() == b""
    for _ in range(2):
        with Peer(lab.port) as later:
            later.hello()

            assert later.frame().startswith(b"178\0")


@pytest.mark.parametrize(("name", "version"), [("old-version", b"38"), ("new-version", b"300"), ("redirect", b"-1")])
def test_the_server_hello_has_the_version_of_the_scenario(
    name: str, version: bytes, gateway: Callable[..., Gateway]
) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.hello()

        assert peer.frame().split(b"\0")[0] == version


def test_split_hello_comes_in_two_parts(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("split-hello")
    with Peer(lab.port) as peer:
        peer.hello(178)
        first = peer.sock.recv(4096)
        second = peer.sock.recv(4096)

    assert (len(first), len(second)) == (10, 20)
    assert (first + second)[4:8] == b"178\0"


def test_hello_with_frames_comes_in_one_segment(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("hello-with-frames")
    with Peer(lab.port) as peer:
        peer.hello(178)
        peer.buffer += peer.sock.recv(4096)

        assert peer.frame(0.1).startswith(b"178\0")
        assert [number for number, _ in peer.frames(0.1)] == [15, 9, 4, 4, 4]


def test_fills_4096_sends_exactly_that(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("fills-4096")
    with Peer(lab.port) as peer:
        peer.log_on()

        assert len(peer.octets(0.8)) == 4096


@pytest.mark.parametrize(
    ("name", "codes"), [("error-326", [b"326"]), ("closes-on-startapi", []), ("startapi-unanswered", None)]
)
def test_what_start_api_brings(name: str, codes: list[bytes] | None, gateway: Callable[..., Gateway]) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.hello(178)
        peer.frame()
        peer.start_api(178)
        if codes is None:
            with pytest.raises(TimeoutError):
                peer.frame(0.3)
            return
        for code in codes:
            assert peer.frame().split(b"\0")[3] == code
        with pytest.raises(EOFError):
            peer.frame()


@pytest.mark.usefixtures("quick")
def test_late_answer_comes_late(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("late-answer")
    with Peer(lab.port) as peer:
        peer.hello()
        asked = time.monotonic()
        answer = peer.frame()

    assert time.monotonic() - asked >= 0.5
    assert answer.startswith(b"178\0")


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("hello-absurd-length", b"\x7f\xff\xff\xf0" + b"x" * 64),
        ("hello-zero-length", b"\0\0\0\0"),
        ("http-400", scenarios.HTTP_400),
        ("tls-alert", scenarios.TLS_ALERT),
        ("speaks-first", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
)
def test_what_is_no_answer_comes_as_it_is(name: str, octets: bytes, gateway: Callable[..., Gateway]) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.hello()

        assert octets == peer.octets(0.3)


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("name", "head", "length"),
    [
        ("frame-absurd-length", b"\x7f\xff\xff\xf0xxxx", 68),
        ("frame-zero-length", b"\0\0\0\0", 4),
        ("frame-oversized", b"\x01\0\0\x004\0\0\0", 0x1000004),
    ],
)
def test_a_bad_frame_comes_after_a_good_start(
    name: str, head: bytes, length: int, gateway: Callable[..., Gateway]
) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.log_on()
        octets = peer.octets(0.5)

    assert (head, length) == (octets[: len(head)], len(octets))


def test_no_next_valid_id_sends_the_rest(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("no-next-valid-id")
    with Peer(lab.port) as peer:
        peer.hello(178)
        peer.frame()
        peer.start_api(178)

        assert [number for number, _ in peer.frames()] == [15, 4, 4, 4]


def test_ignores_requests_reads_them(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("ignores-requests")
    with Peer(lab.port) as peer:
        peer.log_on()
        peer.ask_time()

        assert peer.frames() == []
    assert [event["id"] for event in lab.log.named("message_in")] == [71, 49]


def test_hangs_midsession_stops_reading(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("hangs-midsession")
    with Peer(lab.port) as peer:
        peer.log_on()
        peer.ask_time()
        time.sleep(0.2)
        peer.ask_time()

        assert peer.frames() == []
    assert [event["id"] for event in lab.log.named("message_in")] == [71, 49]


def test_connectivity_lost_closes_nothing(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("connectivity-lost")
    with Peer(lab.port) as peer:
        peer.log_on()
        codes = [peer.frame().split(b"\0")[3] for _ in range(3)]
        peer.ask_time()

        assert codes == [b"1100", b"1102", b"2104"]
        assert peer.frames() == [(49, "text")]


@pytest.mark.usefixtures("quick")
def test_port_changed_says_so_and_closes(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("port-changed")
    with Peer(lab.port) as peer:
        peer.log_on(178)

        assert peer.frame().split(b"\0")[3] == b"1300"
        with pytest.raises(EOFError):
            peer.frame()


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("name", "problem"), [("midsession-fin", EOFError), ("midsession-rst", ConnectionResetError)])
def test_midsession_ends_a_session_that_was_up(
    name: str, problem: type[Exception], gateway: Callable[..., Gateway]
) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.log_on()
        peer.ask_time()

        assert wire.message_id(peer.frame()) == (49, "text")
        with pytest.raises(problem):
            peer.frame()


def test_pacing_strikes_three_times_and_closes(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("pacing")
    with Peer(lab.port) as peer:
        peer.log_on(178)
        for _ in range(3 * (scenarios.PACING_LIMIT + 1)):
            peer.ask_time()
        octets = peer.octets()

    assert octets.count(b"\x002\0-1\x00100\0") == 3
    assert len(lab.log.named("close")) == 1


def test_pacing_lets_the_allowed_rate_pass(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("pacing")
    with Peer(lab.port) as peer:
        peer.log_on(178)
        for _ in range(scenarios.PACING_LIMIT):
            peer.ask_time()

        assert peer.frames() == [(49, "text")] * scenarios.PACING_LIMIT


def test_floods_sends_more_than_a_small_window_takes(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("floods")
    with Peer(lab.port) as peer:
        peer.log_on()

        assert len(peer.octets(0.3)) > 8192


def test_every_scenario_is_tested_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    untested = [name for name in SCENARIOS if f'"{name}"' not in source and not name.startswith("healthy-")]

    assert untested == []
    assert {f"healthy-{version}" for version in VERSIONS} <= set(SCENARIOS)


@pytest.mark.parametrize("version", [100, 178, 200, 202, 226])
def test_a_protobuf_or_text_answer_names_its_request(version: int) -> None:
    request = messages.Request(20, "text", {"reqId": "13", "keepUpToDate": "1"})

    answers = [messages.encode(name, version, values)[0] for name, values in replies.answer(request)]

    keyed = {wire.message_id(payload)[0]: _key(payload, version) for payload in answers}
    assert keyed == {17: 13, 108: 13, 90: 13}


def _key(payload: bytes, version: int) -> int:
    if wire.message_id(payload)[1] == "protobuf":
        return int(next(iter(wire.read_proto(payload[4:])))[1])
    fields = wire.split_text(payload if version < 201 else payload[4:])
    return int(fields[(1 if version < 201 else 0) + (1 if fields[0] == "17" and version < 124 else 0)])


def test_an_open_order_has_the_fields_of_the_one_recorded_at_173() -> None:
    fields = grammar.to_text(messages.OPEN_ORDER, 173, {})

    assert len(fields) == 135  # published with the client wboayue/rust-ibapi


def test_minus_one_takes_ten_octets_as_a_varint() -> None:
    assert wire.varint(-1).hex() == "ffffffffffffffffff01"
    assert wire.read_varint(wire.varint(-1), 0) == (-1, 10)


def test_each_capture_has_a_recording_an_entry_and_a_row() -> None:
    rows = re.findall(r"^\| `([^`]+\.pcapng)`", (CAPTURES / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    recorded = [f"{recording.name}.pcapng" for recording in RECORDINGS]

    assert sorted(recorded) == SHIPPED
    assert sorted(EXPECTED) == SHIPPED
    assert sorted(rows) == SHIPPED


@pytest.mark.parametrize("name", SHIPPED)
def test_each_capture_is_the_one_that_was_checked_when_recorded(name: str) -> None:
    digest = hashlib.sha256((CAPTURES / name).read_bytes()).hexdigest()

    assert EXPECTED[name]["sha256"] == digest


def test_no_capture_says_which_machine_made_it() -> None:
    paths = [str(CAPTURES / name) for name in SHIPPED]

    facts = subprocess.run(["capinfos", *paths], capture_output=True, text=True, check=True).stdout

    systems = re.findall(r"(?:Capture oper-sys|Operating system)\s*[:=]\s+(.*)", facts)
    assert ["Linux"] * 2 * len(SHIPPED) == systems
    assert "Capture hardware" not in facts
