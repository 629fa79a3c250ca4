"""Which credentials a request has, and that no redirect carries them to another origin."""

from __future__ import annotations

import itertools

import pytest

from nethttp.client.messages.headers import Headers
from nethttp.client.messages.url import URL
from nethttp.client.policy.auth import Auth, Basic, FunctionAuth, Netrc
from nethttp.client.policy.auth.choose import after_redirect, auth_of, choose

HERE = "https://example.com/"


@pytest.fixture
def netrc(tmp_path):
    path = tmp_path / "netrc"
    path.write_text("machine example.com login net password rc")
    path.chmod(0o600)
    return Netrc(path)


def test_what_is_accepted():
    auth = Auth()
    assert auth_of(auth) is auth
    assert auth_of(("me", "pw")).value == Basic("me", "pw").value
    assert isinstance(auth_of(print), FunctionAuth)


@pytest.mark.parametrize("wrong", [None, "me:pw", ("a",), ("a", "b", "c"), 1, ["a", "b"]])
def test_what_is_not(wrong):
    with pytest.raises(TypeError, match="expected auth as"):
        auth_of(wrong)


@pytest.mark.parametrize("present", list(itertools.product([False, True], repeat=4)))
def test_the_nearest_counts(netrc, present):
    header, in_url, of_client, in_netrc = present
    client_auth = Auth()
    chosen = choose(
        URL("https://u:p@example.com/" if in_url else HERE),
        Headers({"authorization": "mine"} if header else {}),
        client_auth=client_auth if of_client else None,
        netrc=netrc if in_netrc else None,
    )
    if header:
        assert chosen is None
    elif in_url:
        assert chosen.value == Basic("u", "p").value
    elif of_client:
        assert chosen is client_auth
    else:
        assert chosen is (netrc if in_netrc else None)


@pytest.mark.parametrize(
    ("url", "given"),
    [
        ("https://example.com/x", True),
        ("https://example.com:444/", False),
        ("http://example.com/", False),
        ("https://other.example/", False),
    ],
)
def test_the_clients_auth_is_for_the_origin_of_its_base_url(url, given):
    auth = Auth()
    origin = URL("https://example.com/v1").origin
    chosen = choose(URL(url), Headers(), client_auth=auth, client_origin=origin)
    assert chosen is (auth if given else None)
    assert choose(URL(url), Headers(), client_auth=auth) is auth


def test_a_netrc_without_the_host_is_none(netrc):
    assert choose(URL("https://other.example/"), Headers(), netrc=netrc) is None


OTHERS = [
    "http://example.com/",
    "https://example.com:8443/",
    "https://www.example.com/",
    "https://example.com.evil.example/",
    "https://u:p@evil.example/",
]


@pytest.mark.parametrize("other", OTHERS)
def test_a_chain_that_leaves_the_origin_and_returns_has_none(other):
    auth = Auth()
    start, away = URL(HERE), URL(other)
    assert after_redirect(auth, start, URL(HERE + "next")) is auth
    left = after_redirect(auth, start, away)
    assert left is None
    assert after_redirect(left, away, start) is None
