"""``python -m nethttp.client``: what each option does, and what a terminal shows."""

from __future__ import annotations

import os
import pty
import re
import socket
import ssl
import subprocess
import sys

import pytest
import trustme

from nethttp.__main__ import main as face
from nethttp.client.__main__ import main
from nethttp.client.command.progress import progress_line
from nethttp.server import BaseHTTPRequestHandler

from ..commands import run_here
from ..flows import peer
from .flow.certificates import Authority, tls_peer

__all__ = ["peer"]

BIG = bytes(range(256)) * 4000


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        path = self.path.partition("?")[0]
        getattr(self, "say_" + path.strip("/").replace("-", "_"), self.say_hello)()

    do_HEAD = do_POST = do_PUT = do_GET

    def answer(self, body=b"", status=200, **fields):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in fields.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def say_hello(self):
        self.answer(b"hello")

    def say_big(self):
        self.answer(BIG)

    def say_echo(self):
        fields = "".join(f"{name}: {value}\n" for name, value in sorted(self.headers.items()))
        self.answer(f"{self.command} {self.path}\n{fields}\n".encode() + self.rfile.read())

    def say_missing(self):
        self.answer(b"not here", 404)

    def say_moved(self):
        self.answer(status=302, Location="/echo?moved")

    def say_loop(self):
        self.answer(status=302, Location="/loop")

    def say_away(self):
        self.answer(status=307, Location=f"http://localhost:{self.server.server_port}/echo")

    def say_binary(self):
        self.answer(b"\x89PNG\0\1", **{"Content-Type": "image/png"})

    def say_json(self):
        self.answer(b'{"name":"value\\u001b"}', **{"Content-Type": "application/json"})

    def say_control(self):
        self.answer(b"\x1b]0;title\x07text", **{"Content-Type": "text/plain"})

    def say_cut(self):
        self.send_response(200)
        self.send_header("Content-Length", "500")
        self.end_headers()
        self.wfile.write(b"cut")

    def log_message(self, format, *args):
        pass


@pytest.fixture
def url(serve):
    return serve(Handler).url


def fetch(*arguments: str | bytes, input: bytes | None = None) -> subprocess.CompletedProcess:
    return run_here(main, *arguments, input=input)


def fetch_in_a_process(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "nethttp.client", *arguments],
        **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options},
        timeout=30,
    )


def failed(*arguments: str, status: int = 2, run=fetch) -> str:
    done = run(*arguments)
    assert done.returncode == status, done
    error = done.stderr.decode()
    assert "Traceback" not in error
    assert error.count("\n") == 1, "one line"
    return error


@pytest.mark.parametrize("run", [fetch, fetch_in_a_process])
def test_to_standard_output(url, run):
    done = run(url)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hello", b"")


def test_a_url_without_a_scheme(url):
    assert fetch(url.removeprefix("http://")).stdout == b"hello"


def test_the_head(url):
    done = fetch("-i", url)
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert body == b"hello"
    done = fetch("-I", url + "/big")
    assert done.stdout.endswith(b"\r\n\r\n")
    assert b"Content-Length: 1024000" in done.stdout


def test_an_http_error_is_1_and_its_content_is_shown(url):
    done = fetch(url + "/missing")
    assert (done.returncode, done.stdout) == (1, b"not here")
    assert done.stderr.decode() == f"python -m nethttp.client: {url}/missing: 404 Not Found\n"
    # The head has it already.
    for option in ("-i", "-I"):
        assert fetch(option, url + "/missing").stderr == b""


def test_methods_fields_and_data(url, tmp_path):
    said = fetch("-X", "PUT", "-H", "X-A: b", "-H", "User-Agent:", url + "/echo").stdout.decode()
    assert said.startswith("PUT /echo\n")
    assert "X-A: b\n" in said
    assert "User-Agent" not in said
    said = fetch("-d", "a=b&c=d", url + "/echo").stdout.decode()
    assert said.startswith("POST /echo\n")
    assert "Content-Type: application/x-www-form-urlencoded\n" in said
    assert said.endswith("\n\na=b&c=d")
    file = tmp_path / "data"
    file.write_bytes(b"from a file")
    assert fetch("-d", f"@{file}", url + "/echo").stdout.endswith(b"from a file")
    assert fetch("-d", b"\xff", url + "/echo").stdout.endswith(b"\n\n\xff")
    assert fetch("-d", "@-", url + "/echo", input=b"from stdin").stdout.endswith(b"from stdin")
    assert b"Authorization: Basic dXNlcjpwdw==" in fetch("-u", "user:pw", url + "/echo").stdout


