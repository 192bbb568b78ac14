"""Run in an environment of ib_async or ib_insync: call every request method of Client, print what went in and out.

The same output as drive_ibapi_requests.py.

    drive_ib_requests.py LIBRARY SEED SAMPLES FIRST_VERSION LAST_VERSION
"""
# ruff: noqa: ANN401  # the client's objects have no types here

import dataclasses
import importlib
import inspect
import json
import random
import sys
from decimal import Decimal
from typing import Any

library = importlib.import_module(sys.argv[1])
client_module = importlib.import_module(f"{sys.argv[1]}.client")
order_module = importlib.import_module(f"{sys.argv[1]}.order")
objects = importlib.import_module(f"{sys.argv[1]}.objects")
contracts = importlib.import_module(f"{sys.argv[1]}.contract")

NEWER = ["PEGBENCH", "PEGMID", "PEGBEST"] if sys.argv[1] == "ib_async" else []  # spellings ib_insync does not know
UNSET_INTEGER = 2**31 - 1
UNSET_DOUBLE = sys.float_info.max
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:,_@#+()[]{}<>&'\"|~^%$!?*`=éß"
NOT_REQUESTS = {
    "connect", "connectAsync", "disconnect", "getAccounts", "getReqId", "isConnected", "isReady", "reset", "run",
    "send", "sendMsg", "serverVersion", "setConnectOptions", "updateReqId", "connectionStats",
}  # fmt: skip
FLAGS = {
    "snapshot", "regulatorySnapshot", "isSmartDepth", "allMsgs", "bAutoBind", "subscribe", "useRTH", "useRth",
    "keepUpToDate", "override", "ledgerAndNLV", "ignoreSize", "apiOnly",
}  # fmt: skip
NUMBERS = {"optionPrice", "underPrice", "volatility"}
INTEGERS = {
    "reqId", "orderId", "numRows", "numIds", "logLevel", "faData", "formatDate", "barSize", "marketDataType",
    "groupId", "marketRuleId", "conid", "conId", "totalResults", "numberOfTicks", "exerciseAction",
    "exerciseQuantity", "underlyingConId", "tickerId",
}  # fmt: skip


class Connection:
    def __init__(self) -> None:
        self.sent = []

    def sendMsg(self, octets: bytes) -> None:  # noqa: N802  # the name it is called by
        self.sent.append(octets)

    def isConnected(self) -> bool:  # noqa: N802
        return True

    def disconnect(self) -> None:
        pass


def integer(chance: random.Random) -> int:
    return chance.choice([0, 1, -1, 2147483646, *(chance.randrange(2, 10**6) for _ in range(6))])


def number(chance: random.Random) -> float:
    return chance.choice([0.0, -1.5, 1e-05, 1e22, UNSET_DOUBLE, *(round(chance.uniform(0, 5000), 4) for _ in range(6))])


def string(chance: random.Random) -> str:
    return "".join(chance.choice(LETTERS) for _ in range(chance.choice([0, 1, 5, 8, 60])))


def tags(chance: random.Random) -> list[Any]:
    names = chance.sample(["alpha", "beta", "gamma"], chance.randrange(0, 4))
    return [contracts.TagValue(name, f"value{chance.randrange(1000)}") for name in names]


CONDITIONS = [
    order_module.PriceCondition, order_module.TimeCondition, order_module.MarginCondition,
    order_module.ExecutionCondition, order_module.VolumeCondition, order_module.PercentChangeCondition,
]  # fmt: skip


def condition(chance: random.Random) -> Any:
    made = chance.choice(CONDITIONS)()
    for field in dataclasses.fields(made):
        if field.name == "conjunction":
            made.conjunction = chance.choice("ao")
        elif field.name == "isMore":
            made.isMore = chance.random() < 0.5
        elif field.name in ("price", "changePercent"):
            setattr(made, field.name, round(chance.uniform(0, 100), 3))
        elif field.name != "condType":
            whole = isinstance(getattr(made, field.name), int)
            setattr(made, field.name, chance.randrange(1000) if whole else string(chance))
    return made


def prices(chance: random.Random) -> list[Any]:
    return [order_module.OrderComboLeg(price=number(chance)) for _ in range(chance.randrange(0, 4))]


