"""Segments: whatever the server and the line do, the file is one version whole, or not there."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from math import inf

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nethttp.client import AsyncClient, Client, PoolLimits, Retries
from nethttp.client.flow import download as downloads
from nethttp.client.flow import segments
from nethttp.client.part_file import kept_bytes
from nethttp.client.testing.network import START, Read, ScriptedNetwork, Sleep, Write
from nethttp.errors import ReadTimeout, RequestError, StatusError

OLD, NEW = os.urandom(100_000), os.urandom(90_000)
URL = "http://a.example/file"
SOON = Retries(max=3, first_wait=0.01)
RANGE = re.compile(rb"range: bytes=(\d+)-(\d*)\r\nif-range: (\S+)", re.IGNORECASE)


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(segments, "MIN_PIECE", 5000)
    monkeypatch.setattr(downloads, "MIN_PIECE", 5000)
    monkeypatch.setattr(segments, "BUFFER", 2000)


class Files:
    """A server of one file on a network; it sends 1 000 bytes a second on each connection."""

    def __init__(self, network, content=OLD):
        self.network = network
        self.content = content
        self.accepts = "bytes"
        self.weak = False
        self.cuts: list[int | None] = []
        """After how many bytes each next response is cut; then none is."""
        self.refused: list[int | None] = []
        """The status of each next request for a part, instead of the part; then none is."""
        self.ignores_ends = False
        self.ranges: list[tuple[int, int | None] | None] = []
        network.serve("a.example", 80, self.serve)

    @property
    def tag(self):
        return f'{"W/" if self.weak else ""}"{len(self.content)}"'.encode()

    def serve(self, link):
        while data := (yield Read(link, inf)):
            content, status, fields = self.content, b"200 OK", b""
            start, end = 0, len(content)
            found = RANGE.search(data)
            self.ranges.append(found and (int(found[1]), int(found[2]) + 1 if found[2] else None))
            refused = self.refused.pop(0) if found and self.refused else None
            if refused == 200:
                found = None  # as servers do that know no ranges
            elif refused:
                yield Write(link, b"HTTP/1.1 %d No\r\nContent-Length: 0\r\n\r\n" % refused, inf)
                continue
            if found and found[3] == self.tag:
                start = int(found[1])
                if found[2] and not self.ignores_ends:
                    end = int(found[2]) + 1
                status = b"206 Part"
                fields = b"Content-Range: bytes %d-%d/%d\r\n" % (start, end - 1, len(content))
            fields += b"Accept-Ranges: %s\r\nETag: %s\r\n" % (self.accepts.encode(), self.tag)
            head = b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n" % (status, fields, end - start)
            yield Write(link, head, inf)
            cut = self.cuts.pop(0) if self.cuts else None
            last = end if cut is None else min(end, start + cut)
            for at in range(start, last, 1000):
                yield Sleep(self.network.clock() + 1)
                yield Write(link, content[at : min(at + 1000, last)], inf)
            if cut is not None:
                return


@pytest.fixture
def network():
    return ScriptedNetwork()


@pytest.fixture
def files(network):
    return Files(network)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@pytest.fixture(params=[Client, AsyncClient])
def fetch(request, network, path):
    """Return a function that downloads the file by a new client; it checks the progress."""

    def call(count=4, timeout=None, **given):
        settings = {name: given.pop(name) for name in ("limits",) if name in given}
        seen = []
        client = request.param(network=network, timeout=timeout, **settings)
        given = {"retries": SOON, "progress": lambda *at: seen.append(at), **given}
        result = client.download(URL, path, segments=count, **given)
        if request.param is AsyncClient:
            result = asyncio.run(result)
        assert seen == sorted(seen)
        assert seen[-1][0] == result.size
        return result

    return call


def only(path):
    assert [entry.name for entry in path.parent.iterdir()] == [path.name]
    return path.read_bytes()


def test_four_requests_take_a_quarter_of_the_time(network, files, fetch, path):
    done = fetch()
    assert only(path) == OLD
    assert (done.size, done.resumed, done.response.status_code) == (len(OLD), 0, 200)
    assert network.clock() - START < 30  # one alone takes 100 seconds
    assert len(network.links) == 4
    assert files.ranges[0] is None
    assert all(start < end <= len(OLD) for start, end in files.ranges[1:])


def test_a_checksum_is_that_of_the_file(files, fetch, path):
    fetch(sha256=hashlib.sha256(OLD).hexdigest())
    assert only(path) == OLD


@pytest.mark.parametrize(
    "unfit", [{"accepts": "none"}, {"weak": True}, {"content": OLD[:9999]}, {"accepts": ""}]
)
def test_without_ranges_a_strong_tag_and_length_there_is_one_request(files, fetch, path, unfit):
    for name, value in unfit.items():
        setattr(files, name, value)
    fetch()
    assert only(path) == files.content
    assert files.ranges == [None]


def test_a_server_that_sends_more_than_the_part_is_stopped(files, fetch, path):
    files.ignores_ends = True
    fetch()
    assert only(path) == OLD


@pytest.mark.parametrize("status", [429, 403, 503, 416, 200])
def test_a_server_that_refuses_more_requests_is_left_in_peace(network, files, fetch, path, status):
    files.refused = [status] * 3
    fetch()
    assert only(path) == OLD
    assert files.ranges.count(None) == 1
    assert len(files.ranges) == 4


def test_a_server_that_refused_is_not_asked_for_more_in_later_attempts(files, fetch, path):
    files.refused = [403] * 3
    files.cuts = [20_000]
    fetch()
    assert only(path) == OLD
    assert files.ranges[4:] == [(20_000, None)]


def test_a_part_that_is_cut_is_gone_on_with_beside_the_others(network, files, fetch, path):
    files.cuts = [None, *[4000] * 10]
    fetch()
    assert only(path) == OLD
    assert network.clock() - START < 45


def test_cuts_are_resumed(files, fetch, path):
    files.cuts = [20_000, 3000, 0, 1000, 0, 0, 2000, 5000]
    done = fetch()
    assert only(path) == OLD
    assert done.resumed == 0


def test_what_was_received_stays_for_a_later_call(network, files, fetch, path):
    files.cuts = [10_000]
    with pytest.raises(RequestError) as caught:
        fetch(retries=0)
    kept = kept_bytes(path)
    assert 30_000 < kept < 50_000
    assert f"{kept} bytes are kept" in caught.value.__notes__[0]
    before, sent = network.clock(), len(files.ranges)
    done = fetch()
    assert only(path) == OLD
    assert done.resumed == kept
    assert network.clock() - before < 25
    assert all(files.ranges[sent:])


def test_a_segmented_file_is_resumed_by_one_request_at_a_time(files, fetch, path):
    files.cuts = [10_000]
    with pytest.raises(RequestError):
        fetch(retries=0)
    kept = kept_bytes(path)
    assert fetch(count=1).resumed == kept
    assert only(path) == OLD


def test_a_usual_file_is_resumed_by_segments(network, files, fetch, path):
    files.cuts = [20_000]
    with pytest.raises(RequestError):
        fetch(count=1, retries=0)
    before = network.clock()
    assert fetch().resumed == 20_000
    assert only(path) == OLD
    assert network.clock() - before < 25


def test_versions_are_never_mixed(files, fetch, path):
    files.cuts = [10_000]
    with pytest.raises(RequestError):
        fetch(retries=0)
    files.content = NEW
    assert fetch().resumed == 0
    assert only(path) == NEW


def test_a_version_that_changes_meanwhile_is_one_of_the_two(network, files, path):
    def change(done, _total):
        if done > 50_000:
            files.content = NEW

    files.cuts = [None, 4000, 4000, 4000, 4000]
    client = Client(network=network, timeout=None)
    client.download(URL, path, segments=4, retries=SOON, progress=change)
    assert only(path) in (OLD, NEW)


def test_a_full_pool_is_used_as_far_as_it_goes(network, files, fetch, path):
    fetch(limits=PoolLimits(max_connections=2))
    assert only(path) == OLD
    assert network.clock() - START < 60


def test_the_time_is_for_all_together(network, files, fetch, path):
    with pytest.raises(ReadTimeout):
        fetch(timeout=10)
    assert network.clock() - START == pytest.approx(10)
    assert 30_000 < kept_bytes(path) < 40_000


def test_an_error_of_the_program_ends_all(network, files, path):
    def full(done, _total):
        if done > 50_000:
            raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        Client(network=network).download(URL, path, segments=4, progress=full)
    assert 40_000 < kept_bytes(path) < 60_000


def test_a_missing_file_is_told_as_without_segments(network, path):
    def missing(link):
        while (yield Read(link, inf)):
            yield Write(link, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", inf)

    network.serve("a.example", 80, missing)
    with pytest.raises(StatusError, match="404"):
        Client(network=network).download(URL, path, segments=4)


@pytest.mark.parametrize("count", [0, 17, -1, 2.0, None])
def test_a_number_that_makes_no_sense_is_refused(network, path, count):
    with pytest.raises(ValueError, match="from 1 to 16"):
        Client(network=network).download(URL, path, segments=count)
    assert list(path.parent.iterdir()) == []


CUTS = st.lists(st.none() | st.integers(0, 30_000), max_size=12)
REFUSED = st.lists(st.none() | st.sampled_from([403, 503, 200]), max_size=8)


@settings(max_examples=50)
@given(CUTS, REFUSED, st.integers(1, 6), st.booleans(), st.integers(0, 20))
def test_any_run_ends_with_one_version(tmp_path_factory, cuts, refused, count, ignores, changes):
    path = tmp_path_factory.mktemp("any") / "file"
    network = ScriptedNetwork()
    files = Files(network)
    files.cuts, files.refused, files.ignores_ends = cuts, refused, ignores

    def progress(_done, _total):
        if len(files.ranges) == changes:
            files.content = NEW

    for _ in range(3):
        try:
            Client(network=network, timeout=None).download(
                URL, path, segments=count, retries=Retries(max=2), progress=progress
            )
        except (RequestError, StatusError):
            assert not path.exists()
        else:
            assert only(path) in (OLD, NEW)
            return
