"""Sites: which part of a host name is registered, and which requests belong together.

What a public suffix is, the list of publicsuffix.org says, private section included. It is shipped
by the library `publicsuffixlist` (``pip install 'nethttp[cookies]'``). Without it a rule that errs
on the safe side stands in: see `guessed_suffix`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

from .domains import COUNTRY_SECOND_LEVEL, is_address

__all__ = ["Sites", "guessed_suffix", "listed_suffix"]

_SECURE_SCHEMES = {"ws": "http", "wss": "https"}


def guessed_suffix(host: str) -> str:
    """Return what is taken for the public suffix of `host` when there is no list.

    It is the last label; below a country's two letters also the one before, if it is of at most
    three letters or one that countries are known to register under. Real sites that look like that
    (``t.co``) lose cookies with a Domain; suffixes that do not (``github.io``) are not known.

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
    """Return the public suffix of `host`, the whole of it if it is one itself.

    >>> listed_suffix("www.example.co.uk"), listed_suffix("com")
    ('co.uk', 'com')
    """
    return _suffix_list()(host)


class Sites:
    """Registrable domains and sites, as `suffix_of` has it: a host in, its public suffix out."""

    def __init__(self, suffix_of: Callable[[str], str] | None = None) -> None:
        self._suffix_of = listed_suffix if suffix_of is None else suffix_of

    def is_public_suffix(self, domain: str) -> bool:
        """Return whether anybody may register names below `domain`.

        >>> Sites().is_public_suffix("co.uk"), Sites().is_public_suffix("example.co.uk")
        (True, False)
        """
        return _split(self._suffix_of, domain)[1]

    def registrable_domain(self, host: str) -> str:
        """Return the part of `host` that somebody registered; all of an address or a suffix.

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
    """Return the registrable domain of `host` or all of it, and whether it is a public suffix."""
    bare = host.removesuffix(".")
    if not bare or is_address(bare):
        return host, False
    suffix = suffix_of(bare)
    if suffix == bare:
        return host, True
    return bare[: -len(suffix) - 1].rpartition(".")[2] + host[len(bare) - len(suffix) - 1 :], False
