"""Clients that others wrote on http.client, unchanged, with nethttp in its place."""

from __future__ import annotations

import json
import socket
import socketserver
import struct
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@pytest.fixture
def run(tmp_path):
    """Return a function that runs a program's text, or a module, under compat."""

    def run(text: str, *arguments: str, module: str | None = None) -> str:
        program = tmp_path / "program.py"
        program.write_text(textwrap.dedent(text))
        target = ["-m", module] if module else [str(program)]
        done = subprocess.run(
            [sys.executable, "-m", "nethttp.compat", *target, *arguments],
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


class Handler(BaseHTTPRequestHandler):
    """What programs find at the other end."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.reply(b"hello")

    def do_PUT(self):
        self.reply(self.rfile.read())

    do_POST = do_PUT

    def reply(self, body, status=200, kind="text/plain", fields=()):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass


MANY = [(f"X-Object-Meta-{n}", str(n)) for n in range(150)]


class ManyFields(Handler):
    """Answers with 150 fields, as Swift containers and some pages do."""

    def do_GET(self):
        self.reply(b'[{"name": "object"}]', kind="application/json", fields=MANY)

    def do_HEAD(self):
        self.reply(b"", fields=MANY)


# --- docker ---------------------------------------------------------------------------------------


class Docker(Handler):
    """As much of the engine as the program below asks for, on a Unix socket."""

    def do_GET(self):
        path = self.path.partition("?")[0].removeprefix("/v1.43")
        if path == "/_ping":
            self.reply(b"OK")
        elif path == "/containers/json":
            self.reply(json.dumps([{"Id": "abc"}]).encode(), kind="application/json")
        elif path == "/containers/abc/json":
            found = {"Id": "abc", "Name": "/one", "Config": {"Tty": False}}
            self.reply(json.dumps(found).encode(), kind="application/json")
        elif path == "/containers/abc/logs":
            self.send_response(200)
            self.send_header("Content-Type", "application/vnd.docker.multiplexed-stream")
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            for line in (b"first\n", b"second\n"):
                frame = struct.pack(">BxxxL", 1, len(line)) + line
                self.wfile.write(b"%x\r\n%b\r\n" % (len(frame), frame))
            self.wfile.write(b"0\r\n\r\n")
        else:
            self.send_error(404)

    def do_POST(self):
        path = self.path.partition("?")[0].removeprefix("/v1.43")
        self.rfile.read(int(self.headers["Content-Length"] or 0))
        if path == "/containers/abc/exec":
            self.reply(b'{"Id": "exec"}', 201, "application/json")
        elif path == "/exec/exec/start":
            self.send_response(101)
            self.send_header("Connection", "Upgrade")
            self.send_header("Upgrade", "tcp")
            self.end_headers()
            self.connection.sendall(struct.pack(">BxxxL", 1, 6) + self.connection.recv(6))
            self.close_connection = True
        else:
            self.send_error(404)

    def do_PUT(self):
        self.reply(b"")


class UnixServer(ThreadingHTTPServer):
    address_family = socket.AF_UNIX
    daemon_threads = False

    def server_bind(self):
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "docker", 0


@pytest.fixture
def engine(tmp_path):
    with UnixServer(str(tmp_path / "docker.sock"), Docker) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"unix://{tmp_path}/docker.sock"
        server.shutdown()
        thread.join()


def test_docker_on_a_unix_socket(engine, run):
    run(
        """
        import contextlib, sys, docker, http.client
        assert http.client.__name__ == "nethttp.client"
        with contextlib.closing(docker.DockerClient(sys.argv[1], version="1.43")) as client:
            assert client.ping()
            (container,) = client.containers.list()
            assert container.name == "one"
            assert container.logs() == b"first\\nsecond\\n"
            assert list(container.logs(stream=True)) == [b"first\\n", b"second\\n"]
            assert container.put_archive("/", b"x" * 100_000)
            _, sock = container.exec_run("cat", stdin=True, socket=True)
            sock._sock.sendall(b"output")
            assert next(docker.utils.socket.frames_iter(sock, tty=False)) == (1, b"output")
            sock.close()
            for _ in range(3):
                try:
                    client.containers.get("none")
                except docker.errors.NotFound:
                    pass
        """,
        engine,
    )


# --- HTTPie, swiftclient, zeep --------------------------------------------------------------------


def test_httpie_reads_a_long_head(serve, run):
    url = serve(ManyFields).url
    printed = run("", "--ignore-stdin", "--check-status", "--headers", url, module="httpie")
    assert "X-Object-Meta-149: 149" in printed
    printed = run("", "--ignore-stdin", "--body", "POST", url, "a=b", module="httpie")
    assert json.loads(printed) == {"a": "b"}


def test_swiftclient_reads_a_long_head_and_uploads(serve, run):
    run(
        """
        import contextlib, io, sys, swiftclient
        swift = swiftclient.Connection(preauthurl=sys.argv[1], preauthtoken="t", retries=0)
        with contextlib.closing(swift):
            fields, objects = swift.get_container("c")
            assert fields["x-object-meta-149"] == "149"
            assert objects == [{"name": "object"}]
            swift.put_object("c", "o", io.BytesIO(b"x" * 100_000), content_length=100_000)
            swift.put_object("c", "o", iter([b"ab", b"c"]))
            assert swift.head_object("c", "o")["x-object-meta-0"] == "0"
        """,
        serve(ManyFields).url,
    )


WSDL = """<definitions name="Greeter" targetNamespace="urn:g" xmlns="http://schemas.xmlsoap.org/wsdl/"
 xmlns:t="urn:g" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
 xmlns:xsd="http://www.w3.org/2001/XMLSchema">
<message name="In"><part name="name" type="xsd:string"/></message>
<message name="Out"><part name="text" type="xsd:string"/></message>
<portType name="Port"><operation name="greet"><input message="t:In"/><output message="t:Out"/>
</operation></portType>
<binding name="Binding" type="t:Port">
<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>
<operation name="greet"><soap:operation soapAction="urn:greet"/>
<input><soap:body use="literal" namespace="urn:g"/></input>
<output><soap:body use="literal" namespace="urn:g"/></output></operation></binding>
<service name="Service"><port name="Port" binding="t:Binding"><soap:address location="{url}/soap"/>
</port></service></definitions>"""

ENVELOPE = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body>
<g:greetResponse xmlns:g="urn:g"><text>hello {name}</text></g:greetResponse>
</e:Body></e:Envelope>"""


class Soap(Handler):
    def do_GET(self):
        url = f"http://{self.headers['Host']}"
        self.reply(WSDL.format(url=url).encode(), kind="text/xml")

    def do_POST(self):
        assert self.headers["SOAPAction"] == '"urn:greet"'
        name = "world" if b">world<" in self.rfile.read() else "nobody"
        self.reply(ENVELOPE.format(name=name).encode(), kind="text/xml")


def test_zeep_calls_an_operation(serve, run):
    run(
        """
        import sys, zeep
        with zeep.Client(sys.argv[1] + "/?wsdl") as client:
            assert client.service.greet("world") == "hello world"
        """,
        serve(Soap).url,
    )


def test_httplib2_asks_again_and_caches(serve, run):
    run(
        """
        import sys, httplib2, http.client
        client = httplib2.Http(timeout=20)
        for _ in range(3):
            response, content = client.request(sys.argv[1])
            assert (response.status, content) == (200, b"hello")
        assert client.request(sys.argv[1], "PUT", body=b"abc")[1] == b"abc"
        try:
            client.request(sys.argv[1], headers={"X": "a\\r\\nY: b"})
        except ValueError as error:
            assert not isinstance(error, http.client.HTTPException)
        else:
            raise AssertionError("nothing was refused")
        client.close()
        """,
        serve(Handler).url,
    )


# --- what a program gets wrong is said at once ----------------------------------------------------


def test_a_bad_field_is_a_value_error_at_once_and_not_tried_again(run):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/"
        started = time.monotonic()
        run(
            """
            import sys, requests, urllib3
            url, wrong = sys.argv[1], {"X": "line\\nbreak"}
            retries = urllib3.Retry(total=5, backoff_factor=20)
            for fields in (wrong, {"X": "\\u4e2d"}, {"X\\n": "a"}, {"\\u00e9": "a"}):
                with urllib3.PoolManager(retries=retries) as pool:
                    try:
                        pool.request("GET", url, headers=fields)
                    except ValueError:
                        pass
                    else:
                        raise AssertionError(fields)
            try:
                requests.get(url, headers=wrong)
            except requests.exceptions.InvalidHeader:
                pass
            try:
                requests.get(url, headers={"X": "\\u4e2d"})
            except UnicodeEncodeError:
                pass
            """,
            url,
        )
        # Two tries more would have waited for a minute.
        assert time.monotonic() - started < 60