SPECIAL = {
    "comboLegs": lambda chance: [fill(contracts.ComboLeg(), chance) for _ in range(chance.randrange(0, 4))],
    "orderComboLegs": prices,
    "deltaNeutralContract": lambda chance: contracts.DeltaNeutralContract(chance.randrange(10**6), 0.25, 1.5),
    "conditions": lambda chance: [condition(chance) for _ in range(chance.randrange(0, 4))],
    "algoParams": tags,
    "smartComboRoutingParams": tags,
    "orderMiscOptions": tags,
    "softDollarTier": lambda chance: objects.SoftDollarTier(string(chance), string(chance), string(chance)),
    "orderType": lambda chance: chance.choice(["LMT", "MKT", "PEG BENCH", "PEG MID", "PEG BEST", "VOL", *NEWER]),
    "deltaNeutralOrderType": lambda chance: chance.choice(["", "MKT"]),
    "hedgeType": lambda chance: chance.choice(["", "D"]),
    "algoStrategy": lambda chance: chance.choice(["", "Vwap"]),
    "secType": lambda chance: chance.choice(["STK", "OPT", "FUT", "BAG", "CASH"]),
    "exchange": lambda chance: chance.choice(["SMART", "IBKRATS", "CME"]),
    "competeAgainstBestOffset": lambda chance: chance.choice([0.02, UNSET_DOUBLE]),
    "totalQuantity": lambda chance: chance.choice([0.0, 1.0, 0.5, 1e6]),
    "scalePriceIncrement": lambda chance: chance.choice([UNSET_DOUBLE, 0.0, 0.05]),
    "usePriceMgmtAlgo": lambda chance: chance.random() < 0.5,
    "eTradeOnly": lambda _: False,
    "firmQuoteOnly": lambda _: False,
    "nbboPriceCap": lambda _: UNSET_DOUBLE,
}


def fill(thing: Any, chance: random.Random) -> Any:
    for field in dataclasses.fields(thing):
        if chance.random() < 0.15:
            continue
        default = getattr(thing, field.name)
        if field.name in SPECIAL:
            value = SPECIAL[field.name](chance)
        elif isinstance(default, bool):
            value = chance.random() < 0.5
        elif isinstance(default, int):
            value = integer(chance)
        elif isinstance(default, float):
            value = number(chance)
        elif isinstance(default, str):
            value = string(chance)
        else:
            continue
        setattr(thing, field.name, value)
    return thing


def argument(name: str, chance: random.Random) -> Any:
    if name == "contract":
        return fill(contracts.Contract(), chance)
    if name == "order":
        return fill(order_module.Order(), chance)
    if name == "execFilter":
        return fill(objects.ExecutionFilter(), chance)
    if name == "subscription":
        return fill(objects.ScannerSubscription(), chance)
    if name == "data":
        return fill(objects.WshEventData(), chance)
    if "Options" in name:
        return tags(chance)
    if name in FLAGS:
        return chance.random() < 0.5
    if name in NUMBERS:
        return number(chance)
    return integer(chance) if name in INTEGERS else string(chance)


def plain(value: Any) -> Any:
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return {name: plain(item) for name, item in zip(value._fields, value, strict=True)}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return dict(attribute(name, item) for name, item in vars(value).items())


def attribute(name: str, value: Any) -> tuple[str, Any]:
    """The condition classes name two attributes otherwise than IB's."""
    if name == "conjunction":
        return "isConjunctionConnection", value == "a"
    return {"exch": "exchange"}.get(name, name), plain(value)


def main() -> None:
    seed, samples, first, last = map(int, sys.argv[2:6])
    for name, method in inspect.getmembers(client_module.Client, inspect.isfunction):
        if name.startswith("_") or name in NOT_REQUESTS:
            continue
        parameters = list(inspect.signature(method).parameters)[1:]
        for version in range(first, last + 1):
            chance = random.Random(f"{seed} {name} {version}")
            for _ in range(samples * (4 if name == "placeOrder" else 1)):
                client = client_module.Client.__new__(client_module.Client)
                client.conn = Connection()
                client._serverVersion = version
                client.connState = client_module.Client.CONNECTED
                client.clientId = chance.randrange(1000)
                client.optCapab = ""
                client.sendMsg = lambda text, client=client: client.conn.sendMsg(text.encode())
                given = {parameter: argument(parameter, chance) for parameter in parameters}
                getattr(client, name)(**given)
                if name == "startApi":
                    given = {"clientId": client.clientId, "optionalCapabilities": client.optCapab}
                shown = {key: plain(value) for key, value in given.items()}
                print(
                    json.dumps(
                        {
                            "method": name,
                            "version": version,
                            "arguments": shown,
                            "frame": "00000000" + client.conn.sent[0].hex(),
                        }
                    )
                )


main()
