"""Authentication to a proxy: the classes for servers, with a proxy's fields, never mixed."""

from __future__ import annotations

import hashlib

import pytest

from nethttp.client.messages.url import URL
from nethttp.client.policy.auth import Auth, Basic, Bearer, Digest, digest_session
from nethttp.client.policy.auth.challenges import parse_challenges
from nethttp.client.policy.auth.proxy import proxy_flow
from nethttp.net.effects import Ask

from .doubles import Response

PROXY = URL("http://proxy.example:3128/")


def told(value):
    [(_, _, parameters)] = parse_challenges([value])
    return parameters


def asked(value, status=407, name="Proxy-Authenticate"):
    return Response(status, [(name, value)])


def test_basic_is_sent_at_once():
    flow = proxy_flow(Basic("me", "pw"), "CONNECT", "a.example:443", PROXY)
    assert next(flow) == Basic("me", "pw").value
    with pytest.raises(StopIteration):
        flow.send(asked('Basic realm="r"'))


@pytest.mark.parametrize(
    ("method", "target"), [("CONNECT", "a.example:443"), ("GET", "http://a.example/x?y")]
)
def test_digest_signs_the_target_that_the_proxy_sees(method, target):
    auth = Digest("me", "pw")
    flow = proxy_flow(auth, method, target, PROXY)
    assert next(flow) is None
    value = flow.send(asked('Digest realm="r", nonce="n", qop="auth", domain="/elsewhere"'))
    assert told(value)["uri"] == target
    with pytest.raises(StopIteration):
        flow.send(Response(200))
    # The next request is signed unasked, whatever the domain says: it means nothing to a proxy.
    assert told(next(proxy_flow(auth, method, target, PROXY)))["nc"] == "00000002"
    assert next(proxy_flow(auth, method, target, URL("http://other.example:3128/"))) is None


@pytest.mark.parametrize(
    "response",
    [
        asked('Digest realm="r", nonce="n"', status=401),
        asked('Digest realm="r", nonce="n"', name="WWW-Authenticate"),
        asked('Digest realm="r", nonce="n"', status=401, name="WWW-Authenticate"),
    ],
)
def test_an_origins_challenge_is_not_the_proxys(response):
    flow = proxy_flow(Digest("me", "pw"), "GET", "http://a.example/", PROXY)
    next(flow)
    with pytest.raises(StopIteration):
        flow.send(response)


def test_the_proxys_next_nonce_is_taken():
    auth = Digest("me", "pw")
    flow = proxy_flow(auth, "CONNECT", "a.example:443", PROXY)
    next(flow)
    flow.send(asked('Digest realm="r", nonce="n", qop="auth"'))
    with pytest.raises(StopIteration):
        flow.send(Response(200, [("Proxy-Authentication-Info", 'nextnonce="m"')]))
    value = next(proxy_flow(auth, "CONNECT", "a.example:443", PROXY))
    assert told(value)["nonce"] == "m"


@pytest.mark.parametrize("content", [b"x", None])
def test_a_proof_may_cover_the_proxys_response(monkeypatch, content):
    monkeypatch.setattr(digest_session, "token_hex", lambda _size: "c")
    auth = Digest("me", "pw", qop="auth-int")
    flow = proxy_flow(auth, "CONNECT", "a.example:443", PROXY)
    next(flow)
    flow.send(asked('Digest realm="r", nonce="n", qop="auth-int"'))
    [session] = auth._sessions.values()
    given = digest_session.Use("n", "00000001", "c", "auth-int", "a.example:443")
    proof = session._response(given, "", hashlib.md5(content or b"").hexdigest())
    response = Response(200, [("Proxy-Authentication-Info", f'rspauth="{proof}"')], content or b"")
    if content is None:
        del response.content
    with pytest.raises(StopIteration):
        flow.send(response)


def test_effects_and_their_errors_are_passed_on():
    flow = proxy_flow(Bearer(lambda: "token"), "CONNECT", "a.example:443", PROXY)
    assert isinstance(next(flow), Ask)
    assert flow.send("token") == "Bearer token"
    flow.close()

    class Careful(Auth):
        def flow(self, request):
            try:
                yield Ask(print)
            except OSError:
                request.headers["Authorization"] = "Other way"
            yield request

    flow = proxy_flow(Careful(), "CONNECT", "a.example:443", PROXY)
    next(flow)
    assert flow.throw(OSError()) == "Other way"


def test_the_flow_of_an_abandoned_request_is_closed():
    closed = []

    class Seen(Auth):
        def flow(self, request):
            try:
                yield request
            finally:
                closed.append(True)

    flow = proxy_flow(Seen(), "CONNECT", "a.example:443", PROXY)
    next(flow)
    flow.close()
    assert closed == [True]


def test_nothing_of_the_request_is_seen_by_the_proxys_auth():
    seen = []

    class Looks(Auth):
        def flow(self, request):
            seen.append((request.method, str(request.url), request.headers.pairs, request.body))
            yield request

    next(proxy_flow(Looks(), "POST", "http://a.example/", PROXY, b"body"))
    assert seen == [("POST", str(PROXY), [], b"body")]
