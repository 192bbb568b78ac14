"""A capture on disk for the tests of the commands."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conversation import pcap
from tests.report.stories import STORIES


@pytest.fixture
def story(tmp_path: Path) -> Callable[[str], str]:
    """Write a story's capture and return its path."""

    def write(name: str) -> str:
        packets = sorted(
            (packet for talk in STORIES[name]() for packet in talk.packets), key=lambda packet: packet.ts_ns
        )
        path = tmp_path / f"{name}.pcap"
        path.write_bytes(pcap(packets))
        return str(path)

    return write
