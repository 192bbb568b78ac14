"""Which server versions a text message can be of, by its form alone: its fields, their number and their types.

In: a message of a session whose hello is not in the capture. Out: the lowest and the highest version whose layout it
fits. Rows: schema/. What ids lie where is all that is asked here; decode.py names fields as far as versions agree.
"""

from typing import Final

from capanalyze.tws import text
from capanalyze.tws.scalars import ESCAPES_SINCE
from capanalyze.tws.schema import MessageType, message
from capanalyze.tws.text import Step

FIRST_FRAMED: Final = 100
"""The oldest server version that a session with frames asks for."""

MAX_TRIED: Final = 400_000
"""Fields that are read to find the server versions a message fits; a longer one is tried at fewer versions."""

TICK_OPTION: Final = 21
OPTION_TICKS: Final = frozenset((10, 11, 12, 13, 53, 80, 81, 82, 83))
"""tickOptionComputation, and the tick types that it has (IB's TickType): at version 156 a field went, and one came."""

_plans: dict[tuple[bool, int, int], list[Step]] = {}


def plan_of(row: MessageType, server_version: int) -> list[Step]:
    """The layout of a message at a server version, resolved once."""
    key = (row.from_client, row.id, server_version)
    steps = _plans.get(key)
    if steps is None:
        steps = text.plan(row.nodes(), server_version)
        _plans[key] = steps
    return steps


def stretches(row: MessageType, low: int, high: int) -> list[int]:
    """The oldest server version of each stretch from ``low`` to ``high`` in which the layout of ``row`` is the same."""
    low = max(low, row.since)
    bounds = {low}
    waiting = list(row.nodes())
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children)
        bounds.update((node.low, node.high + 1))
    bounds.add(ESCAPES_SINCE)
    return sorted(bound for bound in bounds if low <= bound <= high) or [low]


def fitting_versions(
    from_client: bool, message_id: int, payload: bytes, low: int, high: int, *, whole: bool
) -> tuple[int, int] | None:
    """The lowest and the highest server version from ``low`` to ``high`` whose layout a text message fits.

    None where none does, or where it is too long to be tried at all of them. A payload that is not ``whole`` may end
    before its layout does.
    """
    row = message(from_client, message_id)
    if row is None or not row.text:
        return None
    body = payload.partition(b"\0")[2]
    fields = text.split(body if whole else body[: body.rfind(b"\0") + 1])
    oldest = stretches(row, low, high)
    if len(fields) * len(oldest) > MAX_TRIED:
        return None
    for strict in (True, False):  # identifiers are first held not to be empty
        fitting = [place for place, version in enumerate(oldest) if _fits(row, version, fields, whole, strict)]
        if fitting:
            above = fitting[-1] + 1
            return oldest[fitting[0]], oldest[above] - 1 if above < len(oldest) else high
    return None


def _fits(row: MessageType, version: int, fields: list[bytes], whole: bool, strict: bool) -> bool:
    reader = text.Reader(fields, trace=True, strict=strict)
    values = reader.read(plan_of(row, version))
    if reader.problem is not None and (whole or not reader.ends_early()):
        return False
    if row.from_client or row.id != TICK_OPTION:
        return True
    return values.get("tickType") in OPTION_TICKS and values.get("tickAttrib") not in OPTION_TICKS
