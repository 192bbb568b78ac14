"""Options of the whole test suite, and the Hypothesis profiles: "fast" (the default), "deep" (HYPOTHESIS_PROFILE=deep).

They are set here, before any test is imported: one that ran alone would have a deadline, which a busy host misses.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("fast", max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("deep", max_examples=5000, deadline=None, suppress_health_check=list(HealthCheck))
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fast"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="write what the golden tests produce as their new expectation"
    )
