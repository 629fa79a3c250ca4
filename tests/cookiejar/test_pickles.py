"""Jars and cookies that cross to programs that run on the standard library, and back."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys

import pytest

from nethttp import compat
from nethttp.cookiejar import Cookie, CookieJar, DefaultCookiePolicy

WRITE = """
import pickle, sys
from requests.cookies import RequestsCookieJar
jar = RequestsCookieJar()
jar.set("a", "1", domain="example.com", path="/", expires=2_000_000_000)
jar.set("b", "2", domain="www.example.com", path="/x", rest={"HttpOnly": None})
sys.stdout.buffer.write(pickle.dumps((jar, list(jar)), int(sys.argv[1])))
"""
READ = """
import pickle, sys, urllib.request, http.cookiejar
jar, cookies = pickle.loads(sys.stdin.buffer.read())
for cookie in cookies:
    jar.set_cookie(cookie)
request = urllib.request.Request("http://www.example.com/x/y")
jar.add_cookie_header(request)
print(request.get_header("Cookie"), len(jar), jar._policy.return_ok_domain.__module__)
assert repr(cookies[0]).startswith("Cookie(version=0, name='a', value='1', port=None,")
assert all(type(cookie) is http.cookiejar.Cookie for cookie in jar)
"""
UNDER_COMPAT = "from nethttp import compat; compat.install()\n"


def python(program: str, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], input=given, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


@pytest.mark.parametrize("protocol", [2, pickle.DEFAULT_PROTOCOL, pickle.HIGHEST_PROTOCOL])
@pytest.mark.parametrize(
    ("writer", "reader"),
    [(UNDER_COMPAT, ""), ("", UNDER_COMPAT), (UNDER_COMPAT, UNDER_COMPAT)],
    ids=["to the stdlib", "from the stdlib", "among ours"],
)
def test_jars_cross_to_the_stdlib_and_back(writer, reader, protocol):
    data = python(writer + WRITE, str(protocol))
    said = python(reader + READ, given=data).decode().split()
    assert said[:3] == ["b=2;", "a=1", "2"]


class OnlyTheStdlibs(pickle.Unpickler):
    """As programs restrict what a pickle may name."""

    ALLOWED = frozenset(
        {
            ("http.cookiejar", "Cookie"),
            ("http.cookiejar", "CookieJar"),
            ("http.cookiejar", "DefaultCookiePolicy"),
            # The dictionaries of a jar are of a class that pickles as this one.
            ("builtins", "dict"),
        }
    )

    def find_class(self, module, name):
        assert (module, name) in self.ALLOWED, f"{module}.{name}"
        return super().find_class(module, name)


@pytest.fixture
def jar():
    compat.install()
    jar = CookieJar(DefaultCookiePolicy())
    jar.set_cookie(
        Cookie.from_dict({"name": "a", "value": "1", "domain": "example.com", "path": "/"})
    )
    yield jar
    compat.uninstall()


def test_a_restricted_unpickler_meets_the_stdlibs_names_alone(jar):
    for protocol in range(3, pickle.HIGHEST_PROTOCOL + 1):
        read = OnlyTheStdlibs(io.BytesIO(pickle.dumps(jar, protocol))).load()
        assert repr(read) == repr(jar)
        # As programs of jars write them that have no such method: requests does.
        state = vars(jar) | {"_cookies_lock": None}
        state = OnlyTheStdlibs(io.BytesIO(pickle.dumps(state, protocol))).load()
        other = CookieJar.__new__(CookieJar)
        vars(other).update(state)
        del other._cookies_lock
        assert repr(other) == repr(jar)
        other.clear()
        assert (len(other), len(jar)) == (0, 1)
