"""Run in an environment of ib_async or ib_insync: feed frames to its decoder, print which callbacks it makes with what.

The same input and output as drive_ibapi_answers.py, under ibapi's names; text bodies only.

    drive_ib_answers.py LIBRARY
"""
# ruff: noqa: ANN401  # the client's objects have no types here

import dataclasses
import importlib
import inspect
import json
import logging
import re
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

library = sys.argv[1]
decoder_module = importlib.import_module(f"{library}.decoder")
wrapper_class = importlib.import_module(f"{library}.wrapper").Wrapper

PARAMETERS: dict[str, tuple[str, ...]] = {
    "accountDownloadEnd": ("accountName",),
    "accountUpdateMulti": ("reqId", "account", "modelCode", "key", "value", "currency"),
    "commissionReport": ("commissionReport",),
    "deltaNeutralValidation": ("reqId", "deltaNeutralContract"),
    "displayGroupList": ("reqId", "groups"),
    "displayGroupUpdated": ("reqId", "contractInfo"),
    "marketDataType": ("reqId", "marketDataType"),
    "nextValidId": ("orderId",),
    "orderBound": ("permId", "clientId", "orderId"),
    "position": ("account", "contract", "position", "avgCost"),
    "priceSizeTick": ("reqId", "tickType", "price", "size"),
    "receiveFA": ("faData", "cxml"),
    "replaceFAEnd": ("reqId", "text"),
    "rerouteMktDataReq": ("reqId", "conId", "exchange"),
    "rerouteMktDepthReq": ("reqId", "conId", "exchange"),
    "smartComponents": ("reqId", "smartComponentMap"),
    "updateAccountTime": ("timeStamp",),
    "updateAccountValue": ("key", "val", "currency", "accountName"),
    "updateNewsBulletin": ("msgId", "msgType", "newsMessage", "originExch"),
    "updatePortfolio": (
        "contract", "position", "marketPrice", "marketValue", "averageCost", "unrealizedPNL", "realizedPNL",
        "accountName",
    ),
    "verifyAndAuthCompleted": ("isSuccessful", "errorText"),
    "verifyAndAuthMessageAPI": ("apiData", "xyzChallange"),
    "verifyCompleted": ("isSuccessful", "errorText"),
    "verifyMessageAPI": ("apiData",),
}  # fmt: skip
"""ibapi's names of the parameters that the library names otherwise, or has no callback for."""

ATTRIBUTES = {"average": "wap", "exch": "exchange", "count": "size"}
"""ibapi's names of attributes."""


class Time(str):
    """What stands where a time would be parsed: the field as it is."""

    __slots__ = ()
    tzinfo = UTC

    def astimezone(self, _zone: Any) -> str:
        return str(self)


class Failures(logging.Handler):
    """What the decoder caught and logged."""

    def __init__(self) -> None:
        super().__init__()
        self.last = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info:
            self.last = f"{record.exc_info[0].__name__}: {record.exc_info[1]}"[:200]


class Wrapper:
    """Has every callback, and keeps what it was called with."""

    defaultTimezone = UTC  # noqa: N815  # the name the decoder reads

    def __init__(self) -> None:
        self.calls = []

    def __getattr__(self, name: str) -> Callable[..., None]:
        method = getattr(wrapper_class, name, None)
        names = PARAMETERS.get(name) or tuple(
            parameter.lstrip("_") for parameter in list(inspect.signature(method).parameters)[1:]
        )

        def record(*arguments: Any) -> None:
            given = dict(zip(names, arguments, strict=False))
            self.calls.append([name, {key: plain(value) for key, value in given.items()}])

        return record


def plain(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(r"\\u([0-9a-f]{4})", lambda escape: chr(int(escape[1], 16)), value)  # the library leaves them
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, datetime):
        return round(value.timestamp())
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return dict(attribute(name, item) for name, item in zip(value._fields, value, strict=True))
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return dict(attribute(field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


def attribute(name: str, value: Any) -> tuple[str, Any]:
    if name == "conjunction":
        return "isConjunctionConnection", value == "a"
    return ATTRIBUTES.get(name, name), plain(value)


def main() -> None:
    decoder_module.parseIBDatetime = Time
    failures = Failures()
    logger = logging.getLogger(f"{library}.Decoder")
    logger.addHandler(failures)
    logger.propagate = False
    for line in sys.stdin:
        frame = json.loads(line)
        wrapper = Wrapper()
        decoder = decoder_module.Decoder(wrapper, frame["version"])
        failures.last = None
        body = bytes.fromhex(frame["body"]).decode(errors="backslashreplace")
        decoder.interpret([str(frame["id"]), *body.split("\0")[:-1]])
        print(json.dumps({"calls": wrapper.calls, "raised": failures.last, "proto": None}))


main()
