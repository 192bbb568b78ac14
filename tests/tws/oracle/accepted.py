"""Differences between a client's arguments and the wire that are the client's own, each with its reason."""

ACCEPTED: dict[str, dict[tuple[str, str], str]] = {
    "ibapi": {
        ("reqHistoricalNews", "historicalNewsOptions"): "9.81 loops over the empty result instead of the options",
    },
}
"""By environment: (method, our field) and why the two need not agree."""
