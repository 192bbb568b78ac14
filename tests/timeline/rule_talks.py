"""Octets and conversations that the captures for rules are made of. A helper of the tests."""

from tests.conversation import Conversation
from tests.timeline.talk import MANAGED_ACCOUNTS, NEXT_VALID_ID, error, frame, greeted, ready, started

SECOND = 1_000_000_000
IBAPI = b"API\0\x00\x00\x00\x09v100..187"
START = 1_700_000_000_000_000_000
TLS_HELLO = b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03"
TLS_ANSWER = b"\x16\x03\x03\x00\x05\x02\x00\x00\x01\x03"
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"
MARKET_DATA = frame("1", "11", "5", "0", "ES")
POSITIONS = frame("61", "1")
A_POSITION = frame("61", "3", "DU0000000", "1", "ES", "FUT")
CONTRACT = frame("9", "8", "7", "0", "ES")
HISTORY = frame("20", "7", "0", "ES")
CANCEL_HISTORY = frame("25", "1", "7")
SOME_HISTORY = frame("17", "7", "", "", "0")
ORDER = frame("3", "7", "0", "ES")
CANCEL_ORDER = frame("4", "1", "7", "")
AN_ORDER_STATUS = frame("3", "7", "Submitted", "0", "1", "0", "1", "0", "0", "1", "", "0")
A_CONTRACT = frame("10", "7", "ES", "FUT")
LOST_FARM = error(2103, "Market data farm connection is broken:usfarm")
A_FARM = error(2104, "Market data farm connection is OK:usfarm")
A_TICK = frame("1", "6", "5", "1", "100.25", "300", "0")
PROTOBUF_START_API = b"\0\0\0\x06\0\0\x01\x0f\x08\0"
BINARY_START_API = b"\x00\x00\x00\x09\x00\x00\x00\x472\x001\0\0"


def asked_too_early() -> Conversation:
    """A request before the session was ready, without an answer until the client left."""
    talk = started().client.data(frame("49", "1")).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID)
    return talk.client.ack().after(9).client.fin()


def asked_at_once(number: int, first: float, each: float, *, also: bytes = b"") -> Conversation:
    """So many requests at once, the first answered after so many seconds, every further one so much later."""
    talk = ready()
    for start in range(0, number, 40):
        talk.client.data(b"".join(frame("1", "11", str(one), "0", "ES") for one in range(start, start + 40)))
    talk.server.ack()
    sent, talk.step_ns = talk.clock, 0
    if also:
        talk.server.data(also)
    for one in range(number):
        talk.clock = sent + round((first + one * each) * SECOND)
        talk.server.data(frame("81", str(one), "0.01", "a", "3"))
    return talk.client.ack()


def other(seconds: int, port: int = 50001) -> dict[str, object]:
    """Another client, so many seconds later."""
    return {"client_address": ("127.0.0.1", port), "clock": START + seconds * SECOND}


def gave_up(seconds: float = 4) -> Conversation:
    """A client that closes so long after its hello."""
    return greeted().after(seconds).client.fin().server.ack()


def held_up(*, heard: bool = True, octets: int = 1400) -> Conversation:
    """A session whose gateway sends a large message again and again to a client that goes on and never gets it."""
    talk = ready()
    start = talk.server.next
    for _ in range(5):
        talk = talk.server.data(frame("49", "1", "x" * octets), seq=start, undelivered=True).after(1)
    return talk.client.data(frame("49", "1")).server.ack().after(1) if heard else talk


def lost_frame() -> Conversation:
    """A session in which a frame of an absurd length comes."""
    return ready().server.data(b"\x7f\xff\xff\xf0" + b"x" * 64).client.ack().after(2).client.fin()


def strayed() -> Conversation:
    """A segment of the client's far ahead, which its receiver ignores; then all goes on and is answered."""
    talk = ready()
    true = talk.client.next
    talk.client.data(b"stray", seq=true + 5000, undelivered=True)
    talk.client.next = true
    for _ in range(4):
        talk.client.data(frame("49", "1")).server.data(frame("49", "1", "1700000000")).client.ack()
    return talk


def swapped(talk: Conversation) -> Conversation:
    """The last two packets in the other order, as a capture of two queues holds them."""
    first, second = talk.packets[-2:]
    first.ts_ns, second.ts_ns = second.ts_ns, first.ts_ns
    return talk
