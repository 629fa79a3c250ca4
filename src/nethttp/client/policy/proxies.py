"""Which proxy a request goes through: by argument, by a function, or by the environment.

An argument beats the environment, `NO_PROXY` included. The environment's variables are those of
curl: ``http_proxy``, ``https_proxy``, ``all_proxy`` and ``no_proxy``, whose lower-case name wins;
an empty one means "none". Under CGI a client's ``Proxy`` header arrives as ``HTTP_PROXY``, so that
one is ignored there. Where none of them is set, macOS and Windows are asked for their own settings.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from ...errors import InvalidURL, redacted
from ..messages.url import URL
from .no_proxy import NoProxy

__all__ = ["Proxies", "Proxy", "ProxyArgument", "choose_proxies"]

SCHEMES: Final = frozenset({"http", "https", "socks5", "socks5h"})
"""How a client speaks to a proxy. With ``socks5`` it resolves names itself, with ``socks5h`` the
proxy does."""

OF_A_MAPPING: Final = frozenset({"http", "https", "all"})
"""The keys of a mapping of proxies, beside "no"."""

HAS_SETTINGS: Final = sys.platform in ("darwin", "win32")
"""Whether the system has settings for proxies, beside the environment."""


class Proxy(NamedTuple):
    """A proxy, and what is sent to it alone: never to a server behind it.

    >>> proxy = Proxy.of("http://me:p%40ss@proxy.example:3128")
    >>> str(proxy.url), proxy.auth
    ('http://proxy.example:3128/', ('me', 'p@ss'))
    """

    url: URL
    """Without credentials."""

    auth: Any = None
    """A pair of user name and password, or what a client's `auth` takes."""

    headers: tuple[tuple[str, str], ...] = ()
    """Headers for the proxy: of a CONNECT, or beside those of a request that it forwards."""

    verify: Any = True
    """How an ``https`` proxy's own certificate is checked, as a client's `verify`."""

    cert: Any = None
    """The client certificate for an ``https`` proxy, as a client's `cert`."""

    @classmethod
    def of(cls, value: str | URL | Proxy) -> Proxy:
        """Return a proxy from its URL; without a scheme, as in curl, it is an ``http`` one.

        Raises:
            InvalidURL: it is no URL, or has another scheme than those of `SCHEMES`.
        """
        if isinstance(value, Proxy):
            return value
        text = str(value)
        url = URL(text if "://" in text else f"http://{text}")
        if url.scheme not in SCHEMES:
            raise InvalidURL(
                f"expected a proxy's URL with {', '.join(sorted(SCHEMES))}, got {redacted(text)!r}"
            )
        return cls(url.without_userinfo(), auth=url.credentials)

    def __repr__(self) -> str:
        auth = None if self.auth is None else "[secret]"
        return f"Proxy({str(self.url)!r}, auth={auth})"


ProxyArgument: TypeAlias = (
    str
    | URL
    | Proxy
    | Mapping[str, str | URL | Proxy | None]
    | Callable[[URL], str | URL | Proxy | None]
    | Literal[False]
    | None
)
"""What a client's `proxy` may be: see `choose_proxies`."""


class Proxies:
    """The proxies of a client: `proxy_for` returns the one for a URL.

    >>> proxies = Proxies({"https": Proxy.of("http://proxy:3128")}, NoProxy("example.com"))
    >>> proxies.proxy_for(URL("https://example.org/")), proxies.proxy_for(URL("https://a.example.com/"))
    (Proxy('http://proxy:3128/', auth=None), None)
    """

    __slots__ = ("_by_scheme", "_excepted")

    def __init__(
        self, by_scheme: Mapping[str, Proxy | InvalidURL | None], excepted: NoProxy
    ) -> None:
        self._by_scheme = dict(by_scheme)
        self._excepted = excepted

    def __bool__(self) -> bool:
        """Return whether any URL may have a proxy."""
        return any(self._by_scheme.values())

    def proxy_for(self, url: URL) -> Proxy | None:
        """Return the proxy for requests to `url`; None: connect to its host itself.

        Raises:
            InvalidURL: the environment, or a program's function, names a proxy that is none.
        """
        schemes = self._by_scheme
        proxy = schemes[url.scheme] if url.scheme in schemes else schemes.get("all")
        if proxy is None or self._excepted.covers(url.origin):
            return None
        if isinstance(proxy, InvalidURL):
            raise proxy
        return proxy


