"""What the numbers and letters of fields mean: a field's name and its value in, a few words out.

Fields keep what is on the wire; this is what stands beside it for people. Read off ibapi's enumerations (tick
types, market data types, liquidities, conditions, trigger methods, fund indicators) and IB's API reference.
"""

from functools import lru_cache
from typing import Final

from capanalyze.tws.error_codes import meaning_of

_TICK_TYPE_NAMES: Final = """
bid size,bid,ask,ask size,last,last size,high,low,volume,close,bid option computation,ask option computation,
last option computation,model option computation,open,13-week low,13-week high,26-week low,26-week high,52-week low,
52-week high,average volume,open interest,option historical volatility,option implied volatility,option bid exchange,
option ask exchange,call open interest,put open interest,call volume,put volume,index future premium,bid exchange,
ask exchange,auction volume,auction price,auction imbalance,mark price,bid EFP,ask EFP,last EFP,open EFP,high EFP,
low EFP,close EFP,last timestamp,shortable,not used,RT volume,halted,bid yield,ask yield,last yield,
custom option computation,trade count,trade rate,volume rate,last RTH trade,RT historical volatility,IB dividends,
bond factor multiplier,regulatory imbalance,news,short-term volume 3 min,short-term volume 5 min,
short-term volume 10 min,delayed bid,delayed ask,delayed last,delayed bid size,delayed ask size,delayed last size,
delayed high,delayed low,delayed volume,delayed close,delayed open,RT trade volume,creditman mark price,
creditman slow mark price,delayed bid option,delayed ask option,delayed last option,delayed model option,
last exchange,last regulatory time,futures open interest,average option volume,delayed last timestamp,
shortable shares,delayed halted,Reuters 2 mutual funds,ETF NAV close,ETF NAV prior close,ETF NAV bid,ETF NAV ask,
ETF NAV last,ETF frozen NAV last,ETF NAV high,ETF NAV low,social market analytics,estimated IPO midpoint,
final IPO last,delayed yield bid,delayed yield ask,odd-lot bid,odd-lot ask,odd-lot bid size,odd-lot ask size,
odd-lot bid exchange,odd-lot ask exchange
"""

TICK_TYPES: Final = dict(enumerate(_TICK_TYPE_NAMES.replace("\n", "").split(",")))
"""Tick types of tickPrice, tickSize, tickString, tickGeneric, tickEFP and tickOptionComputation."""

_TRIGGER_METHODS: Final[dict[int | str, str]] = {
    0: "default", 1: "double bid/ask", 2: "last", 3: "double last", 4: "bid/ask", 7: "last or bid/ask", 8: "midpoint",
}  # fmt: skip

