"""Which proxy a request goes through, and that the argument beats the environment."""

from __future__ import annotations

import os
import pickle

import pytest

from nethttp.client.messages.url import URL
from nethttp.client.policy import proxies as proxies_module
from nethttp.client.policy.proxies import Proxy, choose_proxies
from nethttp.errors import InvalidURL

HTTP, HTTPS = URL("http://example.com/"), URL("https://example.com/")


def hosts(argument, environ=None):
    proxies = choose_proxies(argument, environ)
    chosen = [proxies.proxy_for(url) for url in (HTTP, HTTPS)]
    return [proxy.url.origin.authority if proxy else None for proxy in chosen]


@pytest.mark.parametrize(
    ("environ", "chosen"),
    [
        ({}, [None, None]),
        ({"http_proxy": "p"}, ["p", None]),
        ({"https_proxy": "http://p:3128"}, [None, "p:3128"]),
        ({"all_proxy": "socks5h://p"}, ["p", "p"]),
        ({"all_proxy": "p", "https_proxy": "q"}, ["p", "q"]),
        ({"all_proxy": "p", "https_proxy": ""}, ["p", None]),
        ({"HTTP_PROXY": "p", "HTTPS_PROXY": "q"}, ["p", "q"]),
        ({"HTTP_PROXY": "p", "http_proxy": "q"}, ["q", None]),
        ({"HTTP_PROXY": "p", "http_proxy": ""}, [None, None]),
        ({"HTTP_PROXY": "p", "REQUEST_METHOD": "GET"}, [None, None]),
        ({"HTTP_PROXY": "p", "http_proxy": "q", "REQUEST_METHOD": "GET"}, ["q", None]),
        ({"HTTPS_PROXY": "p", "REQUEST_METHOD": "GET"}, [None, "p"]),
        ({"ALL_PROXY": "p", "REQUEST_METHOD": "GET"}, ["p", "p"]),
        ({"http_proxy": " p "}, ["p", None]),
        ({"all_proxy": "p", "no_proxy": "example.com"}, [None, None]),
        ({"all_proxy": "p", "NO_PROXY": "example.com:80"}, [None, "p"]),
        ({"all_proxy": "p", "NO_PROXY": "example.com", "no_proxy": ""}, ["p", "p"]),
        ({"http_proxy": "p", "all_proxy": "socks://x"}, ["p", InvalidURL]),
    ],
)
def test_the_environment(environ, chosen):
    proxies = choose_proxies(None, environ)
    for url, wanted in zip((HTTP, HTTPS), chosen, strict=True):
        if wanted is InvalidURL:
            with pytest.raises(InvalidURL, match="the environment's all_proxy"):
                proxies.proxy_for(url)
        else:
            proxy = proxies.proxy_for(url)
            assert (proxy.url.origin.authority if proxy else None) == wanted


ENVIRONMENT = {"all_proxy": "environment", "no_proxy": "example.com"}


@pytest.mark.parametrize(
    ("argument", "chosen"),
    [
        ("p", ["p", "p"]),
        (URL("socks5://p:1"), ["p:1", "p:1"]),
        (Proxy.of("p"), ["p", "p"]),
        (False, [None, None]),
        ({"http": "p"}, ["p", None]),
        ({"http://": "p", "https://": None, "all": "q"}, ["p", None]),
        ({"all": "p", "no": "example.com:443"}, ["p", None]),
        ({}, [None, None]),
        (lambda url: "p" if url.scheme == "http" else None, ["p", None]),
        (lambda _: Proxy.of("p"), ["p", "p"]),
    ],
)
def test_the_argument_beats_the_environment(argument, chosen):
    assert hosts(argument, ENVIRONMENT) == chosen
    assert hosts(argument, None) == chosen


def test_the_settings_of_the_system_where_the_environment_has_none(monkeypatch):
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setattr(proxies_module, "HAS_SETTINGS", True)
    settings = {"http": "http://p:3128", "https": "nonsense://p", "ftp": "http://q"}
    monkeypatch.setattr("urllib.request.getproxies", lambda: settings)
    monkeypatch.setattr("urllib.request.proxy_bypass", lambda host: host == "intranet")
    proxies = choose_proxies(None, os.environ)
    assert proxies.proxy_for(HTTP).url == "http://p:3128/"
    assert proxies.proxy_for(URL("http://intranet/")) is None
    with pytest.raises(InvalidURL, match="the system's settings"):
        proxies.proxy_for(HTTPS)
    assert not choose_proxies(None, {})
    monkeypatch.setenv("http_proxy", "http://other")
    assert choose_proxies(None, os.environ).proxy_for(HTTPS) is None


def test_whether_any_url_may_have_a_proxy():
    assert not choose_proxies(None, {})
    assert not choose_proxies(None, None)
    assert not choose_proxies(False, ENVIRONMENT)
    assert choose_proxies(None, ENVIRONMENT)
    assert choose_proxies(lambda _: None, None)


def test_credentials_leave_the_url_and_stay_secret():
    proxy = Proxy.of("https://me:p%40:w@p:8443")
    assert str(proxy.url) == "https://p:8443/"
    assert proxy.auth == ("me", "p@:w")
    assert "p@:w" not in repr(proxy)
    assert pickle.loads(pickle.dumps(proxy)) == proxy
    assert hash(proxy) == hash(Proxy.of("https://me:p%40:w@p:8443"))


@pytest.mark.parametrize("wrong", ["ftp://p", "socks://p", "socks4://p", "http://", "p q", "p:x"])
def test_what_is_no_proxy_is_refused_at_once(wrong):
    for argument in (wrong, {"http": wrong}):
        with pytest.raises(InvalidURL, match="expected"):
            choose_proxies(argument, None)
    with pytest.raises(InvalidURL, match="expected"):
        choose_proxies(lambda _: wrong, None).proxy_for(HTTP)


def test_no_password_is_in_an_error():
    with pytest.raises(InvalidURL) as caught:
        Proxy.of("ftp://me:hidden@p")
    assert "hidden" not in str(caught.value)
