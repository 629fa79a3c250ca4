"""Cookies that cross to programs that run on the standard library, and back."""

from __future__ import annotations

import http.cookies
import io
import pickle
import pickletools
import subprocess
import sys

import pytest

from nethttp import compat
from nethttp.cookies import Morsel, SimpleCookie

WRITE = """
import sys, pickle, http.cookies
cookies = http.cookies.SimpleCookie("a=b; Path=/; c=\\"d e\\"; HttpOnly")
sys.stdout.buffer.write(pickle.dumps(cookies, int(sys.argv[1])))
"""
READ = """
import sys, pickle
cookies = pickle.loads(sys.stdin.buffer.read())
print(type(cookies).__module__, cookies.output(sep="|"), cookies["a"]["domain"] == "")
"""
UNDER_COMPAT = "from nethttp import compat; compat.install()\n"


def python(program: str, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], input=given, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize(
    ("writer", "reader", "module"),
    [(UNDER_COMPAT, "", "http.cookies"), ("", UNDER_COMPAT, "http.cookies"), ("", "", "")],
    ids=["to the stdlib", "from the stdlib", "the stdlib alone"],
)
def test_pickles_cross_to_the_stdlib_and_back(writer, reader, module, protocol):
    data = python(writer + WRITE, str(protocol))
    said = python(reader + READ, given=data).decode().split(" ", 1)
    assert said[0] == module or not module
    assert said[1] == 'Set-Cookie: a=b; Path=/|Set-Cookie: c="d e"; HttpOnly True\n'


class OnlyTheStdlibs(pickle.Unpickler):
    """As programs restrict what a pickle may name."""

    def find_class(self, module, name):
        assert (module, name) in {
            ("http.cookies", "SimpleCookie"),
            ("http.cookies", "Morsel"),
        }, f"{module}.{name}"
        return super().find_class(module, name)


@pytest.fixture
def under_compat():
    compat.install()
    yield
    compat.uninstall()


@pytest.mark.usefixtures("under_compat")
def test_a_restricted_unpickler_meets_the_stdlibs_names_alone():
    cookies = SimpleCookie("a=b; Path=/")
    # Before protocol 3 pickles have the names of Python 2.
    for protocol in range(3, pickle.HIGHEST_PROTOCOL + 1):
        read = OnlyTheStdlibs(io.BytesIO(pickle.dumps(cookies, protocol))).load()
        assert read == cookies
        assert type(read["a"]) is Morsel


@pytest.mark.usefixtures("under_compat")
def test_a_pickle_names_no_attribute_that_an_older_python_refuses():
    data = pickle.dumps(SimpleCookie("a=b"))
    strings = [argument for _, argument, _ in pickletools.genops(data)]
    assert "partitioned" not in strings
    assert "httponly" in strings
    data = pickle.dumps(SimpleCookie("a=b; Partitioned"))
    assert pickle.loads(data)["a"]["partitioned"] is True


def test_what_is_read_has_every_attribute():
    morsel = pickle.loads(pickle.dumps(SimpleCookie("a=b")["a"]))
    assert morsel == SimpleCookie("a=b")["a"]
    assert morsel["partitioned"] == ""
    with compatible(http.cookies.Morsel) as theirs:
        assert pickle.loads(theirs) == morsel


class compatible:
    """The pickle of a morsel of the standard library, read by ours."""

    def __init__(self, kind):
        self.kind = kind

    def __enter__(self):
        morsel = self.kind()
        morsel.set("a", "b", "b")
        data = pickle.dumps(morsel)
        compat.install()
        return data

    def __exit__(self, *exception):
        compat.uninstall()


def test_a_peers_name_crosses_too():
    morsel = Morsel()
    morsel.__setstate__({"key": "/Common/app~pool", "value": "1", "coded_value": "1"})
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        read = pickle.loads(pickle.dumps(morsel, protocol))
        assert read.OutputString() == "/Common/app~pool=1"
