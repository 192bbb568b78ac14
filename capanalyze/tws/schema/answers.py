"""What TWS or the Gateway sends: one row a message, ``id name constant`` and attributes, then its text layout.

Read off the decoders of ibapi 10.51.1 and 9.81.1, and checked against messages recorded from a real Gateway
(published in wboayue/rust-ibapi). ``name`` is the callback of EWrapper. Attributes as in requests.py, but the
server's form follows no published version rule: the id says which it is.
openOrder's and completedOrder's layouts, being the longest, are in orders.py.
"""

from typing import Final

FRAGMENTS: Final = {
    "X11": "conId:i symbol secType lastTradeDateOrContractMonth strike:d right multiplier exchange currency"
    " localSymbol",
    "TICK_CONTRACT": "symbol secType lastTradeDateOrContractMonth strike:d right exchange currency localSymbol",
    "FUND": "fundName fundFamily fundType fundFrontLoad fundBackLoad fundBackLoadTimeInterval fundManagementFee"
    " fundClosed:b fundClosedForNewInvestors:b fundClosedForNewMoney:b fundNotifyAmount fundMinimumInitialPurchase"
    " fundMinimumSubsequentPurchase fundBlueSkyStates fundBlueSkyTerritories fundDistributionPolicyIndicator"
    " fundAssetType",
    "SIZES": "minSize:q sizeIncrement:q suggestedSizeIncrement:q",
    "BAR": "open:d high:d low:d close:d volume:q wap:q",
}

