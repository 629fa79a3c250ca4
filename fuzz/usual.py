"""The third property: the fast path for usual requests gives what the rules give.

A server that has a whole head calls `usual_request` first, and `judge_request` only if that returns
None. So both must agree, and also when the result is found in the cache of repeated heads.
"""

from __future__ import annotations

from nethttp.wire.environ import environ_of
from nethttp.wire.h1.head import parse_request_head, usual_environ, usual_request
from nethttp.wire.h1.repeats import repeated_environ, repeated_request
from nethttp.wire.h1.rules import judge_request

__all__ = ["check_usual"]


def check_usual(data: bytes) -> None:
    """Compare a usual request with the result of the rules, which must not refuse it."""
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
