"""Runs the program given as arguments for as long as our parent holds the other end of our standard input.

Started as a script, between capanalyze and dumpcap: ``python keeper.py dumpcap ...``. One octet on standard input
asks for the end, and so does its closing, which the kernel does when capanalyze is killed in whatever way. Either
way the program is told to stop, and killed when it does not. It writes straight to our parent's pipes.

Why a process of our own: without traffic dumpcap never writes, so a closed pipe alone would not end it. Linux's
PR_SET_PDEATHSIG is cleared when a program with file capabilities or set-user-ID is executed (prctl(2)), which
dumpcap usually is, and nothing like it exists on macOS. A pipe's end works on every system.

Imports nothing of ours: it starts with ``-I -S`` in 20 ms.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence

STOP_S = 5.0
"""How long the program may take to stop before it is killed."""


def keep(command: Sequence[str]) -> int:
    """Run ``command`` until standard input says or is at its end; return the program's exit code."""
    windows = sys.platform == "win32"
    try:
        program = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=1,
            stderr=2,
            creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
        )
    except OSError as error:
        os.write(2, f"{command[0]}: {error.strerror}\n".encode())
        return 127
    # The parent sees the end of its pipes when the program ends: no copy of them stays here.
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 1)
    os.dup2(null, 2)
    os.read(0, 1)
    if program.poll() is None:
        program.send_signal(getattr(signal, "CTRL_BREAK_EVENT", signal.SIGTERM) if windows else signal.SIGTERM)
    try:
        return program.wait(STOP_S)
    except subprocess.TimeoutExpired:
        program.kill()
        return program.wait()


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1:]))
