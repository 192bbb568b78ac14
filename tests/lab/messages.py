"""The messages that the scripted gateway sends and reads: their fields in text and in protobuf form, as data.

Field order, gates and numbers are interface facts, read in the clients' sources; `grammar` says how a line is read.
From which server version on an answer leaves as protobuf is not documented by the vendor: the gateway switches an
answer together with the requests of its family, which every client accepts, because clients dispatch on the id alone.
"""

import re
import struct
from typing import Any, NamedTuple

from tests.lab import grammar, wire


class Answer(NamedTuple):
    """A message of the server."""

    id: int
    protobuf_since: int
    text: str
    proto: str


X11 = (
    "contract.conId contract.symbol contract.secType contract.lastTradeDateOrContractMonth contract.strike "
    "contract.right contract.multiplier contract.exchange contract.currency contract.localSymbol contract.tradingClass"
)
C12 = X11.replace("contract.exchange", "contract.exchange contract.primaryExch")
PORTFOLIO_CONTRACT = X11.replace("contract.exchange", "contract.primaryExch")
DETAILS = (
    "details.orderTypes details.validExchanges details.priceMagnifier details.underConId details.longName "
    "contract.primaryExch details.contractMonth details.industry details.category details.subcategory "
    "details.timeZoneId details.tradingHours details.liquidHours = =0 =0 details.aggGroup>=121 "
    "details.underSymbol>=122 details.underSecType>=122 details.marketRuleIds>=126 details.realExpirationDate>=134 "
    "details.stockType>=152 =1@163..163 details.minSize>=164 details.sizeIncrement>=164 "
    "details.suggestedSizeIncrement>=164 =0>=186"
)
OPEN_ORDER = (
    f"=34<145 order.orderId {X11} order.action order.totalQuantity order.orderType order.lmtPrice order.auxPrice "
    "order.tif order.ocaGroup order.account order.openClose order.origin order.orderRef order.clientId order.permId "
    "=0 =0 =0 = sharesAllocation = = = =<177 =>=103 = = = = =0 = =-1 =0 = = = = = = =0 =0 =0 = =3 =0 =0 = =0 =0 "
    "= =0 =None = =0 = = = =? =0 =0 = =0 =0 = = = = = =0 =0 =0 = = = = =0 = =IB =0 =0 = =0 =0 state.status "
    "=>=142 =>=142 =>=142 =>=142 =>=142 =>=142 = = = state.commissionAndFees = = state.commissionAndFeesCurrency "
    "=>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =>=195 =0>=195 "
    "= =0 =0 =0>=102 =None>=102 =>=102 =>=102 =>=102 =>=102 =>=102 =>=102 =0>=102 =>=106 =>=106 =>=106 =0>=111 "
    "=1>=141 =0>=145 =0>=148 =0>=151 =>=158 =>=160 =0>=162 =>=170 =>=170 =>=170 =>=170 =>=170 =>=183 =0>=184 =>=185 "
    "=0>=189 =>=193 =>=193 =>=198 =0>=199"
)

NESTED = {
    "Contract": (
        "1:conId 2:symbol 3:secType 4:lastTradeDateOrContractMonth 5:strike 6:right 7:multiplier 8:exchange "
        "9:primaryExch 10:currency 11:localSymbol 12:tradingClass"
    ),
    "Details": (
        "1:marketName 2:minTick 3:orderTypes 4:validExchanges 5:priceMagnifier 6:underConId 7:longName 8:contractMonth "
        "9:industry 10:category 11:subcategory 12:timeZoneId 13:tradingHours 14:liquidHours 18:aggGroup 19:underSymbol "
        "20:underSecType 21:marketRuleIds 22:realExpirationDate 23:stockType 24:minSize 25:sizeIncrement "
        "26:suggestedSizeIncrement"
    ),
    "Order": (
        "1:clientId 2:orderId 3:permId 5:action 6:totalQuantity 8:orderType 9:lmtPrice 10:auxPrice 11:tif 12:account "
        "27:ocaGroup 28:orderRef 66:transmit 69:origin"
    ),
    "State": "1:status 11:commissionAndFees 14:commissionAndFeesCurrency",
    "Execution": (
        "1:orderId 2:execId 3:time 4:acctNumber 5:exchange 6:side 7:shares 8:price 9:permId 10:clientId "
        "11:isLiquidation 12:cumQty 13:avgPrice 18:lastLiquidity"
    ),
    "Bar": "1:date 2:open 3:high 4:low 5:close 6:volume 7:WAP 8:barCount",
    "Tick": "1:time 2:price 3:size",
    "TickLast": "1:time 3:price 4:size 5:exchange 6:specialConditions",
    "TickBidAsk": "1:time 3:priceBid 4:priceAsk 5:sizeBid 6:sizeAsk",
    "Depth": "1:position 2:operation 3:side 4:price 5:size 6:marketMaker 7:isSmartDepth",
    "Family": "1:accountId 2:familyCode",
    "Sample": "1:contract{Contract} 2:derivativeSecTypes[]",
    "Provider": "1:providerCode 2:providerName",
    "Increment": "1:lowEdge 2:increment",
    "Filter": "1:clientId 2:acctCode",
}

