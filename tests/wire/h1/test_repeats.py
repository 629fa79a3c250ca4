"""Field lines that repeat themselves: what is kept of them is what was found, and has a bound."""

from __future__ import annotations

import threading

import pytest

from nethttp.caching import clear_all
from nethttp.wire.h1 import head, repeats
from nethttp.wire.h1.repeats import (
    MAX_BYTES,
    MAX_ENTRIES,
    MAX_SECTION,
    repeated_environ,
    repeated_request,
)
from nethttp.wire.limits import Limits

HEAD = b"GET /%d HTTP/1.1\r\nHost: a\r\nX-Number: %d\r\n\r\n"


@pytest.fixture(autouse=True)
def nothing_is_kept():
    """Begin and end with empty caches."""
    clear_all()
    yield
    clear_all()


def sizes():
    """Return how many lines and how many sections are kept."""
    return [len(repeats._lines), len(repeats._sections)]


@pytest.mark.parametrize(
    "block",
    [
        b"GET /a%20b?c HTTP/1.1\r\nHost: a\r\nCookie: b\r\ncookie: c\r\nProxy: d\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\nContent-Type: b\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + b"X" * 70 + b": a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a",
        b"GET /",
        b"",
    ],
)
def test_it_says_the_same_each_time(block):
    bases = [{"wsgi.errors": None, "HTTP_COOKIE": "x"}, {"PATH_INFO": "/x"}, {}]
    usual_is = head.usual_request(block)
    environs = [head.usual_environ(block, base) for base in bases]
    for _ in range(4):
        assert repeated_request(block) == usual_is
        for base, environ_is in zip(bases, environs, strict=True):
            for _ in range(2):
                found = repeated_environ(block, base)
                assert found == environ_is
                if found is not None:
                    found[2]["HTTP_COOKIE"] = "changed by its owner"
    assert sizes() == ([0, 0] if usual_is is None else [1, 1])


@pytest.mark.parametrize(
    "limits",
    [
        Limits(max_fields=1),
        Limits(max_start_line=20),
        Limits(max_field_line=20),
        Limits(max_field_section=20),
    ],
)
def test_what_is_near_a_limit_is_not_usual(limits):
    block = b"GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"
    for _ in range(4):
        assert repeated_request(block, limits) is None
        assert repeated_environ(block, {}, limits) is None
        assert repeated_request(block) is not None
        assert repeated_environ(block, {}) is not None


def test_one_section_means_different_things_behind_different_lines():
    for section, of_11 in ((b"X: y\r\n\r\n", None), (b"Host: a\r\n\r\n", (0, True))):
        for _ in range(4):
            for function in (repeated_request, lambda block: repeated_environ(block, {})):
                found = function(b"GET / HTTP/1.1\r\n" + section)
                assert (found and found[:2]) == of_11
                assert function(b"GET / HTTP/1.0\r\n" + section)[:2] == (0, False)
                assert function(b"GET // HTTP/1.0\r\n" + section) is None
                assert function(b"GET / HTTP/1.2\r\n" + section) is None


def test_what_a_program_does_to_an_environ_is_not_kept():
    block = HEAD % (1, 2)
    expected = head.usual_environ(block, {})[2]
    for _ in range(5):
        environ = repeated_environ(block, {})[2]
        assert environ == expected
        environ["HTTP_HOST"] = environ["PATH_INFO"] = "changed"
        environ["more"] = 1


def test_what_is_kept_has_a_bound():
    for number in range(MAX_ENTRIES + 100):
        for _ in range(4):
            block = HEAD % (number, number)
            assert repeated_request(block)[3] == f"/{number}"
            assert repeated_environ(block, {})[2]["HTTP_X_NUMBER"] == str(number)
        assert max(sizes()) <= MAX_ENTRIES
    assert min(sizes()) > 0


def test_what_is_kept_has_a_bound_in_bytes():
    many = b"".join(b"A%d:\r\n" % number for number in range(90))
    kept = []
    for number in range(MAX_ENTRIES):
        block = b"GET / HTTP/1.1\r\nHost: a\r\nX: %d\r\n%b\r\n" % (number, many)
        for _ in range(2):
            repeated_environ(block, {})
        kept.append(len(repeats._sections))
    assert MAX_BYTES / 20_000 < max(kept) < MAX_BYTES / 10_000 < MAX_ENTRIES


def test_what_comes_once_is_not_kept():
    for number in range(50):
        repeated_request(HEAD % (number, number))
        repeated_environ(HEAD % (number + 100, number + 100), {})
    assert sizes() == [0, 0]


def test_what_is_long_is_not_kept():
    short = b"GET / HTTP/1.1\r\nHost: a\r\nX: "
    room = MAX_SECTION - len(b"Host: a\r\nX: \r\n\r\n")
    for size, kept in ((room + 1, 0), (room, 1)):
        for _ in range(4):
            assert repeated_request(short + b"x" * size + b"\r\n\r\n") is not None
        assert sizes() == [kept, kept]


def test_threads_do_not_disturb_each_other():
    wrong = []

    def ask(offset: int) -> None:
        for number in range(3000):
            target, value = (number * 7 + offset) % (MAX_ENTRIES + 50), (number + offset) % 90
            block = HEAD % (target, value)
            found, environ = repeated_request(block), repeated_environ(block, {})[2]
            if found[3] != f"/{target}" or environ["HTTP_X_NUMBER"] != str(value):
                wrong.append(found)

    threads = [threading.Thread(target=ask, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
