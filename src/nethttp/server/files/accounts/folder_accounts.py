"""`FolderAccounts`: knows the user of a request by Basic or by a cookie, and signs people in.

Programs send Basic (RFC 7617) with each request. People sign in on a page, and have a cookie that
the server can end.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from urllib.parse import parse_qs

from ....caching import SecondTimeCache
from ..access import ANYONE, User
from ..refusal import Refusal
from ..reply import Reply
from ..request import FolderRequest
from ..sites import check_site
from ..urls import back_to
from . import sessions
from .attempts import Attempts
from .login_page import login_page
from .passwords import MAX_PASSWORD
from .shared_state import open_sessions
from .users import Users

__all__ = ["FolderAccounts"]

MAX_CREDENTIALS = 4096
"""Characters of an Authorization field."""

MAX_FORM = 8192
"""Bytes of a form that signs in."""

MAX_PROVEN = 1024
"""Right credentials that one worker keeps the digests of."""

AT_ONCE = 2
"""Passwords that one worker compares at the same time: each takes 32 MiB and a core."""

SECONDS_FOR_TURN = 5.0
"""Seconds to wait for one's turn."""

RETRY_AFTER = 5
"""Seconds after which to try again when no turn came."""

_NO_STORE = ("Cache-Control", "no-store")


