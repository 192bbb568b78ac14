"""What clients send: one row a message, ``id name constant`` and attributes, then its text layout (grammar.py).

Read off the encoders of ibapi 10.51.1 (gates from 100 and below), 9.81.1 and ib_async 2.1.0, and the
captures of their traffic; the message versions of the options off npm ib 0.2.9, the last client of old sessions.
Where clients differ (ibapi before 10.3x writes a count before some options) the layout takes both.

Attributes: ``>=N`` first server version that takes the message, ``pb=NAME@N`` its
protobuf message (protobuf_rows.py) and the server version from which ibapi sends it so, ``no-text`` where the
message exists as protobuf only. placeOrder's layout, being the longest, is in orders.py.
"""

from typing import Final

FRAGMENTS: Final = {
    # the contract's fields after conId, with and without the primary exchange
    "C12": "symbol secType lastTradeDateOrContractMonth strike:d right multiplier exchange primaryExchange currency"
    " localSymbol >=68 tradingClass",
    "C11": "symbol secType lastTradeDateOrContractMonth strike:d right multiplier exchange currency localSymbol"
    " >=68 tradingClass",
    "LEGS": "?contract.secType=BAG contract{ comboLegs[ conId:i ratio:i action exchange ] }",
    "DELTA": "deltaNeutral:b ?deltaNeutral contract{ deltaNeutralContract{ conId:i delta:d price:d } }",
}

