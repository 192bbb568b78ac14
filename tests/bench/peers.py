"""The programs that are measured: ourselves, compiled and interpreted, and the tools that people use instead.

A row says what is run on a capture, and up to how many packets it is worth the wait. Python libraries get the
script that a user would write: who sent the first FIN or RST of each connection.
"""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
ENVIRONMENTS = Path(os.environ.get("CAPANALYZE_TEST_ENVS", Path(__file__).parent.parent / "lab" / "envs"))


class Peer(NamedTuple):
    """One thing to measure; ``command`` has FILE for the capture."""

    name: str
    what: str
    command: list[str]
    most_packets: float = float("inf")
    environment: dict[str, str] | None = None


SCRIPTS = {
    "dpkt": """
import sys, dpkt, socket
first = {}
for ts, frame in dpkt.pcap.UniversalReader(open(sys.argv[1], "rb")):
    ip = dpkt.ethernet.Ethernet(frame).data
    tcp = getattr(ip, "data", None)
    if isinstance(tcp, dpkt.tcp.TCP) and tcp.flags & 5:
        first.setdefault(frozenset(((ip.src, tcp.sport), (ip.dst, tcp.dport))), (tcp.sport, tcp.flags))
print(len(first))
""",
    "scapy": """
import sys
from scapy.utils import PcapReader
from scapy.layers.inet import IP, TCP
from scapy.layers.l2 import Ether
first = {}
for packet in PcapReader(sys.argv[1]):
    if TCP in packet and int(packet[TCP].flags) & 5:
        ends = frozenset(((packet[IP].src, packet[TCP].sport), (packet[IP].dst, packet[TCP].dport)))
        first.setdefault(ends, (packet[TCP].sport, int(packet[TCP].flags)))
print(len(first))
""",
    "pyshark": """
import sys, pyshark
first = {}
for packet in pyshark.FileCapture(sys.argv[1], keep_packets=False):
    if "TCP" in packet and int(packet.tcp.flags, 16) & 5:
        first.setdefault(packet.tcp.stream, (packet.tcp.srcport, packet.tcp.flags))
print(len(first))
""",
}


def python_of(name: str, requirement: str) -> str:
    """The interpreter of an environment of its own in which ``requirement`` is installed."""
    folder = ENVIRONMENTS / name
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", requirement], check=True)
    return str(python)


def ourselves(mode: str) -> Peer:
    """The project as it stands, installed in an environment of its own: "compiled" or "interpreted"."""
    folder = ENVIRONMENTS / f"capanalyze-{mode}"
    if not (folder / "bin" / "python").exists():
        venv.create(folder, with_pip=True)
    environment = dict(os.environ, CAPANALYZE_PURE="1" if mode == "interpreted" else "")
    pip = [
        str(folder / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "--quiet",
        "--force-reinstall",
        "--no-deps",
        str(ROOT),
    ]
    subprocess.run([*pip[:-3], str(ROOT)], env=environment, check=True)
    subprocess.run(pip, env=environment, check=True)
    said = subprocess.run(
        [folder / "bin" / "capanalyze", "--version"], capture_output=True, text=True, check=True
    ).stdout
    if mode not in said:
        sys.exit(f"wanted a {mode} installation, got: {said.strip()}")
    command = [str(folder / "bin" / "capanalyze"), "read", "--format", "json", "--port", "7497", "FILE"]
    return Peer(f"capanalyze, {mode}", "verdict of every connection, every TWS frame counted", command)


def peers() -> list[Peer]:
    """Everything that is installed, ourselves first."""
    found = [ourselves("compiled"), ourselves("interpreted")]
    programs = [
        Peer(
            "tshark -z conv,tcp", "octets and packets per connection", ["tshark", "-r", "FILE", "-q", "-z", "conv,tcp"]
        ),
        Peer(
            "tshark -Y fin or rst",
            "the packets with FIN or RST",
            [
                "tshark",
                "-r",
                "FILE",
                "-Y",
                "tcp.flags.fin==1 or tcp.flags.reset==1",
                "-T",
                "fields",
                "-e",
                "tcp.stream",
            ],
            2e6,
        ),
        Peer("tcptrace -l", "counts per connection (C)", ["tcptrace", "-l", "FILE"]),
        Peer("tcpdump -nn -q", "a line per packet (C)", ["tcpdump", "-nn", "-q", "-t", "-r", "FILE"]),
        Peer("capinfos", "counts of the file (C)", ["capinfos", "FILE"]),
    ]
    found += [peer for peer in programs if shutil.which(peer.command[0])]
    netverdict = str(Path(python_of("netverdict", "netverdict")).with_name("netverdict"))
    found.append(Peer("netverdict analyze", "rules per connection (dpkt)", [netverdict, "analyze", "FILE"], 2e6))
    for name, most in (("dpkt", 2e6), ("scapy", 2e5), ("pyshark", 2e4)):
        command = [python_of(name, name), "-c", SCRIPTS[name], "FILE"]
        found.append(Peer(name, "first FIN or RST per connection, a script", command, most))
    return found
