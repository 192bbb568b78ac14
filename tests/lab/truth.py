"""What is true of a recording, from three witnesses: tshark's packet fields, the gateway's log, the kernel's sockets.

Nothing of the product is used here. `connections` reads the packets; `agree` compares them with the two others and
says where they differ, which makes a recording void. On a loopback nothing is lost or reordered, so the arithmetic
stays simple: no gaps, no ambiguity about who closed first beyond the acknowledgement of the FINs.
"""

import subprocess
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.lab import wire

FIELDS = (
    "frame.number",
    "tcp.stream",
    "tcp.srcport",
    "tcp.dstport",
    "tcp.flags",
    "tcp.seq_raw",
    "tcp.ack_raw",
    "tcp.len",
    "tcp.payload",
)
FIN, SYN, RST, ACK = 1, 2, 4, 16
SIDES = ("client", "server")
OTHER = {"client": "server", "server": "client"}
KERNEL_STATES = {
    "ESTAB": "ESTABLISHED",
    "FIN-WAIT-2": "FIN_WAIT_2",
    "CLOSE-WAIT": "CLOSE_WAIT",
    "TIME-WAIT": "TIME_WAIT",
}


@dataclass
class Packet:
    """One TCP segment."""

    number: int
    source: int
    target: int
    flags: int
    seq: int
    ack: int
    length: int
    payload: bytes


@dataclass
class Side:
    """One direction of a connection."""

    port: int
    isn: int | None = None
    octets: bytearray = field(default_factory=bytearray)
    length: int = 0
    fins: list[Packet] = field(default_factory=list)
    resets: list[Packet] = field(default_factory=list)
    acked: set[int] = field(default_factory=set)  # what this side acknowledged

    def add(self, packet: Packet) -> None:
        """Octets once each, by sequence number; a segment seen again adds nothing."""
        if self.isn is None:
            self.isn = packet.seq if packet.flags & SYN else (packet.seq - 1) % 2**32
        start = (packet.seq - self.isn - 1) % 2**32
        if packet.length and start < 2**31 and start + packet.length > self.length:
            if start > self.length:
                message = f"packet {packet.number}: octets are missing before it"
                raise ValueError(message)
            self.octets += packet.payload[self.length - start :]
            self.length = start + packet.length


def packets(path: Path) -> dict[int, list[Packet]]:
    """tshark's fields of every TCP packet, by tshark's stream number."""
    command = ["tshark", "-n", "-r", str(path), "-T", "fields", *(word for name in FIELDS for word in ("-e", name))]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    streams: dict[int, list[Packet]] = {}
    for line in listed.splitlines():
        number, stream, source, target, flags, seq, ack, length, payload = line.split("\t")
        packet = Packet(int(number), int(source), int(target), int(flags, 16), int(seq), int(ack), int(length), b"")
        packet.payload = bytes.fromhex(payload)
        streams.setdefault(int(stream), []).append(packet)
    return streams


def connections(path: Path, gateway_port: int) -> list[dict[str, Any]]:
    """The connections in order of their first packet."""
    return [_connection(stream, gateway_port) for stream in packets(path).values()]


def _connection(stream: list[Packet], gateway_port: int) -> dict[str, Any]:
    first = stream[0]
    client_port, server_port = (
        (first.source, first.target) if first.target == gateway_port else (first.target, first.source)
    )
    sides = {"client": Side(client_port), "server": Side(server_port)}
    for packet in stream:
        name = "client" if packet.source == client_port else "server"
        side = sides[name]
        if packet.flags & RST:
            side.resets.append(packet)
            continue
        side.add(packet)
        if packet.flags & FIN:
            side.fins.append(packet)
        if packet.flags & ACK:
            side.acked.add(packet.ack)
    octets = {name: bytes(side.octets) for name, side in sides.items()}
    whole = all(len(octets[name]) == sides[name].length for name in SIDES)
    return {
        "client_port": client_port,
        "server_port": server_port,
        "opened": _opened(stream, sides),
        "close": _close(sides),
        "states": _states(sides, stream),
        "client_bytes": sides["client"].length,
        "server_bytes": sides["server"].length,
        "packets": len(stream),
        "first_packet": stream[0].number,
        "last_packet": stream[-1].number,
        "fins": {name: [packet.number for packet in sides[name].fins] for name in SIDES},
        "resets": {name: [packet.number for packet in sides[name].resets] for name in SIDES},
        **(_messages(octets["client"], octets["server"], _opened(stream, sides)) if whole else {"frames": None}),
    }


