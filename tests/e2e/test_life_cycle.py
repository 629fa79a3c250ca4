"""The server command from its start to its end: workers, signals under load, what is told."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import pty
import re
import select
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from contextlib import contextmanager

import pytest
import trustme

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

PROGRAM = """
import os
from nethttp.server import BaseHTTPRequestHandler

VERSION = "one"

class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/crash":
            os._exit(9)
        if self.path == "/slow":
            self.server.started = True
            with open("started", "a"):
                pass
            while not os.path.exists("go"):
                import time
                time.sleep(0.01)
        body = f"{VERSION} {os.getpid()}".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format, *args):
        pass

class Own(Handler):
    def handle(self):  # which the engine would not call
        super().handle()

def app(environ, start_response):
    body = f"{VERSION} {os.getpid()} {environ['wsgi.url_scheme']}".encode()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]

async def asgi(scope, receive, send):
    pass

number = 7
"""


QUIET = ("--access-log", "off")


class Running:
    """The command, as a process."""

    def __init__(self, process: subprocess.Popen[str], said: str) -> None:
        self.process = process
        self.said = said
        found = re.search(r":(\d+)/", said)
        self.address = ("127.0.0.1", int(found[1])) if found else None

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        return self.process.wait(20)

    def stderr_until(self, words: str) -> str:
        """Return what it says on standard error up to a line with these words."""
        told = ""
        while words not in told:
            line = self.process.stderr.readline()
            assert line, told
            told += line
        return told

    def get(self, path: str = "/") -> str:
        return ask(self.address, path)


def receive(sock: socket.socket) -> tuple[bytes, bytes]:
    """Return head and content of one response; EOFError if it is not whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = sock.recv(65536)
        if not piece:
            raise EOFError(data)
        data += piece
    head, _, content = data.partition(b"\r\n\r\n")
    length = int(re.search(rb"(?i)content-length: (\d+)", head)[1])
    while len(content) < length:
        piece = sock.recv(65536)
        if not piece:
            raise EOFError(data)
        content += piece
    return head, content


def ask(address, path: str = "/") -> str:
    with socket.create_connection(address, timeout=20) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
        return receive(sock)[1].decode()


@contextmanager
def running(*options: str, cwd, until: str = "Ctrl-C", **more):
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp.server", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        cwd=cwd,
        **more,
    )
    try:
        said = ""
        while until not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        yield Running(process, said)
    finally:
        process.terminate()
        try:
            process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def program(tmp_path):
    (tmp_path / "program.py").write_text(PROGRAM)
    return tmp_path


