"""Log lines in colours, where a terminal shows them or the user asks for them."""

from __future__ import annotations

import io
import sys

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import BaseHTTPRequestHandler
from nethttp.server.logs.access import AccessRecord, coloured_plain, plain
from nethttp.server.logs.colours import coloured_line, has_colours, stderr_has_colours

VARIABLES = ("PYTHON_COLORS", "NO_COLOR", "FORCE_COLOR", "TERM")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def no_wishes(monkeypatch):
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("stream", "wishes", "expected"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (None, {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (Terminal(), {"TERM": "dumb"}, False),
        (Terminal(), {"PYTHON_COLORS": "0"}, False),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (io.StringIO(), {"PYTHON_COLORS": "1", "NO_COLOR": "1"}, True),
    ],
)
def test_who_gets_colours(monkeypatch, stream, wishes, expected):
    for name, value in wishes.items():
        monkeypatch.setenv(name, value)
    assert has_colours(stream) is expected
    monkeypatch.setattr(sys, "stderr", stream)
    assert stderr_has_colours() is expected


def test_another_standard_error_is_looked_at_anew(monkeypatch):
    for stream, expected in ((Terminal(), True), (io.StringIO(), False), (Terminal(), True)):
        monkeypatch.setattr(sys, "stderr", stream)
        assert stderr_has_colours() is expected


def test_a_closed_stream_has_none():
    stream = Terminal()
    stream.isatty = io.StringIO.isatty.__get__(stream)
    stream.close()
    assert not has_colours(stream)


@pytest.mark.parametrize(
    ("status", "code"), [(101, "0"), (200, "32"), (304, "96"), (404, "33"), (503, "31")]
)
def test_the_status_has_the_colour_of_its_class(status, code):
    line = coloured_line("a - - [b] ", f'"GET /x HTTP/1.1" {status} 7')
    assert line == (
        f'\x1b[90ma - - [b]\x1b[0m "GET \x1b[36m/x\x1b[0m HTTP/1.1" '
        f"\x1b[{code}m{status}\x1b[0m \x1b[90m7\x1b[0m"
    )


def test_an_error_and_any_other_message():
    assert coloured_line("a ", "code 404, message x").endswith(
        " \x1b[33mcode 404, message x\x1b[0m"
    )
    assert coloured_line("a ", "hello") == "\x1b[90ma\x1b[0m hello"
    assert coloured_line("a ", '"junk" 400 -') == '\x1b[90ma\x1b[0m "junk" 400 -'


def test_the_access_log_has_the_same_words_with_and_without_colours():
    record = AccessRecord("::1", 0, 'GET /"\x1b HTTP/1.1', 200, 5, 0.1)
    line = plain(record)
    assert line.endswith('] "GET /\\x22\\x1b HTTP/1.1" 200 5')
    shown = coloured_plain(record)
    for code in ("0", "32", "36", "90"):
        shown = shown.replace(f"\x1b[{code}m", "")
    assert shown == line


def test_a_handler_logs_in_colours_on_a_terminal(serve, monkeypatch, eventually):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_error(404)

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with HTTPConnection(*serve(Handler).address, timeout=10) as connection:
        connection.request("GET", "/x")
        connection.getresponse().read()
    assert eventually(lambda: terminal.getvalue().count("\n") >= 2)
    error, answered = terminal.getvalue().splitlines()
    assert "\x1b[33mcode 404, message Not Found\x1b[0m" in error
    assert '"GET \x1b[36m/x\x1b[0m HTTP/1.1" \x1b[33m404\x1b[0m' in answered
