"""Run in an environment of ibapi: call every request method of EClient and print what went in and what went out.

A line of JSON for each call that sent something: method, server version, the arguments (objects as their
attributes, numbers as their repr) and the frame in hexadecimal.

    drive_ibapi_requests.py SEED SAMPLES FIRST_VERSION LAST_VERSION
"""
# ruff: noqa: ANN401  # the client's objects have no types here

import inspect
import json
import random
import sys
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from ibapi.client import EClient
from ibapi.contract import ComboLeg, Contract
from ibapi.execution import ExecutionFilter
from ibapi.order import Order, OrderComboLeg
from ibapi.order_condition import (
    ExecutionCondition,
    MarginCondition,
    PercentChangeCondition,
    PriceCondition,
    TimeCondition,
    VolumeCondition,
)
from ibapi.scanner import ScannerSubscription
from ibapi.softdollartier import SoftDollarTier
from ibapi.tag_value import TagValue
from ibapi.wrapper import EWrapper

try:
    from ibapi.contract import DeltaNeutralContract
except ImportError:
    from ibapi.common import DeltaNeutralContract

try:
    from ibapi.order_cancel import OrderCancel
except ImportError:
    OrderCancel = None
try:
    from ibapi.common import WshEventData
except ImportError:
    WshEventData = None

UNSET_INTEGER = 2**31 - 1
UNSET_DOUBLE = sys.float_info.max
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:,_@#+()[]{}<>&'\"\\|~^%$!?*`="
NOT_REQUESTS = {
    "connect", "disconnect", "isConnected", "keyboardInterrupt", "keyboardInterruptHard", "logRequest", "msgLoopRec",
    "msgLoopTmo", "reset", "run", "sendMsg", "serverVersion", "setConnState", "setConnectOptions", "twsConnectionTime",
    "setOptionalCapabilities", "validateInvalidSymbols", "checkConnected", "useProtoBuf", "validateOrderParameters",
    "validateAttachedOrdersParameters", "sendMsgProtoBuf", "setConnectionOptions",
}  # fmt: skip
ORDER_TYPES = ["LMT", "MKT", "STP", "PEG BENCH", "PEG MID", "PEG BEST", "VOL"]
if hasattr(EClient, "reqUserInfo"):
    ORDER_TYPES += ["PEGBENCH", "PEGMID", "PEGBEST"]  # other spellings, which 9.81 does not know
SECURITY_TYPES = ["STK", "OPT", "FUT", "BAG", "BAG", "CASH", "FUND", "BOND"]


class Wrapper(EWrapper):
    def __init__(self) -> None:
        super().__init__()
        self.errors = []

    def error(self, *arguments: object) -> None:
        self.errors.append(repr(arguments))

    def logAnswer(self, *arguments: object) -> None:  # noqa: N802
        pass


class Connection:
    def __init__(self) -> None:
        self.sent = []

    def isConnected(self) -> bool:  # noqa: N802
        return True

    def sendMsg(self, octets: bytes) -> None:  # noqa: N802  # the name it is called by
        self.sent.append(octets)


def integer(chance: random.Random) -> int:
    return chance.choice(
        [0, 1, -1, 2147483646, UNSET_INTEGER, -2147483648, *(chance.randrange(2, 10**6) for _ in range(9))]
    )


def number(chance: random.Random) -> float:
    return chance.choice([
        0.0, -1.5, 1e-05, 1e22, 1.7e308, UNSET_DOUBLE, 5e-324,
        *(round(chance.uniform(0, 5000), chance.randrange(0, 9)) for _ in range(9)),
    ])  # fmt: skip


def string(chance: random.Random) -> str:
    length = chance.choice([0, 1, 5, 8, 12, 200])
    return "".join(chance.choice(LETTERS) for _ in range(length))


def tags(chance: random.Random) -> list[Any]:
    """Tag and value pairs whose tags differ: a protobuf map keeps one value for each."""
    names = chance.sample(["alpha", "beta", "gamma", "delta"], chance.randrange(0, 4))
    return [TagValue(name, f"value{chance.randrange(1000)}") for name in names]


def condition(chance: random.Random) -> Any:
    kind = chance.choice([
        PriceCondition, TimeCondition, MarginCondition, ExecutionCondition, VolumeCondition, PercentChangeCondition,
    ])  # fmt: skip
    made = kind()
    for name in vars(made):
        if name in ("isConjunctionConnection", "isMore"):
            setattr(made, name, chance.random() < 0.5)
        elif name in ("price", "changePercent"):
            setattr(made, name, round(chance.uniform(0, 100), 3))
        elif name in ("conId", "volume", "percent", "triggerMethod"):
            setattr(made, name, chance.randrange(0, 1000))
        elif name != "condType":
            setattr(made, name, string(chance))
    return made


def legs(chance: random.Random) -> list[Any]:
    made = []
    for _ in range(chance.randrange(1, 4)):
        leg = ComboLeg()
        fill(leg, chance, 0.8)
        made.append(leg)
    return made


def prices(chance: random.Random) -> list[Any]:
    made = []
    for _ in range(chance.randrange(0, 4)):
        price = OrderComboLeg()
        price.price = number(chance)
        made.append(price)
    return made


def delta_contract(chance: random.Random) -> Any:
    made = DeltaNeutralContract()
    made.conId, made.delta, made.price = chance.randrange(10**6), round(chance.random(), 4), round(chance.random(), 4)
    return made


