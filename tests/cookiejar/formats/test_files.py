"""Jars in files: whole, private, and read by others."""

from __future__ import annotations

import http.cookiejar
import io
import os
import stat
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.cookiejar import (
    Cookie,
    FileCookieJar,
    LoadError,
    LWPCookieJar,
    MozillaCookieJar,
    any_format,
)
from nethttp.cookiejar.formats.comments import _facts

from ..test_jar import given_to, take
from ..test_store import cookie

URL = "http://www.acme.example/path/"
BOTH = pytest.mark.parametrize("jar_class", [LWPCookieJar, MozillaCookieJar])


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "cookies.txt")


@BOTH
def test_cookies_come_back_as_they_were(jar_class, path):
    jar = take(
        jar_class(path),
        "https://www.acme.example/path/",
        "host-only=1; Max-Age=600",
        'quoted="a b"; Max-Age=600; HttpOnly',
        "domain=2; Domain=acme.example; Path=/; Secure; Max-Age=600",
        "novalue; Max-Age=600",
        "empty=; Max-Age=600",
        "session=3",
    )
    jar.save(ignore_discard=True)
    again = jar_class(path)
    again.load(ignore_discard=True)
    for url in ("https://www.acme.example/path/", URL, "https://other.acme.example/"):
        assert given_to(again, url) == given_to(jar, url)
    only_lasting = jar_class(path)
    only_lasting.load()
    assert "session" not in [found.name for found in only_lasting]


@BOTH
def test_aiohttp_2026_54279_a_host_only_cookie_stays_one(jar_class, path):
    jar = take(jar_class(path), "http://acme.example/", "a=1; Max-Age=600")
    jar.save()
    again = jar_class(path)
    again.load()
    assert given_to(again, "http://acme.example/") == "a=1"
    (found,) = again
    assert not found.domain_specified
    assert found.domain == "acme.example"


@BOTH
def test_a_file_is_private_and_replaced_whole(jar_class, path, tmp_path, monkeypatch):
    jar = take(jar_class(path), URL, "a=1; Max-Age=600")
    jar.save()
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    before = Path(path).read_text()

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        take(jar, URL, "b=2; Max-Age=600").save()
    assert Path(path).read_text() == before
    assert os.listdir(tmp_path) == ["cookies.txt"], "no draft is left"


@BOTH
def test_a_link_is_followed_not_replaced(jar_class, path, tmp_path):
    target = tmp_path / "elsewhere"
    target.write_text("")
    os.symlink(target, path)
    take(jar_class(path), URL, "a=1; Max-Age=600").save()
    assert os.path.islink(path)
    assert "acme.example" in target.read_text()


@BOTH
def test_reverting(jar_class, path):
    jar = take(jar_class(path), URL, "a=1; Max-Age=600")
    jar.save()
    take(jar, URL, "b=2; Max-Age=600")
    jar.revert()
    assert [found.name for found in jar] == ["a"]
    os.unlink(path)
    with pytest.raises(FileNotFoundError):
        jar.revert()
    assert [found.name for found in jar] == ["a"]


@BOTH
def test_what_is_no_cookie_file(jar_class, path):
    with open(path, "w") as file:
        file.write("oops\n")
    with pytest.raises(LoadError, match="does not look like"):
        jar_class().load(path)
    with pytest.raises(ValueError, match="filename"):
        jar_class().save()
    with pytest.raises(ValueError, match="filename"):
        jar_class().load()
    with pytest.raises(NotImplementedError):
        FileCookieJar(path).save()
    with pytest.raises(NotImplementedError):
        FileCookieJar(path).load()


def load(path: str, *lines: str) -> MozillaCookieJar:
    with open(path, "w") as file:
        file.write("# Netscape HTTP Cookie File\n" + "".join(line + "\n" for line in lines))
    jar = MozillaCookieJar()
    jar.load(path, ignore_discard=True)
    return jar


def test_bpo_17164_expires_0_is_a_session_cookie(path):
    jar = load(path, "a.example\tFALSE\t/\tFALSE\t0\tname\tvalue")
    (found,) = jar
    assert (found.expires, found.discard) == (None, True)
    assert given_to(jar, "http://a.example/") == "name=value"


def test_gh_113775_httponly_lines(path):
    (found,) = load(path, "#HttpOnly_a.example\tFALSE\t/\tFALSE\t0\tname\tvalue")
    assert found.has_nonstandard_attr("HTTPOnly")
    jar = take(MozillaCookieJar(path), URL, "a=1; hTTPoNLY; Max-Age=60")
    jar.save()
    assert "\n#HttpOnly_www.acme.example\t" in Path(path).read_text()


