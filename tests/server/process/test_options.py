"""What the words of the server's command line mean, and what its help says."""

from __future__ import annotations

import re

import pytest

from nethttp.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from nethttp.server.engine.application import EngineLimits
from nethttp.server.process.listeners import BACKLOG, Address
from nethttp.server.process.options import Refused, addresses_of, command_line, parsed, settings_of
from nethttp.server.process.worker import Settings, _with_settings
from nethttp.wire.limits import SERVER_LIMITS, Limits


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Begin in a directory with a site `dist`, a directory `media` and a page."""
    for name in ("dist", "media"):
        (tmp_path / name).mkdir()
    (tmp_path / "dist" / "index.html").touch()
    (tmp_path / "dist" / "app.html").touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def served(*words: str):
    """Return the directory, its options and the port that `words` mean."""
    arguments = parsed("prog", words)
    settings, what = settings_of(arguments)
    options = settings.find().value.keywords
    return what, options, addresses_of(arguments)[0].port


@pytest.mark.parametrize(
    ("words", "directory", "port", "options"),
    [
        ("--cors media", "media", 8000, {"cors": ["*"]}),
        ("media --cors", "media", 8000, {"cors": ["*"]}),
        ("media --cors 9000", "media", 9000, {"cors": ["*"]}),
        ("--cors --no-listing media", "media", 8000, {"cors": ["*"], "show_listing": False}),
        ("--cors https://a.example media", "media", 8000, {"cors": ["https://a.example"]}),
        ("--cors=https://a.example media", "media", 8000, {"cors": ["https://a.example"]}),
        ("--cors http://a:1 --cors=null media", "media", 8000, {"cors": ["http://a:1", "null"]}),
        ("--spa dist 9000", "dist", 9000, {"spa": "index.html"}),
        ("dist --spa 9000", "dist", 9000, {"spa": "index.html"}),
        ("dist 9000 --spa", "dist", 9000, {"spa": "index.html"}),
        ("--spa=app.html dist", "dist", 8000, {"spa": "app.html"}),
        ("--spa --cors -d dist", "dist", 8000, {"spa": "index.html", "cors": ["*"]}),
        ("9000 dist", "dist", 9000, {}),
        ("--port 9000 dist", "dist", 9000, {}),
        ("-- dist 9000", "dist", 9000, {}),
        ("-H X-A b dist", "dist", 8000, {"extra_response_headers": [("X-A", "b")]}),
        ("-H X-A:b dist", "dist", 8000, {"extra_response_headers": [("X-A", "b")]}),
        ("--content-type text/plain", ".", 8000, {"default_content_type": "text/plain"}),
        ("--header X-A -1 dist", "dist", 8000, {"extra_response_headers": [("X-A", "-1")]}),
    ],
)
def test_no_option_takes_the_directory_or_the_port(here, words, directory, port, options):
    what, got, got_port = served(*words.split())
    assert (what, got_port) == (str(here / directory), port)
    defaults = served("dist")[1]
    assert got == {**defaults, "directory": what, **options}


def test_no_option_has_a_value_that_may_be_left_out_but_those_that_are_joined():
    optional = {
        option
        for action in command_line("prog")._actions
        if action.nargs == "?"
        for option in action.option_strings
    }
    assert optional == {"--spa", "--cors"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--spa media", "--spa: there is no file 'index.html' in "),
        ("--spa=nothing.html dist", "--spa: there is no file 'nothing.html' in "),
        ("--spa=../dist/app.html media", "--spa: there is no file '../dist/app.html' in "),
        ("--spa= dist", "--spa: there is no file '' in "),
        ("--spa app.html dist", "expected one TARGET and one PORT, got app.html and dist"),
        ("dist media", "expected one TARGET and one PORT, got dist and media"),
        ("9000 --port 8000", "expected one port, got 9000 and --port 8000"),
        ("70000", "expected a port from 0 to 65535, got 70000"),
    ],
)
def test_what_does_not_fit_together_is_refused(words, said):
    with pytest.raises(Refused, match=re.escape(said)):
        served(*words.split())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("-p 9000", "expected HTTP/1.0 or HTTP/1.1, got '9000'; a port is written --port 9000"),
        ("-p HTTP/2", "expected HTTP/1.0 or HTTP/1.1, got 'HTTP/2' ("),
        ("--port x", "--port: expected a port from 0 to 65535, got 'x'"),
        ("--port 65536", "--port: expected a port from 0 to 65535, got '65536'"),
        ("--prot 1", "expected HTTP/1.0 or HTTP/1.1, got '1'"),
        ("--cors=media", "--cors: expected an origin such as https://app.example, got 'media'"),
        ("--dierctory .", "there is no option --dierctory; did you mean --directory?"),
        ("-H X-A", "expected NAME:VALUE, got 'X-A'"),
        ("-H (a) 0", "expected NAME:VALUE, got '(a)'"),
        ("--health-path alive", "--health-path: expected a path such as /alive, got 'alive'"),
        ("--ready-path ", "--ready-path: expected a path such as /alive, got ''"),
        ("--cache-control a\nb", "--cache-control: expected the value of a field"),
    ],
)
def test_a_wrong_word_is_said_in_one_line(capsys, words, said):
    with pytest.raises(SystemExit) as ended:
        parsed("prog", words.split(" "))
    assert ended.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert said in error


def test_host_is_bind():
    assert addresses_of(parsed("prog", ["--host", "::1", "--port", "1"])) == [
        Address("tcp", "::1", 1)
    ]


def test_a_bound_replaces_that_one_and_no_other():
    class Own(BaseHTTPRequestHandler):
        limits = Limits(max_fields=7, max_drain=8)

    settings, _ = settings_of(parsed("prog", ["--max-body", "10M"]))
    handler = _with_settings(SimpleHTTPRequestHandler, settings, None)
    assert handler.limits == SERVER_LIMITS._replace(max_body=10 << 20)
    assert _with_settings(Own, settings, None).limits == Own.limits._replace(max_body=10 << 20)
    settings, _ = settings_of(parsed("prog", ["--max-head", "1K", "--max-fields", "3"]))
    handler = _with_settings(SimpleHTTPRequestHandler, settings, None)
    assert handler.limits == SERVER_LIMITS._replace(max_field_section=1024, max_fields=3)


@pytest.mark.parametrize(
    "words",
    [
        "",
        "9000",
        "9000 -b 127.0.0.1 -d dist",
        "--bind :: --directory dist 9000",
        "-p HTTP/1.0 9000",
        "--protocol HTTP/1.1",
        "--cgi 9000",
        "--content-type text/plain 9000",
        "-H X-A b --header X-C d 9000",
        "9000 -H X-A b",
        "--tls-cert dist/index.html --tls-key dist/index.html --tls-password-file dist/app.html",
    ],
)
def test_every_option_of_http_server_is_taken_on_every_python(words):
    settings, _ = settings_of(parsed("prog", words.split()))
    assert settings.find().interface == "directory"


def help_of(option: str) -> str:
    """Return the help of one option, on one line."""
    for action in command_line("prog")._actions:
        if option in action.option_strings:
            return " ".join(action.help.split())
    raise LookupError(option)


@pytest.mark.parametrize(
    ("option", "default"),
    [
        ("--head-timeout", f"{BaseHTTPRequestHandler.head_timeout:g}"),
        ("--idle-timeout", f"{BaseHTTPRequestHandler.idle_timeout:g}"),
        ("--body-timeout", f"{BaseHTTPRequestHandler.body_timeout:g}"),
        ("--min-body-rate", BaseHTTPRequestHandler.min_body_rate),
        ("--drain-timeout", f"{Settings(lambda: None).drain_timeout:g}"),
        ("--max-body", "no limit"),
        ("--max-head", BaseHTTPRequestHandler.limits.max_field_section),
        ("--max-fields", BaseHTTPRequestHandler.limits.max_fields),
        ("--max-connections", EngineLimits().max_connections),
        ("--max-threads", EngineLimits().max_threads),
        ("--max-waiting", EngineLimits().max_waiting),
        ("--backlog", BACKLOG),
        ("--workers", 1),
        ("--protocol", "HTTP/1.1"),
        ("--follow-links", SimpleHTTPRequestHandler.follow_links),
        ("--content-type", SimpleHTTPRequestHandler.default_content_type),
    ],
)
def test_the_help_prints_the_default_that_the_code_has(option, default):
    assert f"(default: {default})" in help_of(option)
    assert SERVER_LIMITS.max_body is None


def test_the_help_prints_the_default_of_every_option_that_has_one():
    for action in command_line("prog")._actions:
        if action.default not in (None, False, "==SUPPRESS==") and action.option_strings:
            assert f"(default: {action.default})" in action.help, action.option_strings
