"""Frames made from the schema, for the clients' decoders to read: random values, every gate and condition.

Text bodies walk the layout as the server writes it; protobuf bodies set a random share of the fields, in the wire
form that proto3 prescribes, by an encoder of their own.
"""

import random
import struct

from capanalyze.tws.schema import MessageType
from capanalyze.tws.schema.grammar import FIELD, LIST, SEQUENCE, Condition, Node
from capanalyze.tws.schema.protobuf_rows import ProtobufField, fields
from tests.lab.wire import varint

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789 -./:,_@#+()[]{}<>&'\"|~^%$!?*`="
CHOICES = {
    "secType": ["STK", "OPT", "FUT", "BAG", "FUND", "BOND"],
    "orderType": ["LMT", "MKT", "PEG BENCH", "PEGBENCH", "PEG BEST"],
    "deltaNeutralOrderType": ["", "None", "MKT"],
    "hedgeType": ["", "D"],
    "algoStrategy": ["", "Vwap"],
    "lastTradeDateOrContractMonth": ["20261218", "", "202612"],
    "maturity": ["20361115", ""],
    "fundDistributionPolicyIndicator": ["", "N", "Y"],
    "fundAssetType": ["", "001", "005"],
    "exchange": ["SMART", "CME", "IBKRATS"],
    "multiplier": ["50", "100", ""],
}
NUMBERS = {
    "conditions.type": [1, 3, 4, 5, 6, 7],
    "tickType": [1, 2, 3, 4],
    "conditions.percent": [5, 10],
    "conditions.volume": [100, 2000],
    "faDataType": [1, 3],
    "contractDetails.evMultiplier": [0, 100],
    "optExerciseOrLapseType": [-1, 0, 1, 2],
    "yieldRedemptionDate": [20361115, 0],
}
UNUSUAL = {
    "i": ["2147483647", "-2147483648"],
    "k": ["2147483646", "-2147483648"],
    "d": ["1.7976931348623157E308", "NaN", "Infinity", "-Infinity", "4.9E-324", "-0.0"],
    "q": ["1.7976931348623157E308", "9223372036854775807", "-9223372036854775808", "2147483647", "1E-8"],
    "s": ["Grüße, 中文, \N{GRINNING FACE}", "-1", " ", "x" * 70_000, "a=b;c=d;", "\n"],
}
"""By type, what stands for unset, is no number, or is at the end of what can be written."""


class Text:
    """One text body; ``empty`` is the share of numbers and strings left empty (what a decoder may refuse).

    ``unusual`` is the share of fields with a value of ``UNUSUAL``.
    """

    def __init__(
        self, row: MessageType, server_version: int, chance: random.Random, empty: float, unusual: float = 0.0
    ) -> None:
        self.version = server_version
        self.chance = chance
        self.empty = empty
        self.unusual = unusual
        self.fields: list[str] = []
        self.stack: list[dict[str, object]] = []
        self.row = row

    def body(self) -> bytes:
        """The fields, each ended by NUL."""
        self._walk(self.row.nodes(), {}, "")
        return b"".join(value.encode() + b"\0" for value in self.fields)

    def _walk(self, nodes: list[Node], values: dict[str, object], prefix: str) -> None:
        self.stack.append(values)
        for node in nodes:
            if not node.low <= self.version <= node.high or not all(map(self._holds, node.conditions)):
                continue
            if node.form == FIELD:
                value = self._value(node, prefix)
                values[node.name] = value
                self.fields.append(value)
            elif node.form == SEQUENCE:
                self._walk(node.children, values, prefix)
            elif node.form == LIST:
                count = self.chance.choice([0, 1, 2, 3])
                self.fields.append(str(count))
                values[node.name] = count
                for _ in range(count):
                    self._walk(node.children, {}, f"{node.name}.")
            else:
                inner = values.setdefault(node.name, {})
                assert isinstance(inner, dict)
                self._walk(node.children, inner, f"{node.name}.")
        self.stack.pop()

    def _holds(self, condition: Condition) -> bool:
        if condition.op == "left":
            return False
        found: object = None
        for scope in reversed(self.stack):
            value: object = scope
            for name in condition.path:
                value = value.get(name) if isinstance(value, dict) else None
            if value is not None:
                found = value
                break
        if condition.op == "set":
            return found not in (None, "", "0", 0)
        if condition.op == "=":
            return str(found) in condition.values
        if condition.op == ">":
            return found not in (None, "") and 1e300 > float(str(found)) > float(condition.values[0])
        known = found is not None
        if condition.op == "version":
            return not known or int(str(found)) >= int(condition.values[0])
        return known and int(str(found)) < int(condition.values[0])

    def _value(self, node: Node, prefix: str) -> str:
        chance = self.chance
        if node.name == "version":
            return node.default or "1"
        name = prefix + node.name
        if node.name in CHOICES and node.type in "su":
            return chance.choice(CHOICES[node.name])
        found = NUMBERS.get(name, NUMBERS.get(node.name))
        if found is not None:
            return str(chance.choice(found))
        if node.type in "bc":
            return chance.choice("01" if node.type == "b" else "ao")
        if chance.random() < self.empty and not node.key:
            return ""
        if node.type in UNUSUAL and node.name != "scalePriceIncrement" and chance.random() < self.unusual:
            return chance.choice(UNUSUAL[node.type])
        if node.name == "attrMask":
            return str(chance.randrange(2 if self.version < 109 else 4 if self.version < 132 else 8))
        if node.type in "su":
            return string(chance, node.type == "u" and self.version >= 153, self.version)
        return self._number(node)

    def _number(self, node: Node) -> str:
        chance = self.chance
        if node.type in "ik":
            return str(chance.choice([0, 1, -1, 7, 2**31 - 2, chance.randrange(10**6), chance.randrange(10**6)]))
        return chance.choice(
            ["0", "0.0", "1.5", "-2.25", "1.0E-4", "123456.789", str(round(chance.uniform(0, 999), 4))]
        )