def _opened(stream: list[Packet], sides: dict[str, Side]) -> str:
    if not stream[0].flags & SYN:
        return "midstream"
    if any(packet.flags & (SYN | ACK) == SYN | ACK for packet in stream):
        return "complete" if sides["client"].acked else "syn_ack"
    return "refused" if sides["server"].resets else "unanswered"


def _close(sides: dict[str, Side]) -> dict[str, Any] | None:
    closing = [(side.fins[0].number, "FIN", name, side.fins[0]) for name, side in sides.items() if side.fins]
    if len(closing) == 2:
        waiting = [entry for entry in closing if not _acknowledges(entry[3], sides[OTHER[entry[2]]].fins[0])]
        number, kind, name, _ = min(waiting)
        return {"first": "both" if len(waiting) == 2 else name, "kind": kind, "packet": number}
    if not closing:
        closing = [(side.resets[0].number, "RST", name, side.resets[0]) for name, side in sides.items() if side.resets]
    if not closing:
        return None
    number, kind, name, _ = min(closing)
    return {"first": name, "kind": kind, "packet": number}


def _fin_end(fin: Packet) -> int:
    return (fin.seq + fin.length + 1) % 2**32


def _acknowledges(fin: Packet, earlier: Packet) -> bool:
    """Whether a FIN's sender had received the other side's FIN when it sent its own."""
    return fin.ack == _fin_end(earlier)


def _states(sides: dict[str, Side], stream: list[Packet]) -> dict[str, str]:
    if any(side.resets for side in sides.values()):
        return dict.fromkeys(SIDES, "CLOSED")
    if not any(side.fins for side in sides.values()):
        silent = stream[0].flags & SYN and not sides["server"].acked
        return {"client": "SYN_SENT", "server": "UNKNOWN"} if silent else dict.fromkeys(SIDES, "ESTABLISHED")
    close = _close(sides)
    if close is None or close["first"] == "both":
        message = "simultaneous FINs; no recording is meant to have them"
        raise ValueError(message)
    first, second = close["first"], OTHER[close["first"]]
    if _fin_end(sides[first].fins[0]) not in sides[second].acked:
        return {first: "FIN_WAIT_1", second: "UNKNOWN"}
    if not sides[second].fins:
        return {first: "FIN_WAIT_2", second: "CLOSE_WAIT"}
    if _fin_end(sides[second].fins[0]) not in sides[first].acked:
        return {first: "UNKNOWN", second: "LAST_ACK"}
    return {first: "TIME_WAIT", second: "CLOSED"}


def _messages(client: bytes, server: bytes, opened: str) -> dict[str, Any]:
    """Whole frames behind the two hellos, by id, and how many octets are left over; nothing where there is no hello.

    A capture that starts midstream is taken to start between two frames, which is when the recorder starts one.
    """
    midstream = opened == "midstream"
    if not midstream and (client[:4] != wire.MAGIC or len(client) < 8):
        return {"frames": None}
    start = 0 if midstream else 8 + int.from_bytes(client[4:8], "big")
    versions, _, options = client[8:start].decode().partition(" ")
    spoken = versions.removeprefix("v").split("..")
    found: dict[str, Any] = {"client": Counter(), "server": Counter()}
    left = {}
    empty = dict.fromkeys(SIDES, 0)
    for name, octets in (("client", client[start:]), ("server", server)):
        buffer = bytearray(octets)
        if name == "server" and not midstream:
            empty[name] += wire.take_frame(buffer) == b""  # the server hello
        while len(buffer) >= 4 and int.from_bytes(buffer[:4], "big") <= wire.MAX_PAYLOAD:
            payload = wire.take_frame(buffer)
            if payload is None:
                break
            if payload:
                found[name]["{}/{}".format(*wire.message_id(payload))] += 1
            else:
                empty[name] += 1
        left[name] = len(buffer)
    frames = {name: dict(found[name]) for name in SIDES}
    spoken_range = None if midstream else [int(spoken[0]), int(spoken[-1])]
    hello = {"client_range": spoken_range, "options": None if midstream else options}
    return {**hello, "frames": frames, "empty_frames": empty, "remainder": left}


