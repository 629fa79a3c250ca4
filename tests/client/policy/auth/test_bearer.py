"""Bearer: a fixed token, and one that a function gives once to all that wait for it."""

from __future__ import annotations

import asyncio
import threading
import time
from math import inf

import pytest

from nethttp.client.policy.auth import Bearer
from nethttp.errors import LocalProtocolError
from nethttp.net import aio, blocking
from nethttp.net.effects import Ask, Park

from .doubles import Request, Response


def sent_by(auth, *statuses):
    """A flow of the client, with responses of `statuses`: return the credentials of its requests.

    With no status left, the response is 200.
    """
    responses = iter([Response(status) for status in statuses])
    flow = auth.flow(Request())
    sent = []
    step = next(flow)
    while True:
        try:
            if isinstance(step, Request):
                sent.append(step.headers["Authorization"])
                step = flow.send(next(responses, Response()))
            else:
                try:
                    result = yield step
                except BaseException as error:
                    step = flow.throw(error)
                else:
                    step = flow.send(result)
        except StopIteration:
            return sent


def blocked(auth, *statuses):
    return blocking.run(sent_by(auth, *statuses))


def test_a_fixed_token_is_sent():
    assert blocked(Bearer("abc.DEF-_~+/==")) == ["Bearer abc.DEF-_~+/=="]
    assert blocked(Bearer("abc"), 401) == ["Bearer abc"]


@pytest.mark.parametrize("token", ["", "a b", "a\r\nb", "=a", "\xe9", "a,b"])
def test_what_is_no_token_is_refused(token):
    with pytest.raises(LocalProtocolError, match="RFC 6750") as caught:
        Bearer(token)
    assert repr(token) not in str(caught.value)
    with pytest.raises(LocalProtocolError, match="another text"):
        blocked(Bearer(lambda: token))


def test_a_function_that_returns_no_text_is_refused():
    with pytest.raises(LocalProtocolError, match="got NoneType"):
        blocked(Bearer(lambda: None))


def test_a_function_is_called_once_for_many_requests():
    tokens = iter(["one", "two"])
    auth = Bearer(lambda: next(tokens))
    assert blocked(auth) == blocked(auth) == ["Bearer one"]
    assert blocked(auth, 401) == ["Bearer one", "Bearer two"]
    assert blocked(auth, 403) == ["Bearer two"]


def test_a_second_401_is_the_response():
    tokens = iter(["one", "two", "three"])
    auth = Bearer(lambda: next(tokens))
    assert blocked(auth, 401, 401) == ["Bearer one", "Bearer two"]
    assert next(tokens) == "three"


def test_a_token_that_stays_the_same_is_not_sent_again():
    assert blocked(Bearer(lambda: "same"), 401) == ["Bearer same"]


def test_a_401_for_an_older_token_asks_for_none():
    tokens = iter(["one", "two"])
    auth = Bearer(lambda: next(tokens))
    flow = sent_by(auth, 401)
    slow = auth.flow(Request())
    blocked(auth)
    old = next(slow)
    assert blocking.run(flow) == ["Bearer one", "Bearer two"]
    assert slow.send(Response(401)).headers["Authorization"] == "Bearer two"
    assert old.headers["Authorization"] == "Bearer one"


def test_threads_share_one_call():
    calls = []
    entered = threading.Event()
    release = threading.Event()

    def provide():
        calls.append("called")
        entered.set()
        assert release.wait(10)
        return "token"

    auth = Bearer(provide)
    results = []
    threads = [threading.Thread(target=lambda: results.append(blocked(auth))) for _ in range(8)]
    for thread in threads:
        thread.start()
    assert entered.wait(10)
    waited_for(lambda: len(auth._waiters) == 7)
    release.set()
    for thread in threads:
        thread.join()
    assert calls == ["called"]
    assert results == [["Bearer token"]] * 8


def waited_for(condition):
    """Return once `condition` holds, which another thread brings about in moments."""
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0)


def test_tasks_share_one_call_of_an_async_function():
    calls = []

    async def provide():
        calls.append("called")
        await asyncio.sleep(0)
        return f"token{len(calls)}"

    auth = Bearer(provide)

    async def main():
        first = await asyncio.gather(*(aio.arun(sent_by(auth)) for _ in range(5)))
        return first, await asyncio.gather(*(aio.arun(sent_by(auth, 401)) for _ in range(5)))

    first, second = asyncio.run(main())
    assert first == [["Bearer token1"]] * 5
    assert second == [["Bearer token1", "Bearer token2"]] * 5
    assert len(calls) == 2


def test_the_functions_error_is_raised_for_all_that_wait():
    async def provide():
        await asyncio.sleep(0)
        raise ValueError("no token today")

    auth = Bearer(provide)

    async def main():
        flows = [aio.arun(sent_by(auth)) for _ in range(3)]
        return await asyncio.gather(*flows, return_exceptions=True)

    assert [str(error) for error in asyncio.run(main())] == ["no token today"] * 3
    assert auth._waiters is None


def test_an_async_function_needs_the_asynchronous_client():
    async def provide():
        return "token"

    with pytest.raises(TypeError):
        blocked(Bearer(provide))


# --- flows that end too early --------------------------------------------------------------------


@pytest.mark.parametrize("error", [GeneratorExit, TimeoutError, KeyboardInterrupt])
def test_when_the_caller_of_the_function_gives_up_another_one_calls_it(error):
    auth = Bearer(lambda: "token")
    flows = [sent_by(auth) for _ in range(3)]
    leader, waiting, another = (next(flow) for flow in flows)
    assert isinstance(leader, Ask)
    assert isinstance(waiting, Park)
    assert waiting.deadline == inf
    with pytest.raises(error):
        flows[0].throw(error())
    # Both are woken; the first that runs calls, the other one waits again.
    assert waiting.waiter.value is another.waiter.value is None
    assert isinstance(flows[1].send(None), Ask)
    again = flows[2].send(None)
    assert isinstance(again, Park)
    with pytest.raises(StopIteration) as ended:
        flows[1].send("token")
    assert ended.value.value == ["Bearer token"]
    with pytest.raises(StopIteration) as ended:
        flows[2].send(again.waiter.value)
    assert ended.value.value == ["Bearer token"]


def test_a_flow_that_stops_waiting_is_forgotten():
    auth = Bearer(lambda: "token")
    leader, waiting = sent_by(auth), sent_by(auth)
    next(leader)
    next(waiting)
    assert len(auth._waiters) == 1
    with pytest.raises(TimeoutError):
        waiting.throw(TimeoutError())
    assert auth._waiters == []
    late = sent_by(auth)
    next(late)
    with pytest.raises(StopIteration):
        leader.send("token")
    # Its wake came before its time ran out.
    late.close()
    assert blocked(auth) == ["Bearer token"]


def test_the_token_is_not_shown():
    assert "abc" not in repr(Bearer("abc"))
