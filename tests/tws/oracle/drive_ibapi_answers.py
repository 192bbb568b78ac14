"""Run in an environment of ibapi: feed frames to its decoder and print which callbacks it makes with what.

Input: a line of JSON for each frame: version, id (without 200), protobuf, body (hexadecimal, after the id).
Output: a line for each: the callbacks as [name, {argument: value}], what was raised, and for protobuf the message
as the protobuf runtime reads it (field names of the descriptor).
"""
# ruff: noqa: ANN401  # the client's objects have no types here

import inspect
import json
import sys
from collections.abc import Callable
from decimal import Decimal
from enum import Enum
from typing import Any

from ibapi.decoder import Decoder
from ibapi.wrapper import EWrapper


def plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value[0] if isinstance(value.value, tuple) else value.value
    if isinstance(value, (bool, str)) or value is None:
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return {"float": repr(value)}
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, bytes):
        return value.decode("utf-8", "backslashreplace")
    if isinstance(value, (set, frozenset)):
        return sorted((plain(item) for item in value), key=repr)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return {name: plain(item) for name, item in vars(value).items()}


def message(proto: Any) -> dict[str, Any]:
    """The fields that are set, by the descriptor's names."""
    found = {}
    for field, value in proto.ListFields():
        if field.message_type is not None and field.message_type.GetOptions().map_entry:
            found[field.name] = [{"tag": key, "value": value[key]} for key in sorted(value)]
        elif field.message_type is not None and not hasattr(value, "DESCRIPTOR"):
            found[field.name] = [message(item) for item in value]
        elif field.message_type is not None:
            found[field.name] = message(value)
        elif not isinstance(value, (str, int, float, bool)):
            found[field.name] = [plain(item) for item in value]
        else:
            found[field.name] = plain(value)
    return found


class Wrapper(EWrapper):
    def __init__(self) -> None:
        super().__init__()
        self.calls = []
        self.proto = None


def recorder(name: str, signature: inspect.Signature) -> Callable[..., None]:
    names = list(signature.parameters)[1:]

    def record(self: Wrapper, *arguments: Any, **named: Any) -> None:
        if name.endswith("ProtoBuf"):
            self.proto = message(arguments[0])
            return
        given = dict(zip(names, arguments, strict=False))
        given.update(named)
        self.calls.append([name, {key: plain(value) for key, value in given.items()}])

    return record


for method_name, method in inspect.getmembers(EWrapper, inspect.isfunction):
    if not method_name.startswith("_") and method_name != "logAnswer":
        setattr(Wrapper, method_name, recorder(method_name, inspect.signature(method)))


def main() -> None:
    with_id = "msgId" not in inspect.signature(Decoder.interpret).parameters
    decoders = {}
    for line in sys.stdin:
        frame = json.loads(line)
        wrapper = Wrapper()
        decoder = decoders.get(frame["version"])
        if decoder is None:
            decoder = Decoder(wrapper, frame["version"])
            decoders[frame["version"]] = decoder
        decoder.wrapper = wrapper
        body = bytes.fromhex(frame["body"])
        raised = None
        try:
            if frame["protobuf"]:
                decoder.processProtoBuf(body, frame["id"])
            elif with_id:
                decoder.interpret((str(frame["id"]).encode(), *body.split(b"\0")[:-1]))
            else:
                decoder.interpret(tuple(body.split(b"\0")[:-1]), frame["id"])
        except Exception as error:  # noqa: BLE001  # whatever the client raises is its answer
            raised = f"{type(error).__name__}: {error}"[:200]
        print(json.dumps({"calls": wrapper.calls, "raised": raised, "proto": wrapper.proto}))


main()
