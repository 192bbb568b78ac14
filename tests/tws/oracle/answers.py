"""Which of our fields a callback's argument is: the table that the differential test of answers reads.

Names are equal unless a row here says otherwise. ``*`` stands for the number of the call (historicalData is called
once for each bar) or of the element.
"""

from typing import Any

from capanalyze.tws.schema.protobuf_rows import fields
from tests.tws.oracle.compare import MISSING, Path, dotted, in_order, leaves, number_of, same

ARGUMENTS: dict[int, dict[str, str]] = {
    1: {"tickSize.tickType": "", "tickSize.size": "size"},
    5: {"order.orderId": "orderId"},
    4: {"reqId": "id", "errorString": "errorMsg", "errorTime": "errorTime"},
    6: {"val": "value"},
    10: {"contractDetails.contract": "contract"},
    11: {"execution.liquidation": "execution.liquidation"},
    12: {name: f"marketDepthData.{name}" for name in ("position", "operation", "side", "price", "size")},
    13: {
        name: f"marketDepthData.{name}"
        for name in ("position", "marketMaker", "operation", "side", "price", "size", "isSmartDepth")
    },
    14: {"msgId": "newsMsgId", "msgType": "newsMsgType", "newsMessage": "newsMessage", "originExch": "originatingExch"},
    16: {"faData": "faDataType", "cxml": "xml"},
    17: {"bar": "historicalDataBars.*", "start": "startDateStr", "end": "endDateStr"},
    18: {"contractDetails.contract": "contract"},
    20: {
        "rank": "scannerDataElement.*.rank",
        "contractDetails.contract": "scannerDataElement.*.contract",
        "contractDetails.marketName": "scannerDataElement.*.marketName",
        "distance": "scannerDataElement.*.distance",
        "benchmark": "scannerDataElement.*.benchmark",
        "projection": "scannerDataElement.*.projection",
        "legsStr": "scannerDataElement.*.comboKey",
    },
    47: {"totalDividends": "totalDividends", "futureLastTradeDate": "futureLastTradeDate"},
    49: {"time": "currentTime"},
    50: {"open_": "open"},
    59: {
        "commissionAndFeesReport": "",
        "commissionReport": "",
        "commissionAndFeesReport.yield_": "bondYield",
        "commissionReport.yield_": "bondYield",
        "commissionReport.commission": "commissionAndFees",
    },
    69: {"xyzChallange": "xyzChallenge"},
    71: {"pos": "position"},
    77: {"tiers": "softDollarTiers"},
    78: {"familyCodes": "familyCodes"},
    79: {"contractDescriptions": "contractDescriptions"},
    80: {"depthMktDataDescriptions": "depthMarketDataDescriptions"},
    81: {"tickerId": "reqId"},
    82: {"smartComponentMap": "smartComponents"},
    83: {"requestId": "reqId"},
    84: {"tickerId": "reqId", "timeStamp": "timestamp"},
    85: {f"newsProviders.{index}.name": f"newsProviders.{index}.providerName" for index in range(3)},
    86: {"requestId": "reqId"},
    87: {"requestId": "reqId"},
    89: {"items": "histogramDataEntries"},
    90: {"bar": "historicalDataBar"},
    95: {"pos": "position"},
    96: {"ticks": "historicalTicks", "done": "isDone"},
    97: {"ticks": "historicalTicksBidAsk", "done": "isDone"},
    98: {"ticks": "historicalTicksLast", "done": "isDone"},
    99: {
        **{
            f"tickByTickAllLast.{name}": f"historicalTickLast.{name}"
            for name in ("time", "price", "size", "exchange", "specialConditions")
        },
        "tickByTickBidAsk.time": "historicalTickBidAsk.time",
        "bidPrice": "historicalTickBidAsk.priceBid",
        "askPrice": "historicalTickBidAsk.priceAsk",
        "bidSize": "historicalTickBidAsk.sizeBid",
        "askSize": "historicalTickBidAsk.sizeAsk",
        "tickByTickMidPoint.time": "historicalTickMidPoint.time",
        "midPoint": "historicalTickMidPoint.price",
        "tickAttribLast": "historicalTickLast.mask",
        "tickAttribBidAsk": "historicalTickBidAsk.mask",
    },
    106: {"sessions": "historicalSessions"},
    108: {"start": "startDateStr", "end": "endDateStr"},
    109: {"timeInMillis": "currentTimeInMillis"},
}

