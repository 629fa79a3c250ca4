"""Health checks: paths in front of an application that say whether a worker takes requests."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable
from typing import Any

from ...status import HTTPStatus
from .discover import Target

__all__ = ["with_health"]

#: Returns whether a path is answered 200; if not, it is answered 503.
Probe = Callable[[], bool]


def with_health(servable: Target, probes: dict[str, Probe]) -> Target:
    """Return `servable` with GET and HEAD of the paths in `probes` answered 200 or 503.

    A probe is called for each request, because its answer changes once the worker is ending.
    """
    if not probes:
        return servable
    if servable.interface == "wsgi":
        return servable._replace(value=_in_front_of_wsgi(servable.value, probes))
    return servable._replace(value=_in_front_of_handler(servable.value, probes))


def _verdict(probe: Probe) -> tuple[HTTPStatus, bytes]:
    return (HTTPStatus.OK, b"ok\n") if probe() else (HTTPStatus.SERVICE_UNAVAILABLE, b"draining\n")


def _in_front_of_wsgi(app: Any, probes: dict[str, Probe]) -> Any:
    @functools.wraps(app, updated=())
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        probe = probes.get(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", ""))
        if probe is None or environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            result: Iterable[bytes] = app(environ, start_response)
            return result
        status, body = _verdict(probe)
        start_response(
            f"{status.value} {status.phrase}",
            [
                ("Content-Type", "text/plain"),
                ("Content-Length", str(len(body))),
                ("Cache-Control", "no-store"),
            ],
        )
        return [body] if environ["REQUEST_METHOD"] == "GET" else []

    return answer


def _in_front_of_handler(factory: Any, probes: dict[str, Probe]) -> Any:
    if isinstance(factory, functools.partial):
        inner = _in_front_of_handler(factory.func, probes)
        return functools.partial(inner, *factory.args, **factory.keywords)

    def answer(handler: Any, method: str) -> None:
        probe = probes.get(handler.path.partition("?")[0])
        if probe is None:
            own = getattr(factory, f"do_{method}", None)
            if own is None:
                handler.send_error(HTTPStatus.NOT_IMPLEMENTED, f"Unsupported method ({method})")
            else:
                own(handler)
            return
        status, body = _verdict(probe)
        handler.send_response(status)
        handler.send_header("Content-Type", "text/plain")
        handler.send_header("Content-Length", str(len(body)))
        handler.send_header("Cache-Control", "no-store")
        handler.end_headers()
        handler.wfile.write(body)

    methods = {
        "do_GET": lambda handler: answer(handler, "GET"),
        "do_HEAD": lambda handler: answer(handler, "HEAD"),
        "__doc__": factory.__doc__,
        "__module__": factory.__module__,
    }
    return type(factory.__name__, (factory,), methods)
