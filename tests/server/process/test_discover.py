"""What a word of the command line, or an object, is to be served as."""

from __future__ import annotations

import functools
import http.server
import socketserver
import sys

import pytest

from nethttp.server import BaseHTTPRequestHandler, serve
from nethttp.server.process.discover import NotServable, identify, loader_for

PROGRAM = """
import functools
from nethttp.server import BaseHTTPRequestHandler

class Handler(BaseHTTPRequestHandler):
    pass

def app(environ, start_response):
    pass

def create_app(name="app", *, debug=False):
    made = functools.partial(app)
    made.name, made.debug = name, debug
    return made

def create_handler():
    return Handler

def create_nothing():
    return 7

def needs_one(config):
    return app

def breaks():
    raise ValueError("no configuration")

async def asgi(scope, receive, send):
    pass

class Project:
    create = staticmethod(lambda: app)
    wsgi = staticmethod(app)

class WSGI:
    def __init__(self, environ, start_response):
        pass
"""


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "program_of_a_test.py").write_text(PROGRAM)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("program_of_a_test", None)


def found(name: str, interface=None):
    return loader_for(f"program_of_a_test:{name}", interface)()


def refusal(target: str) -> str:
    with pytest.raises(NotServable) as refused:
        loader_for(target)()
    return str(refused.value)


@pytest.mark.parametrize(
    ("name", "interface"),
    [
        ("app", "wsgi"),
        ("Handler", "handler"),
        ("WSGI", "wsgi"),
        ("Project.wsgi", "wsgi"),
        ("create_app", "wsgi"),
        ("create_app()", "wsgi"),
        ("create_handler", "handler"),
        ("Project.create", "wsgi"),
        ("needs_one({'a': 1})", "wsgi"),
    ],
)
def test_an_application_or_what_makes_one(name, interface):
    assert found(name).interface == interface


def test_a_factory_is_called_with_literals():
    app = found("create_app('other', debug=True)").value
    assert (app.name, app.debug) == ("other", True)
    app = found("create_app").value
    assert (app.name, app.debug) == ("app", False)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("create_nothing", "program_of_a_test:create_nothing() returned no application: expected"),
        ("needs_one", "got needs_one, which does not take these two arguments"),
        ("needs_one()", "TypeError: needs_one() missing 1 required positional argument"),
        ("asgi", "got asgi, an ASGI application, which needs an ASGI server, such as uvicorn"),
        ("app(open('x'))", "expected a call with literals"),
        ("app(**{'a': 1})", "expected a call with literals"),
        ("app(", "expected a call with literals"),
        ("app()()", "expected a call with literals"),
        ("nope", "module 'program_of_a_test' has no 'nope'; it has"),
    ],
)
def test_what_is_no_application_is_said(name, said):
    assert said in refusal(f"program_of_a_test:{name}")


def test_a_factory_that_fails_shows_the_program_alone(here):
    first, place, line, last = refusal("program_of_a_test:breaks").splitlines()
    assert first == "calling breaks() of 'program_of_a_test' failed:"
    assert place.startswith(f'  File "{here}/program_of_a_test.py", line ')
    assert (line.strip(), last) == (
        'raise ValueError("no configuration")',
        "ValueError: no configuration",
    )


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("abc", "no such directory or file: abc (an application is named as abc:app)"),
        ("a.b", "no such directory or file: a.b (an application is named as a.b:app)"),
        ("./abc", "no such directory or file: ./abc"),
        ("a b", "no such directory or file: a b"),
        (
            "program_of_a_test.py",
            (
                "program_of_a_test.py is a Python file: name the application in it as well, for "
                "example program_of_a_test:app; to share the file itself, add --interface file"
            ),
        ),
        ("a-b:c", "expected a directory, a file or module:name, such as program:app, got a-b:c"),
        (
            "http://x",
            "expected a directory, a file or module:name, such as program:app, got http://x",
        ),
        ("a:", "expected a directory, a file or module:name, such as program:app, got a:"),
    ],
)
def test_why_a_word_names_nothing_is_said(here, target, said):
    assert refusal(target) == said


def test_a_module_that_is_not_there(here):
    said = f"no module named 'not_there' in {here} or among those that are installed"
    assert refusal("not_there:app") == refusal("not_there.wsgi:app") == said


def test_objects(here):
    class Handler(BaseHTTPRequestHandler):
        pass

    assert identify(functools.partial(Handler, 1)).interface == "handler"
    assert identify(here).interface == "directory"
    assert identify(__file__).interface == "file"
    assert identify(lambda _environ, _start_response: None).interface == "wsgi"
    assert identify(lambda *_: None).interface == "wsgi"


@pytest.mark.parametrize(
    ("app", "options", "said"),
    [
        (lambda: None, {}, "if it makes the application, pass "),
        (
            7,
            {},
            "a WSGI application or the path of a directory or file, got int",
        ),
        (socketserver.StreamRequestHandler, {}, "the class StreamRequestHandler"),
        (http.server.BaseHTTPRequestHandler, {}, "a handler of http.server: import from"),
        ("/nothing", {}, "no such directory or file: /nothing"),
        (__file__, {"interface": "directory"}, f"expected a directory, got the file {__file__}"),
        (".", {"interface": "file"}, "expected a file, got the directory ."),
        ("/dev/null", {}, "expected a directory or file, got the device /dev/null"),
        (
            ".",
            {"interface": "wsgl"},
            "expected interface to be one of handler, wsgi, directory, file",
        ),
        (
            ".",
            {"access_log": "jsn"},
            "expected access_log to be one of off, plain, common",
        ),
        (".", {"trusted_proxies": ["localhost"]}, "'localhost' does not appear to be"),
        (".", {"workers": 0}, "expected workers to be 1 or more"),
        (".", {"bind": "127.0.0.1:x"}, "expected a port"),
    ],
)
def test_serve_refuses_what_it_cannot_serve(app, options, said):
    with pytest.raises(ValueError, match=said):
        serve(app, **{"bind": "127.0.0.1:0", **options})
