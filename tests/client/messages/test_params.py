"""Queries made from names and values."""

from __future__ import annotations

import pytest

from nethttp.client.messages.params import encode_params


@pytest.mark.parametrize(
    ("params", "query"),
    [
        ({}, ""),
        ("", ""),
        ({"a": None}, ""),
        ({"a": []}, ""),
        ({"a": (1, 2.5, False)}, "a=1&a=2.5&a=false"),
        ({"a": "x y"}, "a=x%20y"),
        ({"a b&": "=#"}, "a%20b%26=%3D%23"),
        ([("b", 1), ("a", 2), ("b", 3)], "b=1&a=2&b=3"),
        ((pair for pair in [("a", "1")]), "a=1"),
        ("a=b+c&d=%2F?", "a=b+c&d=%2F?"),
        ("a=<ä>#", "a=%3C%C3%A4%3E%23"),
        ({"~-._": "~-._"}, "~-._=~-._"),
    ],
)
def test_queries(params, query):
    assert encode_params(params) == query


def test_what_is_no_text_is_refused():
    with pytest.raises(UnicodeEncodeError):
        encode_params({"a": "\ud800"})
