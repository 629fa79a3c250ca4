"""`nethttp.get` and its like: one request, without a client that a program keeps.

Each call makes a client and closes it, so each makes its own connection. A program that sends more
than a few requests is faster with a `Client`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Unpack

from .client import Client
from .messages.response import Response
from .messages.url import URL
from .options import RequestOptions

if TYPE_CHECKING:
    from ..net.trust import Certificate, Verify
    from .policy.proxies import ProxyArgument

__all__ = [
    "OneCallOptions",
    "delete",
    "get",
    "head",
    "options",
    "patch",
    "post",
    "put",
    "query",
    "request",
    "stream",
]


class OneCallOptions(RequestOptions, total=False):
    """The keyword arguments of `request`: those of a client's method, and four of a client."""

    verify: Verify
    cert: Certificate | None
    proxy: ProxyArgument
    trust_env: bool


_OF_THE_CLIENT: Final = ("verify", "cert", "proxy", "trust_env")


def request(method: str, url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to one request, with its content read.

    >>> import nethttp
    >>> nethttp.request("GET", "ftp://a/")
    Traceback (most recent call last):
    nethttp.errors.UnsupportedProtocol: expected a URL of http or https, got one of ftp (GET ftp://a/)

    Raises:
        RequestError: there is no response; its subclass and `phase` say why.
        InvalidURL, LocalProtocolError: the request cannot be sent.
    """
    with _client(options) as client:
        return client.request(method, url, **_of_the_request(options))


def get(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a GET request: see `request`; RFC 9110 section 9.3.1."""
    return request("GET", url, **options)


def head(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a HEAD request: see `request`; RFC 9110 section 9.3.2."""
    return request("HEAD", url, **options)


def options(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to an OPTIONS request: see `request`; RFC 9110 section 9.3.7."""
    return request("OPTIONS", url, **options)


def delete(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a DELETE request: see `request`; RFC 9110 section 9.3.5."""
    return request("DELETE", url, **options)


def post(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a POST request: see `request`; RFC 9110 section 9.3.3."""
    return request("POST", url, **options)


def put(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a PUT request: see `request`; RFC 9110 section 9.3.4."""
    return request("PUT", url, **options)


def patch(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a PATCH request: see `request`; RFC 5789."""
    return request("PATCH", url, **options)


def query(url: str | URL, **options: Unpack[OneCallOptions]) -> Response:
    """Return the response to a QUERY request: a GET with content. See `request`; RFC 10008."""
    return request("QUERY", url, **options)


@contextmanager
def stream(method: str, url: str | URL, **options: Unpack[OneCallOptions]) -> Iterator[Response]:
    """Return the response to one request once its head is received: use it in a ``with``.

    The client is closed with it, since nothing else uses its connection.

    Raises:
        RequestError: there is no response; its subclass and `phase` say why.
        InvalidURL, LocalProtocolError: the request cannot be sent.
    """
    with (
        _client(options) as client,
        client.stream(method, url, **_of_the_request(options)) as response,
    ):
        yield response


def _client(options: OneCallOptions) -> Client:
    given: dict[str, Any] = {name: options[name] for name in _OF_THE_CLIENT if name in options}
    return Client(**given)


def _of_the_request(options: OneCallOptions) -> Any:
    return {name: value for name, value in options.items() if name not in _OF_THE_CLIENT}
