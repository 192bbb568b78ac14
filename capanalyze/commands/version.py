"""--version: which version, on which Python, compiled or interpreted."""

import platform

from capanalyze import __version__
from capanalyze.commands.output import to_stdout
from capanalyze.packets.common import COMPILED


def show() -> None:
    """One line on standard output."""
    how = "compiled" if COMPILED else "interpreted"
    to_stdout(f"capanalyze {__version__} ({how}, Python {platform.python_version()})\n")
