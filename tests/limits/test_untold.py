"""Where every message is wanted, it is the same one whether its connection is told in full or not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capanalyze import API_PORTS
from capanalyze.analyzer import Analyzer
from capanalyze.api import messages
from capanalyze.capture.capture import Capture
from capanalyze.capture.files import from_bytes
from capanalyze.tcp import table
from tests.conversation import Conversation
from tests.limits.crowds import MOST_MB, peak_mb, sessions, written
from tests.timeline.talk import MANAGED_ACCOUNTS, NEXT_VALID_ID, answered, error, frame, opened, ready

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = st.sampled_from(
    [frame("1", "6", "1", "1", "5.0", "3", "0"), MANAGED_ACCOUNTS, NEXT_VALID_ID, error(2104), error(200, request=7)]
)
REQUESTS = st.sampled_from(
    [frame("71", "2", "1", ""), frame("49", "1"), frame("9", "8", "7"), frame("8", "1", "7"), b"\xff\xee"]
)


def everything(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """All messages of a capture, and all requests with what came of them."""
    exchanges: list[dict[str, Any]] = []
    return list(messages(path, exchanges=exchanges)), exchanges


@settings(deadline=None, max_examples=150)
@given(st.lists(ANSWERS, max_size=12), st.lists(REQUESTS, max_size=6), st.sampled_from([100, 178, 201]), st.data())
def test_messages_do_not_depend_on_whether_their_connection_is_told(
    tmp_path_factory: pytest.TempPathFactory,
    answers: list[bytes],
    requests: list[bytes],
    version: int,
    data: st.DataObject,
) -> None:
    talk: Conversation = answered(version)
    left = [b"".join(requests), b"".join(answers)]
    while left[0] or left[1]:
        side = 1 if not left[0] or (left[1] and data.draw(st.booleans())) else 0
        size = data.draw(st.integers(1, 60))
        (talk.client if side == 0 else talk.server).data(left[side][:size])
        left[side] = left[side][size:]
    del talk.packets[data.draw(st.integers(2, len(talk.packets) - 1))]
    path = tmp_path_factory.mktemp("untold") / "talk.pcap"
    path.write_bytes(talk.pcap())
    with pytest.MonkeyPatch.context() as limits:
        told = everything(path)
        limits.setattr(table, "TOLD_IN_FULL", 0)
        limits.setattr(table, "FIRST", 0)

        assert everything(path) == told
        assert told[0]


@pytest.mark.parametrize("start", [b"5\0", b"71\x002\x005\0\0"])
def test_messages_of_a_session_without_lengths_do_not_either(
    start: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk = opened().client.data(b"66\0").server.data(b"76\x0020260102 03:04:05 EST\0").client.data(start)
    talk.server.data(b"15\x001\x00DU1\x009\x001\x001\0").client.data(b"8\x001\x001\0" + b"49\x001\0")
    path = tmp_path / "talk.pcap"
    path.write_bytes(talk.pcap())
    told = everything(path)
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)

    assert everything(path) == told
    assert [one["name"] for one in told[0]][-2:] == ["reqIds", "reqCurrentTime"]


@pytest.mark.parametrize("options", [(), ("--requests",)])
def test_messages_of_thousands_of_open_sessions_need_less_than_100_mb(options: tuple[str, ...], tmp_path: Path) -> None:
    crowd = written(sessions(12_000), tmp_path / "crowd.pcap")

    assert peak_mb(ROOT, crowd, command=("messages", *options)) < MOST_MB


@pytest.mark.parametrize("keep_all", [False, True])
def test_messages_of_connections_that_are_not_told_are_counted_where_all_are_wanted_too(
    keep_all: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(table, "TOLD_IN_FULL", 0)
    analyzer = Analyzer(API_PORTS, keep_all=keep_all)
    for packets in Capture([from_bytes(ready().server.data(error(2104)).pcap(), "talk.pcap")], "auto", None).runs():
        analyzer.feed(packets)
    analyzer.finish()
    untold = analyzer.all_sessions.untold

    assert untold.names_of(True) == {"hello": 1, "startApi": 1}
    assert untold.names_of(False) == {"hello": 1, "managedAccounts": 1, "nextValidId": 1, "error": 1}
