"""A transport with a cache before it, by a scripted transport behind it."""

from __future__ import annotations

import gc
import threading
from math import inf

import pytest

from nethttp.client.caching.cache import Cache
from nethttp.client.caching.memory import MemoryCache
from nethttp.client.flow.caching import CachingTransport, as_cache
from nethttp.client.flow.deadlines import Deadlines
from nethttp.client.messages.request import Request
from nethttp.client.messages.timing import Marks
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import ReadError, ReadTimeout, StorageAwayError, StorageError
from nethttp.net.blocking import run

URL = "http://me:secret@a.example/b?c#d"
FRESH = [("Cache-Control", "max-age=60")]
OLD = [("Cache-Control", "max-age=1, stale-while-revalidate=60"), ("ETag", '"1"')]


class Arrival:
    """A response that arrives in pieces."""

    version = 11
    reason = "OK"

    def __init__(self, status, fields, pieces) -> None:
        self.status = status
        self.fields = fields
        self.trailers = [("T", "1")]
        self.pieces = list(pieces)
        self.complete = False
        self.ended = ""

    def read(self):
        yield from ()
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def abandon(self) -> None:
        self.ended = "abandoned"

    def lose(self) -> None:
        self.ended = "lost"


class Transport:
    def __init__(self) -> None:
        self.answers: list[Arrival] = []
        self.requests: list[Request] = []
        self.totals: list[float] = []
        self.closed = False

    def send(self, request, deadlines, marks, on_interim=None):
        yield from ()
        self.requests.append(request)
        self.totals.append(deadlines.total)
        return self.answers.pop(0)

    def close(self) -> None:
        self.closed = True


class Clock:
    now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


class Driver:
    def __init__(self, clock, **options) -> None:
        self.behind = Transport()
        self.transport = CachingTransport(self.behind, Cache(MemoryCache(), now=clock), **options)

    def send(self, *answers, url: str = URL, headers=(), raw_target=None):
        self.behind.answers = [Arrival(*answer) for answer in answers]
        request = Request("GET", url, headers, raw_target=raw_target)
        deadlines = Deadlines(Timeout(30))
        marks = Marks(deadlines.clock, deadlines.began)
        return run(self.transport.send(request, deadlines, marks))

    def get(self, *answers, **options):
        arrival = self.send(*answers, **options)
        return arrival.status, run(arrival.read_all())


@pytest.fixture
def driver(clock):
    return Driver(clock)


def test_a_stored_response_needs_no_transport(driver):
    arrival = driver.send((200, FRESH, [b"one", b"two"]))
    assert not arrival.from_cache
    assert run(arrival.read_all()) == b"onetwo"
    assert arrival.trailers == [("T", "1")]
    again = driver.send()
    assert again.from_cache
    assert run(again.read_all()) == b"onetwo"
    assert (again.complete, again.trailers) == (True, [])
    assert dict(again.fields)["Age"] == "0"


def test_what_is_not_stored_is_the_transports_own(driver):
    arrival = driver.send((200, [("Cache-Control", "no-store")], []))
    assert type(arrival) is Arrival


def test_the_key_is_the_url_as_it_is_sent(driver):
    driver.get((200, FRESH, [b"x"]))
    assert driver.send(url="http://a.example:80/b?c").from_cache
    assert driver.get((200, FRESH, [b"other"]), raw_target="/b/../b?c") == (200, b"other")


def test_conditions_are_sent_in_a_request_of_their_own(driver, clock):
    driver.get((200, OLD, [b"text"]))
    clock.now += 100
    assert driver.get((304, [], [])) == (200, b"text")
    sent = driver.behind.requests[-1]
    assert sent.headers["if-none-match"] == '"1"'


def test_a_short_rest_is_stored_by_draining(driver):
    run(driver.send((301, FRESH, [b"moved"])).drain())
    assert driver.send().from_cache


def test_a_long_rest_is_given_up(driver):
    run(driver.send((200, FRESH, [bytes(65536), b"x"])).drain())
    assert driver.behind.answers == []
    assert driver.transport.cache.store.size == 0


