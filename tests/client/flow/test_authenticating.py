"""The step that authenticates: what is sent again, what is kept, and what leaves the origin."""

from __future__ import annotations

import pytest

from nethttp.client.content.upload import body_of
from nethttp.client.flow.authenticating import authenticating
from nethttp.client.flow.following import following
from nethttp.client.messages.request import Request
from nethttp.client.policy.auth import Auth, Basic, Bearer, Digest, FunctionAuth
from nethttp.client.policy.redirects import Redirects
from nethttp.client.policy.timeouts import Timeout
from nethttp.errors import (
    AuthenticationError,
    BodyNotReplayable,
    ReadError,
    RequestTimeout,
)
from nethttp.net.effects import Ask, Sleep

from .steps import Answer, Script

CHALLENGE = 'Digest realm="r", nonce="n", qop="auth"'


def asking():
    return Answer(401, [("WWW-Authenticate", CHALLENGE)])


def start(script, auth, request=None):
    script.call.auth = auth
    return authenticating(script.send)(script.call, request or Request("GET", "http://a/"))


def run(script, auth, request=None):
    return script.run(start(script, auth, request))


def credentials(script):
    return [request.headers.get("Authorization") for request in script.requests]


def test_without_an_auth_the_request_is_sent():
    script = Script([Answer()])
    request = Request("GET", "http://a/")
    assert run(script, None, request).status_code == 200
    assert script.requests == [request]


def test_credentials_are_sent():
    script = Script([Answer()])
    run(script, Basic("me", "pw"))
    assert credentials(script) == [Basic("me", "pw").value]


def test_an_answered_challenge_is_put_aside():
    answers = [asking(), Answer()]
    script = Script(answers)
    assert run(script, Digest("me", "pw")) is answers[1]
    assert script.call.history == answers[:1]
    assert [answer.ended for answer in answers] == ["closed", None]
    first, second = credentials(script)
    assert first is None
    assert second.startswith("Digest ")


def test_a_challenge_that_cannot_be_answered_is_the_response():
    answer = Answer(401, [("WWW-Authenticate", 'Basic realm="r"')])
    script = Script([answer])
    assert run(script, Digest("me", "pw")) is answer
    assert (answer.ended, script.call.history) == (None, [])


def test_a_body_is_rewound_before_it_is_sent_again():
    read = []

    def answer(request):
        read.append(b"".join(request.body.pieces()))
        return asking() if len(read) == 1 else Answer()

    body = body_of([b"a", b"b"])
    run(Script([answer, answer]), Digest("me", "pw"), Request("POST", "http://a/", (), body))
    assert read == [b"ab", b"ab"]


def test_a_body_that_can_be_sent_once_is_an_error_that_says_where():
    body = body_of(iter([b"a"]))
    answers = [lambda request: list(request.body.pieces()) and asking()]
    with pytest.raises(BodyNotReplayable) as caught:
        run(Script(answers), Digest("me", "pw"), Request("POST", "http://a/", (), body))
    assert (caught.value.phase, caught.value.method) == ("auth", "POST")


def test_a_response_that_is_not_returned_is_given_up():
    class Refuses(Auth):
        def flow(self, request):
            yield request
            raise AuthenticationError("no")

    answer = Answer()
    with pytest.raises(AuthenticationError):
        run(Script([answer]), Refuses())
    assert answer.ended == "abandoned"


def test_a_response_is_read_if_the_auth_requires_its_body():
    class Reads(Auth):
        requires_response_body = True

        def flow(self, request):
            response = yield request
            assert response.was_read

    class Readable(Answer):
        was_read = False

        def read_flow(self):
            self.was_read = True
            return self.content
            yield

    run(Script([Readable()]), Reads())


def test_an_error_of_sending_is_the_flows_to_see():
    class TriesElsewhere(Auth):
        def flow(self, request):
            try:
                yield request
            except ReadError:
                yield Request("GET", "http://b/")

    script = Script([ReadError("reset"), Answer()])
    assert run(script, TriesElsewhere()).status_code == 200
    assert [str(request.url) for request in script.requests] == ["http://a/", "http://b/"]
    with pytest.raises(ReadError):
        run(Script([ReadError("reset")]), Basic("me", "pw"))


