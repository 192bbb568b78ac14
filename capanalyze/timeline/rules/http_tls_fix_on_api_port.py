"""http-tls-fix-on-api-port: a browser, a REST, TLS or FIX client dials the API's port.

Why it matters: the TWS API is neither HTTP nor TLS nor FIX; the gateway cannot answer what it does not speak.
What it is not: a misspelt TWS hello (bad-hello), or another program behind the port (wrong-service). Where both sides
speak TLS it is a notice: a proxy may pass it on to the gateway in the clear.
Source of the facts: failures.md 13 and 14.
"""

from typing import Final

from capanalyze.timeline.facts import Facts
from capanalyze.timeline.findings import Finding, finding
from capanalyze.timeline.upstream import both_speak_tls

ID: Final = "http-tls-fix-on-api-port"

ADVICE: Final = (
    ("HTTP", "REST calls belong to IB's Client Portal Gateway or Web API, which is other software on another port"),
    ("TLS", "switch TLS off in the client: TWS and IB Gateway do not encrypt this socket"),
    ("FIX", "FIX needs a FIX (CTCI) login and its own port"),
)
"""Protocol -> what its user needs."""


def check(facts: Facts) -> Finding | None:
    """Fires where the client's first octets name another protocol."""
    wrong = facts.misfit
    if not facts.api or wrong is None or wrong.side != "client" or not wrong.protocol or facts.upstream:
        return None
    if both_speak_tls(wrong, facts.first_octets("server")):
        return finding(
            ID,
            "Client and server speak TLS on the API port: what they say cannot be read",
            [facts.client.first, facts.server.first],
            [wrong.words],
            severity="notice",
            advice="TWS and IB Gateway do not encrypt this socket, so a proxy with TLS stands before them, or another "
            "program listens there; capture behind the proxy",
        )
    advice = next((text for word, text in ADVICE if word in wrong.protocol), "point this client at its own server")
    return finding(
        ID,
        f"The client speaks another protocol to the API port: {wrong.protocol}",
        [facts.client.first],
        [wrong.words],
        advice=advice,
    )
