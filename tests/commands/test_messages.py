"""What ``capanalyze messages`` lists: its filters held against the whole list, its counts and stories."""

import csv
import io
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from capanalyze.commands.messages import NO_REQUEST
from tests.commands.command_line import capanalyze, listed
from tests.timeline.talk import frame, ready

CAPTURES = Path(__file__).parents[2] / "captures"
HEALTHY = str(CAPTURES / "ib_async-healthy-178.pcapng")
TWO = str(CAPTURES / "two-clients-one-id.pcapng")
PROTOBUF = str(CAPTURES / "ibapi-latest-protobuf-226.pcapng")


@pytest.mark.parametrize(
    ("capture", "options", "wanted"),
    [
        (HEALTHY, ["--name", "orderStatus"], lambda m: m["name"] == "orderStatus"),
        (HEALTHY, ["--name", "ORDER_STATUS"], lambda m: m["name"] == "orderStatus"),
        (
            HEALTHY,
            ["--name", "tick*", "--name", "hello"],
            lambda m: m["name"].startswith("tick") or m["name"] == "hello",
        ),
        (HEALTHY, ["--id", "4"], lambda m: m["id"] == 4),
        (PROTOBUF, ["--id", "4", "--id", "9"], lambda m: m["id"] in {4, 9}),
        (HEALTHY, ["--side", "client"], lambda m: m["sender"] == "client"),
        (HEALTHY, ["--sender", "server", "--name", "hello"], lambda m: (m["sender"], m["name"]) == ("server", "hello")),
        (TWO, ["--conn", "2"], lambda m: m["conn"] == 2),
        (TWO, ["--conn", "1", "--conn", "2", "--name", "error"], lambda m: m["name"] == "error"),
        (PROTOBUF, ["--request", "13"], lambda m: m.get("request_id") == 13),
        (HEALTHY, ["--request", "-1"], lambda m: m.get("request_id") == -1),
    ],
)
def test_a_filter_keeps_what_it_names_in_the_order_it_had(
    capture: str, options: list[str], wanted: Callable[[dict[str, Any]], bool]
) -> None:
    expected = [message for message in listed(capture) if wanted(message)]
    assert expected

    assert listed(capture, *options) == expected


def test_an_order_keeps_its_executions_and_their_commissions() -> None:
    names = [message["name"] for message in listed(HEALTHY, "--request", "18")]
    every = listed(HEALTHY)
    executions = {
        m["fields"]["execution"]["execId"] for m in every if m["fields"].get("execution", {}).get("orderId") == 18
    }
    commissions = [m for m in every if m["fields"].get("execId") in executions]

    assert executions
    assert (names.count("execDetails"), names.count("commissionAndFeesReport")) == (len(executions), len(commissions))


def test_times_after_the_first_packet_are_inclusive_at_both_ends() -> None:
    every = listed(HEALTHY)
    first_ns = min(m["ts_ns"] for m in every)
    packets = [m["ts_ns"] for m in every]
    low, high = packets[10], packets[40]
    status, out, _ = capanalyze("read", HEALTHY, "--format", "json")
    start = json.loads(out)["capture"]["first_ts_ns"]
    assert (status, start < first_ns) == (0, True)
    seconds = [f"{(ns - start) // 10**9}.{(ns - start) % 10**9:09d}" for ns in (low, high)]

    assert listed(HEALTHY, "--from", seconds[0], "--to", seconds[1]) == [m for m in every if low <= m["ts_ns"] <= high]


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("2026-11-23 00:37:52.960228614Z", []),
        ("2026-11-23T00:37:52.960228614+00:00", ["--tz", "Europe/Berlin"]),
        ("2026-11-23 01:37:52.960228614", ["--tz", "Europe/Berlin"]),
    ],
)
def test_a_date_and_time_is_taken_to_the_nanosecond_and_in_the_zone(text: str, options: list[str]) -> None:
    exactly = listed(HEALTHY, "--from", text, "--to", text, *options)

    assert [m["packet"] for m in exactly] == [39, 39]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--name", "tickPrize"], "error: tickPrize: no message of that name"),
        (["--from", "yesterday"], "error: yesterday: no time"),
        (["--format", "parquet"], "error: parquet: cannot be written to standard output"),
        (["--story"], "error: --story: needs --request, and text"),
        (["--story", "--request", "1", "--format", "csv"], "error: --story: needs --request, and text"),
        (["--field", "price"], "error: --field: text and jsonl have no columns"),
        (["-o", "list.xlsx"], "error: list.xlsx: its suffix names no format"),
        (["--count", "-o", "list.parquet"], "error: --count: not as parquet"),
        (["--count", "--format", "csv", "--field", "price"], "error: --count: does not go with --field"),
        (["--count", "--requests"], "error: --count: does not go with --requests"),
        (["--requests", "-o", "list.parquet"], "error: --requests: not as parquet"),
        (["--count", "--story", "--request", "1"], "error: --count: does not go with --story"),
    ],
)
def test_options_that_cannot_be_met_are_refused_in_two_lines(options: list[str], message: str) -> None:
    status, out, error = capanalyze("messages", HEALTHY, *options)

    first, second = error.splitlines()
    assert (status, out, first, second[:6]) == (2, "", message, "hint: ")


