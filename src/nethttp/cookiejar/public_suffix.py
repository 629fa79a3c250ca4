"""Public suffixes: which part of a host name is registered, and which hosts are one site.

The list of publicsuffix.org decides, private section included. The library `publicsuffixlist` has
it (``pip install 'nethttp[cookies]'``). Without the library, `guessed_suffix` decides.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from .domains import COUNTRY_SECOND_LEVEL, is_address

__all__ = ["Sites", "guessed_suffix", "listed_suffix"]

_SECURE_SCHEMES = {"ws": "http", "wss": "https"}


def guessed_suffix(host: str) -> str:
    """Return the public suffix of `host` by a rule of thumb, for use without the list.

    It is the last label. Below a country's two letters it is the last two, if the one before has at
    most three letters, or is one that countries register names under. Sites that look like such a
    suffix (``t.co``) lose their cookies with a Domain. Suffixes that do not look like one
    (``github.io``) are not recognised.

    >>> guessed_suffix("www.example.co.uk"), guessed_suffix("example.com")
    ('co.uk', 'com')
    """
    labels = host.rsplit(".", 2)
    if len(labels) > 1 and len(labels[-1]) == 2:
        second = labels[-2]
        if len(second) <= 3 or second in COUNTRY_SECOND_LEVEL:
            return f"{second}.{labels[-1]}"
    return labels[-1]


@lru_cache(maxsize=1)
def _suffix_list() -> Callable[[str], str]:
    try:
        from publicsuffixlist import PublicSuffixList  # optional; it reads its list in 30 ms
    except ImportError:
        return guessed_suffix
    found: Callable[[str], str | None] = PublicSuffixList().publicsuffix
    return lambda host: found(host) or host


def listed_suffix(host: str) -> str:
    """Return the public suffix of `host`, which may be all of it.

    >>> listed_suffix("www.example.co.uk"), listed_suffix("com")
    ('co.uk', 'com')
    """
    return _suffix_list()(host)


class Sites:
    """Registrable domains and sites; `suffix_of` returns the public suffix of a host.

    Without it the list of the package `publicsuffixlist` decides.
    """

    def __init__(self, suffix_of: Callable[[str], str] | None = None) -> None:
        self._suffix_of = listed_suffix if suffix_of is None else suffix_of

    def is_public_suffix(self, domain: str) -> bool:
        """Return whether anybody may register names below `domain`.

        >>> Sites().is_public_suffix("co.uk"), Sites().is_public_suffix("example.co.uk")
        (True, False)
        """
        return _split(self._suffix_of, domain)[1]

    def registrable_domain(self, host: str) -> str:
        """Return the public suffix of `host` and one label more; an address or a suffix as it is.

        >>> Sites().registrable_domain("a.b.example.co.uk")
        'example.co.uk'
        """
        return _split(self._suffix_of, host)[0]

    def site(self, scheme: str, host: str) -> str:
        """Return the site of a URL's scheme and host.

        >>> Sites().site("wss", "www.example.com")
        'https://example.com'
        """
        return f"{_SECURE_SCHEMES.get(scheme, scheme)}://{self.registrable_domain(host)}"


@lru_cache(maxsize=4096)
def _split(suffix_of: Callable[[str], str], host: str) -> tuple[str, bool]:
    """Return the registrable domain of `host` (or `host`), and whether it is a suffix."""
    bare = host.removesuffix(".")
    if not bare or is_address(bare):
        return host, False
    suffix = suffix_of(bare)
    if suffix == bare:
        return host, True
    return bare[: -len(suffix) - 1].rpartition(".")[2] + host[len(bare) - len(suffix) - 1 :], False
