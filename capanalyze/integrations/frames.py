"""TWS messages as a Parquet file: one row each, for pandas, polars, DuckDB and the like.

In: records (report/messages.py) and a binary stream. Out: row groups as they fill, so that memory does not grow with
the capture. pyarrow is an optional extra and is imported here only.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, BinaryIO, Final

from capanalyze.errors import ToolError
from capanalyze.report.message_table import field_cells, field_columns

ROWS: Final = 65536
"""Rows of a row group at most."""

OCTETS: Final = 32 << 20
"""Octets of JSON after which a row group is written with fewer rows."""

_INT64: Final = 1 << 63


def write_parquet(records: Iterable[dict[str, Any]], stream: BinaryIO, wanted: Sequence[str] = ()) -> int:
    """Write the table and return its number of rows.

    The columns are those of jsonl; ``ts`` is a time stamp in nanoseconds (UTC), ``fields`` is JSON, or there is a
    string column ``fields.NAME`` for each dotted name in ``wanted``. What a message does not have is null, and so is
    a request id beyond 64 bits.

    Raises:
        ToolError: pyarrow is not installed.
    """
    try:
        import pyarrow as pa  # noqa: PLC0415 - an optional extra
        from pyarrow import parquet  # noqa: PLC0415 - as above
    except ImportError as error:
        raise ToolError(
            "parquet: pyarrow is not installed", "pip install 'capanalyze[parquet]', or --format csv or jsonl"
        ) from error
    columns = field_columns(wanted)
    words_type = pa.dictionary(pa.int32(), pa.string())
    schema = pa.schema([
        ("packet", pa.int64()), ("ts", pa.timestamp("ns", tz="UTC")), ("first_packet", pa.int64()),
        ("conn", pa.int32()), ("sender", words_type), ("encoding", words_type), ("id", pa.int32()),
        ("name", words_type), ("size", pa.int64()), ("request_id", pa.int64()), ("problem", pa.string()),
        ("resynchronised", pa.bool_()), ("missing", pa.int64()), *((name, pa.string()) for name in columns),
    ])  # fmt: skip
    total = 0
    with parquet.ParquetWriter(stream, schema, compression="zstd") as writer:
        for group in _groups(records, columns, wanted):
            writer.write_table(pa.table(group, schema=schema))
            total += len(group["packet"])
    return total


def _groups(
    records: Iterable[dict[str, Any]], columns: Sequence[str], wanted: Sequence[str]
) -> Iterator[dict[str, list[Any]]]:
    """Columns of at most ROWS rows or about OCTETS octets; one without rows where there are no records."""
    names = (
        "packet", "ts", "first_packet", "conn", "sender", "encoding", "id", "name", "size", "request_id", "problem",
        "resynchronised", "missing", *columns,
    )  # fmt: skip
    group: dict[str, list[Any]] = {name: [] for name in names}
    octets = 0
    written = False
    for record in records:
        cells = [*_cells(record), *field_cells(record, wanted)]
        for name, value in zip(names, cells, strict=True):
            group[name].append(value)
        octets += sum(len(cell) for cell in cells[len(names) - len(columns) :] if cell)
        if len(group["packet"]) >= ROWS or octets >= OCTETS:
            yield group
            written = True
            group = {name: [] for name in names}
            octets = 0
    if group["packet"] or not written:
        yield group


def _cells(record: dict[str, Any]) -> list[Any]:
    key: int | None = record.get("request_id")
    if key is not None and not -_INT64 <= key < _INT64:
        key = None
    return [
        record["packet"], record["ts_ns"], record["first_packet"], record["conn"], record["sender"],
        record["encoding"], record["id"], record["name"], record["size"], key,
        record.get("problem"), record.get("resynchronised", False), record.get("missing", 0),
    ]  # fmt: skip
