"""Why an address cannot be bound, and what a person can do about it."""

from __future__ import annotations

import errno
import os
import socket

import pytest

from nethttp.server.process import bindfailure
from nethttp.server.process.bindfailure import explained
from nethttp.server.process.listeners import Address, CannotListen, Listeners, parse_address


def failure(text: str, port: int = 0, **options) -> CannotListen:
    with pytest.raises(CannotListen) as failed:
        Listeners([parse_address(text, port)], **options)
    return failed.value


@pytest.mark.parametrize("workers", [1, 2])
def test_a_port_in_use_names_its_user_and_one_that_is_free(workers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = explained(failure("127.0.0.1", port, workers=workers))
    assert said.startswith(f"cannot bind to 127.0.0.1 port {port}: Address already in use")
    if os.path.exists("/proc/net/tcp"):
        assert f"(process {os.getpid()})" in said
    free = int(said.rpartition("; port ")[2].removesuffix(" is free"))
    assert port < free <= port + bindfailure.PORTS_TRIED


def test_without_proc_the_user_is_not_named(monkeypatch):
    monkeypatch.setattr(bindfailure, "_rows", lambda _table: [])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        said = explained(failure("127.0.0.1", taken.getsockname()[1]))
    assert "process" not in said


def test_no_port_is_free():
    address = Address("tcp", "127.0.0.1", 65535)
    error = CannotListen(address, OSError(errno.EADDRINUSE, "Address already in use"))
    assert "is free" not in explained(error)


def test_a_low_port_needs_root():
    denied = OSError(errno.EACCES, "Permission denied")
    said = explained(CannotListen(Address("tcp", "127.0.0.1", 80), denied))
    assert said == (
        "cannot bind to 127.0.0.1 port 80: Permission denied (ports below 1024 are root's; 8000, "
        "for example, is not)"
    )
    said = explained(CannotListen(Address("tcp", "127.0.0.1", 8000), denied))
    assert said == "cannot bind to 127.0.0.1 port 8000: Permission denied"


def test_an_address_that_is_none_is_blamed():
    assert explained(failure("300.1.1.1")).endswith(" (300.1.1.1 is not an IPv4 address)")
    assert explained(failure("[::zz]:80")).endswith(" (::zz is not an IPv6 address)")
    assert "(" not in explained(failure("no.such.host.invalid"))


def test_an_address_of_another_machine():
    said = explained(failure("192.0.2.254"))
    assert said.endswith("(no network interface of this machine has this address)")


def test_unix_sockets(tmp_path):
    path = tmp_path / "s"
    with socket.socket(socket.AF_UNIX) as taken:
        taken.bind(str(path))
        taken.listen()
        said = explained(failure(f"unix:{path}"))
    assert said.endswith("in use: another server listens there, or it is not a socket")
    assert explained(failure(f"unix:{tmp_path}/no/s")).endswith("No such file or directory")
    assert "too long" in explained(failure(f"unix:{tmp_path}/{'a' * 200}"))


def test_a_file_that_is_no_socket_stays(tmp_path):
    path = tmp_path / "precious"
    path.write_text("content")
    said = explained(failure(f"unix:{path}"))
    assert said.endswith("in use: another server listens there, or it is not a socket")
    assert path.read_text() == "content"
    link = tmp_path / "link"
    link.symlink_to(path)
    failure(f"unix:{link}")
    assert link.is_symlink()
