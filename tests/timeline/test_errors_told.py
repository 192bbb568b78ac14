"""What an error message of the gateway says."""

from capanalyze.timeline.errors_told import wire_error
from capanalyze.tws.message import Message


def test_a_text_of_several_lines_is_told_in_one() -> None:
    message = Message(False, 4, "error", "text", 25, 25, 0)
    message.payload = b"4\x002\x00-1\x001300\x00The port has been reset.\r\nReconnect on  4003\0\0"
    message.server_version = 178

    found = wire_error(message)

    assert (found.code, found.text, found.at.packet) == (1300, "The port has been reset. Reconnect on 4003", 25)
