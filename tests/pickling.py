"""Pickles the objects of http.* and reads such pickles: ``pickling.py (plain | nethttp)``.

With `nethttp`, http.* is nethttp's, by `compat`. Each line of standard input is a request in JSON:
{} to be given pickles, or {name: pickle in hexadecimal} to be told what they hold. Each is answered
by one line, with the same names.
"""

from __future__ import annotations

import json
import pickle
import sys
import threading
from collections.abc import Callable
from typing import Any

if sys.argv[1] == "nethttp":
    from nethttp import compat

    compat.install()

import http.client
import http.cookiejar
import http.cookies


class KeptJar(http.cookiejar.CookieJar):
    """A jar that can be pickled, as requests makes its own."""

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        state.pop("_cookies_lock")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cookies_lock = threading.RLock()


def objects() -> list[object]:
    """Return one object of each class that programs keep, or send to another process."""
    client = http.client
    message = client.HTTPMessage()
    message["Host"] = "example.com"
    cookies = http.cookies.SimpleCookie('a=1; b="x y"')
    cookies["a"]["path"] = "/"
    jar = KeptJar(http.cookiejar.DefaultCookiePolicy(blocked_domains=["a.test"]))
    cookie = http.cookiejar.Cookie(
        *(0, "name", "value", None, False, "example.com", True, False),
        *("/", True, False, 4102444800, False, None, None, {"HttpOnly": None}),
    )
    jar.set_cookie(cookie)
    return [
        *(http.HTTPStatus.OK, http.HTTPStatus.IM_A_TEAPOT, http.HTTPMethod.PATCH),
        *(client.HTTPException("x"), client.NotConnected(), client.InvalidURL("bad url")),
        *(client.UnknownProtocol("HTTP/9"), client.UnknownTransferEncoding()),
        *(client.UnimplementedFileMode(), client.IncompleteRead(b"ab", 3)),
        *(client.ImproperConnectionState(), client.CannotSendRequest("Request-sent")),
        *(client.CannotSendHeader(), client.ResponseNotReady("Idle"), client.BadStatusLine("zzz")),
        *(client.LineTooLong("header line"), client.RemoteDisconnected("gone")),
        *(http.cookies.CookieError("odd"), http.cookiejar.LoadError("no jar")),
        *(message, cookies, cookies["a"], http.cookies.BaseCookie({"k": "v"})),
        *(cookie, jar, http.cookiejar.DefaultCookiePolicy(strict_domain=True)),
        *(client.HTTPConnection, client.HTTPResponse, client.parse_headers),
    ]


def told(value: object) -> str:
    """Return what an object is, in words that are the same for all that are equal."""
    kind = value if isinstance(value, type) else type(value)
    parts = [f"{kind.__module__}.{kind.__qualname__}", repr(value).partition(" at 0x")[0]]
    if isinstance(value, BaseException):
        parts += [repr(value.args), str(value)]
    elif isinstance(value, http.cookiejar.CookieJar):
        parts = [parts[0], repr(list(value)), repr(value._policy.blocked_domains())]
    elif isinstance(value, http.cookiejar.DefaultCookiePolicy):
        parts = [parts[0], repr(value.strict_domain), repr(value.is_blocked("a.test"))]
    elif isinstance(value, http.client.HTTPMessage):
        parts = [parts[0], str(value)]
    return " | ".join(parts)


def answer(request: dict[str, str]) -> dict[str, str]:
    """Return what is asked for, or under its name the error that came instead."""
    if not request:
        return {
            f"{number} {type(value).__qualname__}": attempt(lambda v: pickle.dumps(v).hex(), value)
            for number, value in enumerate(objects())
        }
    return {
        name: attempt(lambda text: told(pickle.loads(bytes.fromhex(text))), pickled)
        for name, pickled in request.items()
    }


def attempt(function: Callable[[Any], str], value: object) -> str:
    try:
        return function(value)
    except Exception as error:
        return f"error: {error!r}"


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))), flush=True)
