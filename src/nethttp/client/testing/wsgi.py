"""`WSGITransport`: a client's requests go to a WSGI application, without a socket. PEP 3333."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from ...net.effects import Call, Flow, Pull
from ...wire.environ import Environ, environ_of
from ...wire.fields import FieldLines
from .answer import Answer, head_on_the_wire

if TYPE_CHECKING:
    from ..flow.deadlines import Deadlines
    from ..flow.incoming import OnInterim
    from ..messages.request import Request
    from ..messages.timing import Marks

__all__ = ["WSGIApplication", "WSGITransport"]

WSGIApplication: TypeAlias = Callable[..., Iterable[bytes]]
"""What PEP 3333 calls an application: called with an environ and ``start_response``."""


class WSGITransport:
    """Sends the requests of a client to a WSGI application in this process.

    The application reads the body of a request while the client makes it, and the client gets the
    head of the response with the first piece of content. `AsyncClient` calls the application in
    threads, and reads an asynchronous body before that. What the application raises is raised by
    the client's method, unless `raises` is false: then it is answered by a 500, as by a server.

    `script_name` is the path below which the application is mounted, `remote_addr` the address
    that it sees, and `errors` its ``wsgi.errors``.

    >>> def app(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [environ["wsgi.input"].read().upper()]
    >>> from nethttp.client import Client
    >>> with Client(transport=WSGITransport(app)) as client:
    ...     client.post("http://app.test/", content=b"hello").content
    b'HELLO'
    """

    def __init__(
        self,
        app: WSGIApplication,
        *,
        raises: bool = True,
        script_name: str = "",
        remote_addr: str = "127.0.0.1",
        errors: Any = None,
    ) -> None:
        self._app = app
        self._raises = raises
        self._script_name = script_name
        self._remote_addr = remote_addr
        self._errors = errors

    def send(
        self,
        request: Request,
        deadlines: Deadlines,
        marks: Marks,
        on_interim: OnInterim | None = None,
    ) -> Flow[Answer]:
        """Return the application's response, once it has given its first piece of content.

        Raises:
            LocalProtocolError: the request or the response cannot be put on the wire.
            RuntimeError: the application did not keep to PEP 3333.
        """
        marks.acquired = deadlines.clock()
        pieces: Iterator[bytes]
        if request.body is None or isinstance(request.body, bytes):
            pieces = iter([request.body or b""])
        else:
            given = request.body.pieces()
            if isinstance(given, Iterator):
                pieces = given
            else:
                collected = []
                while (piece := (yield Pull(given, deadlines.write()))) is not None:
                    collected.append(cast(bytes, piece))
                pieces = iter(collected)
        run = _Run(self._app, self._environ(request, pieces), pieces, deadlines)
        try:
            yield Call(run.begin, deadlines.read())
        except Exception:
            run.close()
            if self._raises:
                raise
            run = _Run(_internal_error, {}, iter(()), deadlines)
            run.begin()
        except BaseException:
            run.close()
            raise
        marks.head = deadlines.clock()
        return Answer(request.method, *run.head(), run)

    def close(self) -> None:
        """Do nothing: the application has its resources itself."""

    def _environ(self, request: Request, pieces: Iterator[bytes]) -> Environ:
        method, target, fields = head_on_the_wire(request)
        base = {
            "SCRIPT_NAME": self._script_name,
            "SERVER_NAME": request.url.host,
            "SERVER_PORT": str(request.url.port),
            "REMOTE_ADDR": self._remote_addr,
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": request.url.scheme,
            "wsgi.input": io.BufferedReader(_Input(pieces)),
            "wsgi.input_terminated": True,
            "wsgi.errors": sys.stderr if self._errors is None else self._errors,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        environ = environ_of(base, method, target, 11, fields)
        path = environ["PATH_INFO"]
        if self._script_name and path.startswith(f"{self._script_name}/"):
            environ["PATH_INFO"] = path.removeprefix(self._script_name)
        return environ


class _Run:
    """One call of an application."""

    def __init__(
        self, app: WSGIApplication, environ: Environ, body: Iterator[bytes], deadlines: Deadlines
    ) -> None:
        self.trailers: FieldLines = []
        self._app = app
        self._environ = environ
        self._body = body
        self._deadlines = deadlines
        self._head: tuple[int, str, FieldLines] | None = None
        self._head_is_fixed = False
        self._ready: list[bytes] = []
        self._result: Iterable[bytes] = ()
        self._iterator: Iterator[bytes] = iter(())
        self._closed = False

    def begin(self) -> None:
        """Call the application, up to its first piece of content: then its head is final."""
        self._result = self._app(self._environ, self._start_response)
        self._iterator = iter(self._result)
        first = self._next()
        if first is not None:
            self._ready.insert(0, first)
        self._head_is_fixed = True
        if self._head is None:
            raise RuntimeError(
                "expected the application to call start_response before its first piece of"
                " content (PEP 3333)"
            )

    def head(self) -> tuple[int, str, FieldLines]:
        """Return status, reason and fields, which are known after `begin`."""
        assert self._head is not None
        return self._head

    def next_piece(self) -> Flow[bytes | None]:
        """Return the next piece; None at the end."""
        if self._ready:
            return self._ready.pop(0)
        piece: bytes | None = yield Call(self._next, self._deadlines.read())
        return piece

    def close(self) -> None:
        """Close the application's iterable, as every server must."""
        if self._closed:
            return
        self._closed = True
        for each in (self._result, self._body):
            close = getattr(each, "close", None)
            if close is not None:
                close()

    def _next(self) -> bytes | None:
        """Return the next piece that is not empty, of those written first; None at the end."""
        while not self._ready:
            piece = next(self._iterator, None)
            if piece is None:
                return self._ready.pop(0) if self._ready else None
            if piece:
                self._ready.append(piece)
        return self._ready.pop(0)

    def _start_response(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None
    ) -> Callable[[bytes], object]:
        if exc_info is not None:
            try:
                if self._head_is_fixed:
                    raise exc_info[1].with_traceback(exc_info[2])
            finally:
                exc_info = None  # breaks the circle with the frame
        elif self._head is not None:
            raise RuntimeError("expected one call of start_response, got another (PEP 3333)")
        code, _, reason = status.partition(" ")
        if not (len(code) == 3 and code.isascii() and code.isdigit()):
            raise RuntimeError(f'expected a status such as "200 OK" (PEP 3333), got {status!r}')
        self._head = int(code), reason, list(headers)
        return self._ready.append


class _Input(io.RawIOBase):
    """The pieces of a request's body, as the file that an application reads."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = piece
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _internal_error(_environ: Environ, start_response: Callable[..., object]) -> list[bytes]:
    start_response("500 Internal Server Error", [("Content-Type", "text/plain")])
    return [b"Internal Server Error"]
