"""capanalyze: who closed the socket to TWS or IB Gateway, when, how, and what was said before.

``read`` and ``live`` are the Python API; ``python -m capanalyze`` is the command line. Nothing is imported before it
is used: start-up time is a feature.
"""

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from capanalyze.api import live, read
    from capanalyze.errors import CapanalyzeError
    from capanalyze.following import Live
    from capanalyze.report.report import Report

__all__ = ["API_PORTS", "CapanalyzeError", "Live", "Report", "__version__", "live", "read"]

__version__: Final = "0.1.0"

API_PORTS: Final = (4001, 4002, 7496, 7497)
"""IB Gateway live and paper, TWS live and paper: the defaults of IB's installers."""

_HOMES: Final = {
    "CapanalyzeError": "capanalyze.errors",
    "Live": "capanalyze.following",
    "Report": "capanalyze.report.report",
    "live": "capanalyze.api",
    "read": "capanalyze.api",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - any public name, imported when first asked for
    home = _HOMES.get(name)
    if home is None:
        message = f"module 'capanalyze' has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*__all__, *globals()])