def until_refused(address) -> None:
    """Connect until that is not possible any more."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with socket.socket() as late:
            late.settimeout(0.2)
            try:
                late.connect(address)
            except OSError:
                return
    raise AssertionError("the server still accepts")


class Load:
    """Clients that ask as fast as they can, half of them on a new connection each time.

    A request counts as failed if its connection was established, and not closed by the server
    before the request was sent, and the answer did not come whole. ``python -m
    benchmarks.restarts`` does this hundreds of times.
    """

    def __init__(self, address, context: ssl.SSLContext | None = None) -> None:
        self.address = address
        self.context = context
        self.answered = 0
        self.failures: list[str] = []
        self.versions: set[str] = set()
        self.enough = threading.Event()
        self.stop = threading.Event()
        self.threads = [
            threading.Thread(target=self._ask, args=(number % 2 == 0,)) for number in range(8)
        ]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        assert self.enough.wait(20)
        return self

    def __exit__(self, *exception):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)

    def _connect(self):
        """Return a connection; OSError: nobody listens."""
        sock = socket.socket(socket.AF_UNIX if isinstance(self.address, str) else socket.AF_INET)
        sock.settimeout(20)
        try:
            sock.connect(self.address)
        except OSError:
            sock.close()
            raise
        return sock

    def _ask(self, keeps: bool) -> None:
        sock = None
        request = b"GET / HTTP/1.1\r\nHost: a\r\n" + (b"" if keeps else b"Connection: close\r\n")
        while not self.stop.is_set():
            if sock is not None and select.select([sock], [], [], 0)[0]:
                # The server has closed it: what would be sent now is too late.
                sock.close()
                sock = None
            if sock is None:
                try:
                    sock = self._connect()
                except OSError:
                    return
            began = time.monotonic()
            try:
                if self.context is not None and not isinstance(sock, ssl.SSLSocket):
                    sock = self.context.wrap_socket(sock, server_hostname="localhost")
                sock.sendall(request + b"\r\n")
                head, content = receive(sock)
            except (OSError, EOFError) as error:
                took = time.monotonic() - began
                self.failures.append(f"{error!r}, keeps: {keeps}, after {took:.2f} s")
                sock.close()
                return
            self.answered += 1
            self.versions.add(content.decode().split()[0])
            if self.answered > 200:
                self.enough.set()
            if not keeps or b"connection: close" in head.lower():
                sock.close()
                sock = None
        if sock is not None:
            sock.close()


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("target", ["program:Handler", "program:app", "program:Own"])
def test_sigterm_under_load_fails_no_accepted_request(program, target, workers):
    with (
        running(target, "0", "--workers", workers, cwd=program) as server,
        Load(server.address) as load,
    ):
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        for thread in load.threads:
            thread.join(30)
    assert load.failures == []


def test_sighup_under_load_brings_new_code_and_fails_no_request(program):
    with running("program:Handler", "0", "--workers", "2", cwd=program) as server:
        with Load(server.address) as load:
            for version in ("two", "three"):
                text = PROGRAM.replace('"one"', f'"{version}"')
                (program / "program.py").write_text(text + f"# {version}\n")
                server.signal(signal.SIGHUP)
                deadline = time.monotonic() + 20
                while version not in load.versions and time.monotonic() < deadline:
                    select.select([], [], [], 0.02)
                assert version in load.versions
        assert load.failures == []
        assert load.answered > 200
        server.signal(signal.SIGTERM)
        assert server.ended() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_whole_group_fails_no_request(program, number):
    """As Ctrl-C, and as systemd: workers are told by it, and by their supervisor."""
    options = ("program:app", "0", "--workers", "2")
    with (
        running(*options, cwd=program, start_new_session=True) as server,
        Load(server.address) as load,
    ):
        os.killpg(server.process.pid, number)
        assert server.ended() == 0
        for thread in load.threads:
            thread.join(30)
    assert load.failures == []


def test_told_twice_the_server_ends_at_once(program):
    with (
        running("program:Handler", "0", cwd=program) as server,
        socket.create_connection(server.address, timeout=20) as sock,
    ):
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        while not (program / "started").exists():
            select.select([], [], [], 0.01)
        server.signal(signal.SIGTERM)
        until_refused(server.address)
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        with pytest.raises((EOFError, ConnectionResetError)):
            receive(sock)


def test_signals_under_load_at_a_unix_socket(program, tmp_path):
    path = str(tmp_path / "socket")
    with (
        running("program:app", "--bind", f"unix:{path}", cwd=program) as server,
        Load(path) as load,
    ):
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        for thread in load.threads:
            thread.join(30)
    assert load.failures == []


@pytest.mark.parametrize("target", ["program:Handler", "program:Own"])
def test_signals_under_load_over_tls(program, authority, target):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    path = program / "cert.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(path)
    with running(target, "0", "--tls-cert", str(path), cwd=program) as server:
        with Load(server.address, context) as load:
            (program / "program.py").write_text(PROGRAM.replace('"one"', '"two"') + "# longer\n")
            server.signal(signal.SIGHUP)
            deadline = time.monotonic() + 20
            while "two" not in load.versions and time.monotonic() < deadline:
                select.select([], [], [], 0.02)
            server.signal(signal.SIGTERM)
            assert server.ended() == 0
            for thread in load.threads:
                thread.join(30)
        assert load.failures == []
        assert load.versions == {"one", "two"}


@pytest.mark.parametrize("target", ["program:Handler", "program:Own"])
def test_what_runs_is_finished(program, target):
    with running(target, "0", cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            while not (program / "started").exists():
                select.select([], [], [], 0.01)
            server.signal(signal.SIGTERM)
            until_refused(server.address)
            (program / "go").touch()
            assert receive(sock)[1].startswith(b"one")
        assert server.ended() == 0


GREENLETS = """
from gevent import monkey