ATTRIBUTES = {
    "val": "value",
    "condType": "type",
    "id_": "id",
    "accountID": "accountId",
    "familyCodeStr": "familyCode",
    "code": "providerCode",
    "putable": "puttable",
    "notes": "bondNotes",
    "fundSubsequentMinimumPurchase": "fundMinimumSubsequentPurchase",
    "tickType_": "tickType",
    "commission": "commissionAndFees",
    "minCommission": "minCommissionAndFees",
    "maxCommission": "maxCommissionAndFees",
    "commissionCurrency": "commissionAndFeesCurrency",
    "deltaNeutralContract": "deltaNeutralContract",
}
"""Attributes of ibapi's classes that the descriptors name otherwise."""

MASKS = {
    "attrib": ("attrMask", {"canAutoExecute": 1, "pastLimit": 2, "preOpen": 4}),
    "tickAttribLast": ("mask", {"pastLimit": 1, "unreported": 2}),
    "tickByTickBidAsk": ("mask", {"bidPastLow": 1, "askPastHigh": 2}),
    "tickAttribBidAsk": ("mask", {"askPastHigh": 1, "bidPastLow": 2}),
}
"""Bit fields that ibapi takes apart."""

DISCARDED = {
    "version", "contractDetails.mdSizeMultiplier", "contractDetails.sizeMinTick", "order.sharesAllocation",
    "order.faProfile", "order.eTradeOnly", "order.firmQuoteOnly", "order.nbboPriceCap", "historicalDataBars.hasGaps",
    "historicalTicks.mask", "deltaNeutral", "depthMarketDataDescriptions.isL2", "order.trailStopPrice",
    "order.adjustedTrailStopPrice", "size", "tickType", "time", "contractDetails.maturity", "order.deltaNeutral",
}  # fmt: skip
"""Ours that ibapi reads and throws away, or shows only in part of the calls."""

NOT_COMPUTED = {"impliedVol", "delta", "optPrice", "pvDividend", "gamma", "vega", "theta", "undPrice"}
"""Of tickOptionComputation: -1 and -2 are shown as None by ibapi."""


def ours_for(message_id: int, name: str, call: int, path: Path) -> Path:
    """Our path for the path of a callback's argument; () if it is made by the client itself."""
    table = ARGUMENTS.get(message_id, {})
    for length in (3, 2, 1):
        head = ".".join(str(part) for part in path[:length])
        for key in (f"{name}.{head}", head):
            if key in table:
                parts = (int(part) if part.isdigit() else part for part in table[key].split(".") if part)
                start: list[str | int] = [call if part == "*" else part for part in parts]
                return (*start, *(_attribute(part) for part in path[length:]))
    return tuple(_attribute(part) for part in path)


def _attribute(part: str | int) -> str | int:
    return ATTRIBUTES.get(part, part) if isinstance(part, str) else part


def value_at(values: object, path: Path) -> object:
    """The value at a path, MISSING if there is none."""
    for part in path:
        if isinstance(part, int):
            if not isinstance(values, list) or part >= len(values):
                return MISSING
            values = in_order(values)[part]
        elif isinstance(values, dict) and part in values:
            values = values[part]
        else:
            return MISSING
    return values


def differences(message_id: int, decoded: dict[str, object], calls: list[list[Any]]) -> list[str]:
    """One line for each argument that is not our field and each of our fields that no argument shows."""
    found: list[str] = []
    seen: set[Path] = set()
    if message_id == 75:
        decoded = {name: _as_set(value) for name, value in decoded.items()}
        calls = [[name, {key: _as_set(value) for key, value in given.items()}] for name, given in calls]
    if message_id == 17 and decoded.get("historicalDataBars") == [] and not calls:
        return []  # no bars, no call
    numbers: dict[str, int] = {}
    for name, arguments in calls:
        call = numbers.get(name, 0)
        numbers[name] = call + 1
        for path, theirs in leaves(arguments):
            found.extend(_compare(message_id, name, call, path, theirs, decoded, seen))
    for path, ours in leaves(decoded):
        if path not in seen and dotted(path) not in DISCARDED and ours not in (None, "", [], False):
            found.append(f"{dotted(path)} = {ours!r}: in no callback")
    return found


