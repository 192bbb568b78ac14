"""File names: those that no file can have are refused before the system is asked, which would raise ValueError.

In: a path as a script gives it (a command line holds no such name). Out: the same path, or one clear error.
"""

import os
from typing import Final

from capanalyze.errors import CapanalyzeError

STDIN: Final = "-"
"""The name of standard input."""


def usable(path: str) -> str:
    """The path, if a file may be called so.

    Raises:
        CapanalyzeError: it holds a NUL, or a character that the system's encoding of names lacks.
    """
    try:
        octets = os.fsencode(path)
    except UnicodeEncodeError as error:
        raise CapanalyzeError(f"{path!r}: no file name", "a name holds whole characters, no half of one") from error
    if b"\0" in octets:
        raise CapanalyzeError(f"{path!r}: no file name", "a name holds no NUL")
    return path
