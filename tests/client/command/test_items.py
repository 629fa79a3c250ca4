"""Items on the command line."""

from __future__ import annotations

import pytest

from nethttp.client.command.failures import Failure
from nethttp.client.command.items import sorted_out


@pytest.mark.parametrize(
    "url",
    [
        "example.com",
        "example.com/?a=b",
        "http://example.com/?a=b",
        "http://a:b@example.com/?a:=b",
        "localhost:8000/x=y",
        "example.com/a=b",
        "/a=b",
    ],
)
def test_urls_are_no_items(url):
    assert sorted_out([url]).urls == [url]


@pytest.mark.parametrize(
    ("word", "data", "query"),
    [
        ("a=b", {"a": "b"}, []),
        ("a=", {"a": ""}, []),
        ("a=b=c", {"a": "b=c"}, []),
        ("a=http://b/", {"a": "http://b/"}, []),
        ("a:=1", {"a": 1}, []),
        ("a:=[1, null]", {"a": [1, None]}, []),
        ('a:={"b": "c"}', {"a": {"b": "c"}}, []),
        ("a==b", {}, [("a", "b")]),
        ("a.b-c=d", {"a.b-c": "d"}, []),
    ],
)
def test_items(word, data, query):
    assert sorted_out([word]) == ([], data, query)


def test_json_must_be_json():
    with pytest.raises(Failure, match="expected JSON after a:=, got 'x'"):
        sorted_out(["a:=x"])
