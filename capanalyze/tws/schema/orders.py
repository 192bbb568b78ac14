"""The three long layouts: placeOrder, openOrder and completedOrder, and the parts they share.

Read off the encoder and the order decoder of ibapi 10.51.1; the condition classes likewise.
A recorded openOrder at server 173 has 135 fields and a completedOrder at 164 has 95: both are consumed exactly.
"""

from typing import Final

_LEG: Final = "conId:i ratio:i action exchange openClose:i shortSaleSlot:i designatedLocation"

_CONDITIONS: Final = """
  conditions[ type:i isConjunctionConnection:c
    ?type=1 ( isMore:b price:d+ conId:i exchange triggerMethod:i )
    ?type=3 ( isMore:b time )
    ?type=4 ( isMore:b percent:i+ )
    ?type=5 ( secType exchange symbol )
    ?type=6 ( isMore:b volume:i+ conId:i exchange )
    ?type=7 ( isMore:b changePercent:d+ conId:i exchange ) ]
  ?conditions ( conditionsIgnoreRth:b conditionsCancelOrder:b )
"""

_PEG_BENCH: Final = """
  ?orderType='PEG BENCH'|PEGBENCH ( referenceContractId:i isPeggedChangeAmountDecrease:b peggedChangeAmount:d
    referenceChangeAmount:d referenceExchangeId )
"""

_SCALE_DETAILS: Final = """
  scalePriceAdjustValue:d scalePriceAdjustInterval:i scaleProfitOffset:d scaleAutoReset:b scaleInitPosition:i
  scaleInitFillQty:i scaleRandomPercent:b
"""

_DELTA_CONTRACT: Final = "deltaNeutral:b ?deltaNeutral contract{ deltaNeutralContract{ conId:i delta:d price:d } }"

_FA: Final = "faGroup~advisor faMethod~advisor faPercentage~advisor <177 faProfile~advisor >=103 modelCode~advisor"

_CONTRACT: Final = """
  conId:i symbol secType lastTradeDateOrContractMonth strike:d right v>=32 multiplier exchange currency localSymbol
  v>=32 tradingClass
"""

_LEGS: Final = f"""
  contract{{ comboLegsDescrip v>=29 comboLegs[ {_LEG} exemptCode:i ] }}
  order{{ v>=29 orderComboLegs[ price:d ] v>=26 smartComboRoutingParams[ tag value ]
    v<20 notSuppScaleNumComponents:i scaleInitLevelSize:i v>=20 scaleSubsLevelSize:i scalePriceIncrement:d
    v>=28 ?scalePriceIncrement>0 ( {_SCALE_DETAILS} )
    v>=24 ( hedgeType ?hedgeType hedgeParam )
"""

_MARGINS_BEFORE: Final = """
  initMarginBefore:d~money maintMarginBefore:d~money equityWithLoanBefore:d~money
  initMarginChange:d~money maintMarginChange:d~money equityWithLoanChange:d~money
"""

_PREVIEW: Final = """
  marginCurrency initMarginBeforeOutsideRTH:d~money maintMarginBeforeOutsideRTH:d~money
  equityWithLoanBeforeOutsideRTH:d~money initMarginChangeOutsideRTH:d~money maintMarginChangeOutsideRTH:d~money
  equityWithLoanChangeOutsideRTH:d~money initMarginAfterOutsideRTH:d~money maintMarginAfterOutsideRTH:d~money
  equityWithLoanAfterOutsideRTH:d~money suggestedSize:q rejectReason~text
  orderAllocations[ account~account position:q~position positionDesired:q~position positionAfter:q~position
    desiredAllocQty:q~position allowedAllocQty:q~position isMonetary:b ]
"""

_PEG_OFFSETS: Final = """
  >=170 ( minTradeQty:i minCompeteSize:i competeAgainstBestOffset:d midOffsetAtWhole:d midOffsetAtHalf:d )
"""