def test_lenient_lines(path):
    expiry = time.time() + 600.5
    jar = load(
        path,
        "",
        "# a comment",
        f"a.example\tFALSE\t/\tFALSE\t{expiry}\tfraction\t1",
        f"a.example\t\tFALSE\t/\tFALSE\t{int(expiry)}\textra\t2",
        f"a.example\tFALSE\t/\tFALSE\t{int(expiry)}\tempty",
        f"a.example\tFALSE\t/\tFALSE\t{int(expiry)}\ttab\tx\ty",
    )
    assert {found.name: found.value for found in jar} == {
        "fraction": "1",
        "extra": "2",
        "empty": "",
        "tab": "x\ty",
    }
    with pytest.raises(LoadError, match="invalid line"):
        load(path, "too\tfew")
    with pytest.raises(LoadError, match="invalid line"):
        load(path, "a.example\tFALSE\t/\tFALSE\tsoon\ta\tb")
    with pytest.raises(LoadError, match="invalid line"):
        load(path, "a.example\tFALSE\t/\tFALSE\tinf\ta\tb")


@BOTH
def test_what_would_end_a_line_stays_in_its_cookie(jar_class, path):
    jar = jar_class(path)
    evil = (
        "x\nother.example\tTRUE\t/\tFALSE\t0\ta\tb\nSet-Cookie3: c=d; path=/; domain=x; version=0"
    )
    jar.set_cookie(cookie("evil", value=evil))
    jar.set_cookie(cookie("good", expires=2**31))
    jar.save(ignore_discard=True)
    again = jar_class()
    again.load(path, ignore_discard=True)
    assert {found.name: found.value for found in again} == {"evil": evil, "good": "1"}
    stdlib = getattr(http.cookiejar, jar_class.__name__)(path)
    stdlib.load(ignore_discard=True)
    assert [found.name for found in stdlib] == ["good"]


TEXT = st.text(st.characters(exclude_categories=()), max_size=12)
COOKIES = st.fixed_dictionaries(
    {"name": TEXT, "value": st.none() | TEXT, "domain": TEXT | st.just(".acme.example")},
    optional={
        "path": TEXT,
        "secure": st.booleans(),
        "host_only": st.booleans(),
        "expires": st.none() | st.integers(1, 2**60),
        "discard": st.booleans(),
        "partition_key": st.none() | TEXT,
        "version": st.none() | st.integers(0, 2),
        "port": st.none() | TEXT,
        "comment": st.none() | TEXT,
        "rfc2109": st.booleans(),
        "rest": st.dictionaries(
            TEXT | st.sampled_from(["HttpOnly", "SameSite", "secure"]), st.none() | TEXT, max_size=3
        ),
    },
)


@BOTH
@given(row=COOKIES)
def test_every_cookie_comes_back(jar_class, row):
    there = Cookie.from_dict(row)
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "cookies.txt")
        jar = jar_class(path)
        jar.set_cookie(there)
        jar.save(ignore_discard=True, ignore_expires=True)
        jar = jar_class(path)
        jar.load(ignore_discard=True, ignore_expires=True)
    (again,) = jar
    assert _facts(again) == _facts(there)


@BOTH
def test_what_others_do_with_what_we_add(jar_class, path):
    jar = jar_class(path)
    jar.set_cookie(cookie("a", secure=True, rest={"SameSite": "Strict"}, expires=2**31))
    jar.set_cookie(
        cookie("p", partition_key="https://top.example", rest={"Partitioned": None}, expires=2**31)
    )
    jar.save()
    stdlib = getattr(http.cookiejar, jar_class.__name__)(path)
    stdlib.load()
    assert sorted(found.name for found in stdlib) == ["a", "p"]
    again = jar_class(path)
    again.load()
    assert [found.partition_key for found in again] == [None, "https://top.example"]
    assert next(iter(again)).same_site == "Strict"
    # Somebody put another cookie in the place of the first, and broke the second comment.
    text = Path(path).read_text().replace("a.example", "b.example", 2).replace("alone", "x")
    Path(path).write_text(text.replace('"also": {', '"also": [', 1))
    jar_class(path).load()


def test_quotes_survive(path):
    jar = MozillaCookieJar(path)
    jar.set_cookie(cookie("q", value='"quoted \\" value"', expires=2**31))
    jar.save()
    assert '\t"quoted \\" value"\n' in Path(path).read_text()
    again = MozillaCookieJar(path)
    again.load()
    assert next(iter(again)).value == '"quoted \\" value"'


def test_lwp_lines(path):
    jar = LWPCookieJar(path)
    jar.set_cookie(
        cookie(
            "a",
            port="80,8080",
            port_specified=True,
            path_specified=True,
            expires=2e9,
            comment='say "hi"',
            comment_url="http://c.example",
            rest={"HttpOnly": None, "SameSite": "Lax"},
        )
    )
    jar.save()
    again = LWPCookieJar(path)
    again.load()
    assert repr(again) == repr(jar)
    with open(path, "a") as file:
        file.write('Set-Cookie3: broken; version="0"\n')
    with pytest.raises(LoadError, match="invalid line"):
        again.load()


