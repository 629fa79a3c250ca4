"""One file over HTTP, and nothing beside it."""

from __future__ import annotations

import functools

import pytest

from nethttp.client import HTTPConnection
from nethttp.server.files.single import SingleFileHandler


class Quiet(SingleFileHandler):
    def log_message(self, format, *args):
        pass


@pytest.fixture
def ask(serve, tmp_path):
    (tmp_path / "été 1.txt").write_text("été")
    (tmp_path / "été 1.txt.gz").write_text("not this")
    (tmp_path / "secret.txt").write_text("secret")
    (tmp_path / "404.html").write_text("secret")
    server = serve(functools.partial(Quiet, file=tmp_path / "été 1.txt"))
    with HTTPConnection("127.0.0.1", server.port, timeout=10) as connection:

        def ask(path, method="GET", **headers):
            connection.request(method, path, headers=headers)
            response = connection.getresponse()
            return response, response.read()

        yield ask


def test_the_root_leads_to_the_file(ask):
    for method, path in [("GET", "/"), ("GET", "/?a"), ("HEAD", "/a/..")]:
        response, content = ask(path, method)
        place = response.getheader("Location")
        assert (response.status, place, content) == (302, "/%C3%A9t%C3%A9%201.txt", b"")
    response, content = ask(place)
    assert (response.status, content.decode()) == (200, "été")
    assert response.getheader("Content-Type") == "text/plain; charset=utf-8"


def test_a_part_and_a_head_of_it(ask):
    response, content = ask("/%C3%A9t%C3%A9%201.txt", Range="bytes=1-2")
    assert (response.status, content) == (206, "été".encode()[1:3])
    response, content = ask("/%C3%A9t%C3%A9%201.txt", "HEAD")
    assert (response.getheader("Content-Length"), content) == ("5", b"")


@pytest.mark.parametrize(
    "path",
    [
        *("/secret.txt", "/404.html", "/nothing", "/%C3%A9t%C3%A9%201.txt/x", "/x/%C3%A9t%C3%A9"),
        *("/%C3%A9t%C3%A9%201.txt.gz", "/%2e%2e/secret.txt", "/%00", "/a/"),
    ],
)
def test_nothing_else_is_served(ask, path):
    response, content = ask(path, **{"Accept-Encoding": "gzip"})
    assert response.status == 404
    assert b"secret" not in content


def test_no_coding_of_a_neighbour_is_sent(ask):
    response, content = ask("/%C3%A9t%C3%A9%201.txt", **{"Accept-Encoding": "gzip"})
    assert response.getheader("Content-Encoding") is None
    assert content.decode() == "été"
