"""Redirects: the method and body that follow, and what never crosses an origin."""

from __future__ import annotations

import pickle
from itertools import pairwise, product
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.headers import Headers
from nethttp.client.messages.request import Request
from nethttp.client.policy.redirects import (
    DEFAULT_REDIRECTS,
    SENSITIVE,
    Redirects,
    as_redirects,
    next_request,
)
from nethttp.errors import (
    BodyNotReplayable,
    InvalidResponse,
    InvalidURL,
    RedirectRefused,
    TooManyRedirects,
    UnsupportedProtocol,
)

START = "https://a.example/x/y?q=1"


def answer(location, status=302):
    lines = location if isinstance(location, list) else [location]
    return SimpleNamespace(
        status_code=status, headers=Headers.received([("Location", line) for line in lines])
    )


def follow(location, status=302, *, method="GET", url=START, headers=(), body=None, policy=None):
    request = Request(method, url, headers, body)
    return next_request(request, answer(location, status), policy or DEFAULT_REDIRECTS)


METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("method", METHODS)
def test_the_method_that_follows(status, method):
    becomes_get = method != "HEAD" if status == 303 else status in (301, 302) and method == "POST"
    headers = {"Content-Type": "a/b", "Content-Encoding": "gzip", "Accept": "c/d", "Digest": "e"}
    following = follow("/z", status, method=method, headers=headers, body=b"body")
    if becomes_get:
        assert (following.method, following.body) == ("GET", None)
        assert following.headers.pairs == [("Accept", "c/d")]
    else:
        assert (following.method, following.body) == (method, b"body")
        assert following.headers == Headers(headers)


@pytest.mark.parametrize("status", [200, 201, 300, 304, 305, 306, 309, 399, 401])
def test_other_statuses_are_no_redirects(status):
    assert follow("/z", status) is None


def test_without_a_location_there_is_no_redirect():
    assert follow([]) is None
    assert follow("") is None


@pytest.mark.parametrize(
    ("location", "url"),
    [
        ("/z", "https://a.example/z"),
        ("z", "https://a.example/x/z"),
        ("?r", "https://a.example/x/y?r"),
        ("../z", "https://a.example/z"),
        ("//b.example", "https://b.example/"),
        ("https://B.example:443/%2F?a=%20", "https://b.example/%2F?a=%20"),
        ("/a b", "https://a.example/a%20b"),
        ("/\xc3\xa4", "https://a.example/%C3%A4"),
        ("/\xe4", "https://a.example/%E4"),
        ("//m\xc3\xbcnchen.de/", "https://xn--mnchen-3ya.de/"),
        (["/z", "/z"], "https://a.example/z"),
    ],
)
def test_where_it_leads(location, url):
    assert str(follow(location).url) == url


@pytest.mark.parametrize(
    ("start", "location", "fragment"),
    [("#f", "/z", "f"), ("#f", "/z#g", "g"), ("#f", "/z#", ""), ("", "/z", ""), ("", "/z#g", "g")],
)
def test_fragments_are_inherited(start, location, fragment):
    assert follow(location, url=START + start).url.fragment == fragment


def test_credentials_of_a_location_and_of_the_url_are_ignored():
    assert str(follow("https://me:pw@b.example/z").url) == "https://b.example/z"
    assert str(follow("/z", url="https://me:pw@a.example/").url) == "https://a.example/z"


@pytest.mark.parametrize(
    "location", ["ftp://b/", "file:///etc/passwd", "javascript:alert(1)", "data:,x", "gopher://x"]
)
def test_other_schemes_are_refused(location):
    with pytest.raises(UnsupportedProtocol, match="http or https"):
        follow(location)


@pytest.mark.parametrize(
    "location",
    ["https://", "http:x", "https://[::1", "https://2130706433/", "/a\tb", "/\x01", ["/a", "/b"],
     "https://a\\@b/"],
)  # fmt: skip
def test_what_is_no_location_is_the_servers_fault(location):
    with pytest.raises(InvalidResponse, match="Location"):
        follow(location)


def test_from_https_to_http_only_if_asked():
    with pytest.raises(RedirectRefused, match="stay on https") as caught:
        follow("http://a.example/z?token=hidden")
    assert "hidden" not in str(caught.value)
    assert caught.value.response.status_code == 302
    asked = Redirects(to_http=True)
    assert str(follow("http://a.example/z", policy=asked).url) == "http://a.example/z"
    assert str(follow("http://b/", url="http://a/").url) == "http://b/"


def test_too_many_carry_their_history():
    request = Request("GET", START)
    history = [answer("/1"), answer("/2")]
    last = answer("/3")
    assert next_request(request, last, Redirects(max=3), history)
    with pytest.raises(TooManyRedirects, match="at most 2") as caught:
        next_request(request, last, Redirects(max=2), history)
    assert caught.value.history == tuple(history)
    assert caught.value.response is last
    assert caught.value.request is request
    assert caught.value.phase == "redirect"
    again = pickle.loads(pickle.dumps(caught.value))
    assert len(again.history) == 2
    with pytest.raises(TooManyRedirects):
        follow("/", policy=Redirects(max=0))


