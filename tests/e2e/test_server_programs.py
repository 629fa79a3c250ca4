"""Servers as others write them, with nethttp in the place of http.*, asked by real clients."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Iterator

import pytest
import trustme

from nethttp.server import BaseHTTPRequestHandler, HTTPSServer

COMPAT = [sys.executable, "-W", "error", "-m", "nethttp.compat"]


@pytest.fixture
def start(tmp_path):
    """Return a function that starts a program, and gives its process and the port that it prints.

    At the end the program must have printed no traceback.
    """
    started = []

    def start(text, *arguments):
        program = tmp_path / f"program{len(started)}.py"
        program.write_text("import http.server\n" + textwrap.dedent(text))
        errors = (tmp_path / f"errors{len(started)}").open("w+")
        process = subprocess.Popen(
            [*COMPAT, str(program), *arguments],
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        )
        started.append((process, errors))
        line = process.stdout.readline()
        assert line, errors.seek(0) or errors.read()
        return process, int(line)

    yield start
    for process, errors in started:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        errors.seek(0)
        told = errors.read()
        errors.close()
        assert "Traceback" not in told, told


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


class Echo(BaseHTTPRequestHandler):
    """What lies behind a proxy."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.rfile.read() or self.path.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET

    def log_message(self, format, *args):
        pass


def fetch(url: str, **options) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(url, **options), timeout=20) as response:
        return response.read()


def run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


CAMERA = '''
    import io, logging, socketserver
    from http import server
    from threading import Condition, Event, Thread

    class StreamingOutput(io.BufferedIOBase):
        """The last frame, and who waits for the next."""
        def __init__(self):
            self.frame = None
            self.condition = Condition()

        def write(self, frame):
            with self.condition:
                self.frame = frame
                self.condition.notify_all()

    class StreamingHandler(server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/":
                self.send_response(301)
                self.send_header("Location", "/index.html")
                self.end_headers()
            elif self.path == "/index.html":
                content = b"<img src='stream.mjpg'>"
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.send_header("Content-Length", len(content))
                self.end_headers()
                self.wfile.write(content)
            elif self.path == "/stream.mjpg":
                self.send_response(200)
                self.send_header("Age", 0)
                self.send_header("Cache-Control", "no-cache, private")
                self.send_header("Pragma", "no-cache")
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=FRAME")
                self.end_headers()
                try:
                    while True:
                        with output.condition:
                            output.condition.wait()
                            frame = output.frame
                        self.wfile.write(b"--FRAME\\r\\n")
                        self.send_header("Content-Type", "image/jpeg")
                        self.send_header("Content-Length", len(frame))
                        self.end_headers()
                        self.wfile.write(frame)
                        self.wfile.write(b"\\r\\n")
                except Exception as error:
                    logging.warning("Removed streaming client %s: %s", self.client_address, error)
            else:
                self.send_error(404)
                self.end_headers()

    class StreamingServer(socketserver.ThreadingMixIn, server.HTTPServer):
        allow_reuse_address = True
        daemon_threads = True

    def record():
        number = 0
        while not Event().wait(0.01):  # the camera's rate
            number += 1
            output.write(b"<jpeg %d>" % number * (number % 7 + 1))

    output = StreamingOutput()
    Thread(target=record, daemon=True).start()
    server = StreamingServer(("127.0.0.1", 0), StreamingHandler)
    print(server.server_port, flush=True)
    server.serve_forever()
'''


def frames(file) -> Iterator[bytes]:
    """Give the parts of a multipart stream as a browser takes them apart."""
    while True:
        assert file.readline() == b"--FRAME\r\n"
        assert file.readline() == b"Content-Type: image/jpeg\r\n"
        name, length = file.readline().split()
        assert name == b"Content-Length:"
        assert file.readline() == b"\r\n"
        yield file.read(int(length))
        assert file.readline() == b"\r\n"


