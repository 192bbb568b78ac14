"""Differences between a client's arguments and the wire that are the client's own, each with its reason."""

ACCEPTED: dict[str, dict[tuple[str, str], str]] = {
    "ibapi 9.81": {
        ("reqHistoricalNews", "historicalNewsOptions"): "9.81 loops over the empty result instead of the options",
    },
    "@stoqey/ib": {
        ("placeOrder", "order.faProfile"): "@stoqey/ib writes the deprecated field empty, whatever it was given",
    },
}
"""By client: (method, our field) and why the two need not agree."""
