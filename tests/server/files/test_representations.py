"""Files in content codings, kept for a moment, and never other than they are."""

from __future__ import annotations

import gzip
import os
import threading
from functools import partial

import brotli
import pytest

from nethttp.caching import clear_all
from nethttp.client import HTTPConnection
from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.files import representations
from nethttp.server.files.finder import RESOURCES
from nethttp.server.files.representations import MAX_COMPRESSED, MIN_COMPRESSED
from nethttp.server.files.stored import MAX_IN_MEMORY

TEXT = b"All the world's a stage, and all the men and women merely players.\n" * 200
LONG_AGO = 1_000_000_000


class Files(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


class Browser:
    """Asks for paths on one connection and gives (status, fields, content as it came)."""

    def __init__(self, address) -> None:
        self.connection = HTTPConnection(*address, timeout=10)

    def get(self, path: str, method: str = "GET", **fields: str):
        headers = {name.replace("_", "-"): value for name, value in fields.items()}
        self.connection.request(method, path, headers=headers)
        response = self.connection.getresponse()
        return response.status, response.headers, response.read()


@pytest.fixture
def site(tmp_path):
    (tmp_path / "page.txt").write_bytes(TEXT)
    (tmp_path / "image.png").write_bytes(TEXT)
    (tmp_path / "short.txt").write_bytes(TEXT[: MIN_COMPRESSED - 1])
    (tmp_path / "random.txt").write_bytes(os.urandom(5000))
    return tmp_path


@pytest.fixture
def browse(serve, site):
    """Return a function that serves the site with some options and gives a browser."""
    opened = []

    def browse(**options):
        browser = Browser(serve(partial(Files, directory=site, **options)).address)
        opened.append(browser.connection)
        return browser

    yield browse
    for connection in opened:
        connection.close()


#: As long as the text, and told from it.
OTHER = b"x" * len(TEXT)


def settle(*paths) -> None:
    """Let files look as if they had been changed long ago, so that they are kept."""
    for path in paths:
        os.utime(path, (LONG_AGO, LONG_AGO))


def test_text_is_compressed_for_who_accepts_it(browse):
    browser = browse()
    _, plain, content = browser.get("/page.txt", Accept_Encoding="identity")
    assert content == TEXT
    assert (plain["content-encoding"], plain["vary"]) == (None, "Accept-Encoding")
    for accept, coding, decode in [
        ("gzip, deflate", "gzip", gzip.decompress),
        ("gzip, deflate, br, zstd", "br", brotli.decompress),
        ("br;q=0.1, gzip;q=0.2", "gzip", gzip.decompress),
    ]:
        status, fields, content = browser.get("/page.txt", Accept_Encoding=accept)
        assert (status, fields["content-encoding"]) == (200, coding)
        assert decode(content) == TEXT
        assert fields["etag"] != plain["etag"]
        assert fields["vary"] == "Accept-Encoding"
        assert int(fields["content-length"]) == len(content) < len(TEXT)
        assert browser.get("/page.txt", "HEAD", Accept_Encoding=accept)[1]["content-length"] == str(
            len(content)
        )


@pytest.mark.parametrize("path", ["/image.png", "/short.txt", "/random.txt"])
def test_what_would_not_shrink_is_sent_as_it_is(browse, site, path):
    _, fields, content = browse().get(path, Accept_Encoding="gzip")
    assert fields["content-encoding"] is None
    assert content == (site / path[1:]).read_bytes()


def test_what_is_too_large_is_not_compressed_here(browse, site):
    (site / "large.txt").write_bytes(b"a" * (MAX_COMPRESSED + 1))
    assert browse().get("/large.txt", Accept_Encoding="gzip")[1]["content-encoding"] is None


def test_a_range_is_of_the_file_as_it_is(browse):
    browser = browse()
    status, fields, content = browser.get("/page.txt", Accept_Encoding="gzip", Range="bytes=0-9")
    assert (status, fields["content-encoding"], content) == (206, None, TEXT[:10])
    coded = browser.get("/page.txt", Accept_Encoding="gzip")[1]["etag"]
    status, fields, content = browser.get(
        "/page.txt", Accept_Encoding="gzip", Range="bytes=0-9", If_Range=coded
    )
    assert (status, content) == (200, TEXT)


def test_each_coding_has_its_own_tag(browse):
    browser = browse()
    coded = browser.get("/page.txt", Accept_Encoding="gzip")[1]["etag"]
    assert browser.get("/page.txt", Accept_Encoding="gzip", If_None_Match=coded)[0] == 304
    assert browser.get("/page.txt", Accept_Encoding="br", If_None_Match=coded)[0] == 200
    fields = browser.get("/page.txt", Accept_Encoding="gzip", If_None_Match=coded)[1]
    assert (fields["etag"], fields["vary"]) == (coded, "Accept-Encoding")


def test_what_was_compressed_is_kept_while_the_file_stays(browse, site, monkeypatch):
    calls = []
    encode = representations.encode
    monkeypatch.setattr(
        representations, "encode", lambda *args: calls.append(args) or encode(*args)
    )
    settle(site / "page.txt")
    browser = browse(cache_control="no-cache")
    for _ in range(5):
        browser.get("/page.txt", Accept_Encoding="gzip")
    assert len(calls) == 1
    (site / "page.txt").write_bytes(TEXT.upper())
    settle(site / "page.txt")
    content = browser.get("/page.txt", Accept_Encoding="gzip")[2]
    assert gzip.decompress(content) == TEXT.upper()


def test_kept_files_have_a_bound_in_bytes(browse, site, monkeypatch):
    monkeypatch.setattr(RESOURCES, "max_cost", 4 * MAX_IN_MEMORY)
    monkeypatch.setattr(RESOURCES, "life", 60)
    clear_all()
    browser, most = browse(), 0
    for number in range(8):
        (site / f"{number}.png").write_bytes(bytes(MAX_IN_MEMORY))
        settle(site / f"{number}.png")
        assert browser.get(f"/{number}.png")[0] == 200
        most = max(most, len(RESOURCES))
    assert most == 3  # Each costs a little more than its content.


def test_what_was_compressed_has_a_bound_in_bytes(browse, site, monkeypatch):
    monkeypatch.setattr(representations._COMPRESSED, "max_cost", 20_000)
    clear_all()
    browser, most = browse(), 0
    for number in range(8):
        (site / f"{number}.txt").write_bytes(os.urandom(2500).hex().encode())
        settle(site / f"{number}.txt")
        fields = browser.get(f"/{number}.txt", Accept_Encoding="gzip")[1]
        assert fields["content-encoding"] == "gzip"
        most = max(most, len(representations._COMPRESSED))
    assert 5 <= most <= 7


def test_choices_of_a_coding_have_a_bound_in_bytes(browse, site):
    kept = representations._KNOWN_CHOICES
    clear_all()
    settle(site / "page.txt")
    browser, most = browse(), 0
    for number in range(100):
        accept = f"gzip, x{number:0240d}"
        for again in range(2):
            browser.get("/page.txt", Accept_Encoding=accept)
            assert number or len(kept) == again
        most = max(most, len(kept))
    assert 0 < most < kept.max_bytes / (4 * 240) < kept.max_entries
    clear_all()
    for _ in range(3):
        browser.get("/page.txt", Accept_Encoding="gzip, " + "x" * kept.max_key)
    assert len(kept) == 0


def test_compression_can_be_turned_off(browse, site):
    _, fields, content = browse(compress=False).get("/page.txt", Accept_Encoding="gzip")
    assert (fields["content-encoding"], fields["vary"], content) == (None, None, TEXT)


def test_a_program_that_copies_itself_gets_the_file_as_it_is(serve, site):
    class Copying(Files):
        def copyfile(self, source, outputfile):
            outputfile.write(source.read())

    browser = Browser(serve(partial(Copying, directory=site)).address)
    assert browser.get("/page.txt", Accept_Encoding="gzip")[2] == TEXT
    browser.connection.close()


# --- neighbours ---


def test_a_compressed_neighbour_is_sent(browse, site):
    # Contents that tell where they came from.
    (site / "image.png.br").write_bytes(brotli.compress(b"from the neighbour"))
    (site / "image.png.gz").write_bytes(gzip.compress(OTHER))
    settle(*site.iterdir())
    browser = browse()
    status, fields, content = browser.get("/image.png", Accept_Encoding="gzip, br")
    assert (status, fields["content-encoding"], fields["content-type"]) == (200, "br", "image/png")
    assert brotli.decompress(content) == b"from the neighbour"
    tags = {fields["etag"]}
    _, fields, content = browser.get("/image.png", Accept_Encoding="gzip")
    assert gzip.decompress(content) == OTHER
    tags.add(fields["etag"])
    _, fields, content = browser.get("/image.png", Accept_Encoding="br;q=0, zstd")
    assert (fields["content-encoding"], fields["vary"]) == (None, "Accept-Encoding")
    tags.add(fields["etag"])
    assert len(tags) == 3
    assert browser.get("/image.png.gz")[1]["content-type"] == "application/gzip"


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(gzip.compress(TEXT)[:-9], id="half of one"),
        pytest.param(b"", id="empty"),
        pytest.param(b"no gzip at all", id="something else"),
        pytest.param(gzip.compress(b"another text"), id="another file's"),
    ],
)
def test_what_is_no_whole_neighbour_is_not_sent(browse, site, content):
    (site / "image.png.gz").write_bytes(content)
    settle(*site.iterdir())
    _, fields, got = browse().get("/image.png", Accept_Encoding="gzip")
    assert (fields["content-encoding"], got) == (None, TEXT)


