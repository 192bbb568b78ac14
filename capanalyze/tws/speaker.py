"""Who sends a message: each side's have forms of their own, though many have the same id.

In: a frame of a session of which neither the opening nor a hello is in the capture. Out: whether the client sends such
a message, or the gateway, where its fields fit the layouts of one of them only.
"""

from typing import Final

from mypy_extensions import i64

from capanalyze.tws.decode import decode
from capanalyze.tws.fitting import FIRST_FRAMED, fitting_versions
from capanalyze.tws.frames import BINARY, index_encoding, index_id
from capanalyze.tws.schema import FIRST_BINARY_ID, message

EITHER: Final = -1
GATEWAY: Final = 0
CLIENT: Final = 1


def speaker_of(index: i64, payload: bytes, whole: bool) -> i64:
    """CLIENT, GATEWAY, or EITHER where the form of a message does not tell; ``whole``: the payload is."""
    client = _may_send(True, index, payload, whole)
    if client == _may_send(False, index, payload, whole):
        return EITHER
    return CLIENT if client else GATEWAY


def _may_send(from_client: bool, index: i64, payload: bytes, whole: bool) -> bool:
    number = index_id(index)
    if message(from_client, number) is None:
        return False
    if index < BINARY:
        return (
            fitting_versions(from_client, number, payload, FIRST_FRAMED, FIRST_BINARY_ID - 1, whole=whole) is not None
        )
    found = decode(payload, from_client=from_client, server_version=None, encoding=index_encoding(index))
    return not whole or found.problem is None
