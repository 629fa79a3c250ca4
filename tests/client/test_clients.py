"""`Client` and `AsyncClient` against a server on a socket: what is sent, and what is made of it."""

from __future__ import annotations

import gc
import gzip
import io
import json
import os
import pickle
import socket
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest

import nethttp
from nethttp.client import AsyncClient, Client, PoolLimits, Request, Timeout
from nethttp.client.messages.response import Response
from nethttp.errors import (
    ConnectError,
    InvalidURL,
    LocalProtocolError,
    PoolTimeout,
    ReadTimeout,
    RequestTimeout,
    ResponseNotRead,
    ResponseTooLarge,
    StatusError,
    StreamClosed,
    StreamConsumed,
    UnsupportedProtocol,
)
from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from ..flows import peer
from .both import caller

__all__ = ["caller", "peer"]


LATIN = "text/plain; charset=latin1"


class Handler(BaseHTTPRequestHandler):
    """Tells what it has received, unless the path says something else."""

    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def answer(self) -> None:
        path = self.path.partition("?")[0]
        length = int(self.headers.get("Content-Length") or 0)
        in_chunks = "Transfer-Encoding" in self.headers
        body = self.rfile.read() if in_chunks else self.rfile.read(length)
        special = getattr(self, f"at_{path[1:]}", None)
        if special is not None:
            special()
            return
        told = {
            "method": self.command,
            "target": self.path,
            "headers": self.headers.items(),
            "body": body.decode("latin-1"),
            "port": self.client_address[1],
        }
        self.reply(json.dumps(told).encode(), ("Content-Type", "application/json"))

    def reply(self, body: bytes, *fields: tuple[str, str], status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def at_gzip(self) -> None:
        self.reply(gzip.compress(b"hello" * 1000), ("Content-Encoding", "gzip"))

    def at_bomb(self) -> None:
        self.reply(gzip.compress(b"\0" * 5_000_000), ("Content-Encoding", "gzip"))

    def at_text(self) -> None:
        self.reply(
            "käse\nbrot\r\n".encode("latin-1"), ("Content-Type", "text/plain; charset=latin1")
        )

    def at_large(self) -> None:
        self.reply(b"x" * 1_000_000, ("Link", '</2>; rel="next"'))

    def at_missing(self) -> None:
        self.reply(b"nothing", status=404)

    def at_cookie(self) -> None:
        self.reply(b"", ("Set-Cookie", "a=b; Path=/"), ("Set-Cookie", "c=d; Path=/"))

    def at_hints(self) -> None:
        self.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n")
        self.reply(b"page")

    def at_trailers(self) -> None:
        self.wfile.write(
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"5\r\nhello\r\n0\r\nX-Sum: 5d41\r\n\r\n"
        )

    def at_meet(self) -> None:
        type(self).meeting.wait(10)
        self.reply(b"met")

    meeting = threading.Barrier(8)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = do_QUERY = answer


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


@pytest.fixture
def get(caller: Any, url: str) -> Callable[..., Any]:
    """Return what a request with these options is, as the server has received it."""
    client = caller.client(base_url=url)

    def send(path: str = "/", method: str = "GET", **options: Any) -> Any:
        return caller.call(client.request, method, path, **options).json()

    send.client = client  # type: ignore[attr-defined]
    return send


# --- requests ---


@pytest.mark.parametrize(
    "method", ["get", "post", "put", "patch", "delete", "options", "query", "head"]
)
def test_there_is_a_method_for_each_method(caller, url, method):
    client = caller.client()
    response = caller.call(getattr(client, method), url + "/a")
    assert response.request.method == method.upper()
    if method != "head":
        assert response.json()["method"] == method.upper()
    else:
        assert response.content == b""
        assert int(response.headers["Content-Length"]) > 0


def test_the_head_has_what_every_request_has(get):
    told = get("/a?b=c")
    names = [name for name, _ in told["headers"]]
    assert names == ["Host", "Accept", "Accept-Encoding", "User-Agent"]
    assert told["target"] == "/a?b=c"


def test_headers_of_the_client_and_of_the_request_are_merged(caller, url):
    client = caller.client(headers={"X-A": "1", "User-Agent": "mine"})
    del client.headers["Accept"]
    headers = [("x-a", "2"), ("X-B", "3"), ("X-B", "4")]
    told = caller.call(client.get, url, headers=headers).json()
    assert [
        pair for pair in told["headers"] if pair[0].lower() not in ("host", "accept-encoding")
    ] == [
        ["User-Agent", "mine"],
        ["x-a", "2"],
        ["X-B", "3"],
        ["X-B", "4"],
    ]
    client.headers["User-Agent"] = "other"
    told = caller.call(client.get, url).json()
    assert ["User-Agent", "other"] in told["headers"]


def test_a_host_of_the_program_counts(get):
    assert ["Host", "example.com"] in get(headers={"Host": "example.com"})["headers"]


def test_params_are_appended(caller, url):
    client = caller.client(params={"key": "k"})
    response = caller.call(client.get, url + "/?x=1", params={"y": ["a b", "c"], "z": None})
    assert response.json()["target"] == "/?x=1&key=k&y=a%20b&y=c"


def test_a_raw_target_is_sent_as_it_is(get):
    assert get("/a", raw_target="/%7e/../b?")["target"] == "/%7e/../b?"
    assert get("/a/../%2F//")["target"] == "/a/../%2F//"


@pytest.mark.parametrize(
    ("options", "body", "content_type"),
    [
        ({"content": b"hi"}, "hi", None),
        ({"content": "hi"}, "hi", None),
        ({"content": io.BytesIO(b"a file")}, "a file", None),
        ({"json": {"a": [1, None]}}, '{"a":[1,null]}', "application/json"),
        ({"data": {"a": "b c"}}, "a=b+c", "application/x-www-form-urlencoded"),
        ({"content": (piece for piece in [b"in ", b"pieces"])}, "in pieces", None),
    ],
    ids=["bytes", "str", "file", "json", "form", "iterator"],
)
def test_a_body_is_what_the_arguments_say(caller, url, options, body, content_type):
    if "content" in options and hasattr(options["content"], "send"):
        options = {"content": iter([b"in ", b"pieces"])}  # each runner needs one of its own
    if isinstance(options.get("content"), io.BytesIO):
        options["content"].seek(0)
    told = caller.call(caller.client().post, url, **options).json()
    assert told["body"] == body
    fields = dict(told["headers"])
    assert fields.get("Content-Type") == content_type
    if "pieces" in body:
        assert fields["Transfer-Encoding"] == "chunked"
    else:
        assert fields["Content-Length"] == str(len(body))


def test_files_are_multipart(caller, url):
    told = caller.call(caller.client().post, url, files={"f": ("a.txt", b"text")}, data={"x": "y"})
    body = told.json()["body"]
    assert 'name="f"; filename="a.txt"' in body
    assert 'name="x"' in body


def test_an_empty_post_says_so(get):
    assert dict(get(method="POST")["headers"])["Content-Length"] == "0"
    assert "Content-Length" not in dict(get()["headers"])


def test_a_large_body_arrives(get):
    assert len(get("/", "POST", content=b"x" * 3_000_000)["body"]) == 3_000_000


def test_a_large_file_arrives(get, tmp_path):
    path = tmp_path / "large"
    path.write_bytes(b"x" * 3_000_000)
    with path.open("rb") as file:
        told = get("/", "POST", content=file)
    assert len(told["body"]) == 3_000_000
    assert dict(told["headers"])["Content-Length"] == "3000000"


def test_cookies_come_back_and_those_of_a_request_do_not_stay(caller, url):
    client = caller.client(base_url=url)
    caller.call(client.get, "/cookie")
    told = caller.call(client.get, "/", cookies={"own": "1", "a": "mine"}).json()
    assert dict(told["headers"])["Cookie"] == "own=1; a=mine; c=d"
    told = caller.call(client.get, "/").json()
    assert sorted(dict(told["headers"])["Cookie"].split("; ")) == ["a=b", "c=d"]
    assert len(client.cookies) == 2


def test_a_client_without_cookies_has_no_jar(caller, url):
    client = caller.client()
    caller.call(client.get, url)
    assert client._cookies.made is None


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ("/no/host", InvalidURL),
        ("http://a b/", InvalidURL),
        ("ftp://example.com/", UnsupportedProtocol),
    ],
)
def test_a_url_that_cannot_be_requested_is_an_error(caller, given, error):
    with pytest.raises(error):
        caller.call(caller.client().get, given)


