"""What a shipped recording is made of: who speaks to which gateway, and what must come out.

`record` carries a Recording out and refuses a result that differs from its `closes`.
"""

from typing import NamedTuple

Close = tuple[str, str] | None  # (who closed first, "FIN" or "RST"); None: nobody within the capture
CLIENT_FIN: tuple[Close, ...] = (("client", "FIN"),)
SERVER_FIN: tuple[Close, ...] = (("server", "FIN"),)
SERVER_RST: tuple[Close, ...] = (("server", "RST"),)
OPEN_ONLY: tuple[tuple[Close, ...], ...] = ((None,),)
# A gateway that closes before it has read the hello sends a FIN when the hello arrives later and a RST when it was
# already there: which of the two is a matter of microseconds.
SERVER_EITHER: tuple[Close, ...] = (("server", "FIN"), ("server", "RST"))


class Client(NamedTuple):
    """A client of a recording.

    `at`: seconds after the first client's start; None: when the one before has ended. `kill_after`: seconds after its
    start at which it is killed (SIGKILL), None: it ends by itself.
    """

    library: str
    arguments: tuple[str, ...] = ()
    at: float | None = None
    kill_after: float | None = None


class Recording(NamedTuple):
    """One file. `closes` has, for each connection, the outcomes that are allowed; the last one repeats."""

    name: str
    gateway: tuple[str, ...]
    clients: tuple[Client, ...]
    closes: tuple[tuple[Close, ...], ...]
    story: str
    verdict: str
    not_tws: str | None = None  # what a client spoke instead
    listen_after: float = 0.0
    linger: float = 0.7  # seconds from the last client's end to the end of the capture
    stop_at: float | None = None  # seconds after the first client's start; what is open then stays open
    start_at: float = 0.0  # seconds after the first client's start; what came before is not captured
    snaplen: int = 262144
    gateway_host: str = "127.0.0.1"


def ib(library: str, session: str = "connect", *more: str) -> Client:
    """A client that runs a session of its driver; nothing said: it connects and disconnects."""
    return Client(library, ("--session", session, *more))