def test_a_name_that_is_nearly_right_is_met_with_those_that_are() -> None:
    hints = {
        wrong: capanalyze("messages", HEALTHY, "--name", wrong)[2].splitlines()[1]
        for wrong in ("tickPrize", "reqMarketData", "zzz")
    }

    assert hints["tickPrize"].startswith("hint: did you mean tickPrice or tick")
    assert "reqMarketDataType" in hints["reqMarketData"]
    assert hints["zzz"] == "hint: capanalyze schema lists them; * is a wildcard"


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.pcapng")), ids=lambda path: path.stem)
def test_counts_are_those_of_the_messages_listed(path: Path) -> None:
    expected = Counter((m["sender"], m["name"]) for m in listed(str(path)))

    assert {(m["sender"], m["name"]): m["count"] for m in listed(str(path), "--count")} == expected


@pytest.mark.parametrize(
    "options",
    [
        ["--side", "server"],
        ["--conn", "2"],
        ["--id", "4", "--id", "15"],
        ["--name", "hello"],
        ["--name", "tick*", "--side", "client"],
        ["--from", "0.05"],
        ["--request", "-1"],
    ],
)
def test_filters_choose_what_is_counted(options: list[str]) -> None:
    expected = Counter((m["sender"], m["name"]) for m in listed(TWO, *options))

    assert {(m["sender"], m["name"]): m["count"] for m in listed(TWO, "--count", *options)} == expected


def test_counts_are_printed_as_text_and_as_csv() -> None:
    options = ("messages", TWO, "--count", "--name", "error", "--name", "managedAccounts", "--name", "startApi")
    _, text, _ = capanalyze(*options)
    _, table, _ = capanalyze(*options, "--format", "csv")

    assert [line.split() for line in text.splitlines()] == [
        ["2", "client", "->", "startApi"],
        ["4", "<-", "gateway", "error"],
        ["1", "<-", "gateway", "managedAccounts"],
    ]
    assert table == "sender,name,count\r\nclient,startApi,2\r\nserver,error,4\r\nserver,managedAccounts,1\r\n"


def test_the_story_of_a_request_tells_its_answers_its_end_and_their_latency() -> None:
    _, out, _ = capanalyze("messages", HEALTHY, "--request", "8", "--story")

    lines = out.splitlines()
    assert [line.split()[0] for line in lines[:3]] == ["+0.000000", "+0.000280", "+0.000280"]
    assert lines[3:] == [
        "",
        (
            "#1 reqSecDefOptParams 8 (packet 38): 2 answers: securityDefinitionOptionParameter and"
            " securityDefinitionOptionParameterEnd; the first after 0.28 ms; the last after 0.28 ms;"
            " ended by securityDefinitionOptionParameterEnd"
        ),
    ]


def test_the_story_of_an_order_has_its_executions_and_commissions() -> None:
    _, out, _ = capanalyze("messages", HEALTHY, "--request", "18", "--story")

    last = out.splitlines()[-1]
    assert last.startswith("#1 placeOrder 18 (packet ")
    assert "execDetails" in last
    assert "commissionAndFeesReport" in last
    assert all(line[:14].strip() for line in out.splitlines()[:-2])


def test_the_story_of_a_refused_request_tells_the_error() -> None:
    _, out, _ = capanalyze("messages", PROTOBUF, "--request", "12", "--story")

    assert out.splitlines()[-1].endswith("error 200 `No security definition has been found for the request`")