@pytest.mark.parametrize("headers", [{"A": "b\r\nc"}, {"A b": "c"}, [("A", "\0")]])
def test_nothing_with_a_line_end_is_sent(caller, url, headers):
    with pytest.raises(LocalProtocolError):
        caller.call(caller.client().get, url, headers=headers)
    with pytest.raises(LocalProtocolError):
        caller.call(caller.client().request, "GET /\r\n", url)


def test_both_framings_are_refused(caller, url):
    headers = {"Content-Length": "2", "Transfer-Encoding": "chunked"}
    with pytest.raises(LocalProtocolError, match="got both"):
        caller.call(caller.client().post, url, content=b"hi", headers=headers)
    with pytest.raises(LocalProtocolError, match="expected a Content-Length of 2"):
        caller.call(caller.client().post, url, content=b"hi", headers={"Content-Length": "3"})


def test_a_request_is_built_changed_and_sent(caller, url):
    client = caller.client(base_url=url)
    request = client.build_request("POST", "/x", json=[1])
    request.headers["X-More"] = "yes"
    response = caller.call(client.send, request)
    assert response.json()["headers"][-2:] == [["X-More", "yes"], ["Content-Length", "3"]]
    assert response.request is request


# --- responses ---


def test_a_response_says_everything(caller, url):
    response = caller.call(caller.client().get, url + "/text")
    assert (response.status_code, response.reason, response.http_version) == (200, "OK", "HTTP/1.1")
    assert response.headers["content-type"] == "text/plain; charset=latin1"
    assert response.text == "käse\nbrot\r\n"
    assert response.encoding == "iso8859-1"
    assert (response.is_success, response.is_error, response.is_redirect) == (True, False, False)
    assert str(response.url) == url + "/text"
    assert response.elapsed.total_seconds() > 0
    timing = response.timing
    assert None not in (timing.queue, timing.connect, timing.wait, timing.receive)
    assert timing.tls is None
    assert repr(response) == f"<{type(response).__name__} [200 OK]>"
    assert caller.list_of(response.iter_lines()) == ["käse", "brot"]


