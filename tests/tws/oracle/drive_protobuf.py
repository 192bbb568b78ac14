"""Run in an environment of ibapi-latest: its protobuf descriptors, and random messages made by the real runtime.

First line: {message: [[number, name, type, repeated], ...]}. Then a line for each message made: its name, its octets
in hexadecimal, and its fields as the runtime holds them.

    drive_protobuf.py SEED SAMPLES
"""
# ruff: noqa: ANN401  # the client's objects have no types here

import importlib
import json
import pkgutil
import random
import sys
from typing import Any

import ibapi.protobuf

TYPES = {1: "d", 3: "I", 5: "i", 8: "b", 9: "s"}


def classes() -> dict[str, Any]:
    found = {}
    for module in pkgutil.iter_modules(ibapi.protobuf.__path__):
        loaded = importlib.import_module("ibapi.protobuf." + module.name)
        for name in loaded.DESCRIPTOR.message_types_by_name:
            found[name] = getattr(loaded, name)
    return found


def is_map(field: Any) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def type_of(field: Any) -> str:
    if is_map(field):
        return "map"
    return TYPES[field.type] if field.message_type is None else field.message_type.name


def text(chance: random.Random) -> str:
    letters = "ABCabc012 .,-éß中\n\t\x01"
    return "".join(chance.choice(letters) for _ in range(chance.choice([0, 1, 7, 40])))


def scalar(kind: str, chance: random.Random) -> Any:
    if kind == "s":
        return text(chance)
    if kind == "b":
        return chance.random() < 0.5
    if kind == "d":
        return chance.choice(
            [0.0, -1.5, 1e-5, 5e-324, 1e300, float("inf"), float("-inf"), round(chance.uniform(0, 99), 7)]
        )
    wide = [2**62, -(2**62)] if kind == "I" else []
    return chance.choice([0, 1, -1, 2**31 - 2, -(2**31), chance.randrange(10**6), *wide])


def fill(message: Any, chance: random.Random) -> dict[str, Any]:
    shown = {}
    for field in message.DESCRIPTOR.fields:
        if chance.random() < 0.4:
            continue
        if is_map(field):
            for key in ("alpha", "beta"):
                getattr(message, field.name)[key] = text(chance)
            held = getattr(message, field.name)
            shown[field.name] = [{"tag": key, "value": held[key]} for key in sorted(held)]
        elif field.message_type is not None and field.is_repeated:
            items = [fill(getattr(message, field.name).add(), chance) for _ in range(chance.randrange(1, 4))]
            shown[field.name] = items
        elif field.message_type is not None:
            if field.containing_oneof is not None and message.WhichOneof(field.containing_oneof.name):
                continue
            getattr(message, field.name).SetInParent()
            shown[field.name] = fill(getattr(message, field.name), chance)
        elif field.is_repeated:
            values = [scalar(TYPES[field.type], chance) for _ in range(chance.randrange(1, 4))]
            getattr(message, field.name).extend(values)
            shown[field.name] = [plain(value) for value in values]
        else:
            value = scalar(TYPES[field.type], chance)
            setattr(message, field.name, value)
            shown[field.name] = plain(value)
    return shown


def plain(value: Any) -> Any:
    return {"float": repr(value)} if isinstance(value, float) else value


def main() -> None:
    seed, samples = int(sys.argv[1]), int(sys.argv[2])
    known = classes()
    print(
        json.dumps(
            {
                name: [
                    [field.number, field.name, type_of(field), field.is_repeated and not is_map(field)]
                    for field in made.DESCRIPTOR.fields
                ]
                for name, made in known.items()
            }
        )
    )
    for name, made in known.items():
        chance = random.Random(f"{seed} {name}")
        for _ in range(samples):
            message = made()
            shown = fill(message, chance)
            print(json.dumps({"name": name, "octets": message.SerializeToString().hex(), "fields": shown}))


main()
