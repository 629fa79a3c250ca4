"""Redirects, retries, pace, guard and downloads of both clients, with servers on sockets."""

from __future__ import annotations

import asyncio
import hashlib
import time
from urllib.parse import quote

import pytest

from nethttp.client.aclient import AsyncClient
from nethttp.client.client import Client
from nethttp.client.part_file import ChecksumError, kept_bytes
from nethttp.client.policy.guard import PublicOnly, public_only
from nethttp.client.policy.pace import Pace
from nethttp.client.policy.redirects import Redirects
from nethttp.client.policy.retries import Budget, Retries
from nethttp.errors import (
    AddressRefused,
    BodyNotReplayable,
    InvalidURL,
    ReadError,
    RedirectRefused,
    RequestTimeout,
    StatusError,
    TooManyRedirects,
    TransportError,
)

from .origins import CONTENT, proxy

SOON = Retries(max=3, first_wait=0.01, budget=Budget(reserve=1000))


def blocking(settings, name, *arguments, **options):
    with Client(**settings) as client:
        return getattr(client, name)(*arguments, **options)


def in_an_event_loop(settings, name, *arguments, **options):
    async def call():
        async with AsyncClient(**settings) as client:
            return await getattr(client, name)(*arguments, **options)

    return asyncio.run(call())


@pytest.fixture(params=[blocking, in_an_event_loop])
def ask(request, authority):
    """Return a function that makes a client, calls its method and closes it."""

    def call(name, *arguments, settings=None, **options):
        given = {"verify": str(authority.path), **(settings or {})}
        return request.param(given, name, *arguments, **options)

    return call


def to(origin, target, status=302):
    return f"{origin}/go?status={status}&to={quote(target, safe='')}"


# --- redirects ------------------------------------------------------------------------------------


def test_redirects_are_returned_unless_asked_for(ask, peers):
    response = ask("get", to(peers.urls[0], "/end"))
    assert (response.status_code, response.history) == (302, [])
    response = ask("get", to(peers.urls[0], "/end#x"), follow_redirects=True)
    assert (response.status_code, response.url.target, response.url.fragment) == (200, "/end", "x")
    assert [each.status_code for each in response.history] == [302]
    response = ask("get", to(peers.urls[0], "/end"), settings={"follow_redirects": True})
    assert response.content == b"the end"


def test_from_http_to_https_and_not_back(ask, peers):
    plain, secure = peers.urls[2], peers.urls[3]
    settings = {"follow_redirects": True}
    assert ask("get", to(plain, f"{secure}/end"), settings=settings).url.scheme == "https"
    with pytest.raises(RedirectRefused):
        ask("get", to(secure, f"{plain}/end"), settings=settings)
    settings = {"follow_redirects": Redirects(to_http=True)}
    assert ask("get", to(secure, f"{plain}/end"), settings=settings).url.scheme == "http"


def test_too_many(ask, peers):
    url = f"{peers.urls[0]}/end"
    for _ in range(4):
        url = to(peers.urls[0], url)
    with pytest.raises(TooManyRedirects) as caught:
        ask("get", url, settings={"follow_redirects": Redirects(max=3)})
    assert len(caught.value.history) == 3
    assert len(peers.taken()) == 4


@pytest.mark.parametrize(("status", "method", "body"), [(307, "POST", b"body"), (302, "GET", b"")])
def test_bodies(ask, peers, tmp_path, status, method, body):
    (tmp_path / "body").write_bytes(b"body")
    with open(tmp_path / "body", "rb") as file:
        for content in (b"body", "body", file):
            ask("post", to(peers.urls[0], "/end", status), content=content, follow_redirects=True)
            last = peers.taken()[-1]
            assert (last.method, last.body) == (method, body)
            assert last.has("content-length") == bool(body)


def test_a_body_that_is_gone_is_not_sent_empty(ask, peers):
    with pytest.raises(BodyNotReplayable):
        ask("post", to(peers.urls[0], "/end", 307), content=iter([b"a", b"b"]),
            follow_redirects=True)  # fmt: skip
    assert len(peers.taken()) == 1


# --- retries and pace -----------------------------------------------------------------------------


def test_a_busy_server_is_asked_again(ask, peers):
    url = f"{peers.urls[0]}/busy"
    peers.busy = [(503, {}), (429, {"Retry-After": "0"}), (0, {})]
    response = ask("get", url, settings={"retries": SOON})
    assert response.status_code == 200
    assert [each.status_code for each in response.history] == [503, 429]
    assert len(peers.taken()) == 4


