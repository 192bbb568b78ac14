"""Shares: lines about messages made by several processes, put together in the order in which one would write them.

In: how to make the lines of one share. Out: all lines. Every process reads the whole capture and follows every
connection, which costs little; it decodes its share of the messages only, every n-th group of them, so that a single
busy connection is shared out too.
"""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Final, NamedTuple

from capanalyze.errors import CapanalyzeError
from capanalyze.tws.message import Message

GROUP: Final = 512
"""Messages of a group: lines of some hundred kB, one write to a pipe."""

BEFORE_ALL: Final = -1
"""Group of lines that come before the first message, such as a table's head."""

Wanted = Callable[[Message, int], bool]


BEHIND_ALL: Final = 1 << 62
"""Group of an error: what was found before it is told first."""


class Piece(NamedTuple):
    """The lines of one group, or the error that ended them: its class, its text, its hint."""

    group: int
    text: str
    error: tuple[type[CapanalyzeError], str, str] | None = None


class Share:
    """Asked of each message in turn: whether it is wanted and belongs to this share.

    Attributes:
        group: of the last message that was; BEFORE_ALL before the first.
    """

    def __init__(self, number: int, shares: int, wanted: Wanted) -> None:
        self.group = BEFORE_ALL
        self._number = number
        self._shares = shares
        self._wanted = wanted
        self._asked = 0

    def __call__(self, message: Message, start_ns: int) -> bool:
        """Whether to decode it."""
        group = self._asked // GROUP
        self._asked += 1
        if group % self._shares != self._number or not self._wanted(message, start_ns):
            return False
        self.group = group
        return True


Lines = Callable[[Wanted, bool], Iterator[str]]
"""Makes the lines of the messages that are wanted, each before the next message is asked for; and notes, or none."""


def shared(lines: Lines, wanted: Wanted, jobs: int) -> Iterator[str]:
    """The lines of all messages that are wanted, in order, made by so many processes.

    Raises:
        CapanalyzeError: what a process raised, or one of them was ended from outside.
    """
    with contextlib.ExitStack() as stack:
        sources = [stack.enter_context(_process(lines, wanted, number, jobs)) for number in range(jobs)]
        heads = {source: piece for source in sources if (piece := _next(source)) is not None}
        while heads:
            source = min(heads, key=lambda one: heads[one].group)
            piece = heads.pop(source)
            if piece.error is not None:
                kind, message, hint = piece.error
                raise kind(message, hint)
            yield piece.text
            following = _next(source)
            if following is not None:
                heads[source] = following


@contextlib.contextmanager
def _process(lines: Lines, wanted: Wanted, number: int, shares: int) -> Iterator[Connection]:
    """A process at work on a share; it ends when its lines are no longer wanted."""
    ours, theirs = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.Process(target=_work, args=(theirs, lines, wanted, number, shares), daemon=True)
    process.start()
    theirs.close()
    try:
        yield ours
    finally:
        ours.close()
        process.terminate()
        process.join()


def _work(sink: Connection, lines: Lines, wanted: Wanted, number: int, shares: int) -> None:
    """Send the pieces of a share, then None."""
    share = Share(number, shares, wanted)
    with contextlib.suppress(BrokenPipeError, KeyboardInterrupt):
        for piece in _pieces(lines(share, number == 0), share):
            if piece.group != BEFORE_ALL or number == 0:
                sink.send(piece)
        sink.send(None)


def _pieces(lines: Iterator[str], share: Share) -> Iterator[Piece]:
    """Lines joined by group, and last the error that ended them, if one did."""
    group, texts = BEFORE_ALL, list[str]()
    failed: CapanalyzeError | None = None
    try:
        for line in lines:
            if share.group != group and texts:
                yield Piece(group, "".join(texts))
                texts.clear()
            group = share.group
            texts.append(line)
    except CapanalyzeError as error:
        failed = error
    if texts:
        yield Piece(group, "".join(texts))
    if failed is not None:
        yield Piece(BEHIND_ALL, "", (type(failed), str(failed), failed.hint))


def _next(source: Connection) -> Piece | None:
    """The next piece of a process; None after its last."""
    try:
        piece: Piece | None = source.recv()
    except EOFError as error:
        raise CapanalyzeError("a process of --jobs was ended from outside", "try again without --jobs") from error
    return piece
