"""The scenarios of a session that was up, and the messages that the gateway makes."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab import grammar, messages, replies, scenarios_session, wire
from tests.lab.gateway import Gateway
from tests.lab.peer import Peer
from tests.lab.scenarios import SCENARIOS


def test_fills_4096_sends_exactly_that(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("fills-4096")
    with Peer(lab.port) as peer:
        peer.log_on()

        assert len(peer.octets(0.8)) == 4096


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
        for _ in range(3 * (scenarios_session.PACING_LIMIT + 1)):
            peer.ask_time()
        octets = peer.octets()

    assert octets.count(b"\x002\0-1\x00100\0") == 3
    assert len(lab.log.named("close")) == 1


def test_pacing_lets_the_allowed_rate_pass(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("pacing")
    with Peer(lab.port) as peer:
        peer.log_on(178)
        for _ in range(scenarios_session.PACING_LIMIT):
            peer.ask_time()

        assert peer.frames() == [(49, "text")] * scenarios_session.PACING_LIMIT


def test_floods_sends_more_than_a_small_window_takes(gateway: Callable[..., Gateway]) -> None:
    lab = gateway("floods")
    with Peer(lab.port) as peer:
        peer.log_on()

        assert len(peer.octets(0.3)) > 8192


def test_every_scenario_is_tested() -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.glob("test_lab*.py"))

    assert [name for name in SCENARIOS if f'"{name}"' not in source and not name.startswith("healthy-")] == []


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
