"""Cookie fields, by either twin: one splitter, beside a naive one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nethttp.wire.h1._cookie_py import _cookie_pattern

FIELDS = st.lists(
    st.sampled_from(["a", "b", "$Path", "=", ";", "; ", " ", '"', "\\", "\t", "\x01", "[", "\xe9"])
).map("".join)


def split_naively(field):
    """What `split_cookie_field` has to say, character by character."""
    cookies = []
    while field:
        head, equals, rest = field.partition("=")
        stop = None
        # What has no name has no value either: what its quotes hold is looked at like the rest.
        if equals and is_name(head.strip(" \t")) and (value := rest.lstrip(" \t"))[:1] == '"':
            stop = quoted_end(value)
        if stop is not None:
            name, value, field = head, value[:stop], value[stop:].lstrip(" \t")[1:]
        else:
            part, _, field = field.partition(";")
            name, equals, value = part.partition("=")
        name, value = name.strip(" \t"), value.strip(" \t")
        good = is_name(name) and value.isprintable()
        cookies.append((name, equals, value) if good else ("", "", ""))
    return cookies


def is_name(text):
    return bool(text) and text.isprintable() and not set(text) & set(' ";')


def quoted_end(value):
    """Return where the quotes that begin `value` are closed, None unless its place ends there."""
    pos = 1
    while pos < len(value) and value[pos] != '"':
        pos += 2 if value[pos] == "\\" else 1
    if pos >= len(value) or not value[: pos + 1].isprintable():
        return None
    return pos + 1 if value[pos + 1 :].lstrip(" \t")[:1] in ("", ";") else None


@given(field=FIELDS)
@example('=";a="')
def test_the_splitter_says_what_a_naive_one_says(twin, field):
    split = [cookie for cookie in twin.split_cookie_field(field) if cookie[0]]
    assert split == [cookie for cookie in split_naively(field) if cookie[0]]


@given(field=FIELDS)
def test_the_short_way_says_what_the_pattern_says(twin, field):
    field = field.replace('"', "").replace("\t", "").replace("\x01", "")
    by_pattern = [cookie for cookie in _cookie_pattern().findall(field) if cookie[0]]
    assert [cookie for cookie in twin.split_cookie_field(field) if cookie[0]] == by_pattern


@pytest.mark.parametrize(
    ("field", "cookies"),
    [
        ("a=b", [("a", "=", "b")]),
        ("a=b; c=d=e; f", [("a", "=", "b"), ("c", "=", "d=e"), ("f", "", "")]),
        ("a=; b", [("a", "=", ""), ("b", "", "")]),
        ('a="b; c"; d=e', [("a", "=", '"b; c"'), ("d", "=", "e")]),
        ("a=b;c=d", [("a", "=", "b"), ("c", "=", "d")]),
        ("a = b ; c=d", [("a", "=", "b"), ("c", "=", "d")]),
        ("a=\xe4", [("a", "=", "\xe4")]),
        ("a=\u20ac; b=c", [("a", "=", "\u20ac"), ("b", "=", "c")]),
        ("a=\x00; b=c", [("b", "=", "c")]),
        ("", []),
        ("; ", []),
        ("=a; b=c", [("b", "=", "c")]),
    ],
)
def test_a_field_is_split(twin, field, cookies):
    assert [cookie for cookie in twin.split_cookie_field(field) if cookie[0]] == cookies


def test_what_is_no_text_is_a_type_error(twin):
    with pytest.raises((TypeError, AttributeError)):
        twin.split_cookie_field(b"a=b")
