"""self-connection: the client's own port was the gateway's, so that TCP connected it with itself.

Why it matters: every step that the client sees succeeds, and what it reads is what it wrote. As long as it holds the
port, the gateway cannot listen there.
What it is not: a gateway that answers with the client's own hello; another program on the port (wrong-service).
Source of the facts: RFC 9293 3.5 (simultaneous open; figure 8 with both ends the same); ip(7) of Linux, local port
range; recorded with a socket that was bound to 4001.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Cause, Finding, finding

ID: Final = "self-connection"

CAUSES: Final = (
    Cause(
        "nothing listened on the port, and the system gave that same port to the client as its own",
        "likely",
        "whether the port is in the range of ports for clients: sysctl net.ipv4.ip_local_port_range, or "
        "netsh int ipv4 show dynamicport tcp on Windows",
    ),
)


def check(facts: Facts) -> Finding | None:
    """Fires where client and server have one address and one port."""
    if facts.stage != "with_itself":
        return None
    came_back = ["what it sent came back to it as if it had been answered"] if facts.client.spoke else []
    return finding(
        ID,
        "The client is connected to itself, not to a gateway",
        [facts.began, facts.opened_at, facts.close],
        [f"client and server are the same: {facts.server.address}", *came_back],
        causes=CAUSES,
        advice="end the client first (while it holds the port, the gateway cannot listen there), start the gateway, "
        "then the client; and take the port out of the range for clients (Linux: "
        f"sysctl net.ipv4.ip_local_reserved_ports={facts.connection.server.port})",
    )
