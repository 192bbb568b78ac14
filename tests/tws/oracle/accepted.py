"""Differences between a client's arguments and the wire that are the client's own, each with its reason."""

_IB = {
    ("contractDetails", "mdSizeMultiplier"): "kept at its default, whatever came",
    ("bondContractDetails", "mdSizeMultiplier"): "the same",
    ("scannerData", "mdSizeMultiplier"): "the same",
    ("contractDetails", "suggestedSizeIncrement"): "at 163 there is only sizeMinTick, which it takes for this one",
    ("openOrder", "scalePriceIncrement"): "0 is shown as unset",
    ("completedOrder", "scalePriceIncrement"): "the same",
    ("openOrder", "duration"): "read from 159 on; MIN_SERVER_VER_DURATION is 158, and its own encoder writes it then",
    ("tickPrice", "attrMask"): "thrown away",
}

ACCEPTED: dict[str, dict[tuple[str, str], str]] = {
    "ibapi 9.81": {
        ("reqHistoricalNews", "historicalNewsOptions"): "9.81 loops over the empty result instead of the options",
    },
    "@stoqey/ib": {
        ("placeOrder", "order.faProfile"): "@stoqey/ib writes the deprecated field empty, whatever it was given",
    },
    "answers, ib_async": _IB,
    "answers, ib_insync": _IB,
}
"""By client: (method, our field) and why the two need not agree."""