def test_a_neighbour_that_may_still_be_written_is_not_sent(browse, site):
    settle(*site.iterdir())
    (site / "image.png.br").write_bytes(brotli.compress(TEXT))
    browser = browse()
    assert browser.get("/image.png", Accept_Encoding="br")[1]["content-encoding"] is None
    (site / "short.txt.br").write_bytes(brotli.compress(TEXT))
    settle(site / "short.txt.br")
    assert browser.get("/short.txt", Accept_Encoding="br")[1]["content-encoding"] == "br"


def test_a_neighbour_older_than_the_file_is_not_sent(browse, site):
    (site / "page.txt.gz").write_bytes(gzip.compress(b"old"))
    os.utime(site / "page.txt.gz", (LONG_AGO, LONG_AGO))
    content = browse(compress=False).get("/page.txt", Accept_Encoding="gzip")[2]
    assert content == TEXT


def test_a_neighbour_that_leads_outside_is_not_sent(browse, site, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside") / "secret.gz"
    outside.write_bytes(gzip.compress(b"secret"))
    (site / "image.png.gz").symlink_to(outside)
    assert browse().get("/image.png", Accept_Encoding="gzip")[2] == TEXT


def test_neighbours_can_be_turned_off(browse, site):
    (site / "image.png.gz").write_bytes(gzip.compress(OTHER))
    settle(*site.iterdir())
    assert browse(precompressed=False).get("/image.png", Accept_Encoding="gzip")[2] == TEXT


# --- what is kept, and when it is let go ---


@pytest.mark.parametrize("size", [100, MAX_IN_MEMORY + 1000])
def test_a_changed_file_is_served_whole_and_true(browse, site, size):
    path = site / "f.bin"
    browser = browse()
    for number, change in enumerate(["write", "replace", "grow", "shrink", "link", "remove"]):
        content = bytes([65 + number]) * (size + number)
        if change == "replace":
            (site / "new").write_bytes(content)
            os.replace(site / "new", path)
        elif change == "link":
            path.unlink()
            (site / "target").write_bytes(content)
            path.symlink_to(site / "target")
        elif change == "remove":
            path.unlink()
            assert browser.get("/f.bin")[0] == 404
            return
        else:
            content = content[:-50] if change == "shrink" else content
            path.write_bytes(content)
        settle(path)
        for _ in range(2):
            status, fields, got = browser.get("/f.bin")
            assert (status, got) == (200, content), change
            assert int(fields["content-length"]) == len(content)


def test_a_file_changed_a_moment_ago_is_not_kept(browse, site):
    """Two changes within one tick of the file system's clock leave the same times and size."""
    path = site / "f.bin"
    browser = browse()
    path.write_bytes(b"a" * 10)
    now = os.stat(path).st_mtime_ns
    assert browser.get("/f.bin")[2] == b"a" * 10
    path.write_bytes(b"b" * 10)
    os.utime(path, ns=(now, now))
    assert browser.get("/f.bin")[2] == b"b" * 10


def test_a_link_that_now_leads_outside_is_not_served_from_what_is_kept(browse, site):
    outside = site.parent / f"{site.name}-outside"
    outside.write_bytes(b"secret")
    (site / "link").symlink_to(site / "page.txt")
    settle(site / "page.txt", outside)
    browser = browse()
    assert browser.get("/link")[2] == TEXT
    (site / "link").unlink()
    (site / "link").symlink_to(outside)
    assert browser.get("/link")[0] == 404
    outside.unlink()


def test_many_read_one_kept_descriptor_at_once(serve, site):
    content = os.urandom(500_000)
    (site / "big").write_bytes(content)
    settle(site / "big")
    address = serve(partial(Files, directory=site)).address
    wrong = []

    def ask() -> None:
        browser = Browser(address)
        for start in range(0, 400_000, 50_000):
            part = browser.get("/big", Range=f"bytes={start}-{start + 9999}")[2]
            if part != content[start : start + 10_000] or browser.get("/big")[2] != content:
                wrong.append(start)
        browser.connection.close()

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_stored_file_closes_its_descriptor_with_its_last_reader(site, stored_file):
    (site / "big").write_bytes(bytes(MAX_IN_MEMORY + 1))
    stored = stored_file(site / "big")
    descriptor = stored.descriptor
    view = stored.view(10, 20)
    del stored
    assert view.read() == bytes(10)
    assert (view.seek(-5, os.SEEK_END), view.read(), view.left) == (5, bytes(5), 0)
    del view
    with pytest.raises(OSError):
        os.fstat(descriptor)
