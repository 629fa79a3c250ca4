"""Which `Auth` a request has: the rule for each request, and the rule for each redirect."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from .auth import Auth
from .basic import Basic
from .function import FunctionAuth

if TYPE_CHECKING:
    from ...messages.headers import Headers
    from ...messages.url import URL, Origin
    from .netrc import Netrc

__all__ = ["AuthSource", "after_redirect", "auth_of", "choose"]

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
    url: URL,
    headers: Headers,
    *,
    client_auth: Auth | None = None,
    client_origin: Origin | None = None,
    netrc: Netrc | None = None,
) -> Auth | None:
    """Return the `Auth` of a request that was given none of its own, or None.

    The nearest counts: an Authorization among its `headers`; a user name and password in its
    `url`; `client_auth`; `netrc`. An `client_auth` is for `client_origin` alone, the origin of the
    client's ``base_url``; without that, for each URL that the program itself requests.

    >>> from nethttp.client.messages.headers import Headers
    >>> from nethttp.client.messages.url import URL
    >>> choose(URL("http://me:pw@example.com/"), Headers()).value
    'Basic bWU6cHc='
    >>> elsewhere = URL("http://api.example.com/v1").origin
    >>> choose(
    ...     URL("http://example.com/"), Headers(), client_auth=Auth(), client_origin=elsewhere
    ... )
    """
    if "Authorization" in headers:
        return None
    named = url.credentials
    if named is not None:
        return Basic(*named)
    if client_auth is not None:
        return client_auth if client_origin in (None, url.origin) else None
    if netrc is not None and netrc.find(url.host) is not None:
        return netrc
    return None


def after_redirect(auth: Auth | None, before: URL, after: URL) -> Auth | None:
    """Return the `Auth` of a redirect from `before` to `after`: the same, or None for good.

    Credentials belong to an origin. Once a chain of redirects has left it, the next redirect is
    asked with None, so a chain that returns does not get them back.

    >>> from nethttp.client.messages.url import URL
    >>> start, auth = URL("http://example.com/"), Auth()
    >>> after_redirect(auth, start, URL("http://example.com/next")) is auth
    True
    >>> after_redirect(auth, start, URL("https://example.com/"))
    """
    return auth if before.origin == after.origin else None
