"""Our protobuf rows against the descriptors of ibapi-latest, and our reader against the protobuf runtime."""

from capanalyze.tws.schema.protobuf_rows import fields, rows
from tests.tws.oracle import runs

OURS_ONLY = {"MapEntry", "CancelFundamentalsData", "FundamentalsData", "FundamentalsDataRequest"}
"""MapEntry has no name on the wire; the others are in ibapi up to 10.46."""


def test_the_rows_are_the_descriptors_number_by_number() -> None:
    descriptors, _ = runs.protobuf_messages(1, 1)

    ours = {
        name: [
            [field.number, field.wire_name, _wire_type(field.type), field.repeated] for field in fields(name).values()
        ]
        for name in rows()
        if name not in OURS_ONLY
    }
    assert ours == {name: sorted(row) for name, row in descriptors.items()}
    assert len(ours["Order"]) == 145


def _wire_type(ours: str) -> str:
    return {"q": "s", "k": "i", "K": "I"}.get(ours, ours)


def test_random_messages_of_every_type_are_read_as_the_runtime_reads_them() -> None:
    _, outcome = runs.protobuf_messages(7, 8)

    assert outcome.differences == []


def test_messages_that_ibapi_dropped_are_read_as_its_last_release_with_them_does() -> None:
    descriptors, outcome = runs.protobuf_messages(3, 4, "nautilus-ibapi")

    assert outcome.differences == []
    assert set(rows()) - set(descriptors) == {"MapEntry"}
