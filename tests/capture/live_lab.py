"""Live captures in a network namespace of their own, for the tests beside this file."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.lab.namespace import Namespace

ROOT = Path(__file__).parents[2]
DRIVER = Path(__file__).with_name("live_driver.py")

UNPRIVILEGED = ("setpriv", "--bounding-set=-all", "--inh-caps=-all") if os.geteuid() == 0 else ()
"""Prefix under which a program has no capability, not even root's."""


def command(namespace: Namespace, spec: dict[str, Any], prefix: tuple[str, ...] = ()) -> list[str]:
    spec = {"port": namespace.port, **spec}
    for capture in spec["captures"]:
        capture.setdefault("ports", [namespace.port])
    return namespace.command(*prefix, sys.executable, str(DRIVER), json.dumps(spec, default=str))


def environment(**changes: str) -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), **changes}


def drive(namespace: Namespace, spec: dict[str, Any], prefix: tuple[str, ...] = (), **changes: str) -> dict[str, Any]:
    """Run the driver to its end and return what it printed."""
    done = subprocess.run(
        command(namespace, spec, prefix),
        capture_output=True,
        check=False,
        text=True,
        env=environment(**changes),
        start_new_session=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    result["stderr"] = done.stderr
    return result


def tshark(path: Path, *fields: str, options: tuple[str, ...] = ()) -> list[list[str]]:
    """The fields of each frame, as tshark sees them."""
    wanted = [word for name in fields for word in ("-e", name)]
    listed = subprocess.run(
        ["tshark", "-r", str(path), *options, "-T", "fields", *wanted], capture_output=True, check=False, text=True
    )
    assert listed.returncode == 0, listed.stderr
    return [line.split("\t") for line in listed.stdout.splitlines()]


def descendants(pid: int) -> dict[int, str]:
    """Every process below ``pid``, by id, with its command's name."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                name, rest = (entry / "stat").read_text().split("(", 1)[1].rsplit(") ", 1)
            except OSError:
                continue
            parents[int(entry.name)] = (int(rest.split()[1]), name)
    found: dict[int, str] = {}
    wanted = [pid]
    while wanted:
        parent = wanted.pop()
        for child, (above, name) in parents.items():
            if above == parent and child not in found:
                found[child] = name
                wanted.append(child)
    return found


def survivors(pids: Iterable[int], seconds: float = 5) -> set[int]:
    """Those of the processes that still run after up to ``seconds``."""
    deadline = time.monotonic() + seconds
    left = set(filter(alive, pids))
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = set(filter(alive, left))
    return left


def alive(pid: int) -> bool:
    """Whether the process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1][0] != "Z"
    except OSError:
        return False
