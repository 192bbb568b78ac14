"""Run inside a network namespace: open live captures, make traffic, print as JSON what came.

The one argument is a JSON object: captures (keyword arguments of open_live, each), traffic (a name of TRAFFIC), port;
use_pcap makes scapy take its libpcap socket, no_dumpcap hides dumpcap, signal stops the captures by SIGINT to the
process group, by_itself leaves their end to their own limits.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

from capanalyze.capture import dumpcap
from capanalyze.capture.live import LiveCapture, Tick, open_live
from capanalyze.errors import CapanalyzeError

BURST = 10_000


def session(port: int, host: str = "127.0.0.1") -> None:
    """A client that says hello, is answered, and closes; the other side closes at once after it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, port), family=family) as server:
        client = socket.create_connection((host, port))
        accepted, _ = server.accept()
        client.sendall(b"API\0\0\0\0\x09v100..187")
        accepted.recv(100)
        accepted.sendall(b"\0\0\0\x1e187\x0020240501 12:00:00 GMT\0")
        client.recv(100)
        client.close()
        accepted.recv(100)
        accepted.close()


def both_families(port: int) -> None:
    session(port)
    session(port, "::1")


def two_ports(port: int) -> None:
    session(port)
    session(port + 1)


def datagrams(port: int) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"not TCP", ("127.0.0.1", port))
    session(port)


def burst(port: int) -> None:
    """Small segments as fast as they go: about two packets for each."""
    with socket.create_server(("127.0.0.1", port)) as server:
        client = socket.create_connection(("127.0.0.1", port))
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted, _ = server.accept()
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(BURST):
            client.send(b"x" * 60)
            accepted.send(accepted.recv(60))
            client.recv(60)
        client.close()
        accepted.close()


def frames(port: int) -> None:
    """Frames of every shape that the filter has to tell apart, put on the loopback interface as they are."""
    from scapy.layers.inet import ICMP, IP, TCP, UDP
    from scapy.layers.inet6 import (
        ICMPv6DestUnreach,
        ICMPv6EchoRequest,
        ICMPv6TimeExceeded,
        IPv6,
        IPv6ExtHdrDestOpt,
        IPv6ExtHdrFragment,
    )
    from scapy.layers.l2 import ARP, Dot1Q, Ether

    away = {"src": "127.0.0.1", "dst": "127.0.0.2"}
    tcp = TCP(sport=5, dport=port, flags="A")
    shapes = [
        IP(**away) / tcp,
        IP(**away) / TCP(sport=port, dport=5, flags="A") / b"payload",
        IP(**away, options=b"\x01\x01\x01\x00") / tcp,
        IP(**away) / TCP(sport=5, dport=port + 1000, flags="A"),
        IP(**away) / UDP(sport=5, dport=port),
        IP(**away) / ICMP(),
        IP(**away, flags="MF") / tcp / (b"x" * 12),
        IP(**away, frag=4, proto=6) / bytes(TCP(sport=5, dport=port)),
        IP(**away, proto=6) / b"\x00",
        IPv6(src="::1", dst="::2") / tcp,
        IPv6(src="::1", dst="::2") / UDP(sport=5, dport=port),
        IPv6(src="::1", dst="::2") / IPv6ExtHdrDestOpt() / tcp,
        IPv6(src="::1", dst="::2") / IPv6ExtHdrFragment(m=1) / tcp,
        IPv6(src="::1", dst="::2") / IPv6ExtHdrFragment(m=1) / UDP(sport=5, dport=port),
        Dot1Q(vlan=5) / IP(**away) / tcp,
        Dot1Q(vlan=5) / Dot1Q(vlan=6) / IP(**away) / tcp,
        ARP(psrc="127.0.0.1", pdst="127.0.0.2"),
    ]
    quoted, quoted_6 = IP(**away) / tcp, IPv6(src="::1", dst="::2") / tcp
    shapes += [
        IP(**away) / ICMP(type=3, code=3) / quoted,
        IP(**away, options=b"\x01\x01\x01\x00") / ICMP(type=11) / quoted,
        IP(**away) / ICMP(type=3, code=3) / IP(**away) / UDP(sport=5, dport=port),
        IP(**away) / ICMP(type=5) / quoted,
        IP(**away, flags="MF") / ICMP(type=3) / quoted,
        IP(**away, frag=4, proto=1) / bytes(ICMP(type=3) / quoted),
        IP(**away) / ICMP(type=3),
        IPv6(src="::1", dst="::2") / ICMPv6DestUnreach(code=4) / quoted_6,
        IPv6(src="::1", dst="::2") / ICMPv6TimeExceeded() / quoted_6,
        IPv6(src="::1", dst="::2") / ICMPv6DestUnreach() / IPv6(src="::1", dst="::2") / UDP(sport=5, dport=port),
        IPv6(src="::1", dst="::2") / ICMPv6EchoRequest(data=b"x" * 60),
        IPv6(src="::1", dst="::2") / IPv6ExtHdrFragment(m=1) / ICMPv6DestUnreach() / quoted_6,
        Dot1Q(vlan=5) / IP(**away) / ICMP(type=3) / quoted,
    ]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as raw:
        raw.bind(("lo", 0))
        for shape in shapes:
            raw.send(bytes(Ether(src="00:00:00:00:00:00", dst="00:00:00:00:00:00") / shape))