def test_a_camera_stream(start, program):
    _, port = start(CAMERA)
    url = f"http://127.0.0.1:{port}"
    with contextlib.ExitStack() as stack:
        streams = []
        for _ in range(3):
            response = stack.enter_context(urllib.request.urlopen(url + "/stream.mjpg", timeout=20))
            assert response.headers.get_content_type() == "multipart/x-mixed-replace"
            assert response.headers.get_param("boundary") == "FRAME"
            streams.append(frames(response))
        for _ in range(5):
            for stream in streams:
                number = int(re.fullmatch(rb"(<jpeg (\d+)>)\1*", next(stream))[2])
                assert number > 0
        # Who watches delays nobody who comes for the page.
        assert fetch(url + "/").startswith(b"<img")
        with pytest.raises(urllib.error.HTTPError) as caught:
            fetch(url + "/nothing")
        caught.value.close()
        assert caught.value.code == 404
    shown = subprocess.run(
        [program("curl"), "-sN", "--max-time", "1", url + "/stream.mjpg"], capture_output=True
    ).stdout
    assert shown.startswith(b"--FRAME\r\nContent-Type: image/jpeg\r\nContent-Length: ")
    assert shown.count(b"--FRAME\r\n") > 3


CONNECT = """
    import select, socket, socketserver
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Proxy(BaseHTTPRequestHandler):
        timeout = 20

        def do_CONNECT(self):
            host, port = self.path.rsplit(":", 1)
            try:
                upstream = socket.create_connection((host, int(port)), timeout=20)
            except OSError as error:
                self.send_error(502, str(error))
                return
            self.send_response(200, "Connection Established")
            self.end_headers()
            pairs = {self.connection: upstream, upstream: self.connection}
            try:
                while True:
                    ready, _, broken = select.select(list(pairs), [], list(pairs), 20)
                    if broken or not ready:
                        break
                    for sock in ready:
                        data = sock.recv(8192)
                        if not data:
                            return
                        pairs[sock].sendall(data)
            finally:
                self.close_connection = True
                upstream.close()

        def log_message(self, *args): pass

    class ThreadedProxy(socketserver.ThreadingMixIn, HTTPServer):
        daemon_threads = True

    server = ThreadedProxy(("127.0.0.1", 0), Proxy)
    print(server.server_port, flush=True)
    server.serve_forever()
"""


#: The same as programs open tunnels that know no `send_response`.
BY_HAND = 'self.wfile.write(b"HTTP/1.1 200 Connection Established\\r\\nProxy-agent: x\\r\\n\\r\\n")'


@pytest.mark.parametrize("by_hand", [False, True])
def test_a_connect_proxy(start, program, serve, authority, tmp_path, by_hand):
    text = CONNECT
    if by_hand:
        text = re.sub(
            r'self\.send_response\(200, "Connection Established"\)\s+self\.end_headers\(\)',
            lambda _: BY_HAND,
            text,
        )
        assert BY_HAND in text
    _, port = start(text)
    issued = authority.issue_cert("localhost")
    issued.cert_chain_pems[0].write_to_path(tmp_path / "cert.pem")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    behind = serve(Echo, HTTPSServer, certfile=tmp_path / "cert.pem", keyfile=tmp_path / "key.pem")
    url = f"https://localhost:{behind.port}"
    content = tmp_path / "content"
    content.write_bytes(b"x" * 300_000)
    answer = run(
        *(program("curl"), "-sS", "--cacert", str(tmp_path / "ca.pem"), "--noproxy", ""),
        *("-x", f"http://127.0.0.1:{port}", url + "/first", url + "/second"),
        *("--next", "-sS", "--cacert", str(tmp_path / "ca.pem"), "--noproxy", ""),
        *("-x", f"http://127.0.0.1:{port}", "--data-binary", f"@{content}", url + "/third"),
    )
    assert answer == "/first/second" + "x" * 300_000
    # An address that nothing listens at is answered by the proxy itself.
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        failed = subprocess.run(
            [
                *(program("curl"), "-sS", "--noproxy", "", "-x", f"http://127.0.0.1:{port}"),
                f"https://localhost:{unused.getsockname()[1]}/",
            ],
            capture_output=True,
            text=True,
            timeout=60,
        )
    assert "502" in failed.stderr