def gateway_view(events: list[dict[str, Any]], client_port: int) -> dict[str, Any] | None:
    """What the gateway noted about the connection from a port; None when it never accepted it."""
    noted = [event for event in events if event.get("peer") == client_port]
    if not noted:
        return None
    view: dict[str, Any] = {"frames": {name: Counter() for name in SIDES}, "server_version": None}
    view |= {"client_range": None, "client_id": None, "connection_time": None}
    view["received"] = sum(event["octets"] for event in noted if event["event"] == "received")
    view["unread_held"] = sum(event["unread_held"] for event in noted if event["event"] == "close")
    view["sent"] = sum(event["octets"] for event in noted if event["event"] == "sent")
    for event in noted:
        if event["event"] in {"message_in", "message_out"}:
            side = "client" if event["event"] == "message_in" else "server"
            view["frames"][side]["{id}/{encoding}".format(**event)] += 1
        elif event["event"] == "server_hello":
            view["server_version"] = event["version"]
            view["connection_time"] = event["time"]
        elif event["event"] == "hello":
            view["client_range"] = event["range"] if event["range"] != [0, 0] else None
        elif event["event"] in {"start_api", "bare_client_id"}:
            view["client_id"] = int(event["client_id"])
    view["events"] = [
        event["event"] for event in noted if event["event"] not in {"message_in", "message_out", "received", "sent"}
    ]
    view["frames"] = {name: dict(view["frames"][name]) for name in SIDES}
    return view


def agree(connection: dict[str, Any], view: dict[str, Any] | None, sockets: list[dict[str, Any]]) -> list[str]:
    """Where the packets contradict the kernel's socket table or the gateway's log."""
    problems = []
    if connection["opened"] == "unanswered":
        return []  # nothing reached the gateway, and the client's kernel forgets an attempt that was given up
    ports = {"client": connection["client_port"], "server": connection["server_port"]}
    for name in SIDES:
        ends = (f":{ports[name]}", f":{ports[OTHER[name]]}")
        rows = [row for row in sockets if row["local"].endswith(ends[0]) and row["peer"].endswith(ends[1])]
        kernel = KERNEL_STATES.get(rows[0]["state"], rows[0]["state"]) if rows else "CLOSED"
        if kernel != connection["states"][name]:
            problems.append(f"{name}: the packets say {connection['states'][name]}, the kernel {kernel}")
    if view is None or connection["opened"] == "midstream":
        return problems
    lost = bool(connection["resets"]["client"])  # a client's reset throws away what the gateway's kernel still held
    if view["sent"] != connection["server_bytes"] and not (lost and view["sent"] > connection["server_bytes"]):
        problems.append(f"the gateway sent {view['sent']} octets, {connection['server_bytes']} were captured")
    if view["received"] > connection["client_bytes"]:
        problems.append(f"the gateway read {view['received']} octets, {connection['client_bytes']} were captured")
    frames = connection["frames"]
    if frames and not lost and frames["server"] != view["frames"]["server"]:
        problems.append(f"server messages: captured {frames['server']}, sent {view['frames']['server']}")
    read_all = view["received"] == connection["client_bytes"] and not view["unread_held"]
    if frames and read_all and frames["client"] != view["frames"]["client"]:
        problems.append(f"client messages: captured {frames['client']}, read {view['frames']['client']}")
    return problems
