"""A scripted session of IB's own Python client: `ibapi` 9.81, `ibapi-stable` or `ibapi-latest`, in its environment.

Prints one JSON object a line: what the library reported and how long after the start. The library's connect() has no
timeout; whoever starts this ends it where the gateway does not answer.
"""

import argparse
import collections
import json
import sys
import threading
import time
from collections.abc import Callable
from decimal import Decimal
from importlib import metadata

from ibapi.client import EClient
from ibapi.contract import Contract
from ibapi.order import Order
from ibapi.wrapper import EWrapper

STARTED = time.monotonic()
DISTRIBUTIONS = ("ibapi-latest", "ibapi-stable", "ibapi")


def tell(event: str, **facts: object) -> None:
    line = json.dumps({"t": round(time.monotonic() - STARTED, 3), "event": event, **facts})
    sys.stdout.write(line + "\n")  # one write: the library's threads tell, too
    sys.stdout.flush()


class Callbacks(EWrapper):
    """Counts every callback, tells of the few that decide."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: collections.Counter[str] = collections.Counter()
        self.ready = threading.Event()
        self.closed = threading.Event()


def _counting(name: str) -> Callable[..., None]:
    def callback(self: Callbacks, *values: object, **_: object) -> None:
        self.counts[name] += 1
        if name == "error":
            numbers = [value for value in values if isinstance(value, int)]
            tell("error", numbers=numbers, text=str(next((v for v in values if isinstance(v, str)), ""))[:300])
        elif name == "nextValidId":
            tell("next_valid_id", order_id=values[0])
            self.ready.set()
        elif name == "connectionClosed":
            tell("connection_closed")
            self.closed.set()

    return callback


for _name in dir(EWrapper):
    if not _name.startswith("_") and _name != "logAnswer" and callable(getattr(EWrapper, _name)):
        setattr(Callbacks, _name, _counting(_name))


def stock(symbol: str = "AAPL") -> Contract:
    contract = Contract()
    contract.symbol, contract.secType, contract.exchange, contract.currency = symbol, "STK", "SMART", "USD"
    return contract


def order(action: str, kind: str, quantity: int, limit: float = 0.0) -> Order:
    made = Order()
    made.action, made.orderType, made.lmtPrice = action, kind, limit
    made.totalQuantity = Decimal(quantity) if isinstance(made.totalQuantity, Decimal) else quantity
    made.eTradeOnly = made.firmQuoteOnly = False  # the release of 2019 sets flags that servers have dropped
    return made


def look_around(client: EClient) -> None:
    """Requests that have one answer or an end marker."""
    client.reqCurrentTime()
    client.reqContractDetails(11, stock())
    client.reqContractDetails(12, stock("NOSUCHNAME"))
    client.reqHistoricalData(13, stock(), "", "5 D", "1 day", "TRADES", 1, 1, False, [])
    client.reqHeadTimeStamp(14, stock(), "TRADES", 1, 1)
    client.reqPositions()
    client.reqAccountUpdates(True, "DU0000000")
    client.reqAccountSummary(15, "All", "NetLiquidation,TotalCashValue,BuyingPower")
    client.reqSecDefOptParams(16, "AAPL", "", "STK", 265598)
    client.reqMatchingSymbols(17, "AAPL")
    client.reqFamilyCodes()
    client.reqMarketRule(26)
    client.reqAllOpenOrders()


def subscribe(client: EClient) -> None:
    """Subscriptions, and their ends."""
    client.reqMktData(21, stock(), "", False, False, [])
    client.reqMktDepth(22, stock(), 5, True, [])
    client.reqPnL(23, "DU0000000", "")
    if client.serverVersion() >= 137:
        client.reqTickByTickData(24, stock(), "BidAsk", 0, True)
    time.sleep(0.5)
    client.cancelMktData(21)
    client.cancelMktDepth(22, True)
    client.cancelPnL(23)


def trade(client: EClient) -> None:
    """An order that stays and is cancelled, an order that is filled."""
    client.placeOrder(1, stock(), order("BUY", "LMT", 100, 120.5))
    client.placeOrder(2, stock(), order("SELL", "MKT", 10))
    time.sleep(0.3)
    try:
        from ibapi.order_cancel import OrderCancel  # in younger releases only
    except ImportError:
        client.cancelOrder(1)
    else:
        cancel = OrderCancel()
        try:
            client.cancelOrder(1, cancel)
        except TypeError:
            client.cancelOrder(1, "")
    time.sleep(0.3)


def session(client: EClient, callbacks: Callbacks, options: argparse.Namespace) -> None:
    if options.session == "full":
        look_around(client)
        time.sleep(0.3)
        subscribe(client)
        trade(client)
    elif options.session == "burst":
        for ticker in range(options.count):
            client.cancelMktData(ticker)
        callbacks.closed.wait(2)
    elif options.session == "stay":
        client.reqMktData(21, stock(), "", False, False, [])
        callbacks.closed.wait(options.seconds)
    elif options.session == "heartbeat":
        for _ in range(3):
            client.reqCurrentTime()
            callbacks.closed.wait(options.seconds / 3)
    time.sleep(0.2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4001)
    parser.add_argument("--client-id", type=int, default=1)
    parser.add_argument("--session", choices=["connect", "full", "burst", "stay", "heartbeat"], default="connect")
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--count", type=int, default=180)
    parser.add_argument("--wait", type=float, default=3.0, help="seconds to wait for nextValidId")
    options = parser.parse_args()
    installed = {distribution.metadata["Name"]: distribution.version for distribution in metadata.distributions()}
    name = next(name for name in DISTRIBUTIONS if name in installed)
    tell("library", name=name, version=installed[name])
    callbacks = Callbacks()
    client = EClient(callbacks)
    client.connect(options.host, options.port, options.client_id)
    tell("connect_returned", connected=client.isConnected())
    if client.isConnected():
        reader = threading.Thread(target=client.run, daemon=True)
        reader.start()
        if callbacks.ready.wait(options.wait):
            tell("connected", server_version=client.serverVersion())
            session(client, callbacks, options)
        else:
            tell("no_next_valid_id", after=options.wait, connected=client.isConnected())
        client.disconnect()
        tell("disconnect_called")
        time.sleep(1.2)  # the reader thread's receive holds the socket for up to a second
    tell("seen", callbacks=dict(sorted(callbacks.counts.items())))


if __name__ == "__main__":
    main()
