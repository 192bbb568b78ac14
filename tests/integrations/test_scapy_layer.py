"""The scapy layer: what it dissects it builds again, and its messages are our decoder's."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.config import conf
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
from scapy.packet import Packet, Raw, fuzz
from scapy.sendrecv import sniff
from scapy.sessions import TCPSession

from capanalyze.integrations.scapy_layer import (
    TWS,
    TWSBinaryId,
    TWSEmpty,
    TWSHello,
    TWSProtobuf,
    TWSServerHello,
    TWSText,
    message,
)
from capanalyze.tws.message import Message
from capanalyze.tws.schema import MessageType as Row
from capanalyze.tws.schema import messages
from tests.integrations.recorded import CAPTURES, decoded, frames, names, sessions, wire
from tests.tws.oracle.generate import Text, protobuf

CLASSES = {"text": TWSText, "binary_id": TWSBinaryId, "protobuf": TWSProtobuf}
ROWS = [row for table in (messages(True), messages(False)) for row in table.values()]
WIRE_FIELDS = ("id", "fields", "rest", "body")


@pytest.fixture(autouse=True)
def _raise() -> Iterator[None]:
    """Scapy shows what it cannot dissect as Raw; here it has to raise."""
    conf.debug_dissector = True
    yield
    conf.debug_dissector = False


def rebuilt(piece: Packet) -> bytes:
    """A message made anew of the fields that were dissected, its length left to building."""
    return bytes(type(piece)(**{name: piece.fields[name] for name in WIRE_FIELDS if name in piece.fields}))


@pytest.mark.parametrize("name", [name for name in names() if any(frames(name))])
def test_every_recorded_frame_is_dissected_as_our_decoder_reads_it_and_built_again(name: str) -> None:
    for recorded in frames(name):
        octets = wire(recorded)
        packet = TWS(octets)
        (piece,) = packet.messages
        piece.from_client = recorded.from_client
        piece.server_version = int(recorded.server_version) or None

        assert type(piece) is CLASSES[recorded.encoding]
        assert piece.decoded == decoded(recorded)
        assert bytes(packet) == octets
        assert rebuilt(piece) == octets


def told(packets: list[Packet]) -> dict[tuple[int, bool], list[object]]:
    """What each side of each connection said, by the client's port: versions of hellos, messages of frames."""
    found: dict[tuple[int, bool], list[object]] = {}
    for packet in packets:
        for piece in packet[TWS].messages if TWS in packet else ():
            to_gateway = packet[TCP].dport == 4001
            side = found.setdefault((packet.sport if to_gateway else packet.dport, to_gateway), [])
            if isinstance(piece, TWSHello | TWSServerHello):
                side.append(piece.fields.get("versions") or piece.version)
            elif not isinstance(piece, TWSEmpty):
                side.append(piece.decoded)
    return found


def expected(name: str) -> dict[tuple[int, bool], list[object]]:
    """The same by our own reader, connections in the order of their ports' first packets."""
    found: dict[tuple[int, bool], list[object]] = {}
    for session in sessions(name):
        for one in session.messages:
            word: object = decoded(one)
            if one.encoding == "hello":
                word = one.payload.split(b"\0")[0]
            found.setdefault((session.conn, one.from_client), []).append(word)
    return found


FRAMED = [
    name
    for name in names()
    if sessions(name)
    and all(session.whole and session.messages[0].encoding != "unframed" for session in sessions(name))
    and not any(one.encoding == "unframed" for session in sessions(name) for one in session.messages)
]


@pytest.mark.parametrize("name", FRAMED)
def test_sniffing_a_recording_with_tcp_session_gives_our_messages_in_their_order(name: str) -> None:
    found = told(sniff(offline=str(CAPTURES / name), session=TCPSession))

    ports = list(dict.fromkeys(port for port, _ in found))
    assert {(port, side): found[port, side] for port, side in found} == {
        (ports[index], side): words
        for index, session in enumerate(sessions(name))
        for (conn, side), words in expected(name).items()
        if conn == session.conn
    }


