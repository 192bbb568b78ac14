"""What an error message of the gateway says."""

import pytest

from capanalyze.timeline.errors_told import unescaped, wire_error
from capanalyze.tws.message import Message


def test_a_text_of_several_lines_is_told_in_one() -> None:
    message = Message(False, 4, "error", "text", 25, 25, 0)
    message.payload = b"4\x002\x00-1\x001300\x00The port has been reset.\r\nReconnect on  4003\0\0"
    message.server_version = 178

    found = wire_error(message)

    assert (found.code, found.text, found.at.packet) == (1300, "The port has been reset. Reconnect on 4003", 25)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"\u63a5\u7d9a lost", "\u63a5\u7d9a lost"),
        (r"\u00E9t\u00e9", "\u00e9t\u00e9"),
        (r"a \ud83d\ude00 b", "a \U0001f600 b"),
        (r"half \ud83d of one", "half \ufffd of one"),
        (r"C:\users, \u12 and \u", r"C:\users, \u12 and \u"),
        ("plain", "plain"),
    ],
)
def test_a_gateway_in_another_language_is_read_as_it_speaks(sent: str, read: str) -> None:
    assert unescaped(sent) == read