SPECIAL = {
    "comboLegs": legs,
    "orderComboLegs": prices,
    "deltaNeutralContract": delta_contract,
    "conditions": lambda chance: [condition(chance) for _ in range(chance.randrange(0, 4))],
    "algoParams": tags,
    "smartComboRoutingParams": tags,
    "orderMiscOptions": tags,
    "softDollarTier": lambda chance: SoftDollarTier(string(chance), string(chance), string(chance)),
    "orderType": lambda chance: chance.choice(ORDER_TYPES),
    "deltaNeutralOrderType": lambda chance: chance.choice(["", "MKT"]),
    "hedgeType": lambda chance: chance.choice(["", "D", "B"]),
    "algoStrategy": lambda chance: chance.choice(["", "Vwap"]),
    "secType": lambda chance: chance.choice(SECURITY_TYPES),
    "exchange": lambda chance: chance.choice(["SMART", "IBKRATS", "CME"]),
    "multiplier": lambda chance: chance.choice(["", "50", "100", "0.5"]),
    "competeAgainstBestOffset": lambda chance: chance.choice([float("inf"), 0.02, UNSET_DOUBLE]),
    "usePriceMgmtAlgo": lambda chance: chance.choice([None, True, False]),
    "routeMarketableToBbo": lambda chance: chance.choice([None, True, False]),
    "seekPriceImprovement": lambda chance: chance.choice([None, True, False]),
    "specificDates": lambda chance: [20260101 + chance.randrange(20) for _ in range(chance.randrange(0, 4))],
    "discretionaryAmt": lambda chance: round(chance.uniform(0, 9), 2),
    "permId": lambda chance: chance.choice([0, 2**40, chance.randrange(2**31)]),
    "aboveVolume": lambda chance: chance.choice([0, UNSET_INTEGER, 10**12]),
}


def fill(thing: Any, chance: random.Random, share: float) -> Any:
    """Give a share of an object's attributes values of the kind that their defaults are."""
    for name, default in vars(thing).items():
        if name == "condType" or chance.random() > share:
            continue
        if name in SPECIAL:
            value = SPECIAL[name](chance)
        elif isinstance(default, bool):
            value = chance.random() < 0.5
        elif isinstance(default, Decimal):
            value = Decimal(str(chance.choice([0, 1, "0.001", "123456789.5", chance.randrange(10**6)])))
        elif isinstance(default, float):
            value = number(chance)
        elif isinstance(default, int):
            value = integer(chance)
        elif isinstance(default, str):
            value = string(chance)
        else:
            continue
        setattr(thing, name, value)
    return thing


CLASSES = {
    "Contract": Contract, "Order": Order, "ExecutionFilter": ExecutionFilter, "OrderCancel": OrderCancel,
    "ScannerSubscription": ScannerSubscription, "WshEventData": WshEventData,
}  # fmt: skip


def argument(name: str, annotation: Any, chance: random.Random, share: float) -> Any:
    kind = getattr(annotation, "__name__", str(annotation))
    if kind in CLASSES and CLASSES[kind] is not None:
        return fill(CLASSES[kind](), chance, share)
    if "Options" in name or kind == "TagValueList":
        return tags(chance)
    if name in ("reqId", "orderId", "tickerId", "marketRuleId"):
        return chance.choice([0, 1, -1, 2147483646, chance.randrange(10**6)])
    if kind == "bool":
        return chance.random() < 0.5
    if kind == "float":
        return number(chance)
    if kind == "str":
        return string(chance)
    if name in ("useRTH", "useRth", "override"):
        return chance.choice([0, 1])
    if name == "faData":
        return chance.choice([1, 3])
    return integer(chance)


def plain(value: Any) -> Any:
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in vars(value).items()}


def methods() -> Iterator[tuple[str, inspect.Signature]]:
    for name, method in inspect.getmembers(EClient, inspect.isfunction):
        if name.startswith("_") or name.endswith("ProtoBuf") or name in NOT_REQUESTS:
            continue
        if any("Proto" in str(parameter.annotation) for parameter in inspect.signature(method).parameters.values()):
            continue
        yield name, inspect.signature(method)


def call(name: str, signature: inspect.Signature, version: int, chance: random.Random) -> dict[str, Any] | None:
    """One call that sends a frame: arguments are left out more and more until the version allows them."""
    for share in (0.9, 0.5, 0.2, 0.05, 0.0):
        wrapper = Wrapper()
        client = EClient(wrapper)
        client.conn = Connection()
        client.connState = EClient.CONNECTED
        client.serverVersion_ = version
        client.extraAuth = True
        client.clientId = chance.choice([0, 1, 2147483646, chance.randrange(1000)])
        client.optCapab = string(chance) if share > 0.4 else ""
        given = {
            parameter.name: argument(parameter.name, parameter.annotation, chance, share)
            for parameter in list(signature.parameters.values())[1:]
        }
        if share == 0.0:
            for parameter in list(signature.parameters.values())[1:]:
                if isinstance(given[parameter.name], str):
                    given[parameter.name] = ""
                elif parameter.annotation is bool:
                    given[parameter.name] = False
                elif isinstance(given[parameter.name], list):
                    given[parameter.name] = None
                elif parameter.name == "numberOfTicks":
                    given[parameter.name] = 0
        try:
            getattr(client, name)(**given)
        except (TypeError, AttributeError, NotImplementedError):  # 9.81: legs that are None; options
            continue
        if client.conn.sent:
            if name == "startApi":
                given = {"clientId": client.clientId, "optionalCapabilities": client.optCapab}
            return {
                "method": name,
                "version": version,
                "arguments": {key: plain(value) for key, value in given.items()},
                "frame": client.conn.sent[0].hex(),
            }
    return None


def main() -> None:
    seed, samples, first, last = map(int, sys.argv[1:5])
    for name, signature in methods():
        for version in range(first, last + 1):
            chance = random.Random(f"{seed} {name} {version}")
            for _ in range(samples * (4 if name == "placeOrder" else 1)):
                made = call(name, signature, version, chance)
                if made is not None:
                    print(json.dumps(made))


main()