_LINES = f"""
tickPrice 1 206 | =6 reqId tickType price size attrMask | 1:reqId 2:tickType 3:price 4:size 5:attrMask
tickSize 2 206 | =6 reqId tickType size | 1:reqId 2:tickType 3:size
orderStatus 3 203 | =6<131 orderId status filled remaining avgFillPrice permId parentId lastFillPrice clientId whyHeld \
mktCapPrice>=131 | 1:orderId 2:status 3:filled 4:remaining 5:avgFillPrice 6:permId 7:parentId 8:lastFillPrice \
9:clientId 10:whyHeld 11:mktCapPrice
errMsg 4 203 | =2<194 id errorCode errorMsg =>=166 errorTime>=194 | 1:id 2:errorTime 3:errorCode 4:errorMsg
openOrder 5 203 | {OPEN_ORDER} | 1:orderId 2:contract{{Contract}} 3:order{{Order}} 4:state{{State}}
acctValue 6 207 | =2 key value currency accountName | 1:key 2:value 3:currency 4:accountName
portfolioValue 7 207 | =8 {PORTFOLIO_CONTRACT} position marketPrice marketValue averageCost unrealizedPNL realizedPNL \
accountName | 1:contract{{Contract}} 2:position 3:marketPrice 4:marketValue 5:averageCost 6:unrealizedPNL \
7:realizedPNL 8:accountName
acctUpdateTime 8 207 | =1 timeStamp | 1:timeStamp
nextValidId 9 213 | =1 orderId | 1:orderId
contractData 10 205 | =8<164 reqId contract.symbol contract.secType contract.lastTradeDateOrContractMonth =>=182 \
contract.strike contract.right contract.exchange contract.currency contract.localSymbol details.marketName \
contract.tradingClass contract.conId details.minTick =100@110..163 contract.multiplier {DETAILS} \
| 1:reqId 2:contract{{Contract}} 3:details{{Details}}
executionData 11 201 | =11<136 reqId execution.orderId {X11} execution.execId execution.time execution.acctNumber \
execution.exchange execution.side execution.shares execution.price execution.permId execution.clientId \
execution.isLiquidation execution.cumQty execution.avgPrice = = = =>=103 execution.lastLiquidity>=136 =0>=178 =>=198 \
| 1:reqId 2:contract{{Contract}} 3:execution{{Execution}}
marketDepth 12 206 | =1 reqId depth.position depth.operation depth.side depth.price depth.size \
| 1:reqId 2:depth{{Depth}}
marketDepthL2 13 206 | =1 reqId depth.position depth.marketMaker depth.operation depth.side depth.price depth.size \
depth.isSmartDepth>=146 | 1:reqId 2:depth{{Depth}}
newsBulletins 14 209 | =1 msgId msgType text exchange | 1:msgId 2:msgType 3:text 4:exchange
managedAccts 15 213 | =1 accountsList | 1:accountsList
historicalData 17 208 | =3<124 reqId start<196 end<196 \
bars{{date open high low close volume WAP =false<124 barCount}} | 1:reqId 2:bars[]{{Bar}}
tickOptionComputation 21 211 | =6<156 reqId tickType =0>=156 impliedVol delta optPrice pvDividend gamma vega theta \
undPrice | 1:reqId 2:tickType 4:impliedVol 5:delta 6:optPrice 7:pvDividend 8:gamma 9:vega 10:theta 11:undPrice
tickGeneric 45 206 | =6 reqId tickType value | 1:reqId 2:tickType 3:value
tickString 46 206 | =6 reqId tickType value | 1:reqId 2:tickType 3:value
currentTime 49 213 | =1 currentTime | 1:currentTime
realTimeBars 50 208 | =1 reqId time open high low close volume WAP count \
| 1:reqId 2:time 3:open 4:high 5:low 6:close 7:volume 8:WAP 9:count
contractDataEnd 52 205 | =1 reqId | 1:reqId
openOrderEnd 53 203 | =1 |
acctDownloadEnd 54 207 | =1 accountName | 1:accountName
executionDataEnd 55 201 | =1 reqId | 1:reqId
tickSnapshotEnd 57 206 | =1 reqId | 1:reqId
marketDataType 58 206 | =1 reqId marketDataType | 1:reqId 2:marketDataType
commissionReport 59 213 | =1 execId commissionAndFees currency realizedPNL bondYield yieldRedemptionDate \
| 1:execId 2:commissionAndFees 3:currency 4:realizedPNL
position 61 207 | =3 account {X11} position avgCost | 1:account 2:contract{{Contract}} 3:position 4:avgCost
positionEnd 62 207 | =1 |
accountSummary 63 207 | =1 reqId account tag value currency | 1:reqId 2:account 3:tag 4:value 5:currency
accountSummaryEnd 64 207 | =1 reqId | 1:reqId
positionMulti 71 207 | =1 reqId account {X11} position avgCost modelCode \
| 1:reqId 2:account 3:contract{{Contract}} 4:position 5:avgCost 6:modelCode
positionMultiEnd 72 207 | =1 reqId | 1:reqId
accountUpdateMulti 73 207 | =1 reqId account modelCode key value currency \
| 1:reqId 2:account 3:modelCode 4:key 5:value 6:currency
accountUpdateMultiEnd 74 207 | =1 reqId | 1:reqId
secDefOptParameter 75 212 | reqId exchange underlyingConId tradingClass multiplier expirationGroups{{expiration}} \
strikeGroups{{strike}} | 1:reqId 2:exchange 3:underlyingConId 4:tradingClass 5:multiplier 6:expirations[] 7:strikes[]
secDefOptParameterEnd 76 212 | reqId | 1:reqId
familyCodes 78 212 | familyCodes{{accountId familyCode}} | 1:familyCodes[]{{Family}}
symbolSamples 79 212 | reqId samples{{contract.conId contract.symbol contract.secType contract.primaryExch \
contract.currency =1 =OPT contract.description>=176 =>=176}} | 1:reqId 2:samples[]{{Sample}}
tickReqParams 81 206 | reqId minTick bboExchange snapshotPermissions \
| 1:reqId 2:minTick 3:bboExchange 4:snapshotPermissions
newsProviders 85 209 | providers{{providerCode providerName}} | 1:providers[]{{Provider}}
historicalNews 86 209 | reqId time providerCode articleId headline \
| 1:reqId 2:time 3:providerCode 4:articleId 5:headline
historicalNewsEnd 87 209 | reqId hasMore | 1:reqId 2:hasMore
headTimestamp 88 208 | reqId headTimestamp | 1:reqId 2:headTimestamp
historicalDataUpdate 90 208 | reqId bar.barCount bar.date bar.open bar.close bar.high bar.low bar.WAP bar.volume \
| 1:reqId 2:bar{{Bar}}
marketRule 93 213 | marketRuleId increments{{lowEdge increment}} | 1:marketRuleId 2:increments[]{{Increment}}
pnl 94 210 | reqId dailyPnL unrealizedPnL>=129 realizedPnL>=135 | 1:reqId 2:dailyPnL 3:unrealizedPnL 4:realizedPnL
pnlSingle 95 210 | reqId position dailyPnL unrealizedPnL>=129 realizedPnL>=135 value \
| 1:reqId 2:position 3:dailyPnL 4:unrealizedPnL 5:realizedPnL 6:value
historicalTicks 96 208 | reqId ticks{{time =0 price size}} isDone | 1:reqId 2:ticks[]{{Tick}} 3:isDone
historicalTicksBidAsk 97 208 | reqId ticks{{time =0 priceBid priceAsk sizeBid sizeAsk}} isDone \
| 1:reqId 2:ticks[]{{TickBidAsk}} 3:isDone
historicalTicksLast 98 208 | reqId ticks{{time =0 price size exchange specialConditions}} isDone \
| 1:reqId 2:ticks[]{{TickLast}} 3:isDone
tickByTickLast 99 208 | reqId tickType last.time last.price last.size =0 last.exchange last.specialConditions \
| 1:reqId 2:tickType 3:last{{TickLast}}
tickByTickBidAsk 99 208 | reqId tickType bidAsk.time bidAsk.priceBid bidAsk.priceAsk bidAsk.sizeBid bidAsk.sizeAsk =0 \
| 1:reqId 2:tickType 4:bidAsk{{TickBidAsk}}
completedOrdersEnd 102 204 | |
userInfo 107 212 | reqId whiteBrandingId | 1:reqId 2:whiteBrandingId
historicalDataEnd 108 208 | reqId start end | 1:reqId 2:start 3:end
currentTimeInMillis 109 213 | currentTimeInMillis | 1:currentTimeInMillis
"""


