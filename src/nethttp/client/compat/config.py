"""`Timeout`, `Limits`, `Proxy` and `create_ssl_context`: a client's settings as httpx has them."""

from __future__ import annotations

import ssl
from typing import Any, Final

from ...net.trust import TLSSettings, context_for
from ..messages.url import URL as NativeURL
from ..policy.limits import PoolLimits
from ..policy.proxies import Proxy as NativeProxy
from ..policy.timeouts import Timeout as NativeTimeout
from .headers import Headers, HeadersSource
from .urls import URL

__all__ = ["Limits", "Proxy", "Timeout", "create_ssl_context"]


class _Unset:
    """The default of arguments for which None means something."""


UNSET: Final = _Unset()


class Timeout:
    """Bounds in seconds for each wait of a request; None: no bound. There is none for the whole.

    >>> Timeout(5, read=30)
    Timeout(connect=5, read=30, write=5, pool=5)

    Raises:
        ValueError: neither a default nor all four bounds are given.
    """

    connect: float | None
    read: float | None
    write: float | None
    pool: float | None

    def __init__(
        self,
        timeout: Any = UNSET,
        *,
        connect: Any = UNSET,
        read: Any = UNSET,
        write: Any = UNSET,
        pool: Any = UNSET,
    ) -> None:
        if isinstance(timeout, Timeout):
            defaults = (timeout.connect, timeout.read, timeout.write, timeout.pool)
        elif isinstance(timeout, tuple):
            defaults = (*timeout, None, None)[:4] if len(timeout) < 4 else timeout
        else:
            defaults = (timeout,) * 4
        given = (connect, read, write, pool)
        bounds = [
            default if one is UNSET else one for one, default in zip(given, defaults, strict=True)
        ]
        if UNSET in bounds:
            raise ValueError("expected a default for Timeout, or connect, read, write and pool")
        self.connect, self.read, self.write, self.pool = bounds

    def as_dict(self) -> dict[str, float | None]:
        """Return the bounds by name, as ``request.extensions["timeout"]`` has them.

        >>> Timeout(None, read=1.5).as_dict()["read"]
        1.5
        """
        return {
            "connect": self.connect,
            "read": self.read,
            "write": self.write,
            "pool": self.pool,
        }

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Timeout) and self.as_dict() == other.as_dict()

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        bounds = self.as_dict()
        if len(set(bounds.values())) == 1:
            return f"Timeout(timeout={self.connect})"
        return f"Timeout({', '.join(f'{name}={bound}' for name, bound in bounds.items())})"


class Limits:
    """The bounds of a pool of connections; None: no bound.

    `keepalive_expiry` is in seconds.

    >>> Limits(max_connections=10)
    Limits(max_connections=10, max_keepalive_connections=None, keepalive_expiry=5.0)
    """

    def __init__(
        self,
        *,
        max_connections: int | None = None,
        max_keepalive_connections: int | None = None,
        keepalive_expiry: float | None = 5.0,
    ) -> None:
        self.max_connections = max_connections
        self.max_keepalive_connections = max_keepalive_connections
        self.keepalive_expiry = keepalive_expiry

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, Limits) and vars(self) == vars(other)

    __hash__ = None  # type: ignore[assignment]  # mutable

    def __repr__(self) -> str:
        return f"Limits({', '.join(f'{name}={value}' for name, value in vars(self).items())})"


class Proxy:
    """A proxy: its URL, a pair of user name and password, and headers for the proxy alone.

    >>> Proxy("http://me:pw@proxy.example:3128")
    Proxy('http://proxy.example:3128', auth=('me', '********'))

    Raises:
        ValueError: the URL's scheme is none for a proxy.
    """

    def __init__(
        self,
        url: URL | str,
        *,
        ssl_context: ssl.SSLContext | None = None,
        auth: tuple[str, str] | None = None,
        headers: HeadersSource = None,
    ) -> None:
        url = URL(url)
        if url.scheme not in ("http", "https", "socks5", "socks5h"):
            raise ValueError(f"expected a proxy of http, https or socks5, got {url!r}")
        if url.username or url.password:
            auth = (url.username, url.password)
            url = url.copy_with(username=None, password=None)
        self.url = url
        self.auth = auth
        self.headers = Headers(headers)
        self.ssl_context = ssl_context

    @property
    def raw_auth(self) -> tuple[bytes, bytes] | None:
        """User name and password as bytes, or None."""
        return None if self.auth is None else (self.auth[0].encode(), self.auth[1].encode())

    def __repr__(self) -> str:
        auth = f", auth=({self.auth[0]!r}, '********')" if self.auth else ""
        headers = f", headers={dict(self.headers)}" if self.headers else ""
        return f"Proxy({str(self.url)!r}{auth}{headers})"


DEFAULT_TIMEOUT: Final = 5.0
"""Seconds for each wait of a request that has no other bounds."""

DEFAULT_LIMITS: Final = Limits(max_connections=100, max_keepalive_connections=20)
"""The bounds of a pool that has no others."""


def create_ssl_context(verify: Any = True, cert: Any = None, trust_env: bool = True) -> Any:
    """Return a TLS context; `verify` is a bool, a path of certificates, or a context.

    >>> create_ssl_context(verify=False).check_hostname
    False
    """
    if isinstance(verify, ssl.SSLContext):
        return verify
    return context_for(TLSSettings(verify, cert, trust_env))


def native_timeout(bounds: dict[str, float | None]) -> NativeTimeout:
    """Return the bounds of ``request.extensions["timeout"]``, in seconds, as nethttp's."""
    return NativeTimeout(
        queue=bounds.get("pool"),
        connect=bounds.get("connect"),
        write=bounds.get("write"),
        read=bounds.get("read"),
    )


def native_limits(limits: Limits) -> PoolLimits:
    """Return the bounds of a pool as nethttp's; an expiry in seconds."""
    expiry = limits.keepalive_expiry
    return PoolLimits(
        max_connections=limits.max_connections,
        max_idle=limits.max_keepalive_connections,
        idle_expiry=float("inf") if expiry is None else expiry,
    )


def native_proxy(proxy: Any) -> NativeProxy:
    """Return a proxy, given as URL, text or `Proxy`, as nethttp's."""
    if not isinstance(proxy, Proxy):
        proxy = Proxy(proxy)
    headers = tuple(
        (name.decode("latin-1"), value.decode("latin-1")) for name, value in proxy.headers.raw
    )
    verify = True if proxy.ssl_context is None else proxy.ssl_context
    return NativeProxy(NativeURL(str(proxy.url)), proxy.auth, headers, verify)
