"""What the head of an HTTP/1 message decides, written once for clients and servers.

`judge_request` and `judge_response` tell where the content of a received message ends and whether
the connection outlives it. `plan_request` and `plan_response` tell what a head that is sent must
have, so that the peer judges the same. The sans-I/O connection, the handlers, WSGI and the client
decide nothing of this themselves.

In every function `version` is 10 for HTTP/1.0 and 11 for HTTP/1.1.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final, NamedTuple

from ...errors import LocalProtocolError, RemoteProtocolError, excerpt
from ..fields import select_fields
from ..limits import DEFAULT_LIMITS, Limits
from ..values import has_list_member
from .framing import (
    CHUNKED,
    UNTIL_CLOSE,
    Selected,
    declared_framing,
    request_framing,
    response_framing,
    response_has_body,
)

__all__ = [
    "CONNECTION_FIELDS",
    "FINAL",
    "INTERIM",
    "OWN_RESPONSE_FIELDS",
    "SWITCHING",
    "InterimResponses",
    "RequestPlan",
    "RequestVerdict",
    "ResponsePlan",
    "ResponseVerdict",
    "announces_content",
    "connection_option",
    "declared_response",
    "judge_own_request",
    "judge_own_response",
    "judge_request",
    "judge_response",
    "judge_text_request",
    "keeps_alive",
    "kind_of",
    "plan_request",
    "plan_response",
]

Fields = Iterable[tuple[str, str]]

_REQUEST_FIELDS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "expect"}
)
_RESPONSE_FIELDS: Final = frozenset(
    {"connection", "content-length", "transfer-encoding", "keep-alive", "proxy-connection"}
)
OWN_RESPONSE_FIELDS: Final = frozenset({"connection", "content-length", "transfer-encoding"})
"""The fields for `declared_response`, in lower case."""
CONNECTION_FIELDS: Final = frozenset(
    {"keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailers"}
    | {"transfer-encoding", "upgrade"}
)
"""Fields of one connection, in lower case, which the server alone sends. PEP 3333."""
_CONTENT_FIELDS: Final = frozenset({"content-length", "transfer-encoding"})

# --- requests ------------------------------------------------------------------------------------


class RequestVerdict(NamedTuple):
    """What the head of a request decides."""

    framing: int
    """The length of the content in bytes, or `framing.CHUNKED`."""
    persistent: bool
    """Whether the connection outlives the exchange."""
    expects_continue: bool
    """Whether the client sends its content only after an interim response 100 (Continue)."""


def judge_request(
    method: str, target: str, version: int, fields: Fields, limits: Limits = DEFAULT_LIMITS
) -> RequestVerdict:
    """Return what the parsed head of a request decides.

    Raises:
        RemoteProtocolError: refuse the request with `status_hint`: 400 for Host, target or framing,
            413 for a length over `limits.max_body`, 417 for an expectation other than 100-continue,
            501 for an unknown transfer coding. RFC 9112 sections 3.2 and 6.

    >>> judge_request("POST", "/", 11, [("Host", "a"), ("Content-Length", "5")])
    RequestVerdict(framing=5, persistent=True, expects_continue=False)
    """
    from ..target import check_host, check_target  # start-up: a client judges no request

    selected = select_fields(fields, _REQUEST_FIELDS)
    check_host(version, selected.get("host", []))
    check_target(method, target)
    framing = request_framing(method, version, selected, limits)
    expects = _expects_continue(version, selected)
    return RequestVerdict(framing, _persists(version, selected), expects)


def judge_text_request(
    method: str, version: int, fields: Fields, limits: Limits = DEFAULT_LIMITS
) -> RequestVerdict:
    """Return what the head of a request decides, if a program has written it and no peer sent it.

    This function refuses no head, since no peer can exploit it. An invalid framing gives
    `framing.UNTIL_CLOSE`, so that the program can read all that follows; an expectation other than
    100-continue is ignored.
    """
    selected = select_fields(fields, _REQUEST_FIELDS)
    try:
        framing = request_framing(method, version, selected, limits)
    except RemoteProtocolError:
        framing = UNTIL_CLOSE
    try:
        expects = _expects_continue(version, selected)
    except RemoteProtocolError:
        expects = False
    return RequestVerdict(framing, _persists(version, selected), expects)


def judge_own_request(fields: Fields) -> RequestVerdict:
    """Return what the fields of a request to be sent decide.

    Raises:
        LocalProtocolError: the peer would have to refuse the fields.

    >>> judge_own_request([("Host", "a")]).framing
    0
    """
    selected = select_fields(fields, _REQUEST_FIELDS)
    framing = declared_framing(selected) or 0
    if len(selected.get("host", ())) != 1:
        raise LocalProtocolError("expected one Host field (RFC 9112 section 3.2)")
    if len(selected.get("content-length", ())) > 1:
        raise LocalProtocolError("expected one Content-Length field (RFC 9110 section 8.6)")
    return RequestVerdict(framing, _persists(11, selected), "expect" in selected)


def announces_content(fields: Fields) -> bool:
    """Return whether a request's head declares content, even in an invalid way.

    >>> announces_content([("Host", "a")]), announces_content([("Transfer-Encoding", "?")])
    (False, True)
    """
    return bool(select_fields(fields, _CONTENT_FIELDS))


def _expects_continue(version: int, selected: Selected) -> bool:
    """Return whether the client waits for 100 Continue before it sends its content.

    Raises:
        RemoteProtocolError: with `status_hint` 417, an expectation other than 100-continue. On
            HTTP/1.0 the field is ignored. RFC 9110 section 10.1.1.
    """
    values = selected.get("expect")
    if values is None or version < 11:
        return False
    expectation = ",".join(values).strip(" \t")
    if expectation.lower() == "100-continue":
        return True
    raise RemoteProtocolError(
        f"expected the expectation '100-continue', got {excerpt(expectation)} "
        "(RFC 9110 section 10.1.1)",
        status_hint=417,
    )


class RequestPlan(NamedTuple):
    """How the content of a request is sent."""

    added: tuple[str, str] | None
    """The field to add to the head."""
    chunked: bool
    """Whether the client must put the content in chunks."""


# Made once: to make the tuple took three quarters of the time that a plan takes.
_NOTHING_TO_ADD: Final = RequestPlan(None, False)
_IN_CHUNKS: Final = RequestPlan(("Transfer-Encoding", "chunked"), True)


def plan_request(
    names: Container[str], length: int | None, has_content: bool, chunked: bool = False
) -> RequestPlan:
    """Return how to frame a request's content, if its program gives fields of these `names`.

    The names are in lower case. `length` is the content's in bytes, None if it is unknown before
    sending. If the program gives Transfer-Encoding, `chunked` says whether the client must make the
    chunks; otherwise the content has them already. RFC 9112 section 6.

    Raises:
        LocalProtocolError: the program gives both fields that frame content.

    >>> plan_request({"host"}, 5, True), plan_request({"host"}, None, True).added
    (RequestPlan(added=('Content-Length', '5'), chunked=False), ('Transfer-Encoding', 'chunked'))
    """
    if "content-length" in names:
        if "transfer-encoding" in names:
            raise LocalProtocolError(
                "expected Content-Length or Transfer-Encoding, got both (RFC 9112 section 6.2)"
            )
        return _NOTHING_TO_ADD
    if "transfer-encoding" in names:
        return RequestPlan(None, chunked)
    if length is not None:
        return RequestPlan(("Content-Length", str(length)), False)
    if has_content:
        return _IN_CHUNKS
    return _NOTHING_TO_ADD


# --- responses -----------------------------------------------------------------------------------

FINAL: Final = 0
"""The response itself."""
INTERIM: Final = 1
"""1xx: the final response follows. RFC 9110 section 15.2."""
SWITCHING: Final = 2
"""With this response the connection stops speaking HTTP. RFC 9110 sections 9.3.6 and 15.2.2."""


def kind_of(method: str | None, status: int | None) -> int:
    """Return what a response to a `method` request is: FINAL, INTERIM or SWITCHING.

    A response of unknown status (None) counts as final.

    >>> kind_of("GET", 103) == INTERIM, kind_of("CONNECT", 200) == SWITCHING
    (True, True)
    """
    if status is None:
        return FINAL
    if status == 101 or (method == "CONNECT" and 200 <= status < 300):
        return SWITCHING
    return INTERIM if status < 200 else FINAL


class ResponseVerdict(NamedTuple):
    """What the head of a response decides."""

    framing: int
    """The length of the content in bytes, `framing.CHUNKED` or `framing.UNTIL_CLOSE`."""
    sound: bool
    """Whether the start of the connection's next response is certain."""
    persistent: bool
    """Whether the connection outlives the response: it is sound, and the server keeps it open."""
    kind: int
    """FINAL, INTERIM or SWITCHING."""


