"""`Run`: one call of an ASGI application, for one request."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeAlias

from ...errors import ReadError
from ...net.effects import Flow, Park, Waiter
from ...wire.fields import FieldLines

if TYPE_CHECKING:
    from ..flow.deadlines import Deadlines

__all__ = ["ASGIApplication", "Message", "Run", "Scope"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
ASGIApplication: TypeAlias = Callable[
    [Scope, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
"""What ASGI calls an application, version 3."""


class Run:
    """A task of an event loop that runs the application, and the flow that reads its response.

    The two may be in different threads. Each piece is appended by the task and taken by the flow;
    the flow is woken by a `Waiter`, and the task by its loop.
    """

    def __init__(
        self,
        app: ASGIApplication,
        scope: Scope,
        body: Iterator[bytes] | AsyncIterator[bytes],
        raises: bool,
        deadlines: Deadlines,
    ) -> None:
        self.trailers: FieldLines = []
        self.on_end: Callable[[Run], object] = lambda _: None
        self._app = app
        self._scope = scope
        self._body = body
        self._raises = raises
        self._deadlines = deadlines
        # Of the response:
        self._head: tuple[int, FieldLines] | None = None
        self._has_trailers = False
        self._pieces: deque[bytes] = deque()
        self._ended = False
        self._error: BaseException | None = None
        self._finished = False  # the application's call has returned
        self._waiter: Waiter | None = None
        # Of the task:
        self._gone = False
        self._loop: asyncio.AbstractEventLoop | None = None
        self._taken = asyncio.Event()  # bound to a loop at its first wait
        self._over = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._body_ended = False

    # --- the flow ---

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start the application on `loop`."""
        self._loop = loop
        loop.call_soon_threadsafe(self._start_task)

    def head(self) -> Flow[tuple[int, FieldLines]]:
        """Return status and fields, when the application has sent them.

        Raises:
            RuntimeError: the application has ended without a response.
            ReadError: the application was cancelled.
        """
        yield from self._until(lambda: self._head is not None or self._finished)
        if self._head is None:
            if self._error is not None and not self._raises:
                self._error, self._ended = None, True
                return 500, [("Content-Length", "0")]
            self._raise()
            raise RuntimeError("expected the application to send a response, got none (ASGI)")
        return self._head

    def next_piece(self) -> Flow[bytes | None]:
        """Return the next piece; None when the application has ended.

        Raises:
            RuntimeError: the application has ended within its response.
            ReadError: the application was cancelled, or has failed and its error is not raised.
        """
        yield from self._until(lambda: self._pieces or self._finished)
        if not self._pieces:
            self._raise()
            if not self._ended and self._head is not None:
                raise RuntimeError("expected the application to end its response (ASGI)")
            return None
        piece = self._pieces.popleft()
        self._call_loop(self._taken.set)
        return piece

    def close(self) -> None:
        """Tell the application that the client has gone."""
        if not self._finished:
            self._gone = True
            self._call_loop(self._leave)

    def _raise(self) -> None:
        if self._error is None:
            return
        if isinstance(self._error, asyncio.CancelledError):
            raise ReadError("the application was cancelled within its response", phase="receive")
        if self._raises:
            raise self._error
        raise ReadError("the application failed within its response", phase="receive")

    def _until(self, ready: Callable[[], object]) -> Flow[None]:
        while not ready():
            waiter = self._waiter = Waiter()
            # The task may have got there before it could see the waiter.
            if not ready():
                try:
                    yield Park(waiter, self._deadlines.read())
                finally:
                    waiter.give_up()

    def _call_loop(self, function: Callable[[], object]) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed, and the task has ended
                self._loop.call_soon_threadsafe(function)

    # --- the task ---

    def _start_task(self) -> None:
        assert self._loop is not None
        self._task = self._loop.create_task(self._main())

    async def _main(self) -> None:
        try:
            await self._app(self._scope, self._receive, self._send)
        except asyncio.CancelledError as error:
            self._error = error
            raise
        except BaseException as error:
            self._error = error
        finally:
            await self._close_body()
            self._finished = True
            self.on_end(self)
            self._wake()

    async def _close_body(self) -> None:
        """Close a generator that the application has not read to its end."""
        if hasattr(self._body, "aclose"):
            await self._body.aclose()
        elif hasattr(self._body, "close"):
            self._body.close()

    def _leave(self) -> None:
        self._taken.set()
        self._over.set()

    def _wake(self) -> None:
        waiter = self._waiter
        if waiter is not None:
            waiter.wake()

    async def _receive(self) -> Message:
        if not self._body_ended and not self._gone:
            piece = await self._next_of_body()
            self._body_ended = piece is None
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}
        if not self._ended:
            await self._over.wait()
        return {"type": "http.disconnect"}

    async def _next_of_body(self) -> bytes | None:
        if isinstance(self._body, AsyncIterator):
            return await anext(self._body, None)
        return next(self._body, None)

    async def _send(self, message: Message) -> None:
        if self._gone:
            raise OSError("the client has closed the response")
        kind = message["type"]
        if kind == "http.response.start" and self._head is None:
            self._has_trailers = message.get("trailers", False)
            self._head = message["status"], _text(message.get("headers", ()))
            self._wake()
        elif kind == "http.response.body" and self._head is not None and not self._ended:
            if message.get("body"):
                self._pieces.append(bytes(message["body"]))
            if not message.get("more_body", False) and not self._has_trailers:
                self._end()
            self._wake()
            while self._pieces and not self._gone:
                self._taken.clear()
                if self._pieces:
                    await self._taken.wait()
        elif kind == "http.response.trailers" and self._has_trailers and not self._ended:
            self.trailers += _text(message.get("headers", ()))
            if not message.get("more_trailers", False):
                self._end()
        else:
            raise RuntimeError(f"expected no {kind!r} here, got one (ASGI)")

    def _end(self) -> None:
        self._ended = True
        self._over.set()


def _text(headers: Any) -> FieldLines:
    return [
        (bytes(name).decode("latin-1"), bytes(value).decode("latin-1")) for name, value in headers
    ]
