"""A type checker sees as much of nethttp as it does of the standard library by typeshed."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="types do not depend on the Python; mypy is not installed here")

HERE = Path(__file__).parent
ERROR = re.compile(r"^[^:]+:(\d+): error: (.*)$", re.MULTILINE)


@pytest.fixture(scope="module")
def errors_of(tmp_path_factory):
    """Return a function that gives mypy's errors of a program, by line."""
    folder = tmp_path_factory.mktemp("typing")

    def errors_of(name: str, text: str) -> dict[int, str]:
        program = folder / f"{name}.py"
        program.write_text(text)
        command = [sys.executable, "-m", "mypy", "--strict", "--config-file="]
        done = subprocess.run(
            [*command, f"--cache-dir={folder / 'cache'}", "--no-error-summary", str(program)],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=300,
        )
        assert not done.stderr, done.stderr
        return {int(line): error for line, error in ERROR.findall(done.stdout)}

    return errors_of


def test_every_mistake_that_is_seen_with_the_standard_library_is_seen_with_nethttp(errors_of):
    template = (HERE / "misuse.py.txt").read_text()
    theirs = errors_of("misuse_of_http", template.format(http="http"))
    ours = errors_of("misuse_of_nethttp", template.format(http="nethttp"))
    assert len(theirs) > 200
    lines = template.splitlines()
    assert not [f"{n}: {lines[n - 1]}: {theirs[n]}" for n in sorted(theirs.keys() - ours.keys())]


def test_documented_uses_are_accepted(errors_of):
    assert errors_of("uses", (HERE / "uses.py.txt").read_text()) == {}


@pytest.mark.parametrize(
    "mistake",
    [
        'nethttp.server.serve(".", access_log="jsn")',
        'nethttp.server.serve(".", interface="wsgl")',
        'nethttp.cookies.SetCookie("a", "b", same_site="Bogus")',
        'nethttp.client.HTTPConnection("example.com").request("GET", "/", body=3)',
        'nethttp.client.Client(follow_redirects="yes")',
        "nethttp.client.Client(proxy=3128)",
        'nethttp.client.URL(b"http://a/")',
        'nethttp.client.Headers({"A": 1})',
        "nethttp.nothing",
    ],
)
def test_mistakes_with_what_nethttp_adds_are_seen(errors_of, mistake):
    text = f"import nethttp\nimport nethttp.client\nimport nethttp.cookies\n{mistake}\n"
    assert 4 in errors_of("mistake", text)
