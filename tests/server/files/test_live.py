"""Pages that load again when a file below their directory changes."""

from __future__ import annotations

import functools
import threading
import time

import pytest

pytest.importorskip("watchfiles")

from nethttp.client import HTTPConnection
from nethttp.server.files import live
from nethttp.server.files.live import _SCRIPT, STREAM, Changes, LiveHandler


@pytest.fixture
def site(tmp_path):
    (tmp_path / "index.html").write_text("<h1>one</h1>")
    (tmp_path / "a.txt").write_text("text")
    (tmp_path / "sub").mkdir()
    return tmp_path


@pytest.fixture(autouse=True)
def watchers(monkeypatch):
    """Let the threads of watchers end with the test, and streams soon."""
    monkeypatch.setattr(live, "UNUSED_SECONDS", 0.0)
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.3)
    found: dict[str, Changes] = {}
    monkeypatch.setattr(LiveHandler, "_changes", found)
    yield found
    for changes in found.values():
        if changes._watching is not None:
            changes._watching.join(10)


@pytest.fixture
def port(serve, site):
    class Quiet(LiveHandler):
        def log_message(self, format, *args):
            pass

    return serve(functools.partial(Quiet, directory=site)).port


def ask(port, path, method="GET", **headers):
    with HTTPConnection("127.0.0.1", port, timeout=10) as connection:
        connection.request(method, path, headers=headers)
        response = connection.getresponse()
        return response, response.read()


def test_pages_have_the_script_and_are_never_kept(port):
    for path in ("/", "/index.html", "/sub/", "/nothing"):
        response, content = ask(port, path, **{"Accept-Encoding": "gzip", "Range": "bytes=0-1"})
        assert response.status == (404 if path == "/nothing" else 200)
        assert content.endswith(_SCRIPT)
        assert int(response.getheader("Content-Length")) == len(content)
        assert response.getheader("ETag") is response.getheader("Last-Modified") is None
        head, nothing = ask(port, path, "HEAD")
        assert head.getheader("Content-Length") == response.getheader("Content-Length")
        assert nothing == b""
    assert ask(port, "/")[0].getheader("Cache-Control") == "no-store"


def test_other_files_are_as_they_are(port):
    response, content = ask(port, "/a.txt")
    assert (response.status, content) == (200, b"text")
    assert response.getheader("Cache-Control") == "no-store"


def test_other_methods_are_refused_whole(port):
    response, content = ask(port, "/", "POST")
    assert response.status == 501
    assert int(response.getheader("Content-Length")) == len(content)
    assert not content.endswith(_SCRIPT)


def test_a_change_is_an_event(port, site, watchers, monkeypatch):
    monkeypatch.setattr(live, "STREAM_SECONDS", 10)
    got = []
    began = str(time.time_ns())
    asking = threading.Thread(
        target=lambda: got.append(ask(port, STREAM, **{"Last-Event-ID": began}))
    )
    asking.start()
    while asking.is_alive():
        # Until the directory is watched, a change is not seen.
        (site / "a.txt").write_text(f"new {time.monotonic()}")
        asking.join(0.05)
    response, content = got[0]
    assert response.getheader("Content-Type") == "text/event-stream"
    lines = content.decode().splitlines()
    assert lines[0] == "retry: 100"
    assert "data: changed" in lines
    # The next stream has what came between the two.
    _, content = ask(port, STREAM, **{"Last-Event-ID": began})
    assert b"data: changed" in content


def test_a_stream_without_changes_ends_with_an_id_and_no_event(port):
    _, content = ask(port, STREAM)
    lines = content.decode().splitlines()
    assert [line.partition(":")[0] for line in lines if line] == ["retry", "id"]


def test_a_directory_that_no_page_is_open_of_is_not_watched(site):
    changes = Changes(str(site))
    assert not changes.wait(time.time_ns(), 0.1)
    watching = changes._watching
    watching.join(10)
    assert changes._watching is None
    assert not changes.wait(time.time_ns(), 0.1)
    changes._watching.join(10)
