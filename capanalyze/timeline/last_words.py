"""Last words: what was said before a close, or before the capture's end where nobody closed.

In: Facts. Out: the side that spoke last, when, and the newest messages of either side.
"""

from capanalyze.timeline.ends import End, Moment
from capanalyze.timeline.errors_told import is_error, wire_error
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.without_acks import lacks_acks
from capanalyze.tws.decode import decode_message
from capanalyze.tws.message import Message
from capanalyze.tws.schema import NEWEST


def messages_before_close(facts: Facts, side: str) -> list[Message]:
    """The newest messages of a side before the close, oldest first."""
    session = facts.session
    if session is None:
        return []
    index = int(facts.end(side).side.index)
    last = facts.close.packet if facts.close is not None else facts.ended.packet
    newest = [one for one in session.tail(index) if one.packet <= last]  # where nothing had been said yet: none
    if session.closing_tail is not None:
        newest = session.closing_tail[index]
    first = [one for one in session.head if one.from_client == (side == "client") and one.packet <= last]
    known = {_place(one) for one in newest}
    return sorted([*(one for one in first if _place(one) not in known), *newest], key=_place)


def last_speaker(facts: Facts) -> End | None:
    """Who sent the last octets before the close."""
    mine, theirs = facts.client.last_before, facts.server.last_before
    if mine is None or theirs is None:
        return facts.client if mine is not None else facts.server if theirs is not None else None
    return facts.client if mine.packet > theirs.packet else facts.server


def last_word(facts: Facts) -> Moment | None:
    """When the last octets before the close were sent."""
    speaker = last_speaker(facts)
    return speaker.last_before if speaker is not None else None


def last_word_name(facts: Facts) -> str:
    """The name of the message that the last octets before the close end (an error with its code), "" if none."""
    speaker, word = last_speaker(facts), last_word(facts)
    messages = messages_before_close(facts, speaker.name) if speaker is not None else []
    if not messages or word is None or messages[-1].packet < word.packet:
        return ""
    return name_of(messages[-1])


def name_of(message: Message) -> str:
    """Its name; of an error that and the code."""
    return f"error {wire_error(message).code}" if is_error(message) else message.name


def in_place_of_hello(facts: Facts) -> str:
    """The message of TWS with which a gateway answered the hello in place of its own, "" where it did not."""
    answers = messages_before_close(facts, "server") if facts.stage == "misanswered" else []
    return name_of(answers[0]) if answers else ""


def untaken(facts: Facts) -> set[tuple[int, str]]:
    """The client's newest messages that the gateway's host has not acknowledged: the packet and name of each."""
    taken = int(facts.client.side.acked_rel)
    known = taken >= 0 and not lacks_acks(facts, "server")
    messages = messages_before_close(facts, "client") if known else []
    return {(int(one.packet), one.name) for one in messages if one.offset >= taken}


def malformed(facts: Facts) -> list[tuple[Message, str]]:
    """The client's newest messages before the close that do not fit the agreed version, each with what is wrong.

    What the schema does not know (decode.py says "known" in the problem) is no fault of theirs.
    """
    found = []
    for message in messages_before_close(facts, "client"):
        known = 0 < message.server_version <= NEWEST and message.encoding != "hello"
        if known and message.size == len(message.payload) and not message.missing:
            problem = decode_message(message).problem
            if problem is not None and "known" not in problem:
                found.append((message, problem))
    return found


def _place(message: Message) -> tuple[int, int]:
    return message.packet, message.offset
