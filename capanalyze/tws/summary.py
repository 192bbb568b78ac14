"""One short line for a decoded message: what a timeline shows of it.

In: anything with ``name``, ``fields`` and ``request_id`` (decode.Decoded). Out: text whose values are the wire's:
a renderer has to make them safe for its medium.
"""

from typing import Final, Protocol

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
    template = TEMPLATES.get(decoded.name)
    if template is None:
        template = "" if decoded.request_id is None else f"#{decoded.request_id}"
        if "contract" in decoded.fields:
            template += " @"
    words = [decoded.name]
    for part in template.split(" "):
        word = _word(part, decoded.fields, decoded.name)
        if word:
            words.append(word)
    line = " ".join(words)
    return line if len(line) <= MAX_LENGTH else line[: MAX_LENGTH - 1] + "…"


def _word(part: str, fields: dict[str, object], message: str) -> str:
    if part == "@":
        return _contract(fields.get("contract"))
    before, brace, rest = part.partition("{")
    if not brace:
        return part
    path, _, after = rest.partition("}")
    in_words = path.startswith("=")
    path = path.removeprefix("=")
    value: object = fields
    for name in path.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or value == "":
        return ""
    words = describe(path, value, message) if in_words else ""
    return f"{before}{words or _plain(value)}{after}"


def _contract(contract: object) -> str:
    if not isinstance(contract, dict):
        return ""
    values = [contract.get(name) for name in CONTRACT]
    return " ".join(_plain(value) for value in values if value not in (None, "", "0", "0.0", "?"))


def _plain(value: object) -> str:
    if value is True or value is False:
        return "on" if value else "off"
    text = str(value)
    return text if len(text) <= 80 else text[:79] + "…"
