"""Build hook: compile the hot modules with mypyc where a compiler is at hand, else ship them as they are.

The modules are listed in pyproject.toml ([tool.hatch.build.hooks.custom] modules). A failed compilation is one
line on stderr and a pure-Python wheel; CAPANALYZE_PURE=1 asks for that.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CompileHook(BuildHookInterface):
    """Adds mypyc's extension modules to a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile into a temporary folder and include what came out."""
        if self.target_name != "wheel" or version == "editable" or os.environ.get("CAPANALYZE_PURE"):
            return
        self._folder = tempfile.mkdtemp(prefix="capanalyze-build-")
        try:
            extensions = compile_modules(Path(self.root), Path(self._folder), self.config["modules"])
        except (OSError, subprocess.CalledProcessError) as error:
            said = getattr(error, "stdout", None) or str(error)
            self.app.display_warning(f"capanalyze is not compiled and runs interpreted: {said[-500:]}")
            return
        build_data["pure_python"] = False
        build_data["infer_tag"] = True
        for extension in extensions:
            build_data["force_include"][str(extension)] = str(extension.relative_to(self._folder))

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:  # noqa: ARG002
        """Remove the temporary folder."""
        shutil.rmtree(getattr(self, "_folder", ""), ignore_errors=True)


def compile_modules(root: Path, folder: Path, modules: list[str]) -> list[Path]:
    """Compile a copy of the package in ``folder``; the extension modules made.

    Raises:
        OSError, subprocess.CalledProcessError: it did not work.
    """
    shutil.copytree(root / "capanalyze", folder / "capanalyze", ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    (folder / "setup.cfg").write_text(f"[build_ext]\nparallel = {os.cpu_count() or 1}\n", encoding="utf-8")
    # nothing outside calls the library's own functions, so the compiler may call, and inline, them directly; not in
    # CFLAGS, which would take the place of Python's own (-fwrapv, -DNDEBUG) with today's setuptools
    # mypyc indents ever deeper, and gcc reads a line again to judge that: more than half of the time it takes
    flags = f"{os.environ.get('CPPFLAGS', '')} -fvisibility=hidden -Wno-misleading-indentation".strip()
    command = [sys.executable, "-m", "mypyc", "--ignore-missing-imports", *modules]
    environment = dict(os.environ, MYPYC_OPT_LEVEL="3", MYPYC_DEBUG_LEVEL="0", CPPFLAGS=flags)
    output = subprocess.PIPE
    subprocess.run(command, cwd=folder, env=environment, stdout=output, stderr=subprocess.STDOUT, text=True, check=True)
    shutil.rmtree(folder / "build", ignore_errors=True)
    return sorted([*folder.rglob("*.so"), *folder.rglob("*.pyd")])