monkey.patch_all()
import pathlib
import time


def app(environ, start_response):
    if environ["PATH_INFO"] == "/slow":
        pathlib.Path("started").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
    start_response("200 OK", [("Content-Length", "3")])
    return [b"one"]
"""


@pytest.mark.parametrize("workers", ["1", "2"])
def test_an_application_of_gevent_runs_in_greenlets(tmp_path, workers):
    pytest.importorskip("gevent")
    (tmp_path / "program.py").write_text(GREENLETS)
    with running("program:app", "0", "--workers", workers, cwd=tmp_path) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            while not (tmp_path / "started").exists():
                select.select([], [], [], 0.01)
            server.get("/quick")
            server.signal(signal.SIGTERM)
            until_refused(server.address)
            (tmp_path / "go").touch()
            assert receive(sock)[1].startswith(b"one")
        assert server.ended() == 0
        assert "Traceback" not in server.process.stderr.read()


@pytest.mark.parametrize("target", ["program:app", "program:Handler"])
def test_requests_of_greenlets_have_their_lines_in_the_access_log(tmp_path, target):
    pytest.importorskip("gevent")
    handler = "\n\nfrom nethttp.server import SimpleHTTPRequestHandler as Handler\n"
    (tmp_path / "program.py").write_text(GREENLETS + handler)
    options = ("--access-log", "common", "--access-log-file", "log")
    with running(target, "0", *options, cwd=tmp_path) as server:
        server.get("/program.py")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    (line,) = (tmp_path / "log").read_text().splitlines()
    assert '"GET /program.py HTTP/1.1" 200 ' in line


@pytest.mark.parametrize("target", ["program:app", "program:Handler"])
def test_greenlets_are_served_over_tls(tmp_path, authority, target):
    pytest.importorskip("gevent")
    handler = "\n\nfrom nethttp.server import SimpleHTTPRequestHandler as Handler\n"
    (tmp_path / "program.py").write_text(GREENLETS + handler)
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(tmp_path / "server.pem")
    )
    context = ssl.create_default_context()
    authority.configure_trust(context)
    with (
        running(target, "0", "--tls-cert", "server.pem", cwd=tmp_path) as server,
        socket.create_connection(server.address, timeout=20) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as sock,
    ):
        sock.sendall(b"GET /program.py HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        head, _ = receive(sock)
        assert head.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("target", ["program:Handler", "program:Own"])
def test_what_runs_for_too_long_is_ended(program, target):
    with (
        running(target, "0", "--drain-timeout", "0.3", cwd=program) as server,
        socket.create_connection(server.address, timeout=20) as sock,
    ):
        sock.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
        while not (program / "started").exists():
            select.select([], [], [], 0.01)
        server.signal(signal.SIGTERM)
        assert server.ended() == 0


EXITING = """
import atexit, concurrent.futures, gzip, logging.handlers

written = open("written", "a")
packed = gzip.open("packed", "wt")
atexit.register(lambda: print("atexit", file=written))
logging.basicConfig(
    handlers=[logging.handlers.MemoryHandler(1000, 100, logging.FileHandler("logged"))]
)
pool = concurrent.futures.ThreadPoolExecutor(1)

def app(environ, start_response):
    written.write("line\\n")
    packed.write("packed")
    logging.error("logged")
    start_response("200 OK", [("Content-Length", "2")])
    pool.submit(lambda: open("job", "x").close())
    return [b"ok"]

def fails():
    raise ValueError("of interest")