def test_a_url_of_a_person(url):
    assert b"GET /echo?q=%C3%A4%20b" in fetch(url + "/echo?q=\u00e4 b#fragment").stdout


def test_redirects(url):
    done = fetch(url + "/moved")
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().endswith("/moved: 302 Found, to '/echo?moved'; -L follows it\n")
    done = fetch("-L", "-d", "x", url + "/moved")
    assert done.stdout.startswith(b"GET /echo?moved\n")
    assert b"Content-Type" not in done.stdout


def test_cve_2025_50181_redirects_are_bounded(url):
    assert "at most 20 redirects" in failed("-L", url + "/loop", status=7)


def test_credentials_stay_with_their_origin(url):
    done = fetch("-L", "-u", "a:b", "-H", "Cookie: c", "-H", "X-Y: z", url + "/away")
    assert b"Authorization" not in done.stdout
    assert b"Cookie" not in done.stdout
    assert b"X-Y: z" in done.stdout


def test_into_a_file(url, tmp_path):
    target = tmp_path / "big"
    done = fetch("-o", str(target), url + "/big")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert target.read_bytes() == BIG
    assert fetch("-o", "/dev/null", url + "/big").returncode == 0


def test_a_broken_download_leaves_nothing(url, tmp_path):
    target = tmp_path / "cut"
    target.write_bytes(b"before")
    assert "/cut: expected" in failed("-o", str(target), url + "/cut", status=7)
    assert target.read_bytes() == b"before"
    assert os.listdir(tmp_path) == ["cut"]


class Terminal:
    """A terminal of its own, as what a program's standard input, output and error are."""

    def __init__(self) -> None:
        self.ours, self.theirs = pty.openpty()
        self.shown = b""

    def run(
        self, *arguments: str, typed: bytes = b"", without: str = "", environment=None, **streams
    ):
        """Run the command here, `without` a module, and return its exit status."""
        program = (
            "import os, sys, fcntl, termios; os.setsid(); fcntl.ioctl(2, termios.TIOCSCTTY, 0)\n"
            f"if {without!r}: sys.modules[{without!r}] = None\n"
            "from nethttp.client.__main__ import main; sys.exit(main())"
        )
        process = subprocess.Popen(
            [sys.executable, "-c", program, *arguments],
            **{"stdin": self.theirs, "stdout": self.theirs, "stderr": self.theirs, **streams},
            env={**os.environ, "TERM": "xterm", "COLUMNS": "80", **(environment or {})},
        )
        os.close(self.theirs)
        try:
            while piece := os.read(self.ours, 1000):
                self.shown += piece
                if typed and b"Password" in self.shown:
                    os.write(self.ours, typed)
                    typed = b""
        except OSError:
            pass  # The terminal is gone.
        os.close(self.ours)
        return process.wait(30)