def test_a_post_is_sent_once(ask, peers):
    url = f"{peers.urls[0]}/busy"
    peers.busy = [(503, {})] * 2
    assert ask("post", url, content=b"x", settings={"retries": SOON}).status_code == 503
    assert len(peers.taken()) == 1
    response = ask("post", url, content=b"x", headers={"Idempotency-Key": "1"},
                   settings={"retries": SOON})  # fmt: skip
    assert response.status_code == 200
    assert [each.body for each in peers.taken()] == [b"x", b"x"]


def test_an_answer_that_asks_to_wait_beyond_the_deadline_is_returned(ask, peers):
    peers.busy = [(503, {"Retry-After": "60"})]
    began = time.monotonic()
    response = ask("get", f"{peers.urls[0]}/busy", settings={"retries": SOON}, timeout=5)
    assert response.status_code == 503
    assert time.monotonic() - began < 4


def test_content_that_was_cut_is_fetched_again(ask, peers):
    peers.cuts = [100_000, 0]
    response = ask("get", f"{peers.urls[0]}/file", settings={"retries": SOON})
    assert response.content == CONTENT
    assert len(peers.taken()) == 3


def test_the_last_error_says_which_attempt_it_was(ask, peers):
    peers.busy = [(0, {})] * 4
    with pytest.raises(ReadError) as caught:
        ask("get", f"{peers.urls[0]}/busy", settings={"retries": SOON})
    assert caught.value.attempt == 4


def test_pace(authority, peers):
    pace = Pace(20)
    with Client(pace=pace) as client:
        began = time.monotonic()
        for _ in range(5):
            client.get(f"{peers.urls[0]}/end")
        assert time.monotonic() - began >= 4 / 20
        peers.busy = [(429, {"Retry-After": "60"})]
        assert client.get(f"{peers.urls[0]}/busy").status_code == 429
        with pytest.raises(RequestTimeout, match="the pace"):
            client.get(f"{peers.urls[0]}/end", timeout=1)
        assert client.get(f"{peers.urls[1]}/end").status_code == 200


# --- the guard ------------------------------------------------------------------------------------


def test_the_guard_refuses_this_machine_in_every_form(ask, peers):
    port = peers.urls[0].rpartition(":")[2]
    hosts = ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "[::]", "0.0.0.0",
             "[64:ff9b::7f00:1]", "internal.example"]  # fmt: skip
    settings = {"guard": public_only, "resolve": {"internal.example": "10.0.0.1"}}
    for host in hosts:
        with pytest.raises(AddressRefused):
            ask("get", f"http://{host}:{port}/end", settings=settings)
    for host in ("2130706433", "127.1", "0x7f.1", "0177.0.0.1"):
        with pytest.raises(InvalidURL):
            ask("get", f"http://{host}:{port}/end", settings=settings)
    assert peers.taken() == []


def test_the_guard_is_asked_again_after_a_redirect(ask, peers):
    first, port = peers.urls[0], peers.urls[1].rpartition(":")[2]
    guard = PublicOnly(allow=["127.0.0.1"])
    settings = {"guard": guard, "follow_redirects": True, "resolve": {"evil.example": "127.0.0.9"}}
    assert ask("get", to(first, "/end"), settings=settings).content == b"the end"
    peers.taken()
    with pytest.raises(AddressRefused, match=r"127\.0\.0\.9"):
        ask("get", to(first, f"http://evil.example:{port}/end"), settings=settings)
    assert len(peers.taken()) == 1


def test_the_guard_is_asked_before_a_proxy_is(ask, peers):
    """Also for a plain request, which the proxy would else resolve and forward."""
    with proxy() as (url, at_the_proxy):
        settings = {"guard": public_only, "proxy": url.replace("://", "://proxy:secret@")}
        for target in peers.urls:
            with pytest.raises(AddressRefused):
                ask("get", f"{target}/end", settings=settings)
        assert at_the_proxy == []
        settings["guard"] = PublicOnly(allow=["127.0.0.1"])
        settings["resolve"] = {"localhost": "127.0.0.1"}
        for target in peers.urls:
            assert ask("get", f"{target}/end", settings=settings).content == b"the end"
        assert {request.method for request in at_the_proxy} == {"CONNECT"}
        assert {request.target.partition(":")[0] for request in at_the_proxy} == {"127.0.0.1"}


# --- downloads ------------------------------------------------------------------------------------