atexit.register(fails)
"""


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_end_of_a_worker_is_that_of_a_program(program, number):
    (program / "exiting.py").write_text(EXITING)
    with running("exiting:app", "0", cwd=program) as server:
        assert server.get() == "ok"
        server.signal(number)
        told = server.stderr_until("of interest")
        assert "ValueError" in told
        if number == signal.SIGHUP:
            assert server.get() == "ok", "its successor serves"
            server.signal(signal.SIGTERM)
        assert server.ended() == 0
    lines = 2 if number == signal.SIGHUP else 1
    assert (program / "written").read_text() == "line\natexit\n" * lines
    assert (program / "logged").read_text() == "logged\n" * lines
    assert gzip.decompress((program / "packed").read_bytes()) == b"packed"
    assert (program / "job").exists()


def test_a_worker_that_is_told_twice_waits_for_no_thread(program):
    (program / "hanging.py").write_text(
        "import threading\n"
        "def wait():\n"
        "    open('hangs', 'x').close()\n"
        "    threading.Event().wait()\n"
        "import atexit\n"
        "atexit.register(wait)\n"
        "def app(environ, start_response): ...\n"
    )
    with running("hanging:app", "0", cwd=program) as server:
        server.signal(signal.SIGTERM)
        while not (program / "hangs").exists():
            select.select([], [], [], 0.01)
        server.signal(signal.SIGTERM)
        assert server.ended() == 0


def test_a_worker_that_dies_is_replaced(program):
    with running("program:Handler", "0", cwd=program) as server:
        first = server.get().split()[1]
        with pytest.raises((EOFError, ConnectionResetError)):
            server.get("/crash")
        # The connection waits in the socket's queue until there is a worker again.
        assert server.get().split()[1] != first
        assert "exit status 9; another starts" in server.stderr_until("another starts")


def test_workers_that_die_at_once_are_given_up(program):
    (program / "dying.py").write_text(
        "import os, threading\n"
        "def app(environ, start_response): os._exit(3)\n"
        "if os.path.exists('die'): threading.Timer(0.05, os._exit, [3]).start()\n"
    )
    with running("dying:app", "0", cwd=program) as server:
        (program / "die").touch()
        with pytest.raises((EOFError, ConnectionResetError)):
            server.get()
        assert server.ended() == 1
        assert "giving up" in server.process.stderr.read()


def test_new_code_that_cannot_start_leaves_the_old(program):
    with running("program:Handler", "0", cwd=program) as server:
        (program / "program.py").write_text("this is no Python\n")
        server.signal(signal.SIGHUP)
        told = server.stderr_until("the old ones go on")
        assert "SyntaxError" in told
        assert server.get().startswith("one")


def test_new_code_that_cannot_start_leaves_the_old_again_and_again(program):
    """Eight workers end nearly together each time, with a reason that no pipe holds at once."""
    (program / "long.py").write_text(PROGRAM)
    with running("long:app", "0", "--workers", "8", *QUIET, cwd=program) as server:
        for attempt in range(8):
            (program / "long.py").write_text(f"raise RuntimeError('{attempt}' * 100_000)\n")
            server.signal(signal.SIGHUP)
            told = server.stderr_until("the old ones go on")
            assert told.count("importing") == 1
            assert server.get().startswith("one")
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert server.process.stderr.read() == ""


def test_a_supervisor_that_is_killed_takes_its_workers_along(program):
    with running("program:Handler", "0", cwd=program) as server:
        pid = int(server.get().split()[1])
        handle = os.pidfd_open(pid)
        try:
            server.process.kill()
            assert select.select([handle], [], [], 20)[0]
        finally:
            os.close(handle)


def test_reload_renews_the_workers_when_a_file_changes(program):
    pytest.importorskip("watchfiles")
    with running("program:Handler", "0", "--reload", cwd=program) as server:
        assert server.get().startswith("one")
        deadline = time.monotonic() + 30
        while not (version := server.get()).startswith("two"):
            # Written again and again: when the watcher begins to look is not told.
            (program / "program.py").write_text(PROGRAM.replace('"one"', '"two"') + "# longer\n")
            assert time.monotonic() < deadline, version
            select.select([], [], [], 0.3)


def test_with_reload_the_port_is_free_once_the_server_has_ended(program):
    pytest.importorskip("watchfiles")
    with running("program:Handler", "0", "--reload", cwd=program) as server:
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        socket.create_server(server.address).close()
        # The watching process has ended too: nobody holds standard error.
        assert server.process.stderr.read() == ""


@pytest.mark.parametrize(
    ("line", "last"),
    [("raise ValueError('no')", "ValueError: no"), ("import sys; sys.exit(3)", "SystemExit: 3")],
)
def test_an_error_at_import_is_said_once_and_shows_only_the_program(program, line, last):
    (program / "bad.py").write_text(f"def begin():\n    {line}\n\nbegin()\n")
    done = subprocess.run(
        [sys.executable, "-m", "nethttp.server", "bad:app", "0", "--workers", "4"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=program,
    )
    first, *frames, end = done.stderr.splitlines()
    assert (done.returncode, done.stdout) == (1, "")
    assert first == "python -m nethttp.server: importing 'bad' failed:"
    assert [frame for frame in frames if frame.startswith("  File")] == [
        f'  File "{program}/bad.py", line 4, in <module>',
        f'  File "{program}/bad.py", line 2, in begin',
    ]
    assert end == last


@pytest.mark.parametrize("output", ["", ">&-", ">/dev/full"])
@pytest.mark.parametrize("module", ["nethttp serve", "nethttp.server"])
def test_an_output_that_takes_no_lines_ends_no_server(program, output, module):
    process = subprocess.Popen(
        f"exec '{sys.executable}' -m {module} program:app --bind unix:s {' '.join(QUIET)} {output}",
        shell=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=program,
    )
    process.stdout.close()
    deadline = time.monotonic() + 20
    answered = b""
    while not answered and time.monotonic() < deadline:
        with socket.socket(socket.AF_UNIX) as sock:
            try:
                sock.connect(str(program / "s"))
            except OSError:
                select.select([], [], [], 0.02)
                continue
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            answered = receive(sock)[1]
    process.terminate()
    assert (answered[:3], process.communicate(timeout=20)[1]) == (b"one", "")
    assert process.returncode == 0


def test_ctrl_c_at_a_terminal_ends_the_line(program):
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp.server", "program:app", "0"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=program,
        env={**os.environ, "NO_COLOR": "1"},
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 1000):
            shown += piece
            if b"Ctrl-C ends it.\r\n" in shown and b"ending" not in shown:
                process.send_signal(signal.SIGINT)
    except OSError:
        pass  # The terminal is gone.
    os.close(ours)
    assert process.wait(20) == 0
    assert shown.endswith(
        b"\r\npython -m nethttp.server: ending after the running requests; "
        b"Ctrl-C again ends it at once\r\n"
    )


# --- where it listens ---


def test_a_unix_socket_behind_which_nothing_is_left(program, tmp_path):
    path = tmp_path / "s"
    with running(
        "program:Handler", "--bind", f"unix:{path}", "--unix-mode", "600", cwd=program
    ) as s:
        assert f"unix:{path}" in s.said
        assert path.stat().st_mode & 0o777 == 0o600
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
            assert receive(sock)[1].startswith(b"one")
        s.signal(signal.SIGTERM)
        assert s.ended() == 0
    assert not path.exists()


def test_several_addresses_and_an_inherited_socket(program):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.fileno()
        with running(
            *("program:app", "--bind", f"fd:{number}", "--bind", "127.0.0.1:0", "-w", "2"),
            cwd=program,
            pass_fds=[number],
        ) as server:
            ports = [int(port) for port in re.findall(r":(\d+)/", server.said)]
            assert ports[0] == listener.getsockname()[1] != ports[1]
            for port in ports:
                assert ask(("127.0.0.1", port)).startswith("one")


def test_sockets_of_systemd(program):
    """LISTEN_PID must be the process itself: a shell says its own and becomes the server."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        script = (
            f"exec 3<&{listener.fileno()}; LISTEN_FDS=1 LISTEN_PID=$$ "
            f"exec {sys.executable} -m nethttp.server program:app --bind systemd"
        )
        process = subprocess.Popen(
            ["bash", "-c", script],
            stdout=subprocess.PIPE,
            text=True,
            cwd=program,
            pass_fds=[listener.fileno()],
        )
        try:
            assert process.stdout.readline().startswith("Serving program:app")
            assert ask(listener.getsockname()).startswith("one")
            process.terminate()
            assert process.wait(20) == 0
            # What was passed goes on listening.
            with socket.create_connection(listener.getsockname(), timeout=5):
                pass
        finally:
            process.kill()
            process.communicate()


