"""Names below the documented surface: those of the standard library's modules are there, and one
that a program puts in the place of another has the effect that it has there.

What is left out stands in `docs/differences.md`, each name with its reason.
"""

from __future__ import annotations

import builtins
import importlib
import inspect
import io
import json
import re
import subprocess
import sys
import types
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from unittest import mock

import pytest

import nethttp.server

PAGE = (Path(__file__).parent.parent / "docs" / "differences.md").read_text()
MODULES = ["http", "http.client", "http.server", "http.cookies", "http.cookiejar"]

#: What Python gives every module or class.
OF_PYTHON = {
    *("__annotate__", "__annotate_func__", "__annotations__", "__annotations_cache__"),
    *("__builtins__", "__conditional_annotations__", "__firstlineno__", "__static_attributes__"),
    *("__type_params__", "__weakref__"),
}


def rows(heading: str) -> dict[str, str]:
    """Return the names of a section's table, as `module.name`, and the reason of each."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    found = {}
    for line in re.findall("^[|] `.*$", section, re.MULTILINE):
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        for name in re.findall(r"`([\w.]+)`", cells[0]):
            found[name] = cells[1]
    return found


MISSING = rows("Names that are not there")
IDLE = rows("Names whose replacement has no effect")


def ours_of(module: str) -> types.ModuleType:
    return importlib.import_module(module.replace("http", "nethttp", 1))


#: Prints {module: {name: names of the class, or null}}.
LIST_NAMES = """
import importlib, json, sys
def names_of(module, value):
    return list(vars(value)) if getattr(value, "__module__", "") == module.__name__ \\
        and isinstance(value, type) else None
print(json.dumps({name: {key: names_of(module, value) for key, value in list(vars(module).items())}
    for name in sys.argv[1:] for module in [importlib.import_module(name)]}))
"""


@cache
def stdlib_names() -> dict[str, dict[str, list[str] | None]]:
    """Return what the modules hold in an interpreter in which no library has added anything."""
    command = [sys.executable, "-I", "-c", LIST_NAMES, *MODULES]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def names_of(module: str) -> Iterator[tuple[str, object]]:
    """Yield (dotted name, where it belongs in nethttp) of all that the stdlib's module holds."""
    ours = ours_of(module)
    for name, members in stdlib_names()[module].items():
        if name in OF_PYTHON:
            continue
        yield f"{module}.{name}", ours
        if members is not None and hasattr(ours, name):
            for attribute in set(members) - OF_PYTHON:
                yield f"{module}.{name}.{attribute}", getattr(ours, name)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("module", MODULES)
def test_every_name_is_there_or_has_its_reason(module):
    missing = {
        name
        for name, ours in names_of(module)
        if not hasattr(ours, name.rpartition(".")[2]) and name not in MISSING
    }
    assert not missing


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_no_name_is_said_to_be_missing_that_is_there():
    there = set()
    for dotted in MISSING:
        module, *names = next(
            [m, *dotted.removeprefix(f"{m}.").split(".")]
            for m in reversed(MODULES)
            if dotted.startswith(f"{m}.")
        )
        found = ours_of(module)
        for name in names:
            found = getattr(found, name, None)
        if found is not None:
            there.add(dotted)
    assert not there


def test_each_reason_is_said():
    assert all(len(reason) > 10 for reason in (MISSING | IDLE).values())


# --- names that a program replaces on nethttp.server ---


def codes_of(module: types.ModuleType) -> Iterator[types.CodeType]:
    """Yield the code of every function that a module defines, nested ones included."""
    path = module.__file__
    todo = [compile(Path(path).read_text(), path, "exec")]
    while todo:
        code = todo.pop()
        todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
        if code.co_flags & inspect.CO_NEWLOCALS:
            yield code


def names_used(module: types.ModuleType) -> set[str]:
    return {name for code in codes_of(module) for name in code.co_names}


def names_asked_for(module: types.ModuleType) -> set[object]:
    """Return the names that a module's functions look up by `seams.current`."""
    return {
        const
        for code in codes_of(module)
        if "current" in code.co_names
        for const in code.co_consts
        if isinstance(const, str)
    }


def names_that_count(module: str) -> list[str]:
    """Return the names that the functions of the standard library's module look up in it."""
    theirs = importlib.import_module(module)
    used = names_used(theirs)
    return sorted(name for name in vars(theirs) if name in used and not hasattr(builtins, name))


def files_of_the_server() -> list[types.ModuleType]:
    nethttp.server._main, nethttp.server.serve  # what is loaded late
    prefix = "nethttp.server."
    return [module for name, module in sys.modules.items() if name.startswith(prefix)]


