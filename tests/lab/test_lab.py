"""The scenarios of the gateway's beginning behave as their names say, seen from a plain socket."""

import re
import socket
import time
from collections.abc import Callable

import pytest

from tests.lab import scenarios_start, wire
from tests.lab.gateway import Gateway
from tests.lab.peer import Peer

VERSIONS = (100, 150, 157, 176, 178, 193, 200, 202, 203, 213, 226)


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
    with pytest.raises(ConnectionResetError), Peer(lab.port) as peer:  # connect() itself may meet it
        _hello_and_wait(peer)


@pytest.mark.parametrize("version", VERSIONS)
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
        segment = bytearray(peer.sock.recv(4096))
        payloads = list(iter(lambda: wire.take_frame(segment), None))

    assert payloads[0].startswith(b"178\0")
    assert [wire.message_id(payload)[0] for payload in payloads[1:]] == [15, 9, 4, 4, 4]


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
        ("http-400", scenarios_start.HTTP_400),
        ("tls-alert", scenarios_start.TLS_ALERT),
        ("speaks-first", b"SSH-2.0-OpenSSH_9.2\r\n"),
    ],
)
def test_what_is_no_answer_comes_as_it_is(name: str, octets: bytes, gateway: Callable[..., Gateway]) -> None:
    lab = gateway(name)
    with Peer(lab.port) as peer:
        peer.hello()

        assert octets == peer.octets(0.3)


def test_no_next_valid_id_sends_the_rest(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("no-next-valid-id")
    with Peer(lab.port) as peer:
        peer.hello(178)
        peer.frame()
        peer.start_api(178)

        assert [number for number, _ in peer.frames()] == [15, 4, 4, 4]
