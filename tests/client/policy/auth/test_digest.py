"""Digest: the examples of RFC 7616, and what servers do with nonces, proofs and algorithms."""

from __future__ import annotations

import copy
import hashlib
import pickle
import threading

import pytest

from nethttp.client.content.upload import body_of
from nethttp.client.policy.auth import Digest, digest_session
from nethttp.client.policy.auth.challenges import parse_challenges
from nethttp.client.policy.auth.digest import MAX_ANSWERS, MAX_ORIGINS
from nethttp.client.policy.auth.digest_session import MAX_COUNT
from nethttp.errors import AuthenticationError, BodyNotReplayable, LocalProtocolError

from .doubles import Request, Response, Source, challenge, credentials_of

PLAIN = 'Digest realm="r", nonce="n1", qop="auth"'
STALE = 'Digest realm="r", nonce="n2", qop="auth", stale=TRUE'


def told(value):
    """Return the parameters of an Authorization value."""
    [(scheme, _, parameters)] = parse_challenges([value])
    assert scheme == "digest"
    return parameters


def answer_to(auth, request, response):
    """Return the parameters with which `auth` answers the response to `request`."""
    return told(credentials_of(auth.flow(request), response)[-1])


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


@pytest.fixture
def cnonce(monkeypatch):
    def put(value):
        monkeypatch.setattr(digest_session, "token_hex", lambda _size: value)

    return put


# --- the computations ----------------------------------------------------------------------------

