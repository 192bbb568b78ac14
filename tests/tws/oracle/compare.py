"""Compare what our decoder names with what a real client was given or handed out, name by name."""

import math
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

UNSET_NUMBERS = {Decimal(2**31 - 1), Decimal(2**63 - 1), Decimal(-(2**63)), Decimal(2**127 - 1)}
UNSET_NUMBERS |= {Decimal(repr(float(number))) for number in UNSET_NUMBERS}  # where a client has floats only
LARGEST_DOUBLE = 1.7976931348623157e308
MISSING = object()

Path = tuple[str | int, ...]

CONSTANTS = {
    "version": None,
    "order.sharesAllocation": "",
    "order.faProfile": "",
    "order.eTradeOnly": False,
    "order.firmQuoteOnly": False,
    "order.nbboPriceCap": None,
    "order.externalUserId": "",
    "orderCancel.externalUserId": "",
}
"""What ibapi writes without being given it; None for anything."""

RENAMED = {
    "autoBind": "bAutoBind",
    "allMessages": "allMsgs",
    "executionFilter": "execFilter",
    "group": "groupName",
    "faDataType": "faData",
    "xml": "cxml",
    "duration": "durationStr",
    "marketDataOptions": "mktDataOptions",
    "marketDepthOptions": "mktDepthOptions",
    "impliedVolatilityOptions": "implVolOptions",
    "optionPriceOptions": "optPrcOptions",
    "scannerSubscription": "subscription",
    "attachedOrders": "order",
    "fundamentalsDataOptions": "fundamentalDataOptions",
}
"""Our field names (the protobuf descriptors') and ibapi's names for the argument or attribute, where they differ."""

ALTERNATIVES = {
    "reqId": ("tickerId",),
    "orderId": ("reqId", "id", "tickerId"),
    "useRTH": ("useRth",),
    "conId": ("conid",),
    "primaryExchange": ("primaryExch",),
    "account": ("acctCode",),
    "executionFilter": ("filter",),
    "changePercent": ("percent",),
}


def leaves(value: object, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Every value of nested dicts and lists with its path; an empty list is a value too."""
    if isinstance(value, dict) and not (len(value) == 1 and ("float" in value or "decimal" in value)):
        for name, inner in value.items():
            yield from leaves(inner, (*path, name))
    elif isinstance(value, list) and value:
        for index, inner in enumerate(in_order(value)):
            yield from leaves(inner, (*path, index))
    else:
        yield path, value


def in_order(value: list[Any]) -> list[Any]:
    """Tag and value pairs sorted (a protobuf map has no order), everything else as it is."""
    if isinstance(value[0], dict) and "tag" in value[0]:
        return sorted(value, key=lambda item: str(item["tag"]))
    return value


def dotted(path: Path) -> str:
    """A path for people, without its indices."""
    return ".".join(str(part) for part in path if not isinstance(part, int))


def number_of(value: object) -> Decimal | None:
    """The value as a decimal; None if it is no number or stands for unset."""
    if isinstance(value, dict):
        value = value.get("float", value.get("decimal"))
    if value is None or value == "":
        return None
    if str(value) in ("inf", "Infinity", "-inf", "-Infinity", "nan", "NaN"):
        return Decimal(str(value))
    try:
        found = Decimal(str(value))
    except InvalidOperation:
        return None
    return None if found in UNSET_NUMBERS or math.isclose(float(found), LARGEST_DOUBLE) else found


def options(value: list[dict[str, str]]) -> str:
    """Tag and value pairs as the text form has them in one field."""
    return "".join(f"{item['tag']}={item['value']};" for item in value)


def same(ours: object, theirs: object) -> bool:
    """Whether a decoded value means what the client holds."""
    if isinstance(theirs, list) and theirs and "tag" in theirs[0] and isinstance(ours, str):
        return ours == options(theirs)
    if ours is None or ours in ("", []):
        if isinstance(theirs, str):
            return theirs in ("", "1.7976931348623157E308")
        return theirs is None or theirs == [] or number_of(theirs) is None
    if isinstance(theirs, dict) and isinstance(ours, str) and number_of(ours) is not None:
        there = number_of(theirs)
        return there is not None and repr(float(str(there))) == repr(float(ours))
    if isinstance(ours, bool):
        truth = number_of(int(theirs) if isinstance(theirs, bool) else theirs)
        return truth is not None and ours == (truth != 0)
    if isinstance(theirs, str) and isinstance(ours, str):
        return ours == theirs or (number_of(ours) is not None and number_of(ours) == number_of(theirs))
    if isinstance(theirs, bool):
        return number_of(ours) == int(theirs)
    if number_of(theirs) is None:
        return number_of(ours) is None and not isinstance(theirs, str)
    return number_of(ours) == number_of(theirs)


def argument_of(path: Path, arguments: dict[str, Any]) -> object:
    """The client's value for one of our paths, MISSING if it has none."""
    if path[-1] == "perLegPrice":
        return _down(("order", "orderComboLegs", path[2], "price"), arguments)
    if path == ("deltaNeutral",):
        path = ("contract", "deltaNeutralContract")
    found = _down(path, arguments)
    if found is MISSING and path[0] == "scannerSubscription":
        found = _down(path[1:], arguments)
    for name in ("wshEventData", "data"):
        if found is MISSING and name in arguments:
            found = _down((name, *path), arguments)
    if found is MISSING and path[0] == "orderCancel" and path[1] == "manualOrderCancelTime":
        found = arguments.get("manualCancelOrderTime", arguments.get("manualOrderCancelTime", MISSING))
    if found is MISSING and str(path[-1]).endswith("OptionsCount"):
        given = _down((str(path[-1]).removesuffix("Count"),), arguments)
        found = len(given) if isinstance(given, list) else MISSING
    return found


def _down(path: Path, value: object) -> object:
    for part in path:
        if isinstance(part, int):
            if not isinstance(value, list) or part >= len(value):
                return MISSING
            value = in_order(value)[part]
            continue
        if not isinstance(value, dict):
            return MISSING
        for name in (part, RENAMED.get(part, part), *ALTERNATIVES.get(part, ()), *_attribute(part)):
            if name in value:
                value = value[name]
                break
        else:
            return MISSING
    return value


def _attribute(part: str) -> tuple[str, ...]:
    return {"value": ("val",), "type": ("condType",)}.get(part, ())


def differences(fields: dict[str, object], arguments: dict[str, Any], *, sparse: bool = False) -> list[str]:
    """One line for every decoded value that is not what went in; none if all are.

    ``sparse``: what the client was not given at all it writes as unset (JavaScript's undefined).
    """
    found = []
    for path, ours in leaves(fields):
        theirs = argument_of(path, arguments)
        name = dotted(path)
        if theirs is MISSING:
            if name in CONSTANTS and (CONSTANTS[name] is None or same(ours, CONSTANTS[name])):
                continue
            if ours is None or (sparse and ours == ""):
                continue
            found.append(f"{name} = {ours!r}: nothing of the kind went in")
        elif sparse and ours is False and theirs is None:
            continue
        elif not same(ours, bool(theirs) if path[-1] == "deltaNeutral" else theirs):
            found.append(f"{name} = {ours!r}, went in as {theirs!r}")
    return found
