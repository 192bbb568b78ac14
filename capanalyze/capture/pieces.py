"""The files of a capture: which there are, in which order they are read, and which were recorded at the same time.

In: what was given, paths or open files. Out: groups of pieces. The groups follow each other, like the files of a ring
buffer; the files of one group overlap, so their packets have to be merged. Files that hold the same packets are of the
same time, whatever their clocks say (clocks.py).
"""

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

from capanalyze.capture.clocks import COMPARED, Head, beside, head_of
from capanalyze.capture.files import CaptureFile, open_file
from capanalyze.capture.merged import last_in
from capanalyze.capture.names import STDIN, usable
from capanalyze.errors import CapanalyzeError
from capanalyze.packets.raw import NO_TIME

OVERLAP_NS: Final = 500_000_000
"""How far a piece has to begin before the end of the one before it, if not before its middle, to be of the same time:
capturing alone puts packets out of order, dumpcap on several interfaces by a quarter of a second (CAP_READ_TIMEOUT)."""

MOST_AT_ONCE: Final = 8
"""Files that are read at the same time: each takes a window of memory, and systems limit how many may be open."""


class Piece(NamedTuple):
    """One file of a capture.

    Attributes:
        rank: its place among those given. begins: when its first packet came.
        ahead: how far its clock is ahead of that of others, in ns; ``begins`` is by theirs.
        beside: the rank of a file that holds the same packets, its own where none does.
        behind: it is of the same time as others that are read before it, being too many at once.
    """

    source: str | CaptureFile
    rank: int
    begins: int = NO_TIME
    ahead: int = 0
    beside: int = -1
    behind: bool = False


class Plan(NamedTuple):
    """How a capture is read.

    Attributes:
        groups: its pieces. empty: the names of those without octets. size: octets of all on disk (0: not known).
        unordered: why the pieces are read as given, "" where they are not.
        clocks: which files' clocks are ahead of which others', and how far, in ns.
    """

    groups: list[list[Piece]]
    empty: list[str]
    size: int = 0
    unordered: str = ""
    clocks: tuple[tuple[str, str, int], ...] = ()


def plan(sources: Sequence[str | CaptureFile], native: bool) -> Plan:
    """What is read, and in which order.

    Raises:
        CapanalyzeError: a file cannot be read or is no capture, or there is none.
    """
    given, empty = without_empty(expand_paths(sources))
    if not given:
        raise CapanalyzeError("no capture given", "capanalyze read FILE")
    as_given = [[Piece(source, rank)] for rank, source in enumerate(given)]
    if len(given) == 1:
        return Plan(as_given, empty)
    pieces: list[Piece] = []
    behind: list[list[Piece]] = []
    clocks: list[tuple[str, str, int]] = []
    known: Head = {}
    size = 0
    for rank, source in enumerate(given):
        if not isinstance(source, str):
            return Plan(as_given, empty)
        if source == STDIN or not os.path.isfile(source):  # noqa: PTH113 - never raises
            return Plan(as_given, empty, 0, f"{called(source)} cannot be read twice")
        file = open_file(source, native, hashed=False)
        begins, head = head_of(file, rank, COMPARED // len(given))
        file.close()
        size += file.size
        if begins is None:
            behind.append([Piece(source, rank)])
            continue
        if begins < 0:
            return Plan(as_given, empty, size, f"{called(source)} has no times")
        found = beside(head, known)
        other, ahead = found if found is not None else (rank, 0)
        if ahead:
            clocks.append((called(source), called(given[other]), ahead))
        pieces.append(Piece(source, rank, begins - ahead, ahead, other))
        for name, one in head.items():
            known.setdefault(name, one._replace(ts_ns=one.ts_ns - ahead))
    pieces.sort(key=lambda one: (one.begins, one.rank))
    return Plan(overlapping(pieces, native) + behind, empty, size, "", tuple(clocks))


def called(source: str | CaptureFile) -> str:
    """A file's name for people, without folders."""
    name = source if isinstance(source, str) else source.name
    return os.path.basename(name) if name != STDIN else "standard input"  # noqa: PTH119 - never raises


def overlapping(pieces: Sequence[Piece], native: bool) -> list[list[Piece]]:
    """Pieces in order, those of the same time in one group, but MOST_AT_ONCE at a time."""
    groups: list[list[Piece]] = []
    ends: list[int] = []  # of those in the newest group
    end = 0
    for piece in pieces:
        together = groups and (
            piece.begins < end - OVERLAP_NS
            or 2 * piece.begins < groups[-1][0].begins + end
            or any(piece.beside == one.rank or one.beside == piece.rank for one in groups[-1])
        )
        if together and sum(piece.begins <= one for one in ends) < MOST_AT_ONCE:
            groups[-1].append(piece)
        else:
            groups.append([piece._replace(behind=bool(together))])
            ends = []
        if piece is not pieces[-1]:
            assert isinstance(piece.source, str)
            ends.append(last_time(open_file(piece.source, native, hashed=False)) - piece.ahead)
            end = max(end, ends[-1])
    return groups


def last_time(file: CaptureFile) -> int:
    """Time of the file's last packet that has one, or NO_TIME. The file is used up."""
    found = NO_TIME
    for window in file.windows():
        found = int(last_in(window, found))
    return found


def expand_paths(sources: Sequence[str | CaptureFile]) -> list[str | CaptureFile]:
    """Globs resolved by us too (the Windows shell leaves them), each file once, whatever it is called.

    Raises:
        CapanalyzeError: a path that no file can have.
    """
    found: list[str | CaptureFile] = []
    for source in sources:
        if isinstance(source, str):
            usable(source)
        if isinstance(source, str) and source != STDIN and glob.has_magic(source) and not os.path.exists(source):  # noqa: PTH110 - never raises
            found += sorted(glob.glob(source)) or [source]  # noqa: PTH207 - absolute and relative patterns alike
        else:
            found.append(source)
    files: dict[str | CaptureFile, str | CaptureFile] = {}
    for one in found:
        files.setdefault(os.path.realpath(one) if isinstance(one, str) and one not in {"", STDIN} else one, one)
    return list(files.values())


def without_empty(pieces: list[str | CaptureFile]) -> tuple[list[str | CaptureFile], list[str]]:
    """Those that hold octets, or all where none does; and the names of the others.

    A ring buffer's youngest file is empty until its program has written once; that loses nothing of the older ones.
    """
    empty = [
        piece
        for piece in pieces
        if isinstance(piece, str) and os.path.isfile(piece) and not Path(piece).stat().st_size  # noqa: PTH113 - as above
    ]
    if len(empty) == len(pieces):
        return pieces, []
    return [piece for piece in pieces if piece not in empty], [Path(piece).name for piece in empty]