# --- TLS ---


def https(address, context) -> tuple[bytes, bytes]:
    with (
        socket.create_connection(address, timeout=20) as sock,
        context.wrap_socket(sock, server_hostname="localhost") as wrapped,
    ):
        wrapped.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        return wrapped.getpeercert(True), receive(wrapped)[1]


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("target", ["program:app", "program:Own"])
def test_a_renewed_certificate_is_served_after_sighup_and_no_client_notices(
    program, authority, target, workers
):
    context = ssl.create_default_context()
    authority.configure_trust(context)
    path = program / "cert.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(path)
    failed = []
    options = ("0", "--tls-cert", str(path), "--workers", workers)
    with running(target, *options, cwd=program) as server:
        first, content = https(server.address, context)
        assert content.startswith(b"one")
        # Nothing is served without TLS.
        assert ask(server.address) == "This server speaks TLS: the URL begins https://.\n"
        begun = threading.Barrier(4)

        def load() -> None:
            """Ask until the new certificate is shown."""
            try:
                https(server.address, context)
                begun.wait(20)
                deadline = time.monotonic() + 20
                while https(server.address, context)[0] == first:
                    assert time.monotonic() < deadline
            except Exception as error:
                failed.append(error)

        clients = [threading.Thread(target=load) for _ in range(3)]
        for client in clients:
            client.start()
        begun.wait(20)
        renewed = program / "renewed.pem"
        authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(renewed)
        renewed.replace(path)
        server.signal(signal.SIGHUP)
        for client in clients:
            client.join()
        assert failed == []


