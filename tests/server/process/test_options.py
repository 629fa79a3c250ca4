"""What the words of the server's command line mean, and what its help says."""

from __future__ import annotations

import inspect
import re
import socket
import typing
from dataclasses import fields

import pytest

from nethttp.server import (
    BaseHTTPRequestHandler,
    HTTPServer,
    SimpleHTTPRequestHandler,
    serve,
)
from nethttp.server.engine.application import EngineLimits
from nethttp.server.process.command_line import addresses_of, command_line, parsed, service_of
from nethttp.server.process.configured import configured
from nethttp.server.process.discover import Target
from nethttp.server.process.listeners import BACKLOG, Address
from nethttp.server.process.options import ROWS, Refused, ServeOptions
from nethttp.server.process.worker import Service, Worker
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
    service, what = service_of(arguments, "prog")
    options = service.find().value.keywords
    return what, options, addresses_of(arguments)[0].port


def options_of(*words: str) -> ServeOptions:
    """Return the options that `words` mean."""
    return service_of(parsed("prog", words), "prog")[0].options


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
        ("-H X-A --port 0", "expected NAME:VALUE, got 'X-A'"),
        ("-H transfer-encoding:chunked", "transfer-encoding is a field of each response's own"),
        ("-H Content-Length 5", "Content-Length is a field of each response's own"),
        ("--allowed-host http://a", "--allowed-host: expected a name such as files.example.org"),
        ("--allowed-host a:80", "without scheme and port, or * for any, got 'a:80'"),
        ("--allowed-host *.a", "got '*.a'"),
        ("--allowed-host=", "got ''"),
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


def test_a_qr_code_is_for_the_network_unless_an_address_is_given():
    def hosts(*words):
        return [address.host for address in addresses_of(parsed("prog", list(words), {}))]

    assert hosts() == ["127.0.0.1"]
    assert hosts("-q") == hosts("--qr") == ["0.0.0.0"]
    assert hosts("-q", "-b", "127.0.0.2") == ["127.0.0.2"]


def test_short_options():
    arguments = parsed("prog", ["-qour", "-s", "dist", "-A", "r", "-C", "c", "-K", "k"], {})
    assert (arguments.qr, arguments.open, arguments.upload, arguments.reload) == (True,) * 4
    assert (arguments.spa, arguments.target) == ("index.html", ["dist"])
    assert (arguments.tls_cert, arguments.tls_key, len(arguments.allow)) == ("c", "k", 1)


def test_host_is_bind():
    assert addresses_of(parsed("prog", ["--host", "::1", "--port", "1"])) == [
        Address("tcp", "::1", 1)
    ]


def test_a_bound_replaces_that_one_and_no_other():
    class Own(BaseHTTPRequestHandler):
        limits = Limits(max_fields=7, max_drain=8)

    options = options_of("--max-body", "10M")
    handler = configured(SimpleHTTPRequestHandler, options, None)
    assert handler.limits == SERVER_LIMITS._replace(max_body=10 << 20)
    assert configured(Own, options, None).limits == Own.limits._replace(max_body=10 << 20)
    options = options_of("--max-head", "1K", "--max-fields", "3")
    handler = configured(SimpleHTTPRequestHandler, options, None)
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
    service, _ = service_of(parsed("prog", words.split()), "prog")
    assert service.find().interface == "directory"


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
        ("--body-grace", f"{BaseHTTPRequestHandler.body_grace:g}"),
        ("--handshake-timeout", f"{HTTPServer.handshake_timeout:g}"),
        ("--drain-timeout", f"{ServeOptions().drain_timeout:g}"),
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
    for option in fields(ServeOptions):
        if option.default is not None:
            flag = (ROWS[option.name].flags or (f"--{option.name.replace('_', '-')}",))[-1]
            assert "(default: " in help_of(flag), flag


# --- one table ---


def test_serve_takes_the_options_of_the_table_with_their_types_and_defaults():
    taken = inspect.signature(serve).parameters
    options = {option.name: option for option in fields(ServeOptions)}
    assert [*taken] == ["app", *(name for name in taken if name in options), "on_ready"]
    assert {*taken} - {"app", "on_ready"} == {*options}
    for name, option in options.items():
        assert taken[name].default == option.default, name
        assert taken[name].annotation == option.type, name
        assert taken[name].kind is inspect.Parameter.KEYWORD_ONLY, name


def test_the_types_name_the_words_that_an_option_takes():
    types = typing.get_type_hints(ServeOptions)
    with_choices = {name: row.choices for name, row in ROWS.items() if row.choices}
    assert {*with_choices} == {"interface", "protocol", "access_log"}
    for name, choices in with_choices.items():
        literals = [types[name], *typing.get_args(types[name])]
        named = next(each for each in literals if typing.get_origin(each) is typing.Literal)
        assert sorted(typing.get_args(named)) == sorted(choices)


def test_every_option_but_two_is_on_the_command_line():
    assert {option.name for option in fields(ServeOptions)} - {*ROWS} == {"limits", "tls_password"}


#: For each option a word of the command line, and the value that `serve` takes.
VALUES = {
    "bind": ("[::1]:1", ["[::1]:1"]),
    "interface": ("directory", "directory"),
    "workers": ("3", 3),
    "protocol": ("HTTP/1.0", "HTTP/1.0"),
    **dict.fromkeys(("tls_cert", "access_log_file"), ("dist/app.html", "dist/app.html")),
    "access_log": ("json", "json"),
    **dict.fromkeys(("health_path", "ready_path"), ("/alive", "/alive")),
    "trusted_proxies": ("10.0.0.0/8", ["10.0.0.0/8"]),
    "unix_mode": ("660", 0o660),
}
ALIKE = {"SECONDS": ("1.5", 1.5), "BYTES": ("2K", 2048), "N": ("7", 7)}


@pytest.mark.parametrize("name", sorted({*ROWS} - {"tls_key", "tls_client_ca"}))
def test_an_option_means_the_same_on_the_command_line_and_in_a_program(name):
    row = ROWS[name]
    word, value = VALUES.get(name) or ALIKE[row.kind.metavar]
    given = {name: value}
    if name == "access_log_file":
        given["access_log"] = "common"
    flag = (row.flags or (f"--{name.replace('_', '-')}",))[-1]
    assert options_of(flag, word) == ServeOptions(**given)


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"workers": 0}, "expected workers to be 1 or more, got 0"),
        ({"max_threads": -1}, "expected max_threads to be 0 or more, got -1"),
        ({"drain_timeout": -0.5}, "expected drain_timeout to be 0 or more, got -0.5"),
        (
            {"interface": "asgi"},
            "expected interface to be one of handler, wsgi, ",
        ),
        ({"protocol": "HTTP/2"}, "expected protocol to be one of HTTP/1.0, HTTP/1.1, got 'HTTP/2'"),
        ({"trusted_proxies": ["a"]}, "'a' does not appear to be an IPv4 or IPv6 network"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(option, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        ServeOptions(**option)


def test_what_bounds_requests_reaches_the_handlers_and_the_engine():
    options = options_of("--body-grace", "2", "--handshake-timeout", "3", "--max-threads", "4")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        service = Service(lambda: Target("handler", BaseHTTPRequestHandler), options)
        worker = Worker(service, [listener])
        try:
            assert worker._engine.application.body_grace == 2
            assert worker._engine.limits == EngineLimits(handshake_timeout=3, max_threads=4)
            assert worker._servers[0].handshake_timeout == 3
        finally:
            worker.stop()
            worker.run()
