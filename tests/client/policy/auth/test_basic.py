"""Basic: RFC 7617."""

from __future__ import annotations

from base64 import b64decode
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.policy.auth import Basic
from nethttp.errors import LocalProtocolError

from .doubles import Request, challenge


def value_of(*pair):
    [request] = list(Basic(*pair).flow(Request()))
    return request.headers["Authorization"]


def test_the_examples_of_the_rfc():
    assert value_of("Aladdin", "open sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
    assert value_of("test", "123\xa3") == "Basic dGVzdDoxMjPCow=="


def test_the_text_is_normalised():
    assert value_of("u\u0308", "e\u0301") == value_of("\xfc", "\xe9")


@given(
    st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters=":")),
    st.text(st.characters(exclude_categories=["Cc", "Cs"])),
)
def test_a_server_reads_what_was_given(username, password):
    pair = b64decode(value_of(username, password).removeprefix("Basic "))
    assert pair.decode() == normalize("NFC", f"{username}:{password}")


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (("a:b", "c"), "without a colon"),
        (("a\n", "c"), "user name without control"),
        (("a", "top\0secret"), "password without control"),
    ],
)
def test_what_the_scheme_cannot_carry_is_refused(pair, message):
    with pytest.raises(LocalProtocolError, match=message) as caught:
        Basic(*pair)
    assert "top" not in str(caught.value)


def test_a_refusal_is_not_answered():
    flow = Basic("a", "b").flow(Request())
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(challenge('Basic realm="x"'))


def test_the_password_is_not_shown():
    assert "secret" in repr(Basic("me", "pw"))
    assert "pw" not in repr(Basic("me", "pw"))
