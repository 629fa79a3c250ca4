"""Bodies as httpx knows them: objects to iterate over, by ``for`` or by ``async for``."""

from __future__ import annotations

import io
import mimetypes
import os
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any, NoReturn
from warnings import warn

from ..content.forms import FORM_TYPE, JSON_TYPE, form_body, json_body
from ..content.multipart import MultipartBody, boundary_in
from ..content.upload import PIECE, Body
from .errors import StreamClosed, StreamConsumed

__all__ = ["AsyncByteStream", "ByteStream", "SyncByteStream", "request_body", "response_body"]


class SyncByteStream:
    """A body that is read by a ``for`` loop. A subclass overrides ``__iter__``.

    >>> class Hello(SyncByteStream):
    ...     def __iter__(self):
    ...         yield b"hello"
    >>> list(Hello())
    [b'hello']
    """

    def __iter__(self) -> Iterator[bytes]:
        raise NotImplementedError("a SyncByteStream has to implement __iter__")

    def close(self) -> None:
        """Do nothing; a subclass frees what it holds."""


class AsyncByteStream:
    """A body that is read by an ``async for`` loop. A subclass overrides ``__aiter__``.

    >>> class Hello(AsyncByteStream):
    ...     async def __aiter__(self):
    ...         yield b"hello"
    """

    def __aiter__(self) -> AsyncIterator[bytes]:
        raise NotImplementedError("an AsyncByteStream has to implement __aiter__")

    async def aclose(self) -> None:
        """Do nothing; a subclass frees what it holds."""


class ByteStream(AsyncByteStream, SyncByteStream):
    """A body in memory, for either loop.

    >>> list(ByteStream(b"hello"))
    [b'hello']
    """

    def __init__(self, stream: bytes) -> None:
        self._stream = stream

    def __iter__(self) -> Iterator[bytes]:
        yield self._stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self._stream


class UnattachedStream(AsyncByteStream, SyncByteStream):
    """The body of an object that came out of a pickle without it."""

    def __iter__(self) -> NoReturn:
        raise StreamClosed

    def __aiter__(self) -> NoReturn:
        raise StreamClosed


class _Once:
    """What the two kinds of iterators share: a generator gives its items once."""

    def __init__(self, source: Any) -> None:
        self._source = source
        self._is_consumed = False
        self._is_iterator = hasattr(source, "__next__") or hasattr(source, "__anext__")

    def _begin(self) -> None:
        if self._is_consumed and self._is_iterator:
            raise StreamConsumed
        self._is_consumed = True


class IteratorStream(_Once, SyncByteStream):
    """A body from a file or another iterable of bytes."""

    def __iter__(self) -> Iterator[bytes]:
        self._begin()
        if hasattr(self._source, "read"):
            while piece := self._source.read(PIECE):
                yield piece
        else:
            yield from self._source


class AsyncIteratorStream(_Once, AsyncByteStream):
    """A body from an asynchronous file or another asynchronous iterable of bytes."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._begin()
        if hasattr(self._source, "aread"):
            while piece := await self._source.aread(PIECE):
                yield piece
        else:
            async for piece in self._source:
                yield piece


class BodyStream(AsyncByteStream, SyncByteStream):
    """A body of nethttp's, such as a multipart form."""

    def __init__(self, body: Body) -> None:
        self._body = body
        self._began = False

    def __iter__(self) -> Iterator[bytes]:
        if self._began:
            self._body.rewind()
        self._began = True
        pieces = self._body.pieces()
        assert isinstance(pieces, Iterator)
        yield from pieces

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece


Stream = SyncByteStream | AsyncByteStream


