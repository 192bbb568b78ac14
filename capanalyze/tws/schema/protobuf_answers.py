"""The protobuf messages that TWS or the Gateway sends: one row a message, in the notation of protobuf_parts.py.

Read off the descriptors in ibapi 10.51.1; FundamentalsData, gone since 10.47, off those in 10.46.1.
"""

from typing import Final

ROWS: Final = """
AccountDataEnd 1 accountName~account
AccountSummary 1 reqId:k 2 account~account 3 tag 4 value~money 5 currency
AccountSummaryEnd 1 reqId:k
AccountUpdateMulti 1 reqId:k 2 account~account 3 modelCode~advisor 4 key 5 value~money 6 currency
AccountUpdateMultiEnd 1 reqId:k
AccountUpdateTime 1 timeStamp
AccountValue 1 key 2 value~money 3 currency 4 accountName~account
CommissionAndFeesReport 1 execId~identifier 2 commissionAndFees:d~money 3 currency 4 realizedPNL:d~money 5 bondYield:d
  6 yieldRedemptionDate
CompletedOrder 1 contract:Contract 2 order:Order 3 orderState:OrderState
CompletedOrdersEnd
ConfigResponse 1 reqId:k 2 lockAndExit:LockAndExitConfig 3 messages:MessageConfig* 4 api:ApiConfig
  5 orders:OrdersConfig
ContractData 1 reqId:k 2 contract:Contract 3 contractDetails:ContractDetails
ContractDataEnd 1 reqId:k
CurrentTime 1 currentTime:K
CurrentTimeInMillis 1 currentTimeInMillis:K
DisplayGroupList 1 reqId:k 2 groups
DisplayGroupUpdated 1 reqId:k 2 contractInfo
ErrorMessage 1 id:k 2 errorTime:K 3 errorCode:i 4 errorMsg~text 5 advancedOrderRejectJson~text
ExecutionDetails 1 reqId:k 2 contract:Contract 3 execution:Execution
ExecutionDetailsEnd 1 reqId:k
FamilyCodes 1 familyCodes:FamilyCode*
FundamentalsData 1 reqId:k 2 data
HeadTimestamp 1 reqId:k 2 headTimestamp
HistogramData 1 reqId:k 2 histogramDataEntries:HistogramDataEntry*
HistoricalData 1 reqId:k 2 historicalDataBars:HistoricalDataBar*
HistoricalDataEnd 1 reqId:k 2 startDateStr 3 endDateStr
HistoricalDataUpdate 1 reqId:k 2 historicalDataBar:HistoricalDataBar
HistoricalNews 1 reqId:k 2 time 3 providerCode 4 articleId 5 headline
HistoricalNewsEnd 1 reqId:k 2 hasMore:b
HistoricalSchedule 1 reqId:k 2 startDateTime 3 endDateTime 4 timeZone 5 historicalSessions:HistoricalSession*
HistoricalTicks 1 reqId:k 2 historicalTicks:HistoricalTick* 3 isDone:b
HistoricalTicksBidAsk 1 reqId:k 2 historicalTicksBidAsk:HistoricalTickBidAsk* 3 isDone:b
HistoricalTicksLast 1 reqId:k 2 historicalTicksLast:HistoricalTickLast* 3 isDone:b
ManagedAccounts 1 accountsList~account
MarketDataType 1 reqId:k 2 marketDataType:i
MarketDepth 1 reqId:k 2 marketDepthData:MarketDepthData
MarketDepthExchanges 1 depthMarketDataDescriptions:DepthMarketDataDescription*
MarketDepthL2 1 reqId:k 2 marketDepthData:MarketDepthData
MarketRule 1 marketRuleId:k 2 priceIncrements:PriceIncrement*
NewsArticle 1 reqId:k 2 articleType:i 3 articleText
NewsBulletin 1 newsMsgId:k 2 newsMsgType:i 3 newsMessage 4 originatingExch
NewsProviders 1 newsProviders:NewsProvider*
NextValidId 1 orderId:k
OpenOrder 1 orderId:k 2 contract:Contract 3 order:Order 4 orderState:OrderState
OpenOrdersEnd
OrderBound 1 permId:K~identifier 2 clientId:k 3 orderId:k
OrderStatus 1 orderId:k 2 status 3 filled:q~position 4 remaining:q~position 5 avgFillPrice:d 6 permId:K~identifier
  7 parentId:k 8 lastFillPrice:d 9 clientId:k 10 whyHeld 11 mktCapPrice:d
PnL 1 reqId:k 2 dailyPnL:d~money 3 unrealizedPnL:d~money 4 realizedPnL:d~money
PnLSingle 1 reqId:k 2 position:q~position 3 dailyPnL:d~money 4 unrealizedPnL:d~money 5 realizedPnL:d~money
  6 value:d~money
PortfolioValue 1 contract:Contract 2 position:q~position 3 marketPrice:d 4 marketValue:d~money 5 averageCost:d~money
  6 unrealizedPNL:d~money 7 realizedPNL:d~money 8 accountName~account
Position 1 account~account 2 contract:Contract 3 position:q~position 4 avgCost:d~money
PositionEnd
PositionMulti 1 reqId:k 2 account~account 3 contract:Contract 4 position:q~position 5 avgCost:d~money
  6 modelCode~advisor
PositionMultiEnd 1 reqId:k
RealTimeBarTick 1 reqId:k 2 time:K 3 open:d 4 high:d 5 low:d 6 close:d 7 volume:q 8 wap|WAP:q 9 count:i
ReceiveFA 1 faDataType:i 2 xml~advisor
ReplaceFAEnd 1 reqId:k 2 text~text
RerouteMarketDataRequest 1 reqId:k 2 conId:i 3 exchange
RerouteMarketDepthRequest 1 reqId:k 2 conId:i 3 exchange
ScannerData 1 reqId:k 2 scannerDataElement:ScannerDataElement*
ScannerParameters 1 xml
SecDefOptParameter 1 reqId:k 2 exchange 3 underlyingConId:i 4 tradingClass 5 multiplier 6 expirations* 7 strikes:d*
SecDefOptParameterEnd 1 reqId:k
SmartComponents 1 reqId:k 2 smartComponents:SmartComponent*
SoftDollarTiers 1 reqId:k 2 softDollarTiers:SoftDollarTier*
SymbolSamples 1 reqId:k 2 contractDescriptions:ContractDescription*
TickByTickData 1 reqId:k 2 tickType:i 3 historicalTickLast:HistoricalTickLast
  4 historicalTickBidAsk:HistoricalTickBidAsk 5 historicalTickMidPoint:HistoricalTick
TickGeneric 1 reqId:k 2 tickType:i 3 value:d
TickNews 1 reqId:k 2 timestamp:K 3 providerCode 4 articleId 5 headline 6 extraData
TickOptionComputation 1 reqId:k 2 tickType:i 3 tickAttrib:i 4 impliedVol:d 5 delta:d 6 optPrice:d 7 pvDividend:d
  8 gamma:d 9 vega:d 10 theta:d 11 undPrice:d
TickPrice 1 reqId:k 2 tickType:i 3 price:d 4 size:q 5 attrMask:i
TickReqParams 1 reqId:k 2 minTick:q 3 bboExchange 4 snapshotPermissions:i 5 lastPricePrecision:q 6 lastSizePrecision:q
TickSize 1 reqId:k 2 tickType:i 3 size:q
TickSnapshotEnd 1 reqId:k
TickString 1 reqId:k 2 tickType:i 3 value
UpdateConfigResponse 1 reqId:k 2 status 3 message~text 4 changedFields*~text 5 errors*~text
  6 warnings:UpdateConfigWarning*
UserInfo 1 reqId:k 2 whiteBrandingId~identifier
VerifyCompleted 1 isSuccessful:b 2 errorText~text
VerifyMessageApi 1 apiData~auth
WshEventData 1 reqId:k 2 dataJson
WshMetaData 1 reqId:k 2 dataJson
"""
