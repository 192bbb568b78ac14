"""The environments in which the real clients run as oracles, made on demand and outside version control.

The same environments as the laboratory's (tests/lab/environments.py); ``CAPANALYZE_TEST_ENVS`` names another
folder for them. ibapi's licence is non-commercial: it is run in a process of its own and never imported here.
"""

import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.lab.environments import ENVIRONMENTS_DIR, NODE_PACKAGES, PYTHON_PACKAGES

HERE = Path(__file__).resolve().parent
PACKAGES = {**PYTHON_PACKAGES, "nautilus-ibapi": ("nautilus-ibapi==10.46.1", "protobuf")}
"""nautilus-ibapi: the last ibapi with messages of fundamental data."""


def folder(name: str) -> Path:
    """The folder of the environment ``name``, made and filled if it is not there yet; one process at a time."""
    base = Path(os.environ.get("CAPANALYZE_TEST_ENVS") or ENVIRONMENTS_DIR)
    base.mkdir(parents=True, exist_ok=True)
    where = base / name
    with (base / f".{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (where / "installed").exists():
            shutil.rmtree(where, ignore_errors=True)
            _fill(name, where)
            (where / "installed").touch()
    return where


def _fill(name: str, where: Path) -> None:
    if name == "node":
        where.mkdir()
        packages = [f"{package}@{version}" for package, version in NODE_PACKAGES.items()]
        subprocess.run(
            ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(where), *packages], check=True
        )
        return
    subprocess.run([sys.executable, "-m", "venv", str(where)], check=True)
    subprocess.run([str(where / "bin" / "pip"), "install", "--quiet", *PACKAGES[name]], check=True)


def run(environment: str, script: str, *arguments: str, given: str = "") -> list[str]:
    """The lines that a driver of this folder prints when run in ``environment`` with ``given`` on its input."""
    where = folder(environment)
    command = ["node"] if environment == "node" else [str(where / "bin" / "python"), "-W", "ignore"]
    ran = subprocess.run(
        [*command, str(HERE / script), *arguments],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "NODE_PATH": str(where / "node_modules"), "PYTHONHASHSEED": "0"},
    )
    if ran.returncode:
        raise RuntimeError(f"{script} in {environment}: {ran.stderr[-2000:]}")
    return ran.stdout.splitlines()