def _as_set(value: object) -> object:
    """ibapi hands out expirations and strikes as sets, and takes an empty strike for 0."""
    if not isinstance(value, list):
        return value
    value = ["0" if item is None else item for item in value]
    return [item for _, item in sorted({_plain(item): item for item in value}.items())]


def _plain(value: object) -> str:
    number = number_of(value)
    return str(value) if number is None else str(number.normalize())


def _compare(
    message_id: int, name: str, call: int, path: Path, theirs: object, decoded: dict[str, object], seen: set[Path]
) -> list[str]:
    mask = _mask(message_id, name, path, decoded, seen)
    if mask is not None:
        return [] if mask == theirs else [f"{dotted(path)}: {theirs!r}, our bit is {mask!r}"]
    ours_path = ours_for(message_id, name, call, path)
    ours = value_at(decoded, ours_path) if ours_path else MISSING
    if ours_path[-1:] == ("trailStopPrice",) and value_at(decoded, ("order", "adjustedTrailStopPrice")) is not MISSING:
        ours = value_at(decoded, ("order", "adjustedTrailStopPrice"))
    if ours_path[-1:] == ("lastTradeDateOrContractMonth",) and message_id == 18:
        ours = MISSING
    if ours is MISSING:
        return [] if _default(theirs) or not ours_path else [f"{name}({dotted(path)}={theirs!r}): we have none"]
    seen.add(ours_path)
    if path[-1] in NOT_COMPUTED and theirs is None and number_of(ours) in (-1, -2, None):
        return []
    if path[-1] in NOT_COMPUTED and theirs is None and path[-1] == "impliedVol":
        return [] if (number_of(ours) or 0) < 0 else [f"{name}: impliedVol"]
    if ours in (None, "") and _default(theirs):
        return []
    return [] if same(ours, theirs) else [f"{name}({dotted(path)}={theirs!r}): ours is {ours!r}"]


def _mask(message_id: int, name: str, path: Path, decoded: dict[str, object], seen: set[Path]) -> bool | None:
    if len(path) < 2 or path[-2] not in MASKS:
        return None
    field, bits = MASKS[name if name in MASKS else str(path[-2])]
    if path[-1] not in bits:
        return None
    ours_path: Path = (field,)
    if message_id in (96, 97, 98):
        ours_path = (*ours_for(message_id, name, 0, path[:-2]), field)
    elif message_id == 99:
        ours_path = ours_for(message_id, name, 0, path[-2:-1])
    value = value_at(decoded, ours_path)
    if not isinstance(value, int):
        return None
    seen.add(ours_path)
    return bool(value & bits[str(path[-1])])


def _default(theirs: object) -> bool:
    """Whether a value is what ibapi's classes start with."""
    return theirs in (None, "", [], {}, False, 0, -1, "None") or (
        isinstance(theirs, (dict, int)) and number_of(theirs) in (None, 0, -1)
    )


def to_wire(values: dict[str, Any], name: str) -> dict[str, Any]:
    """Our values of a protobuf message under the descriptor's names, as the driver prints them."""
    by_name = {field.name: field for field in fields(name).values()}
    out: dict[str, Any] = {}
    for key, value in values.items():
        field = by_name.get(key)
        if field is None:
            out[key] = value
        elif field.is_message and field.repeated:
            out[field.wire_name] = [to_wire(item, field.type) for item in value]
        elif field.is_message:
            out[field.wire_name] = to_wire(value, field.type)
        elif field.type == "map":
            out[field.wire_name] = sorted(value, key=lambda item: str(item["tag"]))
        elif field.type == "d":
            out[field.wire_name] = [_float(item) for item in value] if field.repeated else _float(value)
        else:
            out[field.wire_name] = "" if value is None and field.type == "q" else value
    return out


def _float(value: str) -> dict[str, str]:
    return {"float": repr(float(value))}