@pytest.mark.parametrize("name", names_that_count("http.server"))
def test_a_name_that_is_replaced_on_the_server_is_seen_by_what_uses_it(name):
    if f"http.server.{name}" in IDLE or f"http.server.{name}" in MISSING:
        return
    files = files_of_the_server()
    put = object()
    before = {module.__name__: dict(vars(module)) for module in files}
    with mock.patch.object(nethttp.server, name, put):
        seen = {
            module.__name__
            for module in files
            for key, value in vars(module).items()
            if value is put and key in names_used(module)
        }
        seen |= {module.__name__ for module in files if name in names_asked_for(module)}
        assert seen
    assert {module.__name__: dict(vars(module)) for module in files} == before


def answers(value: object) -> mock.Mock:
    return mock.Mock(return_value=value)


def bare_handler(cls=nethttp.server.SimpleHTTPRequestHandler):
    """Return a handler that has no connection."""
    return cls.__new__(cls)


def error_page() -> bytes:
    handler = bare_handler()
    handler.wfile, handler.request_version, handler.command = io.BytesIO(), "HTTP/1.0", "GET"
    handler.requestline, handler.client_address = "GET / HTTP/1.0", ("127.0.0.1", 1)
    handler.log_message = mock.Mock()
    handler.send_error(404)
    return handler.wfile.getvalue()


def copied() -> bytes:
    target = io.BytesIO()
    bare_handler().copyfile(io.BufferedReader(io.BytesIO(b"text")), target)
    return target.getvalue()


CGI = nethttp.server.CGIHTTPRequestHandler

#: A name, what a program puts in its place, and what comes back then.
EFFECTS = {
    "html": (mock.Mock(escape=answers("<escaped>")), error_page, b"<escaped>"),
    "mimetypes": (
        mock.Mock(guess_type=answers(("a/b", None)), guess_file_type=answers(("a/b", None))),
        lambda: bare_handler().guess_type("name.unheard-of"),
        "a/b",
    ),
    "shutil": (
        mock.Mock(copyfileobj=lambda _, target, *__: target.write(b"other")),
        copied,
        b"other",
    ),
    "time": (
        mock.Mock(time=answers(0), localtime=answers((1999, 12, 31, 23, 59, 58, 4, 365, 0))),
        lambda: bare_handler().log_date_time_string(),
        "31/Dec/1999 23:59:58",
    ),
    "executable": (answers("asked"), lambda: bare_handler(CGI).is_executable("x"), "asked"),
    "nobody": (4711, nethttp.server.nobody_uid, 4711),
}


@pytest.mark.parametrize("name", EFFECTS)
def test_what_a_program_puts_in_the_place_of_a_name_is_used(name):
    put, probe, right = EFFECTS[name]
    found = probe()
    assert right not in found if isinstance(right, bytes) else found != right
    with mock.patch(f"nethttp.server.{name}", put):
        found = probe()
        assert right in found if isinstance(right, bytes) else found == right
    found = probe()
    assert right not in found if isinstance(right, bytes) else found != right


def test_the_command_calls_the_test_that_a_program_put_there():
    with mock.patch("nethttp.server.test") as test:
        nethttp.server._main(["8080", "--bind", "::1", "-p", "HTTP/1.1", "-H", "A", "b"])
    asked = test.call_args.kwargs
    assert (asked["port"], asked["bind"], asked["protocol"]) == (8080, "::1", "HTTP/1.1")
    assert issubclass(asked["ServerClass"], nethttp.server.ThreadingHTTPServer)


@pytest.mark.parametrize(
    "arguments",
    [["--tls-key", "x"], ["--tls-password-file", "x"], ["--odd"], ["-H", "only-a-name"]],
)
def test_the_command_refuses_what_it_does_not_know(arguments, capsys):
    with mock.patch("nethttp.server.test") as test, pytest.raises(SystemExit):
        nethttp.server._main(arguments)
    assert "error:" in capsys.readouterr().err
    test.assert_not_called()


def test_the_version_of_the_module_warns_where_python_warns():
    if sys.version_info < (3, 15):
        assert nethttp.server.__version__ == "0.6"
        return
    with pytest.warns(DeprecationWarning, match="slated for removal in Python 3.20") as caught:
        assert nethttp.server.__version__ == "0.6"
    assert caught[0].filename == __file__


def test_dir_shows_what_is_public():
    shown = dir(nethttp.server)
    assert "serve" in shown
    assert not {"os", "sys", "time", "socket"} & set(shown)
