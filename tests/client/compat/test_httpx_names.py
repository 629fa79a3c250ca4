"""Programs written for httpx, with ``import nethttp.client.compat as httpx``."""

from __future__ import annotations

import asyncio
import http.server
import io
import json
import pickle
import threading

import pytest

import nethttp.client.compat as httpx
from nethttp import errors as native


class Echo(http.server.BaseHTTPRequestHandler):
    """Answers by what it received; /redirect leads to /, /slow sends its body never."""

    protocol_version = "HTTP/1.1"

    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        content = self.rfile.read(length)
        if self.path.startswith("/redirect"):
            self.send_response(303)
            self.send_header("Location", "/after")
            self.send_header("Set-Cookie", "seen=1")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        told = {
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers),
            "content": content.decode(),
        }
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = answer

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Echo) as running:
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()
        thread.join()


# --- the network ---------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "head", "options"])
def test_each_method_is_sent(server, method):
    response = getattr(httpx, method)(f"{server}/a?b=c", headers={"X-Name": "value"})
    assert (response.status_code, response.reason_phrase) == (200, "OK")
    assert response.http_version == "HTTP/1.1"
    assert response.elapsed.total_seconds() > 0
    if method != "head":
        told = response.json()
        assert (told["method"], told["path"]) == (method.upper(), "/a?b=c")
        assert told["headers"]["X-Name"] == "value"


@pytest.mark.parametrize(
    ("arguments", "content", "kind"),
    [
        ({"content": b"abc"}, "abc", None),
        ({"content": iter([b"a", b"bc"]), "headers": {"Content-Length": "3"}}, "abc", None),
        ({"data": {"a": "1 2", "b": None}}, "a=1+2&b=", "application/x-www-form-urlencoded"),
        ({"json": {"a": 1}}, '{"a":1}', "application/json"),
    ],
)
def test_a_body_is_sent(server, arguments, content, kind):
    told = httpx.post(server, **arguments).json()
    assert told["content"] == content
    assert told["headers"].get("Content-Type") == kind


def test_a_client_keeps_cookies_follows_redirects_and_streams(server):
    with httpx.Client(base_url=server, params={"p": "1"}) as client:
        response = client.post("/redirect", follow_redirects=True, content=b"x")
        assert [each.status_code for each in response.history] == [303]
        assert response.json()["method"] == "GET"
        assert response.json()["headers"]["Cookie"] == "seen=1"
        assert client.cookies["seen"] == "1"
        with client.stream("GET", "lines") as streamed:
            with pytest.raises(httpx.ResponseNotRead):
                streamed.content
            assert json.loads("".join(streamed.iter_text()))["path"] == "/lines?p=1"
        assert streamed.is_closed


def test_an_async_client(server):
    async def main():
        async with httpx.AsyncClient(base_url=server) as client:
            response = await client.get("/redirect")
            assert response.next_request is not None
            followed = await client.send(response.next_request)
            async with client.stream("GET", "/") as streamed:
                whole = b"".join([piece async for piece in streamed.aiter_bytes()])
            return followed.json()["path"], json.loads(whole)["path"]

    assert asyncio.run(main()) == ("/after", "/")


def test_errors_are_those_of_httpx_and_tell_of_nethttps(server):
    with pytest.raises(httpx.ConnectError) as caught:
        httpx.get("http://127.0.0.1:1/")
    assert isinstance(caught.value, httpx.TransportError)
    assert isinstance(caught.value.__cause__, native.ConnectError)
    assert caught.value.request.url == "http://127.0.0.1:1/"
    with pytest.raises(httpx.UnsupportedProtocol):
        httpx.get("ftp://127.0.0.1/")
    with pytest.raises(httpx.UnsupportedProtocol):
        httpx.get("/relative")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (native.PoolTimeout, httpx.PoolTimeout),
        (native.ReadTimeout, httpx.ReadTimeout),
        (native.ResolveError, httpx.ConnectError),
        (native.CertificateError, httpx.ConnectError),
        (native.InvalidResponse, httpx.RemoteProtocolError),
        (native.ProxyError, httpx.ProxyError),
        (native.DecodingError, httpx.DecodingError),
        (native.TooManyRedirects, httpx.TooManyRedirects),
        (native.BodyNotReplayable, httpx.StreamConsumed),
        (native.AuthenticationError, httpx.ProtocolError),
        (native.LocalProtocolError, httpx.LocalProtocolError),
    ],
)
def test_each_error_has_its_name(error, kind):
    from nethttp.client.compat.errors import translated

    with pytest.raises(kind), translated():
        raise error("no")


# --- transports ----------------------------------------------------------------------------------


