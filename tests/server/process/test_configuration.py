"""Options from a file and from the environment, beside those of the command line."""

from __future__ import annotations

import json

import pytest

from nethttp.server.process.command_line import addresses_of, command_line, parsed, service_of
from nethttp.server.process.configuration import MAX_FILE
from nethttp.server.process.options import Refused


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    (tmp_path / "site").mkdir()
    (tmp_path / "other").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def file(here):
    def write(text: str) -> list[str]:
        (here / "serve.toml").write_text(text)
        return ["--config", "serve.toml"]

    return write


def options_of(words, environ=()):
    return service_of(parsed("prog", words, dict(environ)), "prog")[0].options


def directory_of(words, environ=()):
    return service_of(parsed("prog", words, dict(environ)), "prog")[1]


def port_of(words, environ=()):
    return addresses_of(parsed("prog", words, dict(environ)))[0].port


def test_a_file_has_every_kind_of_option(file, here):
    words = file(
        'target = "site"\nport = 9000\nworkers = 4\nmax_body = "10M"\nhead-timeout = 2.5\n'
        'header = ["X-A: 1", "X-B: 2, 3"]\ncors = true\nspa = false\nno-listing = true\n'
        'bind = ["127.0.0.1", "[::1]:9001"]\n'
    )
    arguments = parsed("prog", words, {})
    service, what = service_of(arguments, "prog")
    given = service.find().value.keywords
    assert what == str(here / "site")
    assert (service.options.workers, service.options.max_body) == (4, 10 * 1024 * 1024)
    assert service.options.head_timeout == 2.5
    assert given["extra_response_headers"] == [("X-A", "1"), ("X-B", "2, 3")]
    assert (given["cors"], given["show_listing"]) == (["*"], False)
    assert "spa" not in given
    assert [address.port for address in addresses_of(arguments)] == [9000, 9001]


def every_option() -> list[tuple[str, str | None]]:
    """Return each option of the command line by its long name, with a value if it takes one."""
    by_kind = {
        "BYTES": "2K",
        "N": "7",
        "SECONDS": "1.5",
        "PORT": "9000",
        "MODE": "660",
        "PATH": "/alive",
        "RIGHTS": "r,w@/in",
        "USER[:HASH]": ANN,
        "VERSION": "HTTP/1.0",
        "NAME:VALUE": "A:b",
        "=ORIGIN": "https://a.example",
        "ADDRESS": "127.0.0.2",
    }
    found = []
    for name, action in command_line("prog")._option_string_actions.items():
        if name.startswith("--") and name not in ("--help", "--version", "--config"):
            value = (*(action.choices or ()), by_kind.get(str(action.metavar), "word"))[0]
            found.append((name[2:], None if action.nargs == 0 else value))
    return found


ANN = "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="


@pytest.mark.parametrize(("name", "value"), every_option())
def test_every_option_can_stand_in_the_environment_and_in_a_file(file, name, value):
    word = f"--{name}" if value is None else f"--{name}={value}"
    expected = vars(parsed("prog", [word], {}))
    nothing = vars(parsed("prog", [], {}))
    assert expected != nothing
    variable = f"NETHTTP_SERVE_{name.upper().replace('-', '_')}"
    assert vars(parsed("prog", [], {variable: value or "yes"})) == expected
    for key in (name, name.replace("-", "_")):
        words = file(f"{key} = {json.dumps(value or True)}\n")
        assert {**vars(parsed("prog", words, {})), "config": None} == expected


def test_the_command_line_counts_before_the_environment_and_that_before_the_file(file):
    words = file("workers = 2\nmax-threads = 3\nmax-fields = 4\n")
    environ = {"NETHTTP_SERVE_WORKERS": "5", "NETHTTP_SERVE_MAX_THREADS": "6"}
    options = options_of([*words, "--workers", "7"], environ)
    assert (options.workers, options.max_threads, options.max_fields) == (7, 6, 4)


def test_what_is_repeated_replaces_what_was_configured(file):
    words = file('bind = ["127.0.0.2", "127.0.0.3"]\n')
    bound = addresses_of(parsed("prog", [*words, "--bind", "127.0.0.4"], {}))
    assert [address.host for address in bound] == ["127.0.0.4"]


