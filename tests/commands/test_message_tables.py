"""``capanalyze messages`` as CSV and as Parquet, held against jsonl."""

import csv
import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from capanalyze.integrations import frames
from capanalyze.report.message_table import COLUMNS, row
from tests.commands.command_line import capanalyze, listed

CAPTURES = Path(__file__).parents[2] / "captures"
HEALTHY = str(CAPTURES / "ib_async-healthy-178.pcapng")
PROTOBUF = str(CAPTURES / "ibapi-latest-protobuf-226.pcapng")


def test_csv_holds_what_jsonl_holds() -> None:
    status, out, _ = capanalyze("messages", PROTOBUF, "--format", "csv")
    table = list(csv.DictReader(io.StringIO(out, newline="")))

    assert status == 0
    expected = listed(PROTOBUF)
    assert [json.loads(line["fields"]) for line in table] == [m["fields"] for m in expected]
    plain = [name for name in COLUMNS if name != "time"]
    assert [[line[name] for name in plain] for line in table] == [
        ["" if m.get(name) is None else str(m.get(name)) for name in plain] for m in expected
    ]


def test_csv_gives_a_field_a_column_where_it_is_asked_for() -> None:
    _, out, _ = capanalyze("messages", PROTOBUF, "--format", "csv", "--name", "position", "--field", "contract.symbol")

    assert [line["fields.contract.symbol"] for line in csv.DictReader(io.StringIO(out, newline=""))] == ["AAPL", "IBM"]


def record(fields: dict[str, object], **more: object) -> dict[str, Any]:
    return {
        "packet": 1, "ts_ns": 0, "first_packet": 1, "conn": 1, "sender": "server", "encoding": "text", "id": 4,
        "name": "error", "size": 1, "fields": fields, **more,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ('=HYPERLINK("http://x")', '\'=HYPERLINK("http://x")'),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-1.5", "-1.5"),
        ("+1e5", "+1e5"),
        ("a\r\nb\x1b[2J", "a\\x0d\\x0ab\\x1b[2J"),
        ('a,"b"', 'a,"b"'),
        (None, ""),
    ],
)
def test_a_cell_of_wire_text_is_one_cell_and_no_formula(value: object, cell: str) -> None:
    line = row(record({"errorMsg": value}), ["errorMsg"])

    assert line.count("\n") == 1
    assert next(csv.reader(io.StringIO(line, newline="")))[-1] == cell


def parquet_of(tmp_path: Path, *options: str) -> pa.Table:
    target = tmp_path / "messages.parquet"
    status, out, error = capanalyze("messages", PROTOBUF, "-o", str(target), *options)
    assert (status, out, error[:5]) == (0, "", "note:")
    assert [path.name for path in tmp_path.iterdir()] == [target.name]
    return parquet.read_table(target)


def test_parquet_holds_what_jsonl_holds(tmp_path: Path) -> None:
    table = parquet_of(tmp_path)

    expected = listed(PROTOBUF)
    assert [json.loads(text) for text in table["fields"].to_pylist()] == [m["fields"] for m in expected]
    assert [stamp.value for stamp in table["ts"]] == [m["ts_ns"] for m in expected]
    for name in ("packet", "first_packet", "conn", "sender", "encoding", "id", "name", "size", "request_id", "problem"):
        assert table[name].to_pylist() == [m.get(name) for m in expected]


def test_parquet_gives_a_field_a_column_where_it_is_asked_for(tmp_path: Path) -> None:
    table = parquet_of(tmp_path, "--field", "contract.symbol", "--field", "size")

    expected = [m["fields"].get("contract", {}).get("symbol") for m in listed(PROTOBUF)]
    assert table["fields.contract.symbol"].to_pylist() == expected
    assert [m["size"] for m in listed(PROTOBUF)] == table["size"].to_pylist()


def test_parquet_without_a_message_is_a_table_without_a_row(tmp_path: Path) -> None:
    table = parquet_of(tmp_path, "--name", "tickEFP")

    assert (table.num_rows, table.column_names[:2]) == (0, ["packet", "ts"])


def test_parquet_is_written_in_row_groups_and_takes_records_as_it_needs_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "ROWS", 10)
    stream = io.BytesIO()
    sizes: list[int] = []

    def records() -> Iterator[dict[str, Any]]:
        for number in range(35):
            sizes.append(stream.tell())
            yield record({"text": "x"}, request_id=1 << 80 if number == 3 else number)

    total = frames.write_parquet(records(), stream)

    read = parquet.ParquetFile(io.BytesIO(stream.getvalue()))
    groups = [read.metadata.row_group(index).num_rows for index in range(read.num_row_groups)]
    assert (total, groups) == (35, [10, 10, 10, 5])
    assert [number for number in range(1, 35) if sizes[number] != sizes[number - 1]] == [10, 20, 30]
    assert read.read()["request_id"].to_pylist()[2:5] == [2, None, 4]


def test_parquet_without_pyarrow_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    status, out, error = capanalyze("messages", HEALTHY, "-o", str(tmp_path / "list.parquet"))

    assert (status, out, error.splitlines()) == (
        2,
        "",
        [
            "error: parquet: pyarrow is not installed",
            "hint: pip install 'capanalyze[parquet]', or --format csv or jsonl",
        ],
    )
    assert list(tmp_path.iterdir()) == []
