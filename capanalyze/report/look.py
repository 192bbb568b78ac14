"""Look: what a reader chose about how a report is laid out.

In: options of a command. Out: an immutable record that every renderer is given.
"""

from datetime import UTC, tzinfo
from typing import NamedTuple


class Look(NamedTuple):
    """Columns to lay out for, and the zone in which absolute times are written."""

    width: int = 80
    zone: tzinfo = UTC
