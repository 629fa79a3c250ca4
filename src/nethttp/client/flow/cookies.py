"""The step that sends the cookies of a jar, and stores those of each response. RFC 6265 section 5.

The jar decides which cookies belong to a URL. Each hop of a redirect passes this step, so no cookie
crosses to another site. A Cookie header that the program has set itself stays: of a name that both
have, the program's value is sent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...net.effects import Call as CallFunction
from ...net.effects import Flow
from ..messages.headers import Headers
from ..messages.request import Request
from ..messages.url import URL
from .call import Call, Handler, ResponseT

if TYPE_CHECKING:
    from ...cookiejar import CookieJar

__all__ = ["CookieStore", "joined", "with_cookies"]


class CookieStore:
    """A client's jar, which is made when the first cookie arrives.

    Raises:
        TypeError: `jar` is no jar: a mapping, for instance.

    >>> store = CookieStore()
    >>> store.made is None, len(store.jar)
    (True, 0)
    """

    __slots__ = ("made",)

    def __init__(self, jar: CookieJar | None = None) -> None:
        if jar is not None and not hasattr(jar, "add_cookie_header"):
            raise TypeError(
                f"expected cookies of a client as a CookieJar, got {type(jar).__name__}: "
                "a mapping is given to a call"
            )
        self.made = jar
        """The jar; None: it was not needed yet."""

    @property
    def jar(self) -> CookieJar:
        """The jar, made now if it is the first time: browsers' rules, in memory."""
        if self.made is None:
            from ...cookiejar import CookieJar, RFC6265Policy  # start-up: jars take 10 ms

            self.made = CookieJar(RFC6265Policy())
        return self.made

    def header_for(self, url: URL) -> str | None:
        """Return the value of the Cookie header for a request to `url`; None: no cookie."""
        if self.made is None:
            return None
        request = _JarRequest(url)
        self.made.add_cookie_header(request)
        return request.cookie

    def store(self, url: URL, headers: Headers) -> None:
        """Store the cookies of a response from `url`, as far as the jar's policy allows."""
        self.jar.extract_cookies(_JarResponse(headers), _JarRequest(url))

    @property
    def waits(self) -> bool:
        """Whether the jar may wait for a file or a server."""
        return self.made is not None and type(self.made).__name__ != "CookieJar"


class _JarRequest:
    """A request as jars want it: navigated to by the user, so SameSite excludes no cookie."""

    unverifiable = False

    def __init__(self, url: URL) -> None:
        self._url = str(url.without_userinfo())
        self.host = url.origin.authority
        self.type = url.scheme
        self.origin_req_host = url.host
        self.cookie: str | None = None

    def get_full_url(self) -> str:
        return self._url

    def has_header(self, name: str, /) -> bool:
        return False

    def get_header(self, name: str, default: Any = None, /) -> Any:
        return default

    def add_unredirected_header(self, name: str, value: str, /) -> None:
        if name == "Cookie":
            self.cookie = value


class _JarResponse:
    """A response as jars want it."""

    def __init__(self, headers: Headers) -> None:
        self._headers = headers

    def info(self) -> _JarResponse:
        return self

    def get_all(self, name: str, default: Any = None, /) -> list[str] | Any:
        return self._headers.get_list(name) or default


def with_cookies(send: Handler[ResponseT], store: CookieStore) -> Handler[ResponseT]:
    """Return the step around `send` that keeps the cookies in `store`. RFC 6265 section 5."""

    def step(call: Call[ResponseT], request: Request) -> Flow[ResponseT]:
        url = request.url
        if store.made is not None:
            cookie: str | None
            if store.waits:
                cookie = yield CallFunction(lambda: store.header_for(url), call.deadlines.total)
            else:
                cookie = store.header_for(url)
            if cookie:
                request = _with_cookie(request, cookie)
        response = yield from send(call, request)
        if response.sets_cookies:
            headers = response.headers
            try:
                if store.waits:
                    yield CallFunction(lambda: store.store(url, headers), call.deadlines.total)
                else:
                    store.store(url, headers)
            except BaseException:
                response.abandon()
                raise
        return response

    return step


def _with_cookie(request: Request, cookie: str) -> Request:
    """Return `request` with the jar's cookies behind the program's own."""
    request = request.copy()
    request.headers.set("Cookie", joined(request.headers.get("cookie"), cookie))
    return request


def joined(own: str | None, cookie: str) -> str:
    """Return a program's own Cookie field, with the cookies of a jar behind it.

    >>> joined("a=1", "a=2; b=3"), joined(None, "b=3")
    ('a=1; b=3', 'b=3')
    """
    if not own:
        return cookie
    names = {pair.partition("=")[0].strip() for pair in own.split(";")}
    others = [pair for pair in cookie.split("; ") if pair.partition("=")[0] not in names]
    return "; ".join([own, *others])