def test_an_auth_that_yields_no_request_is_refused():
    class Nothing(Auth):
        def flow(self, request):
            return
            yield

    with pytest.raises(TypeError, match="to yield a request, got none"):
        run(Script([]), Nothing())


# --- effects of an auth --------------------------------------------------------------------------


def test_an_effect_is_done_within_the_time_of_the_call():
    script = Script([Answer()], Timeout(7))
    flow = start(script, Bearer(lambda: "token"))
    effect = next(flow)
    assert isinstance(effect, Ask)
    assert effect.deadline == script.call.deadlines.total
    with pytest.raises(StopIteration):
        flow.send("token")
    assert credentials(script) == ["Bearer token"]


def test_an_effect_may_end_sooner_than_the_call():
    class Patient(Auth):
        def flow(self, request):
            yield Sleep(101.0)
            yield request

    script = Script([Answer()], Timeout(7))
    assert next(start(script, Patient())).deadline == 101.0


def test_running_out_of_time_says_for_what():
    flow = start(Script([]), FunctionAuth(print), Request("GET", "http://u:p@a/"))
    next(flow)
    with pytest.raises(RequestTimeout, match="credentials") as caught:
        flow.throw(TimeoutError())
    assert (caught.value.phase, caught.value.url) == ("auth", "http://***@a/")


def test_what_a_programs_function_raises_is_raised():
    flow = start(Script([]), FunctionAuth(print))
    next(flow)
    with pytest.raises(LookupError):
        flow.throw(LookupError())


@pytest.mark.parametrize("error", [GeneratorExit, KeyboardInterrupt])
def test_a_flow_that_is_ended_ends_that_of_its_auth(error):
    closed = []

    class Seen(Auth):
        def flow(self, request):
            try:
                yield Sleep(101.0)
            finally:
                closed.append(True)
            yield request

    flow = start(Script([]), Seen())
    next(flow)
    with pytest.raises(error):
        flow.throw(error())
    assert closed == [True]


# --- credentials and origins ---------------------------------------------------------------------

HERE = "https://example.com/"
ELSEWHERE = [
    "http://example.com/",
    "https://example.com:8443/",
    "https://www.example.com/",
    "https://example.com.evil.example/",
    "https://u:p@evil.example/",
]


def to(url):
    return lambda _request: Answer(302, {"Location": url})


@pytest.mark.parametrize("elsewhere", ELSEWHERE)
@pytest.mark.parametrize("kind", ["Basic", "Bearer", "Digest"])
def test_a_chain_that_leaves_the_origin_has_no_credentials_even_where_it_returns(kind, elsewhere):
    auth = {"Basic": Basic("me", "pw"), "Bearer": Bearer("token"), "Digest": Digest("me", "pw")}[
        kind
    ]
    if kind == "Digest":  # it signs unasked from its second request on
        run(Script([asking(), Answer()]), auth, Request("GET", HERE))
    script = Script([to(HERE + "next"), to(elsewhere), to(HERE), Answer()])
    script.call.auth = auth
    step = following(authenticating(script.send), Redirects(to_http=True))
    script.run(step(script.call, Request("GET", HERE)))
    first, second, *others = credentials(script)
    assert first.startswith(kind)
    assert second.startswith(kind)
    assert others == [None, None]


def test_a_challenge_of_another_origin_is_not_answered():
    # aiohttp#12825
    script = Script([to("https://evil.example/"), asking()])
    script.call.auth = Digest("me", "pw")
    step = following(authenticating(script.send), Redirects())
    response = script.run(step(script.call, Request("GET", HERE)))
    assert response.status_code == 401
    assert credentials(script) == [None, None]


def test_each_redirect_of_the_origin_is_signed_for_its_own_target():
    script = Script([asking(), to("/next?x=1"), Answer()])
    script.call.auth = Digest("me", "pw")
    step = following(authenticating(script.send), Redirects())
    response = script.run(step(script.call, Request("GET", HERE + "start")))
    assert [each.status_code for each in response.history] == [401, 302]
    assert 'uri="/start"' in credentials(script)[1]
    assert 'uri="/next?x=1"' in credentials(script)[2]
    assert "nc=00000002" in credentials(script)[2]
