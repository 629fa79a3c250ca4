"""The listing page."""

from __future__ import annotations

import os
import re
from functools import partial

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.files import listing
from nethttp.server.files.handler import MAX_LISTED_AT_ONCE
from nethttp.server.files.listing import Entry, human_size, read_entries


class Quiet(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


def render(*args) -> str:
    return "".join(listing.render(*args))


def names(page: str) -> list[str]:
    return re.findall(r'<a href="[^"?]*">([^<]*)</a>', page)


ENTRIES = [
    Entry("b.txt", False, False, 2048, 1e9),
    Entry("A.txt", False, False, 10, 2e9),
    Entry("zoo", True, False, None, 0.0),
    Entry("link", False, True, 5, None),
]


def test_directories_first_then_by_name():
    page = render("/x/", "", ENTRIES, "utf-8")
    assert names(page) == ["../", "zoo/", "A.txt", "b.txt", "link@"]
    assert "<title>Directory listing for /x/</title>" in page
    assert "4 entries" in page
    assert "../" not in names(render("/", "", ENTRIES, "utf-8"))


@pytest.mark.parametrize(
    ("query", "order"),
    [
        ("sort=size", ["zoo/", "link@", "A.txt", "b.txt"]),
        ("sort=size&order=desc", ["zoo/", "b.txt", "A.txt", "link@"]),
        ("sort=date&order=desc", ["zoo/", "A.txt", "b.txt", "link@"]),
        ("sort=name&order=desc", ["zoo/", "link@", "b.txt", "A.txt"]),
        ("sort=nonsense", ["zoo/", "A.txt", "b.txt", "link@"]),
    ],
)
def test_sorting(query, order):
    assert names(render("/", query, ENTRIES, "utf-8")) == order


def test_aiohttp_2024_27306_names_are_escaped():
    evil = "<img src=x onerror=alert(1)>\"'&.txt"
    page = render("/<b>/", "", [Entry(evil, False, False, 1, 0)], "utf-8")
    assert "<img" not in page
    assert "<b>" not in page
    assert 'href="%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E%22%27%26.txt"' in page


def test_a_name_with_a_colon_is_no_scheme():
    page = render("/", "", [Entry("javascript:alert(1)", False, False, 1, 0)], "utf-8")
    assert 'href="./javascript%3Aalert%281%29"' in page


def test_all_entries_of_a_directory_are_listed(serve, tmp_path):
    for i in range(MAX_LISTED_AT_ONCE + 50):
        (tmp_path / f"f{i}").touch()
    address = serve(partial(Quiet, directory=tmp_path)).address
    with HTTPConnection(*address, timeout=60) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        assert response.headers["content-length"] is None
        page = response.read().decode()
    assert sorted(names(page)) == sorted(entry.name for entry in tmp_path.iterdir())
    assert f"{MAX_LISTED_AT_ONCE + 50} entries" in page
    assert page.endswith("</html>\n")


def test_what_cannot_be_seen_of_a_name_is_shown():
    entries = [Entry(name, False, False, 1, 0) for name in ("\u202egnp.exe", "a\nb", "\x85\u2066")]
    page = render("/\u202e%E2%80%AE/", "", entries, "utf-8")
    assert not set("\u202e\x85\u2066") & set(page)
    assert sorted(names(page)) == ["../", r"\u202egnp.exe", r"\x85\u2066", r"a\x0ab"]
    assert 'href="%E2%80%AEgnp.exe"' in page


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a ", r"a\x20"),
        ("  a b", r"\x20\x20a b"),
        (" ", r"\x20"),
        ("a\u200bb", r"a\u200bb"),
        ("\ufeffa", r"\ufeffa"),
        ("a\xad\u2028\u2060b", r"a\xad\u2028\u2060b"),
        # Persian and emoji need these.
        ("\u200c\u200d", "\u200c\u200d"),
    ],
)
def test_names_that_look_alike_are_told_apart(name, shown):
    assert names(render("/", "", [Entry(name, False, False, 1, 0)], "utf-8")) == [shown]


def test_what_is_listed_lies_in_the_landmark_that_readers_look_for():
    page = render("/", "", ENTRIES, "utf-8")
    main = page.partition("<main>")[2].partition("</main>")[0]
    assert "<h1>" in main
    assert names(main)


def test_sizes():
    assert human_size(0) == "0 B"
    assert human_size(1023) == "1023 B"
    assert human_size(1024) == "1.0 KiB"
    assert human_size(5 * 1024**5) == "5120.0 TiB"


def test_entries_are_read_as_they_are(tmp_path):
    (tmp_path / "file").write_bytes(b"12345")
    (tmp_path / "folder").mkdir()
    (tmp_path / "dangling").symlink_to(tmp_path / "nothing")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    found = {
        entry.name: entry
        for entry in read_entries(str(tmp_path), lambda name: os.stat(tmp_path / name))
    }
    assert found["file"].size == 5
    assert found["folder"].is_directory
    assert found["link"].is_directory
    assert found["dangling"][1:] == (False, True, None, None)


def test_over_http(serve, tmp_path):
    odd = os.fsdecode(b"\xff odd \xc3\xa4.txt")
    (tmp_path / odd).write_text("odd")

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=tmp_path)

        def log_message(self, format, *args):
            pass

    with HTTPConnection("127.0.0.1", serve(Handler).port, timeout=10) as connection:
        connection.request("GET", "/")
        response = connection.getresponse()
        page = response.read()
        assert response.getheader("content-type") == "text/html; charset=utf-8"
        links = [link for link in re.findall(rb'href="([^"?]+)"', page) if b"odd" in link]
        for path in ("/" + links[0].decode(), "/%FF%20odd%20%C3%A4.txt"):
            connection.request("GET", path)
            assert connection.getresponse().read() == b"odd"


def test_a_program_may_have_any_directory_listed(serve, tmp_path_factory):
    root, other = tmp_path_factory.mktemp("root"), tmp_path_factory.mktemp("other")
    (other / "elsewhere").touch()
    (other / "link").symlink_to(other / "elsewhere")

    class Other(Quiet):
        def list_directory(self, path):
            assert path == f"{root}/"
            return super().list_directory(other)

    with HTTPConnection(*serve(partial(Other, directory=root)).address, timeout=20) as connection:
        connection.request("GET", "/")
        assert names(connection.getresponse().read().decode()) == ["elsewhere", "link@"]
