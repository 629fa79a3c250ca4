"""`Lifespan`: the start and the end of an ASGI application."""

from __future__ import annotations

import asyncio
from typing import Any

from .asgi_run import ASGIApplication, Message

__all__ = ["Lifespan"]


class Lifespan:
    """Runs an application's lifespan; `state` is what its requests share.

    An application that raises at once has none, and is used without: ASGI's lifespan protocol,
    "Scope".

    >>> async def app(scope, receive, send):
    ...     scope["state"]["started"] = (await receive())["type"]
    ...     await send({"type": "lifespan.startup.complete"})
    ...     await receive()
    ...     await send({"type": "lifespan.shutdown.complete"})
    >>> async def main():
    ...     lifespan = Lifespan(app, state := {})
    ...     await lifespan.start()
    ...     await lifespan.end()
    ...     return state
    >>> asyncio.run(main())
    {'started': 'lifespan.startup'}
    """

    def __init__(self, app: ASGIApplication, state: dict[str, Any]) -> None:
        self._app = app
        self._scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": state,
        }
        self._events: asyncio.Queue[Message] = asyncio.Queue()
        self._said = asyncio.Event()
        self._message: Message = {}
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start the application, and wait until it is ready.

        Raises:
            RuntimeError: the application says that it cannot start.
        """
        self._task = asyncio.create_task(self._main())
        await self._pass("startup")

    async def end(self) -> None:
        """End the application, and wait for its end.

        Raises:
            RuntimeError: the application says that its end has failed.
        """
        await self._pass("shutdown")
        if self._task is not None:
            await self._task

    async def _main(self) -> None:
        started = False

        async def receive() -> Message:
            nonlocal started
            started = True
            return await self._events.get()

        async def send(message: Message) -> None:
            self._message = message
            self._said.set()

        try:
            await self._app(self._scope, receive, send)
        except Exception as error:
            if started and not self._said.is_set():
                self._message = {"type": "lifespan.failed", "message": repr(error)}
        finally:
            self._said.set()

    async def _pass(self, event: str) -> None:
        assert self._task is not None
        if self._task.done():
            return
        self._said.clear()
        self._message = {}
        await self._events.put({"type": f"lifespan.{event}"})
        try:
            await self._said.wait()
        except BaseException:
            self._task.cancel()
            raise
        if self._message.get("type", "").endswith("failed"):
            self._task.cancel()
            raise RuntimeError(
                f"the application's {event} failed: {self._message.get('message', '')}"
            )