ROWS: Final = """
1 reqMktData REQ_MKT_DATA pb=MarketDataRequest@206
  V11 reqId:k! contract{ >=47 conId:i @C12 } @LEGS >=40 ( @DELTA ) genericTickList snapshot:b
  >=114 regulatorySnapshot:b >=70 marketDataOptions
2 cancelMktData CANCEL_MKT_DATA pb=CancelMarketData@206
  V2 reqId:k!
3 placeOrder PLACE_ORDER pb=PlaceOrderRequest@203
  @PLACE_ORDER
4 cancelOrder CANCEL_ORDER pb=CancelOrderRequest@203
  <192 V1 orderId:k! orderCancel{ >=169 manualOrderCancelTime
  187..189 ( extOperator~user externalUserId~user manualOrderIndicator:i )
  >=192 ( extOperator~user manualOrderIndicator:i ) }
5 reqOpenOrders REQ_OPEN_ORDERS pb=OpenOrdersRequest@204
  V1
6 reqAccountUpdates REQ_ACCT_DATA pb=AccountDataRequest@207
  V2 subscribe:b acctCode~account
7 reqExecutions REQ_EXECUTIONS pb=ExecutionRequest@201
  V3 >=42 reqId:k! executionFilter{ clientId:k acctCode~account time symbol secType exchange side
  >=200 ( lastNDays:i specificDates[ :i ] ) }
8 reqIds REQ_IDS pb=IdsRequest@213
  V1 numIds:i
9 reqContractDetails REQ_CONTRACT_DATA pb=ContractDataRequest@205
  V8 >=40 reqId:k! contract{ conId:i symbol secType lastTradeDateOrContractMonth strike:d right multiplier exchange
  >=75 v>=8 primaryExchange currency localSymbol >=68 tradingClass includeExpired:b >=45 ( secIdType secId )
  >=176 issuerId }
10 reqMktDepth REQ_MKT_DEPTH pb=MarketDepthRequest@206
  V5 reqId:k! contract{ >=68 conId:i symbol secType lastTradeDateOrContractMonth strike:d right multiplier exchange
  >=149 primaryExchange currency localSymbol >=68 tradingClass } numRows:i >=146 isSmartDepth:b
  >=70 v>=5 marketDepthOptions
11 cancelMktDepth CANCEL_MKT_DEPTH pb=CancelMarketDepth@206
  V1 reqId:k! >=146 isSmartDepth:b
12 reqNewsBulletins REQ_NEWS_BULLETINS pb=NewsBulletinsRequest@209
  V1 allMessages:b
13 cancelNewsBulletins CANCEL_NEWS_BULLETINS pb=CancelNewsBulletins@209
  V1
14 setServerLogLevel SET_SERVER_LOGLEVEL pb=SetServerLogLevelRequest@213
  V1 logLevel:i
15 reqAutoOpenOrders REQ_AUTO_OPEN_ORDERS pb=AutoOpenOrdersRequest@204
  V1 autoBind:b
16 reqAllOpenOrders REQ_ALL_OPEN_ORDERS pb=AllOpenOrdersRequest@204
  V1
17 reqManagedAccts REQ_MANAGED_ACCTS pb=ManagedAccountsRequest@207
  V1
18 requestFA REQ_FA pb=FARequest@211
  V1 faDataType:i
19 replaceFA REPLACE_FA pb=FAReplace@211
  V1 faDataType:i xml~advisor >=157 reqId:k!
20 reqHistoricalData REQ_HISTORICAL_DATA pb=HistoricalDataRequest@208
  <124 V6 reqId:k! contract{ >=68 conId:i @C12 includeExpired:b } endDateTime barSizeSetting duration useRTH:b
  whatToShow formatDate:i @LEGS >=124 keepUpToDate:b >=70 chartOptions
21 exerciseOptions EXERCISE_OPTIONS pb=ExerciseOptionsRequest@211
  V2 orderId:k! contract{ >=68 conId:i @C11 } exerciseAction:i exerciseQuantity:i account~account override:b
  >=180 manualOrderTime >=183 customerAccount~account >=184 professionalCustomer:b
22 reqScannerSubscription REQ_SCANNER_SUBSCRIPTION pb=ScannerSubscriptionRequest@210
  <143 V4 reqId:k! scannerSubscription{ numberOfRows:i instrument locationCode scanCode abovePrice:d belowPrice:d
  aboveVolume:q marketCapAbove:d marketCapBelow:d moodyRatingAbove moodyRatingBelow spRatingAbove spRatingBelow
  maturityDateAbove maturityDateBelow couponRateAbove:d couponRateBelow:d excludeConvertible:b
  averageOptionVolumeAbove:q scannerSettingPairs stockTypeFilter >=143 scannerSubscriptionFilterOptions
  >=70 v>=4 scannerSubscriptionOptions }
23 cancelScannerSubscription CANCEL_SCANNER_SUBSCRIPTION pb=CancelScannerSubscription@210
  V1 reqId:k!
24 reqScannerParameters REQ_SCANNER_PARAMETERS pb=ScannerParametersRequest@210
  V1
25 cancelHistoricalData CANCEL_HISTORICAL_DATA pb=CancelHistoricalData@208
  V1 reqId:k!
49 reqCurrentTime REQ_CURRENT_TIME pb=CurrentTimeRequest@213
  V1
50 reqRealTimeBars REQ_REAL_TIME_BARS pb=RealTimeBarsRequest@208
  V3 reqId:k! contract{ >=68 conId:i @C12 } barSize:i whatToShow useRTH:b >=70 v>=3 realTimeBarsOptions
51 cancelRealTimeBars CANCEL_REAL_TIME_BARS pb=CancelRealTimeBars@208
  V1 reqId:k!
52 reqFundamentalData REQ_FUNDAMENTAL_DATA pb=FundamentalsDataRequest@210
  V2 reqId:k! contract{ >=68 conId:i symbol secType exchange primaryExchange currency localSymbol } reportType
  >=70 ( ?left>1 fundamentalsDataOptionsCount:i ?left>0|3 fundamentalsDataOptions )
53 cancelFundamentalData CANCEL_FUNDAMENTAL_DATA pb=CancelFundamentalsData@210
  V1 reqId:k!
54 calculateImpliedVolatility REQ_CALC_IMPLIED_VOLAT >=49 pb=CalculateImpliedVolatilityRequest@211
  V3 reqId:k! contract{ conId:i @C12 } optionPrice:d underPrice:d
  >=70 ( ?left>1 impliedVolatilityOptionsCount:i ?left>0|3 impliedVolatilityOptions )
55 calculateOptionPrice REQ_CALC_OPTION_PRICE >=50 pb=CalculateOptionPriceRequest@211
  V3 reqId:k! contract{ conId:i @C12 } volatility:d underPrice:d
  >=70 ( ?left>1 optionPriceOptionsCount:i ?left>0|3 optionPriceOptions )
56 cancelCalculateImpliedVolatility CANCEL_CALC_IMPLIED_VOLAT >=49 pb=CancelCalculateImpliedVolatility@211
  V1 reqId:k!
57 cancelCalculateOptionPrice CANCEL_CALC_OPTION_PRICE >=50 pb=CancelCalculateOptionPrice@211
  V1 reqId:k!
58 reqGlobalCancel REQ_GLOBAL_CANCEL >=53 pb=GlobalCancelRequest@203
  <192 V1 >=192 orderCancel{ extOperator~user manualOrderIndicator:i }
59 reqMarketDataType REQ_MARKET_DATA_TYPE >=55 pb=MarketDataTypeRequest@206
  V1 marketDataType:i
61 reqPositions REQ_POSITIONS >=67 pb=PositionsRequest@207
  V1
62 reqAccountSummary REQ_ACCOUNT_SUMMARY >=67 pb=AccountSummaryRequest@207
  V1 reqId:k! group~account tags
63 cancelAccountSummary CANCEL_ACCOUNT_SUMMARY >=67 pb=CancelAccountSummary@207
  V1 reqId:k!
64 cancelPositions CANCEL_POSITIONS >=67 pb=CancelPositions@207
  V1
65 verifyRequest VERIFY_REQUEST >=70 pb=VerifyRequest@213
  V1 apiName~auth apiVersion~auth
66 verifyMessage VERIFY_MESSAGE >=70 pb=VerifyMessageRequest@213
  V1 apiData~auth
67 queryDisplayGroups QUERY_DISPLAY_GROUPS >=70 pb=QueryDisplayGroupsRequest@213
  V1 reqId:k!
68 subscribeToGroupEvents SUBSCRIBE_TO_GROUP_EVENTS >=70 pb=SubscribeToGroupEventsRequest@213
  V1 reqId:k! groupId:i
69 updateDisplayGroup UPDATE_DISPLAY_GROUP >=70 pb=UpdateDisplayGroupRequest@213
  V1 reqId:k! contractInfo
70 unsubscribeFromGroupEvents UNSUBSCRIBE_FROM_GROUP_EVENTS >=70 pb=UnsubscribeFromGroupEventsRequest@213
  V1 reqId:k!
71 startApi START_API >=70 pb=StartApiRequest@213
  V2 clientId:k >=72 optionalCapabilities~auth
72 verifyAndAuthRequest VERIFY_AND_AUTH_REQUEST >=74
  V1 apiName~auth apiVersion~auth opaqueIsvKey~auth
73 verifyAndAuthMessage VERIFY_AND_AUTH_MESSAGE >=74
  V1 apiData~auth xyzResponse~auth
74 reqPositionsMulti REQ_POSITIONS_MULTI >=103 pb=PositionsMultiRequest@207
  V1 reqId:k! account~account modelCode~advisor
75 cancelPositionsMulti CANCEL_POSITIONS_MULTI >=103 pb=CancelPositionsMulti@207
  V1 reqId:k!
76 reqAccountUpdatesMulti REQ_ACCOUNT_UPDATES_MULTI >=103 pb=AccountUpdatesMultiRequest@207
  V1 reqId:k! account~account modelCode~advisor ledgerAndNLV:b
77 cancelAccountUpdatesMulti CANCEL_ACCOUNT_UPDATES_MULTI >=103 pb=CancelAccountUpdatesMulti@207
  V1 reqId:k!
78 reqSecDefOptParams REQ_SEC_DEF_OPT_PARAMS >=104 pb=SecDefOptParamsRequest@212
  reqId:k! underlyingSymbol futFopExchange underlyingSecType underlyingConId:i
79 reqSoftDollarTiers REQ_SOFT_DOLLAR_TIERS >=106 pb=SoftDollarTiersRequest@212
  reqId:k!
80 reqFamilyCodes REQ_FAMILY_CODES >=107 pb=FamilyCodesRequest@212
81 reqMatchingSymbols REQ_MATCHING_SYMBOLS >=108 pb=MatchingSymbolsRequest@212
  reqId:k! pattern
82 reqMktDepthExchanges REQ_MKT_DEPTH_EXCHANGES >=112 pb=MarketDepthExchangesRequest@213
83 reqSmartComponents REQ_SMART_COMPONENTS >=114 pb=SmartComponentsRequest@212
  reqId:k! bboExchange
84 reqNewsArticle REQ_NEWS_ARTICLE >=116 pb=NewsArticleRequest@209
  reqId:k! providerCode articleId >=128 newsArticleOptions
85 reqNewsProviders REQ_NEWS_PROVIDERS >=115 pb=NewsProvidersRequest@209
86 reqHistoricalNews REQ_HISTORICAL_NEWS >=117 pb=HistoricalNewsRequest@209
  reqId:k! conId:i providerCodes startDateTime endDateTime totalResults:i >=128 historicalNewsOptions
87 reqHeadTimeStamp REQ_HEAD_TIMESTAMP >=118 pb=HeadTimestampRequest@208
  reqId:k! contract{ conId:i @C12 includeExpired:b } useRTH:b whatToShow formatDate:i
88 reqHistogramData REQ_HISTOGRAM_DATA >=119 pb=HistogramDataRequest@208
  reqId:k! contract{ conId:i @C12 includeExpired:b } useRTH:b timePeriod
89 cancelHistogramData CANCEL_HISTOGRAM_DATA >=119 pb=CancelHistogramData@208
  reqId:k!
90 cancelHeadTimeStamp CANCEL_HEAD_TIMESTAMP >=123 pb=CancelHeadTimestamp@208
  reqId:k!
91 reqMarketRule REQ_MARKET_RULE >=126 pb=MarketRuleRequest@212
  marketRuleId:k!
92 reqPnL REQ_PNL >=127 pb=PnLRequest@210
  reqId:k! account~account modelCode~advisor
93 cancelPnL CANCEL_PNL >=127 pb=CancelPnL@210
  reqId:k!
94 reqPnLSingle REQ_PNL_SINGLE >=127 pb=PnLSingleRequest@210
  reqId:k! account~account modelCode~advisor conId:i
95 cancelPnLSingle CANCEL_PNL_SINGLE >=127 pb=CancelPnLSingle@210
  reqId:k!
96 reqHistoricalTicks REQ_HISTORICAL_TICKS >=130 pb=HistoricalTicksRequest@208
  reqId:k! contract{ conId:i @C12 includeExpired:b } startDateTime endDateTime numberOfTicks:i whatToShow useRTH:b
  ignoreSize:b miscOptions
97 reqTickByTickData REQ_TICK_BY_TICK_DATA >=137 pb=TickByTickRequest@208
  reqId:k! contract{ conId:i @C12 } tickType >=140 ( numberOfTicks:i ignoreSize:b )
98 cancelTickByTickData CANCEL_TICK_BY_TICK_DATA >=137 pb=CancelTickByTick@208
  reqId:k!
99 reqCompletedOrders REQ_COMPLETED_ORDERS >=150 pb=CompletedOrdersRequest@204
  apiOnly:b
100 reqWshMetaData REQ_WSH_META_DATA >=161 pb=WshMetaDataRequest@209
  reqId:k!
101 cancelWshMetaData CANCEL_WSH_META_DATA >=161 pb=CancelWshMetaData@209
  reqId:k!
102 reqWshEventData REQ_WSH_EVENT_DATA >=161 pb=WshEventDataRequest@209
  reqId:k! conId:i >=171 ( filter fillWatchlist:b fillPortfolio:b fillCompetitors:b )
  >=173 ( startDate endDate totalLimit:i )
103 cancelWshEventData CANCEL_WSH_EVENT_DATA >=161 pb=CancelWshEventData@209
  reqId:k!
104 reqUserInfo REQ_USER_INFO >=167 pb=UserInfoRequest@212
  reqId:k!
105 reqCurrentTimeInMillis REQ_CURRENT_TIME_IN_MILLIS >=197 pb=CurrentTimeInMillisRequest@213
106 cancelContractData CANCEL_CONTRACT_DATA >=215 no-text pb=CancelContractData
107 cancelHistoricalTicks CANCEL_HISTORICAL_TICKS >=215 no-text pb=CancelHistoricalTicks
108 reqConfig REQ_CONFIG >=219 no-text pb=ConfigRequest
109 updateConfig UPDATE_CONFIG >=221 no-text pb=UpdateConfigRequest
"""
