"""Orders without an answer when their connection came to its end."""

from unittest import mock

from capanalyze.tws.decode import decode_message
from tests.conversation import Conversation
from tests.timeline.rule_talks import AN_ORDER_STATUS, ORDER
from tests.timeline.talk import findings, found, frame, ready, report, verdict

LATER = {"client_address": ("127.0.0.1", 50_001), "client_isn": 9_000_000, "clock": 1_700_000_060_000_000_000}

ANOTHER = frame("3", "8", "0", "ES")


def an_order(transmit: str) -> bytes:
    """A whole placeOrder of a stock at server version 178, as far as ``transmit``."""
    contract = ("0", "ES", "STK", "", "0.0", "", "", "SMART", "", "USD", "", "", "", "")
    return frame("3", "7", *contract, "BUY", "1", "LMT", "1.5", "", "DAY", "", "", "O", "0", "", transmit)


def restarted() -> Conversation:
    talk = ready().client.data(ORDER).server.ack().after(0.03)
    return talk.server.fin().client.ack().client.fin().server.ack()


def test_an_order_that_a_closing_gateway_did_not_answer_is_a_problem_of_its_own() -> None:
    finding = found("order-unconfirmed", restarted())

    assert (finding.severity, finding.certainty, finding.causes) == ("problem", "certain", ())
    assert "no answer to placeOrder 7 (packet " in finding.evidence[0]
    assert finding.evidence[0].endswith("32 ms before the close)")
    assert finding.evidence[1].startswith("the gateway's host acknowledged all that the client sent")
    assert finding.advice.startswith("look for it in TWS")
    assert "; the client's placeOrder 7 was not answered; the client closed" in verdict(restarted())


def test_a_client_that_places_an_order_and_leaves_at_once_is_told_to_wait() -> None:
    finding = found("order-unconfirmed", ready().client.data(ORDER).client.fin().server.ack().server.fin())

    assert [cause.text for cause in finding.causes] == ["the client closed before an answer could come"]
    assert finding.advice.startswith("wait for openOrder or orderStatus before disconnecting")


def test_several_orders_are_counted() -> None:
    talk = ready().client.data(ORDER).client.data(ANOTHER).server.ack().server.fin()

    assert "; 2 requests about orders were not answered (placeOrder 7 for one);" in verdict(talk)
    assert found("order-unconfirmed", talk).title.startswith("Orders had no answer")


def test_an_order_that_did_not_get_through_is_only_possibly_unanswered() -> None:
    talk = ready()
    start = talk.client.next
    for _ in range(5):
        talk = talk.client.data(ORDER, seq=start, undelivered=True).after(1)
    finding = found("order-unconfirmed", talk)

    assert finding.certainty == "possible"
    not_taken = "the gateway's host did not acknowledge all that the client sent: it may not have got it"
    assert finding.evidence[1] == not_taken


def test_an_answer_that_may_be_missing_from_the_capture_is_not_denied() -> None:
    talk = ready().client.data(ORDER).server.data(AN_ORDER_STATUS, unseen=True).client.ack().client.fin()

    assert found("order-unconfirmed", talk).certainty == "possible"
    assert "placeOrder 7 was not answered" not in verdict(talk)


def test_an_order_with_transmit_off_is_said_to_be_held() -> None:
    held = ready().client.data(an_order("0")).server.ack().after(5).client.fin().server.ack()
    sent = ready().client.data(an_order("1")).server.ack().after(5).client.fin().server.ack()

    assert "placeOrder 7 had transmit off" in found("order-unconfirmed", held).evidence[2]
    assert "TWS holds placeOrder 7" in found("requests-unanswered", held).causes[-1].text
    assert not any("transmit" in cause.text for cause in found("requests-unanswered", sent).causes)


def test_a_capture_of_the_clients_packets_alone_says_nothing_of_orders() -> None:
    talk = ready().client.data(ORDER).server.data(AN_ORDER_STATUS).client.ack().client.fin()
    talk.packets[:] = [packet for packet in talk.packets if packet.sender == "client"]

    assert "order-unconfirmed" not in [name for _, name in findings(talk)]
    assert "not answered" not in report(talk).verdict


def test_more_orders_than_are_listed_are_told_as_at_least_so_many() -> None:
    talk = ready().client.data(b"".join(frame("3", str(key), "0", "ES") for key in range(120))).server.ack()
    talk = talk.client.fin().server.fin().client.ack()

    assert "; at least 100 requests about orders were not answered (placeOrder 0 for one);" in verdict(talk)
    assert ", and at least 94 more" in found("order-unconfirmed", talk).evidence[0]


