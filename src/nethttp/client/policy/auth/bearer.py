"""`Bearer`: a token, fixed or from a function that is called once for all requests. RFC 6750."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Generator
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeAlias

from ....errors import LocalProtocolError
from ....net.effects import Ask, Park, Waiter
from .auth import Auth

if TYPE_CHECKING:
    from .auth import AuthFlow, Signed

__all__ = ["Bearer", "TokenProvider"]

TokenProvider: TypeAlias = Callable[[], str | Awaitable[str]]
"""Returns a new token; it may be ``async`` for an `AsyncClient`."""

#: b64token = 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"="   ; RFC 6750 section 2.1
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]++=*+")


class Bearer(Auth):
    """Sends a bearer token: a fixed one, or the one that a function returns. RFC 6750.

    A function is called for the first request, and when a response says 401 to its last token: once
    for all requests of all threads and tasks that wait for it. They then send the new token, or
    raise the function's exception. A second 401 is the response. If the flow that called the
    function is cancelled or runs out of time, another one calls it.

    Raises:
        LocalProtocolError: a fixed token has a character that no token has. RFC 6750 section 2.1.

    >>> tokens = iter(["old", "new"])
    >>> Bearer("fixed"), Bearer(lambda: next(tokens))
    (Bearer([secret]), Bearer([secret]))
    """

    def __init__(self, token: str | TokenProvider) -> None:
        self._provider = None if isinstance(token, str) else token
        self._token = _checked(token) if isinstance(token, str) else None
        self._lock = Lock()
        self._waiters: list[Waiter] | None = None
        """The flows that wait for the function; None: no flow calls it now."""

    def flow(self, request: Signed) -> AuthFlow:
        """Yield `request` with the token, and again with a new one if the response says 401."""
        token = self._token
        if token is None:
            token = yield from self._renewed(None)
        request.headers["Authorization"] = f"Bearer {token}"
        response = yield request
        if response.status_code != 401 or self._provider is None:
            return
        renewed = yield from self._renewed(token)
        if renewed != token:
            request = request.copy()
            request.headers["Authorization"] = f"Bearer {renewed}"
            yield request

    def _renewed(self, refused: str | None) -> Generator[Any, Any, str]:
        """Return a token that is not the `refused` one: another flow's, or the function's."""
        while True:
            waiter: Waiter | None = None
            with self._lock:
                if self._token is not None and self._token != refused:
                    return self._token
                if self._waiters is None:
                    self._waiters = []
                else:
                    waiter = Waiter()
                    self._waiters.append(waiter)
            if waiter is None:
                return (yield from self._fetched())
            outcome = yield from self._awaited(waiter)
            if isinstance(outcome, Exception):
                raise outcome
            if isinstance(outcome, str):
                return outcome

    def _awaited(self, waiter: Waiter) -> Generator[Any, Any, object]:
        """Return what the flow that calls the function has to tell: None if it gave up."""
        try:
            return (yield Park(waiter, inf))
        except BaseException:
            with self._lock:
                if self._waiters is not None and waiter.give_up():
                    self._waiters.remove(waiter)
            raise

    def _fetched(self) -> Generator[Any, Any, str]:
        """Return the function's token, and tell all waiters how the call went."""
        outcome: str | Exception | None = None
        try:
            token = outcome = _checked((yield Ask(self._provider)))  # type: ignore[arg-type]
            return token
        except TimeoutError:
            raise  # the time of this flow has run out; the others call the function themselves
        except Exception as error:
            outcome = error
            raise
        finally:
            with self._lock:
                waiters, self._waiters = self._waiters, None
                if isinstance(outcome, str):
                    self._token = outcome
            for waiter in waiters or ():
                waiter.wake(outcome)

    def __repr__(self) -> str:
        return "Bearer([secret])"


def _checked(token: object) -> str:
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        what = "another text" if isinstance(token, str) else type(token).__name__
        raise LocalProtocolError(
            f"expected a token of letters, digits and -._~+/, got {what} (RFC 6750 section 2.1)"
        )
    return token
