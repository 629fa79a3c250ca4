"""Downloads: whatever the server does, the file is one version whole, or it is not there."""

from __future__ import annotations

import gzip
import hashlib
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.flow.download import download
from nethttp.client.messages.headers import Headers
from nethttp.client.messages.request import Request
from nethttp.client.part_file import ChecksumError, PartFile
from nethttp.client.policy.retries import Retries
from nethttp.errors import InvalidResponse, NetworkError, ReadError, StatusError
from nethttp.net.effects import Call, Sleep

VERSIONS = {"old": bytes(range(256)) * 40, "new": bytes(range(255, -1, -1)) * 40}
VERSIONS["short"] = VERSIONS["new"][:2500]
OLD, NEW = VERSIONS["old"], VERSIONS["new"]
URL = "http://user:pw@a/file#fragment"


class Response:
    def __init__(self, request, status, headers, content, cut=None):
        self.request, self.status_code, self.reason = request, status, "R"
        self.headers = Headers(headers)
        self.pieces = [content[at : at + 1000] for at in range(0, len(content), 1000)]
        self.cut = cut
        self.ended = False

    is_success = property(lambda self: 200 <= self.status_code < 300)

    def next_raw_flow(self):
        if self.cut is not None:
            self.cut -= 1
            if self.cut < 0:
                raise ReadError("lost", phase="receive")
        return self.pieces.pop(0) if self.pieces else b""
        yield

    def close_flow(self):
        self.ended = True
        return
        yield

    def abandon(self):
        self.ended = True


class Server:
    """Serves a version of a file: cut after so many pieces, honest about If-Range or not."""

    def __init__(self, *steps, etag=True, weak=False, coding=False, honest=True, tag_in_206=True):
        self.steps = list(steps)
        self.etag, self.weak, self.coding = etag, weak, coding
        self.honest, self.tag_in_206 = honest, tag_in_206
        self.requests = []
        self.responses = []

    def send(self, request):
        self.requests.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, int):
            response = Response(request, step, (), b"error")
        else:
            response = self.file(request, *step)
        self.responses.append(response)
        return response
        yield

    def file(self, request, content, cut=None):
        tag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
        headers = {}
        if self.etag:
            headers["ETag"] = ("W/" if self.weak else "") + tag
        wanted = request.headers.get("range")
        if self.coding:
            content = gzip.compress(content)
            headers["Content-Encoding"] = "gzip"
        if wanted and (not self.honest or request.headers["if-range"] == tag):
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(content):
                return Response(request, 416, {"Content-Range": f"bytes */{len(content)}"}, b"")
            headers["Content-Range"] = f"bytes {start}-{len(content) - 1}/{len(content)}"
            if not self.tag_in_206:
                headers.pop("ETag", None)
            return Response(request, 206, headers, content[start:], cut)
        headers["Content-Length"] = str(len(content))
        return Response(request, 200, headers, content, cut)


def fetch(server, path, *, sha256=None, max_retries=3, deadline=float("inf"), progress=None):
    retries = Retries(max=max_retries, random=lambda: 0.5)
    state = SimpleNamespace(now=0.0)
    with PartFile(path, sha256) as part:
        flow = download(server.send, Request("GET", URL), part, retries,
                        clock=lambda: state.now, deadline=deadline, progress=progress)  # fmt: skip
        result = None
        try:
            while True:
                effect = flow.send(result)
                if isinstance(effect, Sleep):
                    state.now, result = effect.deadline, None
                else:
                    assert isinstance(effect, Call)
                    result = effect.function()
        except StopIteration as stop:
            assert all(response.ended for response in server.responses)
            return stop.value


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


def only(path):
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return path.read_bytes()


def test_a_whole_download(path):
    seen = []
    server = Server((OLD,))
    done = fetch(server, path, progress=lambda *at: seen.append(at))
    assert only(path) == OLD
    assert (done.path, done.size, done.resumed) == (str(path), len(OLD), 0)
    assert done.response is server.responses[0]
    assert seen[0] == (1000, len(OLD))
    assert seen[-1] == (len(OLD), len(OLD))
    assert server.requests[0].headers["accept-encoding"] == "identity"
    assert "range" not in server.requests[0].headers


def test_cuts_are_resumed_by_range_and_if_range(path):
    server = Server((OLD, 3), (OLD, 2), (OLD, 0), ReadError("lost"), (OLD,))
    done = fetch(server, path)
    assert only(path) == OLD
    assert done.resumed == 0
    ranges = [request.headers.get("range") for request in server.requests]
    assert ranges == [None, "bytes=3000-", "bytes=5000-", "bytes=5000-", "bytes=5000-"]
    assert server.requests[1].headers["if-range"] == server.responses[0].headers["etag"]


def test_an_attempt_that_gets_further_begins_the_count_anew(path):
    server = Server(*[(OLD, 1)] * 10, (OLD,))
    fetch(server, path, max_retries=1)
    assert only(path) == OLD
    server = Server((OLD, 2), (OLD, 0), (OLD, 0), (OLD,))
    with pytest.raises(ReadError) as caught:
        fetch(server, path.with_name("other"), max_retries=1)
    assert "2000 bytes are kept" in caught.value.__notes__[0]