@pytest.mark.parametrize("given", [["other"], ["--directory", "other"], ["-d", "other"]])
def test_a_target_of_the_command_line_replaces_the_configured_one(file, here, given):
    for key in ("target", "directory"):
        assert directory_of([*file(f'{key} = "site"\n'), *given]) == str(here / "other")
    assert directory_of(given, {"NETHTTP_SERVE_TARGET": "site"}) == str(here / "other")


def test_a_port_of_the_command_line_replaces_the_configured_one(file):
    assert port_of([*file("port = 9000\n"), "9001"]) == 9001
    assert port_of([*file("port = 9000\n"), "--port", "9001"]) == 9001
    assert port_of(["9001"], {"NETHTTP_SERVE_PORT": "9000"}) == 9001
    assert port_of(["--", "site", "9001"], {"NETHTTP_SERVE_PORT": "9000"}) == 9001


def test_the_environment_names_the_file_and_says_yes_or_no(file, here):
    file('target = "site"\n')
    environ = {"NETHTTP_SERVE_CONFIG": "serve.toml", "NETHTTP_SERVE_NO_LISTING": "yes"}
    service, what = service_of(parsed("prog", [], environ), "prog")
    assert what == str(here / "site")
    assert service.find().value.keywords["show_listing"] is False
    for word in ("", "0", "no", "OFF", "False"):
        arguments = parsed("prog", [], {"NETHTTP_SERVE_RELOAD": word})
        assert arguments.reload is False
    assert parsed("prog", [], {"NETHTTP_SERVE_SPA": "app.html"}).spa == "app.html"
    assert parsed("prog", [], {"NETHTTP_SERVE_SPA": "1"}).spa == "index.html"
    assert parsed("prog", [], {"NETHTTP_WORKERS": "x"}).workers is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("worker = 2", "serve.toml: worker: there is no such option; did you mean workers?"),
        ('targte = "."', "serve.toml: targte: there is no such option; did you mean target?"),
        ("help = true", "serve.toml: help: there is no such option"),
        ('config = "a"', "serve.toml: config: there is no such option"),
        ("workers = [1, 2]", "serve.toml: workers: expected one value, got 2"),
        ("workers = true", "serve.toml: workers: expected a text or a number, got True"),
        ("[serve]\nworkers = 2", "serve.toml: serve: there is no such option"),
        ("workers = {a = 1}", "serve.toml: workers: expected a text or a number, got {'a': 1}"),
        ("reload = 1", "serve.toml: reload: expected true or false, got 1"),
        ("a = =", "serve.toml: expected TOML: "),
        ("#" * (MAX_FILE + 1), "serve.toml: expected at most 1048576 bytes of options, got more"),
    ],
)
def test_a_file_with_mistakes(file, text, said):
    with pytest.raises(Refused) as refused:
        parsed("prog", file(text), {})
    assert str(refused.value).startswith(said)


def test_a_file_that_is_not_there_or_no_text(here):
    with pytest.raises(Refused, match=r"--config: no\.toml: No such file or directory"):
        parsed("prog", ["--config", "no.toml"], {})
    (here / "b.toml").write_bytes(b"\xff")
    with pytest.raises(Refused, match=r"b\.toml: expected TOML: 'utf-8' codec"):
        parsed("prog", ["--config", "b.toml"], {})


def test_a_wrong_value_is_said_with_its_place(file, capsys):
    with pytest.raises(SystemExit):
        parsed("prog", file('workers = "x"'), {})
    with pytest.raises(SystemExit):
        parsed("prog", [], {"NETHTTP_SERVE_WORKERS": "x"})
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("prog: serve.toml: -w/--workers: expected a number above 0, got 'x'")
    assert lines[1].startswith("prog: the environment's NETHTTP_SERVE_...: -w/--workers: expected")


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"NETHTTP_SERVE_WORKER": "2"}, "NETHTTP_SERVE_WORKER: there is no such option; did you"),
        ({"NETHTTP_SERVE_RELOAD": "maybe"}, "NETHTTP_SERVE_RELOAD: expected true or false, got"),
    ],
)
def test_an_environment_with_mistakes(environ, said):
    with pytest.raises(Refused) as refused:
        parsed("prog", [], environ)
    assert str(refused.value).startswith(said)