def test_the_story_of_an_order_that_was_cancelled_tells_so() -> None:
    _, out, _ = capanalyze("messages", HEALTHY, "--request", "17", "--story")

    assert out.splitlines()[-1].endswith("; error 202 `Order Canceled - reason:`; cancelled")


def test_the_story_of_a_request_without_an_answer_says_so() -> None:
    _, out, _ = capanalyze("messages", str(CAPTURES / "ib_async-ignores-requests.pcapng"), "--request", "2", "--story")

    assert out.splitlines()[-1] == "#1 reqExecutions 2 (packet 16): never answered in this capture"


def test_the_story_of_an_id_that_nobody_used_says_so() -> None:
    _, out, _ = capanalyze("messages", HEALTHY, "--request", "4711", "--story")

    assert out.splitlines() == ["", "no request with this id in the capture"]


def test_the_story_of_an_id_that_was_in_use_says_so(tmp_path: Path) -> None:
    capture = tmp_path / "twice.pcap"
    ask = frame("1", "11", "5", "0", "ES")
    capture.write_bytes(ready().client.data(ask).server.ack().client.data(ask).server.ack().pcap())
    _, out, _ = capanalyze("messages", str(capture), "--request", "5", "--story")

    assert [line.split("): ")[1] for line in out.splitlines()[-2:]] == [
        "never answered in this capture",
        "never answered in this capture; its id was in use",
    ]


@pytest.mark.parametrize(
    ("options", "wanted"),
    [
        (["--name", "reqMktData", "--name", "startApi"], lambda m: m["name"] in {"reqMktData", "startApi"}),
        (["--id", "9"], lambda m: m["name"] == "reqContractDetails"),
        (["--request", "17"], lambda m: m["request_id"] == 17),
        (["--conn", "2"], lambda m: m["conn"] == 2),
        (["--conn", "1"], lambda m: m["conn"] == 1),
        (["--side", "client"], lambda _: True),
        (["--side", "server"], lambda _: False),
        (["--from", "0.5"], lambda m: m["packet"] >= 77),
    ],
)
def test_filters_choose_among_requests(options: list[str], wanted: Callable[[dict[str, Any]], bool]) -> None:
    every = listed(HEALTHY, "--requests")

    assert len(every) == 27
    assert listed(HEALTHY, "--requests", *options) == [one for one in every if wanted(one)]


def test_requests_are_listed_as_text_and_csv() -> None:
    _, out, _ = capanalyze("messages", HEALTHY, "--requests", "--request", "3")
    _, table, _ = capanalyze("messages", HEALTHY, "--requests", "--request", "3", "--format", "csv")

    assert out.endswith(
        "answers (contractDetails and contractDetailsEnd); the first after 0.48 ms; ended after 0.48 ms\n"
    )
    (row_,) = csv.DictReader(io.StringIO(table, newline=""))
    assert (row_["name"], row_["first_after_ns"]) == ("reqContractDetails", row_["end_after_ns"])


def test_connections_that_are_only_counted_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("capanalyze.tcp.table.TOLD_IN_FULL", 1)
    expected = Counter((m["sender"], m["name"]) for m in listed(TWO))

    counted = {(m["sender"], m["name"]): m["count"] for m in listed(TWO, "--count")}

    assert capanalyze("read", TWO)[1].count("startApi") < 3
    assert counted == expected


@pytest.mark.parametrize("table", [[], ["--count"], ["--requests"], ["--format", "jsonl"]])
def test_an_empty_answer_is_explained_on_standard_error(table: list[str]) -> None:
    nothing = capanalyze("messages", str(CAPTURES / "ib_async-not-listening.pcapng"), *table)
    no_fit = capanalyze("messages", HEALTHY, "--conn", "7", *table)

    assert nothing[:2] == no_fit[:2] == (0, "")
    assert nothing[2].startswith("note: no TWS message found; ")
    assert no_fit[2].startswith("note: nothing fits; ")
    assert capanalyze("messages", HEALTHY, *table)[2] == ""


def test_messages_without_a_request_are_not_called_nothing() -> None:
    none = str(CAPTURES / "no-start-api.pcapng")

    assert capanalyze("messages", none, "--requests") == (0, "", f"{NO_REQUEST}\n")
