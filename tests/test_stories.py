"""Sessions told at random: the same report in every way through the packets."""

from __future__ import annotations

import pytest

from tests.fuzz.at_random import at_random
from tests.fuzz.checked import check


@pytest.mark.parametrize("first", range(0, 500, 25))
def test_a_story_is_reported_the_same_in_every_way(first: int) -> None:
    for seed in range(first, first + 25):
        check(at_random(seed))
