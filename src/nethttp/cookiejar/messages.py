"""The parts of requests and responses that jars use: a program's own classes need no more."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

__all__ = ["Request", "Response", "SiteContext"]


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


class SiteContext(NamedTuple):
    """The page that made a request, and the page that it is for: URLs, or bare host names.

    `initiator` is the page whose document made the request, None if the user did. `top_level` is
    the page in the address bar that the request belongs to, None for a navigation, whose response
    becomes that page. RFC 6265bis section 5.2.

    Set it as a request's attribute `site_context`: SameSite and Partitioned are decided by it.

    >>> SiteContext(initiator="https://blog.example/")      # a link on a blog was followed
    SiteContext(initiator='https://blog.example/', top_level=None)
    """

    initiator: str | None = None
    top_level: str | None = None


class Fields(Protocol):
    """The part of `email.message.Message` that jars use."""

    def get_all(self, name: str, failobj: Any = ..., /) -> list[Any] | Any: ...


class Response(Protocol):
    """The part of a response that jars use."""

    def info(self) -> Fields: ...
