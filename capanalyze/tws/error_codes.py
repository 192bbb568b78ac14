"""The codes of ``error`` messages and what they mean, in our words: a code in, a short meaning and a severity out.

Codes 500 to 599 are made by the client libraries and never cross the wire. Sources: IB's published list of message
codes (and 10168, 10092 and 2157 from reports of users), ibapi 10.51.1 (local codes), ib_async 2.1.0 (warnings).
"""

from typing import Final

_WIRE: Final = """
100 more than 50 messages per second
101 too many market data lines at once
102 request id already in use
103 order id already used
104 a filled order cannot be modified
105 the modified order does not match the original
106 the order cannot be transmitted
107 the order is incomplete
109 the price is beyond the percentage that the presets allow
110 the price does not fit the contract's minimum price variation
111 time in force and order type do not go together
113 market and limit on close need time in force DAY
114 relative orders are for stocks only
116 the exchange does not take orders any more
117 a block order needs at least 50
118 a VWAP order has to be routed to VWAP
119 VWAP takes VWAP orders only
120 too late for a VWAP order today
122 the order has no request tag
123 no record of this contract id
124 no market rule for this contract id
132 the order needs a clearing account
133 submitting the order failed
134 modifying the order failed
135 no order with this id
136 the order cannot be cancelled
140 the size is no integer
141 the price is no number
143 the id is no integer
144 the allocations do not add up to the order's size
145 an entry of the order is not valid
146 invalid trigger method
147 the conditional contract is incomplete
161 the order is not in a state in which it can be cancelled
162 historical data query: refused, failed, or no data
163 the price is beyond the percentage that the settings allow
165 historical data query: a message about it
166 historical data: the contract has expired
200 no security definition for the contract, or an ambiguous one
201 order rejected
202 order cancelled
203 the security is not available to this account
300 no request with this id
301 invalid ticker action
303 this action is not available to the account
309 too many market depth requests
310 no market depth subscription with this id
311 the order's origin is not valid
312 the combination's details are not valid
313 the details of a leg are not valid
314 BAG needs legs
315 legs that are stocks have to be routed to SMART
316 market depth halted: subscribe again
317 market depth reset: empty the book first
319 invalid log level
320 the gateway failed to read the request
321 the gateway refused the request as not valid
322 the gateway failed to process the request
323 the gateway failed, the text says why
325 no discretionary orders for this exchange and order type
326 the client id is already in use
327 only client id 0 may bind orders automatically
328 a trailing stop can be attached to limit and stop-limit orders only
329 the order cannot change to this type
330 only advisors can ask for the managed accounts
331 the advisor has no managed accounts
332 the account codes of the profile are not valid
333 the share allocation is not valid
334 the good-till date is not valid
335 delta has to be 0 to 100
336 the time or its zone is not valid
337 the date, time or zone is not valid
338 the exchange takes no good-after-time orders now
341 delta has to be 1 to 100
342 the exchange takes no pegged orders
343 the date, time or zone is not valid
344 the login is not an advisor's
346 the account is neither institutional nor cleared away
347 the short sale slot has to be 1 or 2
348 a short sale slot needs action SSHORT
351 regular trading hours only does not fit this order
352 short sale slot 2 needs a location
353 short sale slot 1 takes no location
354 not subscribed to this market data
355 the size does not fit the market rule
356 a smart combination takes no OCA group
357 the client's version is out of date
361 invalid trigger price
362 invalid adjusted stop price
363 invalid adjusted stop limit price
364 invalid adjusted trailing amount
365 no scanner subscription with this id
366 no historical data query with this id
367 the volatility type has to be 1 or 2, and for VOL orders only
368 the reference price type has to be 1 or 2, and for VOL orders only
369 volatility orders are for US options only
371 a VOL order needs a positive volatility
374 the lower stock range has to be below the upper
375 stock ranges cannot be negative
380 this order type cannot hedge delta
382 the price is more ticks away than the settings allow
383 the size is beyond what the settings allow
385 scanner subscription id already in use
386 historical data query id already in use
387 the exchange does not take this order type for such instruments
388 the size is below the minimum
391 the time or its zone is not valid
392 the contract has expired
395 no orders with OCA groups are taken now
396 only market and limit orders are taken for this contract now
397 only market and limit orders are taken for this contract now
398 this cannot trigger a condition
399 message about an order
400 error of an algorithm's order
401 a length is exceeded
402 this contract takes no conditions
403 invalid stop price
404 the order is held while shares to sell short are located
406 the currency is not allowed
407 the symbol has characters that are not allowed
408 invalid increment of a scale order
409 a scale order needs a component size
411 outside regular trading hours does not fit this order
412 the contract is not available for trading
413 a what-if order has to be transmitted
414 a snapshot takes no generic ticks
417 invalid initial component size of a scale order
418 invalid profit offset of a scale order
419 a scale order needs an initial component size
420 invalid real-time query: pacing, permission or contract
422 account and clearing of this order cannot be changed
426 no account has enough shares
429 delta neutral orders are for combinations only
430 no fundamental data for this security
434 the size cannot be zero
435 the account has to be named
436 an account, a group or a profile has to be named
439 no such algorithm
440 the algorithm cannot be modified
441 the algorithm's parameters are not valid
442 the algorithm is not allowed for this order
443 the algorithm has no such parameter
446 the scale's profit offset is missing
447 the scale's price adjustment is missing
448 invalid interval of the scale's price adjustment
449 the scale's price adjustment is not expected
460 no trading permission
481 the size was reduced
492 scanner: a message about low precision
1100 the gateway has lost its connection to IB
1101 connection to IB restored, subscriptions lost: subscribe again
1102 connection to IB restored, subscriptions kept
1300 the API's port was changed: this connection is being dropped
2100 account updates went to another request: this one is unsubscribed
2101 account updates refused: other clients are subscribed to another account
2102 the order is still being processed and cannot be modified yet
2103 market data farm: disconnected
2104 market data farm: connected
2105 historical data farm: disconnected
2106 historical data farm: connected
2107 historical data farm: idle, available on demand
2108 market data farm: idle, available on demand
2109 outside regular trading hours was ignored for this order
2110 the gateway's connection to IB is broken and will be restored
2111 an algorithm's times were moved to the next trading date
2119 market data farm: connecting
2130 the product is traded by price with a factor
2137 the order would turn the position from long to short or back
2150 invalid position of a derived value
2152 market depth: which exchanges SMART depth has
2157 security definition farm: disconnected
2158 security definition farm: connected
2159 security definition farm: idle
2168 eTradeOnly is not supported any more
2169 firmQuoteOnly is not supported any more
10000 a combination of several currencies
10002 invalid legs of a combination without guarantee
10003 IBSX is not allowed
10005 the models are read-only
10006 the parent order is missing
10007 invalid hedge type
10008 invalid beta
10009 invalid hedge ratio
10010 invalid delta hedge
10011 the currency is not supported for a smart combination
10012 invalid allocation percentage
10013 opting out of smart routing is required
10015 trading is not allowed through the API
10020 the display size has to be below the order's size
10089 this market data needs a subscription for the API
10090 part of this market data is not subscribed to
10091 part of this market data needs a subscription for the API
10092 no deep market data for this instrument and exchange
10141 the disclaimer of paper trading has to be accepted at the gateway first
10147 the order to cancel was not found
10148 the order cannot be cancelled in its state
10167 not subscribed: delayed market data is shown instead
10168 not subscribed, and delayed market data is not enabled
10186 not subscribed, and delayed market data is not enabled
10187 historical ticks refused
10189 tick-by-tick data refused
10197 no market data while another session is logged in
10225 a trade was busted: subscribe to real-time bars again
10230 advisor changes are not saved yet: ask again later
10231 groups or profiles contain invalid accounts
10233 the order took defaults from the CASH preset
10234 the order needs a decision maker
10235 the order needs a decision maker
10240 invalid price cap
10241 an order in money cannot be modified through the API
10242 a fractional order cannot be modified through the API
10243 a fractional order cannot be placed through the API
10244 cash quantity cannot be used for this order
10245 this instrument is not traded in fractions
10246 this order is not possible in fractions
10247 fractions are for IB's smart routing only
10248 no permission to trade fractions
10250 the size does not fit the contract's minimum size variation
10254 the bond has expired
10268 eTradeOnly is not supported any more
10269 firmQuoteOnly is not supported any more
10270 nbboPriceCap is not supported any more
10276 the news feed is not allowed
10277 the news feed needs a permission
10278 a WSH metadata request is already pending
10279 the WSH metadata request failed
10280 cancelling the WSH metadata request failed
10281 a WSH event request is already pending
10282 WSH metadata has to be requested first
10283 the WSH event request failed
10284 cancelling the WSH event request failed
10285 the client is too old for fractional sizes: at least version 163
10286 a field has too many decimals
10289 the order needs a cash quantity
10290 the order takes a cash quantity only
10299 another whatToShow is expected
10302 no minimum trade quantity for this order
10303 invalid minimum trade quantity
10304 invalid minimum competing size
10305 invalid offset to compete against the best price
10306 midpoint offsets are not allowed
10307 invalid midpoint offsets
10309 invalid WSH event request
10314 the end date, time or zone is not valid
10315 the time is not valid
10317 the cash quantity does not fit the minimum variation
10318 this order is not possible in fractions
10325 the OCA group is not supported
10326 the OCA group cannot be changed
10328 connection lost: the order's data could not be resolved
10330 the expiry's format is not valid
10337 unknown key in the options
10338 invalid value in the options
10339 a continuous future takes no end date
10340 an attribute of the order is not supported
10341 the parent order id cannot be changed
10342 imbalanceOnly does not fit this order
10349 the order's time in force was set to DAY by a preset
"""