MUFASA = (
    'realm="http-auth@example.org", qop="auth, auth-int", '
    'nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", '
    'opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_rfc_7616_section_3_9_1(cnonce, algorithm, response):
    cnonce("f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ")
    request = Request(url="http://www.example.org/dir/index.html")
    auth = Digest("Mufasa", "Circle of Life")
    answer = answer_to(auth, request, challenge(f"Digest {MUFASA}, algorithm={algorithm}"))
    assert answer == {
        "username": "Mufasa",
        "realm": "http-auth@example.org",
        "uri": "/dir/index.html",
        "algorithm": algorithm,
        "nonce": "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v",
        "nc": "00000001",
        "cnonce": "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ",
        "qop": "auth",
        "response": response,
        "opaque": "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS",
    }


def test_rfc_7616_section_3_9_2_with_its_erratum(cnonce):
    # Erratum 4897: the RFC prints values of SHA-512 cut to 256 bits instead of SHA-512/256.
    cnonce("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v")
    request = Request(url="http://api.example.org/doe.json")
    answer = answer_to(
        Digest("J\xe4s\xf8n Doe", "Secret, or not?"),
        request,
        challenge(
            'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, '
            'nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", '
            'opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", '
            "charset=UTF-8, userhash=true"
        ),
    )
    assert answer["username"] == "793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
    assert answer["response"] == "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
    assert answer["userhash"] == "true"
    assert answer["algorithm"] == "SHA-512-256"


def test_rfc_2617_section_3_5(cnonce):
    cnonce("0a4f113b")
    answer = answer_to(
        Digest("Mufasa", "Circle Of Life"),
        Request(url="http://www.nowhere.org/dir/index.html"),
        challenge(
            'Digest realm="testrealm@host.com", qop="auth,auth-int", '
            'nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ),
    )
    assert answer["response"] == "6629fae49393a05397450978507c4ef1"
    assert "algorithm" not in answer


def test_a_challenge_without_qop_is_answered_as_rfc_2069():
    answer = answer_to(
        Digest("Mufasa", "CircleOfLife"),
        Request(url="http://www.nowhere.org/dir/index.html"),
        challenge(
            'Digest realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", '
            'opaque="5ccc069c403ebaf9f0171e9517f40e41"'
        ),
    )
    # RFC 2617's erratum 1649 has this value for RFC 2069's example.
    assert answer["response"] == "1949323746fe6a43ef61f9606e7febea"
    assert {"qop", "nc", "cnonce"}.isdisjoint(answer)


BODIES = [None, b"ab", Source(b"a", b"b")]


@pytest.mark.parametrize("body", BODIES, ids=["none", "bytes", "source"])
def test_auth_int_protects_the_body(cnonce, body):
    cnonce("c")
    request = Request("POST", body=body)
    answer = answer_to(
        Digest("me", "pw"), request, challenge('Digest realm="r", nonce="n", qop="auth-int"')
    )
    resource = md5(f"POST:/:{md5('' if body is None else 'ab')}")
    assert answer["qop"] == "auth-int"
    assert answer["response"] == md5(f"{md5('me:r:pw')}:n:00000001:c:auth-int:{resource}")
    if isinstance(body, Source):
        assert body.rewound == 1


def test_a_body_that_can_be_read_once_cannot_be_protected():
    request = Request("POST", body=body_of(iter([b"a"])))
    with pytest.raises(BodyNotReplayable):
        answer_to(
            Digest("me", "pw"), request, challenge('Digest realm="r", nonce="n", qop="auth-int"')
        )


@pytest.mark.parametrize("name", ["MD5-sess", "md5-SESS"])
def test_the_hash_of_a_session_outlives_its_nonce(cnonce, name):
    cnonce("c")
    auth = Digest("me", "pw")
    flow = auth.flow(Request())
    next(flow)
    flow.send(challenge(f'Digest realm="r", nonce="n", qop=auth, algorithm={name}'))
    with pytest.raises(StopIteration):
        flow.send(Response(200, [("Authentication-Info", 'nextnonce="n2"')]))
    cnonce("another one")
    [second] = credentials_of(auth.flow(Request()))
    secret = md5(f"{md5('me:r:pw')}:n:c")
    assert told(second)["response"] == md5(f"{secret}:n2:00000001:c:auth:{md5('GET:/')}")
    assert (told(second)["cnonce"], told(second)["algorithm"]) == ("c", name)


@pytest.mark.parametrize(
    ("username", "parameters", "expected"),
    [
        ("m\xe9", 'charset="UTF-8"', {"username*": "UTF-8''m%C3%A9"}),
        ("m\xe9", "", {"username": "m\xc3\xa9"}),
        ('a"\\', "", {"username": 'a"\\'}),
        ("me", "charset=utf-8", {"username": "me"}),
        ("me\u0301", "charset=utf-8", {"username*": "UTF-8''m%C3%A9"}),
    ],
)
def test_the_username_is_sent_as_the_challenge_allows(username, parameters, expected):
    answer = answer_to(Digest(username, "pw"), Request(), challenge(f"{PLAIN}, {parameters}"))
    sent = {name: value for name, value in answer.items() if name.startswith("username")}
    assert sent == expected


def test_a_realm_is_hashed_as_it_was_sent():
    raw = "\xe9 \xc3\xa9"
    answer = answer_to(
        Digest("m\xe9", "p\xe9"), Request(), challenge(f'Digest realm="{raw}", nonce="n"')
    )
    secret = hashlib.md5(b"m\xc3\xa9:" + raw.encode("latin-1") + b":p\xc3\xa9").hexdigest()
    assert answer["response"] == md5(f"{secret}:n:{md5('GET:/')}")
    assert answer["realm"] == raw


@pytest.mark.parametrize("pair", [("a\n", "b"), ("a", "b\0")])
def test_control_characters_are_refused(pair):
    with pytest.raises(LocalProtocolError):
        Digest(*pair)


# --- which challenge -----------------------------------------------------------------------------


@pytest.mark.parametrize("joined", [True, False], ids=["one field", "several"])
def test_the_strongest_challenge_is_answered(joined):
    offers = [
        'Basic realm="r"',
        'Digest realm="r", nonce="n", qop="auth", algorithm=MD5',
        'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-512-256-sess',
        'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256',
        'Digest realm="r", nonce="n", qop="auth", algorithm=SHA3-1024',
    ]
    response = challenge(", ".join(offers)) if joined else challenge(*offers)
    answer = answer_to(Digest("me", "pw"), Request(), response)
    assert answer["algorithm"] == "SHA-512-256-sess"


def test_a_hash_that_the_machine_lacks_is_not_chosen(monkeypatch):
    monkeypatch.setattr(hashlib, "algorithms_available", {"md5"})
    answer = answer_to(
        Digest("me", "pw"),
        Request(),
        challenge(f"{PLAIN}, algorithm=SHA-256", f"{PLAIN}, algorithm=MD5"),
    )
    assert answer["algorithm"] == "MD5"


@pytest.mark.parametrize(
    "value",
    [
        'Basic realm="r"',
        'Digest realm="r"',
        'Digest nonce="n"',
        'Digest realm="r", nonce="n", qop="other"',
        'Digest realm="r", nonce="n", algorithm=X',
        "",
    ],
)
def test_a_challenge_that_cannot_be_answered_is_the_response(value):
    assert credentials_of(Digest("me", "pw").flow(Request()), challenge(value)) == [None]


@pytest.mark.parametrize(
    ("qop", "offered", "chosen"),
    [
        (None, "auth-int,auth", "auth"),
        ("auth-int", "auth,auth-int", "auth-int"),
        ("auth", "auth,auth-int", "auth"),
        ("auth-int", "auth", None),
        ("auth", "auth-int", None),
    ],
)
def test_the_quality_of_protection_is_as_demanded(qop, offered, chosen):
    response = challenge(f'Digest realm="r", nonce="n", qop="{offered}"')
    sent = credentials_of(Digest("me", "pw", qop=qop).flow(Request()), response)
    assert (told(sent[-1])["qop"] if len(sent) == 2 else None) == chosen


# --- nonces --------------------------------------------------------------------------------------


def test_later_requests_need_no_challenge():
    auth = Digest("me", "pw")
    credentials_of(auth.flow(Request()), challenge(PLAIN), Response())
    counts = [told(credentials_of(auth.flow(Request()))[0])["nc"] for _ in range(11)]
    assert counts == [f"{count:08x}" for count in range(2, 13)]


def test_a_stale_nonce_is_replaced():
    auth = Digest("me", "pw")
    sent = credentials_of(auth.flow(Request()), challenge(PLAIN), challenge(STALE), Response())
    assert [told(value)["nonce"] for value in sent[1:]] == ["n1", "n2"]


def test_a_nonce_that_is_no_longer_known_is_replaced_though_the_server_does_not_say_stale():
    auth = Digest("me", "pw")
    credentials_of(auth.flow(Request()), challenge(PLAIN), Response())
    again = challenge(PLAIN.replace("n1", "n3"))
    sent = credentials_of(auth.flow(Request()), again, Response())
    assert [told(value)["nonce"] for value in sent] == ["n1", "n3"]


def test_a_wrong_password_is_told_once():
    auth = Digest("me", "wrong")
    sent = credentials_of(auth.flow(Request()), challenge(PLAIN), challenge(PLAIN), Response())
    assert len(sent) == 2
    # Nothing is kept of it.
    assert credentials_of(auth.flow(Request())) == [None]


def test_a_server_that_always_says_stale_is_given_up():
    sent = credentials_of(Digest("me", "pw").flow(Request()), *[challenge(STALE)] * 10)
    assert len(sent) == MAX_ANSWERS + 1


def test_the_next_nonce_is_used():
    auth = Digest("me", "pw")
    information = Response(200, [("Authentication-Info", 'nextnonce="next"')])
    credentials_of(auth.flow(Request()), challenge(PLAIN), information)
    first, second = (told(credentials_of(auth.flow(Request()))[0]) for _ in range(2))
    assert (first["nonce"], first["nc"]) == ("next", "00000001")
    assert (second["nonce"], second["nc"]) == ("next", "00000002")


def test_a_nonce_is_counted_no_further_than_its_digits():
    auth = Digest("me", "pw")
    credentials_of(auth.flow(Request()), challenge(PLAIN), Response())
    [session] = auth._sessions.values()
    session.count = MAX_COUNT - 1
    assert told(credentials_of(auth.flow(Request()))[0])["nc"] == "ffffffff"
    assert credentials_of(auth.flow(Request())) == [None]


def test_threads_never_use_a_count_twice():
    auth = Digest("me", "pw")
    credentials_of(auth.flow(Request()), challenge(PLAIN), Response())
    counts: list[str] = []

    def ask():
        counts.extend(told(credentials_of(auth.flow(Request()))[0])["nc"] for _ in range(100))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(counts) == [f"{count:08x}" for count in range(2, 802)]


# --- where credentials go ------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url", ["https://example.com/", "http://example.com:81/", "http://www.example.com/"]
)
def test_a_nonce_is_for_its_origin(url):
    auth = Digest("me", "pw")
    credentials_of(auth.flow(Request(url="http://example.com/")), challenge(PLAIN), Response())
    assert credentials_of(auth.flow(Request(url=url))) == [None]


@pytest.mark.parametrize(
    ("domain", "url", "signed"),
    [
        ("/private /a", "/private/x", True),
        ("/private /a", "/a", True),
        ("/private", "/public", False),
        ("/", "/public", True),
        ("", "/public", True),
        ("http://example.com/private", "/private", True),
        ("sub", "/start/sub/x", True),
        ("sub", "/sub", False),
        # Another origin's URI, or none, leaves the request's own path.
        ("http://other.example/", "/public", False),
        ("http://other.example/", "/start/page", True),
        ("http://[", "/public", True),
    ],
)
def test_a_domain_says_which_requests_are_signed_unasked(domain, url, signed):
    auth = Digest("me", "pw")
    start = Request(url="http://example.com/start/page")
    credentials_of(auth.flow(start), challenge(f'{PLAIN}, domain="{domain}"'), Response())
    [sent] = credentials_of(auth.flow(Request(url=f"http://example.com{url}")))
    assert (sent is not None) == signed


def test_so_many_origins_are_kept():
    auth = Digest("me", "pw")
    urls = [f"http://host-{place}.example/" for place in range(MAX_ORIGINS + 1)]
    for url in urls:
        credentials_of(auth.flow(Request(url=url)), challenge(PLAIN), Response())
    kept = [credentials_of(auth.flow(Request(url=url)))[0] is not None for url in urls]
    assert kept == [False] + [True] * MAX_ORIGINS


def test_the_first_request_keeps_what_it_sent():
    flow = Digest("me", "pw").flow(Request())
    first = next(flow)
    second = flow.send(challenge(PLAIN))
    assert "Authorization" not in first.headers
    assert "Authorization" in second.headers


# --- the server's proof --------------------------------------------------------------------------


def proof(qop="auth", content=""):
    resource = f":/:{md5(content)}" if qop == "auth-int" else ":/"
    return md5(f"{md5('me:r:pw')}:n1:00000001:c:{qop}:{md5(resource)}")


def information(value):
    return Response(200, [("Authentication-Info", value)], b"content")


@pytest.mark.parametrize(
    ("value", "believed"),
    [
        (f'rspauth="{proof()}", cnonce="c", nc=00000001, qop=auth', True),
        (f'rspauth="{proof().upper()}"', True),
        ("", True),
        (f'rspauth="{proof()[:-1]}x"', False),
        ('rspauth=""', False),
        ('rspauth="\xe9"', False),
        (f'rspauth="{proof()}", cnonce="d"', False),
        (f'rspauth="{proof()}", nc=00000002', False),
    ],
)
def test_a_wrong_proof_is_an_error(cnonce, value, believed):
    cnonce("c")
    auth = Digest("me", "pw")
    request = Request(url="http://user:pw@example.com/")
    if believed:
        credentials_of(auth.flow(request), challenge(PLAIN), information(value))
        return
    with pytest.raises(AuthenticationError, match="rspauth") as caught:
        credentials_of(auth.flow(request), challenge(PLAIN), information(value))
    assert (caught.value.phase, caught.value.url) == ("auth", "http://***@example.com/")
    # Its nonce is not used again.
    assert credentials_of(auth.flow(Request())) == [None]


INT = 'Digest realm="r", nonce="n1", qop="auth-int"'


@pytest.mark.parametrize(
    ("qop", "value", "believed"),
    [
        ("auth-int", f'rspauth="{proof("auth-int", "content")}"', True),
        ("auth-int", f'rspauth="{proof("auth-int", "changed")}"', False),
        ("auth-int", "", False),
        (None, f'rspauth="{proof("auth-int", "changed")}"', True),
    ],
)
def test_a_proof_covers_the_body_if_it_was_demanded(cnonce, qop, value, believed):
    cnonce("c")
    auth = Digest("me", "pw", qop=qop)
    assert auth.requires_response_body == (qop == "auth-int")
    if believed:
        credentials_of(auth.flow(Request()), challenge(INT), information(value))
        return
    with pytest.raises(AuthenticationError):
        credentials_of(auth.flow(Request()), challenge(INT), information(value))


# --- the object ----------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [copy.copy, lambda auth: pickle.loads(pickle.dumps(auth))])
def test_a_copy_has_the_settings_and_no_nonce(copied):
    auth = Digest("me", "pw", qop="auth-int")
    credentials_of(auth.flow(Request()), challenge(INT))
    again = copied(auth)
    assert credentials_of(again.flow(Request())) == [None]
    assert again.requires_response_body
    assert answer_to(again, Request(), challenge(INT))["username"] == "me"


def test_the_password_is_not_shown():
    assert "pw" not in repr(Digest("me", "pw"))