def judge_response(
    method: str | None, version: int, status: int, fields: Fields
) -> ResponseVerdict:
    """Return what the head of the response to a `method` request decides.

    RFC 9112 section 6.3 decides wherever the end of the content is unambiguous.

    Raises:
        RemoteProtocolError: lengths differ, or one is not a number.

    >>> judge_response("GET", 11, 200, [("Content-Length", "5")])[:3]
    (5, True, True)
    >>> judge_response("GET", 11, 200, [])[:3]
    (-2, False, False)
    """
    selected = select_fields(fields, _RESPONSE_FIELDS)
    framing, sound = response_framing(method, version, status, selected)
    sound = sound and framing != UNTIL_CLOSE
    persistent = sound and _persists(version, selected)
    return ResponseVerdict(framing, sound, persistent, kind_of(method, status))


class InterimResponses:
    """Counts the interim responses before a final one, up to a bound. RFC 9110 section 15.2."""

    __slots__ = ("_count", "_most")

    def __init__(self, limits: Limits) -> None:
        self._most = limits.max_interim_responses
        self._count = 0

    def take(self) -> None:
        """Count one more.

        Raises:
            RemoteProtocolError: more than `max_interim_responses`. RFC 9110 section 15.2.
        """
        self._count += 1
        if self._count > self._most:
            raise RemoteProtocolError(
                f"got more than {self._most} interim responses (RFC 9110 section 15.2)"
            )

    def end(self) -> None:
        """Start the count again, since a final response was received."""
        self._count = 0


