"""The protobuf messages that others contain: one row a message, ``number name:type`` for each field.

Numbers, names and types as the descriptors in ibapi 10.51.1 have them (package ``protobuf``, proto3, every scalar
``optional``). Types: ``i`` int32, ``I`` int64 (``k`` and ``K``: an identifier, no value of which means unset),
``d`` double, ``b`` bool, ``q`` a string that holds a decimal, ``map`` map<string, string> (repeated MapEntry, which
has no name of its own on the wire), a message by its name, a string without. ``*`` repeated; ``~`` sensitive, and
of which kind (grammar.py). ``name|wire``: the attribute of IB's API classes where the wire's name differs from it.
"""

from typing import Final

ROWS: Final = """
ApiConfig 1 precautions:ApiPrecautionsConfig 2 settings:ApiSettingsConfig
ApiPrecautionsConfig 1 bypassOrderPrecautions:b 2 bypassBondWarning:b 3 bypassNegativeYieldConfirmation:b
  4 bypassCalledBondWarning:b 5 bypassSameActionPairTradeWarning:b 6 bypassFlaggedAccountsWarning:b
  7 bypassPriceBasedVolatilityWarning:b 8 bypassRedirectOrderWarning:b 9 bypassNoOverfillProtection:b
  10 bypassRouteMarketableToBBO:b
ApiSettingsConfig 1 readOnlyApi:b 2 totalQuantityForMutualFunds:b 3 downloadOpenOrdersOnConnection:b
  4 includeVirtualFxPositions:b 5 prepareDailyPnL:b 6 sendStatusUpdatesForVolatilityOrders:b 7 encodeApiMessages
  8 socketPort:i~host 9 useNegativeAutoRange:b 10 createApiMessageLogFile:b 11 includeMarketDataInLogFile:b
  12 exposeTradingScheduleToApi:b 13 splitInsuredDepositFromCashBalance:b 14 sendZeroPositionsForTodayOnly:b
  15 letApiAccountRequestsSwitchSubscription:b 16 useAccountGroupsWithAllocationMethods:b 17 loggingLevel
  18 masterClientId:i~host 19 bulkDataTimeout:i 20 componentExchSeparator 21 showForexDataIn1_10Pips:b
  22 allowForexTradingIn1_10Pips:b 23 roundAccountValuesToNearestWholeNumber:b 24 sendMarketDataInLotsForUsStocks:b
  25 showAdvancedOrderRejectInUi:b 26 rejectMessagesAboveMaxRate:b 27 maintainConnectionOnIncorrectFields:b
  28 compatibilityModeNasdaqStocks:b 29 sendInstrumentTimezone 30 sendForexDataInCompatibilityMode:b
  31 maintainAndResubmitOrdersOnReconnect:b 32 historicalDataMaxSize:i 33 autoReportNettingEventContractTrades:b
  34 optionExerciseRequestType 35 allowLocalhostOnly:b 36 trustedIPs*~host
AttachedOrders 1 slOrderId:k 2 slOrderType 3 ptOrderId:k 4 ptOrderType
ComboLeg 1 conId:i 2 ratio:i 3 action 4 exchange 5 openClose:i 6 shortSaleSlot|shortSalesSlot:i 7 designatedLocation
  8 exemptCode:i 9 perLegPrice:d
Contract 1 conId:i 2 symbol 3 secType 4 lastTradeDateOrContractMonth 5 strike:d 6 right 7 multiplier:d 8 exchange
  9 primaryExchange|primaryExch 10 currency 11 localSymbol 12 tradingClass 13 secIdType 14 secId 15 description
  16 issuerId 17 deltaNeutralContract:DeltaNeutralContract 18 includeExpired:b 19 comboLegsDescrip
  20 comboLegs:ComboLeg* 21 lastTradeDate
ContractDescription 1 contract:Contract 2 derivativeSecTypes*
ContractDetails 1 marketName 2 minTick:q 3 orderTypes 4 validExchanges 5 priceMagnifier:i 6 underConId:i 7 longName
  8 contractMonth 9 industry 10 category 11 subcategory 12 timeZoneId 13 tradingHours 14 liquidHours 15 evRule
  16 evMultiplier:d 17 secIdList:map 18 aggGroup:i 19 underSymbol 20 underSecType 21 marketRuleIds
  22 realExpirationDate 23 stockType 24 minSize:q 25 sizeIncrement:q 26 suggestedSizeIncrement:q 27 fundName
  28 fundFamily 29 fundType 30 fundFrontLoad 31 fundBackLoad 32 fundBackLoadTimeInterval 33 fundManagementFee
  34 fundClosed:b 35 fundClosedForNewInvestors:b 36 fundClosedForNewMoney:b 37 fundNotifyAmount
  38 fundMinimumInitialPurchase 39 fundMinimumSubsequentPurchase 40 fundBlueSkyStates 41 fundBlueSkyTerritories
  42 fundDistributionPolicyIndicator 43 fundAssetType 44 cusip 45 issueDate 46 ratings 47 bondType 48 coupon:d
  49 couponType 50 convertible:b 51 callable:b 52 puttable:b 53 descAppend 54 nextOptionDate 55 nextOptionType
  56 nextOptionPartial:b 57 bondNotes 58 ineligibilityReasonList:IneligibilityReason* 59 eventContract1
  60 eventContractDescription1 61 eventContractDescription2 62 minAlgoSize:q 63 lastPricePrecision:q
  64 lastSizePrecision:q 65 settlementMethod
DeltaNeutralContract 1 conId:i 2 delta:d 3 price:d
DepthMarketDataDescription 1 exchange 2 secType 3 listingExch 4 serviceDataType 5 aggGroup:i
Execution 1 orderId:k 2 execId~identifier 3 time 4 acctNumber~account 5 exchange 6 side 7 shares:q~position 8 price:d
  9 permId:K~identifier 10 clientId:k 11 liquidation|isLiquidation:b 12 cumQty:q~position 13 avgPrice:d
  14 orderRef~order_ref 15 evRule 16 evMultiplier:d 17 modelCode~advisor 18 lastLiquidity:i
  19 pendingPriceRevision|isPriceRevisionPending:b 20 submitter~user 21 optExerciseOrLapseType:i
ExecutionFilter 1 clientId:k 2 acctCode~account 3 time 4 symbol 5 secType 6 exchange 7 side 8 lastNDays:i
  9 specificDates:i*
FamilyCode 1 accountId~account 2 familyCode~account
HistogramDataEntry 1 price:d 2 size:q
HistoricalDataBar 1 date 2 open:d 3 high:d 4 low:d 5 close:d 6 volume:q 7 wap|WAP:q 8 barCount:i
HistoricalSession 1 startDateTime 2 endDateTime 3 refDate
HistoricalTick 1 time:K 2 price:d 3 size:q
HistoricalTickBidAsk 1 time:K 2 tickAttribBidAsk:TickAttribBidAsk 3 priceBid:d 4 priceAsk:d 5 sizeBid:q 6 sizeAsk:q
HistoricalTickLast 1 time:K 2 tickAttribLast:TickAttribLast 3 price:d 4 size:q 5 exchange 6 specialConditions
IneligibilityReason 1 id 2 description
LockAndExitConfig 1 autoLogoffTime 2 autoLogoffPeriod 3 autoLogoffType
MapEntry 1 tag 2 value
MarketDepthData 1 position:i 2 operation:i 3 side:i 4 price:d 5 size:q 6 marketMaker 7 isSmartDepth:b
MessageConfig 1 id:i 2 title 3 message 4 defaultAction 5 enabled:b
NewsProvider 1 providerCode 2 providerName
Order 1 clientId:k 2 orderId:k 3 permId:K~identifier 4 parentId:k 5 action 6 totalQuantity:q 7 displaySize:i
  8 orderType 9 lmtPrice:d 10 auxPrice:d 11 tif 12 account~account 13 settlingFirm~account 14 clearingAccount~account
  15 clearingIntent 16 allOrNone:b 17 blockOrder:b 18 hidden:b 19 outsideRth:b 20 sweepToFill:b 21 percentOffset:d
  22 trailingPercent:d 23 trailStopPrice:d 24 minQty:i 25 goodAfterTime 26 goodTillDate 27 ocaGroup
  28 orderRef~order_ref 29 rule80A 30 ocaType:i 31 triggerMethod:i 32 activeStartTime 33 activeStopTime
  34 faGroup~advisor 35 faMethod~advisor 36 faPercentage~advisor 37 volatility:d 38 volatilityType:i
  39 continuousUpdate:b 40 referencePriceType:i 41 deltaNeutralOrderType 42 deltaNeutralAuxPrice:d
  43 deltaNeutralConId:i 44 deltaNeutralOpenClose 45 deltaNeutralShortSale:b 46 deltaNeutralShortSaleSlot:i
  47 deltaNeutralDesignatedLocation 48 scaleInitLevelSize:i 49 scaleSubsLevelSize:i 50 scalePriceIncrement:d
  51 scalePriceAdjustValue:d 52 scalePriceAdjustInterval:i 53 scaleProfitOffset:d 54 scaleAutoReset:b
  55 scaleInitPosition:i 56 scaleInitFillQty:i 57 scaleRandomPercent:b 58 scaleTable 59 hedgeType 60 hedgeParam
  61 algoStrategy 62 algoParams:map~strategy 63 algoId~strategy 64 smartComboRoutingParams:map 65 whatIf:b
  66 transmit:b 67 overridePercentageConstraints:b 68 openClose 69 origin:i 70 shortSaleSlot:i 71 designatedLocation
  72 exemptCode:i 73 deltaNeutralSettlingFirm~account 74 deltaNeutralClearingAccount~account
  75 deltaNeutralClearingIntent 76 discretionaryAmt:d 77 optOutSmartRouting:b 78 startingPrice:d 79 stockRefPrice:d
  80 delta:d 81 stockRangeLower:d 82 stockRangeUpper:d 83 notHeld:b 84 orderMiscOptions:map 85 solicited:b
  86 randomizeSize:b 87 randomizePrice:b 88 referenceContractId:i 89 peggedChangeAmount:d
  90 isPeggedChangeAmountDecrease:b 91 referenceChangeAmount:d 92 referenceExchangeId 93 adjustedOrderType
  94 triggerPrice:d 95 adjustedStopPrice:d 96 adjustedStopLimitPrice:d 97 adjustedTrailingAmount:d
  98 adjustableTrailingUnit:i 99 lmtPriceOffset:d 100 conditions:OrderCondition* 101 conditionsCancelOrder:b
  102 conditionsIgnoreRth:b 103 modelCode~advisor 104 extOperator~user 105 softDollarTier:SoftDollarTier 106 cashQty:d
  107 mifid2DecisionMaker~user 108 mifid2DecisionAlgo~user 109 mifid2ExecutionTrader~user 110 mifid2ExecutionAlgo~user
  111 dontUseAutoPriceForHedge:b 112 isOmsContainer:b 113 discretionaryUpToLimitPrice:b 114 autoCancelDate
  115 filledQuantity:q~position 116 refFuturesConId:i 117 autoCancelParent:b 118 shareholder~account
  119 imbalanceOnly:b 120 routeMarketableToBbo:i 121 parentPermId:K~identifier 122 usePriceMgmtAlgo:i 123 duration:i
  124 postToAts:i 125 advancedErrorOverride 126 manualOrderTime 127 minTradeQty:i 128 minCompeteSize:i
  129 competeAgainstBestOffset:d 130 midOffsetAtWhole:d 131 midOffsetAtHalf:d 132 customerAccount~account
  133 professionalCustomer:b 134 bondAccruedInterest 135 includeOvernight:b 136 manualOrderIndicator:i
  137 submitter~user 138 deactivate:b 139 postOnly:b 140 allowPreOpen:b 141 ignoreOpenAuction:b
  142 seekPriceImprovement:i 143 whatIfType:i 144 hedgeMaxSize:i 145 conditionsIncludeOvernight:b
OrderAllocation 1 account~account 2 position:q~position 3 positionDesired:q~position 4 positionAfter:q~position
  5 desiredAllocQty:q~position 6 allowedAllocQty:q~position 7 isMonetary:b
OrderCancel 1 manualOrderCancelTime 2 extOperator~user 3 manualOrderIndicator:i
OrderCondition 1 type:i 2 isConjunctionConnection:b 3 isMore:b 4 conId:i 5 exchange 6 symbol 7 secType 8 percent:i
  9 changePercent:d 10 price:d 11 triggerMethod:i 12 time 13 volume:i
OrderState 1 status 2 initMarginBefore:d~money 3 maintMarginBefore:d~money 4 equityWithLoanBefore:d~money
  5 initMarginChange:d~money 6 maintMarginChange:d~money 7 equityWithLoanChange:d~money 8 initMarginAfter:d~money
  9 maintMarginAfter:d~money 10 equityWithLoanAfter:d~money 11 commissionAndFees:d~money
  12 minCommissionAndFees:d~money 13 maxCommissionAndFees:d~money 14 commissionAndFeesCurrency 15 marginCurrency
  16 initMarginBeforeOutsideRTH:d~money 17 maintMarginBeforeOutsideRTH:d~money
  18 equityWithLoanBeforeOutsideRTH:d~money 19 initMarginChangeOutsideRTH:d~money
  20 maintMarginChangeOutsideRTH:d~money 21 equityWithLoanChangeOutsideRTH:d~money
  22 initMarginAfterOutsideRTH:d~money 23 maintMarginAfterOutsideRTH:d~money 24 equityWithLoanAfterOutsideRTH:d~money
  25 suggestedSize:q 26 rejectReason~text 27 orderAllocations:OrderAllocation* 28 warningText~text 29 completedTime
  30 completedStatus
OrdersConfig 1 smartRouting:OrdersSmartRoutingConfig
OrdersSmartRoutingConfig 1 seekPriceImprovement:b 2 preOpenReroute:b 3 doNotRouteToDarkPools:b 4 defaultAlgorithm
PriceIncrement 1 lowEdge:d 2 increment:d
ScannerDataElement 1 rank:i 2 contract:Contract 3 marketName 4 distance 5 benchmark 6 projection 7 comboKey
ScannerSubscription 1 numberOfRows:i 2 instrument 3 locationCode 4 scanCode 5 abovePrice:d 6 belowPrice:d
  7 aboveVolume:I 8 marketCapAbove:d 9 marketCapBelow:d 10 moodyRatingAbove 11 moodyRatingBelow 12 spRatingAbove
  13 spRatingBelow 14 maturityDateAbove 15 maturityDateBelow 16 couponRateAbove:d 17 couponRateBelow:d
  18 excludeConvertible:b 19 averageOptionVolumeAbove:I 20 scannerSettingPairs 21 stockTypeFilter
  22 scannerSubscriptionFilterOptions:map 23 scannerSubscriptionOptions:map
SmartComponent 1 bitNumber:i 2 exchange 3 exchangeLetter
SoftDollarTier 1 name 2 value 3 displayName
TickAttribBidAsk 1 bidPastLow:b 2 askPastHigh:b
TickAttribLast 1 pastLimit:b 2 unreported:b
UpdateConfigWarning 1 messageId:i 2 title 3 message
"""
