"""One way to call `Client` in a thread, and `AsyncClient` in asyncio's and uvloop's event loop.

Every test of the clients is written once, and given each of the three by the fixture `caller`.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from nethttp.client import AsyncClient, Client


class InThreads:
    """Calls of a `Client`."""

    def __init__(self) -> None:
        self.clients: list[Client] = []

    def client(self, **settings: Any) -> Any:
        self.clients.append(Client(**{"timeout": 20, "trust_env": False, **settings}))
        return self.clients[-1]

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """Return the result of a method of a client or response."""
        return function(*arguments, **options)

    def all_of(self, function: Callable[..., Any], each: list[Any]) -> list[Any]:
        """Call a method with every item of `each`, at once."""
        with ThreadPoolExecutor(len(each)) as threads:
            return list(threads.map(function, each))

    def list_of(self, pieces: Iterator[Any]) -> list[Any]:
        return list(pieces)

    def stream(self, client: Any, work: Callable[[Any], Any], *arguments: Any) -> Any:
        """Return what `work` makes of a streamed response, which is closed then."""
        with client.stream(*arguments) as response:
            return work(response)

    def close(self) -> None:
        for client in self.clients:
            client.close()


class InLoop:
    """Calls of an `AsyncClient`."""

    def __init__(self, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.clients: list[AsyncClient] = []
        self._loop = asyncio.Runner(loop_factory=make_loop)

    def client(self, **settings: Any) -> Any:
        self.clients.append(AsyncClient(**{"timeout": 20, "trust_env": False, **settings}))
        return self.clients[-1]

    def call(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        async def task() -> Any:
            result = function(*arguments, **options)
            return await result if inspect.isawaitable(result) else result

        return self._loop.run(task())

    def all_of(self, function: Callable[..., Any], each: list[Any]) -> list[Any]:
        async def task() -> list[Any]:
            return await asyncio.gather(*[function(one) for one in each])

        return self._loop.run(task())

    def list_of(self, pieces: AsyncIterator[Any]) -> list[Any]:
        async def task() -> list[Any]:
            return [piece async for piece in pieces]

        return self._loop.run(task())

    def stream(self, client: Any, work: Callable[[Any], Any], *arguments: Any) -> Any:
        async def enter() -> tuple[Any, Any]:
            manager = client.stream(*arguments)
            return manager, await manager.__aenter__()

        manager, response = self._loop.run(enter())
        try:
            return work(response)
        finally:
            self.call(manager.__aexit__, None, None, None)

    def close(self) -> None:
        for client in self.clients:
            self.call(client.close)
        self.call(asyncio.sleep, 0)
        self._loop.close()


CALLERS: dict[str, Callable[[], Any]] = {
    "threads": InThreads,
    "asyncio": lambda: InLoop(asyncio.new_event_loop),
    "uvloop": lambda: InLoop(pytest.importorskip("uvloop").new_event_loop),
}


@pytest.fixture(params=CALLERS)
def caller(request: pytest.FixtureRequest) -> Iterator[Any]:
    caller = CALLERS[request.param]()
    yield caller
    caller.close()