def test_an_order_that_is_answered_when_its_client_has_closed_had_no_answer() -> None:
    talk = ready().client.data(ORDER).after(0.002).client.fin().server.data(AN_ORDER_STATUS).client.bare_rst()
    finding = found("order-unconfirmed", talk)

    assert (finding.title, finding.certainty) == ("An order had no answer when the client closed", "certain")
    assert finding.evidence[1:] == (
        "orderStatus about 7 came 1.0 ms after the client's FIN (packet 14)",
        "the client's host did not acknowledge all that came after that, and sent a RST (packet 15)",
    )
    assert finding.packets == (12, 13, 14)
    assert "; the client's placeOrder 7 was answered only after it had closed;" in verdict(talk)


def test_a_client_that_closed_and_took_what_came_is_not_said_to_refuse_it() -> None:
    talk = ready().client.data(ORDER).client.fin().server.data(AN_ORDER_STATUS).client.ack().after(5).client.rst()

    assert len(found("order-unconfirmed", talk).evidence) == 2


def test_answered_late_and_not_at_all_are_told_together() -> None:
    talk = ready().client.data(ORDER).client.data(ANOTHER).client.fin().server.data(AN_ORDER_STATUS).client.rst()

    assert "; 2 requests about orders were not answered in time (placeOrder 7 for one);" in verdict(talk)
    assert found("order-unconfirmed", talk).title == "Orders had no answer when the client closed"


def test_an_order_that_was_answered_before_the_close_may_have_more_answers_behind_it() -> None:
    talk = ready().client.data(ORDER).server.data(AN_ORDER_STATUS).client.fin().server.data(AN_ORDER_STATUS)

    assert "order-unconfirmed" not in [name for _, name in findings(talk)]


def test_of_many_orders_answered_late_only_the_newest_are_known() -> None:
    orders = [frame("3", str(key), "0", "ES") for key in range(120)]
    answers = [frame("3", str(key), *["Submitted", "0", "1", "0", "0", "0", "0", "1"], "", "0") for key in range(60)]
    talk = ready().client.data(b"".join(orders)).client.fin().server.data(b"".join(answers)).client.rst()

    assert "; at least 80 requests about orders were not answered in time (placeOrder 60 for one);" in verdict(talk)


def test_a_client_that_closed_for_sending_only_and_took_the_answer_has_it() -> None:
    talk = ready().client.data(ORDER).client.fin().server.ack().server.data(AN_ORDER_STATUS).client.ack()

    assert "order-unconfirmed" not in [name for _, name in findings(talk)]
    assert "answered only after it had closed" not in verdict(talk)


def test_one_message_that_answers_two_requests_is_told_once() -> None:
    talk = ready().client.data(ORDER).client.data(ORDER).client.fin().server.data(AN_ORDER_STATUS).client.bare_rst()
    evidence = found("order-unconfirmed", talk).evidence

    assert sum(text.startswith("orderStatus about 7 came") for text in evidence) == 1


def test_after_a_fin_that_was_not_captured_an_answer_is_only_likely_late() -> None:
    talk = ready().client.data(ORDER).client.fin(unseen=True).server.ack().server.data(AN_ORDER_STATUS)

    assert found("order-unconfirmed", talk.client.bare_rst()).certainty == "likely"


def test_of_what_came_late_some_may_have_been_taken() -> None:
    talk = ready().client.data(ORDER).client.fin().server.data(AN_ORDER_STATUS).client.ack()
    evidence = found("order-unconfirmed", talk.server.data(AN_ORDER_STATUS).client.bare_rst()).evidence

    assert evidence[2].startswith("the client's host did not acknowledge all that came after that, and sent a RST")


def test_an_order_that_waits_in_a_session_that_goes_on_is_not_to_be_sent_again_unseen() -> None:
    waits = ready().client.data(ORDER).server.ack().after(5).server.data(frame("49", "1", "1700000000"))
    asked = ready().client.data(frame("61", "1")).server.ack().after(5).server.data(frame("49", "1", "1700000000"))
    ended = ready().client.data(ORDER).server.ack().after(5).client.fin().server.ack()

    said = "as to an order, look for it in TWS, or with reqOpenOrders and reqExecutions, before it is sent again"
    assert found("requests-unanswered", waits.client.ack()).advice.endswith(f"; {said}: it may be there")
    assert "order" not in found("requests-unanswered", asked.client.ack()).advice
    assert said not in found("requests-unanswered", ended).advice
    assert "before it is sent again" in found("order-unconfirmed", ended).advice


