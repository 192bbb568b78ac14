"""Captures that only look like those on which the rules about requests fire. A helper of the tests."""

from tests.timeline.rule_talks import (
    A_CONTRACT,
    A_POSITION,
    A_TICK,
    AN_ORDER_STATUS,
    CANCEL_HISTORY,
    CANCEL_ORDER,
    CONTRACT,
    HISTORY,
    MARKET_DATA,
    ORDER,
    POSITIONS,
    SOME_HISTORY,
    asked_at_once,
    asked_too_early,
)
from tests.timeline.talk import (
    MANAGED_ACCOUNTS,
    NEXT_VALID_ID,
    error,
    frame,
    ready,
    started,
)

OF_REQUESTS = {
    "pacing-reject": {"historical pacing": [ready().server.data(error(162, "pacing violation", 7))]},
    "pacing-queue": {
        "a burst that is answered as fast as it came": [asked_at_once(400, 0.01, 0.0005)],
        "a burst that a fast gateway works off": [asked_at_once(400, 0.01, 0.005)],
        "a slow gateway": [asked_at_once(80, 0.1, 0.1)],
        "a gateway that was busy, and answered all then": [asked_at_once(160, 1.5, 0.001)],
        "no more than 50 a second": [asked_at_once(40, 0.05, 0.05)],
        "a gateway that rejects": [asked_at_once(160, 0.02, 0.02, also=error(100))],
    },
    "read-only-api": {"another validation": [ready().server.data(error(321, "Invalid account code", 7))]},
    "requests-refused": {
        "a warning": [ready().client.data(ORDER).server.data(error(399, "will not be placed until", 7))],
        "delayed data in place of those": [ready().client.data(MARKET_DATA).server.data(error(10167, "delayed", 5))],
        "an order that the client cancelled": [
            ready()
            .client.data(ORDER)
            .server.data(AN_ORDER_STATUS)
            .client.data(CANCEL_ORDER)
            .server.data(error(202, "Order Canceled - reason:", 7))
        ],
        "orders that the client cancelled all": [
            ready()
            .client.data(ORDER)
            .server.data(AN_ORDER_STATUS)
            .client.data(frame("58", "1"))
            .server.data(error(202, "Order Canceled - reason:", 7))
        ],
        "a gateway that may only read": [
            ready().client.data(ORDER).server.data(error(321, "The API interface is currently in Read-Only mode.", 7))
        ],
        "another session": [
            ready().client.data(MARKET_DATA).server.data(error(10197, "competing live session", 5)).client.ack()
        ],
        "an error about nothing that was asked": [ready().server.data(error(300, "Can't find EId", 5)).client.ack()],
        "an error that the client had not waited for": [
            ready().client.data(CONTRACT).client.fin().server.data(error(200, "No security definition", 7))
        ],
        "a session that was not ready": [started().client.data(CONTRACT).server.data(error(200, "none", 7))],
    },
    "requests-given-up": {
        "a request that was answered": [
            ready().client.data(HISTORY).server.data(SOME_HISTORY).after(9).client.data(CANCEL_HISTORY)
        ],
        "one that was not waited for": [ready().client.data(HISTORY).server.ack().client.data(CANCEL_HISTORY)],
        "one that waits still": [ready().client.data(HISTORY).server.ack().after(60).client.data(frame("49", "1"))],
        "the cancellation of nothing": [ready().after(60).client.data(CANCEL_HISTORY).server.ack()],
    },
    "order-unconfirmed": {
        "an order that was answered": [ready().client.data(ORDER).server.data(AN_ORDER_STATUS).client.fin()],
        "an order that was refused": [ready().client.data(ORDER).server.data(error(201, "no", 7)).client.fin()],
        "a session that goes on": [ready().client.data(ORDER).server.ack()],
        "another request": [ready().client.data(POSITIONS).client.fin().server.fin()],
        "an order before the session was ready": [
            started().client.data(ORDER).server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID).client.ack().client.fin()
        ],
    },
    "requests-before-ready": {
        "early requests that were answered": [
            started()
            .client.data(frame("49", "1"))
            .server.data(MANAGED_ACCOUNTS + NEXT_VALID_ID + frame("49", "1", "1"))
            .client.ack()
        ],
        "a session that never became ready": [started().client.data(frame("49", "1")).server.ack().after(9)],
        "a request after it was ready": [ready().client.data(frame("49", "1")).server.ack().after(9)],
    },
    "request-id-in-use": {
        "an id that was cancelled": [
            ready().client.data(MARKET_DATA).client.data(frame("2", "2", "5")).client.data(MARKET_DATA).server.ack()
        ],
        "an order that is changed": [
            ready().client.data(frame("3", "5", "0", "ES")).client.data(frame("3", "5", "0", "ES")).server.ack()
        ],
        "an id of another kind": [
            ready().client.data(MARKET_DATA).client.data(frame("9", "8", "5", "0", "ES")).server.ack()
        ],
    },
    "requests-unanswered": {
        "a client that reads no more": [
            ready().client.data(frame("49", "1")).server.data(A_TICK).client.ack(window=0).after(9).server.keep_alive()
        ],
        "an answer": [ready().client.data(frame("49", "1")).server.data(frame("49", "1", "1")).after(9).client.fin()],
        "a request at the very end": [ready().client.data(frame("49", "1")).server.ack().client.fin()],
        "a request that the host did not acknowledge": [
            ready().client.data(frame("49", "1"), undelivered=True).after(9).client.data(b"", undelivered=True)
        ],
        "a request that was sent too early": [asked_too_early()],
    },
    "requests-unfinished": {
        "a client that reads no more": [
            ready().client.data(POSITIONS).server.data(A_POSITION * 9).client.ack(window=0).after(9).server.keep_alive()
        ],
        "a client's host that is gone": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .client.ack()
            .server.data(A_POSITION, undelivered=True)
            .after(0.3)
            .again(ip_id=1)
            .after(0.6)
            .again(ip_id=2)
            .after(1.2)
            .again(ip_id=3)
            .after(2.4)
            .again(ip_id=4)
        ],
        "the end marker": [
            ready().client.data(POSITIONS).server.data(A_POSITION + frame("62", "1")).client.ack().after(4).client.fin()
        ],
        "more positions of a subscription after the end marker": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION + frame("62", "1") + A_POSITION)
            .client.ack()
            .after(4)
            .client.fin()
        ],
        "a list that still flows": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .after(4)
            .server.data(A_POSITION)
            .client.ack()
            .client.fin()
        ],
        "a list that flows after hundreds of other messages": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION + frame("49", "1", "1") * 400)
            .after(4)
            .server.data(A_POSITION)
            .client.ack()
            .client.fin()
        ],
        "a list that the client cancelled": [
            ready()
            .client.data(POSITIONS)
            .server.data(A_POSITION)
            .client.data(frame("64", "1"))
            .server.ack()
            .after(4)
            .client.fin()
        ],
        "account values that the client wants no more": [
            ready()
            .client.data(frame("6", "2", "1", ""))
            .server.data(frame("6", "2", "AccountReady", "true", "", "DU0000000"))
            .client.data(frame("6", "2", "0", ""))
            .server.ack()
            .after(4)
            .client.fin()
        ],
        "a list that an error ended": [
            ready()
            .client.data(CONTRACT)
            .server.data(A_CONTRACT + error(200, "No security definition", 7))
            .client.ack()
            .after(4)
            .client.fin()
        ],
        "market data": [ready().client.data(MARKET_DATA).server.data(A_TICK).client.ack().after(4).client.fin()],
        "historical data of a version that has no end marker": [
            ready()
            .client.data(frame("20", "7", "0", "ES"))
            .server.data(frame("17", "7", "a", "b", "0"))
            .client.ack()
            .after(4)
            .client.fin()
        ],
    },
}
"""Rule about requests -> captures on whose last connection it keeps still."""
