"""What the arguments of a client must be: a wrong one is refused when the client is made.

Without this, many would fail at the first request, or at none: an event whose name is misspelt.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from .flow.middleware import Events
from .messages.text import is_encoding
from .policy.limits import PoolLimits
from .policy.pace import Pace

__all__ = ["check_arguments"]


def _is_switch(value: Any) -> bool:
    return isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _is_path(value: Any) -> bool:
    return isinstance(value, str | os.PathLike)


def _is_trusted(value: Any) -> bool:
    # Without a context the module `ssl`, which takes time to load, need not be.
    return isinstance(value, bool) or _is_path(value) or hasattr(value, "wrap_bio")


def _is_certificate(value: Any) -> bool:
    parts = value if isinstance(value, tuple) else (value,)
    return value is None or (
        0 < len(parts) < 4 and all(_is_pem(part) for part in parts[:2] if part is not None)
    )


def _is_pem(value: Any) -> bool:
    return _is_path(value) or isinstance(value, bytes)


def _are_addresses(value: Any) -> bool:
    return value is None or (
        isinstance(value, Mapping) and all(isinstance(found, Sequence) for found in value.values())
    )


def _is_encoding(value: Any) -> bool:
    return callable(value) or value == "utf-8" or (isinstance(value, str) and is_encoding(value))


def _is_transport(value: Any) -> bool:
    return value is None or callable(value) or hasattr(value, "send")


def _is_network(value: Any) -> bool:
    return value is None or hasattr(value, "clock")


def _is_function(value: Any) -> bool:
    return value is None or callable(value)


def _are_functions(value: Any) -> bool:
    return isinstance(value, Iterable) and all(map(callable, value))


def _are_events(value: Any) -> bool:
    return value is None or (
        isinstance(value, Mapping)
        and value.keys() <= Events.__annotations__.keys()
        and all(map(callable, value.values()))
    )


def _is_cache(value: Any) -> bool:
    # A store says whether its calls wait; a `Cache` has a store.
    return value is None or (
        not isinstance(value, type) and (hasattr(value, "waits") or hasattr(value, "store"))
    )


def _is_a_size(value: Any) -> bool:
    return value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0)


#: By the name of an argument: what it must pass, and how it is described. All of them are short,
#: since a program may make a client for each request.
_RULES: Final[Mapping[str, tuple[Callable[[Any], bool], str]]] = {
    "limits": (lambda value: isinstance(value, PoolLimits), "PoolLimits(max_connections=...)"),
    "pace": (lambda value: value is None or isinstance(value, Pace), "Pace(per_second)"),
    "guard": (_is_function, "a function of an address and a port, such as public_only"),
    "middleware": (_are_functions, "a list of generator functions of a request"),
    "events": (_are_events, f"functions by the names {', '.join(Events.__annotations__)}"),
    "cache": (_is_cache, "a store such as MemoryCache() or SQLiteCache(path)"),
    "max_response_size": (_is_a_size, "a number of bytes or None"),
    "verify": (_is_trusted, "a bool, a path of certificates or an ssl.SSLContext"),
    "cert": (_is_certificate, "a path or PEM text, or (certificate, key, password)"),
    "dumps": (_is_function, "a function that returns a value as JSON"),
    "loads": (_is_function, "a function that returns the value of JSON"),
    "resolve": (_are_addresses, "a mapping of hosts to an IP address or a list of them"),
    "server_hostname": (_is_text, "a name or None"),
    "unix_path": (_is_text, "a path as str or None"),
    "default_encoding": (_is_encoding, "the name of an encoding or a function of the content"),
    "transport": (_is_transport, "an object with send(), or a function of the usual transport"),
    "network": (_is_network, "a ScriptedNetwork"),
    "coalesce": (_is_switch, "a bool"),
    "trust_env": (_is_switch, "a bool"),
    "resends": (_is_switch, "a bool"),
    "progress": (_is_function, "a function of the bytes so far and of their total or None"),
}


def check_arguments(settings: Mapping[str, Any]) -> None:
    """Raise an error if one of the `settings` of a client, or of a call, is not usable.

    >>> check_arguments({"pace": 5})
    Traceback (most recent call last):
    TypeError: expected pace as Pace(per_second), got 5

    Raises:
        TypeError: an argument is none of the values that it may be.
    """
    for name, (is_right, expected) in _RULES.items():
        if name in settings and not is_right(settings[name]):
            raise TypeError(f"expected {name} as {expected}, got {settings[name]!r:.80}")
