"""Which interface to capture on: the loopback's name on each system, the interfaces there are, and their checking."""

import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from capanalyze.errors import NoAccessError

_LOOPBACK: Final = (
    ("linux", "lo"),
    ("win32", r"\Device\NPF_Loopback"),  # Npcap's loopback adapter, from Npcap 0.9983 on
    ("cygwin", r"\Device\NPF_Loopback"),
    ("", "lo0"),  # macOS and the BSDs
)
_LIST_TIMEOUT_S: Final = 15.0
_LISTED: Final = re.compile(r"^(\d+)\. (\S+)(?: \((.*)\))?$")


@dataclass(frozen=True, slots=True)
class Interface:
    """An interface by the name that capturing takes, and what the system calls it for people ("" where nothing)."""

    name: str
    description: str = ""


def loopback_name(platform: str = sys.platform) -> str:
    """The loopback interface's name, by ``sys.platform``."""
    return next(name for prefix, name in _LOOPBACK if platform.startswith(prefix))


def system_interfaces() -> tuple[Interface, ...]:
    """What the system itself lists; on Windows these are not the names that capturing takes."""
    return tuple(Interface(name) for _, name in socket.if_nameindex())


def exists(name: str) -> bool:
    """Whether the system has an interface of that name now."""
    return any(interface.name == name for interface in system_interfaces())


def parse_interface_list(text: str) -> tuple[Interface, ...]:
    r"""The lines of ``dumpcap -D``: ``3. lo (Loopback)``, ``1. \Device\NPF_{...} (Ethernet)``."""
    found = (_LISTED.match(line) for line in text.splitlines())
    return tuple(Interface(match[2], match[3] or "") for match in found if match)


def dumpcap_interfaces(dumpcap: Path) -> tuple[Interface, ...]:
    """What ``dumpcap -D`` lists; empty where it cannot say."""
    try:
        listed = subprocess.run(
            [dumpcap, "-D"], capture_output=True, check=False, stdin=subprocess.DEVNULL, timeout=_LIST_TIMEOUT_S
        )
    except (OSError, subprocess.TimeoutExpired):
        return ()
    return parse_interface_list(listed.stdout.decode("utf-8", "replace"))


def no_such_interface(name: str, known: tuple[Interface, ...] = ()) -> NoAccessError:
    """The error for an interface that does not exist, with those that do."""
    names = ", ".join(f"{i.name} ({i.description})" if i.description else i.name for i in known)
    return NoAccessError(
        f"{name}: no such interface", f"the interfaces here: {names}" if names else "dumpcap -D lists them"
    )
