"""One short line for a decoded message: what a timeline shows of it.

In: anything with ``name``, ``fields`` and ``request_id`` (decode.Decoded). Out: text whose values are the wire's:
a renderer has to make them safe for its medium.
"""

from functools import cache
from typing import Final, NamedTuple, Protocol

from capanalyze.tws.values import describe

MAX_LENGTH: Final = 160
"""Characters of a summary; longer ones end in an ellipsis."""

CONTRACT: Final = ("symbol", "secType", "lastTradeDateOrContractMonth", "strike", "right", "exchange")

TEMPLATES: Final = {
    "startApi": "client {clientId}",
    "nextValidId": "{orderId}",
    "managedAccounts": "{accountsList}",
    "error": '{id} code {errorCode} "{errorMsg}"',
    "placeOrder": "#{orderId} {order.action} {order.totalQuantity} @ {order.orderType} {order.lmtPrice}",
    "openOrder": "#{orderId} {order.action} {order.totalQuantity} @ {order.orderType} {order.lmtPrice} "
    "{orderState.status}",
    "completedOrder": "{order.action} {order.totalQuantity} @ {orderState.status}",
    "orderStatus": "#{orderId} {status} filled {filled} remaining {remaining}",
    "execDetails": "#{execution.orderId} {execution.side} {execution.shares} @ at {execution.price}",
    "tickPrice": "#{reqId} {=tickType} {price}",
    "tickSize": "#{reqId} {=tickType} {size}",
    "tickString": "#{reqId} {=tickType} {value}",
    "tickGeneric": "#{reqId} {=tickType} {value}",
    "tickOptionComputation": "#{reqId} {=tickType} {optPrice}",
    "tickByTick": "#{reqId} {=tickType}",
    "updateAccountValue": "{key} {value} {currency}",
    "updateAccountTime": "{timeStamp}",
    "accountSummary": "#{reqId} {tag} {value} {currency}",
    "accountDownloadEnd": "{accountName}",
    "position": "@ {position}",
    "updatePortfolio": "@ {position}",
    "reqAccountUpdates": "{subscribe} {acctCode}",
    "reqMarketDataType": "{=marketDataType}",
    "marketDataType": "#{reqId} {=marketDataType}",
    "reqHistoricalData": "#{reqId} @ {duration} {barSizeSetting} {whatToShow}",
    "reqIds": "{numIds}",
    "currentTime": "{currentTime}",
    "currentTimeInMillis": "{currentTimeInMillis}",
    "reqAccountSummary": "#{reqId} {group} {tags}",
    "reqMatchingSymbols": "#{reqId} {pattern}",
    "commissionAndFeesReport": "{commissionAndFees} {currency}",
    "orderBound": "#{orderId} permId {permId} client {clientId}",
}
"""The words after the name: ``{path}`` a value (nothing where it is unset), ``{=path}`` in words if there are any
(values.py), ``@`` the contract."""


class Summarised(Protocol):
    """What a summary is made of."""

    @property
    def name(self) -> str:
        """The message's name."""

    @property
    def fields(self) -> dict[str, object]:
        """Its values."""

    @property
    def request_id(self) -> int | None:
        """Its pairing key."""


def summary(decoded: Summarised) -> str:
    """``reqMktData #1001 ES FUT CME``, ``error -1 code 2104 "..."``: the name and what tells it from its like."""
    words = [decoded.name]
    if decoded.name in TEMPLATES:
        words += [word for part in _parts(decoded.name) if (word := _word(part, decoded.fields, decoded.name))]
    else:
        words += [f"#{decoded.request_id}"] if decoded.request_id is not None else []
        contract = _contract(decoded.fields.get("contract"))
        words += [contract] if contract else []
    line = " ".join(words)
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"


class _Part(NamedTuple):
    """A word of a template: a value between two texts; a text alone has no ``names``."""

    before: str
    path: str
    names: tuple[str, ...]
    in_words: bool
    after: str


@cache
def _parts(message: str) -> tuple[_Part, ...]:
    """The words of a message's template."""
    found = []
    for part in TEMPLATES[message].split(" "):
        before, _, rest = part.partition("{")
        path, _, after = rest.partition("}")
        in_words = path.startswith("=")
        path = path.removeprefix("=")
        found.append(_Part(before, path, tuple(path.split(".")) if path else (), in_words, after))
    return tuple(found)


def _word(part: _Part, fields: dict[str, object], message: str) -> str:
    if part.before == "@":
        return _contract(fields.get("contract"))
    if not part.names:
        return part.before
    value: object = fields
    for name in part.names:
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or value == "":
        return ""
    words = describe(part.path, value, message) if part.in_words else ""
    return f"{part.before}{words or _plain(value)}{part.after}"


def _contract(contract: object) -> str:
    if not isinstance(contract, dict):
        return ""
    values = [contract.get(name) for name in CONTRACT]
    return " ".join(_plain(value) for value in values if value not in (None, "", "0", "0.0", "?"))


def _plain(value: object) -> str:
    if value is True or value is False:
        return "on" if value else "off"
    text = " ".join(str(value).split())  # an error's text may have lines
    return text if len(text) <= 80 else text[:79] + "…"