def stream(recorded: list[Message], *, hello: bytes, from_client: bool) -> bytes:
    return hello + b"".join(wire(one) for one in recorded if one.from_client == from_client)


@given(st.data())
def test_any_way_the_octets_fall_into_segments_gives_the_same_messages(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(["ib_async-split-hello.pcapng", "ibapi-latest-protobuf-226.pcapng"]))
    version = b"178" if name.startswith("ib_async") else b"226"
    recorded = list(frames(name))[:40]
    hello = b"%s\x0020261122 19:38:10 EST\0" % version
    octets = stream(recorded, hello=len(hello).to_bytes(4, "big") + hello, from_client=False)
    cuts = sorted(data.draw(st.sets(st.integers(1, len(octets) - 1), max_size=12)))
    segments = [
        Ether()
        / IP(src="127.0.0.1", dst="127.0.0.1")
        / TCP(sport=4001, dport=50000, seq=7 + low)
        / Raw(octets[low:high])
        for low, high in zip([0, *cuts], [*cuts, len(octets)], strict=True)
    ]
    packets = [type(one)(bytes(one)) for one in segments]

    found = told(sniff(offline=packets, session=TCPSession))

    assert found == {(50000, False): [version, *(decoded(one) for one in recorded if not one.from_client)]}


def check_text(row: Row, seed: int, version: int) -> None:
    body = Text(row, version, random.Random(seed), 0.2).body().replace(b"\\u", b"")
    payload = (row.id.to_bytes(4, "big") if version > 200 else b"%d\0" % row.id) + body
    octets = len(payload).to_bytes(4, "big") + payload
    (piece,) = TWS(octets).messages
    piece.from_client, piece.server_version = row.from_client, version
    built = message(row.name, piece.values, server_version=version, from_client=row.from_client, protobuf=False)

    assert (rebuilt(piece), bytes(built)) == (octets, octets)


def check_protobuf(row: Row, seed: int) -> None:
    body = protobuf(row.protobuf, random.Random(seed), 0.6)
    octets = (len(body) + 4).to_bytes(4, "big") + (row.id + 200).to_bytes(4, "big") + body
    (piece,) = TWS(octets).messages
    piece.from_client, piece.server_version = row.from_client, 226
    built = message(row.name, piece.values, server_version=226, from_client=row.from_client, protobuf=True)

    assert (piece.decoded.problem, rebuilt(piece)) == (None, octets)
    assert bytes(built) == octets


@pytest.mark.parametrize("row", [row for row in ROWS if row.text], ids=lambda row: row.constant)
def test_every_text_message_is_built_by_names_as_it_was_dissected(row: Row) -> None:
    for version in (38, 76, 100, 124, 145, 163, 178, 195, 202, 226):
        if version >= row.since:
            check_text(row, version, version)


@pytest.mark.parametrize("row", [row for row in ROWS if row.protobuf], ids=lambda row: row.constant)
def test_every_protobuf_message_is_built_by_names_as_it_was_dissected(row: Row) -> None:
    for seed in range(8):
        check_protobuf(row, seed)


@given(row=st.sampled_from(ROWS), seed=st.integers(0, 1 << 32), version=st.integers(38, 226))
def test_a_random_message_is_built_by_names_as_it_was_dissected(row: Row, seed: int, version: int) -> None:
    if row.text:
        check_text(row, seed, max(version, row.since))
    if row.protobuf:
        check_protobuf(row, seed)


@given(st.binary(max_size=300))
def test_hostile_octets_are_kept_as_they_are(octets: bytes) -> None:
    packet = TWS(octets)

    assert bytes(packet) == octets
    assert b"".join(bytes(piece) for piece in packet.messages) + bytes(packet.payload) == octets


