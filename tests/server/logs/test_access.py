"""Lines of the access log."""

from __future__ import annotations

import json

import pytest

from nethttp.server.logs.access import FORMATS, MAX_VALUE, AccessRecord


@pytest.mark.parametrize("format", ["combined", "json"])
def test_what_a_peer_says_is_cut(format):
    long = "a" * (MAX_VALUE + 1)
    line = FORMATS[format](
        AccessRecord("::1", 0.0, f"GET {long} HTTP/1.1", 200, 5, 0.1, long, long)
    )
    assert line.count("a" * MAX_VALUE) == (2 if format == "combined" else 3)
    assert long not in line


def test_a_line_of_json_says_when_and_how_long():
    line = FORMATS["json"](AccessRecord("::1", 0.25, "GET /a HTTP/1.1", None, 0, 0.1234567))
    found = json.loads(line)
    assert found["time"] == "1970-01-01T00:00:00.250Z"
    assert (found["method"], found["target"], found["version"]) == ("GET", "/a", "HTTP/1.1")
    assert (found["status"], found["size"], found["seconds"]) == (None, 0, 0.123457)


def test_a_control_character_cannot_begin_a_line():
    for name in FORMATS:
        line = FORMATS[name](
            AccessRecord("::1", 0, 'GET /\r\n"x HTTP/1.1', 400, 0, 0, "\x1b", "\n", "a\n\x1b")
        )
        assert line.isprintable(), name


@pytest.mark.parametrize(("user", "shown"), [(None, "-"), ("ann", "ann"), ('a "b', r"a\x20\x22b")])
def test_the_user_is_the_third_field(user, shown):
    record = AccessRecord("::1", 0, "GET / HTTP/1.1", 200, 5, 0.1, user=user)
    for name in ("common", "combined"):
        assert FORMATS[name](record).startswith(f"::1 - {shown} [")
    assert json.loads(FORMATS["json"](record))["user"] == user
