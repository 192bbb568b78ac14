"""How answers belong to requests: one row a request, by names (protocol: which answers, which one ends them).

``request: answers / end``, both optional, and words: ``stream`` (answers come until it is cancelled), ``by=NAME``
(the request that cancels it), ``whole`` (the end marker, where one comes at all, ends a stream too: it was a snapshot),
``keyless`` (no key: the oldest request of that kind whose end has not come is answered, else the newest),
``key=KIND`` where the key is not a request or order id, ``again`` where the same key may be sent again (an order is
changed by sending it once more), ``quiet`` where nothing comes while there is nothing to tell. Every request can also
be answered by ``error`` with its id; order ids and request ids are numbered by the client and may overlap: the
youngest open one is meant.
"""

from typing import Final

ROWS: Final = """
reqMktData: tickReqParams marketDataType tickPrice tickSize tickOptionComputation tickGeneric tickString tickEFP
  tickNews deltaNeutralValidation rerouteMktDataReq / tickSnapshotEnd stream whole by=cancelMktData
placeOrder: openOrder orderStatus execDetails commissionAndFeesReport stream by=cancelOrder again
cancelOrder: orderStatus again
reqOpenOrders: openOrder orderStatus / openOrderEnd keyless
reqAllOpenOrders: openOrder orderStatus / openOrderEnd keyless
reqAutoOpenOrders: openOrder orderStatus orderBound / openOrderEnd stream whole keyless quiet
reqAccountUpdates: updateAccountValue updatePortfolio updateAccountTime / accountDownloadEnd stream keyless
reqExecutions: execDetails commissionAndFeesReport / execDetailsEnd
reqIds: / nextValidId keyless
reqContractDetails: contractDetails bondContractDetails / contractDetailsEnd by=cancelContractData
reqMktDepth: updateMktDepth updateMktDepthL2 rerouteMktDepthReq stream by=cancelMktDepth
reqNewsBulletins: updateNewsBulletin stream by=cancelNewsBulletins keyless quiet
reqManagedAccts: / managedAccounts keyless
requestFA: / receiveFA keyless
replaceFA: / replaceFAEnd
reqHistoricalData: historicalData historicalDataUpdate historicalSchedule / historicalDataEnd by=cancelHistoricalData
reqScannerSubscription: scannerData stream by=cancelScannerSubscription
reqScannerParameters: / scannerParameters keyless
reqCurrentTime: / currentTime keyless
reqRealTimeBars: realtimeBar stream by=cancelRealTimeBars
reqFundamentalData: / fundamentalData by=cancelFundamentalData
calculateImpliedVolatility: / tickOptionComputation by=cancelCalculateImpliedVolatility
calculateOptionPrice: / tickOptionComputation by=cancelCalculateOptionPrice
reqPositions: position / positionEnd stream by=cancelPositions keyless
reqAccountSummary: accountSummary / accountSummaryEnd stream by=cancelAccountSummary
verifyRequest: / verifyMessageAPI keyless
verifyMessage: / verifyCompleted keyless
queryDisplayGroups: / displayGroupList
subscribeToGroupEvents: displayGroupUpdated stream by=unsubscribeFromGroupEvents
startApi: managedAccounts / nextValidId keyless
verifyAndAuthRequest: / verifyAndAuthMessageAPI keyless
verifyAndAuthMessage: / verifyAndAuthCompleted keyless
reqPositionsMulti: positionMulti / positionMultiEnd stream by=cancelPositionsMulti
reqAccountUpdatesMulti: accountUpdateMulti / accountUpdateMultiEnd stream by=cancelAccountUpdatesMulti
reqSecDefOptParams: securityDefinitionOptionParameter / securityDefinitionOptionParameterEnd
reqSoftDollarTiers: / softDollarTiers
reqFamilyCodes: / familyCodes keyless
reqMatchingSymbols: / symbolSamples
reqMktDepthExchanges: / mktDepthExchanges keyless
reqSmartComponents: / smartComponents
reqNewsArticle: / newsArticle
reqNewsProviders: / newsProviders keyless
reqHistoricalNews: historicalNews / historicalNewsEnd
reqHeadTimeStamp: / headTimestamp by=cancelHeadTimeStamp
reqHistogramData: / histogramData by=cancelHistogramData
reqMarketRule: / marketRule key=marketRule again
reqPnL: pnl stream by=cancelPnL
reqPnLSingle: pnlSingle stream by=cancelPnLSingle
reqHistoricalTicks: historicalTicks historicalTicksBidAsk historicalTicksLast by=cancelHistoricalTicks
reqTickByTickData: tickByTick historicalTicks historicalTicksBidAsk historicalTicksLast stream by=cancelTickByTickData
reqCompletedOrders: completedOrder / completedOrdersEnd keyless
reqWshMetaData: / wshMetaData by=cancelWshMetaData
reqWshEventData: / wshEventData by=cancelWshEventData
reqUserInfo: / userInfo
reqCurrentTimeInMillis: / currentTimeInMillis keyless
reqConfig: / configResponse
updateConfig: / updateConfigResponse
"""


class Pair:
    """How one request is answered.

    Attributes:
        request: the request's name.
        answers: names of the answers that may come, the end marker included.
        end: the name of the answer after which no more come ("" if none says so).
        stream: whether answers come until the request is cancelled.
        cancel: the name of the request that cancels it, "" if none does.
        whole: whether the end marker ends a stream too.
        keyless: whether answers carry no key, so that the kind alone says which request is meant.
        key: what the key numbers: "request" (request and order ids) or "marketRule".
        again: whether a key in use may be sent again.
        quiet: whether no answer may be all that there is.
    """

    __slots__ = ("again", "answers", "cancel", "end", "key", "keyless", "quiet", "request", "stream", "whole")

    def __init__(self, row: str) -> None:
        self.request, _, rest = row.partition(":")
        self.answers: list[str] = []
        self.end = ""
        self.stream = False
        self.whole = False
        self.cancel = ""
        self.keyless = False
        self.key = "request"
        self.again = False
        self.quiet = False
        ending = False
        for word in rest.split():
            if word == "/":
                ending = True
            elif word == "stream":
                self.stream = True
            elif word == "whole":
                self.whole = True
            elif word == "keyless":
                self.keyless = True
            elif word == "again":
                self.again = True
            elif word == "quiet":
                self.quiet = True
            elif word.startswith("by="):
                self.cancel = word[3:]
            elif word.startswith("key="):
                self.key = word[4:]
            else:
                self.answers.append(word)
                if ending:
                    self.end = word

    @property
    def ends(self) -> bool:
        """Whether the end marker always comes, of a snapshot and of a subscription's first list."""
        return self.end != "" and not self.whole


_pairs: dict[str, Pair] = {}


def pairs() -> dict[str, Pair]:
    """Every row by the request's name."""
    if not _pairs:
        for row in ROWS.strip().replace("\n  ", " ").split("\n"):
            pair = Pair(row)
            _pairs[pair.request] = pair
    return _pairs


def requests_for(answer: str) -> list[Pair]:
    """The rows of the requests that ``answer`` may belong to."""
    return [pair for pair in pairs().values() if answer in pair.answers]


def cancelled_by(request: str) -> Pair | None:
    """The row of the request that ``request`` cancels."""
    for pair in pairs().values():
        if pair.cancel == request:
            return pair
    return None