def declared_response(selected: Selected) -> tuple[int | None, bool, bool, bool]:
    """Return what the `OWN_RESPONSE_FIELDS` of a response to be sent declare.

    The four items: the framing, None without a field that declares it; whether Connection is there;
    whether Connection closes the connection; whether to leave Content-Length out, since
    Transfer-Encoding overrides it (RFC 9112 section 6.3).

    Raises:
        LocalProtocolError: the peer would have to refuse the framing.

    >>> declared_response({"content-length": ["5"], "connection": ["close"]})
    (5, True, True, False)
    """
    overridden = "transfer-encoding" in selected and "content-length" in selected
    if overridden:
        selected = {**selected}
        del selected["content-length"]
    told = selected.get("connection")
    closes = told is not None and connection_option(",".join(told)) is False
    return declared_framing(selected), told is not None, closes, overridden


class ResponsePlan:
    """How a response is sent."""

    # Faster to make, and its attributes faster to read, than a named tuple.
    __slots__ = ("framing", "has_body", "kind", "lines", "measured", "persistent")

    def __init__(
        self,
        kind: int,
        framing: int,
        persistent: bool,
        lines: bytes,
        has_body: bool = True,
        measured: bool = False,
    ) -> None:
        self.kind = kind
        """FINAL, INTERIM or SWITCHING."""
        self.framing = framing
        """The framing of the content: its length in bytes (0 without `has_body`), `framing.CHUNKED`
        or `framing.UNTIL_CLOSE`. Not valid if the length is `measured`."""
        self.persistent = persistent
        """Whether the connection outlives the response."""
        self.lines = lines
        """The field lines to add to the head."""
        self.has_body = has_body
        """Whether content may be sent. In a response to HEAD, and in a 204 or 304, the program's
        content is dropped."""
        self.measured = measured
        """Whether to declare the length that the server measures: see `with_length`."""

    def with_length(self, length: int) -> tuple[int, bytes]:
        r"""Return the framing of content of `length` bytes, and the field lines to add.

        >>> plan_response("GET", 11, 200, None, True, measured=True).with_length(5)
        (5, b'Content-Length: 5\r\n')
        """
        if not self.has_body:
            # A program may make no content for HEAD, so the length for GET is unknown.
            return 0, b"Content-Length: %d\r\n" % length + self.lines if length else self.lines
        return length, b"Content-Length: %d\r\n" % length + self.lines


