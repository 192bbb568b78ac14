"""The protobuf messages that clients send: one row a message, in the notation of protobuf_parts.py.

Read off the descriptors in ibapi 10.51.1; the two of fundamental data, gone since 10.47, off those in 10.46.1.
"""

from typing import Final

ROWS: Final = """
AccountDataRequest 1 subscribe:b 2 acctCode~account
AccountSummaryRequest 1 reqId:k 2 group~account 3 tags
AccountUpdatesMultiRequest 1 reqId:k 2 account~account 3 modelCode~advisor 4 ledgerAndNLV:b
AllOpenOrdersRequest
AutoOpenOrdersRequest 1 autoBind:b
CalculateImpliedVolatilityRequest 1 reqId:k 2 contract:Contract 3 optionPrice:d 4 underPrice:d
  5 impliedVolatilityOptions:map
CalculateOptionPriceRequest 1 reqId:k 2 contract:Contract 3 volatility:d 4 underPrice:d 5 optionPriceOptions:map
CancelAccountSummary 1 reqId:k
CancelAccountUpdatesMulti 1 reqId:k
CancelCalculateImpliedVolatility 1 reqId:k
CancelCalculateOptionPrice 1 reqId:k
CancelContractData 1 reqId:k
CancelFundamentalsData 1 reqId:k
CancelHeadTimestamp 1 reqId:k
CancelHistogramData 1 reqId:k
CancelHistoricalData 1 reqId:k
CancelHistoricalTicks 1 reqId:k
CancelMarketData 1 reqId:k
CancelMarketDepth 1 reqId:k 2 isSmartDepth:b
CancelNewsBulletins
CancelOrderRequest 1 orderId:k 2 orderCancel:OrderCancel
CancelPnL 1 reqId:k
CancelPnLSingle 1 reqId:k
CancelPositions
CancelPositionsMulti 1 reqId:k
CancelRealTimeBars 1 reqId:k
CancelScannerSubscription 1 reqId:k
CancelTickByTick 1 reqId:k
CancelWshEventData 1 reqId:k
CancelWshMetaData 1 reqId:k
CompletedOrdersRequest 1 apiOnly:b
ConfigRequest 1 reqId:k
ContractDataRequest 1 reqId:k 2 contract:Contract
CurrentTimeInMillisRequest
CurrentTimeRequest
ExecutionRequest 1 reqId:k 2 executionFilter:ExecutionFilter
ExerciseOptionsRequest 1 orderId:k 2 contract:Contract 3 exerciseAction:i 4 exerciseQuantity:i 5 account~account
  6 override:b 7 manualOrderTime 8 customerAccount~account 9 professionalCustomer:b
FAReplace 1 reqId:k 2 faDataType:i 3 xml~advisor
FARequest 1 faDataType:i
FamilyCodesRequest
FundamentalsDataRequest 1 reqId:k 2 contract:Contract 3 reportType 4 fundamentalsDataOptions:map
GlobalCancelRequest 1 orderCancel:OrderCancel
HeadTimestampRequest 1 reqId:k 2 contract:Contract 3 useRTH:b 4 whatToShow 5 formatDate:i
HistogramDataRequest 1 reqId:k 2 contract:Contract 3 useRTH:b 4 timePeriod
HistoricalDataRequest 1 reqId:k 2 contract:Contract 3 endDateTime 4 barSizeSetting 5 duration 6 useRTH:b 7 whatToShow
  8 formatDate:i 9 keepUpToDate:b 10 chartOptions:map
HistoricalNewsRequest 1 reqId:k 2 conId:i 3 providerCodes 4 startDateTime 5 endDateTime 6 totalResults:i
  7 historicalNewsOptions:map
HistoricalTicksRequest 1 reqId:k 2 contract:Contract 3 startDateTime 4 endDateTime 5 numberOfTicks:i 6 whatToShow
  7 useRTH:b 8 ignoreSize:b 9 miscOptions:map
IdsRequest 1 numIds:i
ManagedAccountsRequest
MarketDataRequest 1 reqId:k 2 contract:Contract 3 genericTickList 4 snapshot:b 5 regulatorySnapshot:b
  6 marketDataOptions:map
MarketDataTypeRequest 1 marketDataType:i
MarketDepthExchangesRequest
MarketDepthRequest 1 reqId:k 2 contract:Contract 3 numRows:i 4 isSmartDepth:b 5 marketDepthOptions:map
MarketRuleRequest 1 marketRuleId:k
MatchingSymbolsRequest 1 reqId:k 2 pattern
NewsArticleRequest 1 reqId:k 2 providerCode 3 articleId 4 newsArticleOptions:map
NewsBulletinsRequest 1 allMessages:b
NewsProvidersRequest
OpenOrdersRequest
PlaceOrderRequest 1 orderId:k 2 contract:Contract 3 order:Order 4 attachedOrders:AttachedOrders
PnLRequest 1 reqId:k 2 account~account 3 modelCode~advisor
PnLSingleRequest 1 reqId:k 2 account~account 3 modelCode~advisor 4 conId:i
PositionsMultiRequest 1 reqId:k 2 account~account 3 modelCode~advisor
PositionsRequest
QueryDisplayGroupsRequest 1 reqId:k
RealTimeBarsRequest 1 reqId:k 2 contract:Contract 3 barSize:i 4 whatToShow 5 useRTH:b 6 realTimeBarsOptions:map
ScannerParametersRequest
ScannerSubscriptionRequest 1 reqId:k 2 scannerSubscription:ScannerSubscription
SecDefOptParamsRequest 1 reqId:k 2 underlyingSymbol 3 futFopExchange 4 underlyingSecType 5 underlyingConId:i
SetServerLogLevelRequest 1 logLevel:i
SmartComponentsRequest 1 reqId:k 2 bboExchange
SoftDollarTiersRequest 1 reqId:k
StartApiRequest 1 clientId:k 2 optionalCapabilities~auth
SubscribeToGroupEventsRequest 1 reqId:k 2 groupId:i
TickByTickRequest 1 reqId:k 2 contract:Contract 3 tickType 4 numberOfTicks:i 5 ignoreSize:b
UnsubscribeFromGroupEventsRequest 1 reqId:k
UpdateConfigRequest 1 reqId:k 2 lockAndExit:LockAndExitConfig 3 messages:MessageConfig* 4 api:ApiConfig
  5 orders:OrdersConfig 6 acceptedWarnings:UpdateConfigWarning* 7 resetAPIOrderSequence:b
UpdateDisplayGroupRequest 1 reqId:k 2 contractInfo
UserInfoRequest 1 reqId:k
VerifyMessageRequest 1 apiData~auth
VerifyRequest 1 apiName~auth 2 apiVersion~auth
WshEventDataRequest 1 reqId:k 2 conId:i 3 filter 4 fillWatchlist:b 5 fillPortfolio:b 6 fillCompetitors:b 7 startDate
  8 endDate 9 totalLimit:i
WshMetaDataRequest 1 reqId:k
"""