_LOCAL: Final = """
501 already connected
502 could not connect
503 the gateway's version does not support this request; nothing was sent
504 not connected
505 unknown message id: the decoder lost its place, or the gateway is newer
506 the gateway's version is outside what the library supports
507 bad message length; in Java also: the gateway closed the connection
508 bad message: fields are missing
509 reading or writing the socket failed
517 unknown contract
520 the socket could not be created
579 a character that cannot be sent
585 advisor profiles are not supported any more
586 a message could not be read
588 a message could not be encoded as protobuf
"""

_CLIENT_WARNINGS: Final = frozenset({105, 110, 165, 321, 329, 399, 404, 434, 492, 10167})
_REMARKS: Final = frozenset({165, 317, 399, 404, 481, 492, 10090, 10167, 10233, 10349})
"""Codes with a request's id after which the request goes on all the same, beside the notices."""

_meanings: dict[int, str] = {}


def meanings() -> dict[int, str]:
    """Every code we know and its meaning."""
    if not _meanings:
        for line in (_WIRE + _LOCAL).split("\n"):
            code, _, meaning = line.partition(" ")
            if meaning:
                _meanings[int(code)] = meaning
    return _meanings


def meaning_of(code: int) -> str:
    """The meaning of a code, "" if we do not know it."""
    found = meanings().get(code, "")
    return found or ("the client library failed to send a request" if 510 <= code < 594 else "")


def refuses(code: int) -> bool:
    """Whether the request that an error names is over with it; a notice or a remark lets it go on."""
    return code not in _REMARKS and severity_of(code) not in {"notice", "system"}


def severity_of(code: int) -> str:
    """Tell "notice" (2100 to 2169), "system" (1100 to 1300), "warning" (to ib_async), "local" or "error"."""
    if 2100 <= code < 2170:
        return "notice"
    if 1100 <= code <= 1300:
        return "system"
    if code in _CLIENT_WARNINGS:
        return "warning"
    return "local" if 500 <= code < 600 else "error"