def test_a_later_call_goes_on(path):
    with pytest.raises(ReadError):
        fetch(Server((OLD, 4)), path, max_retries=0)
    assert not path.exists()
    server = Server((OLD,))
    assert fetch(server, path, sha256=hashlib.sha256(OLD).hexdigest()).resumed == 4000
    assert only(path) == OLD
    assert server.requests[0].headers["range"] == "bytes=4000-"


@pytest.mark.parametrize("new", [NEW, NEW[:100], NEW + b"more", b""])
@pytest.mark.parametrize("honest", [True, False])
def test_versions_are_never_mixed(path, new, honest):
    """Also by a server that sends a part of the new version in spite of If-Range."""
    with pytest.raises(ReadError):
        fetch(Server((OLD, 4)), path, max_retries=0)
    server = Server((new,), (new,), honest=honest)
    assert fetch(server, path).resumed == 0
    assert only(path) == new


def test_a_part_without_its_version_is_not_taken(path):
    server = Server((OLD, 4), (NEW,), (NEW,), honest=False, tag_in_206=False)
    fetch(server, path)
    assert only(path) == NEW
    assert [response.status_code for response in server.responses] == [200, 206, 200]


@pytest.mark.parametrize("how", [{"etag": False}, {"weak": True}, {"coding": True}])
def test_without_a_strong_tag_it_begins_again(path, how):
    server = Server((OLD, 4), (OLD,), **how)
    if "coding" in how:
        server.steps[0] = (OLD, 0)
    fetch(server, path)
    assert only(path) == OLD
    assert "range" not in server.requests[1].headers
    with pytest.raises(ReadError):
        fetch(Server((OLD, 0), **how), path.with_name("other"), max_retries=0)
    assert only(path) == OLD


def test_a_complete_part_is_asked_for_its_last_byte(path):
    with PartFile(path) as part:
        fetch_into = Server((OLD,))
        response = fetch_into.file(Request("GET", URL), OLD)
        from nethttp.client.flow.download import _version, _version_url

        part.begin(_version(response, _version_url(Request("GET", URL)), len(OLD)))
        part.add(OLD)
    server = Server((OLD,))
    assert fetch(server, path).resumed == len(OLD) - 1
    assert server.requests[0].headers["range"] == f"bytes={len(OLD) - 1}-"
    assert only(path) == OLD


def test_another_url_is_another_download(path):
    with pytest.raises(ReadError):
        fetch(Server((OLD, 4)), path, max_retries=0)
    server = Server((NEW,))
    with PartFile(path) as part:
        flow = download(server.send, Request("GET", "http://a/other"), part, Retries(),
                        clock=lambda: 0.0, deadline=1.0)  # fmt: skip
        effect = next(flow)
        with pytest.raises(StopIteration):
            while True:
                effect = flow.send(effect.function())
    assert "range" not in server.requests[0].headers
    assert only(path) == NEW


def test_statuses(path):
    server = Server(503, (OLD,))
    fetch(server, path)
    for status in (404, 304, 302, 500):
        with pytest.raises(StatusError, match=str(status)) as caught:
            fetch(Server(status), path.with_name("other"))
        assert caught.value.response.status_code == status
    with pytest.raises(StatusError, match="503"):
        fetch(Server(*[503] * 4), path.with_name("other"))
    assert only(path) == OLD


def test_a_part_that_was_not_asked_for_is_refused(path):
    with pytest.raises(InvalidResponse, match="206"):
        fetch(Server(206), path)
    assert not path.exists()


def test_a_wrong_checksum_leaves_nothing(path):
    with pytest.raises(ChecksumError):
        fetch(Server((OLD,)), path, sha256="0" * 64)
    assert list(path.parent.iterdir()) == []


def test_no_wait_goes_beyond_the_deadline(path):
    with pytest.raises(ReadError):
        fetch(Server((OLD, 3), (OLD,)), path, deadline=0.1)
    assert not path.exists()


STEPS = st.lists(
    st.tuples(st.sampled_from([*VERSIONS]), st.integers(0, 12)) | st.sampled_from(["lost", 503]),
    max_size=8,
)


@given(STEPS, st.booleans(), st.booleans())
def test_any_run_of_cuts_and_versions_ends_with_one_version(tmp_path_factory, steps, honest, tag):
    path = tmp_path_factory.mktemp("any") / "file"
    played = [
        ReadError("lost")
        if step == "lost"
        else step
        if step == 503
        else (VERSIONS[step[0]], step[1])
        for step in steps
    ]
    server = Server(*played, (OLD,), (OLD,), (OLD,), honest=honest, tag_in_206=tag)
    try:
        fetch(server, path, max_retries=2)
    except (NetworkError, StatusError):
        assert not path.exists()
    else:
        content = only(path)
        assert [name for name, version in VERSIONS.items() if version == content]
