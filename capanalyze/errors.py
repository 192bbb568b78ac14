"""The errors that reach a user: one sentence what and where, one hint what to do.

Raised where files, interfaces and options are met (capture/, commands/, integrations/; ``Report.messages``), told to
the user by commands/app.py. Bytes on the wire never raise: a hole is a gap, lost framing a desync, a bad header a
counter.
"""


class CapanalyzeError(Exception):
    """Something could not be done; ``str(error)`` says what and where, ``hint`` what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.hint = hint


class NotACaptureError(CapanalyzeError):
    """The input is no capture that can be read, or is damaged beyond use."""


class NoAccessError(CapanalyzeError):
    """The operating system refused: a file, an interface, a privilege."""


class ToolError(CapanalyzeError):
    """A program that is needed (dumpcap, tshark) is missing or died."""
