"""What the server says of where it can be reached."""

from __future__ import annotations

import contextlib
import socket

import pytest

from nethttp.server.process import announcement as module
from nethttp.server.process.announcement import Notice, announcement, certified_hosts

NETWORK = {socket.AF_INET: ["192.0.2.7"], socket.AF_INET6: ["2001:db8::7"]}


@pytest.fixture
def on_a_network(monkeypatch):
    monkeypatch.setattr(module, "network_addresses", lambda family: NETWORK[family])


@pytest.fixture
def listening():
    """Return a function that gives sockets that listen at some hosts."""
    with contextlib.ExitStack() as stack:

        def listen(*hosts: str) -> list[socket.socket]:
            sockets = []
            for host in hosts:
                family = socket.AF_INET6 if ":" in host else socket.AF_INET
                sockets.append(stack.enter_context(socket.create_server((host, 0), family=family)))
            return sockets

        yield listen


def said(sockets, urls=("http://x/",), colours=False) -> list[str]:
    return announcement("it", urls, sockets, "http", colours).splitlines()


def test_a_server_of_all_addresses_names_those_of_the_network(on_a_network, listening):
    (sock,) = listening("0.0.0.0")
    port = sock.getsockname()[1]
    first, second, last = said([sock])
    assert first == "Serving it at http://x/"
    assert second == f"Everyone on the network can open it: http://192.0.2.7:{port}/"
    assert last == "Ctrl-C ends it."


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_a_server_of_both_versions_of_ip_names_both(on_a_network, listening):
    (sock,) = listening("::")
    port = sock.getsockname()[1]
    assert said([sock])[1] == (
        f"Everyone on the network can open it: http://192.0.2.7:{port}/ and "
        f"http://[2001:db8::7]:{port}/"
    )


def test_without_a_network_there_is_no_address(monkeypatch, listening):
    monkeypatch.setattr(module, "network_addresses", lambda _family: [])
    assert said(listening("0.0.0.0"))[1] == "Everyone on the network can open it."


def test_a_server_of_this_machine(listening):
    assert said(listening("127.0.0.1"))[1].startswith("For this machine alone; --bind 0.0.0.0 ")
    assert len(said(listening("127.0.0.2"))) == 2


def test_what_others_may_do_is_a_warning_where_the_network_can(on_a_network, listening):
    def with_notice(host: str, colours: bool = False) -> str:
        notices = [Notice("ann may add."), Notice("All may add.", warns=True)]
        shown = announcement("it", ["http://x/"], listening(host), "http", colours, notices)
        assert shown.splitlines()[-3] == "ann may add."
        return shown.splitlines()[-2]

    assert with_notice("127.0.0.1") == "All may add."
    assert with_notice("0.0.0.0") == "WARNING: All may add."
    assert with_notice("0.0.0.0", colours=True) != "WARNING: All may add."


def test_a_unix_socket_has_no_network(tmp_path):
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tmp_path / "s"))
        assert len(said([sock])) == 2
        assert certified_hosts([sock]) == []


def test_colours(listening):
    first = said(listening("127.0.0.1"), colours=True)[0]
    assert first == "\x1b[32mServing\x1b[0m it at \x1b[36mhttp://x/\x1b[0m"


def test_a_certificate_is_for_all_addresses_that_clients_use(on_a_network, listening):
    assert certified_hosts(listening("0.0.0.0", "127.0.0.3")) == ["127.0.0.3", "192.0.2.7"]