class Source:
    length = 3

    def __init__(self, replayable):
        self.replayable = replayable
        self.rewound = 0

    def pieces(self):
        yield b"abc"

    def rewind(self):
        if not self.replayable:
            raise BodyNotReplayable("read once")
        self.rewound += 1


def test_a_body_is_rewound_or_refused():
    source = Source(True)
    assert follow("/z", 307, method="PUT", body=source).body is source
    assert source.rewound == 1
    with pytest.raises(BodyNotReplayable) as caught:
        follow("/z", 308, method="PUT", body=Source(False))
    assert caught.value.phase == "redirect"
    assert follow("/z", 303, method="PUT", body=Source(False)).body is None


def test_the_arguments_of_a_client():
    assert as_redirects(True) is DEFAULT_REDIRECTS
    assert as_redirects(False) is None
    assert as_redirects(Redirects(sensitive={"X-Mine"})).sensitive == {"x-mine"}
    with pytest.raises(ValueError, match="at least 0"):
        as_redirects(Redirects(max=-1))


# --- credentials never cross an origin ------------------------------------------------------------

ORIGINS = ["https://a.example", "https://b.example", "https://a.example:8443", "http://a.example",
           "https://sub.a.example", "https://a.example.", "https://127.0.0.1",
           "https://[::1]"]  # fmt: skip
POLICY = Redirects(to_http=True, sensitive=frozenset({"x-mine"}))
KINDS = {
    "Authorization": ["Authorization"],
    "repeated": ["Authorization", "authorization", "AUTHORIZATION"],
    "Cookie": ["Cookie", "cookie"],
    "proxy": ["Proxy-Authorization"],
    "key": ["X-Api-Key"],
    "declared": ["x-MINE"],
}


def secrets_of(request):
    lines = [value for _, value in request.headers.pairs]
    return [text for text in [*lines, str(request.url), request.target] if "secret" in text]


def test_no_credential_crosses_an_origin(capsys):
    """The matrix: what is carried x where it goes x whether the chain comes back."""
    runs = leaks = 0
    table = []
    for kind, names in KINDS.items():
        for start, other in product(ORIGINS, ORIGINS):
            headers = Headers([*((name, "secret") for name in names), ("X-Kept", "kept")])
            chain = [Request("GET", f"{start}/", headers)]
            # Away, on from there, back to the start, and on within the start.
            for location in (f"{other}/1", f"{other}/2", f"{start}/3", "/4"):
                chain.append(next_request(chain[-1], answer(location, 307), POLICY))
            left = False
            for before, after in pairwise(chain):
                left = left or before.url.origin != after.url.origin
                leaks += left and bool(secrets_of(after))
                assert bool(secrets_of(after)) == (not left), (kind, start, other)
                assert after.headers["x-kept"] == "kept"
                runs += 1
        table.append(f"{kind:14} {len(ORIGINS)}x{len(ORIGINS)} origins, 4 hops: no leak")
    for start, other in product(ORIGINS, ORIGINS):
        in_url = start.replace("://", "://secret:secret@")
        first = Request("GET", f"{in_url}/")
        second = next_request(first, answer(f"{other}/", 307), POLICY)
        assert not secrets_of(second)
        runs += 1
    with capsys.disabled():
        print("", *table, f"URL            {len(ORIGINS)}x{len(ORIGINS)} origins: no leak",
              f"{runs} hops, {leaks} leaks", sep="\n")  # fmt: skip


def test_a_host_set_by_hand_stays_with_its_origin():
    headers = {"Host": "virtual.example"}
    assert follow("/z", headers=headers).headers.get("host") == "virtual.example"
    assert follow("https://b/", headers=headers).headers.get("host") is None


@given(
    st.lists(st.tuples(st.sampled_from([*SENSITIVE, "accept", "X-A"]), st.just("v")), max_size=6),
    st.sampled_from(["/z", "https://a.example/z", "https://b.example/z", "http://a.example"]),
    st.sampled_from([301, 302, 303, 307, 308]),
)
def test_any_headers(lines, location, status):
    following = follow(location, status, headers=lines, policy=POLICY)
    same = following.url.origin == Request("GET", START).url.origin
    assert following.headers.pairs == [line for line in lines if same or line[0] not in SENSITIVE]


@given(st.text(st.characters(max_codepoint=255), max_size=20))
def test_any_location_is_followed_or_refused(text):
    try:
        following = follow(text)
    except (InvalidResponse, InvalidURL, RedirectRefused):
        return
    assert following is None or following.url.scheme == "https"