def test_links_and_trailers_are_read(caller, url):
    client = caller.client(base_url=url)
    assert caller.call(client.get, "/large").links == {"next": {"url": "/2", "rel": "next"}}
    response = caller.call(client.get, "/trailers")
    assert (response.content, response.trailers["x-sum"]) == (b"hello", "5d41")
    assert client.connections().idle == 1


def test_an_error_status_is_raised_when_asked(caller, url):
    response = caller.call(caller.client().get, url + "/missing")
    with pytest.raises(StatusError, match=r"got 404 Not Found for GET .*this request's") as error:
        response.raise_for_status()
    assert error.value.response is response
    assert response.content == b"nothing"
    fine = caller.call(caller.client().get, url)
    assert fine.raise_for_status() is fine


def test_a_reason_is_shown_without_control_characters():
    arrival = SimpleNamespace(
        status=404, reason="\x1b[31m", version=11, fields=[], complete=True, lose=lambda: None
    )
    response = Response(Request("GET", "http://a/"), arrival)
    assert repr(response).isprintable()
    with pytest.raises(StatusError) as error:
        response.raise_for_status()
    assert str(error.value).isprintable()


def test_codings_are_decoded(caller, url):
    assert caller.call(caller.client().get, url + "/gzip").content == b"hello" * 1000


@pytest.mark.parametrize("path", ["/large", "/bomb"])
def test_a_response_over_the_bound_is_refused_and_holds_no_connection(caller, url, path):
    client = caller.client(base_url=url, max_response_size=500_000)
    with pytest.raises(ResponseTooLarge) as error:
        caller.call(client.get, path)
    assert error.value.limit == 500_000
    assert client.connections().held == 0
    assert caller.call(client.get, "/text").content


@pytest.mark.parametrize("reads", ["get", "stream"])
def test_a_length_over_the_bound_is_refused_before_the_content(silent_after_head, caller, reads):
    client = caller.client(max_response_size=500_000)
    with pytest.raises(ResponseTooLarge, match="got 1000000") as error:
        if reads == "get":
            caller.call(client.get, silent_after_head)
        else:
            caller.stream(
                client, lambda it: caller.list_of(it.iter_bytes()), "GET", silent_after_head
            )
    assert (error.value.limit, error.value.method) == (500_000, "GET")
    assert client.connections().held == 0
    assert caller.call(client.head, silent_after_head).headers["Content-Length"] == "1000000"