def test_a_closed_standard_output_cannot_be_written(url):
    done = subprocess.run(
        f"'{sys.executable}' -m nethttp.client {url} >&-",
        shell=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    said = "python -m nethttp.client: cannot write standard output: Bad file descriptor\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_progress_on_a_terminal(url, tmp_path):
    terminal = Terminal()
    assert terminal.run("-o", str(tmp_path / "big"), url + "/big") == 0
    assert b"big" in terminal.shown
    assert b"1.0/1.0 MB" in terminal.shown


def test_progress_without_rich(url, tmp_path):
    terminal = Terminal()
    assert terminal.run("-o", str(tmp_path / "big"), url + "/big", without="rich") == 0
    last = terminal.shown.split(b"\r")[-2]
    assert last.startswith(b"big: 1.0 MB of 1.0 MB (100 %), ")
    assert last.rstrip().endswith(b"B/s")
    assert terminal.shown.endswith(b"\r\n")


def test_an_error_has_a_line_of_its_own_below_the_progress(url, tmp_path):
    terminal = Terminal()
    assert terminal.run("-o", str(tmp_path / "cut"), url + "/cut", without="rich") == 7
    *_, progress, error = terminal.shown.replace(b"\r\n", b"\n").splitlines()
    assert progress.rpartition(b"\r")[2].startswith(b"cut: 0.0 kB of 0.5 kB (0 %)")
    assert error.startswith(b"python -m nethttp.client: http://")


@pytest.mark.parametrize(
    ("done", "total", "seconds", "line"),
    [
        (0, None, 0.0, "a: 0.0 kB, 0.0 kB/s"),
        (0, 10_000, 0.0, "a: 0.0 kB of 10.0 kB (0 %), 0.0 kB/s"),
        (1_000_000, None, 1.0, "a: 1.0 MB, 1.0 MB/s"),
        (999_999, 10**9, 1.0, "a: 1.0 MB of 1.0 GB (0 %), 1.0 MB/s, 16:39 left"),
        (5 * 10**12, 10**13, 10.0, "a: 5000.0 GB of 10000.0 GB (50 %), 500.0 GB/s, 0:10 left"),
        (7, 7, 1.0, "a: 0.0 kB of 0.0 kB (100 %), 0.0 kB/s"),
    ],
)
def test_the_line_that_counts(done, total, seconds, line):
    assert progress_line("a", done, total, seconds) == line


def test_binary_content_is_not_printed_to_a_terminal(url, tmp_path):
    terminal = Terminal()
    assert terminal.run(url + "/binary") == 2
    assert b"the content is binary ('image/png'): -o FILE saves it" in terminal.shown
    assert b"PNG\0" not in terminal.shown
    terminal = Terminal()
    assert terminal.run("-o", "-", url + "/binary") == 0
    assert b"PNG\0" in terminal.shown
    assert fetch(url + "/binary").stdout == b"\x89PNG\0\1"
    terminal = Terminal()
    assert terminal.run(url) == 0
    assert terminal.shown == b"hello"


def test_json_and_fields_are_coloured_on_a_terminal(url):
    terminal = Terminal()
    assert terminal.run("-i", url + "/json") == 0
    assert b"\x1b[1mHTTP/1.1 200 OK\x1b[0m" in terminal.shown
    assert b"\x1b[36mContent-Type\x1b[0m" in terminal.shown
    text = re.sub(rb"\x1b\[[0-9;]*m", b"", terminal.shown)
    assert b'{\r\n  "name": "value\\u001b"\r\n}\r\n' in text.replace(b" \r", b"\r")
    for without, environment in (("rich", {}), ("", {"NO_COLOR": "1"})):
        terminal = Terminal()
        assert terminal.run(url + "/json", without=without, environment=environment) == 0
        assert terminal.shown == b'{\r\n  "name": "value\\u001b"\r\n}\r\n'
    assert fetch(url + "/json").stdout == b'{"name":"value\\u001b"}'


def test_control_sequences_do_not_reach_a_terminal(url):
    terminal = Terminal()
    assert terminal.run("-i", url + "/control") == 0
    assert b"\\x1b]0;title\\x07text" in terminal.shown
    assert b"\x1b]" not in terminal.shown
    assert fetch(url + "/control").stdout == b"\x1b]0;title\x07text"


def test_verbose_on_a_terminal(url):
    terminal = Terminal()
    assert terminal.run("-v", url) == 0
    assert b"> GET / HTTP/1.1" in terminal.shown
    assert b"< HTTP/1.1 200 OK" in terminal.shown


def test_the_password_is_asked_for_on_the_terminal(url):
    terminal = Terminal()
    assert terminal.run("-u", "user", url + "/echo", typed=b"p:w\n") == 0
    assert b"Password of user at 127.0.0.1: " in terminal.shown
    assert b"p:w" not in terminal.shown
    assert b"Authorization: Basic dXNlcjpwOnc=" in terminal.shown


def test_without_a_terminal_the_password_must_be_given(url):
    words = ["-u", "user", "-d", "@-", url + "/echo"]
    done = fetch_in_a_process(*words, input=b"data", start_new_session=True)
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"expected USER:PASSWORD after -u" in done.stderr
    assert done.stderr.count(b"\n") == 1
    # An empty password is one.
    assert b"Authorization: Basic dXNlcjo=" in fetch("-u", "user:", url + "/echo").stdout


def test_what_goes_wrong_is_said_in_a_line(url, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        assert "Connection refused" in failed(f"http://127.0.0.1:{port}/", status=4)
    assert "no.such.host.invalid" in failed("http://no.such.host.invalid/", status=3)
    for bad in ("ftp://a/", "http://", "http://a:b/", "http://a\nb/"):
        assert "expected" in failed(bad)
    for bad in ("http://a:b/", "http://a:65536/", "http://a..b/", f"http://{'a' * 300}/"):
        assert "expected" in failed(bad)
    assert "cannot read" in failed("-d", "@/nothing", url)
    junk = tmp_path / "junk"
    junk.write_text("junk")
    error = failed("--cacert", str(junk), "https://127.0.0.1:1/")
    assert error.endswith(f"cannot read {junk}: it has no certificate in PEM format\n")
    assert "NAME: VALUE" in failed("-H", "nothing", url)
    assert "'A b'" in failed("-H", "A b: c", url)
    nowhere = str(tmp_path / "no" / "file")
    assert f"cannot write {nowhere}: No such file" in failed("-o", nowhere, url)
    assert f"cannot write {tmp_path}: Is a directory" in failed("-o", str(tmp_path), url)
    if os.path.exists("/dev/full"):
        assert "cannot write /dev/full: No space left" in failed("-o", "/dev/full", url)
        with open("/dev/full", "wb") as full:
            done = fetch_in_a_process(url, stdout=full)
        said = b"python -m nethttp.client: cannot write standard output: No space left on device\n"
        assert (done.returncode, done.stderr) == (2, said)
    assert "TLS" in failed(url.replace("http:", "https:"), status=5)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        slow = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        assert "no answer within 0.1 seconds" in failed("-m", "0.1", slow, status=6)
    assert f"there is no directory {tmp_path}/no" in failed("--har", nowhere, url)
    assert f"cannot write {tmp_path}: it is a directory" in failed("--har", str(tmp_path), url)
    said = failed("-O", f"{url}/a/x", f"{url}/b/x?c")
    assert f"expected URLs with names of their own, got 'x' from '{url}/a/x' and" in said
    assert fetch("--odd").returncode == 2
    done = fetch("-m", "0", url)
    assert done.returncode == 2
    assert b"expected seconds, such as 10 or 0.5, got '0'" in done.stderr


def test_a_certificate_that_nobody_trusts(serve, tmp_path):
    from nethttp.server import ThreadingHTTPSServer

    authority = trustme.CA()
    pem = tmp_path / "pem"
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(pem)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    url = f"https://localhost:{serve(Handler, ThreadingHTTPSServer, certfile=pem).port}/"
    # The server says on standard error that its certificate was refused.
    assert "is not trusted" in failed(url, status=5, run=fetch_in_a_process)
    assert fetch("-k", url).stdout == b"hello"
    assert fetch("--cacert", str(tmp_path / "ca.pem"), url).stdout == b"hello"
    assert "cannot read" in failed("--cacert", "/nothing", url)


def test_certificates_and_pins(peer, tmp_path):
    authority = Authority(tmp_path)
    context = authority.server("localhost")
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(authority.path)

    def answer(connection):
        connection.recv(1000)
        connection.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")

    url = f"https://localhost:{peer(tls_peer(context, answer)).port}/"
    own = authority.client_files()
    trust = ("--cacert", str(authority.path))
    shown = (*trust, "-E", own[0], "--key", own[1])
    done = fetch("-v", *shown, url)
    assert done.stdout == b"hello"
    line = done.stderr.decode().splitlines()[0]
    pin = line.rpartition(", ")[2]
    assert re.fullmatch(r"\* 127\.0\.0\.1:\d+, TLSv1\.3, TLS_\w+, sha256//\S{44}", line)
    assert fetch(*shown, "--pinnedpubkey", f"sha256//{'A' * 43}=; {pin}", url).stdout == b"hello"
    said = failed(*shown, "--pinnedpubkey", f"sha256//{'A' * 43}=", url, status=5)
    assert "expected 'localhost' to have a key of sha256/AAAA" in said
    assert "--cacert" not in said
    assert "wants a certificate" in failed(*trust, url, status=5)
    assert "cannot read /nothing" in failed("--cert", "/nothing:password", url)
    assert "expected a pin" in failed("--pinnedpubkey", "sha256//x", url)


def test_a_reader_that_has_enough(url):
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp.client", url + "/big"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(30) == 0


def test_the_face_command(url):
    def run(*arguments: str) -> subprocess.CompletedProcess:
        return run_here(face, *arguments)

    assert run("get", url).stdout == b"hello"
    assert run("status", "404").stdout.startswith(b"404 Not Found  (RFC 9110 section 15.5.5)\n")
    assert run("status").stdout.count(b"\n") > 60
    assert run("status", "599").returncode == 1
    assert b"parser" in run("--version").stdout
    assert run("--help").returncode == 0
    assert run("brew").returncode == 2