@pytest.mark.parametrize("target", ["program:app", "program:Own"])
def test_clients_must_show_a_certificate(program, authority, target):
    server_cert, client_cert = authority.issue_cert("localhost"), authority.issue_cert("client")
    server_cert.private_key_and_cert_chain_pem.write_to_path(program / "cert.pem")
    authority.cert_pem.write_to_path(program / "ca.pem")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    options = ("--tls-cert", "cert.pem", "--tls-client-ca", "ca.pem")
    with running(target, "0", *options, cwd=program) as server:
        with pytest.raises((ssl.SSLError, ConnectionError, EOFError)):
            https(server.address, context)
        # Nothing is served without TLS.
        assert ask(server.address) == "This server speaks TLS: the URL begins https://.\n"
        client_cert.configure_cert(context)
        assert https(server.address, context)[1].startswith(b"one")


def test_a_certificate_of_its_own(program):
    pytest.importorskip("cryptography")
    with running("program:app", "0", "--tls-self-signed", cwd=program) as server:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        certificate, content = https(server.address, context)
        assert content.startswith(b"one")
        fingerprint = re.search("SHA-256 ([0-9A-F:]+)", server.said)[1]
        assert hashlib.sha256(certificate).hexdigest().upper() == fingerprint.replace(":", "")


@pytest.mark.parametrize("target", ["program:app", "program:Own"])
def test_http_at_a_port_of_tls(program, authority, target):
    path = program / "cert.pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(path)
    with running(target, "0", "--tls-cert", str(path), cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 5000)
            head, content = receive(sock)
            assert sock.recv(1) == b""
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert content == b"This server speaks TLS: the URL begins https://.\n"
        line = server.process.stderr.readline()
        assert line == "127.0.0.1: expected a TLS handshake, got an HTTP request\n"


