"""The file behind ``-w``: opened before anything is captured, written block by block without a buffer of ours."""

import os
import stat
from contextlib import suppress
from pathlib import Path

from capanalyze.capture.names import usable
from capanalyze.errors import NoAccessError


class StreamFile:
    """A file that receives whole blocks as they arrive; a kill leaves those that arrived.

    An existing file keeps its content until the first block: a capture that cannot start destroys nothing.
    """

    def __init__(self, path: Path) -> None:
        """Open ``path`` for writing.

        Raises:
            NoAccessError: it cannot be written.
            CapanalyzeError: no file can have that name.
        """
        usable(str(path))
        self.path = path
        self._started = False
        try:
            self._created = not path.exists()
            self._file = path.open("xb" if self._created else "r+b", buffering=0)
        except OSError as error:
            reason = error.strerror or str(error)
            raise NoAccessError(f"{path}: {reason}", "name a file with -w in a folder that you may write to") from error

    def write(self, blocks: bytes) -> None:
        """Append whole blocks.

        Raises:
            NoAccessError: the disk is full, or gone.
        """
        try:
            if not self._started:
                self._started = True
                if stat.S_ISREG(os.fstat(self._file.fileno()).st_mode):
                    self._file.truncate(0)
            view = memoryview(blocks)
            while view:
                view = view[self._file.write(view) or 0 :]
        except OSError as error:
            raise NoAccessError(f"{self.path}: {error.strerror}, the file ends there", "the report goes on") from error

    def close(self) -> None:
        """Close it; a file that was made here and never written to goes away."""
        self._file.close()
        if self._created and not self._started:
            with suppress(OSError):
                self.path.unlink()
