"""The keyword arguments of a client's methods, as types; each method has those that it can use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final, TypedDict

from .messages.headers import HeaderSource
from .messages.params import Params
from .policy.auth.choose import AuthSource
from .policy.timeouts import Timeout

if TYPE_CHECKING:
    from .content.forms import FormData
    from .content.multipart import Files
    from .content.upload import Content, Progress

__all__ = ["CallOptions", "GetOptions", "RequestOptions", "for_request", "refuse_unknown"]


class CallOptions(TypedDict, total=False):
    """The keyword arguments of every method that sends a request, new or built before."""

    timeout: Timeout | float | None
    """Seconds for the whole call, or bounds by phase; None: no bound."""
    auth: AuthSource | None
    """What signs the requests, instead of the client's; None: nothing."""
    follow_redirects: bool
    """Whether redirects are followed, instead of returned."""


class GetOptions(CallOptions, total=False):
    """The keyword arguments of every method that makes a request, with content or without."""

    params: Params | None
    """Appended to the URL's query."""
    headers: HeaderSource | None
    """Added to the client's, and instead of those of the same name."""
    cookies: Mapping[str, str] | None
    """Sent with this request, beside the jar's."""
    raw_target: str | None
    """What the request line has, instead of the URL's path and query."""


class RequestOptions(GetOptions, total=False):
    """The keyword arguments of every method that makes a request and sends it."""

    content: Content | None
    """The body as it is: bytes, a str (in UTF-8), a file, an iterable of bytes."""
    data: FormData | Content | None
    """The body as a form; or else as `content`."""
    files: Files | None
    """The body as multipart/form-data, together with the fields of `data`."""
    json: Any
    """The body as JSON, unless it is None."""
    progress: Progress | None
    """Is called with the bytes of the body that were sent, and with their total or None."""


#: Options of a call that are not about its request.
OF_THE_CALL: Final = frozenset(CallOptions.__annotations__)

_KNOWN: Final = OF_THE_CALL.union(GetOptions.__annotations__, RequestOptions.__annotations__)

_OF_A_CLIENT: Final = "an argument of Client, or of nethttp.get and its like"

#: What serves here for arguments that requests, httpx and urllib3 have.
_ELSEWHERE: Final = {
    "stream": "the method stream(method, url)",
    "allow_redirects": "follow_redirects",
    "proxies": "proxy, " + _OF_A_CLIENT,
    "body": "content",
    "fields": "params or data",
    "retries": "an argument of Client",
    **dict.fromkeys(("verify", "cert", "proxy", "trust_env"), _OF_A_CLIENT),
}


#: What serves here for arguments that sessions of requests, and clients of httpx, are made with.
_ELSEWHERE_OF_A_CLIENT: Final = {
    "proxies": "proxy",
    "mounts": "proxy or transport",
    "allow_redirects": "follow_redirects",
    "max_redirects": "follow_redirects=Redirects(max=...)",
    "event_hooks": "events",
    "max_retries": "retries",
    "app": "transport, a WSGITransport or an ASGITransport of nethttp.client.testing",
    "stream": "the method stream(method, url)",
}


def refuse_unknown(unknown: Iterable[str]) -> None:
    """Raise an error if there are arguments that no client has; it says what serves instead.

    >>> refuse_unknown(["proxies"])
    Traceback (most recent call last):
    TypeError: expected no argument 'proxies' of a client: use proxy

    Raises:
        TypeError: there is one.
    """
    for name in unknown:
        there = _ELSEWHERE_OF_A_CLIENT.get(name, "one of those that help(Client) lists")
        raise TypeError(f"expected no argument {name!r} of a client: use {there}")


def for_request(options: GetOptions) -> dict[str, Any]:
    """Return the options that the request itself is made from.

    >>> for_request({"params": {"a": "b"}, "timeout": 3})
    {'params': {'a': 'b'}}

    Raises:
        TypeError: an option is not known; the error says what serves instead, if anything does.
    """
    if not options.keys() <= _KNOWN:
        unknown = min(options.keys() - _KNOWN)
        there = _ELSEWHERE.get(unknown, f"one of {', '.join(sorted(_KNOWN))}")
        raise TypeError(f"expected no argument {unknown!r} of a call: use {there}")
    return {name: value for name, value in options.items() if name not in OF_THE_CALL}