def silence(_: int) -> None:
    time.sleep(0.7)


def steady(port: int) -> None:
    """A thread that goes on sending until the process ends."""

    def send() -> None:
        with socket.create_server(("127.0.0.1", port)) as server:
            client = socket.create_connection(("127.0.0.1", port))
            accepted, _ = server.accept()
            while True:
                client.send(b"x" * 60)
                accepted.recv(4096)
                time.sleep(0.001)

    threading.Thread(target=send, daemon=True).start()
    time.sleep(0.5)


TRAFFIC = {
    each.__name__: each
    for each in (
        session, both_families, two_ports, datagrams, burst, frames, silence, steady
    )
}  # fmt: skip


def loopback_packets() -> int:
    """What the kernel has counted on the loopback interface of this namespace."""
    row = next(line for line in Path("/proc/net/dev").read_text().splitlines() if line.strip().startswith("lo:"))
    return int(row.split(":")[1].split()[1])


class Consumer(threading.Thread):
    def __init__(self, capture: LiveCapture) -> None:
        super().__init__()
        self.capture = capture
        self.ticks: list[int] = []
        self.octets = 0
        self.ended = 0.0

    def run(self) -> None:
        for chunk in self.capture.chunks():
            if isinstance(chunk, Tick):
                self.ticks.append(chunk.ts_ns)
            else:
                self.octets += len(chunk)
        self.ended = time.monotonic()

    def result(self, started: float, stopped: float) -> dict[str, object]:
        return {
            "statistics": asdict(self.capture.statistics),
            "errors": [[type(error).__name__, str(error)] for error in self.capture.errors],
            "ticks": self.ticks,
            "octets": self.octets,
            "seconds": self.ended - started,
            "stop_seconds": self.ended - stopped,
        }


def run(spec: dict[str, object]) -> dict[str, object]:
    if spec.get("use_pcap"):
        from scapy.config import conf

        conf.use_pcap = True
    if spec.get("no_dumpcap"):
        os.environ["PATH"] = "/nonexistent"
        dumpcap._PLACES = {"": ()}
    captures = []
    for arguments in spec["captures"]:
        if arguments.get("write"):
            arguments["write"] = Path(arguments["write"])
        if "ports" in arguments:
            arguments["ports"] = tuple(arguments["ports"])
        captures.append(open_live(**arguments))
    began, before, started = time.time_ns(), loopback_packets(), time.monotonic()
    consumers = [Consumer(capture) for capture in captures]
    for consumer in consumers:
        consumer.start()
    signal.signal(signal.SIGINT, lambda *_: [capture.stop() for capture in captures])
    TRAFFIC[spec["traffic"]](spec["port"])
    counted = loopback_packets() - before
    stopped = time.monotonic()
    if spec.get("signal"):
        os.killpg(0, signal.SIGINT)
    elif not spec.get("by_itself"):
        for capture in captures:
            capture.stop()
            capture.stop()
    for consumer in consumers:
        consumer.join()
    results = [consumer.result(started, stopped) for consumer in consumers]
    for capture in captures:
        capture.close()
        capture.close()
    return {"captures": results, "counted": counted, "began": began, "ended": time.time_ns()}


if __name__ == "__main__":
    try:
        print(json.dumps(run(json.loads(sys.argv[1]))))
    except CapanalyzeError as error:
        print(json.dumps({"error": type(error).__name__, "message": str(error), "hint": error.hint}))