@pytest.mark.parametrize("target", ["program:app", "program:Handler"])
def test_tls_at_a_port_of_http(program, target):
    with running(target, "0", *QUIET, cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x80\n\x9f")
            head, _ = receive(sock)
        assert head.startswith(b"HTTP/1.1 400 Expected an HTTP request, got TLS (https://)\r\n")


# --- logs and health ---


def test_a_handler_that_reads_its_connection_itself_has_a_line_too(program):
    options = ("--access-log", "combined", "--access-log-file", "log")
    with running("program:Own", "0", *options, cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(
                b"GET /a HTTP/1.1\r\nHost: a\r\nUser-Agent: me\r\nConnection: close\r\n\r\n"
            )
            receive(sock)
        (line,) = (program / "log").read_text().splitlines()
    assert line.startswith("127.0.0.1 - - [")
    assert line.endswith('] "GET /a HTTP/1.1" 200 - "-" "me"')


@pytest.mark.parametrize("target", ["program:Handler", "program:app", "."])
def test_the_access_log(program, target):
    options = ("--access-log", "json", "--access-log-file", "log")
    with running(target, "0", *options, "--workers", "2", cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(
                b'GET /a%1b?b=\\ HTTP/1.1\r\nHost: a\r\nReferer: \xe4\x9b\r\nUser-Agent: u"a\r\n'
                b"Connection: close\r\n\r\n"
            )
            receive(sock)
        with Load(server.address) as load:
            pass
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    lines = (program / "log").read_bytes().splitlines()
    assert all(0x20 <= byte < 0x7F for line in lines for byte in line)
    records = [json.loads(line) for line in lines]
    first = next(record for record in records if record["target"].startswith("/a"))
    assert (first["method"], first["version"]) == ("GET", "HTTP/1.1")
    assert first["target"] == "/a%1b?b=\\" or target == "program:app"
    assert (first["user_agent"], first["referer"]) == ('u"a', "\xe4\x9b")
    assert first["status"] == (404 if target == "." else 200)
    assert first["size"] > 0
    assert 0 <= first["seconds"] < 20
    assert len(records) >= load.answered


@pytest.mark.parametrize("target", ["program:app", "program:create", "."])
def test_without_options_the_log_is_as_http_server_writes_it(program, target):
    with (program / "program.py").open("a") as file:
        file.write("\ndef create():\n    return app\n")
    with running(target, "0", cwd=program) as server:
        for path in ("/started?a", "/program.py"):
            with socket.create_connection(server.address, timeout=20) as sock:
                sock.sendall(
                    f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode()
                )
                head, content = receive(sock)
            line = server.process.stderr.readline()
            status = head.split()[1].decode()
            assert line.startswith("127.0.0.1 - - [")
            assert line.endswith(f'] "GET {path} HTTP/1.1" {status} {len(content)}\n')


def test_an_error_of_the_program_is_beside_its_request(program):
    (program / "program.py").write_text("def app(environ, start_response):\n    1 / 0\n")
    with running("program:app", "0", cwd=program) as server:
        server.get("/broken")
        told = server.stderr_until("] ")
    *_, error, line = told.splitlines()
    assert error == "ZeroDivisionError: division by zero" or error.startswith("---")
    assert '"GET /broken HTTP/1.1" 500' in line


def test_a_handler_class_logs_what_it_logs_itself(program):
    with (program / "program.py").open("a") as file:
        file.write("\n    def log_message(self, format, *args):\n        print('own')\n")
    text = (program / "program.py").read_text().replace("number = 7", "class Mine(Handler):")
    (program / "program.py").write_text(text)
    with running("program:Mine", "0", cwd=program) as server:
        server.get("/")
        assert server.process.stdout.readline() == "own\n"
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
        assert server.process.stderr.read() == ""


@pytest.mark.parametrize("target", ["program:seen", "program:Handler", "program:Own", "."])
@pytest.mark.parametrize(
    ("trusted", "address", "scheme"),
    [("127.0.0.1", "192.0.2.1", "https"), ("192.0.2.7", "127.0.0.1", "http")],
)
def test_the_client_behind_a_trusted_proxy(program, target, trusted, address, scheme):
    with (program / "program.py").open("a") as file:
        file.write(
            "\ndef seen(environ, start_response):\n"
            "    start_response('200 OK', [])\n"
            "    return [f\"{environ['REMOTE_ADDR']} {environ['wsgi.url_scheme']}\".encode()]\n"
        )
    options = ("--trusted-proxy", trusted, "--access-log", "common", "--access-log-file", "log")
    with running(target, "0", *options, cwd=program) as server:
        with socket.create_connection(server.address, timeout=20) as sock:
            sock.sendall(
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
                b"X-Forwarded-For: 1.1.1.1, 192.0.2.1\r\nX-Forwarded-Proto: https\r\n\r\n"
            )
            with sock.makefile("rb") as answer:
                content = answer.read()
        if target == "program:seen":
            assert f"{address} {scheme}".encode() in content
        server.signal(signal.SIGTERM)
        assert server.ended() == 0
    (line,) = (program / "log").read_text().splitlines()
    assert line.startswith(f"{address} - - [")


def test_the_client_behind_a_proxy_at_a_unix_socket(program, tmp_path):
    options = ("--bind", "unix:s", "--trusted-proxy", "unix")
    with running("program:app", *options, cwd=program) as server:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(program / "s"))
            sock.sendall(
                b"GET / HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n"
                b"X-Forwarded-Proto: https\r\n\r\n"
            )
            assert receive(sock)[1].endswith(b" https")
        assert server.process.stderr.readline().startswith("192.0.2.1 - - [")


def test_the_log_has_the_client_of_a_health_check_behind_a_proxy(program):
    options = ("--bind", "unix:s", "--trusted-proxy", "unix", "--health-path", "/alive")
    with running("program:app", *options, cwd=program) as server:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(program / "s"))
            sock.sendall(b"GET /alive HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n")
            assert receive(sock)[1] == b"ok\n"
        assert server.process.stderr.readline().startswith("192.0.2.1 - - [")


def test_health_and_readiness(program):
    options = ("--health-path", "/alive", "--ready-path", "/ready")
    for target in ("program:Handler", "program:app", "."):
        with running(target, "0", *options, cwd=program) as server:
            assert server.get("/alive") == server.get("/ready") == "ok\n"
    with running("program:Handler", "0", *options, cwd=program) as server:
        with (
            socket.create_connection(server.address, timeout=20) as slow,
            socket.create_connection(server.address, timeout=20) as sock,
        ):
            slow.sendall(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\n")
            while not (program / "started").exists():
                select.select([], [], [], 0.01)
            sock.sendall(b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
            assert receive(sock)[1] == b"ok\n"
            server.signal(signal.SIGTERM)
            until_refused(server.address)
            sock.sendall(b"GET /ready HTTP/1.1\r\nHost: a\r\n\r\n")
            head, content = receive(sock)
            assert head.startswith(b"HTTP/1.1 503")
            assert content == b"draining\n"
            (program / "go").touch()
            receive(slow)
        assert server.ended() == 0


# --- what cannot be served ---


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["nothing:app"], "no module named 'nothing'"),
        (["program:nothing"], "module 'program' has no 'nothing'"),
        (["program:number"], "got int 7"),
        (["program:asgi"], "an ASGI application"),
        (["program:app", "--interface", "handler"], "expected a subclass of nethttp.server"),
        (["program:app", "--spa"], "--spa is for a directory"),
        (["no-such"], "no such directory or file: no-such"),
        ([".", "--directory", "."], "expected one directory"),
        (["--bind", "unix:"], "expected unix:PATH"),
        (["--bind", "systemd"], "systemd passed no socket"),
        (["--bind", "fd:1"], "cannot bind to fd:1"),
        (["--bind", "127.0.0.1:99999"], "expected a port"),
        (["--header", "no colon"], "expected NAME:VALUE"),
        (["--workers", "0"], "expected a number above 0"),
        (["--max-body", "lots"], "expected bytes"),
        (["--access-log-file", "/nothing/log"], "No such file or directory"),
    ],
)
def test_what_is_wrong_is_said(program, options, words):
    done = subprocess.run(
        [sys.executable, "-m", "nethttp.server", *options, "0"],
        capture_output=True,
        text=True,
        timeout=30,
        cwd=program,
    )
    assert done.returncode in (1, 2)
    assert words in done.stderr
    assert "Traceback" not in done.stderr
