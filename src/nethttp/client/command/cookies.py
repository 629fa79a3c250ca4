"""The cookies of a run: read from -b, kept by --session, saved by -c."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from ...cookiejar import CookieJar, MozillaCookieJar, RFC6265Policy, SQLiteCookieJar
from ...cookiejar.any_format import format_of, read
from .failures import Failure

__all__ = ["jar_for", "session_path"]


@contextmanager
def jar_for(arguments: argparse.Namespace) -> Iterator[CookieJar]:
    """Return a context with the jar of a run; at its end the cookies are saved where they belong.

    An error in the context leaves the file of -c as it was, since the run is not complete.

    Raises:
        Failure: a file cannot be read or written.
    """
    try:
        jar = _session(arguments.session) if arguments.session else CookieJar(RFC6265Policy())
        if arguments.cookie is not None and os.path.exists(arguments.cookie):
            for cookie in read(arguments.cookie, format_of(arguments.cookie)):
                jar.set_cookie(cookie)
    except OSError as error:
        raise Failure(f"cannot read the cookies: {error}") from None
    try:
        yield jar
    finally:
        if isinstance(jar, SQLiteCookieJar):
            jar.close()
    if arguments.cookie_jar is not None:
        _save(jar, arguments.cookie_jar)


def _save(jar: CookieJar, path: str) -> None:
    saved = MozillaCookieJar(path, policy=RFC6265Policy())
    for cookie in jar:
        saved.set_cookie(cookie)
    try:
        saved.save(ignore_discard=True)
    except OSError as error:
        raise Failure(f"cannot write {path}: {error.strerror or error}") from None


def _session(name: str) -> SQLiteCookieJar:
    path = session_path(name)
    os.makedirs(os.path.dirname(path) or ".", mode=0o700, exist_ok=True)
    return SQLiteCookieJar(path, RFC6265Policy())


def session_path(name: str) -> str:
    """Return the file of a session: a path as it is, a name below the user's state directory.

    >>> session_path("./my.db")
    './my.db'
    """
    if not re.fullmatch(r"[\w-][\w.-]*", name) or name.endswith(".db"):
        return name
    state = os.environ.get("XDG_STATE_HOME") or os.path.expanduser("~/.local/state")
    return os.path.join(state, "nethttp", "sessions", f"{name}.db")
