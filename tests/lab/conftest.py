"""A gateway in this process, on a free port of the loopback."""

from collections.abc import Callable, Iterator

import pytest

from tests.lab import scenarios_session, scenarios_start
from tests.lab.gateway import Gateway


@pytest.fixture
def gateway() -> Iterator[Callable[..., Gateway]]:
    started: list[Gateway] = []

    def start(*names: str) -> Gateway:
        made = Gateway(*names)
        made.start()
        started.append(made)
        return made

    yield start
    for made in started:
        made.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scenarios_session, "MIDSESSION_SECONDS", 0.1)
    monkeypatch.setattr(scenarios_start, "LATE_SECONDS", 0.5)