def test_wget_reads_what_was_written_and_we_read_what_wget_writes(path, program, serve):
    from nethttp.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = (self.headers["Cookie"] or "").encode()
            self.send_response(200)
            self.send_header("Set-Cookie", "from-server=1; Max-Age=600")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    url = serve(Handler).url + "/"
    jar = take(MozillaCookieJar(path), url, 'lasting="a b"; Max-Age=600; SameSite=Lax; Version=1')
    jar.save(ignore_discard=True)
    assert "# nethttp: " in Path(path).read_text()
    options = ["-q", "-O", "-", "--load-cookies", path, "--save-cookies", path]
    said = subprocess.run(
        [program("wget"), *options, url], capture_output=True, text=True, timeout=30, check=True
    ).stdout
    assert said == 'lasting="a b"'
    again = MozillaCookieJar()
    again.load(path, ignore_discard=True)
    assert sorted(found.name for found in again) == ["from-server", "lasting"]


def test_curl_reads_what_was_written_and_we_read_what_curl_writes(path, program, serve):
    from nethttp.server import BaseHTTPRequestHandler

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            body = (self.headers["Cookie"] or "").encode()
            self.send_response(200)
            self.send_header("Set-Cookie", "from-server=1; Max-Age=600; HttpOnly")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format, *args):
            pass

    url = serve(Handler).url + "/"
    jar = take(MozillaCookieJar(path), url, "lasting=1; Max-Age=600; SameSite=Lax", "session=2")
    assert jar.as_text(ignore_discard=True).count("# nethttp: ") == 1
    jar.save(ignore_discard=True)
    curl = [program("curl"), "-sS", "-b", path, "-c", path, url]
    said = subprocess.run(curl, capture_output=True, text=True, timeout=30, check=True).stdout
    assert sorted(said.split("; ")) == ["lasting=1", "session=2"]
    again = MozillaCookieJar()
    again.load(path, ignore_discard=True)
    assert sorted(found.name for found in again) == ["from-server", "lasting", "session"]


# --- files of editors, and of other encodings ----------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [
        "# Netscape HTTP Cookie File",
        "# HTTP Cookie File",
        "# netscape http cookie file",
        "#  HTTP COOKIE FILE",
        "\ufeff# Netscape HTTP Cookie File",
    ],
)
def test_the_magic_line_is_read_in_any_case_and_behind_a_byte_order_mark(path, first):
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{first.replace('  ', ' ')}\nexample.com\tFALSE\t/\tFALSE\t0\ta\t1\n")
    jar = MozillaCookieJar(path)
    jar.load(ignore_discard=True)
    assert [cookie.name for cookie in jar] == ["a"]
    assert [cookie.name for cookie in any_format.read(path, any_format.format_of(path))] == ["a"]


def test_an_lwp_file_is_read_behind_a_byte_order_mark(path):
    with open(path, "w", encoding="utf-8") as file:
        file.write('\ufeff#LWP-Cookies-2.0\nSet-Cookie3: a=1; path="/"; domain="h"; version=0\n')
    jar = LWPCookieJar(path)
    jar.load(ignore_discard=True)
    assert [cookie.name for cookie in jar] == ["a"]


def test_an_octet_that_is_no_utf_8_is_sent_as_it_stands(path):
    with open(path, "wb") as file:
        file.write(b"# HTTP Cookie File\nexample.com\tFALSE\t/\tFALSE\t0\tbad\tcaf\xe9\n")
        file.write("example.com\tFALSE\t/\tFALSE\t0\tgood\tcafé\n".encode())
    jar = MozillaCookieJar(path)
    jar.load(ignore_discard=True)
    request = urllib.request.Request("http://example.com/")
    jar.add_cookie_header(request)
    field = request.get_header("Cookie")
    assert sorted(field.encode("latin-1").split(b"; ")) == [b"bad=caf\xe9", b"good=caf\xe9"]
    jar.save(ignore_discard=True)
    again = MozillaCookieJar(path)
    again.load(ignore_discard=True)
    assert {cookie.name: cookie.value for cookie in again} == {"bad": "café", "good": "café"}


@pytest.mark.parametrize("kind", [MozillaCookieJar, LWPCookieJar])
def test_a_file_needs_readline_alone(kind, path):
    jar = kind(path)
    jar.set_cookie(Cookie.from_dict({"name": "a", "value": "1", "domain": "h"}))
    lines = io.StringIO(jar.as_text(ignore_discard=True))

    class Lines:
        readline = lines.readline

    other = kind()
    other._really_load(Lines(), "mine", True, True)
    assert [cookie.name for cookie in other] == ["a"]


@BOTH
@pytest.mark.parametrize("text", ["\udc80", "a\udcff", "é\udc80"])
def test_what_is_no_text_comes_back_as_it_was(jar_class, path, text):
    jar = jar_class(path)
    jar.set_cookie(Cookie.from_dict({"name": text, "value": text, "domain": "h", "expires": 2**33}))
    jar.save()
    again = jar_class(path)
    again.load()
    assert [(cookie.name, cookie.value) for cookie in again] == [(text, text)]
