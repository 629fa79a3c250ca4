"""The text of a response: its encoding by the client, by the response, or by the program."""

from __future__ import annotations

import asyncio
import pickle

import pytest

from nethttp.client import AsyncClient, Client
from nethttp.client.testing import WSGITransport

URL = "http://app.test/"


def app(environ, start_response):
    charset = environ["QUERY_STRING"]
    content_type = f"text/plain; charset={charset}" if charset else "text/plain"
    start_response("200 OK", [("Content-Type", content_type)])
    return ["é\nü".encode("latin-1")]


def detect(content: bytes) -> str:
    assert content == b"\xe9\n\xfc"
    return "iso8859-1"


def test_the_program_may_say_which_encoding_a_text_is_in():
    with Client(transport=WSGITransport(app)) as client:
        response = client.get(URL)
        assert (response.encoding, response.text) == ("utf-8", "\ufffd\n\ufffd")
        response.encoding = "latin-1"
        assert (response.encoding, response.text) == ("latin-1", "é\nü")
        assert pickle.loads(pickle.dumps(response)).text == "é\nü"
        response.encoding = None
        assert response.encoding == "utf-8"
        response.default_encoding = detect
        assert response.text == "é\nü"


@pytest.mark.parametrize("default", ["latin-1", detect])
def test_the_default_of_a_client_counts_where_the_response_names_none(default):
    with Client(transport=WSGITransport(app), default_encoding=default) as client:
        assert client.get(URL).text == "é\nü"
        assert client.get(URL + "?windows-1251").text == "й\nь"
        assert client.get(URL + "?undefined").text == "é\nü"

    async def main():
        transport = WSGITransport(app)
        async with AsyncClient(transport=transport, default_encoding=default) as client:
            assert (await client.get(URL)).text == "é\nü"

    asyncio.run(main())


def test_lines_are_in_the_encoding_of_the_text():
    client = Client(transport=WSGITransport(app), default_encoding="latin-1")
    with client.stream("GET", URL) as response:
        assert list(response.iter_lines()) == ["é", "ü"]
    with client.stream("GET", URL) as response:
        response.encoding = "cp1251"
        assert list(response.iter_lines()) == ["й", "ь"]