PLACE_ORDER: Final = f"""
  <145 V45 orderId:k! contract{{ >=46 conId:i symbol secType lastTradeDateOrContractMonth strike:d right multiplier
    exchange primaryExchange currency localSymbol >=68 tradingClass >=45 ( secIdType secId ) }}
  order{{ action totalQuantity:q orderType lmtPrice:d auxPrice:d tif ocaGroup account~account openClose origin:i
    orderRef~order_ref transmit:b parentId:k blockOrder:b sweepToFill:b displaySize:i triggerMethod:i outsideRth:b
    hidden:b }}
  ?contract.secType=BAG ( contract{{ comboLegs[ {_LEG} >=51 exemptCode:i ] }}
    order{{ >=61 orderComboLegs[ price:d ] >=57 smartComboRoutingParams[ tag value ] }} )
  order{{ sharesAllocation~account discretionaryAmt:d goodAfterTime goodTillDate {_FA} shortSaleSlot:i
    designatedLocation >=51 exemptCode:i ocaType:i rule80A settlingFirm~account allOrNone:b minQty:i percentOffset:d
    eTradeOnly:b firmQuoteOnly:b nbboPriceCap:d auctionStrategy:i startingPrice:d stockRefPrice:d delta:d
    stockRangeLower:d stockRangeUpper:d overridePercentageConstraints:b volatility:d volatilityType:i
    deltaNeutralOrderType deltaNeutralAuxPrice:d
    ?deltaNeutralOrderType (
      >=58 ( deltaNeutralConId:i deltaNeutralSettlingFirm~account deltaNeutralClearingAccount~account
        deltaNeutralClearingIntent )
      >=66 ( deltaNeutralOpenClose deltaNeutralShortSale:b deltaNeutralShortSaleSlot:i
        deltaNeutralDesignatedLocation ) )
    continuousUpdate:b referencePriceType:i trailStopPrice:d >=62 trailingPercent:d
    <40 notSuppScaleNumComponents:i scaleInitLevelSize:i >=40 scaleSubsLevelSize:i scalePriceIncrement:d
    >=60 ?scalePriceIncrement>0 ( {_SCALE_DETAILS} )
    >=69 ( scaleTable activeStartTime activeStopTime )
    >=54 ( hedgeType ?hedgeType hedgeParam ) >=56 optOutSmartRouting:b
    >=39 ( clearingAccount~account clearingIntent ) >=44 notHeld:b }}
  >=40 ( {_DELTA_CONTRACT} )
  order{{ >=41 ( algoStrategy ?algoStrategy algoParams[ tag value~strategy ] ) >=71 v>=42 algoId~strategy whatIf:b
    v>=42 ( >=70 orderMiscOptions >=73 solicited:b >=76 ( randomizeSize:b randomizePrice:b ) )
    >=102 ( {_PEG_BENCH} {_CONDITIONS} adjustedOrderType triggerPrice:d lmtPriceOffset:d adjustedStopPrice:d
      adjustedStopLimitPrice:d adjustedTrailingAmount:d adjustableTrailingUnit:i )
    >=105 extOperator~user >=106 softDollarTier{{ name value }} >=111 cashQty:d
    >=138 ( mifid2DecisionMaker~user mifid2DecisionAlgo~user )
    >=139 ( mifid2ExecutionTrader~user mifid2ExecutionAlgo~user ) >=141 dontUseAutoPriceForHedge:b
    >=145 isOmsContainer:b >=148 discretionaryUpToLimitPrice:b >=151 usePriceMgmtAlgo:b >=158 duration:i
    >=160 postToAts:i >=162 autoCancelParent:b >=166 advancedErrorOverride >=169 manualOrderTime
    >=170 ( ?contract.exchange=IBKRATS minTradeQty:i
      ?orderType='PEG BEST'|PEGBEST ( minCompeteSize:i competeAgainstBestOffset:d
        ?competeAgainstBestOffset=Infinity|Infinite|inf ( midOffsetAtWhole:d midOffsetAtHalf:d ) )
      ?orderType='PEG MID'|PEGMID ( midOffsetAtWhole:d midOffsetAtHalf:d ) )
    >=183 customerAccount~account >=184 professionalCustomer:b
    187..189 ( externalUserId~user manualOrderIndicator:i ) >=189 includeOvernight:b >=192 manualOrderIndicator:i
    >=199 imbalanceOnly:b }}
"""

