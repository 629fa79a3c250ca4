"""No credential crosses an origin: every way to have one, every pair of origins, there and back.

The client is the real one and the servers are on sockets. What a server may see after the chain has
left the first origin is nothing of the credential, not even at that origin again; cookies of the
jar alone return, since the jar has them for their host.
"""

from __future__ import annotations

from itertools import permutations
from urllib.parse import quote, urlsplit

import pytest

from nethttp.client.client import Client
from nethttp.client.policy.auth.digest import Digest
from nethttp.client.policy.redirects import Redirects

from .origins import proxy

REDIRECTS = Redirects(to_http=True, sensitive=frozenset({"x-mine"}))


def chain(first, other, path="go"):
    """Return a URL whose redirects lead to another origin, on there, back, and on at the first."""
    end = f"{first}/end"
    for origin in (first, other, other):
        end = f"{origin}/go?to={quote(end, safe='')}"
    return f"{first}/{path}?to={quote(end, safe='')}"


def in_the_url(url):
    return url.replace("://", "://secret:secret@", 1)


#: Ways to have a credential: arguments of the client, arguments of the call, and the path.
WAYS = {
    "header of the call": ({}, {"headers": {"Authorization": "secret"}}, "go"),
    "header, repeated": (
        {}, {"headers": [("Authorization", "secret"), ("authorization", "secret")]}, "go"),
    "header of the client": ({"headers": {"Authorization": "secret"}}, {}, "go"),
    "Proxy-Authorization": ({}, {"headers": {"Proxy-Authorization": "secret"}}, "go"),
    "key": ({}, {"headers": {"X-Api-Key": "secret"}}, "go"),
    "key of the client": ({"headers": {"X-API-KEY": "secret"}}, {}, "go"),
    "declared name": ({}, {"headers": {"X-Mine": "secret"}}, "go"),
    "Cookie by hand": ({}, {"headers": {"Cookie": "a=secret"}}, "go"),
    "cookies of the call": ({}, {"cookies": {"a": "secret"}}, "go"),
    "auth of the call": ({}, {"auth": ("secret", "secret")}, "go"),
    "auth of the client": ({"auth": ("secret", "secret")}, {}, "go"),
    "auth after a challenge": ({}, {"auth": ("secret", "secret")}, "basic"),
    "Digest": ({}, {"auth": lambda: Digest("secret", "secret")}, "digest"),
    "URL": ({}, {"in_url": True}, "go"),
    "netrc": ({"netrc": True}, {}, "go"),
    "jar": ({"jar": True}, {}, "go"),
}  # fmt: skip


def exposed(request):
    """Return what a request shows of a credential: its text, or any Authorization."""
    shown = [value for _, value in request.lines if "secret" in value]
    if "secret" in request.target or request.has("authorization"):
        shown.append(request.target)
    return shown


@pytest.mark.parametrize("way", WAYS)
def test_no_credential_crosses_an_origin(way, peers, authority, tmp_path, monkeypatch, capsys):
    settings, call, path = (dict(part) if isinstance(part, dict) else part for part in WAYS[way])
    if settings.pop("netrc", False):
        hosts = {urlsplit(url).hostname for url in peers.urls}
        lines = [f"machine {host} login secret password secret\n" for host in sorted(hosts)]
        (tmp_path / "netrc").write_text("".join(lines))
        (tmp_path / "netrc").chmod(0o600)
        monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    jar = settings.pop("jar", False)
    in_url = call.pop("in_url", False)
    if callable(call.get("auth")):
        call["auth"] = call["auth"]()
    hops = sent = 0
    for first, other in permutations(peers.urls, 2):
        url = chain(first, other, path)
        with Client(follow_redirects=REDIRECTS, verify=str(authority.path), **settings) as client:
            if jar:
                client.get(f"{first}/cookie")
            peers.taken()
            response = client.get(in_the_url(url) if in_url else url, **call)
        assert response.content == b"the end"
        assert "secret" not in str(response.url)
        left = False
        for request in peers.taken():
            left = left or request.origin != first
            host_has_it = jar and urlsplit(request.origin).hostname == urlsplit(first).hostname
            if left and not host_has_it:
                assert exposed(request) == [], (first, other, request)
                hops += 1
            elif not left:
                sent += bool(exposed(request))
    assert sent, "the first origin was to see the credential"
    with capsys.disabled():
        print(f"\n{way:24} {len(peers.urls)} origins, {hops:3} hops elsewhere and back: no leak")


def test_the_proxys_credentials_go_to_the_proxy_alone(peers, authority, capsys):
    """Through tunnels and forwarded; and the proxy sees none of those of a server in a tunnel."""
    hops = 0
    with proxy() as (url, at_the_proxy):
        settings = {
            "proxy": url.replace("://", "://proxy:secret@"),
            "follow_redirects": REDIRECTS,
            "verify": str(authority.path),
            "headers": {"Authorization": "token"},
        }
        for first, other in permutations(peers.urls, 2):
            peers.taken()
            with Client(**settings) as client:
                assert client.get(chain(first, other)).content == b"the end"
            left = False
            for request in peers.taken():
                left = left or request.origin != first
                assert not request.has("proxy-authorization")
                assert "secret" not in str(request)
                assert request.has("authorization") == (not left)
                hops += 1
        for request in at_the_proxy:
            assert request.has("authorization") <= (request.method != "CONNECT")
            assert "token" not in request.target
    with capsys.disabled():
        print(f"\nof the proxy             {hops} hops, {len(at_the_proxy)} at the proxy: no leak")