@pytest.fixture
def silent_after_head(peer) -> str:
    """The URL of a server that promises a million bytes, and sends none."""

    def serve(connection: socket.socket) -> None:
        while connection.recv(1000):
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")

    return f"http://127.0.0.1:{peer(serve).port}/"


def test_json_is_read_and_written_by_functions_of_the_program(caller, url):
    client = caller.client(dumps=lambda value: f"<{value}>", loads=lambda text: (text[:1], "it"))
    response = caller.call(client.post, url, json=[1, 2])
    assert json.loads(response.content)["body"] == "<[1, 2]>"
    assert response.json() == ("{", "it")
    assert response.json(loads=len) == len(response.content)
    assert response.request.headers["content-type"] == "application/json"
    kept = pickle.loads(pickle.dumps(response))
    assert kept.json()["body"] == "<[1, 2]>"
    plain = caller.call(caller.client(dumps=lambda _: b"7").post, url, json=0)
    assert plain.json()["body"] == "7"


def test_interim_responses_and_events_are_told(caller, url):
    told: list[Any] = []
    events = {
        "request": lambda request: told.append(str(request)),
        "response": lambda response: told.append(response.status_code),
        "interim": lambda status, headers: told.append((status, headers["link"])),
    }
    caller.call(caller.client(events=events).get, url + "/hints")
    assert told == [f"GET {url}/hints", (103, "</style.css>"), 200]


def test_middleware_stands_around_a_call(caller, url):
    def twice(request):
        request.headers["X-Try"] = "1"
        first = yield request
        again = request.copy()
        again.headers["X-Try"] = "2"
        second = yield again
        assert first.is_closed
        return second

    def outer(request):
        response = yield request
        response.extensions["seen"] = True
        return response

    client = caller.client(middleware=[outer, twice])
    response = caller.call(client.get, url)
    assert ["X-Try", "2"] in response.json()["headers"]
    assert response.extensions == {"seen": True}
    assert client.connections() == (0, 1, 0)


def test_an_error_in_a_middleware_closes_the_response(caller, url):
    def broken(request):
        yield request
        raise KeyError("broken")

    client = caller.client(middleware=[broken])
    with pytest.raises(KeyError):
        caller.call(client.get, url + "/large")
    assert client.connections().held == 0


def test_responses_and_clients_are_pickled(caller, url):
    client = caller.client(base_url=url, headers={"X-A": "b"})
    response = caller.call(client.get, "/missing")
    again = pickle.loads(pickle.dumps(response))
    assert (again.content, again.status_code, again.headers) == (b"nothing", 404, response.headers)
    assert str(again.request) == str(response.request)
    other = pickle.loads(pickle.dumps(client))
    caller.clients.append(other)
    assert ["X-A", "b"] in caller.call(other.get, "/").json()["headers"]


# --- streams ---


def test_a_stream_is_read_in_pieces(caller, url):
    client = caller.client()

    def read(response):
        with pytest.raises(ResponseNotRead):
            _ = response.content
        assert client.connections().held == 1
        pieces = caller.list_of(response.iter_bytes(300_000))
        with pytest.raises(StreamConsumed):
            _ = response.content
        with pytest.raises(StreamConsumed):
            caller.list_of(response.iter_bytes())
        return [len(piece) for piece in pieces]

    assert caller.stream(client, read, "GET", url + "/large") == [300_000] * 3 + [100_000]
    assert client.connections() == (0, 1, 0)


def test_a_stream_can_be_read_whole(caller, url):
    client = caller.client()

    def read(response):
        caller.call(response.read)
        return response.content, caller.list_of(response.iter_bytes())

    assert caller.stream(client, read, "GET", url + "/text") == (
        "käse\nbrot\r\n".encode("latin-1"),
        ["käse\nbrot\r\n".encode("latin-1")],
    )