ROWS: Final = """
1 tickPrice TICK_PRICE pb=TickPrice
  V6 reqId:k! tickType:i price:d v>=2 size:q v>=3 attrMask:i
2 tickSize TICK_SIZE pb=TickSize
  V6 reqId:k! tickType:i size:q
3 orderStatus ORDER_STATUS pb=OrderStatus
  <131 V6 orderId:k! status filled:q~position remaining:q~position avgFillPrice:d v>=2 permId:k~identifier
  v>=3 parentId:k v>=4 lastFillPrice:d v>=5 clientId:k v>=6 whyHeld >=131 mktCapPrice:d
4 error ERR_MSG pb=ErrorMessage
  <194 V2 v>=2 id:k! v>=2 errorCode:i errorMsg:u~text >=166 advancedOrderRejectJson:u~text >=194 errorTime:k
5 openOrder OPEN_ORDER pb=OpenOrder
  @OPEN_ORDER
6 updateAccountValue ACCT_VALUE pb=AccountValue
  V2 key:u value:u~money currency:u v>=2 accountName:u~account
7 updatePortfolio PORTFOLIO_VALUE pb=PortfolioValue
  V8 contract{ v>=6 conId:i symbol secType lastTradeDateOrContractMonth strike:d right
  v>=7 ( multiplier primaryExchange ) currency v>=2 localSymbol v>=8 tradingClass } position:q~position marketPrice:d
  marketValue:d~money v>=3 ( averageCost:d~money unrealizedPNL:d~money realizedPNL:d~money )
  v>=4 accountName~account =39 ?version=6 contract{ primaryExchange }
8 updateAccountTime ACCT_UPDATE_TIME pb=AccountUpdateTime
  V1 timeStamp:u
9 nextValidId NEXT_VALID_ID pb=NextValidId
  V1 orderId:k+
10 contractDetails CONTRACT_DATA pb=ContractData
  <164 V8 v>=3 reqId:k! contract{ symbol secType lastTradeDateOrContractMonth >=182 lastTradeDate strike:d right
  exchange currency localSymbol } contractDetails{ marketName } contract{ tradingClass conId:i }
  contractDetails{ minTick:d 110..163 mdSizeMultiplier:i } contract{ multiplier }
  contractDetails{ orderTypes validExchanges v>=2 priceMagnifier:i v>=4 underConId:i v>=5 longName:u }
  v>=5 contract{ primaryExchange }
  contractDetails{ v>=6 ( contractMonth industry category subcategory timeZoneId tradingHours liquidHours )
  v>=8 ( evRule evMultiplier:d ) v>=7 secIdList[ tag value ] >=121 aggGroup:i >=122 ( underSymbol underSecType )
  >=126 marketRuleIds >=134 realExpirationDate >=152 stockType =163 sizeMinTick:q >=164 ( @SIZES )
  >=179 ?contract.secType=FUND ( @FUND ) >=186 ineligibilityReasonList[ id description ] }
11 execDetails EXECUTION_DATA pb=ExecutionDetails
  <136 V10 v>=7 reqId:k! execution{ orderId:k } contract{ v>=5 conId:i symbol secType lastTradeDateOrContractMonth
  strike:d right v>=9 multiplier exchange currency localSymbol v>=10 tradingClass }
  execution{ execId~identifier time acctNumber~account exchange side shares:q~position price:d
  v>=2 permId:k~identifier v>=3 clientId:k v>=4 liquidation:i v>=6 ( cumQty:q~position avgPrice:d )
  v>=8 orderRef~order_ref v>=9 ( evRule evMultiplier:d ) >=103 modelCode~advisor >=136 lastLiquidity:i
  >=178 pendingPriceRevision:b >=198 submitter~user }
12 updateMktDepth MARKET_DEPTH pb=MarketDepth
  V1 reqId:k! marketDepthData{ position:i operation:i side:i price:d size:q }
13 updateMktDepthL2 MARKET_DEPTH_L2 pb=MarketDepthL2
  V1 reqId:k! marketDepthData{ position:i marketMaker operation:i side:i price:d size:q >=146 isSmartDepth:b }
14 updateNewsBulletin NEWS_BULLETINS pb=NewsBulletin
  V1 newsMsgId:k+ newsMsgType:i+ newsMessage:u originatingExch:u
15 managedAccounts MANAGED_ACCTS pb=ManagedAccounts
  V1 accountsList:u~account
16 receiveFA RECEIVE_FA pb=ReceiveFA
  V1 faDataType:i+ xml:u~advisor
17 historicalData HISTORICAL_DATA pb=HistoricalData
  <124 V3 reqId:k! <196 v>=2 ( startDateStr endDateStr )
  historicalDataBars[ date @BAR <124 hasGaps v>=3 barCount:i ]
18 bondContractDetails BOND_CONTRACT_DATA pb=ContractData
  <164 V6 v>=3 reqId:k! contract{ symbol secType } contractDetails{ cusip coupon:d maturity issueDate ratings bondType
  couponType convertible:b callable:b puttable:b descAppend } contract{ exchange currency }
  contractDetails{ marketName } contract{ tradingClass conId:i } contractDetails{ minTick:d 110..163 mdSizeMultiplier:i
  orderTypes validExchanges v>=2 ( nextOptionDate nextOptionType nextOptionPartial:b bondNotes ) v>=4 longName
  >=188 ( timeZoneId tradingHours liquidHours ) v>=6 ( evRule evMultiplier:d ) v>=5 secIdList[ tag value ]
  >=121 aggGroup:i >=126 marketRuleIds >=164 ( @SIZES ) }
19 scannerParameters SCANNER_PARAMETERS pb=ScannerParameters
  V1 xml:u
20 scannerData SCANNER_DATA pb=ScannerData
  V3 reqId:k! scannerDataElement[ rank:i contract{ v>=3 conId:i @TICK_CONTRACT } marketName contract{ tradingClass }
  distance benchmark projection v>=2 comboKey ]
21 tickOptionComputation TICK_OPTION_COMPUTATION pb=TickOptionComputation
  <156 V6 reqId:k! tickType:i >=156 tickAttrib:i impliedVol:d delta:d v>=5 ( optPrice:d pvDividend:d )
  v>=6 ( gamma:d vega:d theta:d undPrice:d )
45 tickGeneric TICK_GENERIC pb=TickGeneric
  V6 reqId:k! tickType:i+ value:d+
46 tickString TICK_STRING pb=TickString
  V6 reqId:k! tickType:i+ value:u
47 tickEFP TICK_EFP
  V1 reqId:k! tickType:i+ basisPoints:d+ formattedBasisPoints:u totalDividends:d+ holdDays:i+ futureLastTradeDate:u
  dividendImpact:d+ dividendsToLastTradeDate:d+
49 currentTime CURRENT_TIME pb=CurrentTime
  V1 currentTime:k+
50 realtimeBar REAL_TIME_BARS pb=RealTimeBarTick
  V3 reqId:k! time:k @BAR count:i
51 fundamentalData FUNDAMENTAL_DATA pb=FundamentalsData
  V1 reqId:k! data:u
52 contractDetailsEnd CONTRACT_DATA_END pb=ContractDataEnd
  V1 reqId:k!
53 openOrderEnd OPEN_ORDER_END pb=OpenOrdersEnd
  V1
54 accountDownloadEnd ACCT_DOWNLOAD_END pb=AccountDataEnd
  V1 accountName:u~account
55 execDetailsEnd EXECUTION_DATA_END pb=ExecutionDetailsEnd
  V1 reqId:k!
56 deltaNeutralValidation DELTA_NEUTRAL_VALIDATION
  V1 reqId:k! deltaNeutralContract{ conId:i delta:d price:d }
57 tickSnapshotEnd TICK_SNAPSHOT_END pb=TickSnapshotEnd
  V1 reqId:k!
58 marketDataType MARKET_DATA_TYPE pb=MarketDataType
  V1 reqId:k! marketDataType:i+
59 commissionAndFeesReport COMMISSION_AND_FEES_REPORT pb=CommissionAndFeesReport
  V1 execId~identifier commissionAndFees:d~money currency realizedPNL:d~money bondYield:d yieldRedemptionDate:i
61 position POSITION_DATA >=67 pb=Position
  V3 account~account contract{ @X11 v>=2 tradingClass } position:q~position v>=3 avgCost:d~money
62 positionEnd POSITION_END >=67 pb=PositionEnd
  V1
63 accountSummary ACCOUNT_SUMMARY >=67 pb=AccountSummary
  V1 reqId:k! account:u~account tag:u value:u~money currency:u
64 accountSummaryEnd ACCOUNT_SUMMARY_END >=67 pb=AccountSummaryEnd
  V1 reqId:k!
65 verifyMessageAPI VERIFY_MESSAGE_API >=70 pb=VerifyMessageApi
  V1 apiData:u~auth
66 verifyCompleted VERIFY_COMPLETED >=70 pb=VerifyCompleted
  V1 isSuccessful:b errorText:u~text
67 displayGroupList DISPLAY_GROUP_LIST >=70 pb=DisplayGroupList
  V1 reqId:k! groups:u
68 displayGroupUpdated DISPLAY_GROUP_UPDATED >=70 pb=DisplayGroupUpdated
  V1 reqId:k! contractInfo:u
69 verifyAndAuthMessageAPI VERIFY_AND_AUTH_MESSAGE_API >=74
  V1 apiData:u~auth xyzChallenge:u~auth
70 verifyAndAuthCompleted VERIFY_AND_AUTH_COMPLETED >=74
  V1 isSuccessful:b errorText:u~text
71 positionMulti POSITION_MULTI >=103 pb=PositionMulti
  V1 reqId:k! account~account contract{ @X11 tradingClass } position:q~position avgCost:d~money modelCode~advisor
72 positionMultiEnd POSITION_MULTI_END >=103 pb=PositionMultiEnd
  V1 reqId:k!
73 accountUpdateMulti ACCOUNT_UPDATE_MULTI >=103 pb=AccountUpdateMulti
  V1 reqId:k! account:u~account modelCode:u~advisor key:u value:u~money currency:u
74 accountUpdateMultiEnd ACCOUNT_UPDATE_MULTI_END >=103 pb=AccountUpdateMultiEnd
  V1 reqId:k!
75 securityDefinitionOptionParameter SECURITY_DEFINITION_OPTION_PARAMETER >=104 pb=SecDefOptParameter
  reqId:k! exchange underlyingConId:i tradingClass multiplier expirations[ :s ] strikes[ :d ]
76 securityDefinitionOptionParameterEnd SECURITY_DEFINITION_OPTION_PARAMETER_END >=104 pb=SecDefOptParameterEnd
  reqId:k!
77 softDollarTiers SOFT_DOLLAR_TIERS >=106 pb=SoftDollarTiers
  reqId:k! softDollarTiers[ name value displayName ]
78 familyCodes FAMILY_CODES >=107 pb=FamilyCodes
  familyCodes[ accountId~account familyCode~account ]
79 symbolSamples SYMBOL_SAMPLES >=108 pb=SymbolSamples
  reqId:k! contractDescriptions[ contract{ conId:i symbol secType primaryExchange currency } derivativeSecTypes[ :s ]
  >=176 contract{ description issuerId } ]
80 mktDepthExchanges MKT_DEPTH_EXCHANGES >=112 pb=MarketDepthExchanges
  depthMarketDataDescriptions[ exchange secType >=120 ( listingExch serviceDataType aggGroup:i ) <120 isL2:b ]
81 tickReqParams TICK_REQ_PARAMS pb=TickReqParams
  reqId:k! minTick:d bboExchange snapshotPermissions:i
82 smartComponents SMART_COMPONENTS >=114 pb=SmartComponents
  reqId:k! smartComponents[ bitNumber:i exchange exchangeLetter ]
83 newsArticle NEWS_ARTICLE >=116 pb=NewsArticle
  reqId:k! articleType:i articleText
84 tickNews TICK_NEWS >=113 pb=TickNews
  reqId:k! timestamp:k providerCode articleId headline extraData
85 newsProviders NEWS_PROVIDERS >=115 pb=NewsProviders
  newsProviders[ providerCode providerName ]
86 historicalNews HISTORICAL_NEWS >=117 pb=HistoricalNews
  reqId:k! time providerCode articleId headline
87 historicalNewsEnd HISTORICAL_NEWS_END >=117 pb=HistoricalNewsEnd
  reqId:k! hasMore:b
88 headTimestamp HEAD_TIMESTAMP >=118 pb=HeadTimestamp
  reqId:k! headTimestamp
89 histogramData HISTOGRAM_DATA >=119 pb=HistogramData
  reqId:k! histogramDataEntries[ price:d size:q ]
90 historicalDataUpdate HISTORICAL_DATA_UPDATE >=124 pb=HistoricalDataUpdate
  reqId:k! historicalDataBar{ barCount:i date open:d close:d high:d low:d wap:q volume:q }
91 rerouteMktDataReq REROUTE_MKT_DATA_REQ >=125 pb=RerouteMarketDataRequest
  reqId:k! conId:i exchange
92 rerouteMktDepthReq REROUTE_MKT_DEPTH_REQ >=125 pb=RerouteMarketDepthRequest
  reqId:k! conId:i exchange
93 marketRule MARKET_RULE >=126 pb=MarketRule
  marketRuleId:k! priceIncrements[ lowEdge:d increment:d ]
94 pnl PNL >=127 pb=PnL
  reqId:k! dailyPnL:d~money >=129 unrealizedPnL:d~money >=135 realizedPnL:d~money
95 pnlSingle PNL_SINGLE >=127 pb=PnLSingle
  reqId:k! position:q~position dailyPnL:d~money >=129 unrealizedPnL:d~money >=135 realizedPnL:d~money value:d~money
96 historicalTicks HISTORICAL_TICKS >=130 pb=HistoricalTicks
  reqId:k! historicalTicks[ time:k mask:i price:d size:q ] isDone:b
97 historicalTicksBidAsk HISTORICAL_TICKS_BID_ASK >=130 pb=HistoricalTicksBidAsk
  reqId:k! historicalTicksBidAsk[ time:k mask:i priceBid:d priceAsk:d sizeBid:q sizeAsk:q ] isDone:b
98 historicalTicksLast HISTORICAL_TICKS_LAST >=130 pb=HistoricalTicksLast
  reqId:k! historicalTicksLast[ time:k mask:i price:d size:q exchange specialConditions ] isDone:b
99 tickByTick TICK_BY_TICK >=137 pb=TickByTickData
  reqId:k! tickType:i ?tickType=1|2 historicalTickLast{ time:k price:d size:q mask:i exchange specialConditions }
  ?tickType=3 historicalTickBidAsk{ time:k priceBid:d priceAsk:d sizeBid:q sizeAsk:q mask:i }
  ?tickType=4 historicalTickMidPoint{ time:k price:d } ?tickType=0 time:k
100 orderBound ORDER_BOUND >=144 pb=OrderBound
  permId:k~identifier clientId:k orderId:k!
101 completedOrder COMPLETED_ORDER >=150 pb=CompletedOrder
  @COMPLETED_ORDER
102 completedOrdersEnd COMPLETED_ORDERS_END >=150 pb=CompletedOrdersEnd
103 replaceFAEnd REPLACE_FA_END >=157 pb=ReplaceFAEnd
  reqId:k! text~text
104 wshMetaData WSH_META_DATA >=161 pb=WshMetaData
  reqId:k! dataJson
105 wshEventData WSH_EVENT_DATA >=161 pb=WshEventData
  reqId:k! dataJson
106 historicalSchedule HISTORICAL_SCHEDULE >=165 pb=HistoricalSchedule
  reqId:k! startDateTime endDateTime timeZone historicalSessions[ startDateTime endDateTime refDate ]
107 userInfo USER_INFO >=167 pb=UserInfo
  reqId:k! whiteBrandingId~identifier
108 historicalDataEnd HISTORICAL_DATA_END >=196 pb=HistoricalDataEnd
  reqId:k! startDateStr endDateStr
109 currentTimeInMillis CURRENT_TIME_IN_MILLIS >=197 pb=CurrentTimeInMillis
  currentTimeInMillis:k
110 configResponse CONFIG_RESPONSE >=219 no-text pb=ConfigResponse
111 updateConfigResponse UPDATE_CONFIG_RESPONSE >=221 no-text pb=UpdateConfigResponse
"""
