"""What is to be served: a handler class, a WSGI application or a directory; found by looking."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import socketserver
import sys
import traceback
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from .files import SimpleHTTPRequestHandler
from .handler import BaseHTTPRequestHandler

__all__ = ["INTERFACES", "NotServable", "Servable", "look_at", "named"]

Interface = Literal["handler", "wsgi", "directory"]
INTERFACES: tuple[Interface, ...] = ("handler", "wsgi", "directory")


class NotServable(ValueError):
    """What was to be served cannot be; the message is one line, or more for a program's error."""


class Servable(NamedTuple):
    """Something to serve: `value` is a handler class (or a partial of one) or a WSGI callable."""

    interface: Interface
    value: Any


def look_at(app: object, interface: str | None = None) -> Servable:
    """Return what `app` is: a handler class, a WSGI callable, or the path of a directory.

    `interface` says so, and is believed as far as can be.

    >>> look_at(".").interface, look_at(BaseHTTPRequestHandler).interface
    ('directory', 'handler')

    Raises:
        NotServable: it is none of them, or not what `interface` says.
    """
    if isinstance(app, str | os.PathLike) and interface in (None, "directory"):
        path = os.fspath(app)
        if not os.path.isdir(path):
            raise NotServable(f"no such directory: {path}")
        return Servable("directory", functools.partial(SimpleHTTPRequestHandler, directory=path))
    found = _interface_of(app)
    if found is None or interface not in (None, found):
        wanted = {
            "handler": "a subclass of nethttp.server.BaseHTTPRequestHandler",
            "wsgi": "a WSGI application: a callable that takes (environ, start_response)",
            "directory": "the path of a directory",
            None: "a handler class, a WSGI application or the path of a directory",
        }[interface]
        raise NotServable(f"expected {wanted}, got {_described(app)}")
    return Servable(found, app)


def _interface_of(app: object) -> Interface | None:
    bare = app
    while isinstance(bare, functools.partial):
        bare = bare.func
    if isinstance(bare, type) and issubclass(bare, socketserver.BaseRequestHandler):
        return "handler" if issubclass(bare, BaseHTTPRequestHandler) else None
    if not callable(app) or _is_coroutine(app):
        return None
    return "wsgi"


def _is_coroutine(app: object) -> bool:
    return inspect.iscoroutinefunction(app) or (
        not isinstance(app, type) and inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004
    )


def _described(app: object) -> str:
    if isinstance(app, type):
        if any(base.__module__ == "http.server" for base in app.__mro__):
            return (
                f"{app.__qualname__}, a handler of http.server: import from nethttp.server, or run "
                "under python -m nethttp.compat"
            )
        return f"the class {app.__qualname__}"
    if callable(app) and _is_coroutine(app):
        return f"{getattr(app, '__name__', type(app).__name__)}, an ASGI application"
    return f"{type(app).__name__} {app!r:.80}"


def named(target: str, interface: str | None = None) -> Callable[[], Servable]:
    """Return a function that finds what `target` names: a directory or ``module:name``.

    What can be said without running anything is said now; a module is imported when the function
    is called, with the current directory in front of the others.

    Raises:
        NotServable: it is no directory, and reads like no module.
    """
    if interface in (None, "directory") and os.path.isdir(target):
        return lambda: look_at(target, "directory")
    module, colon, name = target.partition(":")
    names = [*module.split("."), *(name.split(".") if colon else [])]
    if interface == "directory" or not colon or not all(part.isidentifier() for part in names):
        raise NotServable(f"no such directory or application: {target} (for one: module:name)")
    return lambda: look_at(_load(module, name), interface)


def _load(module: str, name: str) -> object:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: object = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise NotServable(f"no module named {error.name!r} (in {here} or sys.path)") from None
        raise NotServable(_program_error(module, error)) from None
    except (Exception, SystemExit) as error:
        raise NotServable(_program_error(module, error)) from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = ", ".join(other for other in dir(found) if not other.startswith("_"))
            raise NotServable(
                f"module {module!r} has no {name!r}; it has {public[:300] or 'nothing'}"
            ) from None
        except (Exception, SystemExit) as error:
            raise NotServable(_program_error(module, error)) from None
    return found


def _program_error(module: str, error: BaseException) -> str:
    """Return what went wrong in a program's module, and where, without the frames of the import."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename not in _OWN_FILES
    ]
    lines = [*traceback.format_list(frames), *traceback.format_exception_only(error)]
    return f"importing {module!r} failed:\n{''.join(lines)}".rstrip()


_OWN_FILES = (__file__, importlib.__file__)
