"""Happy Eyeballs: the order of attempts by a script, and the whole against a dead address."""

from __future__ import annotations

import socket
import time
from math import inf

import pytest

from nethttp.client.flow.eyeballs import ATTEMPT_DELAY, first_to_answer, interleaved
from nethttp.errors import ConnectError, ConnectTimeout
from nethttp.net.effects import Address, Dial, Next, Socket

V6 = [Address(socket.AF_INET6, (f"2001:db8::{n}", 80, 0, 0)) for n in (1, 2, 3)]
V4 = [Address(socket.AF_INET, (f"192.0.2.{n}", 80)) for n in (1, 2, 3)]


class Attempt:
    def __init__(self, address, after, error=None):
        self.address = address
        self.after = after
        self.link = None
        self.error = error
        self.closed = False

    def close(self):
        self.closed = True


class Network:
    """Answers each address after so many seconds of a clock of its own, or with an error."""

    def __init__(self, answers):
        self.answers = answers
        self.now = 100.0
        self.dialled = []
        self.attempts = []

    def run(self, addresses, deadline=inf, throw_at=None):
        flow = first_to_answer("a.example", addresses, Socket(), deadline, lambda: self.now)
        count = 0
        try:
            effect = next(flow)
            while True:
                if count == throw_at:
                    flow.throw(KeyboardInterrupt())
                count += 1
                effect = flow.send(self.perform(effect))
        except StopIteration as end:
            return end.value

    def perform(self, effect):
        if isinstance(effect, Dial):
            after, error = self.answers[effect.address]
            attempt = Attempt(effect.address, self.now + after, error)
            self.dialled.append((round(self.now - 100.0, 3), effect.address.host))
            self.attempts.append(attempt)
            return attempt
        assert isinstance(effect, Next)
        first = min(effect.attempts, key=lambda attempt: attempt.after)
        if first.after > effect.deadline:
            self.now = effect.deadline
            return None
        self.now = max(self.now, first.after)
        if first.error is None:
            first.link = first.address  # stands for a connection
        return first


def test_families_take_turns():
    assert interleaved([*V6, *V4[:2]]) == [V6[0], V4[0], V6[1], V4[1], V6[2]]
    assert interleaved(V4) == V4
    assert interleaved([]) == []


def test_the_next_address_is_dialled_beside_a_silent_one():
    network = Network({V6[0]: (99, None), V4[0]: (0.02, None), V6[1]: (0, None)})
    assert network.run([V6[0], V4[0], V6[1]]) == V4[0]
    assert network.dialled == [(0, V6[0].host), (ATTEMPT_DELAY, V4[0].host)]
    assert [attempt.closed for attempt in network.attempts] == [True, False]


def test_the_next_address_is_dialled_at_once_after_a_failure():
    refused = OSError(111, "Connection refused")
    network = Network({V6[0]: (0.01, refused), V4[0]: (0.02, None)})
    assert network.run([V6[0], V4[0]]) == V4[0]
    assert network.dialled == [(0, V6[0].host), (0.01, V4[0].host)]


def test_a_slow_address_may_still_win():
    network = Network({V6[0]: (0.3, None), V4[0]: (9, None)})
    assert network.run([V6[0], V4[0]]) == V6[0]
    assert network.attempts[1].closed


def test_the_error_has_every_address_and_reason():
    network = Network(
        {
            V6[0]: (0, OSError(101, "Network is unreachable")),
            V4[0]: (0.1, OSError(111, "Connection refused")),
        }
    )
    with pytest.raises(ConnectError) as raised:
        network.run([V6[0], V4[0]])
    assert str(raised.value) == (
        "no connection to 'a.example': [2001:db8::1]:80: Network is unreachable; "
        "192.0.2.1:80: Connection refused"
    )
    assert raised.value.addresses == ("[2001:db8::1]:80", "192.0.2.1:80")
    assert raised.value.errno == 111
    assert raised.value.phase == "connect"


def test_the_deadline_covers_all_addresses():
    network = Network({V6[0]: (0, OSError(101, "Network is unreachable")), V4[0]: (99, None)})
    with pytest.raises(ConnectTimeout) as raised:
        network.run([V6[0], V4[0]], deadline=101.0)
    assert network.now == 101.0
    assert str(raised.value) == (
        "no connection to 'a.example' in time: [2001:db8::1]:80: Network is unreachable; "
        "no answer from 192.0.2.1:80"
    )
    assert raised.value.addresses == ("[2001:db8::1]:80", "192.0.2.1:80")
    assert network.attempts[1].closed


def test_a_deadline_before_the_next_attempt_ends_all():
    network = Network({V6[0]: (99, None), V4[0]: (0, None)})
    with pytest.raises(ConnectTimeout, match=r"no answer from \[2001:db8::1\]:80$"):
        network.run([V6[0], V4[0]], deadline=100.1)


def test_not_more_addresses_than_the_bound_are_dialled():
    many = [Address(socket.AF_INET, (f"10.0.0.{n}", 80)) for n in range(100)]
    network = Network({address: (0, OSError(111, "Connection refused")) for address in many})
    with pytest.raises(ConnectError) as raised:
        network.run(many)
    assert len(raised.value.addresses) == 32


@pytest.mark.parametrize("at", range(4))
def test_an_exception_at_any_yield_closes_every_attempt(at):
    network = Network({V6[0]: (99, None), V4[0]: (0.02, None)})
    with pytest.raises(KeyboardInterrupt):
        network.run([V6[0], V4[0]], throw_at=at)
    assert all(attempt.closed for attempt in network.attempts)


def test_a_dead_address_costs_a_quarter_of_a_second(runner, peer):
    server = peer(lambda connection: connection.recv(10))
    with socket.socket() as full:  # a listener whose queue is full answers no more
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(full.getsockname())
        dead = Address(socket.AF_INET, full.getsockname())

        def flow():
            link = yield from first_to_answer(
                "a.example", [dead, server.address], Socket(), time.monotonic() + 5, time.monotonic
            )
            link.close()
            return link.address

        started = time.monotonic()
        assert runner(flow()) == server.address
        assert ATTEMPT_DELAY <= time.monotonic() - started < 1
        for filler in fillers:
            filler.close()