#: The Connection line by (the connection persists, the peer speaks HTTP/1.1): none where it would
#: repeat the default of that version. RFC 9112 section 9.3.
_CONNECTION_LINES: Final = {
    (True, True): b"",
    (True, False): b"Connection: keep-alive\r\n",
    (False, True): b"Connection: close\r\n",
    (False, False): b"Connection: close\r\n",
}


def plan_response(
    method: str | None,
    version: int,
    status: int | None,
    declared: int | None,
    persistent: bool,
    told: bool = False,
    measured: bool = False,
    chunks: bool = False,
) -> ResponsePlan:
    """Return how to send a response to a `method` request of `version` (11 for HTTP/1.1).

    `declared` is the framing that the response's fields declare. If it is None, the content is sent
    with its length if the server has `measured` it; else in chunks, if the server can make `chunks`
    and the peer can read them; else it ends with the connection. `persistent` says whether the
    server would keep the connection open; `told`, that no Connection line is needed. A head without
    a status gets no further lines.

    >>> plan = plan_response("GET", 10, 200, None, True)
    >>> plan.framing == UNTIL_CLOSE, plan.persistent, plan.lines
    (True, False, b'Connection: close\\r\\n')
    """
    if status is None:
        framing = UNTIL_CLOSE if declared is None else declared
        return ResponsePlan(FINAL, framing, persistent, b"")
    if status < 200 or method == "CONNECT":
        kind = kind_of(method, status)
        if kind != FINAL:
            return ResponsePlan(kind, 0, persistent, b"", has_body=False)
    lines, has_body = b"", response_has_body(method, status)
    framing = 0 if declared is None or not has_body else declared
    if declared is not None or not (has_body or response_has_body(None, status)):
        measured = False
    elif measured:
        pass  # with_length
    elif chunks and version >= 11:
        lines = b"Transfer-Encoding: chunked\r\n"
        framing = CHUNKED if has_body else 0
    elif has_body:
        framing, persistent = UNTIL_CLOSE, False
    if not told:
        lines += _CONNECTION_LINES[persistent, version >= 11]
    return ResponsePlan(FINAL, framing, persistent, lines, has_body, measured)


def judge_own_response(
    method: str | None, version: int, status: int, fields: Fields, persistent: bool
) -> ResponsePlan:
    """Return how to send a response whose fields alone decide the framing of its content.

    Arguments as for `plan_response`.

    >>> judge_own_response("GET", 11, 200, [("Content-Length", "5")], True).framing
    5

    Raises:
        LocalProtocolError: the peer would have to refuse the fields, or cannot read chunks.
    """
    selected = select_fields(fields, OWN_RESPONSE_FIELDS)
    declared, told, closes, overridden = declared_response(selected)
    if overridden:
        raise LocalProtocolError(
            "expected Content-Length or Transfer-Encoding, got both (RFC 9112 section 6.2)"
        )
    if declared == CHUNKED and version < 11:
        raise LocalProtocolError("expected no chunks for HTTP/1.0 (RFC 9112 section 6.1)")
    return plan_response(method, version, status, declared, persistent and not closes, told)


# --- both ----------------------------------------------------------------------------------------


def keeps_alive(version: int, fields: Fields) -> bool:
    """Return whether, by its head, the connection outlives a message.

    >>> keeps_alive(11, []), keeps_alive(10, []), keeps_alive(10, [("Connection", "keep-alive")])
    (True, False, True)
    """
    return _persists(version, select_fields(fields, _RESPONSE_FIELDS))


def _persists(version: int, selected: Selected) -> bool:
    """Return whether the connection outlives a message with these fields. RFC 9112 section 9.3.

    A message with faulty framing (a transfer coding on HTTP/1.0, section 6.1) ends its connection.
    """
    if version < 11 and "transfer-encoding" in selected:
        return False
    connection = selected.get("connection")
    if connection is not None:
        told = connection_option(",".join(connection))
        if told is not None:
            return told
    if version >= 11:
        return True
    # Servers and proxies of HTTP/1.0 use these fields instead, also for NTLM.
    proxy = ",".join(selected.get("proxy-connection", ()))
    return "keep-alive" in selected or has_list_member(proxy, "keep-alive")


def connection_option(value: str) -> bool | None:
    """Return whether a Connection field keeps the connection open, None if it does not say.

    >>> connection_option("keep-alive, Close"), connection_option("upgrade")
    (False, None)
    """
    if has_list_member(value, "close"):
        return False
    return True if has_list_member(value, "keep-alive") else None