@given(
    st.lists(st.one_of(st.binary(max_size=12), st.sampled_from([b"API\0", b"\0\0\0", b"\0\0\0\x05", b"9\x001\x001\0"])))
)
def test_hostile_streams_neither_raise_nor_lose_octets(pieces: list[bytes]) -> None:
    octets = b"".join(pieces)
    metadata: dict[str, object] = {"tcp_end": True}
    packet = TWS.tcp_reassemble(octets, metadata, {}) if octets else TWS()

    assert packet is not None
    assert bytes(packet) == octets
    assert isinstance(packet.summary(), str)


def test_a_frame_that_is_not_whole_asks_for_the_octets_it_lacks() -> None:
    metadata: dict[str, object] = {}

    assert TWS.tcp_reassemble(b"\0\x01\0\0" + b"71\0", metadata, {}) is None
    assert metadata["tcp_min_len"] == 4 + 0x10000


def test_a_length_that_no_client_takes_is_not_waited_for() -> None:
    packet = TWS.tcp_reassemble(b"\x01\0\0\0" + b"71\0", {}, {})

    assert packet is not None
    assert (packet.messages, bytes(packet.payload)) == ([], b"\x01\0\0\x0071\0")


def test_a_segment_to_a_gateway_port_shows_its_request_without_a_session() -> None:
    packet = Ether(bytes(Ether() / IP() / TCP(dport=4002) / Raw(b"\0\0\0\x0871\x002\x001\0\0")))

    assert packet[TWSText].decoded.name == "startApi"
    assert packet[TWSText].values == {"version": 2, "clientId": 1, "optionalCapabilities": ""}
    assert packet.summary().endswith("TWS startApi client 1")


def test_a_direction_that_nobody_knows_is_not_guessed() -> None:
    (piece,) = TWS(b"\0\0\0\x051\x002\0\0").messages

    assert (piece.decoded, piece.values) == (None, {})


def test_building_fills_in_lengths_and_the_port() -> None:
    packet = IP() / TCP() / TWS(messages=[TWSHello(versions=b"v100..226"), TWSText(id=71, fields=["2", "1", ""])])

    assert packet[TCP].dport == 4001
    assert bytes(packet[TWS]) == b"API\0\0\0\0\x09v100..226\0\0\0\x0871\x002\x001\0\0"


@pytest.mark.parametrize(
    ("version", "octets"),
    [
        (178, b"\0\0\0\x068\x001\x001\0"),
        (202, b"\0\0\0\x08\0\0\0\x081\x001\0"),
        (213, b"\0\0\0\x06\0\0\0\xd0\x08\x01"),
    ],
)
def test_a_message_built_by_name_has_the_form_of_its_server_version(version: int, octets: bytes) -> None:
    assert bytes(message("reqIds", {"numIds": 1}, server_version=version)) == octets


@pytest.mark.parametrize(("version", "made"), [(200, TWSText), (212, TWSBinaryId), (213, TWSProtobuf)])
def test_an_answer_built_by_name_has_the_form_of_its_server_version(version: int, made: type[Packet]) -> None:
    assert type(message("nextValidId", {"orderId": 1}, server_version=version)) is made


@pytest.mark.parametrize(
    ("name", "version", "as_protobuf"),
    [("noSuchMessage", 178, None), ("tickEFP", 226, True), ("reqConfig", 226, False)],
)
def test_a_message_that_does_not_exist_in_that_form_cannot_be_built(
    name: str, version: int, as_protobuf: bool | None
) -> None:
    with pytest.raises(ValueError, match=name):
        message(name, {}, server_version=version, protobuf=as_protobuf)


def test_fuzzing_builds_frames() -> None:
    assert len(bytes(fuzz(TWSBinaryId()))) >= 8
    assert TWS(bytes(fuzz(TWSProtobuf(len=None, id=271)))).messages


def test_terminal_escapes_of_the_wire_do_not_reach_the_terminal() -> None:
    error = message("error", {"id": 1, "errorCode": 200, "errorMsg": "\x1b[2J"}, server_version=178)

    assert "\x1b" not in error.summary() + error.show(dump=True).split("fields")[0]
