"""A scripted session of ib_async or ib_insync, run by that library's own environment.

Prints one JSON object a line: what the library reported and how long after the start.
"""

import argparse
import asyncio
import contextlib
import importlib
import json
import logging
import sys
import time
from types import ModuleType
from typing import Any

IB = Stock = Any  # known at run time only: two libraries of one interface
STARTED = time.monotonic()


def tell(event: str, **facts: object) -> None:
    line = json.dumps({"t": round(time.monotonic() - STARTED, 3), "event": event, **facts})
    sys.stdout.write(line + "\n")  # one write: the library's threads tell, too
    sys.stdout.flush()


class LogLines(logging.Handler):
    """The library's warnings and errors: what its user would have seen."""

    def emit(self, record: logging.LogRecord) -> None:
        tell("log", level=record.levelname, text=record.getMessage()[:300])


async def look_around(library: ModuleType, ib: IB, stock: Stock) -> None:
    """Requests that have one answer or an end marker."""
    await ib.reqCurrentTimeAsync()
    await ib.qualifyContractsAsync(stock)
    await ib.reqContractDetailsAsync(library.Stock("NOSUCHNAME", "SMART", "USD"))
    await ib.reqHistoricalDataAsync(stock, "", "5 D", "1 day", "TRADES", useRTH=True)
    await ib.reqHeadTimeStampAsync(stock, "TRADES", useRTH=True, formatDate=1)
    await ib.reqHistoricalTicksAsync(stock, "", "20251006 10:15:30 US/Eastern", 2, "TRADES", useRth=True)
    await ib.reqSecDefOptParamsAsync("AAPL", "", "STK", 265598)
    await ib.reqMatchingSymbolsAsync("AAPL")
    await ib.reqMarketRuleAsync(26)
    await ib.reqNewsProvidersAsync()
    await ib.reqHistoricalNewsAsync(265598, "BRFG", "", "", 1)
    await ib.accountSummaryAsync()


async def subscribe(ib: IB, stock: Stock) -> None:
    """Subscriptions, and their ends."""
    ib.reqMktData(stock)
    ib.reqMktDepth(stock, 5, isSmartDepth=True)
    ib.reqTickByTickData(stock, "Last")
    bars = ib.reqRealTimeBars(stock, 5, "TRADES", useRTH=True)
    ib.reqPnL("DU0000000")
    await asyncio.sleep(0.5)
    ib.cancelMktData(stock)
    ib.cancelMktDepth(stock, isSmartDepth=True)
    ib.cancelTickByTickData(stock, "Last")
    ib.cancelRealTimeBars(bars)
    ib.cancelPnL("DU0000000", "")


async def trade(library: ModuleType, ib: IB, stock: Stock) -> None:
    """An order that stays and is cancelled, an order that is filled."""
    resting = ib.placeOrder(stock, library.LimitOrder("BUY", 100, 120.5))
    ib.placeOrder(stock, library.MarketOrder("SELL", 10))
    await asyncio.sleep(0.3)
    ib.cancelOrder(resting.order)
    await asyncio.sleep(0.3)


async def session(library: ModuleType, ib: IB, options: argparse.Namespace) -> None:
    stock = library.Stock("AAPL", "SMART", "USD")
    if options.session == "full":
        await look_around(library, ib, stock)
        await subscribe(ib, stock)
        await trade(library, ib, stock)
    elif options.session == "stay":
        stock.conId = 265598  # subscribing to a contract without its id is an error here
        ib.reqMktData(stock)
        gone = asyncio.Event()
        ib.disconnectedEvent += gone.set
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(gone.wait(), options.seconds)
    await asyncio.sleep(0.2)


async def run(options: argparse.Namespace) -> None:
    library = importlib.import_module(options.library)
    tell("library", name=options.library, version=library.__version__)
    logging.getLogger(options.library).addHandler(LogLines(logging.WARNING))
    ib = library.IB()
    ib.client.setConnectOptions(options.connect_options)
    ib.errorEvent += lambda req_id, code, text, _: tell("error", id=req_id, code=code, text=text[:300])
    ib.disconnectedEvent += lambda: tell("disconnected")
    try:
        await ib.connectAsync(options.host, options.port, clientId=options.client_id, timeout=options.timeout)
    except Exception as problem:  # noqa: BLE001 - what the library raises is what is being recorded
        tell("exception", type=type(problem).__name__, text=str(problem)[:300])
    else:
        tell("connected", server_version=ib.client.serverVersion(), accounts=len(ib.managedAccounts()))
        await session(library, ib, options)
        tell("seen", positions=len(ib.positions()), trades=len(ib.trades()), fills=len(ib.fills()))
    if ib.client.isConnected():
        ib.disconnect()
        tell("disconnect_called")
    await asyncio.sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=["ib_async", "ib_insync"], required=True)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=4001)
    parser.add_argument("--client-id", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=4.0)
    parser.add_argument("--session", choices=["connect", "full", "stay"], default="connect")
    parser.add_argument("--connect-options", default="")
    parser.add_argument("--seconds", type=float, default=2.0)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
