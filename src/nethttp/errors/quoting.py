"""What messages quote: received bytes, the reason of another error, URLs without their secrets."""

from __future__ import annotations

__all__ = [
    "excerpt",
    "reason_of",
    "redacted",
]

MAX_EXCERPT = 80
"""The most received bytes that an error message quotes, counted before escaping."""


def excerpt(data: bytes | str) -> str:
    """Return `data` for use in a message: escaped, quoted, cut to `MAX_EXCERPT` bytes.

    >>> excerpt(b"GET\\x00 /")
    "'GET\\\\x00 /'"
    """
    if isinstance(data, str):
        data = data.encode("utf-8", "backslashreplace")
    shown = repr(bytes(data[:MAX_EXCERPT]))[1:]
    return shown if len(data) <= MAX_EXCERPT else f"{shown}... ({len(data)} bytes)"


def reason_of(error: Exception) -> str:
    """Return an error's message for users: without the error number.

    >>> reason_of(FileNotFoundError(2, "No such file or directory", "log"))
    'log: No such file or directory'
    """
    if isinstance(error, OSError) and error.strerror:
        where = "" if error.filename is None else f"{error.filename}: "
        return f"{where}{error.strerror}"
    return str(error)


_SECRETIVE = ("token", "secret", "passw", "pwd", "sig", "credential", "key", "auth", "session")
"""Parts of the names of query parameters whose values are not shown."""


MAX_URL = 500
"""The most characters of a URL that a message shows."""


def redacted(url: str) -> str:
    """Return `url` for a message or a log: no userinfo, no secret, at most `MAX_URL` characters.

    A parameter is taken for a secret by its name: ``token``, ``X-Amz-Signature``, ``apikey`` ...

    >>> redacted("https://me:pw@example.com/a?page=2&access_token=abc#end")
    'https://***@example.com/a?page=2&access_token=***#end'
    """
    url, fragment_mark, fragment = url.partition("#")
    url, query_mark, query = url.partition("?")
    before, slashes, after = url.partition("://")
    scheme, rest = (before, after) if slashes else ("", before)
    authority, slash, path = rest.partition("/")
    if "@" in authority:
        authority = "***@" + authority.rpartition("@")[2]
    query, fragment = (
        "&".join(map(_without_secret, parameters.split("&"))) for parameters in (query, fragment)
    )
    whole = f"{scheme}{slashes}{authority}{slash}{path}{query_mark}{query}{fragment_mark}{fragment}"
    return whole[:MAX_URL]


def _without_secret(parameter: str) -> str:
    name, mark, _ = parameter.partition("=")
    hidden = mark and any(part in name.lower() for part in _SECRETIVE)
    return f"{name}=***" if hidden else parameter
