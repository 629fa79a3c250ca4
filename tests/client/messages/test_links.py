"""The Link field, as `response.links` has it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from requests.utils import parse_header_links

from nethttp.client.messages.links import parse_links

NEXT = {"url": "http://a/2", "rel": "next"}


@pytest.mark.parametrize(
    ("value", "links"),
    [
        ('<http://a/2>; rel="next"', {"next": NEXT}),
        ("<http://a/2>; rel=next", {"next": NEXT}),
        ("<http://a/2> ; REL = next", {"next": NEXT}),
        (
            '<http://a/2>; rel="next", <http://a/9>; rel="last"',
            {"next": NEXT, "last": {"url": "http://a/9", "rel": "last"}},
        ),
        ("<http://a/2>", {"http://a/2": {"url": "http://a/2"}}),
        ("</2,3;4>; rel=next", {"next": {"url": "/2,3;4", "rel": "next"}}),
        (
            r'<a>; rel=next; title="b, \"c\"; d"',
            {"next": {"url": "a", "rel": "next", "title": 'b, "c"; d'}},
        ),
        (
            '<a>; rel="next prefetch"',
            {name: {"url": "a", "rel": "next prefetch"} for name in ("next", "prefetch")},
        ),
        ("<a>; rel=next; rel=last", {"next": {"url": "a", "rel": "next"}}),
        ("<a>; rel=next, <b>; rel=next", {"next": {"url": "a", "rel": "next"}}),
        ("<a>; crossorigin; rel=next", {"next": {"url": "a", "crossorigin": "", "rel": "next"}}),
        (" , <a>;rel=next ,, ", {"next": {"url": "a", "rel": "next"}}),
        ("", {}),
        ("next", {}),
        ("<a", {}),
    ],
)
def test_links(value, links):
    assert parse_links(value) == links


@given(st.text(st.sampled_from('<>;,="\\ arel'), max_size=40))
def test_any_value_is_read_without_an_error(value):
    for relation, link in parse_links(value).items():
        assert relation in link.get("rel", "").split() or relation == link["url"]


@pytest.mark.parametrize(
    "value",
    [
        '<http://a/2>; rel="next", <http://a/9>; rel="last"; type="text/html"',
        "<http://a/2>; rel=next; a=b",
    ],
)
def test_the_links_are_those_of_requests(value):
    assert parse_links(value) == {link["rel"]: link for link in parse_header_links(value)}
