"""Captures in which all is entangled that tells who sends a packet: few addresses and ports, VLANs, both ends alike.

No program sends such packets. They lead to every corner of who is looked up where: ports used again, a direction with a
tag of its own, connections of an address and port with itself, headers that are cut.
"""

import random
import struct

HELLO = b"API\0\0\0\0\x09v100..176"
ANSWER = b"\0\0\0\x1a176\x0020260101 03:04:05 EST\0"
FLAGS = (0x02, 0x02, 0x12, 0x12, 0x10, 0x10, 0x10, 0x18, 0x18, 0x11, 0x11, 0x04, 0x14, 0x00)
STEPS_US = (1, 10, 1000, 200_000, 3_000_000)


def tangled(seed: int) -> bytes:
    """A pcap file of 5 to 80 packets."""
    chance = random.Random(seed)
    hosts = [bytes([10, 0, 0, last]) for last in range(1, chance.choice([2, 3, 3]))]
    ports = chance.sample([4001, 4002, 5000, 5001, 5002, 7497], chance.choice([1, 2, 2, 3]))
    numbers = [chance.getrandbits(32) for _ in range(chance.choice([1, 2, 3, 5]))]
    numbers += [0xFFFFFFF0] if chance.random() < 0.3 else []
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)]
    now = 1_700_000_000_000_000
    for _ in range(chance.randint(5, 80)):
        now += chance.choice(STEPS_US)
        frame = packet(chance, hosts, ports, numbers)
        captured = frame[: chance.choice([38, 42, 52, len(frame) - 1])] if chance.random() < 0.08 else frame
        head = struct.pack("<IIII", now // 1_000_000, now % 1_000_000, len(captured), len(frame))
        records.append(head + captured)
    return b"".join(records)


def packet(chance: random.Random, hosts: list[bytes], ports: list[int], numbers: list[int]) -> bytes:
    """An Ethernet frame with a TCP segment."""
    source, target = chance.choice(hosts), chance.choice(hosts)
    source_port, target_port = chance.choice(ports), chance.choice(ports)
    if chance.random() < 0.15:
        target, target_port = source, source_port
    flags = chance.choice(FLAGS)
    seq = chance.choice(numbers) + chance.choice([0, 1, 1, 1, 2, 18, 30])
    ack = chance.choice(numbers) + chance.choice([0, 1, 1, 2, 18, 30]) if flags & 0x10 else 0
    payload = b""
    if not flags & 0x02 and chance.random() < 0.5:
        some = bytes(chance.choices(b"\0\x01v1API", k=chance.randint(1, 20)))
        payload = chance.choice([HELLO, ANSWER, b"x", HELLO[:5], b"\0\0\0\x0571\x002\0", b"76\0", some])
    window = chance.choice([0, 512, 65535])
    tcp = struct.pack(
        "!HHIIBBHHH", source_port, target_port, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, window, 0, 0
    )
    length = 20 + len(tcp) + len(payload)
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, length, chance.randint(0, 5), 0x4000, 64, 6, 0, source, target)
    tag = chance.choice([b"", b"", b"\x81\0\0\7", b"\x81\0\0\x09"])
    return bytes(12) + tag + b"\x08\0" + ip + tcp + payload