PLAIN_PROXY = """
    import select, socket
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
    from urllib.parse import urlsplit, urlunsplit

    class Proxy(BaseHTTPRequestHandler):
        rbufsize = 0  # what follows the head is left to the loop below

        def do_GET(self):
            scheme, address, path, query, _ = urlsplit(self.path)
            host, _, port = address.partition(":")
            upstream = socket.create_connection((host, int(port or 80)), timeout=20)
            try:
                self.log_request()
                target = urlunsplit(("", "", path, query, ""))
                head = f"{self.command} {target} {self.request_version}\\r\\n"
                self.headers["Connection"] = "close"
                del self.headers["Proxy-Connection"]
                for name, value in self.headers.items():
                    head += f"{name}: {value}\\r\\n"
                upstream.sendall(head.encode() + b"\\r\\n")
                self.relay(upstream)
            finally:
                upstream.close()
                self.connection.close()

        do_POST = do_PUT = do_HEAD = do_DELETE = do_GET

        def relay(self, upstream):
            socks = [self.connection, upstream]
            while True:
                ready, _, broken = select.select(socks, [], socks, 20)
                if broken or not ready:
                    return
                for sock in ready:
                    data = sock.recv(8192)
                    if not data:
                        return
                    (self.connection if sock is upstream else upstream).sendall(data)

        def log_message(self, *args): pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    print(server.server_port, flush=True)
    server.serve_forever()
"""


def test_a_plain_proxy_that_reads_nothing_ahead(start, program, serve, tmp_path):
    _, port = start(PLAIN_PROXY)
    behind = serve(Echo)
    curl = (program("curl"), "-sS", "--noproxy", "", "-x", f"http://127.0.0.1:{port}")
    content = tmp_path / "content"
    content.write_bytes(b"x" * 300_000)
    assert run(*curl, behind.url + "/path?query") == "/path?query"
    assert run(*curl, "-d", "a=b", behind.url) == "a=b"
    sent = run(*curl, "-H", "Expect:", "--data-binary", f"@{content}", behind.url)
    assert sent == "x" * 300_000


OAUTH = """
    import sys, urllib.parse
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Listener(HTTPServer):
        answer = None
        timed_out = False
        def handle_timeout(self):
            self.timed_out = True

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self):
            query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
            if "code" not in query:
                self.send_error(404)
                return
            self.server.answer = query["code"][0]
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"You may close this window.")

        def log_message(self, *args): pass

    with Listener(("localhost", 0), Redirect) as server:
        server.timeout = float(sys.argv[1])
        print(server.server_port, flush=True)
        while server.answer is None and not server.timed_out:
            server.handle_request()
    print("no answer" if server.timed_out else server.answer)
"""


def test_an_oauth_redirect_listener(start):
    process, port = start(OAUTH, "60")
    # A browser asks for more than the redirect, and may open a connection that it never uses.
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"http://127.0.0.1:{port}/favicon.ico")
    caught.value.close()
    assert b"close this window" in fetch(f"http://127.0.0.1:{port}/?code=secret&state=1")
    assert process.stdout.read() == "secret\n"
    assert process.wait(20) == 0


def test_an_oauth_redirect_listener_waits_no_longer_than_it_says(start):
    process, _ = start(OAUTH, "0.05")
    assert process.stdout.read() == "no answer\n"
    assert process.wait(20) == 0


WEBSOCKET = """
    import base64, hashlib, struct, sys
    from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

    GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

    class WebSocket(BaseHTTPRequestHandler):
        protocol_version = sys.argv[2]

        def do_GET(self):
            if self.headers.get("Upgrade", "").lower() != "websocket":
                self.send_error(426)
                return
            key = self.headers["Sec-WebSocket-Key"] + GUID
            accept = base64.b64encode(hashlib.sha1(key.encode()).digest()).decode()
            if sys.argv[1] == "send_response":
                self.send_response(101, "Switching Protocols")
                self.send_header("Upgrade", "websocket")
                self.send_header("Connection", "Upgrade")
                self.send_header("Sec-WebSocket-Accept", accept)
                self.end_headers()
            else:
                head = ("HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\n"
                        f"Connection: Upgrade\\r\\nSec-WebSocket-Accept: {accept}\\r\\n\\r\\n")
                if sys.argv[1] == "wfile":
                    self.wfile.write(head.encode())
                else:
                    self.request.sendall(head.encode())
            self.close_connection = True
            if sys.argv[1] == "connection":
                self.read, self.write = self.receive, self.connection.sendall
            else:
                self.read, self.write = self.rfile.read, self.wfile.write
            while self.answer_frame():
                pass

        def receive(self, size):
            data = b""
            while len(data) < size:
                part = self.connection.recv(size - len(data))
                if not part:
                    break
                data += part
            return data

        def answer_frame(self):
            head = self.read(2)
            if len(head) < 2:
                return False
            opcode, length = head[0] & 15, head[1] & 127
            if length == 126:
                length, = struct.unpack(">H", self.read(2))
            elif length == 127:
                length, = struct.unpack(">Q", self.read(8))
            mask = self.read(4)
            data = bytes(byte ^ mask[i % 4] for i, byte in enumerate(self.read(length)))
            size = bytes([length]) if length < 126 else b"\\x7e" + struct.pack(">H", length)
            if opcode == 8:
                self.write(b"\\x88" + size + data)
                return False
            self.write(bytes([128 | (10 if opcode == 9 else opcode)]) + size + data)
            return True

        def log_message(self, *args): pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), WebSocket)
    print(server.server_port, flush=True)
    server.serve_forever()
"""


