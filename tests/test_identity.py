"""What classes say of themselves: the public module, and under compat the standard library's."""

from __future__ import annotations

import importlib
import inspect
import json
import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

import nethttp

HERE = Path(__file__).parent
PARTS = ["client", "server", "cookies", "cookiejar"]

VERSIONS = ["3.11", "3.12", "3.13", "3.14", "3.15"]


@cache
def interpreters() -> dict[str, str]:
    """Return one Python of each version that is to be had: NETHTTP_PYTHONS names more."""
    named = os.environ.get("NETHTTP_PYTHONS", "").split(os.pathsep)
    candidates = [sys.executable, *named, *(shutil.which(f"python{v}") for v in VERSIONS)]
    found: dict[str, str] = {}
    for python in filter(None, candidates):
        code = "import sys; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
        if done.returncode == 0 and (version := done.stdout.strip()) in VERSIONS:
            found.setdefault(version, python)
    return found


@pytest.mark.parametrize("part", PARTS)
def test_classes_and_functions_say_the_public_module(part):
    module = importlib.import_module(f"nethttp.{part}")
    for name in module.__all__:
        value = getattr(module, name)
        if inspect.isclass(value) or inspect.isfunction(value):
            assert value.__module__ == f"nethttp.{part}", name


@pytest.mark.parametrize("value", [nethttp.HTTPStatus, nethttp.HTTPMethod])
def test_the_registries_say_the_package(value):
    assert value.__module__ == "nethttp"


def test_the_text_of_functions_and_methods_is_found():
    from nethttp import client, cookiejar

    assert "def request(" in inspect.getsource(client.HTTPConnection.request)
    assert "def request_host(" in inspect.getsource(cookiejar.request_host)
    with pytest.raises(OSError, match=r"not find|not available"):  # docs/differences.md says why
        inspect.getsource(client.HTTPConnection)


def test_names_outside_all_say_the_public_module_too():
    from nethttp import client, server

    assert client.HTTPMessage.__module__ == client.parse_headers.__module__ == "nethttp.client"
    assert server.executable.__module__ == server.test.__module__ == "nethttp.server"
    assert server.serve.__module__ == "nethttp.server"


class Child:
    """One interpreter that pickles and reads pickles, with http.* plain or nethttp's."""

    def __init__(self, python: str, kind: str) -> None:
        path = os.pathsep.join(p for p in [str(HERE.parent / "src"), os.getenv("PYTHONPATH")] if p)
        self._process = subprocess.Popen(
            [python, str(HERE / "pickling.py"), kind],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": path},
        )

    def ask(self, request: dict[str, str]) -> dict[str, str]:
        print(json.dumps(request), file=self._process.stdin, flush=True)
        return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()


@pytest.fixture(scope="module")
def children():
    started = {
        (version, kind): Child(python, kind)
        for version, python in interpreters().items()
        for kind in ("plain", "nethttp")
    }
    yield started
    for child in started.values():
        child.close()


@pytest.fixture(scope="module")
def pickles(children):
    return {key: child.ask({}) for key, child in children.items()}


def readable(answers: dict[str, str]) -> dict[str, str]:
    """Leave out what plain Python cannot read: of a later Python, a Morsel by one before 3.14."""
    return {name: told for name, told in answers.items() if not told.startswith("error")}


def pairs() -> list[tuple[str, str]]:
    return [(writer, reader) for writer in interpreters() for reader in interpreters()]


@pytest.mark.parametrize(("writer", "reader"), pairs())
def test_plain_python_reads_the_pickles_of_compat(writer, reader, children, pickles):
    plain = children[reader, "plain"]
    right = readable(plain.ask(pickles[writer, "plain"]))
    assert len(right) > 20
    assert right.items() <= plain.ask(pickles[writer, "nethttp"]).items()


@pytest.mark.parametrize(("writer", "reader"), pairs())
def test_compat_reads_the_pickles_of_plain_python(writer, reader, children, pickles):
    right = readable(children[reader, "plain"].ask(pickles[writer, "plain"]))
    assert right.items() <= children[reader, "nethttp"].ask(pickles[writer, "plain"]).items()