def test_raw_pieces_are_not_decoded(caller, url):
    client = caller.client()
    raw = caller.stream(
        client, lambda r: b"".join(caller.list_of(r.iter_raw())), "GET", url + "/gzip"
    )
    assert gzip.decompress(raw) == b"hello" * 1000


def test_a_short_unread_stream_keeps_its_connection_and_a_long_one_does_not(caller, url):
    client = caller.client(base_url=url)
    closed = caller.stream(client, lambda response: response, "GET", "/text")
    assert client.connections() == (0, 1, 0)
    with pytest.raises(StreamClosed):
        caller.call(closed.read)
    caller.stream(client, lambda _: None, "GET", "/large")
    assert client.connections() == (0, 0, 0)


def test_a_forgotten_response_frees_its_connection_and_warns(caller, url):
    client = caller.client(limits=PoolLimits(max_connections=1))
    request = client.build_request("GET", url + "/large")
    forgotten = [caller.call(client.send, request, stream=True)]
    with pytest.warns(ResourceWarning, match=r"never closed: GET http.*/large"):
        forgotten.clear()
    assert client.connections() == (0, 0, 0)
    assert caller.call(client.get, url + "/text").content


# --- connections ---


def test_a_connection_is_used_again(get):
    assert len({get()["port"] for _ in range(5)}) == 1


def test_as_many_requests_as_there_are_places_run_at_once(caller, url):
    client = caller.client(base_url=url, limits=PoolLimits(max_connections=8))
    for _ in range(3):
        responses = caller.all_of(client.get, ["/meet"] * 8)
        assert [response.content for response in responses] == [b"met"] * 8
    assert client.connections() == (0, 8, 0)


def test_more_requests_than_places_wait_their_turn(caller, url):
    client = caller.client(base_url=url, limits=PoolLimits(max_connections=2))
    responses = caller.all_of(client.get, [f"/{number}" for number in range(40)])
    assert [r.json()["target"] for r in responses] == [f"/{number}" for number in range(40)]
    assert client.connections() == (0, 2, 0)


def test_a_closed_client_sends_nothing(caller, url):
    client = caller.client()
    caller.call(client.get, url)
    caller.call(client.close)
    assert client.connections() == (0, 0, 0)
    with pytest.raises(RuntimeError, match="expected an open client"):
        caller.call(client.get, url)


def test_a_client_is_closed_by_its_with_statement(url):
    with Client(trust_env=False) as client:
        client.get(url)
    assert client.connections() == (0, 0, 0)


def test_no_server_is_an_error_that_says_so(caller):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        with pytest.raises(ConnectError) as error:
            caller.call(caller.client().get, f"http://127.0.0.1:{port}/x?token=secret")
    assert error.value.phase == "connect"
    assert "secret" not in str(error.value)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the system cannot fork")
