"""WWW-Authenticate and Authentication-Info: what servers send, whatever it is, in linear time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.policy.auth.challenges import (
    MAX_CHALLENGES,
    MAX_PARAMETERS,
    credentials,
    parse_challenges,
    parse_parameters,
    quoted,
)
from nethttp.wire import grammar


def parsed(*lines):
    return [(scheme, token, dict(values)) for scheme, token, values in parse_challenges(lines)]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([], []),
        ([""], []),
        ([" , ,, "], []),
        (["Basic"], [("basic", None, {})]),
        (["Basic, Digest"], [("basic", None, {}), ("digest", None, {})]),
        (['BASIC REALM="A"'], [("basic", None, {"realm": "A"})]),
        # RFC 9110 section 11.6.1
        (
            ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
            [
                ("basic", None, {"realm": "simple"}),
                ("newauth", None, {"realm": "apps", "type": "1", "title": 'Login to "apps"'}),
            ],
        ),
        # aiohttp#12984: several challenges in one field
        (
            ['Digest realm="r", nonce="n", qop="auth, auth-int", Basic realm="r"'],
            [
                ("digest", None, {"realm": "r", "nonce": "n", "qop": "auth, auth-int"}),
                ("basic", None, {"realm": "r"}),
            ],
        ),
        (
            ["Negotiate", "NTLM TlRMTVNTUAAC=="],
            [("negotiate", None, {}), ("ntlm", "TlRMTVNTUAAC==", {})],
        ),
        (["a b , c d=e"], [("a", "b", {}), ("c", None, {"d": "e"})]),
        (["Scheme realm="], [("scheme", "realm=", {})]),
        (['Digest a = b ,\tc= "d" '], [("digest", None, {"a": "b", "c": "d"})]),
        (["Digest nonce=abc==, a=/x:y"], [("digest", None, {"nonce": "abc==", "a": "/x:y"})]),
        (["Digest a=1, A=2, a=3"], [("digest", None, {"a": "1"})]),
        (["Digest x=2, a=, b=1"], [("digest", None, {"x": "2", "a": "", "b": "1"})]),
        # What cannot be read is left out up to the next comma.
        (["Basic realm=My Site, charset=UTF-8"], [("basic", None, {"charset": "UTF-8"})]),
        (['Basic realm="a"b, c=d'], [("basic", None, {"c": "d"})]),
        (['Basic realm="abc, x=y'], [("basic", None, {})]),
        (["Basic abc=, a=b"], [("basic", "abc=", {})]),
        (["realm=x, Basic a=b"], [("basic", None, {"a": "b"})]),
        (["=, (x), Basic"], [("basic", None, {})]),
        (["Basic a=b", "c=d"], [("basic", None, {"a": "b"})]),
        (['Basic realm="\xfc"'], [("basic", None, {"realm": "\xfc"})]),
        (["Basic realm=\xfc"], [("basic", None, {"realm": "\xfc"})]),
    ],
)
def test_challenges(lines, expected):
    assert parsed(*lines) == expected


def test_so_many_challenges_are_read():
    assert len(parsed(", ".join(["Basic"] * 1000))) == MAX_CHALLENGES
    assert len(parsed(*["Basic"] * 1000)) == MAX_CHALLENGES


def test_so_many_parameters_are_read():
    [(_, _, values)] = parsed("Digest " + ", ".join(f"p{i}=1" for i in range(1000)))
    assert len(values) == MAX_PARAMETERS
    assert len(parse_parameters(", ".join(f"p{i}=1" for i in range(1000)))) == MAX_PARAMETERS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", {}),
        ('nextnonce="a, b"', {"nextnonce": "a, b"}),
        ('rspauth="0a", nonsense, ,qop=auth', {"rspauth": "0a", "qop": "auth"}),
        ('a="x', {}),
    ],
)
def test_information(text, expected):
    assert parse_parameters(text) == expected


TOKENS = st.text("abcABC123-._~", min_size=1, max_size=8)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_categories=["Cc"]))
PARAMETERS = st.dictionaries(TOKENS.map(str.lower), VALUES, min_size=1, max_size=5)


@given(st.lists(st.tuples(TOKENS, PARAMETERS), max_size=5))
def test_what_is_written_is_read(challenges):
    lines = [
        credentials(scheme, {name: quoted(value) for name, value in parameters.items()})
        for scheme, parameters in challenges
    ]
    expected = [(scheme.lower(), None, parameters) for scheme, parameters in challenges]
    assert parsed(*lines) == expected
    assert parsed(", ".join(lines)) == expected
    for line, (_, parameters) in zip(lines, challenges, strict=True):
        assert parse_parameters(line.partition(" ")[2]) == parameters


@given(st.lists(st.text('aB =,"\\\t\xfc/', max_size=40), max_size=4))
def test_whatever_is_sent_is_read(lines):
    for scheme, token, parameters in parse_challenges(lines):
        assert grammar.TOKEN.fullmatch(scheme)
        assert token is None or not parameters
        assert all(grammar.TOKEN.fullmatch(name) for name in parameters)
    for line in lines:
        parse_parameters(line)