def test_an_order_that_may_have_been_taken_comes_first_of_all_that_happened() -> None:
    start = 1_700_000_000_000_000_000
    left = (
        ready(clock=start).client.data(ORDER).after(0.002).client.fin().server.data(AN_ORDER_STATUS).client.bare_rst()
    )
    ended = [
        ready(client_address=("127.0.0.1", 50001 + at), clock=start + at)
        .after(9)
        .server.fin()
        .client.fin()
        .server.ack()
        for at in range(3)
    ]
    refused = [
        Conversation(client_address=("127.0.0.1", 51000 + at), clock=start + 10**10 + at).client.syn().server.rst()
        for at in range(9)
    ]

    actual = verdict(left, *ended, *refused)

    assert actual.startswith("The client closed first on connection 1 (FIN in packet ")
    assert "; the client's placeOrder 7 was answered only after it had closed;" in actual


def test_an_order_that_may_have_been_taken_is_told_though_another_request_of_a_session_like_it_had_no_answer() -> None:
    def left(at: int, request: bytes) -> Conversation:
        talk = ready(client_address=("127.0.0.1", 50_001 + at), clock=1_700_000_000_000_000_000 + at * 10**10)
        return talk.client.data(request).server.ack().after(5).client.fin().server.ack().server.fin().client.ack()

    actual = verdict(left(0, frame("61", "1")), left(1, ORDER), left(2, frame("61", "1")))

    assert actual.startswith("The client closed first on connection 2 (FIN in packet ")
    assert "; the client's placeOrder 7 was not answered;" in actual


def test_what_the_gateway_says_of_the_order_when_its_client_is_back_is_told() -> None:
    back = ready(**LATER).client.data(frame("5", "1")).server.data(AN_ORDER_STATUS).client.ack()
    finding = found("order-unconfirmed", restarted(), back)

    seen = "the gateway told of an order 7 of this client id later, on connection 2: status `Submitted` (packet 30)"
    assert finding.evidence[-1] == seen
    assert finding.packets[-1] == 30


def test_an_order_of_another_client_with_the_same_id_is_another_order() -> None:
    of_another = frame("3", "7", "Submitted", "0", "1", "0", "1", "0", "0", "2", "", "0")
    back = ready(**LATER).client.data(frame("5", "1")).server.data(of_another).client.ack()
    before = ready(clock=1_600_000_000_000_000_000, client_address=("127.0.0.1", 50_001)).server.data(AN_ORDER_STATUS)

    for other in (back, before):
        assert not any("later" in line for line in found("order-unconfirmed", other, restarted()).evidence)


def test_what_is_said_of_an_id_that_the_client_used_again_is_not_told_of_the_order_before() -> None:
    again = ready(**LATER).client.data(ORDER).server.data(AN_ORDER_STATUS).client.ack()
    much = ready(**LATER).client.data(frame("49", "1") * 98 + ORDER).server.data(AN_ORDER_STATUS).client.ack()
    last = ready(client_address=("127.0.0.1", 50_002), client_isn=70_000, clock=1_700_000_090_000_000_000)
    last = last.server.data(AN_ORDER_STATUS).client.ack()

    for others in ((again,), (again, last), (much, last)):
        assert not any("later" in line for line in found("order-unconfirmed", restarted(), *others).evidence)
    assert any("later" in line for line in found("order-unconfirmed", restarted(), last).evidence)


def test_a_client_whose_words_the_capture_lacks_may_have_used_the_id_again() -> None:
    back = ready(**LATER).client.data(ORDER, unseen=True).server.ack().server.data(AN_ORDER_STATUS).client.ack()

    assert not any("later" in line for line in found("order-unconfirmed", restarted(), back).evidence)


def test_an_order_status_without_a_status_tells_nothing_later() -> None:
    empty = frame("3", "7", "", "0", "1", "0", "1", "0", "0", "1", "", "0")
    back = ready(**LATER).server.data(empty + AN_ORDER_STATUS).client.ack()

    evidence = found("order-unconfirmed", restarted(), back).evidence

    assert evidence[-1].endswith("on connection 2: status `Submitted` (packet 29)")


def test_the_words_of_each_session_about_orders_are_read_once() -> None:
    ids = [str(1000 + number) for number in range(6)]
    statuses = b"".join(frame("3", one, "Submitted", "0", "1", "0", "1", "0", "0", "99", "", "0") for one in ids)
    talks = []
    for at in range(9):
        talk = ready(client_address=("127.0.0.1", 50_001 + at), clock=1_700_000_000_000_000_000 + at * 10**9)
        talk = talk.server.data(statuses).client.ack()
        for one in ids:
            talk = talk.client.data(frame("3", one, "0", "ES"))
        talks.append(talk.server.ack().server.fin().client.fin().server.ack())

    with mock.patch("capanalyze.timeline.orders_named.decode_message", wraps=decode_message) as decode:
        report(*talks)

    assert decode.call_count == 9 * 6
