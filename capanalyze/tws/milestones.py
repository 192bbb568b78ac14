"""The milestones of a session (contract.md): how far it got, each with the packet that proves it.

In: what the session saw, as it sees it. Out: eight Milestones in the order in which a healthy session passes them.
``tcp_connected`` is filled by whoever knows the TCP connection.
"""

from typing import Final

from mypy_extensions import i64

CRITERIA: Final[dict[str, str]] = {
    "tcp_connected": "the three-way handshake is complete",
    "hello_sent": "the client's whole hello was sent",
    "server_answered": "the server's whole hello was sent",
    "start_api_sent": "the client sent startApi (71)",
    "next_valid_id": "the server sent nextValidId (9)",
    "managed_accounts": "the server sent managedAccounts (15)",
    "farm_ok": "the server sent error 2104, 2106 or 2158 (a data farm is connected)",
    "ready": "the server sent both nextValidId and managedAccounts",
}

FARM_OK: Final = frozenset({2104, 2106, 2158})


class Milestone:
    """Whether a point was reached, by which packet (0: none) and when (-1: no time)."""

    __slots__ = ("criterion", "packet", "reached", "ts_ns")

    def __init__(self, criterion: str) -> None:
        self.reached: bool = False
        self.packet: i64 = 0
        self.ts_ns: i64 = -1
        self.criterion: str = criterion


class Milestones:
    """All of them, by name."""

    def __init__(self) -> None:
        self.by_name: dict[str, Milestone] = {name: Milestone(text) for name, text in CRITERIA.items()}

    def reach(self, name: str, packet: i64, ts_ns: i64) -> None:
        """Note the first packet that proves ``name``; ``ready`` follows from its two parts."""
        milestone = self.by_name[name]
        if milestone.reached:
            return
        milestone.reached = True
        milestone.packet = packet
        milestone.ts_ns = ts_ns
        if name in {"next_valid_id", "managed_accounts"} and self.reached("next_valid_id", "managed_accounts"):
            self.reach("ready", packet, ts_ns)

    def reached(self, *names: str) -> bool:
        """Whether all of ``names`` were reached."""
        return all(self.by_name[name].reached for name in names)
