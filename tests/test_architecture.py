"""Who may import whom, and what the package gives away: design facts that a review would have to check by eye."""

import ast
from pathlib import Path

import pytest

import capanalyze
from capanalyze import api

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "capanalyze"

MAY_IMPORT = {
    "packets": {"packets"},
    "tcp": {"tcp", "packets"},
    "tws": {"tws", "tcp", "packets"},  # packets: which of two spellings is fast here (common.COMPILED)
    "timeline": {"timeline", "tcp", "tws"},
    "report": {"report", "timeline", "tcp", "tws", "errors"},
    "capture": {"capture", "errors", "packets"},  # packets: the RawPackets cursor that readers fill
    "sessions": {"tcp", "tws"},
    "settling": {"sessions", "tcp"},
    "analyzer": {"lane", "packets", "sessions", "settling", "tcp", "tws"},
    "lane": {"analyzer", "packets", "tcp", "tws"},  # the analyzer's loop for the interpreter; analyzer is only its type
}
"""Room -> rooms whose modules it may import; rooms that are not listed may import everything."""

PURE = {"packets", "tcp", "tws", "timeline", "report", "sessions", "settling", "analyzer", "lane"}
IMPURE_MODULES = {
    "socket",
    "subprocess",
    "threading",
    "multiprocessing",
    "asyncio",
    "time",
    "scapy",
    "pyshark",
    "typer",
}
RICH_ALLOWED = {"report/terminal.py"}

FILES = sorted(PACKAGE.rglob("*.py"))


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_of(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            found.append(node.module or "")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_lies_before_it(path: Path) -> None:
    room = room_of(path)
    ours = {name.split(".")[1] for name in imports_of(path) if name.startswith("capanalyze.")}

    assert ours - MAY_IMPORT.get(room, ours) == set()


@pytest.mark.parametrize("path", [p for p in FILES if room_of(p) in PURE], ids=lambda p: str(p.relative_to(PACKAGE)))
def test_a_pure_room_imports_nothing_that_acts_on_the_world(path: Path) -> None:
    outside = {name.split(".")[0] for name in imports_of(path)}

    assert outside & IMPURE_MODULES == set()


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_rich_stays_in_the_terminal_renderer_and_the_commands(path: Path) -> None:
    name = str(path.relative_to(PACKAGE))
    uses_rich = any(module.split(".")[0] == "rich" for module in imports_of(path))

    assert not uses_rich or name in RICH_ALLOWED or room_of(path) == "commands"


def test_a_public_name_means_the_same_after_every_other_was_used() -> None:
    names = {name: getattr(capanalyze, name) for name in capanalyze.__all__}

    assert {name: getattr(capanalyze, name) for name in capanalyze.__all__} == names
    assert names["live"] is api.live