def _answers() -> dict[str, Answer]:
    answers = {}
    for line in _LINES.strip().splitlines():
        head, text, proto = line.split("|")
        name, number, since = head.split()
        answers[name] = Answer(int(number), int(since), text.strip(), proto.strip())
    return answers


ANSWERS = _answers()
EARLIEST = {"historicalDataEnd": 196}  # older servers send the two dates inside historicalData

_REQUEST_LINES = f"""
1 | =11 reqId {C12} | 1:reqId 2:contract{{Contract}}
2 | =2 reqId | 1:reqId
3 | =45<145 orderId {C12} secIdType secId order.action order.totalQuantity order.orderType order.lmtPrice \
order.auxPrice order.tif order.ocaGroup order.account order.openClose order.origin order.orderRef \
| 1:orderId 2:contract{{Contract}} 3:order{{Order}}
4 | =1<192 orderId | 1:orderId
6 | =2 subscribe acctCode | 1:subscribe 2:acctCode
7 | =3 reqId | 1:reqId
9 | =8 reqId {C12} | 1:reqId 2:contract{{Contract}}
10 | =5 reqId contract.conId contract.symbol | 1:reqId 2:contract{{Contract}} 4:isSmartDepth
20 | =6<124 reqId {C12} includeExpired endDateTime barSizeSetting duration useRTH whatToShow formatDate \
keepUpToDate>=124 | 1:reqId 2:contract{{Contract}} 7:whatToShow 9:keepUpToDate
25 | =1 reqId | 1:reqId
50 | =3 reqId {C12} | 1:reqId 2:contract{{Contract}}
51 | =1 reqId | 1:reqId
54 | =3 reqId {C12} | 1:reqId 2:contract{{Contract}}
55 | =3 reqId {C12} | 1:reqId 2:contract{{Contract}}
62 | =1 reqId group tags | 1:reqId 2:group 3:tags
63 | =1 reqId | 1:reqId
71 | =2 clientId optionalCapabilities | 1:clientId 2:optionalCapabilities
74 | =1 reqId account | 1:reqId 2:account
76 | =1 reqId account | 1:reqId 2:account
78 | reqId underlyingSymbol = = underlyingConId | 1:reqId 2:underlyingSymbol 5:underlyingConId
81 | reqId pattern | 1:reqId 2:pattern
86 | reqId conId | 1:reqId 2:conId
87 | reqId {C12} | 1:reqId 2:contract{{Contract}}
91 | marketRuleId | 1:marketRuleId
92 | reqId account | 1:reqId 2:account
94 | reqId account = conId | 1:reqId 2:account 4:conId
96 | reqId {C12} includeExpired = = numberOfTicks whatToShow \
| 1:reqId 2:contract{{Contract}} 5:numberOfTicks 6:whatToShow
97 | reqId {C12} tickType | 1:reqId 2:contract{{Contract}} 3:tickType
104 | reqId | 1:reqId
"""
REQUESTS = {
    int(number): (text.strip(), proto.strip())
    for number, text, proto in (line.split("|") for line in re.split(r"\n(?=\d+ \|)", _REQUEST_LINES.strip()))
}


