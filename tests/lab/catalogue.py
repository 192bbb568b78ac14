"""What is known of each recording: the entry of expected.json and the row of the captures' README.

expected.json, by file name:

* `sha256`, `packets`, `snaplen`, `story`, `verdict`, `gateway` (scenarios in order of connections), `not_tws`
* `clients`: library, version, arguments, `killed_after` seconds, and what it `told`, times in seconds from its start
* `sockets`: the kernel's table at the capture's end
* `connections`, in order of their first packet: `opened`, `close` {first, kind, packet} or null, `states`,
  `client_bytes`, `server_bytes`, `fins` and `resets` by side, `client_range`, `options`, `server_version`,
  `connection_time`, `client_id`, `client_library`, `messages` {side: {id: count}}, `encodings` {side: {encoding:
  count}}, `empty_frames` {side: count}, `remainder` {side: octets behind the last whole frame}, `gateway_events`;
  what concerns the hello is null in a capture that begins later

`counted_by` names the witnesses of the message counts: "gateway" is missing where it did not read everything or the
capture began later, "capture" where the packets do not hold the frames whole, or none are framed.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

from tests.lab import environments
from tests.lab.recording import Client, Recording
from tests.lab.recordings import RECORDINGS

HEAD = """# Recordings

Real clients against a scripted gateway on one Linux host, each in a network namespace of its own: the gateway listens
on 127.0.0.1:4001, dumpcap 4.0.17 records the loopback interface, the kernel's TCP does the rest. The clients are the
published libraries, unchanged. The gateway is `tests/lab/gateway.py`: a real TWS or IB Gateway was not used, and
accounts, prices and order ids are invented. Ports, times and the way octets fall into packets differ from run to run.

Record them again, all or by name, with `python -m tests.lab.record [NAME...]` (root, dumpcap, tshark, ss; the clients
are installed on the first run). The recorder checks each file against the gateway's log and the kernel's socket table
before it keeps it, and writes this table and `tests/lab/expected.json`. Kernel release and hardware were taken out of
the files' headers; packets are as captured.

| file | what happened | client | gateway scenario | verdict to expect | octets, client / server | states at the end |
| --- | --- | --- | --- | --- | --- | --- |
"""
SIDES = ("client", "server")


def entry(
    recording: Recording,
    connections: list[dict[str, Any]],
    told: list[list[dict[str, Any]]],
    sockets: list[dict[str, Any]],
) -> dict[str, Any]:
    """The truth of a recording, ready for JSON."""
    clients = [_client(client, lines) for client, lines in zip(recording.clients, told, strict=True)]
    return {
        "story": recording.story,
        "verdict": recording.verdict,
        "gateway": list(recording.gateway),
        "clients": clients,
        "not_tws": recording.not_tws,
        "packets": sum(connection["packets"] for connection in connections),
        "snaplen": recording.snaplen,
        "sockets": sockets,
        "connections": [
            _connection(connection, clients[min(number, len(clients) - 1)])
            for number, connection in enumerate(connections)
        ],
    }


def _client(client: Client, lines: list[dict[str, Any]]) -> dict[str, Any]:
    known = environments.library(client.library)
    return {
        "library": known.name,
        "version": known.version,
        "arguments": list(client.arguments),
        "killed_after": client.kill_after,
        "told": [line for line in lines if line["event"] not in {"library", "sent", "received"}],
    }


def _connection(connection: dict[str, Any], client: dict[str, Any]) -> dict[str, Any]:
    view = connection.pop("gateway")
    frames = connection.pop("frames")
    noted = view["frames"] if view else None
    counted = frames or noted or {side: {} for side in SIDES}
    witnesses = [name for name, seen in (("capture", frames), ("gateway", noted)) if seen == counted]
    seen = view if view and connection["opened"] != "midstream" else {}  # of a hello, what this capture can show
    client_range = connection.get("client_range") or seen.get("client_range")
    spoken = {
        "client_library": None if client["library"] == "raw socket" or not client_range else client["library"],
        "client_range": client_range,
        "server_version": seen.get("server_version"),
        "connection_time": seen.get("connection_time"),
        "client_id": seen.get("client_id"),
        "messages": {side: _by_id(counted[side]) for side in SIDES},
        "encodings": {side: _by_encoding(counted[side]) for side in SIDES},
        "counted_by": witnesses,
        "gateway_events": view["events"] if view else [],
    }
    return {**connection, **spoken}


def _by_id(frames: dict[str, int]) -> dict[str, int]:
    counts: Counter[int] = Counter()
    for key, count in frames.items():
        counts[int(key.split("/")[0])] += count
    return {str(number): counts[number] for number in sorted(counts)}


def _by_encoding(frames: dict[str, int]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for key, count in frames.items():
        counts[key.split("/")[1]] += count
    return dict(sorted(counts.items()))


def save(expected: dict[str, Any], path: Path, readme: Path) -> None:
    """Write both files, in the order of RECORDINGS; entries of recordings that no longer exist are dropped."""
    names = [f"{recording.name}.pcapng" for recording in RECORDINGS]
    kept = {name: expected[name] for name in names if name in expected}
    path.write_text("{\n" + ",\n".join(_lines(name, known) for name, known in kept.items()) + "\n}\n", encoding="utf-8")
    readme.write_text(HEAD + "".join(_row(name, known) for name, known in kept.items()), encoding="utf-8")


def _lines(name: str, known: dict[str, Any]) -> str:
    """An entry with a line for each key, and one for each element of the lists that grow."""
    lines = []
    for key, value in known.items():
        if key in {"clients", "connections"}:
            elements = ",\n   ".join(json.dumps(element) for element in value)
            lines.append(f"  {json.dumps(key)}: [\n   {elements}\n  ]")
        else:
            lines.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return f" {json.dumps(name)}: {{\n" + ",\n".join(lines) + "\n }"


def _row(name: str, known: dict[str, Any]) -> str:
    who = dict.fromkeys(f"{client['library']} {client['version']}".strip() for client in known["clients"])
    octets = dict.fromkeys(f"{found['client_bytes']} / {found['server_bytes']}" for found in known["connections"])
    states = dict.fromkeys(
        f"{found['states']['client']} / {found['states']['server']}" for found in known["connections"]
    )
    scenarios = ", then ".join(f"`{scenario}`" for scenario in known["gateway"])
    cells = [
        f"`{name}`",
        known["story"],
        ", ".join(who),
        scenarios,
        known["verdict"],
        "; ".join(octets),
        "; ".join(states),
    ]
    return "| " + " | ".join(cells) + " |\n"