class _Asked(Proxies):
    """Proxies that a program's function chooses, for each request anew."""

    __slots__ = ("_choose",)

    def __init__(self, choose: Callable[[URL], str | URL | Proxy | None]) -> None:
        super().__init__({}, NoProxy(""))
        self._choose = choose

    def __bool__(self) -> bool:
        return True

    def proxy_for(self, url: URL) -> Proxy | None:
        chosen = self._choose(url)
        return Proxy.of(chosen) if chosen else None


class _OfTheSystem(Proxies):
    """The proxies of the settings of macOS or Windows, which have exceptions in their own forms."""

    __slots__ = ()

    def proxy_for(self, url: URL) -> Proxy | None:
        from urllib.request import proxy_bypass  # start-up: it loads http.client

        proxy = super().proxy_for(url)
        return None if proxy is None or proxy_bypass(url.host) else proxy


def choose_proxies(argument: ProxyArgument, environ: Mapping[str, str] | None) -> Proxies:
    """Return the proxies for a client's `proxy` argument, or else of the environment `environ`.

    The argument is one proxy for every URL; or a mapping of schemes to proxies, where "all" is for
    the schemes that it does not name and "no" has the exceptions in the form of ``NO_PROXY``; or a
    function of the URL; or False: none. With None the variables of `environ` are read, and if that
    is None too, there is no proxy. `os.environ` stands for the system's settings too.

    Raises:
        InvalidURL: a proxy's URL is not valid. One of the environment is refused by the first
            request that it is for: desktops set ``all_proxy=socks://...`` beside usable ones.
        TypeError: the argument is none of these.
        ValueError: a mapping has another key.

    >>> proxies = choose_proxies(None, {"https_proxy": "proxy:3128", "NO_PROXY": "10.0.0.0/8"})
    >>> proxies.proxy_for(URL("https://10.1.2.3/")) is None
    True
    """
    if argument is None:
        return _from_environment(environ or {})
    if argument is False:
        return Proxies({}, NoProxy(""))
    if callable(argument):
        return _Asked(argument)
    if not isinstance(argument, Mapping):
        if not isinstance(argument, str | URL | Proxy):
            raise TypeError(
                f"expected proxy as a URL, a mapping, a function or False, got {argument!r:.80}"
            )
        return Proxies({"all": Proxy.of(argument)}, NoProxy(""))
    if not all(isinstance(scheme, str) for scheme in argument):
        raise TypeError(f"expected proxy as a mapping of schemes to URLs, got {argument!r:.80}")
    by_scheme = {
        scheme.lower().removesuffix("://"): Proxy.of(value) if value else None
        for scheme, value in argument.items()
        if scheme != "no"
    }
    if not by_scheme.keys() <= OF_A_MAPPING:
        unknown = min(by_scheme.keys() - OF_A_MAPPING)
        raise ValueError(
            f"expected proxies by http, https, all and no, got {unknown!r}: a function of the URL "
            "chooses by hosts"
        )
    return Proxies(by_scheme, NoProxy(str(argument.get("no") or "")))


def _from_environment(environ: Mapping[str, str]) -> Proxies:
    def variable(name: str) -> str | None:
        if name in environ:
            return environ[name].strip()
        if name == "http_proxy" and "REQUEST_METHOD" in environ:
            return None
        value = environ.get(name.upper())
        return None if value is None else value.strip()

    by_scheme: dict[str, Proxy | InvalidURL | None] = {}
    for scheme in ("http", "https", "all"):
        name = f"{scheme}_proxy"
        value = variable(name)
        if value is not None:
            by_scheme[scheme] = _proxy_or_error(value, f"the environment's {name}")
    excepted = NoProxy(variable("no_proxy") or "")
    if not by_scheme and environ is os.environ and HAS_SETTINGS:
        from urllib.request import getproxies  # start-up: it loads http.client

        for scheme, value in getproxies().items():
            if scheme in ("http", "https"):
                by_scheme[scheme] = _proxy_or_error(value, "the system's settings")
        return _OfTheSystem(by_scheme, excepted)
    return Proxies(by_scheme, excepted)


def _proxy_or_error(value: str, where: str) -> Proxy | InvalidURL | None:
    try:
        return Proxy.of(value) if value else None
    except InvalidURL as error:
        return InvalidURL(f"{where}: {error}")
