"""The resolver's threads: not more than their bound, none for an abandoned name, none for long."""

from __future__ import annotations

import socket
import threading

import pytest

from nethttp.net.resolver import MAX_THREADS, resolve_by


@pytest.fixture
def dns(monkeypatch):
    """Have every name take until the event is set; return it, and the names that were looked up."""
    answer = threading.Event()
    asked = []

    def getaddrinfo(host, port, *rest):
        asked.append(host)
        answer.wait(10)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    yield answer, asked
    answer.set()


def test_not_more_names_than_the_bound_are_looked_up_at_once(dns, eventually):
    answer, asked = dns
    told = threading.Semaphore(0)
    names = [f"{number}.example" for number in range(MAX_THREADS + 5)]
    lookups = [resolve_by(lambda _: told.release(), name, 80) for name in names]
    eventually(lambda: len(asked) == MAX_THREADS)
    assert sum(t.name == "nethttp-resolver" for t in threading.enumerate()) == MAX_THREADS
    lookups[-1].abandon()
    answer.set()
    for _ in names[:-1]:
        assert told.acquire(timeout=10)
    assert sorted(asked) == sorted(names[:-1])


def test_an_abandoned_answer_is_not_told(dns, eventually):
    answer, asked = dns
    told = []
    lookup = resolve_by(told.append, "a.example", 80)
    eventually(lambda: asked)
    lookup.abandon()
    other = threading.Event()
    answer.set()
    resolve_by(lambda _: other.set(), "b.example", 80)
    assert other.wait(10)
    assert told == []


def test_errors_are_told_too():
    told = []
    done = threading.Event()

    def tell(answer):
        told.append(answer)
        done.set()

    resolve_by(tell, "a" * 64 + ".example", 80)  # a label that the idna codec refuses
    assert done.wait(10)
    assert isinstance(told[0], UnicodeError)
