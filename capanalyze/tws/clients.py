"""The client libraries by their hello: the range of versions in it names the library, often its release.

In: what a hello holds. Out: a name and the reason. The ranges were read off the clients themselves or recorded from
them (protocol.md 1.1, 1.3, 2.4); the official Java, C++ and C# clients send the same as the Python one (ibapi).
"""

from typing import Final

# (first, last) of the hello's range, library, releases; read off the clients themselves (protocol.md 1.1, 2.4)
CLIENT_LIBRARIES: Final[tuple[tuple[int, int, str], ...]] = (
    (157, 176, "ib_insync 0.9.86"),
    (157, 178, "ib_async 1.x to 2.1"),
    (157, 225, "ib_async 3"),
    (100, 139, "ib_insync (2019)"),
    (100, 151, "@stoqey/ib (2022)"),
    (100, 157, "ibapi 9.81.1"),
    (100, 173, "rust-ibapi 2"),
    (100, 176, "ibapi 10.19 or 10.20"),
    (100, 187, "ibapi 10.30"),
    (100, 193, "@stoqey/ib 1.6"),
    (100, 203, "ibapi 10.37"),
    (100, 215, "ibapi 10.40"),
    (100, 218, "ibapi 10.42"),
    (100, 219, "ibapi 10.43"),
    (100, 222, "ibapi 10.44"),
    (100, 223, "ibapi 10.45"),
    (100, 225, "ibapi 10.46 to 10.49, or nautilus-ibapi 10.46"),
    (100, 226, "ibapi 10.50 or 10.51"),
    (213, 225, "rust-ibapi 3"),
)

LEGACY_CLIENTS: Final[dict[str, str]] = {
    "": "@stoqey/ib 1.6 with disableUseV100Plus",
    "33": "an old IBrokers (R)",
    "37": "an old IBrokers (R)",
    "62": "npm ib 0.2.9 or IbPy2 0.8",
}


def client_library(minimum: int, maximum: int) -> tuple[str, str] | None:
    """Name of the library that sends this range in its hello, and the reason; None for an unknown range."""
    names = [name for low, high, name in CLIENT_LIBRARIES if (low, high) == (minimum, maximum)]
    if not names:
        return None
    return " or ".join(names), f"its hello offers versions {minimum} to {maximum}"


def legacy_library(version: str) -> tuple[str, str] | None:
    """The same for the version field of a hello from before version 100."""
    name = LEGACY_CLIENTS.get(version)
    return None if name is None else (name, f'its hello is "{version}" without a length')