def test_a_download(ask, peers, tmp_path):
    seen = []
    done = ask("download", to(peers.urls[0], "/file"), tmp_path / "file",
               sha256=hashlib.sha256(CONTENT).hexdigest(),
               progress=lambda *at: seen.append(at))  # fmt: skip
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]
    assert (done.size, done.resumed, done.response.status_code) == (len(CONTENT), 0, 200)
    assert seen[-1] == (len(CONTENT), len(CONTENT))


def test_a_download_goes_on_after_cuts(ask, peers, tmp_path):
    peers.cuts = [100_000, 0, 300_000, 7]
    ask("download", f"{peers.urls[3]}/file", tmp_path / "file", retries=SOON)
    assert (tmp_path / "file").read_bytes() == CONTENT
    ranges = [dict(each.lines).get("Range") for each in peers.taken()]
    assert ranges == [None, *(f"bytes={at}-" for at in (100_000, 100_000, 400_000, 400_007))]


def test_a_download_goes_on_in_a_later_call(ask, peers, tmp_path):
    peers.cuts = [500_000]
    with pytest.raises(TransportError) as caught:
        ask("download", f"{peers.urls[0]}/file", tmp_path / "file", retries=0)
    assert "500000 bytes are kept" in caught.value.__notes__[0]
    assert not (tmp_path / "file").exists()
    done = ask("download", f"{peers.urls[0]}/file", tmp_path / "file")
    assert done.resumed == 500_000
    assert (tmp_path / "file").read_bytes() == CONTENT


def test_a_download_never_mixes_versions(ask, peers, tmp_path):
    peers.cuts = [500_000]
    with pytest.raises(TransportError):
        ask("download", f"{peers.urls[0]}/file", tmp_path / "file", retries=0)
    peers.content = CONTENT[::-1]
    assert ask("download", f"{peers.urls[0]}/file", tmp_path / "file").resumed == 0
    assert (tmp_path / "file").read_bytes() == CONTENT[::-1]


def test_without_a_tag_a_download_begins_again(ask, peers, tmp_path):
    peers.cuts = [500_000]
    ask("download", f"{peers.urls[0]}/file?untagged=1", tmp_path / "file", retries=SOON)
    assert (tmp_path / "file").read_bytes() == CONTENT
    assert not any(each.has("range") for each in peers.taken())


def test_a_download_that_fails_leaves_no_file(ask, peers, tmp_path):
    with pytest.raises(ChecksumError):
        ask("download", f"{peers.urls[0]}/file", tmp_path / "file", sha256="0" * 64)
    with pytest.raises(StatusError, match="405"):
        ask("download", to(peers.urls[0], "/x", 405), tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_a_download_by_segments(ask, peers, tmp_path):
    peers.content = content = CONTENT * 8
    peers.cuts = [len(content), 300_000]  # the second request's
    right = hashlib.sha256(content).hexdigest()
    url = f"{peers.urls[3]}/file?ranges=1"
    done = ask("download", url, tmp_path / "file", segments=4, sha256=right, retries=SOON)
    assert (done.size, (tmp_path / "file").read_bytes()) == (len(content), content)
    ranges = [dict(each.lines).get("Range") for each in peers.taken()]
    assert ranges[0] is None
    assert len(ranges) > 4
    assert all(ranges[1:])
    assert [each.name for each in tmp_path.iterdir()] == ["file"]


def test_segments_of_a_cancelled_download_can_be_resumed(ask, peers, tmp_path):
    peers.content = CONTENT * 8
    url = f"{peers.urls[0]}/file?ranges=1"

    def stop(done, _total):
        if done > 3_000_000:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        ask("download", url, tmp_path / "file", segments=3, progress=stop)
    kept = kept_bytes(tmp_path / "file")
    assert 3_000_000 <= kept < len(peers.content)
    assert ask("download", url, tmp_path / "file", segments=3).resumed == kept
    assert (tmp_path / "file").read_bytes() == peers.content


def test_a_cancelled_download_can_be_resumed(peers, tmp_path):
    async def cancelled():
        async with AsyncClient() as client:
            task = asyncio.current_task()
            await client.download(
                f"{peers.urls[0]}/file",
                tmp_path / "file",
                progress=lambda done, _: done > 200_000 and task.cancel(),
            )

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(cancelled())
    size = (tmp_path / "file.part").stat().st_size
    assert size > 200_000
    with Client() as client:
        assert client.download(f"{peers.urls[0]}/file", tmp_path / "file").resumed == size
    assert (tmp_path / "file").read_bytes() == CONTENT
