"""Headers: order, case and duplicates are kept; nothing that splits a message gets in."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.headers import Headers
from nethttp.errors import LocalProtocolError

LINES = [("Accept", "a"), ("Via", "1"), ("accept", "b"), ("X", "")]


def test_lines_keep_order_case_and_duplicates():
    headers = Headers(LINES)
    assert headers.pairs == LINES
    assert list(headers) == ["Accept", "Via", "X"]
    assert list(headers.items()) == [("Accept", "a, b"), ("Via", "1"), ("X", "")]
    assert len(headers) == 3
    assert headers["ACCEPT"] == "a, b"
    assert headers.get_list("aCCept") == ["a", "b"]
    assert headers.get_list("none") == []
    assert headers.get("none") is None
    assert headers.get("none", "else") == "else"
    assert "VIA" in headers
    assert 1 not in headers
    with pytest.raises(KeyError):
        headers["none"]


def test_cookies_are_never_joined():
    headers = Headers([("Set-Cookie", "a=1, 2"), ("set-cookie", "b=2")])
    assert headers["Set-Cookie"] == "a=1, 2"
    assert headers.get_list("Set-Cookie") == ["a=1, 2", "b=2"]


def test_setting_replaces_every_line_at_the_place_of_the_first():
    headers = Headers(LINES)
    headers["ACCEPT"] = "c"
    assert headers.pairs == [("ACCEPT", "c"), ("Via", "1"), ("X", "")]
    headers.set("New", "d")
    headers.add("new", "e")
    assert headers.get_list("new") == ["d", "e"]
    headers.update({"Via": "2"}, x="y")
    assert headers["via"] == "2"
    assert headers["X"] == "y"


def test_removing():
    headers = Headers(LINES)
    headers.remove("ACCEPT")
    headers.remove("none")
    assert headers.pairs == [("Via", "1"), ("X", "")]
    del headers["via"]
    with pytest.raises(KeyError):
        del headers["via"]
    assert headers.pop("x") == ""
    assert not headers
    assert len(headers) == 0


def test_copies_are_their_own():
    headers = Headers(LINES)
    for again in (headers.copy(), Headers(headers), copy.copy(headers), copy.deepcopy(headers),
                  pickle.loads(pickle.dumps(headers))):  # fmt: skip
        assert again == headers
        again.add("More", "1")
        assert headers.pairs == LINES
    headers.pairs.clear()
    assert headers.pairs == LINES


def test_equality_ignores_the_case_of_names_alone():
    assert Headers([("A", "1"), ("b", "2")]) == Headers([("a", "1"), ("B", "2")])
    assert Headers([("A", "1")]) != Headers([("A", "2")])
    assert Headers([("A", "1"), ("A", "2")]) != Headers([("A", "1, 2")])
    assert Headers(LINES) == {"ACCEPT": "a, b", "via": "1", "x": ""}
    assert Headers(LINES) != {"accept": "a"}
    assert Headers() != 1
    with pytest.raises(TypeError):
        hash(Headers())


def test_a_repr_shows_no_secret():
    lines = [("Authorization", "hidden"), ("COOKIE", "hidden"), ("Set-Cookie", "hidden"),
             ("Proxy-Authorization", "hidden"), ("A", "shown")]  # fmt: skip
    assert repr(Headers(lines)).count("hidden") == 0
    assert "('A', 'shown')" in repr(Headers(lines))


WRONG = [("A", "b\r\nC: d"), ("A", "b\n"), ("A", "\0"), ("A", "b\rc"), ("A", "\x7f"), ("A", "€"),
         ("A b", "c"), ("A:", "c"), ("", "c"), ("Ä", "c"), ("A\n", "c"), ("A", b"c"), (b"A", "c"),
         ("A", 1), ("A", None)]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_what_would_split_a_message_is_refused(name, value):
    for put in (
        lambda: Headers([(name, value)]),
        lambda: Headers({name: value}),
        lambda: Headers().add(name, value),
        lambda: Headers().set(name, value),
        lambda: Headers().update({name: value}),
    ):
        with pytest.raises((LocalProtocolError, AttributeError), match="expected"):
            put()


def test_an_error_does_not_show_a_credential():
    with pytest.raises(LocalProtocolError) as caught:
        Headers({"Authorization": "Bearer hidden\n"})
    assert "hidden" not in str(caught.value)


def test_latin_1_is_kept():
    assert Headers({"A": "\xe4\xff\t b"})["a"] == "\xe4\xff\t b"


def test_what_was_received_is_not_copied_nor_checked():
    lines = [("A", "\x01")]
    assert Headers.received(lines)["a"] == "\x01"


NAMES = st.sampled_from(["A", "a", "B", "b", "Set-Cookie", "set-cookie"])
STEPS = st.lists(
    st.tuples(st.sampled_from(["add", "set", "remove"]), NAMES, st.sampled_from("xyz"))
)


@given(STEPS)
def test_any_steps_leave_what_a_plain_list_has(steps):
    headers, lines = Headers(), []
    for step, name, value in steps:
        key = name.lower()
        places = [place for place, (each, _) in enumerate(lines) if each.lower() == key]
        if step == "add" or (step == "set" and not places):
            lines.append((name, value))
        else:
            rest = [
                line for place, line in enumerate(lines) if place not in places[step == "set" :]
            ]
            if step == "set":
                rest[places[0]] = (name, value)
            lines = rest
        if step == "remove":
            headers.remove(name)
        else:
            getattr(headers, step)(name, value)
        assert headers.pairs == lines
        assert headers.get_list(name) == [v for n, v in lines if n.lower() == key]
        assert set(headers) == {n for n, _ in lines if n in headers} & {
            next(n for n, _ in lines if n.lower() == k) for k in {n.lower() for n, _ in lines}
        }