def test_a_forked_child_has_connections_of_its_own(url):
    with Client(trust_env=False) as client:
        mine = client.get(url).json()["port"]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # other tests' threads
            child = os.fork()
        if child == 0:
            port = client.get(url).json()["port"]
            os._exit(0 if port != mine and client.connections() == (0, 1, 0) else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert client.get(url).json()["port"] == mine


def test_many_threads_share_a_client_and_mix_nothing(url):
    errors: list[Any] = []
    with Client(base_url=url, trust_env=False, limits=PoolLimits(max_connections=5)) as client:

        def work(name: int) -> None:
            for number in range(20):
                target = f"/{name}-{number}"
                if client.get(target).json()["target"] != target:
                    errors.append(target)

        threads = [threading.Thread(target=work, args=(name,)) for name in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert client.connections().held == 0
    assert not errors


def test_requests_leave_no_cycles(url):
    with Client(base_url=url, trust_env=False) as client:
        client.get("/")
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                client.get("/")
            assert gc.collect() == 0
        finally:
            gc.enable()


# --- one call, without a client ---


def test_one_call_needs_no_client(url):
    response = nethttp.get(url + "/a", params={"b": "c"}, trust_env=False)
    assert response.json()["target"] == "/a?b=c"
    with nethttp.stream("GET", url + "/large", trust_env=False) as streamed:
        assert sum(map(len, streamed.iter_bytes())) == 1_000_000


# --- time ---


@pytest.fixture
def silent() -> Iterator[str]:
    """A server whose connections are made by the system, and which says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


@pytest.mark.parametrize("timeout", [0.2, Timeout(0.2), Timeout(read=0.2)])
def test_a_silent_server_ends_at_the_deadline(caller, silent, timeout):
    client = caller.client()
    began = time.monotonic()
    with pytest.raises(ReadTimeout) as error:
        caller.call(client.get, silent, timeout=timeout)
    assert 0.19 < time.monotonic() - began < 2
    assert isinstance(error.value, TimeoutError)
    assert error.value.phase == "wait"
    assert client.connections() == (0, 0, 0)


def test_the_queue_is_part_of_the_time(caller, silent):
    client = caller.client(limits=PoolLimits(max_connections=1), timeout=Timeout(5, read=0.2))
    outcomes = caller.all_of(
        lambda timeout: outcome(client, silent, timeout), [Timeout(0.25), Timeout(0.05)]
    )
    if isinstance(client, AsyncClient):
        assert [type(each) for each in outcomes] == [ReadTimeout, PoolTimeout]
    else:  # either thread may be the first
        assert {type(each) for each in outcomes} <= {ReadTimeout, PoolTimeout}
    for each in outcomes:
        if isinstance(each, PoolTimeout):
            assert each.holders[0].startswith(f"GET {silent}/ for 0.")


def outcome(client: Any, url: str, timeout: Timeout) -> Any:
    if isinstance(client, AsyncClient):
        return outcome_in_loop(client, url, timeout)
    try:
        return client.get(url, timeout=timeout)
    except RequestTimeout as error:
        return error


async def outcome_in_loop(client: Any, url: str, timeout: Timeout) -> Any:
    try:
        return await client.get(url, timeout=timeout)
    except RequestTimeout as error:
        return error


@pytest.fixture
def dripping() -> Iterator[Callable[[bytes, bytes], str]]:
    """Return a function that starts a server: it answers a beginning, then byte after byte."""
    listener = socket.create_server(("127.0.0.1", 0))
    ended = threading.Event()
    threads: list[threading.Thread] = []

    def serve(start: bytes, drip: bytes) -> None:
        connection, _ = listener.accept()
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                connection.recv(1000)
                connection.sendall(start)
                while not ended.wait(0.02):
                    connection.sendall(drip)
            except OSError:
                pass

    def begin(start: bytes, drip: bytes) -> str:
        threads.append(threading.Thread(target=serve, args=(start, drip)))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield begin
    ended.set()
    for thread in threads:
        thread.join(10)
    listener.close()


@pytest.mark.parametrize(
    ("start", "drip", "phase"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x", "wait"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", b"HTTP/1.1 103 x\r\n\r\n", "wait"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n", b"x", "receive"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", "receive"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x", "receive"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b"x", "receive"),
    ],
    ids=["head", "interim", "length", "chunks", "trailers", "until close"],
)
def test_a_server_that_drips_fails_at_the_total(caller, dripping, start, drip, phase):
    client = caller.client()
    began = time.monotonic()
    with pytest.raises(ReadTimeout) as error:
        caller.call(client.get, dripping(start, drip), timeout=0.2)
    took = time.monotonic() - began
    assert 0.19 < took < 1.2  # within 50 ms on a machine that is not busy
    assert error.value.phase == phase
    assert client.connections() == (0, 0, 0)


def test_phases_bound_each_wait_and_not_their_sum(caller, dripping):
    url = dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n", b"x")
    client = caller.client(timeout=Timeout(read=0.3))
    assert caller.call(client.get, url).content == b"x" * 20


def test_a_default_is_there_and_none_is_possible():
    assert Client().timeout.read == 60
    assert Client(timeout=None).timeout == Timeout()
    assert Client(timeout=3).timeout == Timeout(3)
    with pytest.raises(ValueError, match="expected the timeout total"):
        Client(timeout=-1)


def test_a_request_object_is_checked():
    with pytest.raises(LocalProtocolError, match="expected a method"):
        Request("G T", "http://a/")
    with pytest.raises(LocalProtocolError, match="expected a target"):
        Request("GET", "http://a/", raw_target="/a b")
    request = Request("GET", "http://me:pw@a/x", {"A": "b"})
    copy = request.copy()
    copy.headers["A"] = "c"
    assert (request.headers["A"], str(request)) == ("b", "GET http://***@a/x")
