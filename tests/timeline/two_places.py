"""A conversation as it is captured at a second place, behind a NAT for one. A helper of the tests, not a test."""

from dataclasses import replace

from tests.conversation import Conversation, Packet

LATER = 20_000
"""Nanoseconds that a packet takes from one place to the next."""


INSIDE = ("172.17.0.2", 4001)


def beside(talk: Conversation, inside: tuple[str, int] | None = INSIDE, **fields: object) -> Conversation:
    """The same packets a moment later, with the server's address behind a NAT, or other ``fields``."""
    moved = {talk.server_address: inside or talk.server_address}

    def there(packet: Packet) -> Packet:
        source, target = (moved.get(end, end) for end in (packet.source, packet.target))
        return replace(packet, source=source, target=target, ts_ns=packet.ts_ns + LATER, **fields)  # type: ignore[arg-type]

    return Conversation(packets=[there(packet) for packet in talk.packets])
