"""Finds out what to serve: a handler class, a WSGI application, a directory or a file.

On the command line, ``module:name`` names an application, or a factory: a function that is called
without arguments and returns one. ``module:name(...)`` is called with the literals in parentheses.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import os
import socketserver
import sys
import traceback
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from ..files.folder import FolderHandler
from ..files.single import SingleFileHandler
from ..handlers.handler import BaseHTTPRequestHandler

__all__ = ["INTERFACES", "NotServable", "Target", "identify", "is_shared", "loader_for"]

Interface = Literal["handler", "wsgi", "directory", "file"]
INTERFACES: tuple[Interface, ...] = ("handler", "wsgi", "directory", "file")


class NotServable(ValueError):
    """Something that cannot be served; for an error of the program, with its traceback."""


class Target(NamedTuple):
    """Something to serve: `value` is a handler class (or a partial of one) or a WSGI callable."""

    interface: Interface
    value: Any


def identify(app: object, interface: str | None = None) -> Target:
    """Return what `app` is: a handler class, a WSGI callable, or the path of a directory or file.

    `interface` names the kind that is expected; None: any of them.

    >>> identify(".").interface, identify(BaseHTTPRequestHandler).interface
    ('directory', 'handler')

    Raises:
        NotServable: `app` is of none of these kinds, or not of the kind `interface`.
    """
    if interface not in (None, *INTERFACES):
        raise NotServable(f"expected an interface of {', '.join(INTERFACES)}, got {interface!r}")
    if isinstance(app, str | os.PathLike) and interface in (None, "directory", "file"):
        path = os.fspath(app)
        if interface != "file" and os.path.isdir(path):
            return Target("directory", functools.partial(FolderHandler, directory=path))
        if interface != "directory" and os.path.isfile(path):
            return Target("file", functools.partial(SingleFileHandler, file=path))
        raise NotServable(_not_there(path, interface))
    found = _interface_of(app)
    if found is None or interface not in (None, found):
        wanted = {
            "handler": "a subclass of nethttp.server.BaseHTTPRequestHandler",
            "wsgi": "a WSGI application: a callable that takes (environ, start_response)",
            "directory": "the path of a directory",
            "file": "the path of a file",
            None: "a handler class, a WSGI application or the path of a directory or file",
        }[interface]
        raise NotServable(f"expected {wanted}, got {_described(app)}")
    return Target(found, app)


def _interface_of(app: object) -> Interface | None:
    bare = app
    while isinstance(bare, functools.partial):
        bare = bare.func
    if isinstance(bare, type) and issubclass(bare, socketserver.BaseRequestHandler):
        return "handler" if issubclass(bare, BaseHTTPRequestHandler) else None
    if not callable(app) or _is_coroutine(app) or not _takes(app, 2):
        return None
    return "wsgi"


def _is_coroutine(app: object) -> bool:
    return inspect.iscoroutinefunction(app) or (
        not isinstance(app, type) and inspect.iscoroutinefunction(getattr(app, "__call__", None))  # noqa: B004
    )


def _takes(function: Callable[..., Any], count: int) -> bool:
    """Return whether a function can be called with so many arguments, as far as that is known."""
    try:
        inspect.signature(function).bind(*[None] * count)
    except TypeError:
        return False
    except ValueError:
        pass  # A function written in C may have no signature.
    return True


def _described(app: object) -> str:
    if isinstance(app, type) and any(base.__module__ == "http.server" for base in app.__mro__):
        return (
            f"{app.__qualname__}, a handler of http.server: import from nethttp.server, or run "
            "under python -m nethttp.compat"
        )
    if isinstance(app, type) and not _takes(app, 2):
        return f"the class {app.__qualname__}"
    if callable(app):
        name = getattr(app, "__qualname__", type(app).__name__)
        if _is_coroutine(app):
            return (
                f"{name}, an ASGI application, which needs an ASGI server, such as uvicorn or "
                "hypercorn"
            )
        if _takes(app, 0):
            return f"{name}, which takes no arguments: if it makes the application, pass {name}()"
        return f"{name}, which does not take these two arguments"
    return f"{type(app).__name__} {app!r:.80}"


def _not_there(path: str, interface: str | None) -> str:
    """Return why the directory or file `path` cannot be served."""
    wanted = "directory or file" if interface is None else interface
    if not os.path.exists(path):
        return f"no such {wanted}: {path}"
    found = "directory" if os.path.isdir(path) else "file" if os.path.isfile(path) else "device"
    return f"expected a {wanted}, got the {found} {path}"


def loader_for(target: str, interface: str | None = None) -> Callable[[], Target]:
    """Return a function that finds what `target` names: a directory, a file or ``module:name``.

    A mistake that can be found without running the program is reported now. The module is imported
    when the function is called, because each worker needs new code; modules in the current
    directory are found first.

    Raises:
        NotServable: it is no directory and no file, and reads like no module.
    """
    if interface in ("directory", "file") or (interface is None and is_shared(target)):
        identify(target, interface)
        return lambda: identify(target, interface)
    module, colon, expression = target.partition(":")
    name, arguments = _call(expression)
    names = [*module.split("."), *name.split(".")]
    if not colon or not all(part.isidentifier() for part in names):
        raise NotServable(_neither(target))
    return lambda: _found(module, name, arguments, interface)


def is_shared(target: str) -> bool:
    """Return whether `target` is a directory or file to share: one of Python is rather run.

    >>> is_shared("."), is_shared("program:app")
    (True, False)
    """
    return os.path.isdir(target) or (os.path.isfile(target) and not target.endswith(".py"))


#: The positional and keyword arguments that a factory is called with; None: it is not called.
Arguments = tuple[list[Any], dict[str, Any]] | None


def _call(expression: str) -> tuple[str, Arguments]:
    """Return the name in ``name`` or ``name(1, debug=True)``, and the arguments.

    Raises:
        NotServable: the arguments are not literals.
    """
    name, parenthesis, _ = expression.partition("(")
    if not parenthesis:
        return name, None
    try:
        call = ast.parse(expression, mode="eval").body
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name | ast.Attribute)
            and all(keyword.arg for keyword in call.keywords)
        ):
            return name.strip(), (
                [ast.literal_eval(value) for value in call.args],
                {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in call.keywords},
            )
    except (SyntaxError, ValueError):
        pass
    raise NotServable(
        f"expected a call with literals, such as create_app('test', debug=True), got {expression}"
    )


def _neither(target: str) -> str:
    """Return why `target` is neither a directory or file nor an application."""
    stem, extension = os.path.splitext(target)
    module = os.path.normpath(stem).replace(os.sep, ".")
    if extension == ".py" and os.path.exists(target) and not module.startswith("."):
        return (
            f"{target} is a Python file: name the application in it as well, for example "
            f"{module}:app; to share the file itself, add --interface file"
        )
    if os.path.exists(target):
        return f"expected a directory, a file or module:name, got {target}"
    if ":" in target:
        return f"expected a directory, a file or module:name, such as program:app, got {target}"
    if all(part.isidentifier() for part in target.split(".")):
        return f"no such directory or file: {target} (an application is named as {target}:app)"
    return f"no such directory or file: {target}"


def _found(module: str, name: str, arguments: Arguments, interface: str | None) -> Target:
    """Return what ``module:name`` is, or what it returns if it is a factory.

    Raises:
        NotServable: there is no such object, or it cannot be served.
    """
    found = _load(module, name)
    if arguments is None and not _is_factory(found):
        return identify(found, interface)
    positional, keywords = arguments or ([], {})
    try:
        made = found(*positional, **keywords)
    except (Exception, SystemExit) as error:
        raise NotServable(_program_error(f"calling {name}() of {module!r}", error)) from None
    try:
        return identify(made, interface)
    except NotServable as error:
        raise NotServable(f"{module}:{name}() returned no application: {error}") from None


def _is_factory(found: Any) -> bool:
    """Return whether this is a function that takes no arguments, where an application takes two."""
    return (
        (inspect.isfunction(found) or inspect.ismethod(found))
        and not inspect.iscoroutinefunction(found)
        and not _takes(found, 2)
        and _takes(found, 0)
    )


def _load(module: str, name: str) -> Any:
    here = os.getcwd()
    if here not in sys.path:
        sys.path.insert(0, here)
    try:
        found: Any = importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and f"{module}.".startswith(f"{error.name}."):
            raise NotServable(
                f"no module named {error.name!r} in {here} or among those that are installed"
            ) from None
        raise NotServable(_program_error(f"importing {module!r}", error)) from None
    except (Exception, SystemExit) as error:
        raise NotServable(_program_error(f"importing {module!r}", error)) from None
    for part in name.split("."):
        try:
            found = getattr(found, part)
        except AttributeError:
            public = ", ".join(other for other in dir(found) if not other.startswith("_"))
            raise NotServable(
                f"module {module!r} has no {name!r}; it has {public[:300] or 'nothing'}"
            ) from None
        except (Exception, SystemExit) as error:
            raise NotServable(_program_error(f"importing {module!r}", error)) from None
    return found


def _program_error(doing: str, error: BaseException) -> str:
    """Return what went wrong in a program's module, and where, without the frames of nethttp."""
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith("<frozen") and frame.filename not in _OWN_FILES
    ]
    lines = [*traceback.format_list(frames), *traceback.format_exception_only(error)]
    return f"{doing} failed:\n{''.join(lines)}".rstrip()


_OWN_FILES = (__file__, importlib.__file__)