def string(chance: random.Random, escapes: bool, version: int) -> str:
    """ASCII, with escapes or UTF-8 as the server of that version writes the rest."""
    text = "".join(chance.choice(LETTERS) for _ in range(chance.choice([0, 1, 6, 15, 60])))
    if chance.random() < 0.2:
        text += "\\u00e9\\u4e2d" if escapes else "é中" if version < 153 else ""
    return text


def _length_delimited(number: int, octets: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(octets)) + octets


def protobuf(name: str, chance: random.Random, share: float) -> bytes:
    """A serialized message with a random share of its fields set, in order of number."""
    numbered = list(fields(name).values())
    if name == "TickByTickData":  # its last three are a oneof
        numbered = [*numbered[:2], chance.choice(numbered[2:])]
    return b"".join(_field(field, chance, share) for field in numbered if chance.random() < share or field.number == 1)


def _field(field: ProtobufField, chance: random.Random, share: float) -> bytes:
    if field.type == "map":
        names = chance.sample(["alpha", "beta", "gamma"], chance.randrange(0, 4))
        return b"".join(
            _length_delimited(
                field.number, _length_delimited(1, key.encode()) + _length_delimited(2, b"v" + key.encode())
            )
            for key in names
        )
    if field.is_message:
        count = chance.randrange(0, 4) if field.repeated else 1
        return b"".join(_length_delimited(field.number, protobuf(field.type, chance, share)) for _ in range(count))
    count = chance.randrange(0, 4) if field.repeated else 1
    values = [_scalar(field, chance) for _ in range(count)]
    if field.type in "sq":
        return b"".join(_length_delimited(field.number, value) for value in values)
    if field.repeated:
        return _length_delimited(field.number, b"".join(values)) if values else b""
    return b"".join(varint(field.number << 3 | (1 if field.type == "d" else 0)) + value for value in values)


def _scalar(field: ProtobufField, chance: random.Random) -> bytes:
    if field.type == "q":
        return chance.choice([b"0", b"1.5", b"-3", b"0.00000001", str(chance.randrange(10**6)).encode()])
    if field.name in CHOICES and field.type == "s":
        return chance.choice(CHOICES[field.name]).encode()
    if field.name in NUMBERS:
        number = chance.choice(NUMBERS[field.name])
        return varint(number) if field.type != "s" else str(number).encode()
    if field.type == "s":
        return string(chance, False, 100).encode()
    if field.type == "d":
        return struct.pack("<d", chance.choice([0.0, -1.5, 1e-5, 1e22, 5e-324, round(chance.uniform(0, 5000), 6)]))
    if field.type == "b":
        return varint(chance.randrange(2))
    if field.name == "type":
        return varint(chance.choice([1, 3, 4, 5, 6, 7]))
    wide = field.type in "IK"
    return varint(chance.choice([0, 1, -1, -(2**31), 2**31 - 2, 2**40 if wide else 5, chance.randrange(10**6)]))
