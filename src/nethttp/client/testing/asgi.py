"""`ASGITransport`: a client's requests go to an ASGI application, without a socket.

The application runs as a task: of the event loop that `AsyncClient` is used in; for `Client`, of a
loop in a thread that the transport starts and `close` ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress
from threading import Lock
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import unquote_to_bytes

from ...net.effects import Flow
from ...status import phrase_of
from .answer import Answer, head_on_the_wire
from .asgi_run import ASGIApplication, Run, Scope
from .lifespan import Lifespan
from .loop_thread import LoopThread

if TYPE_CHECKING:
    from types import TracebackType

    from ..flow.deadlines import Deadlines
    from ..flow.incoming import OnInterim
    from ..messages.request import Request
    from ..messages.timing import Marks

__all__ = ["ASGITransport"]


class ASGITransport:
    """Sends the requests of a client to an ASGI application in this process.

    Bodies stream in both directions: the application waits while a piece that it has sent is not
    read, and receives ``http.disconnect`` when the client closes a response early. The content of a
    response ends when the application's call has ended, its background work included. What the
    application raises is raised by the client's method, unless `raises` is false: then it is
    answered by a 500, or cuts the content off.

    A ``with`` or ``async with`` statement runs the application's lifespan: its start before the
    first request, its end after the last. Without one, no lifespan is run.

    `root_path` is the path below which the application is mounted, `client` the address that it
    sees; `lifespan_timeout` the seconds that a start and an end may take each.

    >>> async def app(scope, receive, send):
    ...     message = await receive()
    ...     await send({"type": "http.response.start", "status": 200, "headers": []})
    ...     await send({"type": "http.response.body", "body": message["body"].upper()})
    >>> from nethttp.client import Client
    >>> with Client(transport=ASGITransport(app)) as client:
    ...     client.post("http://app.test/", content=b"hello").content
    b'HELLO'
    """

    def __init__(
        self,
        app: ASGIApplication,
        *,
        raises: bool = True,
        root_path: str = "",
        client: tuple[str, int] = ("127.0.0.1", 50000),
        lifespan_timeout: float = 30.0,
    ) -> None:
        self._app = app
        self._raises = raises
        self._root_path = root_path
        self._client = client
        self._timeout = lifespan_timeout
        self._state: dict[str, Any] = {}
        self._lifespan: Lifespan | None = None
        self._thread: LoopThread | None = None
        self._lock = Lock()  # threads may share a client, and only one may start the thread
        self._runs: set[Run] = set()

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Answer]:
        """Return the application's response, once it has sent its head.

        Raises:
            LocalProtocolError: the request or the response cannot be put on the wire.
            RuntimeError: the application did not keep to ASGI.
            TimeoutError: the application was too slow.
        """
        marks.acquired = deadlines.clock()
        run = Run(self._app, self._scope(request), _pieces(request), self._raises, deadlines)
        self._runs.add(run)
        run.on_end = self._runs.discard
        run.start(self._loop())
        try:
            status, fields = yield from run.head()
        except BaseException:
            run.close()
            raise
        marks.head = deadlines.clock()
        return Answer(request.method, status, phrase_of(status), fields, run)

    def close(self) -> None:
        """Tell running calls of the application that the client has gone.

        The transport's own thread ends too; that of a ``with`` statement, at its end.
        """
        for run in list(self._runs):
            run.close()
        if self._lifespan is None and self._thread is not None:
            self._thread.close()
            self._thread = None

    def _loop(self) -> asyncio.AbstractEventLoop:
        """Return the loop of this thread, or else that of the transport's own thread."""
        with suppress(RuntimeError):
            return asyncio.get_running_loop()
        return self._own_thread().loop

    def _own_thread(self) -> LoopThread:
        with self._lock:
            if self._thread is None:
                self._thread = LoopThread()
            return self._thread

    def _scope(self, request: Request) -> Scope:
        method, target, fields = head_on_the_wire(request)
        path, _, query = target.partition("?")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1",
            "method": method,
            "scheme": request.url.scheme,
            "path": unquote_to_bytes(path).decode("utf-8", "replace"),
            "raw_path": path.encode("ascii"),
            "query_string": query.encode("ascii"),
            "root_path": self._root_path,
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in fields
            ],
            "client": self._client,
            "server": (request.url.host, request.url.port),
            "state": self._state.copy(),
            "extensions": {"http.response.trailers": {}},
        }

    # --- lifespan ---

    def __enter__(self) -> Self:
        self._lifespan = Lifespan(self._app, self._state)
        try:
            self._own_thread().run(self._lifespan.start(), self._timeout)
        except BaseException:
            self._lifespan = None
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._lifespan is not None and self._thread is not None:
                self._thread.run(self._lifespan.end(), self._timeout)
        finally:
            self._lifespan = None
            self.close()

    async def __aenter__(self) -> Self:
        self._lifespan = Lifespan(self._app, self._state)
        async with asyncio.timeout(self._timeout):
            await self._lifespan.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if self._lifespan is not None:
                async with asyncio.timeout(self._timeout):
                    await self._lifespan.end()
        finally:
            self._lifespan = None
            self.close()


def _pieces(request: Request) -> Iterator[bytes] | AsyncIterator[bytes]:
    body = request.body
    if body is None or isinstance(body, bytes):
        return iter([body] if body else [])
    return body.pieces()
