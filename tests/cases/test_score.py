"""The scored captures through the real command: every answer right, those that only tshark reads included."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cases.score import answers, run

HERE = Path(__file__).parent
CASES: list[dict[str, Any]] = json.loads((HERE / "truth.json").read_text())
COMMAND = f"{sys.executable} -m capanalyze"


@pytest.mark.parametrize("case", CASES, ids=[case["file"] for case in CASES])
def test_every_answer_about_a_capture_is_right(case: dict[str, Any]) -> None:
    code, report, trouble = run(COMMAND, HERE / case["file"])
    if case["connections"] is None or (case["expect_error"] and code == 2):
        assert (trouble, code) in {("", 0), (trouble, 2)}  # damaged: what is there, or one clear error
        return

    wrong = [(question, detail) for question, right, detail in answers(case, report) if not right]

    assert (trouble, wrong) == ("", [])


def test_both_groups_are_there() -> None:
    assert {case["file"].split("/")[0] for case in CASES} == {"crafted", "variants"}