@pytest.mark.parametrize("protocol", ["HTTP/1.0", "HTTP/1.1"])
@pytest.mark.parametrize("way", ["send_response", "wfile", "connection"])
def test_a_websocket_server(start, way, protocol):
    client = pytest.importorskip("websockets.sync.client")
    _, port = start(WEBSOCKET, way, protocol)
    address = f"ws://127.0.0.1:{port}/"
    if way != "send_response" or protocol == "HTTP/1.1":
        with (
            client.connect(address, proxy=None) as one,
            client.connect(address, proxy=None) as other,
        ):
            for text in ("hello", "x" * 5000):
                one.send(text)
                other.send(text.encode())
                assert one.recv(timeout=20) == text
                assert other.recv(timeout=20) == text.encode()
            assert one.ping().wait(20)
    with pytest.raises(urllib.error.HTTPError) as caught:
        fetch(f"http://127.0.0.1:{port}/")
    caught.value.close()
    assert caught.value.code == 426


def test_the_exporter_of_prometheus_client(start, program):
    pytest.importorskip("prometheus_client")
    _, port = start(
        """
        import threading
        from prometheus_client import Counter, start_http_server
        from prometheus_client.exposition import ThreadingWSGIServer
        assert http.server.__name__ == "nethttp.server"
        assert issubclass(ThreadingWSGIServer, http.server.HTTPServer)
        requests = Counter("my_requests", "Counted by the program.")
        requests.inc(3)
        server, thread = start_http_server(0, addr="127.0.0.1")
        print(server.server_port, flush=True)
        thread.join()
        """
    )
    url = f"http://127.0.0.1:{port}/metrics"
    # Whoever says nothing delays nobody.
    with socket.create_connection(("127.0.0.1", port)):
        text = fetch(url).decode()
        assert "my_requests_total 3.0\n" in text
        assert "process_" in text or "python_info" in text
        assert "my_requests_total 3.0\n" in run(program("curl"), "-sS", "--compressed", url)
        assert fetch(url, headers={"Accept": "application/openmetrics-text"}).endswith(b"# EOF\n")


