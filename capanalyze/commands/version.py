"""--version: which version, on which Python, compiled or interpreted."""

import platform

from capanalyze import __version__
from capanalyze.commands.output import to_stdout


def compiled() -> bool:
    """Whether the hot modules run as machine code (mypyc) or are interpreted."""
    from capanalyze.tcp import tracker  # noqa: PLC0415 - only --version asks

    return not (tracker.__file__ or "").endswith(".py")


def show() -> None:
    """One line on standard output."""
    how = "compiled" if compiled() else "interpreted"
    to_stdout(f"capanalyze {__version__} ({how}, Python {platform.python_version()})\n")
