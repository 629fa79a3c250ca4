"""Jars in files: whole, private, and read by others."""

from __future__ import annotations

import os
import stat
import subprocess
import time
from pathlib import Path

import pytest

from nethttp.cookiejar import (
    FileCookieJar,
    LoadError,
    LWPCookieJar,
    MozillaCookieJar,
)

from .test_jar import cookie, given_to, take

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
    with pytest.raises(LoadError, match="invalid Netscape"):
        load(path, "too\tfew")
    with pytest.raises(LoadError, match="invalid Netscape"):
        load(path, "a.example\tFALSE\t/\tFALSE\tsoon\ta\tb")


def test_what_would_end_a_line_is_not_written(path):
    jar = MozillaCookieJar(path)
    jar.set_cookie(cookie("evil", value="x\nother.example\tTRUE\t/\tFALSE\t0\ta\tb"))
    jar.set_cookie(cookie("good"))
    jar.save(ignore_discard=True)
    again = MozillaCookieJar()
    again.load(path, ignore_discard=True)
    assert [found.name for found in again] == ["good"]


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
    with pytest.raises(LoadError, match="invalid Set-Cookie3"):
        again.load()


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
    jar = take(MozillaCookieJar(path), url, "lasting=1; Max-Age=600", "session=2")
    jar.save(ignore_discard=True)
    curl = [program("curl"), "-sS", "-b", path, "-c", path, url]
    said = subprocess.run(curl, capture_output=True, text=True, timeout=30, check=True).stdout
    assert sorted(said.split("; ")) == ["lasting=1", "session=2"]
    again = MozillaCookieJar()
    again.load(path, ignore_discard=True)
    assert sorted(found.name for found in again) == ["from-server", "lasting", "session"]
