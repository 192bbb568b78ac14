"""A client and a gateway in one process: a whole session on a port, for the tests of ``live``. Run inside a namespace.

python live_traffic.py PORT [SECONDS]        the session lasts SECONDS before the client closes; prints its pid
"""

import os
import socket
import sys
import time


def frame(*fields: str) -> bytes:
    body = b"".join(field.encode() + b"\0" for field in fields)
    return len(body).to_bytes(4, "big") + body


def main() -> None:
    port, seconds = int(sys.argv[1]), float(sys.argv[2]) if len(sys.argv) > 2 else 0.2
    print(os.getpid(), flush=True)
    with socket.create_server(("127.0.0.1", port)) as listener:
        client = socket.create_connection(("127.0.0.1", port))
        gateway, _ = listener.accept()
        with client, gateway:
            client.sendall(b"API\0\x00\x00\x00\x09v157..178")
            gateway.recv(100)
            gateway.sendall(frame("178", "20261122 17:42:22 EST"))
            client.recv(100)
            client.sendall(frame("71", "2", "7", ""))
            gateway.recv(100)
            gateway.sendall(frame("15", "1", "DU0000000") + frame("9", "1", "1"))
            client.recv(100)
            time.sleep(seconds)
            client.shutdown(socket.SHUT_WR)
            gateway.recv(100)
            gateway.close()
            client.recv(100)


if __name__ == "__main__":
    main()