def request_body(
    content: Any, data: Any, files: Any, json: Any, content_type: str | None
) -> tuple[dict[str, str], Stream]:
    """Return the headers that a request's body implies, and the body.

    >>> headers, stream = request_body(None, {"a": 1}, None, None, None)
    >>> headers, list(stream)
    ({'Content-Length': '3', 'Content-Type': 'application/x-www-form-urlencoded'}, [b'a=1'])

    Raises:
        TypeError: `content` is not bytes, str or an iterable of bytes.
    """
    if data is not None and not isinstance(data, Mapping):
        warn("expected data= as a form; use content= for raw content", DeprecationWarning, 3)
        content, data = data, None
    if content is not None:
        return response_body(content)
    if files:
        _refuse_other_types(data or {})
        form = MultipartBody(_fields(data), _named(files), boundary=boundary_in(content_type))
        length = {"Transfer-Encoding": "chunked"}
        if form.length is not None:
            length = {"Content-Length": str(form.length)}
        return length | {"Content-Type": form.content_type}, BodyStream(form)
    if data:
        return _in_memory(form_body(_fields(data)), FORM_TYPE)
    if json is not None:
        return _in_memory(json_body(json), JSON_TYPE)
    return {}, ByteStream(b"")


def response_body(content: Any) -> tuple[dict[str, str], Stream]:
    """Return the headers that `content` implies, and `content` as a stream.

    >>> response_body("hello")[0]
    {'Content-Length': '5'}

    Raises:
        TypeError: `content` is not bytes, str or an iterable of bytes.
    """
    if isinstance(content, bytes | str):
        body = content.encode() if isinstance(content, str) else content
        return ({"Content-Length": str(len(body))} if body else {}), ByteStream(body)
    if isinstance(content, Iterable) and not isinstance(content, dict):
        length = _length(content)
        known = {"Content-Length": str(length)} if length is not None else None
        return known or {"Transfer-Encoding": "chunked"}, IteratorStream(content)
    if isinstance(content, AsyncIterable):
        return {"Transfer-Encoding": "chunked"}, AsyncIteratorStream(content)
    raise TypeError(f"expected content as bytes, str or an iterable, got {type(content)!r}")


def _in_memory(body: bytes, content_type: str) -> tuple[dict[str, str], Stream]:
    return {"Content-Length": str(len(body)), "Content-Type": content_type}, ByteStream(body)


def _fields(data: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the fields of a form in which None is an empty value, as in httpx."""
    return {
        str(name): ["" if each is None else each for each in value]
        if isinstance(value, list | tuple)
        else ("" if value is None else value)
        for name, value in (data or {}).items()
    }


def _refuse_other_types(data: Mapping[Any, Any]) -> None:
    """Raise TypeError for a name or a value that a multipart form cannot have."""
    for name, given in data.items():
        if not isinstance(name, str):
            raise TypeError(f"Invalid type for name. Expected str, got {type(name)}: {name!r}")
        for value in given if isinstance(given, list | tuple) else [given]:
            if value is not None and not isinstance(value, str | bytes | int | float):
                raise TypeError(
                    f"Invalid type for value. Expected str, bytes, int or float, got {type(value)}"
                )


def _named(files: Any) -> list[tuple[str, Any]]:
    """Return the files of a form; one without a name is called "upload", as in httpx."""
    pairs = files.items() if isinstance(files, Mapping) else files
    named: list[tuple[str, Any]] = []
    for name, part in pairs:
        content = part[1] if isinstance(part, tuple) else part
        with suppress(AttributeError, OSError):
            content.seek(0)  # the whole file, wherever it stands
        if isinstance(part, tuple) and isinstance(part[0], str):
            part = (part[0].replace("\\", "\\\\"), *part[1:])
        if isinstance(part, tuple) and len(part) == 4:
            named.append((name, (*part[:2], None, _part_headers(*part))))
        elif isinstance(part, tuple):
            named.append((name, part))
        else:
            file_name = os.path.basename(str(getattr(part, "name", "upload")))
            named.append((name, (file_name, part)))
    return named


def _part_headers(name: str, _: Any, media_type: str | None, headers: Any) -> dict[str, str]:
    """Return the headers of a part, its Content-Type behind those that were given."""
    kind = media_type or mimetypes.guess_type(name)[0] or "application/octet-stream"
    given = dict(headers or {})
    known = any(each.lower() == "content-type" for each in given)
    return given if known else given | {"Content-Type": kind}


def _length(content: Any) -> int | None:
    """Return how many bytes a file has, from its begin; None if it is no file, or not known."""
    try:
        return os.fstat(content.fileno()).st_size
    except (AttributeError, OSError):
        pass
    try:
        position = content.tell()
        length = content.seek(0, io.SEEK_END)
        content.seek(position)
    except (AttributeError, OSError):
        return None
    return int(length)
