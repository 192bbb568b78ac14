"""Owners of sockets, against the sockets of this very process."""

import os
import socket
from collections.abc import Iterator

import pytest

from capanalyze.capture import processes
from capanalyze.capture.processes import LOOKS, Owners, plain, sockets_now


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_a_socket_that_was_never_accepted_belongs_to_the_program_that_listens(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        near, far = listener.getsockname(), client.getsockname()
        owners = Owners()
        owners.watch(near, far)
        owners.look()

    owner = owners.of(near, far)
    assert owner is not None
    assert (owner.pid, owners.of(far, near)) == (os.getpid(), None)


def test_a_dual_stack_listener_owns_ipv4_connections() -> None:
    with socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True) as made:
        port = made.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client, made.accept()[0]:
            pids = sockets_now()

            assert pids[("127.0.0.1", port), client.getsockname()] == os.getpid()


def test_a_program_that_listens_on_any_address_owns_no_end_of_another_host() -> None:
    with socket.create_server(("0.0.0.0", 0)) as made:
        port = made.getsockname()[1]
        owners = Owners()
        for address in ("203.0.113.9", "127.0.0.1"):
            owners.watch((address, port), ("127.0.0.1", 1))
        owners.look()

    found = [owners.of((address, port), ("127.0.0.1", 1)) for address in ("203.0.113.9", "127.0.0.1")]
    assert [one and one.pid for one in found] == [None, os.getpid()]


def test_the_search_for_what_is_hidden_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    monkeypatch.setattr(processes, "sockets_now", lambda: looks.append(1) or {})
    monkeypatch.setattr(processes, "PAUSE_S", 0)
    owners = Owners()
    owners.watch(("127.0.0.1", 1), ("127.0.0.1", 2))

    for _ in range(3 * LOOKS):
        owners.look()

    assert len(looks) == LOOKS


@pytest.mark.parametrize(
    ("address", "shown"),
    [("::ffff:127.0.0.1", "127.0.0.1"), ("fe80::1%eth0", "fe80::1"), ("::", ""), ("0.0.0.0", ""), ("::1", "::1")],
)
def test_addresses_are_told_as_packets_have_them(address: str, shown: str) -> None:
    assert plain(address) == shown