OPEN_ORDER: Final = f"""
  <145 V34 orderId:k! contract{{ {_CONTRACT} }}
  order{{ action totalQuantity:q orderType lmtPrice:d auxPrice:d tif ocaGroup account~account openClose origin:i
    orderRef~order_ref clientId:k permId:k~identifier outsideRth:b hidden:b discretionaryAmt:d goodAfterTime
    sharesAllocation~account {_FA} goodTillDate rule80A percentOffset:d settlingFirm~account shortSaleSlot:i
    designatedLocation v>=23 exemptCode:i auctionStrategy:i startingPrice:d stockRefPrice:d delta:d stockRangeLower:d
    stockRangeUpper:d displaySize:i blockOrder:b sweepToFill:b allOrNone:b minQty:i ocaType:i eTradeOnly:b
    firmQuoteOnly:b nbboPriceCap:d parentId:k triggerMethod:i volatility:d volatilityType:i deltaNeutralOrderType
    deltaNeutralAuxPrice:d
    ?deltaNeutralOrderType (
      v>=27 ( deltaNeutralConId:i deltaNeutralSettlingFirm~account deltaNeutralClearingAccount~account
        deltaNeutralClearingIntent )
      v>=31 ( deltaNeutralOpenClose deltaNeutralShortSale:b deltaNeutralShortSaleSlot:i
        deltaNeutralDesignatedLocation ) )
    continuousUpdate:b referencePriceType:i trailStopPrice:d v>=30 trailingPercent:d basisPoints:d basisPointsType:i }}
  {_LEGS} v>=25 optOutSmartRouting:b clearingAccount~account clearingIntent v>=22 notHeld:b }}
  v>=20 ( {_DELTA_CONTRACT} )
  order{{ v>=21 ( algoStrategy ?algoStrategy algoParams[ tag value~strategy ] ) v>=33 solicited:b whatIf:b }}
  orderState{{ status >=142 ( {_MARGINS_BEFORE} ) initMarginAfter:d~money maintMarginAfter:d~money
    equityWithLoanAfter:d~money commissionAndFees:d~money minCommissionAndFees:d~money maxCommissionAndFees:d~money
    commissionAndFeesCurrency >=195 ( {_PREVIEW} ) warningText~text }}
  order{{ v>=34 ( randomizeSize:b randomizePrice:b )
    >=102 ( {_PEG_BENCH} {_CONDITIONS} adjustedOrderType triggerPrice:d adjustedTrailStopPrice:d lmtPriceOffset:d
      adjustedStopPrice:d adjustedStopLimitPrice:d adjustedTrailingAmount:d adjustableTrailingUnit:i )
    >=106 softDollarTier{{ name value displayName }} >=111 cashQty:d >=141 dontUseAutoPriceForHedge:b
    >=145 isOmsContainer:b >=148 discretionaryUpToLimitPrice:b >=151 usePriceMgmtAlgo:b >=158 duration:i
    >=160 postToAts:i >=162 autoCancelParent:b {_PEG_OFFSETS} >=183 customerAccount~account
    >=184 professionalCustomer:b >=185 bondAccruedInterest >=189 includeOvernight:b
    >=193 ( extOperator~user manualOrderIndicator:i ) >=198 submitter~user >=199 imbalanceOnly:b }}
"""

COMPLETED_ORDER: Final = f"""
  contract{{ {_CONTRACT} }}
  order{{ action totalQuantity:q orderType lmtPrice:d auxPrice:d tif ocaGroup account~account openClose origin:i
    orderRef~order_ref permId:k~identifier outsideRth:b hidden:b discretionaryAmt:d goodAfterTime faGroup~advisor
    faMethod~advisor faPercentage~advisor <177 faProfile~advisor modelCode~advisor goodTillDate rule80A percentOffset:d
    settlingFirm~account shortSaleSlot:i designatedLocation exemptCode:i startingPrice:d stockRefPrice:d delta:d
    stockRangeLower:d stockRangeUpper:d displaySize:i sweepToFill:b allOrNone:b minQty:i ocaType:i triggerMethod:i
    volatility:d volatilityType:i deltaNeutralOrderType deltaNeutralAuxPrice:d
    ?deltaNeutralOrderType ( deltaNeutralConId:i deltaNeutralShortSale:b deltaNeutralShortSaleSlot:i
      deltaNeutralDesignatedLocation )
    continuousUpdate:b referencePriceType:i trailStopPrice:d trailingPercent:d }}
  {_LEGS} clearingAccount~account clearingIntent notHeld:b }}
  {_DELTA_CONTRACT}
  order{{ algoStrategy ?algoStrategy algoParams[ tag value~strategy ] solicited:b }}
  orderState{{ status }}
  order{{ randomizeSize:b randomizePrice:b {_PEG_BENCH} {_CONDITIONS} adjustedTrailStopPrice:d lmtPriceOffset:d
    cashQty:d dontUseAutoPriceForHedge:b isOmsContainer:b autoCancelDate filledQuantity:q~position refFuturesConId:i
    autoCancelParent:b shareholder~account imbalanceOnly:b routeMarketableToBbo:b parentPermId:k~identifier }}
  orderState{{ completedTime completedStatus }}
  order{{ {_PEG_OFFSETS} >=183 customerAccount~account >=184 professionalCustomer:b >=198 submitter~user }}
"""

FRAGMENTS: Final = {"PLACE_ORDER": PLACE_ORDER, "OPEN_ORDER": OPEN_ORDER, "COMPLETED_ORDER": COMPLETED_ORDER}