TABLES: Final[dict[str, dict[int | str, str]]] = {
    "tickType": {number: name for number, name in TICK_TYPES.items()},  # noqa: C416  # another key type
    "tickByTick.tickType": {0: "none", 1: "last", 2: "all last", 3: "bid/ask", 4: "midpoint"},
    "marketDataType": {1: "live", 2: "frozen", 3: "delayed", 4: "delayed frozen"},
    "marketDepthData.operation": {0: "insert", 1: "update", 2: "delete"},
    "marketDepthData.side": {0: "ask", 1: "bid"},
    "newsMsgType": {1: "news bulletin", 2: "exchange no longer available", 3: "exchange available again"},
    "faDataType": {1: "groups", 2: "profiles", 3: "account aliases"},
    "logLevel": {1: "system", 2: "error", 3: "warning", 4: "information", 5: "detail"},
    "exerciseAction": {1: "exercise", 2: "lapse"},
    "override": {False: "keep to the clearing house's default", True: "act against it"},
    "formatDate": {1: "date and time as text", 2: "seconds since the epoch"},
    "articleType": {0: "text or HTML", 1: "binary (PDF)"},
    "conditions.type": {
        1: "price", 3: "time", 4: "margin cushion", 5: "execution", 6: "volume", 7: "percent change",
    },
    "triggerMethod": _TRIGGER_METHODS,
    "ocaType": {
        0: "none", 1: "cancel the rest, with block", 2: "reduce the rest, with block", 3: "reduce, without block",
    },
    "origin": {0: "customer", 1: "firm", 2: "unknown"},
    "openClose": {"O": "open", "C": "close", 0: "same as the order", 1: "open", 2: "close", 3: "unknown"},
    "shortSaleSlot": {0: "none", 1: "shares held by the clearing broker", 2: "shares delivered from elsewhere"},
    "auctionStrategy": {0: "none", 1: "match", 2: "improvement", 3: "transparent"},
    "volatilityType": {1: "daily", 2: "annual"},
    "referencePriceType": {1: "average of bid and ask", 2: "bid or ask"},
    "hedgeType": {"D": "delta", "B": "beta", "F": "FX", "P": "pair"},
    "rule80A": {
        "I": "individual", "A": "agency", "W": "agent, other member", "J": "individual PTIA", "U": "agency PTIA",
        "M": "agent, other member PTIA", "K": "individual PT", "Y": "agency PT", "N": "agent, other member PT",
    },
    "lastLiquidity": {0: "none", 1: "added", 2: "removed", 3: "routed out"},
    "optExerciseOrLapseType": {-1: "none", 0: "neither", 1: "exercise", 2: "lapse"},
    "adjustableTrailingUnit": {0: "amount", 1: "percent"},
    "fundDistributionPolicyIndicator": {"N": "accumulation fund", "Y": "income fund"},
    "fundAssetType": {
        "000": "others", "001": "money market", "002": "fixed income", "003": "multi-asset", "004": "equity",
        "005": "sector", "006": "guaranteed", "007": "alternative",
    },
    "secType": {
        "STK": "stock or ETF", "OPT": "option", "FUT": "future", "CONTFUT": "continuous future", "IND": "index",
        "FOP": "option on a future", "CASH": "currency pair", "BAG": "combination", "WAR": "warrant", "BOND": "bond",
        "CMDTY": "commodity", "NEWS": "news", "FUND": "fund", "CFD": "contract for difference", "CRYPTO": "crypto",
        "EC": "event contract", "BILL": "bill", "FIXED": "fixed income", "ICU": "inter-commodity spread",
        "ICS": "inter-commodity spread", "IOPT": "structured product", "SLB": "securities lending",
        "BSK": "basket", "BASKET": "basket", "PHYSS": "physical spot", "FWD": "forward", "OPTCASH": "FX option",
    },
    "right": {"C": "call", "P": "put", "CALL": "call", "PUT": "put"},
    "side": {"BOT": "bought", "SLD": "sold"},
    "action": {
        "BUY": "buy", "SELL": "sell", "SSHORT": "sell short", "SSHORTX": "sell short, exempt", "SLONG": "sell long",
    },
    "status": {
        "ApiPending": "not yet sent by TWS", "PendingSubmit": "sent, not yet accepted by its destination",
        "PendingCancel": "cancel requested, not yet confirmed", "PreSubmitted": "accepted by IB, simulated or held",
        "Submitted": "working at its destination", "ApiCancelled": "cancelled by the client before it was accepted",
        "Cancelled": "cancelled", "Filled": "filled", "Inactive": "not working: rejected, or waiting for a condition",
    },
    "tif": {
        "DAY": "until the end of the day", "GTC": "until cancelled", "IOC": "at once or not, in part too",
        "GTD": "until a date", "OPG": "at the open", "FOK": "at once and whole or not", "DTC": "until the day's cancel",
        "AUC": "in the auction", "GTX": "until cancelled, post only", "Minutes": "for some minutes",
    },
    "orderType": {
        "LMT": "limit", "MKT": "market", "STP": "stop", "STP LMT": "stop limit", "TRAIL": "trailing stop",
        "TRAIL LIMIT": "trailing stop limit", "MOC": "market on close", "LOC": "limit on close",
        "MIT": "market if touched", "LIT": "limit if touched", "MTL": "market to limit", "REL": "relative",
        "VOL": "volatility", "PEG BENCH": "pegged to a benchmark", "PEGBENCH": "pegged to a benchmark",
        "PEG MID": "pegged to the midpoint", "PEGMID": "pegged to the midpoint", "PEG BEST": "pegged to the best price",
        "PEGBEST": "pegged to the best price", "PEG MKT": "pegged to the market", "PEG STK": "pegged to the stock",
        "MIDPRICE": "midprice", "SNAP MID": "snap to the midpoint", "SNAP MKT": "snap to the market",
        "MKT PRT": "market with protection", "STP PRT": "stop with protection", "BOX TOP": "box top",
    },
    "deltaNeutralOrderType": {"None": "none"},
}  # fmt: skip
"""Meanings by the field's name, or by its end: ``marketDepthData.side`` is another side than an execution's."""

BITS: Final = {
    "tickPrice.attrMask": ((1, "can auto-execute"), (2, "past limit"), (4, "pre-open")),
    "historicalTicksLast.mask": ((1, "past limit"), (2, "unreported")),
    "historicalTickLast.mask": ((1, "past limit"), (2, "unreported")),
    "historicalTickBidAsk.mask": ((1, "bid past low"), (2, "ask past high")),
    "historicalTicksBidAsk.mask": ((1, "ask past high"), (2, "bid past low")),
}
"""Bit fields. historicalTicksBidAsk numbers its bits the other way round than tickByTick does."""

NOT_COMPUTED: Final = {
    "impliedVol": "-1", "delta": "-2", "optPrice": "-1", "pvDividend": "-1", "gamma": "-2", "vega": "-2",
    "theta": "-2", "undPrice": "-1",
}  # fmt: skip
"""Of tickOptionComputation: the value by which TWS says that it did not compute one."""


PATHS: Final = 1024
"""Paths remembered: as many as the schema has that a report usually shows."""


def describe(path: str, value: object, message: str = "") -> str:
    """The meaning of a value, "" where it has none of its own.

    ``path`` is the field's dotted name without list positions (``order.conditions.type``), ``message`` the name of
    its message, which tells a few fields of the same name apart.
    """
    if value is None or value == "" or isinstance(value, (dict, list)):
        return ""
    if path == "errorCode" and isinstance(value, int):
        return meaning_of(value)
    name = _known_end(f"{message}.{path}")
    if name in BITS and isinstance(value, int):
        return ", ".join(word for bit, word in BITS[name] if value & bit)
    if name in TABLES and isinstance(value, (int, str)):
        return TABLES[name].get(value, "")
    if message == "tickOptionComputation" and str(value).removesuffix(".0") == NOT_COMPUTED.get(path):
        return "not computed"
    return ""


@lru_cache(PATHS)
def _known_end(path: str) -> str:
    """Of ``a.b.c``, ``b.c`` and ``c`` the first that has meanings; "" where none has."""
    while path and path not in BITS and path not in TABLES:
        path = path.partition(".")[2]
    return path
