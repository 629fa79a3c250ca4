"""The addresses of this machine, as the system tells them."""

from __future__ import annotations

import socket
import sys

import pytest

from nethttp.server.process import interfaces as module
from nethttp.server.process.interfaces import MAX_ADDRESSES, network_addresses


def test_each_address_is_one_that_this_machine_has():
    for address in network_addresses(socket.AF_INET):
        with socket.create_server((address, 0)):
            pass
        assert not address.startswith("127.")
    assert network_addresses(socket.AF_UNIX) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux lists interfaces")
def test_an_interface_has_its_address():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        # The loopback interface is none by which others come.
        assert module._of_interface(probe, "lo") == []
        with pytest.raises(OSError, match="No such device"):
            module._of_interface(probe, "nothing0")


def test_containers_and_interfaces_without_an_address_are_left_out(monkeypatch):
    known = {"eth0": ["192.0.2.2"], "wlan0": ["192.0.2.3"], "br0": ["172.17.0.1"]}

    def of_interface(_probe, name):
        if name not in known:
            raise OSError
        return known[name]

    names = [*enumerate(["eth0", "br0", "ifb0", "wlan0"], 1)]
    monkeypatch.setattr(module.socket, "if_nameindex", lambda: names)
    monkeypatch.setattr(module.os.path, "exists", lambda path: path == "/sys/class/net/br0/bridge")
    monkeypatch.setattr(module, "_of_interface", of_interface)
    assert module._of_interfaces() == ["192.0.2.2", "192.0.2.3"]


def test_the_address_that_is_sent_from_is_the_first_and_there_are_not_too_many(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(module, "_sent_from", lambda _: ["192.0.2.9"])
    many = ["127.0.0.1", "0.0.0.0", "192.0.2.1", "192.0.2.9", *(f"10.0.0.{n}" for n in range(99))]
    monkeypatch.setattr(module, "_of_interfaces", lambda: many)
    found = network_addresses(socket.AF_INET)
    assert found[:3] == ["192.0.2.9", "192.0.2.1", "10.0.0.0"]
    assert len(found) == MAX_ADDRESSES


def test_a_system_that_tells_no_interfaces(monkeypatch):
    def fail():
        raise OSError

    monkeypatch.setattr(module.socket, "if_nameindex", fail)
    assert module._of_interfaces() == []
