"""`Digest`: answers challenges without sending the password. RFC 7616."""

from __future__ import annotations

from collections.abc import Generator
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

from ....errors import AuthenticationError, InvalidURL
from ....net.effects import Pull
from ...messages.url import Origin
from .auth import Auth
from .basic import prepared
from .challenges import Challenge, parse_challenges, parse_parameters
from .digest_session import Session, Use, strongest

if TYPE_CHECKING:
    from .auth import Answered, AuthFlow, Signed

__all__ = ["Digest"]

MAX_ORIGINS = 64
"""For how many origins a `Digest` keeps a nonce; beyond, the oldest is forgotten."""

MAX_ANSWERS = 3
"""How many challenges a request answers: nonces that were stale, and a wrong password."""


class Digest(Auth):
    """Answers a server's challenge with a hash of the password; later requests need no challenge.

    Of several challenges the one with the strongest algorithm is answered: SHA-512-256, SHA-256 or
    MD5, each with ``-sess`` too. A nonce belongs to the origin that gave it, and to the paths of
    its ``domain``. Many threads and tasks may use one object.

    With `qop` "auth-int" only servers are answered that protect the bodies too, and a response
    without their proof is refused. Else "auth" is preferred, and under "auth-int" the proof for a
    response's body is not checked, so that the body can be streamed.

    RFC 7616. The flow raises `AuthenticationError` if the server tells a wrong proof that it knows
    the password (``rspauth``).

    Raises:
        LocalProtocolError: the name or password has a control character.

    >>> Digest("Mufasa", "Circle of Life")
    Digest([secret])
    """

    def __init__(
        self, username: str, password: str, *, qop: Literal["auth", "auth-int"] | None = None
    ) -> None:
        self._username = prepared(username, "user name")
        self._password = prepared(password, "password")
        self._qop = qop
        self._lock = Lock()
        self._sessions: dict[Origin, Session] = {}
        self.requires_response_body = qop == "auth-int"

    def flow(self, request: Signed) -> AuthFlow:
        """Yield `request`, and again with credentials for each challenge that can be answered.

        Raises:
            AuthenticationError: the server's ``rspauth`` is wrong. RFC 7616 section 3.5.
        """
        session = self._session_for(request)
        used = (yield from self._sign(request, session)) if session else None
        response = yield request
        for answers in range(MAX_ANSWERS):
            if response.status_code != 401:
                break
            challenge = self._challenge_of(response)
            if challenge is None or (answers and not _is_stale(challenge)):
                # After an answer to a new nonce, only the password can be wrong.
                self._forget(request.url.origin, session)
                break
            session = self._opened(challenge, request)
            request = request.copy()
            used = yield from self._sign(request, session)
            response = yield request
        if session is not None and used is not None:
            self._take_information(response, session, used, request)

    def _session_for(self, request: Signed) -> Session | None:
        """Return the session that signs a request before it is asked to, if there is one."""
        with self._lock:
            session = self._sessions.get(request.url.origin)
            if session is None or session.is_used_up:
                return None
            if session.paths and not request.target.startswith(session.paths):
                return None
            return session

    def _sign(self, request: Signed, session: Session) -> Generator[Any, Any, Use]:
        with self._lock:
            used = session.use(request.target)
        body_hash = ""
        if used.qop == "auth-int":
            body_hash = yield from _hashed(request.body, session)
        request.headers["Authorization"] = session.credentials(used, request.method, body_hash)
        return used

    def _challenge_of(self, response: Answered) -> Challenge | None:
        return strongest(parse_challenges(response.headers.get_list("WWW-Authenticate")), self._qop)

    def _opened(self, challenge: Challenge, request: Signed) -> Session:
        session = Session(
            challenge,
            self._username,
            self._password,
            _paths_of(challenge.parameters.get("domain", ""), request),
            self._qop,
        )
        with self._lock:
            # Put at the end, as the newest.
            self._sessions.pop(request.url.origin, None)
            self._sessions[request.url.origin] = session
            if len(self._sessions) > MAX_ORIGINS:
                del self._sessions[next(iter(self._sessions))]
        return session

    def _forget(self, origin: Origin, session: Session | None) -> None:
        with self._lock:
            if session is not None and self._sessions.get(origin) is session:
                del self._sessions[origin]

    def _take_information(
        self, response: Any, session: Session, used: Use, request: Signed
    ) -> None:
        """Check the server's proof and take its next nonce. RFC 7616 section 3.5."""
        told = parse_parameters(response.headers.get("Authentication-Info") or "")
        if used.qop != "auth-int":
            proved = "rspauth" not in told or session.is_proof(told, used, "")
        elif self.requires_response_body:
            state = session.hasher()
            state.update(response.content)
            proved = "rspauth" in told and session.is_proof(told, used, state.hexdigest())
        else:
            proved = True  # not known: the proof covers a body that is still to be read
        if not proved:
            self._forget(request.url.origin, session)
            raise AuthenticationError(
                "expected the server to prove that it knows the password, got a wrong rspauth or "
                "none in Authentication-Info (RFC 7616 section 3.5)",
                request=request,
                phase="auth",
            )
        if "nextnonce" in told:
            with self._lock:
                session.renew(told["nextnonce"])

    def __repr__(self) -> str:
        return "Digest([secret])"

    def __getstate__(self) -> dict[str, Any]:
        """Return the settings; nonces stay with this object, so that none is counted twice."""
        return {
            "username": self._username.decode(),
            "password": self._password.decode(),
            "qop": self._qop,
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]


def _is_stale(challenge: Challenge) -> bool:
    return challenge.parameters.get("stale", "").lower() == "true"


def _paths_of(domain: str, request: Signed) -> tuple[str, ...]:
    """Return what the targets of a challenge's protection space begin with; () for all targets.

    A URI of another origin counts as the request's own: that server is to ask itself. A proxy's
    ``domain`` means nothing. RFC 7616 section 3.3.
    """
    paths: list[str] = []
    if not request.target.startswith("/"):
        return ()
    for reference in domain.split():
        try:
            url = request.url.join(reference)
        except InvalidURL:
            continue
        paths.append(url.path if url.origin == request.url.origin else request.url.path)
    return () if "/" in paths else tuple(paths)


def _hashed(body: Any, session: Session) -> Generator[Any, Any, str]:
    """Return the hash of a request's body, which is read to its end and rewound."""
    state = session.hasher()
    if isinstance(body, bytes):
        state.update(body)
    elif body is not None:
        pieces = body.pieces()
        while (piece := (yield Pull(pieces))) is not None:
            state.update(piece)
        body.rewind()
    return state.hexdigest()
