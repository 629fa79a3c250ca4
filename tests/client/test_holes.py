"""What other clients got wrong, each tried with this one: see docs/hardening.md."""

from __future__ import annotations

import tracemalloc
from urllib.parse import quote, urlsplit

import pytest

from nethttp.client import URL, Client, Request, Retries
from nethttp.client.policy.proxies import choose_proxies
from nethttp.errors import BodyNotReplayable, InvalidURL, RedirectRefused


def to(origin, target, path="go"):
    return f"{origin}/{path}?to={quote(target, safe='')}"


def test_requests_2024_47081_netrc_is_looked_up_by_the_host_that_is_dialled(
    peers, tmp_path, monkeypatch
):
    """``http://example.com:@evil/`` was example.com to one parser and evil to another."""
    (tmp_path / "netrc").write_text("machine example.com login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    where = urlsplit(peers.urls[0]).netloc
    with Client() as client:
        client.get(f"http://example.com:@{where}/end")
        with pytest.raises(InvalidURL):
            client.get(f"http://example.com:80\\@{where}/end")
        client.get(f"http://{where}/end#@example.com")
    for request in peers.taken():
        assert "secret" not in str(request)
        assert dict(request.lines).get("Authorization") in (None, "Basic ZXhhbXBsZS5jb206")


def test_urllib3_38jv_the_content_of_a_redirect_is_not_decoded(peers):
    with Client(follow_redirects=True) as client:
        client.get(to(peers.urls[0], "/end"))
        tracemalloc.start()
        try:
            response = client.get(to(peers.urls[0], "/end", "bomb"))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert response.content == b"the end"
    # The server is in this process: it holds 50 MiB, for a moment, and their 50 KB.
    assert peak < 60 * 1024 * 1024


def test_requests_7315_slashes_at_the_start_of_a_path_stay(peers):
    with Client() as client:
        client.get(f"{peers.urls[0]}//bucket//key")
        client.request("GET", f"{peers.urls[0]}/x", raw_target="/../..//%7e")
    assert [request.target for request in peers.taken()] == ["//bucket//key", "/../..//%7e"]


def test_httpx_3433_params_are_appended_to_a_query(peers):
    with Client(params={"key": "k"}) as client:
        client.get(f"{peers.urls[0]}/end?a=%2F&a=2", params={"b": "c d", "none": None})
    assert peers.taken()[0].target == "/end?a=%2F&a=2&key=k&b=c%20d"


def test_aiohttp_2188_urls_are_not_rewritten(peers):
    given = "/a%2Fb%3Ac/%28d%29/~%7E;+?X-Sig=a%2Bb/c%3D&e=(f)'*!,:@"
    with Client(follow_redirects=True) as client:
        client.get(peers.urls[0] + given)
        client.get(to(peers.urls[0], given))
    targets = [request.target for request in peers.taken()]
    assert targets[0] == targets[2] == given


def test_requests_7427_no_proxy_matches_whole_labels():
    proxies = choose_proxies(None, {"all_proxy": "p", "no_proxy": "ample.com,.le.com,2.1"})
    for url in ("http://example.com", "http://sample.com", "http://192.0.2.1"):
        assert proxies.proxy_for(URL(url)) is not None, url
    assert proxies.proxy_for(URL("http://a.le.com")) is None


def test_go_2024_45336_credentials_do_not_come_back(peers):
    first, other = peers.urls[0], peers.urls[1]
    with Client(follow_redirects=True) as client:
        client.get(to(first, to(other, f"{first}/end")), headers={"Authorization": "secret"})
    assert [request.has("authorization") for request in peers.taken()] == [True, False, False]


def test_aiohttp_13180_every_line_of_a_credential_is_dropped(peers):
    lines = [("Authorization", "a"), ("authorization", "b"), ("Cookie", "c"), ("COOKIE", "d")]
    with Client(follow_redirects=True) as client:
        client.get(to(peers.urls[0], f"{peers.urls[1]}/end"), headers=lines)
    last = peers.taken()[-1]
    assert not last.has("authorization")
    assert not last.has("cookie")


def test_httpx2_hand_set_keys_cross_no_origin(peers):
    headers = {"X-Api-Key": "secret", "Proxy-Authorization": "secret", "X-Auth-Token": "secret"}
    with Client(follow_redirects=True) as client:
        client.get(to(peers.urls[0], f"{peers.urls[1]}/end"), headers=headers)
    assert "secret" not in str(peers.taken()[-1])


def test_aiohttp_12827_numbers_are_no_addresses():
    for host in ("2130706433", "127.1", "0x7f000001", "0177.0.0.1", "127.0.0.1."):
        with pytest.raises(InvalidURL):
            Request("GET", f"http://{host}/")


def test_aiohttp_3_14_a_body_that_was_read_is_not_sent_again_as_empty(peers):
    with Client(follow_redirects=True) as client, pytest.raises(BodyNotReplayable):
        client.post(to(peers.urls[0], "/end"), content=(piece for piece in (b"a", b"b")))
    assert [request.target[:4] for request in peers.taken()] == ["/go?"]


def test_reqwest_0_13_credentials_do_not_go_from_https_to_http(peers, authority):
    plain, secure = peers.urls[2], peers.urls[3]
    with Client(follow_redirects=True, verify=str(authority.path)) as client:
        with pytest.raises(RedirectRefused):
            client.get(to(secure, f"{plain}/end"), auth=("secret", "secret"))
        peers.taken()
        client.get(to(plain, f"{secure}/end"), auth=("secret", "secret"))
    assert [request.has("authorization") for request in peers.taken()] == [True, False]


def test_urllib3_3743_retry_after_keeps_nobody_for_ever(peers):
    peers.busy = [(503, {"Retry-After": "999999999"})]
    with Client(retries=Retries()) as client:
        assert client.get(f"{peers.urls[0]}/busy").status_code == 503


def test_urllib3_1911_a_post_is_not_sent_twice(peers):
    peers.busy = [(0, {})]
    with Client(retries=Retries(first_wait=0.0)) as client:
        client.get(f"{peers.urls[0]}/end")  # the connection is used again, and then lost
        with pytest.raises(ConnectionError):
            client.post(f"{peers.urls[0]}/busy", content=b"x")
    assert [request.method for request in peers.taken()] == ["GET", "POST"]
