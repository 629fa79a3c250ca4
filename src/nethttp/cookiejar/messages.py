"""The parts of requests and responses that jars use: a program's own classes need no more."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

__all__ = ["Request", "Response", "SiteContext"]


class Request(Protocol):
    """The part of `urllib.request.Request` that jars and policies use.

    Other libraries give objects of their own, so nothing else may be asked of a request.
    """

    @property
    def host(self) -> str:
        """The host, and the port if the URL has one."""

    @property
    def type(self) -> str:
        """The scheme of the URL, such as "https"."""

    @property
    def unverifiable(self) -> bool:
        """Whether the user had no chance to approve the request. RFC 2965 section 3.3.6."""

    @property
    def origin_req_host(self) -> str:
        """The host of the request that the user made, of which this one is a consequence."""

    def get_full_url(self) -> str:
        """Return the URL."""

    def has_header(self, header_name: str, /) -> bool:
        """Return whether the request has the field."""

    def add_unredirected_header(self, key: str, val: str, /) -> None:
        """Add a field that no redirect takes along."""


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
    """The part of a response that jars use: the fields of its head.

    Other libraries give objects of their own, so nothing else may be asked of a response.
    """

    def info(self) -> Fields:
        """Return the fields: an `email.message.Message`, or an object with its `get_all`."""
