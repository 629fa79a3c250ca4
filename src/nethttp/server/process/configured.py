"""`configured`: a handler class that obeys the options of `serve`.

A handler reads its bounds from its class, and so may a program's own methods. So the options become
attributes of a subclass, which is made once for a worker.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from ...wire.fields import FieldFinder
from ..logs.access import AccessLog
from .logged import record_of_handler
from .options import HANDLER_OPTIONS, ServeOptions

__all__ = ["configured"]


def configured(factory: Any, options: ServeOptions, log: AccessLog | None) -> Any:
    """Return a handler class like `factory`, or a partial of one, that obeys `options`.

    `log` is the access log, for a class that writes to it itself because the engine does not run
    it. None if an application around it writes the log, or nothing does.
    """
    if isinstance(factory, functools.partial):
        inner = configured(factory.func, options, log)
        return functools.partial(inner, *factory.args, **factory.keywords)
    attributes: dict[str, Any] = {
        name: value for name in HANDLER_OPTIONS if (value := getattr(options, name)) is not None
    }
    if (limits := options.limits_for(factory.limits)) != factory.limits:
        attributes["limits"] = limits
    if "protocol_version" not in _own_attributes(factory):
        attributes["protocol_version"] = options.protocol
    if options.access_log is not None:
        attributes["log_request"] = _log_nothing if log is None else _log_beginning_to(log)
        attributes["log_error"] = _log_what_is_no_response
    if options.trusted_proxies and "address_string" not in _own_attributes(factory):
        attributes["address_string"] = _forwarded_address(options.trusted_proxies)
    attributes["__doc__"] = factory.__doc__
    attributes["__module__"] = factory.__module__
    return type(factory.__name__, (factory,), attributes)


def _own_attributes(factory: type) -> set[str]:
    """Return the names that a program's own classes define."""
    return {
        name
        for base in factory.__mro__
        if not base.__module__.startswith(("nethttp.", "socketserver"))
        for name in vars(base)
    }


_FORWARDED_FOR = FieldFinder("x-forwarded-for")


def _forwarded_address(names: Sequence[str]) -> Callable[[Any], str]:
    """Return an `address_string` that gives the client behind the proxies of these names."""
    from .proxies import TrustedProxies  # start-up: only some servers have one

    proxies = TrustedProxies(names)

    def address_string(handler: Any) -> str:
        address = handler.client_address
        peer = str(address[0]) if isinstance(address, tuple) else ""
        forwarded = handler._asked(_FORWARDED_FOR).get("x-forwarded-for", "")
        return proxies.client_of(peer, forwarded) or "-"

    return address_string


def _log_beginning_to(log: AccessLog) -> Callable[..., None]:
    """Return a `log_request` for `log`, which is called before the content is sent."""

    def log_request(handler: Any, code: Any = "-", _size: Any = "-") -> None:
        log.write(record_of_handler(handler, code, 0))

    return log_request


def _log_nothing(_handler: Any, _code: Any = "-", _size: Any = "-") -> None:
    """The access log has a line for it."""


def _log_what_is_no_response(handler: Any, format: str, *args: Any) -> None:
    # The access log has a line for an error that was answered.
    if format != "code %d, message %s":
        handler.log_message(format, *args)
