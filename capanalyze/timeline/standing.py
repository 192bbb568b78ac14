"""Standing: what the gateway had said that still held when a session ended.

In: Facts. Out: error messages: the newest of each code that tells why a session broke or stands still, data farms that
had not come back, and those that only their text tells. Of more errors than are kept the newest decide.
"""

from typing import Final, NamedTuple

from capanalyze.timeline.errors_told import MEANINGS, RESTORED, UPSTREAM, WireError
from capanalyze.timeline.facts import Facts
from capanalyze.timeline.pacing import REJECTED
from capanalyze.timeline.words import MINUTE, SECOND

RECENT: Final = 5 * MINUTE
"""An error that passes explains no close later than that."""

READ_ONLY: Final = 321
READ_ONLY_TEXT: Final = "read-only"
"""Other validation errors have the same code, with another text (failures.md 32)."""

TRIMMED_TEXT: Final = "output exceeded limit"
"""The gateway's words for output that it threw away (failures.md 49)."""

FARMS: Final = {
    2103: ("market data farm", False),
    2104: ("market data farm", True),
    2105: ("historical data farm", False),
    2106: ("historical data farm", True),
    2107: ("historical data farm", True),
    2108: ("market data farm", True),
    2157: ("security definition farm", False),
    2158: ("security definition farm", True),
    2159: ("security definition farm", True),
}
"""The kind of farm that a code is about, and whether it is there; an idle one is, on demand (protocol.md 5.2)."""


NOT_CONNECTED: Final = "not connected:"
"""What 1101 and 1102 end with where a farm is missing: "... are connected: usfarm. ... are not connected: ushmds."."""


class Farm(NamedTuple):
    """A data farm of IB's that the gateway had lost."""

    kind: str
    name: str
    error: WireError


def recent(facts: Facts, error: WireError) -> bool:
    """Whether a session ended so soon after an error that it may be why; also where there are no times."""
    since = facts.between(error.at, facts.until)
    return since is None or since <= RECENT


def standing(facts: Facts) -> list[WireError]:
    """The newest error of each code in MEANINGS, unless it was over: IB's connection restored, or the pace long ago."""
    before = [error for error in facts.errors if facts.told_before_close(error.code)]
    newest = _newest(facts)
    back = max((place for place, error in enumerate(newest) if error.code in RESTORED), default=-1)
    gone = {error.code for error in newest[back + 1 :]}
    last = {error.code: error for error in before if error.code in MEANINGS}
    return [
        error
        for code, error in last.items()
        if (code not in UPSTREAM or code in gone) and (code != REJECTED or recent(facts, error))
    ]


def lost_farms(facts: Facts) -> list[Farm]:
    """The data farms that were gone for a second and more in the end, in the order in which they went."""
    found: dict[tuple[str, str], Farm] = {}
    for error in _newest(facts):
        if error.code in RESTORED:
            down = _down(error.text)
            found = {key: farm for key, farm in found.items() if farm.name in down}
        kind, there = FARMS.get(error.code, ("", True))
        name = _farm_name(error.text)
        if there:
            found.pop((kind, name), None)
        elif name:
            found.setdefault((kind, name), Farm(kind, name, error))
    end = facts.until
    waits = [(farm, facts.between(farm.error.at, end)) for farm in found.values()]
    return [farm for farm, wait in waits if wait is not None and wait >= SECOND]


def read_only(facts: Facts) -> WireError | None:
    """The first refusal by a gateway whose API is read-only."""
    told = (error for error in facts.errors if error.code == READ_ONLY and READ_ONLY_TEXT in error.text.lower())
    return next(told, None)


def trimmed(facts: Facts) -> list[WireError]:
    """What the gateway said of output that it threw away."""
    return [error for error in facts.errors if TRIMMED_TEXT in error.text.lower()]


def _newest(facts: Facts) -> list[WireError]:
    """Those from which on none is left out, that came before the client had closed."""
    session = facts.session
    known = len(session.errors) - int(session.errors_since) if session is not None and session.errors_left_out else None
    newest = facts.errors if known is None else facts.errors[len(facts.errors) - known :]
    return [error for error in newest if facts.told_before_close(error.code)]


def _farm_name(text: str) -> str:
    """The name at the end of "... connection is broken:usfarm.nj" or "... upon demand.usfarm.nj"."""
    lead, colon, name = text.rpartition(":")
    return (name if colon and lead else text.partition(".")[2]).strip()


def _down(text: str) -> set[str]:
    """The farms that are still gone when IB's connection is back; the text lists those that are not, or none."""
    listed = text.partition(NOT_CONNECTED)[2]
    return {name.strip().rstrip(".") for name in listed.split(";")}
