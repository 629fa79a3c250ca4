"""What a jar asks of requests and responses: a program's own classes need no more than this."""

from __future__ import annotations

from typing import Any, Protocol

__all__ = ["Request", "Response"]


class Request(Protocol):
    """The part of `urllib.request.Request` that jars and policies use."""

    @property
    def host(self) -> str: ...
    @property
    def type(self) -> str: ...
    @property
    def unverifiable(self) -> bool: ...
    @property
    def origin_req_host(self) -> str: ...
    def get_full_url(self) -> str: ...
    def has_header(self, header_name: str, /) -> bool: ...
    def add_unredirected_header(self, key: str, val: str, /) -> None: ...


class Fields(Protocol):
    """The part of `email.message.Message` that jars use."""

    def get_all(self, name: str, failobj: Any = ..., /) -> list[Any] | Any: ...


class Response(Protocol):
    """The part of a response that jars use."""

    def info(self) -> Fields: ...