def test_a_drain_raises_no_error_of_the_connection(driver):
    run(driver.send((200, FRESH, [ReadError("cut")])).drain())
    assert driver.get((200, FRESH, [b"x"])) == (200, b"x")


@pytest.mark.parametrize("how", ["abandon", "lose"])
def test_a_response_that_is_given_up_gives_its_connection_up(driver, how):
    arrival = driver.send((200, FRESH, [b"x" * 70000, b"y" * 70000]))
    run(arrival.read())
    received = arrival._received()
    getattr(arrival, how)()
    assert received.ended == ("lost" if how == "lose" else "abandoned")
    assert driver.transport.cache.store.size == 0


def test_a_stale_response_is_validated_in_the_background_with_its_own_time(clock):
    flows = []
    driver = Driver(clock, background=flows.append)
    driver.get((200, OLD, [b"text"]))
    clock.now += 30
    assert driver.get() == (200, b"text")
    driver.behind.answers = [Arrival(304, [], [])]
    thread = threading.Thread(target=run, args=(flows.pop(),))
    thread.start()
    thread.join()
    first, second = driver.behind.totals
    assert second != first
    assert second < inf
    assert driver.behind.requests[-1].headers["if-none-match"] == '"1"'


def test_another_way_to_send_shares_nothing(clock):
    store = MemoryCache()
    cache = Cache(store, now=clock)
    usual, unverified = Driver(clock), Driver(clock, apart="verify=False")
    usual.transport.cache = unverified.transport.cache = cache
    unverified.get((200, FRESH, [b"forged"]))
    assert usual.get((200, FRESH, [b"true"])) == (200, b"true")


class Failing(MemoryCache):
    """A store whose contents cannot be read to their end."""

    error: Exception

    def open(self, key, entry):
        content = super().open(key, entry)
        failing = self

        class Half:
            def read(self, start, stop):
                if start:
                    raise failing.error
                return content.read(0, 3)

            def close(self):
                content.close()

        return Half()


@pytest.mark.parametrize("how", ["abandon", "lose", "read_all"])
def test_a_stored_content_is_closed_with_its_response(driver, clock, how):
    closed = []

    class Watched(MemoryCache):
        def open(self, key, entry):
            content = super().open(key, entry)

            class Content:
                read = staticmethod(content.read)

                def close(self):
                    closed.append(True)

            return Content()

    driver.transport.cache = Cache(Watched(), now=clock)
    driver.get((200, FRESH, [b"x" * 20000, b"y" * 20000]))
    arrival = driver.send()
    run(arrival.read())
    if how == "read_all":
        run(arrival.read_all())
    else:
        getattr(arrival, how)()
    assert closed


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (StorageAwayError(110, "cache: its server is away"), ReadError),
        (StorageError(5, "cache: unreadable"), ReadError),
        (TimeoutError(), ReadTimeout),
    ],
)
def test_a_stored_response_that_breaks_off_is_a_clients_error(driver, clock, error, expected):
    store = Failing()
    store.error = error
    driver.transport.cache = Cache(store, now=clock)
    driver.get((200, FRESH, [b"onetwo"]))
    arrival = driver.send()
    assert run(arrival.read()) == b"one"
    with pytest.raises(expected) as caught:
        run(arrival.read())
    assert caught.value.phase == "receive"


def test_a_store_that_takes_the_whole_time_is_a_clients_time_out(driver, clock):
    class Slow(MemoryCache):
        def variants(self, key):
            raise TimeoutError

    driver.transport.cache = Cache(Slow(), now=clock)
    with pytest.raises(ReadTimeout):
        driver.send()


def test_the_version_is_the_one_that_was_received(driver, monkeypatch):
    monkeypatch.setattr(Arrival, "version", 10)
    assert driver.send((200, FRESH, [b"x"])).version == 10


def test_closing_closes_the_transport_and_not_the_cache(driver):
    driver.get((200, FRESH, [b"x"]))
    driver.transport.close()
    assert driver.behind.closed
    assert driver.transport.cache.store.size > 0
    assert as_cache(driver.transport.cache) is driver.transport.cache
    gc.collect()
