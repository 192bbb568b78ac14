"""What an error can be about: ids of orders and of other requests are numbered apart, and may be the same.

In: the code of an error that names an id, and a request with that id. Out: whether it can be meant for that. As far as
IB's list of message codes and the wording of each tell; a code that neither explains may be about any request.
"""

from typing import Final

_OF_ORDERS: Final = frozenset(
    {*range(103, 121), *range(131, 137), *range(144, 148), 161, 163, 201, 202, 328, 329, 382, 383, 387, 388, 399}
    | {404, 434, 481, 10006, 10020, 10147, 10148, 10233, 10268, 10269, 10270, 10289, 10290, 10328, 10340, 10341}
    | {10342, 10349}
)
"""Codes whose id is an order's: the client numbers its other requests apart, and may use the same numbers."""

_OF_OTHERS: Final = frozenset(
    {101, 102, 162, 165, 166, 300, 309, 310, 316, 317, 354, 365, 366, 385, 386, 414, 420, 430, 492}
    | {10089, 10090, 10091, 10092, 10167, 10168, 10186, 10187, 10189, 10197}
)
"""Codes whose id is that of a request which is no order."""

_OF_CANCELS: Final = frozenset({136, 161, 10147, 10148})
"""Codes that answer the cancellation of an order, and leave the order as it is."""

_OF_HISTORY: Final = frozenset({"reqHistoricalData", "reqHistoricalTicks", "reqHeadTimeStamp", "reqHistogramData"})

_ABOUT: Final[dict[int, frozenset[str]]] = {
    300: frozenset(),
    310: frozenset({"reqMktDepth"}),
    365: frozenset({"reqScannerSubscription"}),
    366: _OF_HISTORY,
}
"""Codes that say that there is nothing (any more) to cancel: of what the gateway may have ended, and of nothing else.

Whoever cancels a list that has ended gets one, often when the id is in use again, for something else.
"""


def fits(code: int, request: str) -> bool:
    """Whether an error with that code can be about a request of that name."""
    if request == "placeOrder":
        return code not in _OF_OTHERS and code not in _OF_CANCELS
    if request == "cancelOrder":
        return code not in _OF_OTHERS
    return code not in _OF_ORDERS and (code not in _ABOUT or request in _ABOUT[code])


def of_the_order(code: int) -> bool:
    """Whether an error that names an order is about the order alone, not about its cancellation."""
    return code in _OF_ORDERS and code not in _OF_CANCELS and code not in {135, 202}