def test_applications_answer():
    def wsgi(environ, start_response):
        start_response("200 OK", [("X-Path", environ["PATH_INFO"])])
        return [environ["wsgi.input"].read()]

    async def asgi(scope, receive, send):
        body = (await receive())["body"]
        headers = [("x-path", scope["path"])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    with httpx.Client(transport=httpx.WSGITransport(wsgi), base_url="http://app") as client:
        response = client.post("/a", content=b"body")
        assert (response.content, response.headers["X-Path"]) == (b"body", "/a")

    async def main():
        transport = httpx.ASGITransport(asgi)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            return await client.post("/a", content=b"body")

    response = asyncio.run(main())
    assert (response.content, response.headers["X-Path"]) == (b"body", "/a")


def test_what_an_application_raises_is_raised():
    def wsgi(environ, start_response):
        raise LookupError("mine")

    with (
        httpx.Client(transport=httpx.WSGITransport(wsgi)) as client,
        pytest.raises(LookupError, match="mine"),
    ):
        client.get("http://app/")


def answering(handler, **arguments):
    return httpx.Client(transport=httpx.MockTransport(handler), **arguments)


def test_mounts_choose_the_transport():
    def named(name):
        return httpx.MockTransport(lambda _request: httpx.Response(200, text=name))

    mounts = {
        "https://": named("tls"),
        "all://*.example.com": named("host"),
        "all://": named("any"),
    }
    with httpx.Client(mounts=mounts) as client:
        texts = [client.get(url).text for url in
                 ("https://a/", "http://a/", "https://www.example.com/")]  # fmt: skip
    assert texts == ["tls", "any", "host"]


def test_hooks_see_each_request_and_response():
    seen = []
    hooks = {
        "request": [lambda request: seen.append(str(request.url))],
        "response": [lambda response: seen.append(response.status_code)],
    }

    def app(request):
        if request.url.path == "/":
            return httpx.Response(302, headers={"Location": "/next"})
        return httpx.Response(204)

    with answering(app, event_hooks=hooks, follow_redirects=True) as client:
        client.get("http://a/")
    assert seen == ["http://a/", 302, "http://a/next", 204]


def test_a_closed_client_sends_nothing():
    client = answering(lambda _request: httpx.Response(200))
    client.close()
    with pytest.raises(RuntimeError):
        client.get("http://a/")


# --- authentication ------------------------------------------------------------------------------


def test_credentials_are_sent_and_kept_from_other_origins():
    sent = []

    def app(request):
        sent.append((request.url.host, request.headers.get("authorization")))
        away = {"Location": "http://b/"} if request.url.host == "a" else {}
        return httpx.Response(302 if away else 200, headers=away)

    with answering(app, auth=("me", "pw"), follow_redirects=True) as client:
        client.get("http://a/")
    assert sent == [("a", "Basic bWU6cHc="), ("b", None)]


def test_digest_answers_and_signs_unasked_later():
    sent = []

    def app(request):
        sent.append(request.headers.get("authorization"))
        if sent[-1] is None:
            ask = 'Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256'
            return httpx.Response(401, headers={"WWW-Authenticate": ask})
        return httpx.Response(200)

    auth = httpx.DigestAuth("me", "pw")
    with answering(app) as client:
        assert [each.status_code for each in client.get("http://a/", auth=auth).history] == [401]
        assert client.get("http://a/", auth=auth).history == []
    assert sent[0] is None
    assert "nc=00000001" in sent[1]
    assert "nc=00000002" in sent[2]


def test_a_program_has_its_own_flow():
    class Twice(httpx.Auth):
        requires_response_body = True

        def auth_flow(self, request):
            response = yield request
            request.headers["X-Answer"] = response.text
            yield request

    def app(request):
        return httpx.Response(200, text=request.headers.get("x-answer", "first"))

    with answering(app) as client:
        response = client.get("http://a/", auth=Twice())
    assert (response.text, len(response.history)) == ("first", 1)
    assert response.request.headers["X-Answer"] == "first"


# --- values --------------------------------------------------------------------------------------


def test_urls():
    url = httpx.URL("https://me:p%40@EXAMPLE.org:443/a/../b c?x=1#y")
    assert (url.host, url.port, url.username, url.password) == ("example.org", None, "me", "p@")
    assert (url.path, url.raw_path, url.fragment) == ("/b c", b"/b%20c?x=1", "y")
    assert str(url.copy_merge_params({"x": 2, "z": 3})).endswith("/b%20c?x=2&z=3#y")
    assert "p%40" not in repr(url)
    for wrong in ("https://[2001]/", "https://a:b/", "http://a\n/"):
        with pytest.raises(httpx.InvalidURL):
            httpx.URL(wrong)


def test_values_survive_a_pickle():
    response = httpx.Response(200, json=[1], request=httpx.Request("GET", "http://a/"))
    again = pickle.loads(pickle.dumps(response))
    assert (again.json(), again.request.url) == ([1], "http://a/")


def test_a_status_that_is_no_success_raises():
    response = httpx.Response(404, request=httpx.Request("GET", "http://a/"))
    with pytest.raises(httpx.HTTPStatusError, match="Client error '404 Not Found'") as caught:
        response.raise_for_status()
    assert caught.value.response is response
    assert httpx.codes.NOT_FOUND == httpx.codes.not_found == 404


def test_timeouts_limits_and_proxies():
    assert httpx.Timeout(5.0, read=None).as_dict() == {
        "connect": 5.0, "read": None, "write": 5.0, "pool": 5.0,
    }  # fmt: skip
    with pytest.raises(ValueError, match="expected a default"):
        httpx.Timeout(read=1)
    assert httpx.Limits() == httpx.Limits()
    with pytest.raises(ValueError, match="expected a proxy"):
        httpx.Proxy("ftp://a")
    with pytest.raises(ValueError, match="http1=True"):
        httpx.HTTPTransport(http1=False)


FILES = [
    {"f": b"some bytes"},
    {"f": ("name.txt", b"some bytes", "text/plain")},
    {"f": io.BytesIO(b"some bytes")},
]


@pytest.mark.parametrize("files", FILES)
def test_files_are_sent_by_both_clients(server, files):
    async def by_async() -> httpx.Response:
        async with httpx.AsyncClient() as client:
            return await client.post(server, files=files, data={"a": "b"})

    with httpx.Client() as client:
        responses = [
            httpx.post(server, files=files, data={"a": "b"}),
            client.post(server, files=files, data={"a": "b"}),
            asyncio.run(by_async()),
        ]
    for response in responses:
        content = response.json()["content"]
        assert 'name="a"\r\n\r\nb\r\n' in content
        assert "\r\n\r\nsome bytes\r\n" in content
