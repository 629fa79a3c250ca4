"""The jar on a Valkey server: what the server has, and what happens when it is away."""

from __future__ import annotations

import errno
import signal
import socket
import subprocess
import sys
import time

import pytest

from nethttp.cookiejar import StorageAwayError, StorageError, ValkeyCookieJar
from nethttp.cookiejar.shared import valkey as valkey_module

from ...valkey import ValkeyServer
from ..test_jar import given_to, take
from ..test_store import cookie
from .test_shared import pairs

URL = "https://www.acme.example/path/"
KEY = '{nethttp:cookies}:cookie:["www.acme.example", "/path", "%s", null]'


def test_keys_expire_by_themselves(valkey):
    with ValkeyCookieJar(valkey.url, session_lifetime=500) as jar:
        take(jar, URL, "a=1; Max-Age=100", "s=2")
        assert 98 <= valkey.command("TTL", KEY % "a") <= 100
        assert 498 <= valkey.command("TTL", KEY % "s") <= 500
        for name in valkey.command("KEYS", "*"):
            assert name.startswith("{nethttp:cookies}:")
            assert valkey.command("TTL", name) > 0, name
        jar.set_cookie(cookie("soon", expires=int(time.time()) + 1))
        while valkey.command("EXISTS", KEY.replace("www.acme", "a") % "soon"):
            time.sleep(0.02)
        take(jar, URL, "a=; Max-Age=0")
        assert not valkey.command("EXISTS", KEY % "a")
    with ValkeyCookieJar(valkey.url, session_lifetime=None) as jar:
        take(jar, URL, "s=2")
        for name in (KEY % "s", "{nethttp:cookies}:state"):
            assert valkey.command("TTL", name) == -1


def test_prefixes_keep_jars_apart(valkey):
    with ValkeyCookieJar(valkey.url) as one, ValkeyCookieJar(valkey.url, prefix="other") as two:
        take(one, URL, "a=1")
        assert len(two) == 0


def test_a_request_is_one_round_trip(valkey):
    with ValkeyCookieJar(valkey.url) as jar:
        take(jar, URL, *[f"n{number}=1" for number in range(100)])
        before = int(valkey.command("INFO", "commandstats")["cmdstat_evalsha"]["calls"])
        assert given_to(jar, URL)
        take(jar, URL, "a=1", "b=2", "c=3")
        after = int(valkey.command("INFO", "commandstats")["cmdstat_evalsha"]["calls"])
        assert after - before == 1 + 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_restart_is_not_noticed(valkey, how):
    with ValkeyCookieJar(valkey.url, patience=30) as jar:
        take(jar, URL, "a=1")
        valkey.kill(how)
        valkey.start()
        assert given_to(jar, URL) == "a=1"
        take(jar, URL, "b=2")
    with ValkeyCookieJar(valkey.url) as jar:
        assert pairs(jar) == ["a=1", "b=2"]


def test_away_raise(valkey):
    with ValkeyCookieJar(valkey.url, patience=0.6) as jar:
        take(jar, URL, "a=1")
        valkey.kill()
        for use in (lambda: given_to(jar, URL), lambda: take(jar, URL, "a=2"), lambda: len(jar)):
            began = time.monotonic()
            with pytest.raises(StorageAwayError, match="its server is away") as caught:
                use()
            assert time.monotonic() - began < 5
            assert caught.value.errno == errno.ETIMEDOUT
        assert jar.away
        with pytest.raises(StorageAwayError):
            ValkeyCookieJar(valkey.url, patience=0)
        valkey.start()
        valkey.command("PING")
        assert given_to(jar, URL) == "a=1"
        assert not jar.away


def test_away_serve_last_known(valkey):
    with ValkeyCookieJar(valkey.url, when_away="serve-last-known") as jar:
        take(jar, URL, "a=1", "gone=1")
        valkey.kill()
        assert given_to(jar, URL) == "a=1; gone=1"
        assert jar.away
        take(jar, URL, "b=2")
        jar.clear("www.acme.example", "/path", "gone")
        assert given_to(jar, URL) == "a=1; b=2"
        assert jar.unsaved == 2, list(jar._changes)
        valkey.start()
        valkey.command("PING")
        with ValkeyCookieJar(valkey.url) as other:
            take(other, URL, "c=3")
            while jar.away:
                assert "b=2" in given_to(jar, URL)
            assert jar.unsaved == 0
            assert pairs(jar) == pairs(other) == ["a=1", "b=2", "c=3"]