class Request(NamedTuple):
    """A message of the client, as far as the gateway reads it."""

    id: int
    encoding: str  # "text", "binary_id", "protobuf" or "unframed"
    values: dict[str, Any]

    @property
    def key(self) -> int:
        """The request id, order id or market rule id; -1 where the message has none."""
        return int(self.values.get("reqId", self.values.get("orderId", self.values.get("marketRuleId", -1))))


def encode(name: str, version: int, values: dict[str, Any]) -> tuple[bytes, str]:
    """An answer's frame payload at a server version and its encoding."""
    answer = ANSWERS[name]
    if version >= answer.protobuf_since:
        head = struct.pack(">I", answer.id + wire.PROTOBUF_OFFSET)
        return head + grammar.to_proto(answer.proto, NESTED, values), "protobuf"
    fields = wire.text(grammar.to_text(answer.text, version, values))
    if version >= wire.BINARY_ID_SINCE:
        return struct.pack(">I", answer.id) + fields, "binary_id"
    return wire.text([answer.id]) + fields, "text"


def decode_request(payload: bytes, version: int) -> Request:
    """A client's frame payload; a message that REQUESTS lacks has no values."""
    number, encoding = wire.message_id(payload)
    text, proto = REQUESTS.get(number, ("", ""))
    if encoding == "protobuf":
        return Request(number, encoding, grammar.from_proto(proto, NESTED, payload[4:]))
    fields = wire.split_text(payload)[1:] if encoding == "text" else wire.split_text(payload[4:])
    return Request(number, encoding, grammar.from_text(text, version, fields))
