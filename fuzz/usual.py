"""The third property: the fast paths for usual messages give what the rules give.

A server that has a whole head calls `usual_request` first, and `judge_request` only if that returns
None. So both must agree, and also when the result is found in the cache of repeated heads. A client
does the same with `usual_response` and `judge_response`.
"""

from __future__ import annotations

from nethttp.wire.environ import environ_of
from nethttp.wire.h1.head import (
    parse_request_head,
    parse_response_head,
    usual_environ,
    usual_request,
    usual_response,
)
from nethttp.wire.h1.repeats import repeated_environ, repeated_request
from nethttp.wire.h1.rules import FINAL, judge_request, judge_response

__all__ = ["check_usual"]


def check_usual(data: bytes) -> None:
    """Compare a usual message with the result of the rules, which must not refuse it."""
    _check_usual_request(data)
    _check_usual_response(data)


def _check_usual_request(data: bytes) -> None:
    head = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    usual = usual_request(head)
    if usual is None:
        assert usual_environ(head, {}) is None
        assert repeated_request(head) is repeated_environ(head, {}) is None
        return
    method, target, version, fields = parse_request_head(head)
    length, persistent, expects = judge_request(method, target, version, fields)
    assert not expects
    line = head.partition(b"\r\n")[0].decode("latin-1")
    assert usual == (length, persistent, method, target, version, line)
    base: dict[str, object] = {"wsgi.version": (1, 0)}
    environ = environ_of(base, method, target, version, fields)
    assert usual_environ(head, base) == (length, persistent, environ)
    for _ in range(3):
        assert repeated_request(head) == usual
        assert repeated_environ(head, base) == (length, persistent, environ)


def _check_usual_response(data: bytes) -> None:
    usual = usual_response("GET", data)
    if usual is None:
        return
    size, status, reason, framing, persistent, plain = usual
    version, *line, fields, unread = parse_response_head(data[:size])
    assert (version, unread, line) == (11, None, [status, reason])
    assert judge_response("GET", 11, status, fields) == (framing, True, persistent, FINAL)
    assert plain is {"set-cookie", "content-encoding"}.isdisjoint(n.lower() for n, _ in fields)
