"""The flow of a request through a cache, run in threads and in an event loop."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from math import inf

import pytest

from nethttp.client.caching.cache import Asked, Cache
from nethttp.client.caching.fields import Pairs
from nethttp.client.caching.flights import LONGEST_WAIT
from nethttp.client.caching.flow import Beside, cached
from nethttp.client.caching.memory import MemoryCache
from nethttp.client.caching.reply import Reply
from nethttp.client.caching.store import PIECE, SMALL
from nethttp.errors import HTTPException, StorageAwayError
from nethttp.net.aio import arun
from nethttp.net.blocking import run
from nethttp.net.effects import Park, Waiter

from .conftest import URL

FRESH = {"Cache-Control": "max-age=60"}
OLD = {"Cache-Control": "max-age=0", "ETag": '"1"'}


class Content:
    """A content that arrives in pieces; an exception among them breaks it off."""

    def __init__(self, pieces) -> None:
        self.pieces = list(pieces)
        self.closed = False

    def pull(self, deadline: float):
        yield from ()
        piece = self.pieces.pop(0) if self.pieces else b""
        if isinstance(piece, BaseException):
            raise piece
        return piece

    def close(self) -> None:
        self.closed = True


class Origin:
    """Answers with the responses that it was given, and remembers what it was asked."""

    def __init__(self, *answers) -> None:
        self.answers = list(answers)
        self.asked: list[Pairs] = []
        self.contents: list[Content] = []

    def send(self, conditions: Pairs):
        yield from ()
        self.asked.append(conditions)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        status, fields, *pieces = answer
        content = Content(pieces)
        self.contents.append(content)
        return Reply(status, "", list(fields.items()), content)


def text_of(reply: Reply) -> bytes:
    pieces = iter(lambda: run(reply.source.pull(inf)), b"")
    return b"".join(pieces)


class Client:
    """Sends requests through a cache, each to its end."""

    def __init__(self, clock, store=None, background=None, **options) -> None:
        self.background = background
        self.cache = Cache(store or MemoryCache(), now=clock, **options)
        self.origin = Origin()

    def get(self, *answers, method: str = "GET", url: str = URL, **fields: str):
        self.origin = Origin(*answers)
        named = tuple((name.replace("_", "-"), value) for name, value in fields.items())
        beside = self.background and Beside(self.origin.send, self.background)
        reply = run(cached(self.cache, Asked(method, url, named), self.origin.send, beside))
        return reply.status, text_of(reply), reply.from_cache


@pytest.fixture
def client(clock):
    return Client(clock)


def test_a_fresh_response_is_given_again(client, clock, store):
    client = Client(clock, store)
    assert client.get((200, FRESH, b"one", b"two")) == (200, b"onetwo", False)
    clock.now += 59
    assert client.get() == (200, b"onetwo", True)
    clock.now += 1
    assert client.get((200, FRESH, b"new")) == (200, b"new", False)
    assert client.get() == (200, b"new", True)


def test_big_contents_stream_through(clock, make_store):
    client = Client(clock, make_store(10_000_000))
    pieces = [bytes([number]) * 1000 for number in range(250)] * 3
    assert client.get((200, FRESH, *pieces))[1] == b"".join(pieces)
    assert client.get() == (200, b"".join(pieces), True)
    assert client.get(Range=f"bytes={PIECE - 5}-{PIECE + 4}")[:2] == (
        206,
        b"".join(pieces)[PIECE - 5 : PIECE + 5],
    )


def test_pieces_are_stored_as_they_came_and_small_ones_together(clock):
    store = MemoryCache(10_000_000)
    client = Client(clock, store)
    large = [bytes([number]) * SMALL for number in range(3)]
    client.get((200, FRESH, large[0], *[b"x"] * 3000, large[1], large[2], b"y", b"z"))
    ((_, _, content),) = store._contents.values()
    assert [len(piece) for piece in content.pieces] == [SMALL, 3000, SMALL, SMALL, 2]
    assert all(any(piece is there for there in content.pieces) for piece in large)
    assert client.get()[1] == large[0] + b"x" * 3000 + large[1] + large[2] + b"yz"


def test_a_304_makes_the_stored_response_fresh_again(client, clock):
    client.get((200, {**FRESH, "ETag": '"1"'}, b"text"))
    clock.now += 61
    assert client.get((304, {"ETag": '"1"'})) == (200, b"text", True)
    assert client.origin.asked == [(("If-None-Match", '"1"'),)]
    assert client.get() == (200, b"text", True)


def test_a_response_that_ends_early_is_not_stored(client):
    with pytest.raises(HTTPException):
        client.get((200, FRESH, b"ha", HTTPException("early")))
    assert client.get((200, FRESH, b"whole")) == (200, b"whole", False)


def test_a_response_that_nobody_reads_is_not_stored(client):
    origin = Origin((200, FRESH, b"x" * PIECE, b"y" * PIECE, b"z"))
    reply = run(cached(client.cache, Asked("GET", URL, ()), origin.send))
    for _ in range(3):
        run(reply.source.pull(inf))
    reply.source.close()
    assert origin.contents[0].closed
    assert client.cache.store.size == 0
    assert client.get((200, FRESH, b"whole"))[2] is False


@pytest.mark.parametrize("length", [{}, {"Content-Length": "9"}])
def test_what_is_too_long_is_not_stored(clock, length):
    client = Client(clock, MemoryCache(100_000, 8))
    assert client.get((200, {**FRESH, **length}, b"12345", b"6789"))[1] == b"123456789"
    assert client.get((200, FRESH, b"12345678"))[2] is False
    assert client.get()[1] == b"12345678"


def test_what_says_that_it_is_too_long_passes_as_it_is(clock):
    client = Client(clock, MemoryCache(100_000, 8))
    origin = Origin((200, {**FRESH, "Content-Length": "9"}, b"123456789"))
    reply = run(cached(client.cache, Asked("GET", URL, ()), origin.send))
    assert reply.source is origin.contents[0]


def test_a_part_of_another_length_than_it_says_is_not_stored(client):
    part = {**FRESH, "Content-Range": "bytes 4-9/10"}
    assert client.get((206, part, b"12345"), Range="bytes=4-") == (206, b"12345", False)
    assert client.get((206, part, b"123456"), Range="bytes=4-") == (206, b"123456", False)
    assert client.get(Range="bytes=5-6") == (206, b"23", True)


def test_only_if_cached(client):
    assert client.get(Cache_Control="only-if-cached") == (504, b"", False)
    assert client.origin.asked == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_a_change_removes_what_is_stored(client, method):
    other = URL + "/new"
    client.get((200, FRESH, b"old"))
    client.get((200, FRESH, b"old"), url=other)
    client.get((500, {}, b""), method=method)
    assert client.get()[2] is True
    client.get((201, {"Location": other}, b""), method=method)
    assert client.get((200, FRESH, b"new")) == (200, b"new", False)
    assert client.get((200, FRESH, b"new"), url=other) == (200, b"new", False)


def test_a_response_that_a_change_has_overtaken_is_not_stored(client, clock):
    origin = Origin((200, FRESH, b"old"))
    reply = run(cached(client.cache, Asked("GET", URL, ()), origin.send))
    clock.now += 1
    client.get((204, {}), method="PUT")
    assert text_of(reply) == b"old"
    assert client.get((200, FRESH, b"new")) == (200, b"new", False)
    assert client.get() == (200, b"new", True)


def test_the_response_to_a_change_may_be_the_new_one(client, clock):
    def tick() -> float:
        clock.now += 0.001
        return clock.now

    client.cache.now = tick
    client.get((200, FRESH, b"old"))
    client.get((200, {**FRESH, "Content-Location": URL}, b"new"), method="POST")
    assert client.get() == (200, b"new", True)


def test_a_head_is_answered_and_learned_from(client, clock):
    client.get((200, {**FRESH, "ETag": '"1"'}, b"text"))
    assert client.get(method="HEAD") == (200, b"", True)
    clock.now += 61
    client.get((200, {**FRESH, "ETag": '"1"'}), method="HEAD")
    assert client.get() == (200, b"text", True)
    clock.now += 61
    client.get((200, {**FRESH, "ETag": '"2"'}), method="HEAD")
    assert client.get((200, FRESH, b"new")) == (200, b"new", False)
    assert client.origin.asked == [()]


def test_the_programs_own_condition(client, clock):
    client.get((200, {**FRESH, "ETag": '"1"'}, b"text"))
    assert client.get(If_None_Match='"1"') == (304, b"", True)
    clock.now += 61
    assert client.get((304, {"ETag": '"1"'}), If_None_Match='"1"') == (304, b"", False)
    assert client.get() == (200, b"text", True)


def test_credentials_part_what_is_stored(client):
    client.get((200, FRESH, b"ann"), Authorization="ann")
    assert client.get((200, FRESH, b"bob"), Authorization="bob") == (200, b"bob", False)
    assert client.get((200, FRESH, b"all")) == (200, b"all", False)
    assert client.get(Authorization="ann") == (200, b"ann", True)
    keys = [client.cache.key_of(Asked("GET", URL, (("Authorization", "ann"),)))]
    assert "ann" not in repr(keys)


def test_cookies_part_it_by_choice(clock):
    client = Client(clock, partition_by=("Authorization", "Cookie"))
    client.get((200, FRESH, b"ann"), Cookie="id=ann")
    assert client.get((200, FRESH, b"bob"), Cookie="id=bob") == (200, b"bob", False)


def test_a_private_response_is_for_one_user(client):
    private = {"Cache-Control": "private, max-age=60"}
    client.get((200, private, b"ann"), Cookie="id=ann")
    assert client.get((200, private, b"bob"), Cookie="id=bob") == (200, b"bob", False)
    assert client.get(Cookie="id=ann") == (200, b"ann", True)


def test_what_was_not_verified_is_kept_apart(client):
    origin = Origin((200, FRESH, b"forged"))
    reply = run(cached(client.cache, Asked("GET", URL, (), apart="verify=False"), origin.send))
    assert text_of(reply) == b"forged"
    assert client.get((200, FRESH, b"true")) == (200, b"true", False)


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "error", [OSError("cut"), HTTPException("junk"), TimeoutError(), (503, {}, b"busy")]
)
@pytest.mark.parametrize("control", ["max-age=60, stale-if-error=60", "max-age=60"])
def test_a_stored_response_is_given_instead_of_an_error(clock, error, control):
    default = 0.0 if "stale" in control else 60.0
    client = Client(clock, stale_if_error=default)
    client.get((200, {"Cache-Control": control, "ETag": '"1"'}, b"text"))
    clock.now += 100
    assert client.get(error) == (200, b"text", True)
    clock.now += 100
    if isinstance(error, tuple):
        assert client.get(error) == (503, b"busy", False)
    else:
        with pytest.raises(type(error)):
            client.get(error)
    assert not client.cache.flights._by_key


class Failing(MemoryCache):
    def _fail(self, *arguments):
        raise StorageAwayError(1, "away")

    variants = open = update = append = commit = remove = _fail


def test_a_store_that_fails_is_a_cache_without_entries(clock, caplog):
    client = Client(clock, Failing())
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert client.get((200, FRESH, b"x" * 2 * PIECE, b"y")) == (
                200,
                b"x" * 2 * PIECE + b"y",
                False,
            )
        assert client.get((204, {}), method="DELETE")[0] == 204
        assert len(caplog.records) == 1
        clock.now += 60
        client.get((200, FRESH, b"x"))
    assert len(caplog.records) == 2
    assert "no cache" in caplog.text


def test_a_content_that_is_gone_is_fetched(clock):
    class Forgetful(MemoryCache):
        def open(self, key, entry):
            self.remove([key.url])
            return super().open(key, entry)

    client = Client(clock, Forgetful())
    client.get((200, {**FRESH, "ETag": '"1"'}, b"old"))
    assert client.get((200, FRESH, b"new")) == (200, b"new", False)
    clock.now += 61
    client.get((200, {**FRESH, "ETag": '"1"'}, b"old"))
    clock.now += 61
    assert client.get((304, {}), (200, FRESH, b"new")) == (200, b"new", False)


# --- one question for many -----------------------------------------------------------------------


class SlowOrigin(Origin):
    """Answers when the test says so."""

    def __init__(self, *answers) -> None:
        super().__init__(*answers)
        self.waiter = Waiter()
        self.reached = threading.Event()

    def send(self, conditions: Pairs):
        self.reached.set()
        yield Park(self.waiter, inf)
        return (yield from super().send(conditions))


def waiting(cache: Cache) -> int:
    return sum(len(flight._waiters or ()) for flight in cache.flights._by_key.values())


def until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(2000):
        if condition():
            return
        pause.wait(0.005)
    pytest.fail("it has not come about")


@pytest.mark.parametrize("answer", [(304, {"ETag": '"1"'}), (200, OLD, b"text")])
def test_threads_that_want_the_same_ask_once(client, clock, answer):
    client.get((200, OLD, b"text"))
    origin = SlowOrigin(answer)
    found = []

    def ask():
        reply = run(cached(client.cache, Asked("GET", URL, ()), origin.send))
        found.append((reply.status, text_of(reply)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    until(lambda: waiting(client.cache) == 7)
    origin.waiter.wake()
    for thread in threads:
        thread.join()
    assert found == [(200, b"text")] * 8
    assert len(origin.asked) == 1
    assert not client.cache.flights._by_key


def test_tasks_that_want_the_same_ask_once(client):
    client.get((200, OLD, b"text"))
    origin = SlowOrigin((304, {"ETag": '"1"'}))

    async def ask():
        reply = await arun(cached(client.cache, Asked("GET", URL, ()), origin.send))
        return reply.status, await arun(reply.source.pull(inf))

    async def main():
        tasks = [asyncio.create_task(ask()) for _ in range(8)]
        while waiting(client.cache) < 7:
            await asyncio.sleep(0)
        origin.waiter.wake()
        return await asyncio.gather(*tasks)

    assert asyncio.run(main()) == [(200, b"text")] * 8
    assert len(origin.asked) == 1


def test_those_who_wait_for_a_question_that_fails_ask_themselves(client):
    client.get((200, OLD, b"text"))
    origin = SlowOrigin(OSError("cut"), *[(304, {"ETag": '"1"'})] * 3)
    found = []

    def ask():
        try:
            found.append(run(cached(client.cache, Asked("GET", URL, ()), origin.send)).status)
        except OSError:
            found.append(0)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    until(lambda: waiting(client.cache) == 3)
    origin.waiter.wake()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 200, 200, 200]


def test_a_wait_ends_at_the_deadline_of_its_own_request(client):
    client.get((200, OLD, b"text"))
    origin = SlowOrigin((304, {}))
    first = threading.Thread(
        target=lambda: run(cached(client.cache, Asked("GET", URL, ()), origin.send))
    )
    first.start()
    until(origin.reached.is_set)
    with pytest.raises(TimeoutError):
        run(cached(client.cache, Asked("GET", URL, (), time.monotonic()), origin.send))
    origin.waiter.wake()
    first.join()


def test_a_wait_for_a_slow_request_ends(client, clock):
    client.get((200, OLD, b"text"))
    clock.now += 1
    origin = SlowOrigin((304, {}), (304, {}))
    first = threading.Thread(
        target=lambda: run(cached(client.cache, Asked("GET", URL, ()), origin.send))
    )
    first.start()
    until(origin.reached.is_set)
    asked = Asked("GET", URL, (), inf, lambda: time.monotonic() - LONGEST_WAIT)
    own = Origin((304, {}))
    assert run(cached(client.cache, asked, own.send)).status == 200
    assert own.asked == [(("If-None-Match", '"1"'),)]
    origin.waiter.wake()
    first.join()


@pytest.mark.parametrize("at", range(6))
def test_a_question_that_is_cancelled_at_any_yield_lets_the_others_go_on(client, at):
    client.get((200, OLD, b"text"))

    def send(conditions):
        for _ in range(5):
            yield Park(Waiter(), inf)
        return Reply(304, "", [("ETag", '"1"')], Content([]))

    flow = cached(client.cache, Asked("GET", URL, ()), send)
    try:
        for _ in range(at + 1):
            next(flow)
    except StopIteration:
        pass
    flow.close()
    assert not client.cache.flights._by_key


# --- stale-while-revalidate ----------------------------------------------------------------------

SOON = {"Cache-Control": "max-age=60, stale-while-revalidate=60", "ETag": '"1"'}


@pytest.mark.parametrize("answer", [(304, {}), (200, SOON, b"te", b"xt")])
def test_a_stale_response_is_given_while_it_is_validated(clock, answer):
    flows = []
    client = Client(clock, background=flows.append)
    client.get((200, SOON, b"text"))
    clock.now += 100
    for _ in range(3):
        assert client.get(answer) == (200, b"text", True)
    assert len(flows) == 1, "one question for many"
    assert client.cache.flights._by_key
    run(flows.pop())
    assert not client.cache.flights._by_key
    clock.now += 20
    assert client.get() == (200, b"text", True)
    assert flows == []


@pytest.mark.parametrize("control", ["no-store", "max-age=60"])
def test_in_the_background_no_more_is_received_than_is_stored(clock, control):
    flows = []
    client = Client(clock, MemoryCache(100_000, 1000), background=flows.append)
    client.get((200, SOON, b"text"))
    clock.now += 100
    client.get((200, {"Cache-Control": control}, *[b"x" * 400] * 10))
    run(flows.pop())
    (content,) = client.origin.contents
    assert content.closed
    assert len(content.pieces) == (10 if control == "no-store" else 7)
    assert not client.cache.flights._by_key


def test_without_a_background_it_is_validated_first(client, clock):
    client.get((200, SOON, b"old"))
    clock.now += 100
    assert client.get((200, SOON, b"new")) == (200, b"new", False)
    assert client.origin.asked == [(("If-None-Match", '"1"'),)]


def test_a_background_that_fails_is_tried_again(clock):
    flows = []
    client = Client(clock, background=flows.append)
    client.get((200, SOON, b"text"))
    clock.now += 100
    client.get(OSError("cut"))
    run(flows.pop())
    assert client.get() == (200, b"text", True)
    assert len(flows) == 1
    flows.pop().close()


def test_a_background_that_refuses_is_the_callers_error(clock):
    def refuse(flow):
        flow.close()
        raise RuntimeError("no thread")

    client = Client(clock, background=refuse)
    client.get((200, SOON, b"text"))
    clock.now += 100
    with pytest.raises(RuntimeError):
        client.get()
    assert not client.cache.flights._by_key
