"""The Wireshark plugin in the real tshark, held against our own decoder packet by packet."""

import random
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze.integrations.wireshark import filters, plugin
from capanalyze.tws.schema import messages
from tests.commands.command_line import capanalyze
from tests.conversation import Conversation
from tests.integrations.recorded import CAPTURES, Session, names, sessions, sessions_of
from tests.integrations.tshark import Shown, expected, shown, tshark
from tests.tws.oracle.generate import Text, protobuf

ROWS = [row for table in (messages(True), messages(False)) for row in table.values()]
HELLO = b"API\0\0\0\0\x09v100..226"
HEALTHY = "ib_async-healthy-178.pcapng"


@pytest.fixture(scope="module")
def lua(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the command writes."""
    target = tmp_path_factory.mktemp("plugin") / "tws.lua"
    status, out, error = capanalyze("wireshark-plugin", "-o", str(target))
    assert (status, out, error.startswith(str(target))) == (0, "", True)
    return target


def said(found: Iterable[Session]) -> list[Shown]:
    """The whole messages of sessions, in packet order."""
    every = [one for session in found for one in session.messages if not one.missing]
    return sorted(map(expected, every), key=lambda one: one.packet)


@pytest.mark.parametrize("name", names())
def test_tshark_shows_every_recorded_message_as_our_decoder_reads_it(lua: Path, name: str) -> None:
    run = tshark(lua, CAPTURES / name)

    assert shown(run) == said(sessions(name))
    assert run.errors == ""
    assert "Lua Error" not in str(run.packets)


def test_a_second_pass_shows_the_same(lua: Path) -> None:
    once, twice = tshark(lua, CAPTURES / HEALTHY), tshark(lua, CAPTURES / HEALTHY, "-2")

    assert shown(twice) == shown(once)


def frame(payload: bytes) -> bytes:
    return len(payload).to_bytes(4, "big") + payload


def hello(version: int) -> bytes:
    return frame(b"%d\x0020261122 19:38:10 EST\0" % version)


def payload(number: int, body: bytes, version: int) -> bytes:
    return (number.to_bytes(4, "big") if version > 200 else b"%d\0" % number) + body


def text_frames(version: int, chance: random.Random, *, client: bool) -> Iterator[bytes]:
    """Every text message of one direction at a server version, some of them with something wrong."""
    for row in ROWS:
        if row.text and row.since <= version and row.from_client == client:
            body = Text(row, version, chance, 0.2).body()
            yield frame(payload(row.id, body, version))
            yield frame(payload(row.id, damaged(body, chance), version))


def damaged(body: bytes, chance: random.Random) -> bytes:
    """A body with a field more, less, empty or of another type, or octets that are no UTF-8."""
    fields = body.split(b"\0")[:-1]
    place = chance.randrange(len(fields) + 1)
    wrong = [
        b"",
        b"x",
        b"-1",
        b"1e5",
        b"2147483647",
        b"0x10",
        b"\xff\xc3\xa9\xed\xa0\x80",
        b"+7",
        b" 1",
        b"99999999999",
    ]
    if chance.random() < 0.5:
        fields.insert(place, chance.choice(wrong))
    elif place < len(fields):
        fields[place : place + 1] = chance.choice([[], [chance.choice(wrong)]])
    tail = b"" if chance.random() < 0.1 else b"\0"
    return b"\0".join(fields) + tail


def protobuf_frames(chance: random.Random, *, client: bool) -> Iterator[bytes]:
    for row in ROWS:
        if row.protobuf and row.from_client == client:
            for share in (0.3, 1.0):
                yield frame(payload(row.id + 200, protobuf(row.protobuf, chance, share), 226))


def talk(version: int | None, from_client: Iterable[bytes], from_server: Iterable[bytes]) -> Conversation:
    """A session: hellos (None: it was up when the capture began), then frames, a few in each segment."""
    conversation = Conversation()
    if version is None:
        conversation.established()
    else:
        conversation.open().client.data(HELLO).server.data(hello(version))
    for sender, frames in ((conversation.client, from_client), (conversation.server, from_server)):
        every = list(frames)
        for start in range(0, len(every), 7):
            sender.data(b"".join(every[start : start + 7]))
    return conversation


def compare(lua: Path, conversation: Conversation, folder: Path) -> list[Shown]:
    capture = folder / "talk.pcap"
    capture.write_bytes(conversation.pcap())
    run = tshark(lua, capture)
    found = shown(run)

    assert (run.errors, "Lua Error" in str(run.packets)) == ("", False)
    assert found == said(sessions_of(capture))
    return found


@pytest.mark.parametrize("version", [100, 110, 124, 137, 145, 153, 163, 178, 189, 193, 196, 199, 202, 226, 240])
def test_every_text_message_and_every_damage_is_shown_as_our_decoder_reads_it(
    lua: Path, tmp_path: Path, version: int
) -> None:
    chance = random.Random(version)
    frames = [list(text_frames(version, chance, client=client)) for client in (True, False)]

    found = compare(lua, talk(version, *frames), tmp_path)

    assert sum(one.problem is not None for one in found) > 20


@pytest.mark.parametrize("seed", range(3))
def test_every_protobuf_message_is_shown_as_our_decoder_reads_it(lua: Path, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    frames = [list(protobuf_frames(chance, client=client)) for client in (True, False)]

    found = compare(lua, talk(226, *frames), tmp_path)

    assert len(found) > 300


@pytest.mark.parametrize("version", [110, 145, 178, 202])
def test_without_a_hello_fields_are_named_as_far_as_all_versions_agree(lua: Path, tmp_path: Path, version: int) -> None:
    chance = random.Random(version)
    frames = [
        [one for number, one in enumerate(text_frames(version, chance, client=client)) if number % 2 == 0]
        for client in (True, False)
    ]

    found = compare(lua, talk(None, *frames), tmp_path)

    assert sum(one.problem is None for one in found) > 60


@settings(max_examples=15, deadline=None)
@given(st.data())
def test_any_way_the_octets_fall_into_segments_shows_the_same(
    lua: Path, tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    chance = random.Random(7)
    octets = hello(178) + b"".join(list(text_frames(178, chance, client=False))[:60:2])
    cuts = sorted(data.draw(st.sets(st.integers(1, len(octets) - 1), max_size=15)))
    conversation = Conversation().open().client.data(HELLO)
    for low, high in zip([0, *cuts], [*cuts, len(octets)], strict=True):
        conversation.server.data(octets[low:high])

    found = compare(lua, conversation, tmp_path_factory.mktemp("cut"))

    assert len(found) == 32


def test_octets_that_are_no_frames_are_skipped_until_frames_come_again(lua: Path, tmp_path: Path) -> None:
    chance = random.Random(3)
    good = list(text_frames(178, chance, client=False))[0:20:2]
    conversation = talk(178, [], good[:5])
    conversation.server.data(b"\x7f\xff\xff\xff" + b"no frame" + b"".join(good[5:]))

    found = compare(lua, conversation, tmp_path)

    assert len(found) == 2 + len(good)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(min_size=1, max_size=80)), max_size=8), st.booleans())
def test_hostile_octets_make_no_lua_error(
    lua: Path, tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[bool, bytes]], greeted: bool
) -> None:
    conversation = talk(178, [], []) if greeted else Conversation().open()
    for from_client, octets in pieces:
        (conversation.client if from_client else conversation.server).data(octets)
    capture = tmp_path_factory.mktemp("hostile") / "talk.pcap"
    capture.write_bytes(conversation.pcap())

    run = tshark(lua, capture, "-2")

    assert (run.errors, "Lua Error" in str(run.packets)) == ("", False)


def matching(lua: Path, name: str, display_filter: str) -> list[int]:
    """The packets of a recording that a display filter selects."""
    done = subprocess.run(
        [
            "tshark",
            "-X",
            f"lua_script:{lua}",
            "-r",
            CAPTURES / name,
            "-Y",
            display_filter,
            "-T",
            "fields",
            "-e",
            "frame.number",
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    return [int(line) for line in done.stdout.split()]


@pytest.mark.parametrize(
    ("name", "display_filter", "packets"),
    [
        ("ib_async-error-326.pcapng", "tws.error.code == 326", [9]),
        ("ib_async-error-326.pcapng", 'tws.error.text contains "client id"', [9]),
        ("ib_async-error-326.pcapng", "tws.error.error", [9]),
        (HEALTHY, 'tws.msg.name == "securityDefinitionOptionParameter"', [39]),
        (HEALTHY, "tws.msg.id == 78", [38]),
        (HEALTHY, "tws.request_id == 8", [38, 39]),
        (HEALTHY, 'tws.sender == "client" and tws.field.contract.symbol == "NOSUCHNAME"', [28]),
        ("ibapi-latest-protobuf-226.pcapng", "tws.field.historicalDataBars.high > 190.7", [16]),
        ("http-client.pcapng", 'tws.not_tws contains "HTTP"', [4]),
        ("ib_async-tls-server.pcapng", 'tws.not_tws contains "server" and tws.expert.not_tws', [6]),
        ("ib_async-redirect.pcapng", 'tws.hello.redirect == "127.0.0.1:4002"', [6]),
        ("ib_async-frame-zero-length.pcapng", "tws.expert.framing", [39]),
    ],
)
def test_display_filters_find_what_they_name(lua: Path, name: str, display_filter: str, packets: list[int]) -> None:
    assert matching(lua, name, display_filter) == packets


def test_a_session_on_another_port_is_found_by_its_hello(lua: Path, tmp_path: Path) -> None:
    conversation = Conversation(server_address=("127.0.0.1", 5555)).open()
    conversation.client.data(HELLO).server.data(hello(178)).client.data(frame(b"71\x002\x001\0\0"))
    capture = tmp_path / "talk.pcap"
    capture.write_bytes(conversation.pcap())

    assert [(one.sender, one.name) for one in shown(tshark(lua, capture))] == [
        ("client", "hello"),
        ("server", "hello"),
        ("client", "startApi"),
    ]


def test_ports_and_the_server_version_are_preferences(lua: Path, tmp_path: Path) -> None:
    conversation = Conversation(server_address=("127.0.0.1", 5555)).established()
    conversation.client.data(frame(b"4\x001\x0017\x00t\0"))
    capture = tmp_path / "talk.pcap"
    capture.write_bytes(conversation.pcap())
    options = ("-o", "tws.ports:5555", "-o", "tws.version:170")

    (found,) = shown(tshark(lua, capture, *options))

    assert (found.name, found.problem) == ("cancelOrder", None)
    assert found.values[-1] == ("orderCancel.manualOrderCancelTime", "t")


def test_every_filter_is_known_to_wireshark(lua: Path) -> None:
    done = subprocess.run(
        ["tshark", "-G", "fields", "-X", f"lua_script:{lua}"], capture_output=True, check=True, text=True
    )
    known = {line.split("\t")[2] for line in done.stdout.splitlines() if line.startswith("F\t")}

    assert {f"tws.field.{path}" for path, _ in filters()} - known == set()


def test_the_plugin_goes_to_standard_output_too() -> None:
    assert capanalyze("wireshark-plugin") == (0, plugin(), "")


def test_the_plugin_runs_nothing_and_names_no_folder_of_this_machine() -> None:
    lua = plugin()
    words = ("load(", "loadstring", "dofile", "loadfile", "require(", "require '", "io.", "os.", "/work", "/root")

    assert [word for word in words if word in lua] == []
    assert lua.isascii()


PYSHARK = """
import sys, pyshark
capture = pyshark.FileCapture(sys.argv[1], custom_parameters=["-X", "lua_script:" + sys.argv[2]], display_filter="tws")
layers = [packet.tws for packet in capture]
print(*[layer.msg_name for layer in layers])
print(layers[2].field_clientid, layers[3].error_code, layers[3].request_id)
"""


def test_pyshark_shows_the_same_fields(lua: Path) -> None:
    """In an interpreter of its own, as its users run it: its event loop and child watcher are the process's."""
    command = [sys.executable, "-c", PYSHARK, str(CAPTURES / "ib_async-error-326.pcapng"), str(lua)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.splitlines() == ["hello hello startApi error", "1 326 -1"]
