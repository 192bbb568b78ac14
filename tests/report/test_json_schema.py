"""The JSON Schema of the report, held against the report of every recording and hard case that we have."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

import capanalyze
from capanalyze.errors import CapanalyzeError
from capanalyze.report.json_schema import MEANINGS, NOT_KEYS, PER_SIDE, WORDS, report_schema
from tests.commands.command_line import capanalyze as command_line

ROOT = Path(__file__).parents[2]
CAPTURES = sorted([*(ROOT / "captures").glob("*.pcapng"), *(ROOT / "tests" / "cases").glob("*/*.pcap*")])


def closed(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema with objects that take no other keys: what our own output must meet."""
    made = copy.deepcopy(schema)
    waiting: list[Any] = [made]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            if "properties" in part and "type" in part:
                part["additionalProperties"] = False
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return made


STRICT = Draft202012Validator(closed(report_schema()))
OPEN = Draft202012Validator(report_schema())


def report_of(name: str) -> dict[str, Any]:
    return capanalyze.read(ROOT / "captures" / name).to_dict()


def test_the_schema_is_a_schema_of_draft_2020_12() -> None:
    schema = report_schema()
    Draft202012Validator.check_schema(schema)

    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


@pytest.mark.parametrize("path", CAPTURES, ids=lambda path: path.name)
def test_the_report_of_every_capture_is_valid_and_has_no_key_that_the_schema_lacks(path: Path) -> None:
    try:
        report = capanalyze.read(path, all_connections=True)
    except CapanalyzeError:
        return  # a file that is refused has no report
    found = json.loads(json.dumps(report.to_dict()))

    assert [f"{error.json_path}: {error.message}" for error in STRICT.iter_errors(found)] == []


def test_a_key_that_is_missing_is_refused() -> None:
    report = report_of("seed-silent-gateway.pcapng")
    del report["connections"][1]["close"]["certainty"]

    found = [nested for error in OPEN.iter_errors(report) for nested in (error.context or [error])]
    assert "'certainty' is a required property" in [error.message for error in found]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schema_version",), 2),
        (("connections", 0, "roles_from"), "guess"),
        (("connections", 0, "states", "client"), "closed"),
        (("connections", 0, "client_bytes"), 1.5),
        (("connections", 0, "before_close", "client", "messages"), {}),
        (("connections", 0, "tws", "client_range"), [157]),
        (("timeline", 0, "side"), "gateway"),
    ],
)
def test_a_value_of_another_meaning_is_refused(path: tuple[str | int, ...], value: object) -> None:
    report = json.loads(json.dumps(report_of("ib_async-healthy-178.pcapng")))
    place: Any = report
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value

    assert not OPEN.is_valid(report)


def test_a_key_that_a_later_release_adds_is_accepted() -> None:
    report = json.loads(json.dumps(report_of("port-probe.pcapng")))
    report["connections"][0]["added_later"] = 1

    assert OPEN.is_valid(report)


def test_the_tables_name_only_keys_that_there_are() -> None:
    schema = report_schema()
    records = {"Report": schema, **schema["$defs"]}
    present = {f"{name}.{key}" for name, record in records.items() for key in record["properties"]}

    assert set() == ({*WORDS, *PER_SIDE, *MEANINGS} - NOT_KEYS) - present


def test_the_command_prints_the_schema() -> None:
    status, out, _ = command_line("schema", "--report")

    assert (status, json.loads(out)) == (0, report_schema())
