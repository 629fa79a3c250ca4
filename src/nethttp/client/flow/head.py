"""What a request looks like on the wire: `outgoing_of(request)`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ...errors import LocalProtocolError
from ...wire.fields import FieldLines
from ...wire.h1.encoder import LAST_CHUNK, encode_chunk
from ...wire.h1.head import serialise_request_fields
from ...wire.h1.rules import RequestPlan, announces_content, judge_own_request, plan_request
from ..messages.request import CommonHeaders, Request
from .outgoing import Outgoing

__all__ = ["common_headers", "outgoing_of"]

#: Methods whose requests have content by their meaning: an empty one is declared too, so that no
#: server waits for it. RFC 9110 section 8.6.
_WITH_CONTENT: Final = frozenset({"POST", "PUT", "PATCH", "QUERY"})


def common_headers(pairs: FieldLines) -> CommonHeaders:
    """Return the headers of many requests, checked, and serialised once if that is enough.

    >>> common_headers([("Host", "a")]).block
    b'Host: a\\r\\n'

    Raises:
        LocalProtocolError: a header is not valid, or they contradict each other.
    """
    verdict = judge_own_request(pairs)
    usual = verdict.persistent and not verdict.expects_continue and not announces_content(pairs)
    return CommonHeaders(pairs, serialise_request_fields(pairs) if usual else None)


def outgoing_of(request: Request, target: str, more: Iterable[tuple[str, str]] = ()) -> Outgoing:
    """Return `request` as it is sent, with this target in its request line. RFC 9112 section 3.

    `more` are header lines for the next hop alone: a proxy's.

    Raises:
        LocalProtocolError: the headers contradict each other, or the content.
    """
    body, method = request.body, request.method
    line = f"{method} {target} HTTP/1.1\r\n".encode("ascii")
    common = None if more or request.common is None else request.common.block
    if common is not None and body is None and method not in _WITH_CONTENT:
        return Outgoing.usual(b"%b%b\r\n" % (line, common))
    content = b"" if body is None else body
    length = len(content) if isinstance(content, bytes) else content.length
    if common is not None:
        plan = _plan(frozenset(), request, length)
        return Outgoing(
            b"%b%b%b\r\n" % (line, common, _line_of(plan)), content, length, plan.chunked
        )
    pairs = [*request.headers.pairs, *more]
    names = frozenset([name.lower() for name, _ in pairs])
    if "host" not in names:
        pairs.insert(0, ("Host", request.url.origin.authority))
    plan = _plan(names, request, length)
    if plan.added is not None:
        pairs.append(plan.added)
    in_chunks = plan.chunked
    if in_chunks and isinstance(content, bytes):  # the program asked for chunks by a field
        content, in_chunks = encode_chunk(content) + LAST_CHUNK, False
        length = None
    verdict = judge_own_request(pairs)
    declared = verdict.framing if verdict.framing >= 0 else None
    if declared is not None and length is not None and declared != length:
        raise LocalProtocolError(
            f"expected a Content-Length of {length}, as the content has, got {declared}"
        )
    return Outgoing(
        b"%b%b\r\n" % (line, serialise_request_fields(pairs)),
        content,
        declared if body is not None else None,
        in_chunks,
        verdict.expects_continue and body is not None,
        verdict.persistent,
    )


def _plan(names: frozenset[str], request: Request, length: int | None) -> RequestPlan:
    body = request.body
    if body is None and request.method not in _WITH_CONTENT:
        length = None
    return plan_request(names, length, body is not None, chunked=True)


def _line_of(plan: RequestPlan) -> bytes:
    return (
        b""
        if plan.added is None
        else b"%b: %b\r\n" % tuple(part.encode("ascii") for part in plan.added)
    )