def test_away_from_the_start_and_to_the_end(valkey):
    valkey.kill()
    jar = ValkeyCookieJar(valkey.url, when_away="serve-last-known")
    assert jar.away
    assert given_to(jar, URL) is None
    take(jar, URL, "a=1")
    with pytest.raises(StorageAwayError, match="1 changes are lost"):
        jar.close()
    jar = ValkeyCookieJar(valkey.url, when_away="serve-last-known")
    take(jar, URL, "a=1")
    valkey.start()
    valkey.command("PING")
    jar.close()
    with ValkeyCookieJar(valkey.url) as jar:
        assert pairs(jar) == ["a=1"]


def test_a_server_that_says_nothing(valkey):
    with ValkeyCookieJar(valkey.url, timeout=0.3, patience=0.6) as jar:
        take(jar, URL, "a=1")
        valkey.freeze()
        began = time.monotonic()
        with pytest.raises(StorageAwayError):
            given_to(jar, URL)
        assert time.monotonic() - began < 5
        valkey.kill()
        valkey.start()
        valkey.command("PING")
        assert given_to(jar, URL) == "a=1"
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"valkey://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with pytest.raises(StorageAwayError):
            ValkeyCookieJar(url, timeout=0.3, patience=0.6)
        assert time.monotonic() - began < 5


def test_what_the_server_evicts_is_gone(valkey):
    with ValkeyCookieJar(valkey.url) as jar:
        take(jar, URL, "a=1", "b=2")
        valkey.command("DEL", KEY % "a")
        with ValkeyCookieJar(valkey.url) as other:
            assert pairs(other) == ["b=2"]
        for lost in ("changes", "state"):
            valkey.command("DEL", "{nethttp:cookies}:" + lost)
            assert len(jar) == 0
            take(jar, URL, "b=3")
            with ValkeyCookieJar(valkey.url) as other:
                assert pairs(other) == pairs(jar) == ["b=3"]
        valkey.command("FLUSHALL")
        assert len(jar) == 0
        valkey.command("SCRIPT", "FLUSH")
        take(jar, URL, "c=4")
        assert pairs(jar) == ["c=4"]


def test_a_full_server(valkey):
    with ValkeyCookieJar(valkey.url) as jar:
        take(jar, URL, "a=1")
        valkey.command("CONFIG", "SET", "maxmemory", "1")
        with pytest.raises(StorageError, match="memory") as caught:
            take(jar, URL, "a=2")
        assert caught.value.errno == errno.ENOSPC
        valkey.command("CONFIG", "SET", "maxmemory", "0")
        assert pairs(jar) == ["a=1"]


def test_a_password(valkey_program, tmp_path):
    server = ValkeyServer(valkey_program, tmp_path, "--requirepass", "hunter2")
    try:
        secret = server.url.replace("//", "//:hunter2@")
        with ValkeyCookieJar(secret, patience=30) as jar:
            take(jar, URL, "a=1")
            assert "hunter2" not in repr(jar)
        for wrong in (server.url, server.url.replace("//", "//:wrong@")):
            with pytest.raises(StorageError) as caught:
                ValkeyCookieJar(wrong)
            assert caught.value.errno == errno.EACCES
    finally:
        server.kill()


def test_options_that_make_no_sense():
    for options in ({"prefix": ""}, {"prefix": "a{b"}, {"when_away": "guess"}):
        with pytest.raises(ValueError, match="expected"):
            ValkeyCookieJar("valkey://127.0.0.1:1", **options)
    with pytest.raises(ValueError, match="scheme"):
        ValkeyCookieJar("http://127.0.0.1:1")


def test_without_the_library():
    code = (
        "import sys; sys.modules['redis'] = None\n"
        "from nethttp.cookiejar import *\n"
        "import nethttp.cookiejar as c\n"
        "try: c.ValkeyCookieJar\n"
        "except ImportError as error: print(error)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert "pip install 'nethttp[valkey]'" in said.stdout


def test_attempts_are_further_and_further_apart():
    storage = valkey_module.ValkeyStorage("valkey://127.0.0.1:1", "p", 1, 1, None, "raise")
    pauses = [storage._next_pause() for _ in range(40)]
    assert pauses[0] <= valkey_module._FIRST_PAUSE
    assert max(pauses) <= valkey_module._LONGEST_PAUSE
    assert min(pauses[10:]) >= valkey_module._LONGEST_PAUSE / 2
    storage.close()