class FolderAccounts:
    """Accounts of `users`; what workers share is a file in the directory `state`.

    With `secure` browsers send the cookie over TLS alone. `clock` gives seconds that all workers
    share.
    """

    def __init__(
        self,
        users: Users,
        state: str,
        *,
        secure: bool = False,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._users = users
        database, self._sessions = open_sessions(state, clock)
        self._attempts = Attempts(database, clock)
        # A browser sends a cookie to all ports of a host, so each folder has a name of its own.
        self._cookie = f"nethttp-{hashlib.sha256(os.fsencode(state)).hexdigest()[:8]}"
        self._secure = secure
        self._key = os.urandom(32)
        self._proven: dict[bytes, User] = {}
        self._recent: SecondTimeCache[str, User] = SecondTimeCache()
        """The users of credentials as requests have them now, for a minute: a look here takes a
        tenth of a digest's time."""
        self._pending: dict[tuple[bytes, str], Future[User | Reply]] = {}
        self._turns = threading.BoundedSemaphore(AT_ONCE)

    # --- by what a request carries ---

    def user_of(self, fields: Mapping[str, str], address: str) -> User | Reply:
        """Return the user of a request: `ANYONE` without credentials, or with an ended session.

        A `Reply` refuses wrong credentials (401), too many tries (429), or says that it cannot be
        known (503).
        """
        credentials = fields.get("authorization")
        if credentials is None:
            cookies = fields.get("cookie", "")
            return self._user_of_session(cookies) if self._cookie in cookies else ANYONE
        user = self._recent.get(credentials)
        if user is not None:
            return user
        # Kept for long is a digest by a key of this process, which tells a thief no password.
        digest = hashlib.blake2b(credentials.encode("latin-1", "replace"), key=self._key).digest()
        user = self._proven.get(digest)
        if user is not None:
            if self._recent.admits(credentials, len(credentials)):
                self._recent.put(credentials, user, 4 * len(credentials) + 200)
            return user
        return self._prove(digest, credentials, address, fields)

    def _prove(
        self, digest: bytes, credentials: str, address: str, fields: Mapping[str, str]
    ) -> User | Reply:
        """Return the user of credentials that are new to this worker.

        A client that opens several connections sends them in all: they are one try.
        """
        outcome: Future[User | Reply] = Future()
        first = self._pending.setdefault((digest, address), outcome)
        if first is not outcome:
            try:
                return first.result(SECONDS_FOR_TURN)
            except TimeoutError:
                return _busy()
        try:
            name, password = _name_and_password(credentials)
            # Another connection may have proven them since they were looked for.
            found = self._proven.get(digest) or self._checked(name, password, address, fields)
            if isinstance(found, User):
                if len(self._proven) >= MAX_PROVEN:
                    self._proven.clear()
                self._proven[digest] = found
            outcome.set_result(found)
        except BaseException as error:
            outcome.set_exception(error)
            raise
        finally:
            del self._pending[digest, address]
        return found

    def _user_of_session(self, cookies: str) -> User | Reply:
        try:
            found = self._sessions.find(self._token_in(cookies))
        except sqlite3.Error:
            return _busy()
        if found is None or self._users.stamp(found[0]) != found[1]:
            return ANYONE
        return User(found[0])

    def _token_in(self, cookies: str) -> str:
        for pair in cookies.split(";"):
            name, _, value = pair.strip().partition("=")
            if name == self._cookie:
                return value
        return ""

    def _checked(
        self, name: str, password: bytes, address: str, fields: Mapping[str, str]
    ) -> User | Reply:
        """Return the user with a name and a password, or the reply that refuses them."""
        try:
            wait = self._attempts.begin(address, name)
            if wait:
                return self._refusal(429, fields, name, wait)
            if not self._turns.acquire(timeout=SECONDS_FOR_TURN):
                return _busy()
            try:
                right = len(password) <= MAX_PASSWORD and self._users.check(name, password)
            finally:
                self._turns.release()
            if right:
                self._attempts.succeeded(address, name)
                return User(name)
        except sqlite3.Error:
            return _busy()
        return self._refusal(401, fields, name)

    def challenge(self, fields: Mapping[str, str]) -> Reply:
        """Return the response to a user who has to sign in: a page, or a challenge for programs."""
        if _wants_page(fields):
            # No browser knows this scheme, so it shows the page, and not a dialog of its own.
            form = ("WWW-Authenticate", 'Form realm="nethttp"')
            return _page(401, "Sign in to open this.", [form])
        return Reply(401, [_BASIC, _NO_STORE], b"Sign in: user name and password, by Basic.\n")

    def _refusal(self, status: int, fields: Mapping[str, str], name: str, wait: int = 0) -> Reply:
        note = f"Sign-in refused for {name[:80]!r}: "
        if status == 429:
            message = f"Too many wrong tries. Wait {wait} seconds."
            extra, note = [("Retry-After", str(wait))], note + "too many tries"
        else:
            message = "The name or the password is wrong."
            extra, note = [("WWW-Authenticate", 'Form realm="nethttp"')], note + "wrong password"
        if _wants_page(fields) and "authorization" not in fields:
            return _page(status, message, extra)._replace(note=note)
        if status == 401:
            extra = [_BASIC]
        return Reply(status, [*extra, _NO_STORE], f"{message}\n".encode(), note=note)

    # --- by the page ---

    def page(self, request: FolderRequest) -> Reply:
        """Return the page on which one signs in, or out."""
        return _page(200, "", [], request.user.name)

    def sign_in(self, request: FolderRequest) -> Reply:
        """Return 303 back to the path, with the cookie of a new session; or the page again.

        Raises:
            Refusal: another site's page has sent the form, or it is none.
        """
        check_site(request.fields)
        form = _form(request)
        name = form.get("name", [""])[0]
        password = form.get("password", [""])[0].encode("utf-8", "surrogateescape")
        fields = {**request.fields, "accept": "text/html"}  # The form comes from the page.
        user = self._checked(name, password, request.address, fields)
        if isinstance(user, Reply):
            return user
        stamp = self._users.stamp(name)
        assert stamp is not None
        try:
            token = self._sessions.begin(name, stamp)
        except sqlite3.Error:
            return _busy()
        return self._back(request, token, sessions.LIFE)

    def sign_out(self, request: FolderRequest) -> Reply:
        """Return 303 back to the path, after ending the session.

        Raises:
            Refusal: another site's page has sent the form.
        """
        check_site(request.fields)
        try:
            self._sessions.end(self._token_in(request.fields.get("cookie", "")))
        except sqlite3.Error:
            return _busy()
        return self._back(request, "", 0)

    def _back(self, request: FolderRequest, token: str, seconds: int) -> Reply:
        cookie = f"{self._cookie}={token}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax"
        if self._secure:
            cookie += "; Secure"
        place = back_to(request.names, ends_with_slash=request.ends_with_slash, directory=False)
        return Reply(303, [("Location", place), ("Set-Cookie", cookie), _NO_STORE])


_BASIC = ("WWW-Authenticate", 'Basic realm="nethttp", charset="UTF-8"')


def _wants_page(fields: Mapping[str, str]) -> bool:
    return "text/html" in fields.get("accept", "")


def _page(
    status: int, message: str, extra: list[tuple[str, str]], user: str | None = None
) -> Reply:
    fields, content = login_page(message, user)
    return Reply(status, [*fields, *extra, _NO_STORE], content)


def _busy() -> Reply:
    text = b"The server cannot check passwords now. Try again in some seconds.\n"
    return Reply(503, [("Retry-After", str(RETRY_AFTER)), _NO_STORE], text)


def _name_and_password(credentials: str) -> tuple[str, bytes]:
    """Return what Basic credentials have; what is none has no name and no password.

    >>> _name_and_password("Basic YTpiOmM="), _name_and_password("Bearer x")
    (('a', b'b:c'), ('', b''))
    """
    scheme, _, encoded = credentials.partition(" ")
    if scheme.lower() != "basic" or len(credentials) > MAX_CREDENTIALS:
        return "", b""
    try:
        decoded = base64.b64decode(encoded.strip(), validate=True)
    except (binascii.Error, ValueError):
        return "", b""
    name, _, password = decoded.partition(b":")
    return name.decode("utf-8", "surrogateescape"), password


def _form(request: FolderRequest) -> dict[str, list[str]]:
    """Return the fields of the form.

    Raises:
        Refusal: it is none, or too long.
    """
    kind = request.fields.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/x-www-form-urlencoded":
        raise Refusal(415, "Expected application/x-www-form-urlencoded")
    content = bytearray()
    for piece in request.content():
        content += piece
        if len(content) > MAX_FORM:
            raise Refusal(413, f"A form may have {MAX_FORM} bytes")
    try:
        return parse_qs(content.decode("ascii"), errors="surrogateescape", max_num_fields=10)
    except ValueError:
        raise Refusal(400, "Expected a form of at most 10 fields, in ASCII") from None
