"""Which request a redirect asks for, and what it may carry there. RFC 9110 section 15.4.

Credentials belong to an origin: scheme, host and port. A redirect to another origin drops every
line of the headers in `SENSITIVE` and of those that the program calls sensitive. The next request
is made from the last one, so a chain that returns to its first origin does not get them back.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from ...errors import (
    BodyNotReplayable,
    InvalidResponse,
    InvalidURL,
    RedirectRefused,
    TooManyRedirects,
    UnsupportedProtocol,
    excerpt,
    redacted,
)
from ..messages.request import Request

if TYPE_CHECKING:
    from ..messages.headers import Headers
    from ..messages.url import URL

__all__ = [
    "DEFAULT_REDIRECTS",
    "SENSITIVE",
    "Redirects",
    "as_redirects",
    "next_request",
    "whether_followed",
]

FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
"""The statuses whose Location is requested next; 300, 304 and 305 are not among them."""

SENSITIVE: Final = frozenset(
    {
        "authorization",
        "cookie",
        "proxy-authorization",
        # Names by which services take a key or a token.
        "api-key",
        "ocp-apim-subscription-key",
        "private-token",
        "x-access-token",
        "x-amz-security-token",
        "x-api-key",
        "x-auth-token",
        "x-csrf-token",
        "x-goog-api-key",
    }
)
"""Headers that are not sent to another origin, in lower case."""

#: Headers that say something of the content, beside those that begin with "content-": a redirect
#: that turns a request into a GET drops them. RFC 9110 section 15.4.
_OF_CONTENT: Final = frozenset(
    {"digest", "expect", "last-modified", "trailer", "transfer-encoding"}
)


class Redirects(NamedTuple):
    """How a client follows redirects: ``follow_redirects=Redirects(max=5)``.

    >>> Redirects(sensitive=frozenset({"x-my-key"})).max
    20
    """

    max: int = 20
    """The most redirects of one request; one more raises `TooManyRedirects`."""

    to_http: bool = False
    """Whether a redirect may lead from https to http, where everyone on the way reads along."""

    sensitive: frozenset[str] = frozenset()
    """Names of headers that are not sent to another origin, beside those in `SENSITIVE`."""


DEFAULT_REDIRECTS: Final = Redirects()
"""How ``follow_redirects=True`` follows them."""


def as_redirects(value: bool | Redirects) -> Redirects | None:
    """Return a client's `follow_redirects` as a policy; None: redirects are not followed.

    Raises:
        TypeError: it is neither a bool nor `Redirects`.
        ValueError: `max` is negative.

    >>> as_redirects(True) is DEFAULT_REDIRECTS, as_redirects(False)
    (True, None)
    """
    if isinstance(value, bool):
        return DEFAULT_REDIRECTS if value else None
    if not isinstance(value, Redirects):
        raise TypeError(f"expected follow_redirects as a bool or Redirects, got {value!r:.80}")
    if value.max < 0:
        raise ValueError(f"expected a number of redirects of at least 0, got {value.max}")
    return value._replace(sensitive=frozenset(name.lower() for name in value.sensitive))


def whether_followed(value: bool) -> bool:
    """Return a call's `follow_redirects`: how redirects are followed is the client's to say.

    Raises:
        TypeError: it is no bool, so a policy given to a call is not ignored.

    >>> whether_followed(True)
    True
    """
    if not isinstance(value, bool):
        raise TypeError(
            f"expected follow_redirects of a call as a bool, got {value!r:.80}: Redirects are given"
            " to the client"
        )
    return value


def next_request(
    request: Request, response: Any, policy: Redirects, history: Sequence[Any] = ()
) -> Request | None:
    """Return the request that `response` redirects `request` to; None if it is no redirect.

    After 303 it is a GET without content, unless the method was HEAD; after 301 and 302 so is that
    of a POST, as in browsers. Else method and body stay, and the body is rewound. `history` has the
    earlier responses of the chain.

    Raises:
        TooManyRedirects: there were `policy.max` before.
        RedirectRefused: it leads from https to http.
        UnsupportedProtocol: it leads to another scheme than http and https.
        InvalidResponse: its Location is not a URL, or it has two.
        BodyNotReplayable: the body is to be sent again, and can be read only once.

    >>> from types import SimpleNamespace
    >>> from nethttp.client.messages.headers import Headers
    >>> request = Request("POST", "https://a.example/x#top", {"Authorization": "..."}, b"body")
    >>> response = SimpleNamespace(status_code=302, headers=Headers({"Location": "//b.example/y"}))
    >>> following = next_request(request, response, Redirects())
    >>> following.method, str(following.url), following.headers.pairs, following.body
    ('GET', 'https://b.example/y#top', [], None)
    """
    if response.status_code not in FOLLOWED:
        return None
    location = _location(response.headers)
    if not location:
        return None
    if len(history) >= policy.max:
        too_many = TooManyRedirects(
            f"expected at most {policy.max} redirects, "
            f"got another one to {excerpt(redacted(location))}"
        )
        raise _about(too_many, request, response, history)
    url = _target(request.url, location)
    if request.url.scheme == "https" and url.scheme == "http" and not policy.to_http:
        refused = RedirectRefused(
            f"expected a redirect to stay on https, got one to {excerpt(url.redacted)}: "
            "follow it with Redirects(to_http=True)"
        )
        raise _about(refused, request, response, history)
    becomes_get = _becomes_get(response.status_code, request.method)
    if not (becomes_get or request.body is None or isinstance(request.body, bytes)):
        try:
            request.body.rewind()
        except BodyNotReplayable as error:
            raise error.about(request, phase="redirect") from None
    return Request(
        "GET" if becomes_get else request.method,
        url,
        _kept(request, url, becomes_get, policy.sensitive),
        None if becomes_get else request.body,
    )


def _becomes_get(status: int, method: str) -> bool:
    return (status == 303 and method != "HEAD") or (status in (301, 302) and method == "POST")


def _kept(
    request: Request, url: URL, becomes_get: bool, sensitive: frozenset[str]
) -> list[tuple[str, str]]:
    """Return the header lines of `request` that may go to `url`."""
    dropped = set(_OF_CONTENT) if becomes_get else set()
    if url.origin != request.url.origin:
        dropped |= SENSITIVE | sensitive | {"host"}
    return [
        (name, value)
        for name, value in request.headers.pairs
        if (key := name.lower()) not in dropped and not (becomes_get and key.startswith("content-"))
    ]


def _location(headers: Headers) -> str:
    """Return the value of Location; empty if there is none.

    Raises:
        InvalidResponse: there are two that differ: programs would follow different ones.
    """
    values = set(headers.get_list("location"))
    if len(values) > 1:
        raise InvalidResponse(
            f"expected one Location, got {len(values)} that differ", phase="redirect"
        )
    return values.pop() if values else ""


#: What servers leave unencoded in a Location. A value is text in ISO-8859-1, so each character
#: stands for a byte as it was received: of UTF-8, nearly always.
_UNENCODED: Final = re.compile(r"[ \x80-\xff]")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*+):")


def _target(base: URL, location: str) -> URL:
    """Return the URL that a Location means, without credentials and with the inherited fragment.

    Raises:
        UnsupportedProtocol: it has another scheme than http and https.
        InvalidResponse: it is not a URL.
    """
    scheme = _SCHEME.match(location)
    if scheme and scheme[1].lower() not in ("http", "https"):
        raise UnsupportedProtocol(
            f"expected a redirect to http or https, got {excerpt(redacted(location))}",
            phase="redirect",
        )
    reference = _UNENCODED.sub(lambda found: f"%{ord(found[0]):02X}", location)
    try:
        url = base.join(reference).without_userinfo()
    except InvalidURL as error:
        raise InvalidResponse(f"the Location of a redirect: {error}", phase="redirect") from None
    # "If the Location value [...] does not have a fragment component, [...] inherit the fragment
    # component of the URI reference used to generate the target URI": RFC 9110 section 10.2.2.
    return url if "#" in location or not base.fragment else url.with_fragment(base.fragment)


def _about(
    error: RedirectRefused, request: Request, response: Any, history: Sequence[Any]
) -> RedirectRefused:
    error.response = response
    error.history = tuple(history)
    return error.about(request, phase="redirect")
