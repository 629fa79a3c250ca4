"""``httpx.get`` and friends: one request by a client of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .client import Client
from .config import DEFAULT_TIMEOUT
from .response import Response
from .urls import URL

__all__ = ["delete", "get", "head", "options", "patch", "post", "put", "request", "stream"]


def request(
    method: str,
    url: URL | str,
    *,
    cookies: Any = None,
    proxy: Any = None,
    timeout: Any = DEFAULT_TIMEOUT,
    follow_redirects: bool = False,
    verify: Any = True,
    trust_env: bool = True,
    **kwargs: Any,
) -> Response:
    """Return the response to a request; `kwargs` are those of `Client.request`.

    The client is closed then, so each call makes its own connection. `timeout` is a
    `Timeout`, or seconds for each wait.
    """
    with Client(
        cookies=cookies, proxy=proxy, verify=verify, timeout=timeout, trust_env=trust_env
    ) as client:
        return client.request(method, url, follow_redirects=follow_redirects, **kwargs)


@contextmanager
def stream(
    method: str,
    url: URL | str,
    *,
    cookies: Any = None,
    proxy: Any = None,
    timeout: Any = DEFAULT_TIMEOUT,
    follow_redirects: bool = False,
    verify: Any = True,
    trust_env: bool = True,
    **kwargs: Any,
) -> Iterator[Response]:
    """Yield the response to a request, its content unread; `kwargs` as for `request`.

    The client is closed with it, since nothing else uses its connection. `timeout` is a
    `Timeout`, or seconds for each wait.
    """
    with (
        Client(
            cookies=cookies, proxy=proxy, verify=verify, timeout=timeout, trust_env=trust_env
        ) as client,
        client.stream(method, url, follow_redirects=follow_redirects, **kwargs) as response,
    ):
        yield response


def get(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a GET request: see `request`; RFC 9110 section 9.3.1."""
    return request("GET", url, **kwargs)


def options(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to an OPTIONS request: see `request`; RFC 9110 section 9.3.7."""
    return request("OPTIONS", url, **kwargs)


def head(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a HEAD request: see `request`; RFC 9110 section 9.3.2."""
    return request("HEAD", url, **kwargs)


def post(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a POST request: see `request`; RFC 9110 section 9.3.3."""
    return request("POST", url, **kwargs)


def put(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a PUT request: see `request`; RFC 9110 section 9.3.4."""
    return request("PUT", url, **kwargs)


def patch(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a PATCH request: see `request`; RFC 5789."""
    return request("PATCH", url, **kwargs)


def delete(url: URL | str, **kwargs: Any) -> Response:
    """Return the response to a DELETE request: see `request`; RFC 9110 section 9.3.5."""
    return request("DELETE", url, **kwargs)
