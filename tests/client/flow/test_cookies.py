"""The jar sees each attempt; the program's own cookies stay."""

from __future__ import annotations

from nethttp.client.flow.cookies import CookieStore, with_cookies
from nethttp.client.messages.headers import Headers
from nethttp.client.messages.request import Request
from nethttp.client.messages.url import URL
from nethttp.cookiejar import CookieJar, RFC6265Policy

from .steps import Script


class Answer:
    """A response that sets these cookies."""

    def __init__(self, *cookies: str) -> None:
        self.headers = Headers([("Set-Cookie", cookie) for cookie in cookies])
        self.sets_cookies = bool(cookies)


def cookie_sent(*answers, store=None, url="https://a.example/", **headers):
    store = store or CookieStore()
    script = Script([*answers])
    step = with_cookies(script.send, store)
    for _ in answers:
        script.run(step(script.call, Request("GET", url, headers)))
    return script.requests[-1].headers.get("cookie")


def test_a_cookie_is_sent_where_it_belongs():
    store = CookieStore()
    assert cookie_sent(Answer("a=b; Secure"), Answer(), store=store) == "a=b"
    assert cookie_sent(Answer(), store=store, url="https://b.example/") is None
    assert cookie_sent(Answer(), store=store, url="http://a.example/") is None


def test_no_jar_is_made_until_a_cookie_arrives():
    store = CookieStore()
    cookie_sent(Answer(), store=store)
    assert store.made is None


def test_the_programs_own_cookies_come_first_and_win():
    answers = Answer("a=jar", "c=jar"), Answer()
    assert cookie_sent(*answers, Cookie="a=mine; b=mine") == "a=mine; b=mine; c=jar"


def test_the_request_of_the_program_is_not_changed():
    script = Script([Answer("a=b"), Answer()])
    step = with_cookies(script.send, CookieStore())
    request = Request("GET", "http://a/")
    for _ in range(2):
        script.run(step(script.call, request))
    assert "cookie" not in request.headers
    assert script.requests[-1] is not request


def test_a_jar_of_the_program_is_used_and_its_kind_may_wait():
    class SlowJar(CookieJar):
        pass

    store = CookieStore(SlowJar(RFC6265Policy()))
    assert store.waits
    script = Script([Answer("a=b"), Answer()])
    step = with_cookies(script.send, store)
    for _ in range(2):
        flow = step(script.call, Request("GET", "http://a/"))
        effect = next(flow, None)
        while effect is not None:  # what may take its time is called by the runner
            try:
                effect = flow.send(effect.function())
            except StopIteration:
                effect = None
    assert script.requests[-1].headers["cookie"] == "a=b"


def test_a_url_without_its_credentials_is_what_a_jar_sees():
    store = CookieStore()
    store.store(URL("http://me:pw@a.example/"), Headers([("Set-Cookie", "a=b")]))
    assert [cookie.domain for cookie in store.jar] == ["a.example"]
