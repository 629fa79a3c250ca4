"""Which `Auth` a request has. What a redirect leaves of it: see `flow.authenticating`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from .auth import Auth
from .basic import Basic
from .function import FunctionAuth

if TYPE_CHECKING:
    from ...messages.url import Origin
    from .auth import Signed
    from .netrc import Netrc

__all__ = ["AuthSource", "auth_of", "choose"]

AuthSource: TypeAlias = Auth | tuple[str, str] | Callable[[Any], object]
"""What is accepted as ``auth=``: an `Auth`, (user name, password) for `Basic`, or a function that
is called with each request."""


def auth_of(source: AuthSource) -> Auth:
    """Return the `Auth` that ``auth=source`` means.

    Raises:
        TypeError: `source` is not an `AuthSource`.

    >>> auth_of(("Aladdin", "open sesame")).value
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """
    if isinstance(source, Auth):
        return source
    if isinstance(source, tuple) and len(source) == 2:
        return Basic(*source)
    if callable(source):
        return FunctionAuth(source)
    raise TypeError(
        "expected auth as an Auth, a pair (user name, password) or a callable, "
        f"got {type(source).__name__}"
    )


def choose(
    request: Signed,
    *,
    client_auth: Auth | None = None,
    client_origin: Origin | None = None,
    netrc: Netrc | None = None,
) -> Auth | None:
    """Return the `Auth` of a request that was given none of its own, or None.

    The nearest counts: an Authorization among its headers; a user name and password in its URL;
    `client_auth`; `netrc`. A `client_auth` is for `client_origin` alone, the origin of the client's
    ``base_url``; without that, for each URL that the program itself requests.

    >>> from nethttp.client.messages.request import Request
    >>> from nethttp.client.messages.url import URL
    >>> choose(Request("GET", "http://me:pw@example.com/")).value
    'Basic bWU6cHc='
    >>> elsewhere = URL("http://api.example.com/v1").origin
    >>> request = Request("GET", "http://example.com/")
    >>> choose(request, client_auth=Auth(), client_origin=elsewhere)
    """
    url = request.url
    if not url.userinfo and client_auth is None and netrc is None:
        return None  # nearly always, and then the headers need not be looked at
    if "Authorization" in request.headers:
        return None
    named = url.credentials
    if named is not None:
        return Basic(*named)
    if client_auth is not None:
        return client_auth if client_origin in (None, url.origin) else None
    if netrc is not None and netrc.find(url.host) is not None:
        return netrc
    return None
