"""The third property: a request that is taken for a usual one is what the rules make of it.

A server that has a whole head asks `usual_request` first, and the rules one by one only where that
gives None. So whatever it gives must be what they would have given, and again when it is found
among what was kept.
"""

from __future__ import annotations

from nethttp.wire.environ import environ_of
from nethttp.wire.fields import select_fields
from nethttp.wire.h1.framing import FRAMING_FIELDS, expects_continue, keeps_alive, request_framing
from nethttp.wire.h1.head import parse_request_head, usual_request
from nethttp.wire.h1.repeats import repeated_request, usual_environ
from nethttp.wire.target import check_host, check_target

__all__ = ["check_usual"]


def check_usual(data: bytes) -> None:
    """Compare what is usual with what the rules say; they must not refuse it."""
    head = data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    usual = usual_request(head)
    if usual is None:
        assert repeated_request(head) is usual_environ(head, {}) is None
        return
    method, target, version, fields = parse_request_head(head)
    selected = select_fields(fields, FRAMING_FIELDS)
    check_target(method, target)
    check_host(version, selected.get("host", []))
    assert not expects_continue(version, selected)
    length = request_framing(method, version, selected)
    persistent = keeps_alive(version, selected)
    line = head.partition(b"\r\n")[0].decode("latin-1")
    assert usual == (length, persistent, method, target, version, line)
    base: dict[str, object] = {"wsgi.version": (1, 0)}
    environ = environ_of(base, method, target, version, fields)
    for _ in range(3):
        assert repeated_request(head) == usual
        assert usual_environ(head, base) == (length, persistent, environ)
