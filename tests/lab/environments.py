"""The clients' own environments under `envs/`, made on demand and outside version control.

Each client library gets an environment of its own, because their distributions share import names. Nothing here is
needed to run the tests; only to record.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
ENVIRONMENTS_DIR = HERE / "envs"
DRIVERS_DIR = HERE / "drivers"

PYTHON_PACKAGES = {
    "ib_async": ("ib_async==2.1.0",),
    "ib_insync": ("ib_insync==0.9.86",),  # brings eventkit, nest_asyncio and numpy
    "ibapi": ("ibapi==9.81.1.post1",),
    "ibapi-stable": ("ibapi-stable==10.37.2", "protobuf"),
    "ibapi-latest": ("ibapi-latest==10.51.1", "protobuf"),
}
NODE_PACKAGES = {"@stoqey/ib": "1.6.10", "ib": "0.2.9"}


class Library(NamedTuple):
    """A client library: what it is called in a report and the command that runs its driver."""

    name: str
    version: str
    command: tuple[str, ...]


def library(name: str) -> Library:
    """The library of that name, installed where it is not yet; `raw` is the standard library's socket.

    Raises:
        RuntimeError: an installation failed.
    """
    if name == "raw":
        return Library("raw socket", "", (sys.executable, str(DRIVERS_DIR / "drive_raw.py")))
    if name in NODE_PACKAGES:
        where = _node()
        driver = str(DRIVERS_DIR / "drive_node.cjs")
        return Library(name, NODE_PACKAGES[name], ("node", driver, "--modules", str(where), "--library", name))
    version = PYTHON_PACKAGES[name][0].partition("==")[2]
    python = str(_python(name))
    if name.startswith("ibapi"):
        return Library(name, version, (python, str(DRIVERS_DIR / "drive_ibapi.py")))
    return Library(name, version, (python, str(DRIVERS_DIR / "drive_ib.py"), "--library", name))


def _python(name: str) -> Path:
    folder = ENVIRONMENTS_DIR / name
    python = folder / "bin" / "python"
    done = folder / "installed"
    if not done.exists():
        shutil.rmtree(folder, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(python), "-m", "pip", "install", "--quiet", *PYTHON_PACKAGES[name])
        done.touch()
    return python


def _node() -> Path:
    folder = ENVIRONMENTS_DIR / "node"
    done = folder / "installed"
    if not done.exists():
        folder.mkdir(parents=True, exist_ok=True)
        packages = [f"{package}@{version}" for package, version in NODE_PACKAGES.items()]
        _run("npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), *packages)
        done.touch()
    return folder


def _run(*command: str) -> None:
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    if ran.returncode:
        message = f"{' '.join(command[:4])} ...: {ran.stderr.strip()[-400:]}"
        raise RuntimeError(message)