def test_the_plugin_pytest_httpserver(tmp_path):
    pytest.importorskip("pytest_httpserver")
    (tmp_path / "test_it.py").write_text(
        textwrap.dedent(
            """
            import http.client, http.server, json, urllib.error, urllib.request
            import pytest, werkzeug.serving

            def test_it(httpserver):
                assert http.server.__name__ == "nethttp.server"
                assert issubclass(werkzeug.serving.BaseWSGIServer, http.server.HTTPServer)
                httpserver.expect_request("/json").respond_with_json({"a": [1, 2]})
                once = httpserver.expect_oneshot_request("/once", method="POST", data="x=1")
                once.respond_with_data("ok")
                httpserver.expect_request("/gone").respond_with_data("", status=410)
                with urllib.request.urlopen(httpserver.url_for("/json")) as response:
                    assert json.load(response) == {"a": [1, 2]}
                with urllib.request.urlopen(httpserver.url_for("/once"), b"x=1") as response:
                    assert response.read() == b"ok"
                for path, status in (("/gone", 410), ("/unexpected", 500)):
                    with pytest.raises(urllib.error.HTTPError) as caught:
                        urllib.request.urlopen(httpserver.url_for(path))
                    caught.value.close()
                    assert caught.value.code == status
                assert len(httpserver.log) == 4

            def test_again(httpserver):
                httpserver.expect_request("/").respond_with_data("again")
                with urllib.request.urlopen(httpserver.url_for("/")) as response:
                    assert response.read() == b"again"
            """
        )
    )
    command = [
        sys.executable,
        "-m",
        "nethttp.compat",
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


GREENLETS = """
    import sys, threading
    import gevent.monkey; gevent.monkey.patch_all()

    slow_is_here, quick_was_here = threading.Event(), threading.Event()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            if self.path == "/slow":
                slow_is_here.set()
                quick_was_here.wait(20)
            elif self.path == "/quick":
                slow_is_here.wait(20)
                quick_was_here.set()
            self.answer(self.path.encode())

        def do_POST(self):
            self.answer(self.rfile.read(int(self.headers["Content-Length"])))

        def do_DELETE(self):
            threading.Thread(target=server.shutdown).start()
            self.answer(b"ends")

        def answer(self, content):
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    server = getattr(http.server, sys.argv[1])(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    print(server.server_port, flush=True)
    thread.join()
    server.server_close()
"""


@pytest.mark.parametrize("server", ["HTTPServer", "ThreadingHTTPServer"])
def test_greenlets_of_gevent_go_on_while_a_server_waits(start, server):
    pytest.importorskip("gevent")
    process, port = start(GREENLETS, server)
    url = f"http://127.0.0.1:{port}"
    if server == "ThreadingHTTPServer":
        slow: list[bytes] = []
        thread = threading.Thread(target=lambda: slow.append(fetch(f"{url}/slow")))
        thread.start()
        assert fetch(f"{url}/quick") == b"/quick"
        thread.join()
        assert slow == [b"/slow"]
    content = b"x" * 300_000
    assert fetch(f"{url}/", data=content) == content
    assert fetch(f"{url}/", method="DELETE") == b"ends"
    assert process.wait(20) == 0


PREFORKED = """
    import os, signal, sys, threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(str(os.getpid()).encode())
        def log_message(self, *args): pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    workers = []
    for _ in range(3):
        pid = os.fork()
        if not pid:
            end = threading.Thread(target=server.shutdown)
            signal.signal(signal.SIGTERM, lambda *_: end.start())
            server.serve_forever()
            os._exit(0)
        workers.append(pid)
    print(server.server_port, flush=True)
    # One worker after the other is told to end, as the client's requests say.
    for pid in workers:
        sys.stdin.readline()
        os.kill(pid, signal.SIGTERM)
        os.waitpid(pid, 0)
        print(pid, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_pre_forked_server(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(textwrap.dedent(PREFORKED))
    with subprocess.Popen(
        [*COMPAT, str(program)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        start_new_session=True,
    ) as process:
        try:
            url = f"http://127.0.0.1:{int(process.stdout.readline())}/"
            ended = set()
            for _ in range(2):
                for _ in range(6):
                    assert int(fetch(url)) not in ended
                process.stdin.write("next\n")
                ready, _, _ = select.select([process.stdout], [], [], 20)
                assert ready, "a worker does not end"
                ended.add(int(process.stdout.readline()))
            for _ in range(6):
                assert int(fetch(url)) not in ended
            process.stdin.write("last\n")
            assert process.wait(20) == 0
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_an_xml_rpc_server_with_threads(start):
    _, port = start(
        """
        import socketserver, threading
        from xmlrpc.server import SimpleXMLRPCRequestHandler, SimpleXMLRPCServer
        assert issubclass(SimpleXMLRPCRequestHandler, http.server.BaseHTTPRequestHandler)
        assert http.server.__name__ == "nethttp.server"

        class Handler(SimpleXMLRPCRequestHandler):
            rpc_paths = ("/RPC2",)

        class Server(socketserver.ThreadingMixIn, SimpleXMLRPCServer):
            daemon_threads = True

        told = threading.Event()
        server = Server(("127.0.0.1", 0), Handler, logRequests=False, allow_none=True)
        server.register_function(lambda: told.wait(20), "wait")
        server.register_function(lambda: told.set(), "tell")
        server.register_function(lambda text: text * 2, "twice")
        print(server.server_address[1], flush=True)
        server.serve_forever()
        """
    )
    url = f"http://127.0.0.1:{port}/RPC2"
    answers = []

    def wait():
        with xmlrpc.client.ServerProxy(url) as slow:
            answers.append(slow.wait())

    thread = threading.Thread(target=wait)
    thread.start()
    with xmlrpc.client.ServerProxy(url, allow_none=True) as quick:
        assert quick.twice("x" * 100_000) == "x" * 200_000
        quick.tell()
        thread.join(20)
        assert quick.twice("again") == "againagain"
    assert answers == [True]
