"""``nethttp get`` against a server of its own: what each option does, as a user types it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time

import pytest

from nethttp.__main__ import main
from nethttp.server import BaseHTTPRequestHandler

from ..commands import run_here

BIG = bytes(range(256)) * 16_000
ETAG = '"v1"'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    #: Set when /slow has sent its first half, so that a test can stop the command there.
    half = threading.Event()
    parts: list[str] = []
    go_on = threading.Event()

    def do_GET(self):
        name = self.path.partition("?")[0].strip("/").partition("/")[0].partition(".")[0]
        getattr(self, f"say_{name}", self.say_echo)()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def answer(self, body=b"", status=200, **fields):
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **fields}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def say_echo(self):
        said = {
            "method": self.command,
            "path": self.path,
            "fields": {name.lower(): value for name, value in self.headers.items()},
            "content": self.rfile.read().decode("latin-1"),
        }
        self.answer(json.dumps(said).encode(), Content_Type="application/json")

    def say_big(self):
        start = 0
        if self.headers.get("If-Range") == ETAG:
            start = int(self.headers["Range"].removeprefix("bytes=").partition("-")[0])
        fields = {"ETag": ETAG}
        if start:
            fields["Content-Range"] = f"bytes {start}-{len(BIG) - 1}/{len(BIG)}"
        self.answer(BIG[start:], 206 if start else 200, **fields)

    def say_parts(self):
        wanted = self.headers.get("Range", "bytes=0-")
        self.parts.append(wanted)
        start, _, last = wanted.removeprefix("bytes=").partition("-")
        part = BIG[int(start) : int(last) + 1 if last else len(BIG)]
        fields = {"ETag": ETAG, "Accept-Ranges": "bytes"}
        if "Range" in self.headers:
            end = int(start) + len(part) - 1
            fields["Content-Range"] = f"bytes {start}-{end}/{len(BIG)}"
        self.answer(part, 206 if "Range" in self.headers else 200, **fields)

    def say_slow(self):
        if "Range" in self.headers:
            self.say_big()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(BIG)))
        self.send_header("ETag", ETAG)
        self.end_headers()
        self.wfile.write(BIG[: len(BIG) // 2])
        self.wfile.flush()
        self.half.set()
        self.go_on.wait(20)

    def say_busy(self):
        self.server.busy = getattr(self.server, "busy", 0) + 1
        if self.server.busy < 3:
            self.answer(b"busy", 503, Retry_After="0")
        else:
            self.answer(b"at last")

    def say_control(self):
        self.answer(b"\x1b]0;title\x07text\r\n", Content_Type="text/plain")

    def say_json(self):
        self.answer(b'{"name":"value"}', Content_Type="application/json")

    def say_packed(self):
        import gzip

        self.answer(gzip.compress(b"unpacked"), Content_Encoding="gzip")

    def say_cookie(self):
        self.answer(self.headers.get("Cookie", "").encode(), Set_Cookie="id=7; Max-Age=1000")

    def say_moved(self):
        self.answer(status=302, Location="/echo?moved")

    def say_private(self):
        expected = "Basic " + base64.b64encode(b"me:pw").decode()
        if self.headers.get("Authorization") == expected:
            self.answer(b"welcome")
        else:
            self.answer(b"no", 401, WWW_Authenticate='Basic realm="x"')

    def say_missing(self):
        self.answer(b"not here", 404)

    def log_message(self, format, *args):
        pass


@pytest.fixture
def url(serve):
    Handler.half.clear()
    Handler.go_on.clear()
    yield serve(Handler).url
    Handler.go_on.set()


@pytest.fixture
def get(tmp_path, monkeypatch):
    """Return a function that runs the command in a directory of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))

    def run(*words: str, input: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
        return run_here(main, "get", *words, input=input)

    return run


def echoed(done) -> dict:
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


# --- requests ------------------------------------------------------------------------------------


def test_items_make_json(get, url):
    said = echoed(get(url + "/echo", "name=x", "size:=3", "page==2", "tags:=[1]"))
    assert (said["method"], said["path"]) == ("POST", "/echo?page=2")
    assert json.loads(said["content"]) == {"name": "x", "size": 3, "tags": [1]}
    assert said["fields"]["content-type"] == "application/json"
    assert said["fields"]["accept"].startswith("application/json")


def test_a_usual_method_is_sent_in_capitals(get, url, tmp_path):
    for given, sent in (("post", "POST"), ("Put", "PUT"), ("delete", "DELETE")):
        assert echoed(get("-X", given, url))["method"] == sent
    assert b"501" in get("-X", "purge", url).stderr  # the server knows no such method
    assert echoed(get("-X", "get", "-d", "x", url))["method"] == "GET"
    assert get("-X", "head", "-i", url).stdout.endswith(b"\r\n\r\n")
    assert get("--curl", "-X", "post", url).stdout.startswith(b"curl -X POST ")
    assert get("-X", "get", "-O", url + "/big").returncode == 0
    assert (tmp_path / "big").read_bytes() == BIG


def test_json_data(get, url):
    said = echoed(get("--json", "-d", '{"a": 1}', url))
    assert (said["content"], said["fields"]["content-type"]) == ('{"a": 1}', "application/json")
    assert b"expected JSON after -d" in get("--json", "-d", "{", url).stderr


def test_forms(get, url, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"PNG")
    said = echoed(get("-F", "title=A cat", "-F", "photo=@photo.png", url))
    assert said["method"] == "POST"
    assert said["fields"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'name="title"\r\n\r\nA cat\r\n' in said["content"]
    assert 'filename="photo.png"\r\nContent-Type: image/png\r\n\r\nPNG\r\n' in said["content"]


def test_a_form_without_files_is_multipart_too(get, url):
    said = echoed(get("-F", "title=A cat", url))
    assert said["fields"]["content-type"].startswith("multipart/form-data; boundary=")
    assert 'form-data; name="title"\r\n\r\nA cat\r\n' in said["content"]


def test_parts_of_a_form_say_their_types_and_names(get, url, tmp_path):
    (tmp_path / "photo.png").write_bytes(b"PNG")
    words = ("-F", "a=@photo.png;type=image/x", "-F", "b=@photo.png;filename=cat.jpg")
    content = echoed(get(*words, "-F", 'c={"d": ";"};type=application/json', url))["content"]
    assert 'name="a"; filename="photo.png"\r\nContent-Type: image/x\r\n\r\nPNG\r\n' in content
    assert 'filename="cat.jpg"\r\nContent-Type: image/jpeg\r\n\r\nPNG\r\n' in content
    assert 'name="c"\r\nContent-Type: application/json\r\n\r\n{"d": ";"}\r\n' in content
    done = get("-F", "a=@photo.png;type=image", url)
    assert done.returncode == 2
    assert b"expected a media type such as image/png after ;type=, got 'image'" in done.stderr


def test_no_data_is_dropped_and_no_file_is_taken_for_a_cookie(get, url):
    done = get("-d", "a=1", "-d", "b=2", url)
    assert done.returncode == 2
    assert b"-d/--data: expected it once, got 'a=1' and 'b=2': join them with '&'" in done.stderr
    done = get("-b", "nojar.txt", url)
    assert done.returncode == 2
    assert (
        b"expected NAME=VALUE or the file of a cookie jar after -b, got 'nojar.txt'" in done.stderr
    )


def test_uploads(get, url, tmp_path):
    (tmp_path / "file").write_bytes(b"from disk")
    said = echoed(get("-T", "file", url))
    assert (said["method"], said["content"]) == ("PUT", "from disk")
    assert said["fields"]["content-length"] == "9"
    assert echoed(get("-T", "-", url, input=b"from stdin"))["content"] == "from stdin"


@pytest.mark.parametrize(
    ("place", "path"),
    [
        ("/echo/", "/echo/a%20%C3%A4%3Fb.txt"),
        ("", "/a%20%C3%A4%3Fb.txt"),
        ("/echo/?x=1", "/echo/a%20%C3%A4%3Fb.txt?x=1"),
        ("/echo/name", "/echo/name"),
        ("/echo?x=/", "/echo?x=/"),
    ],
)
def test_an_upload_into_a_folder_has_the_files_name(get, url, tmp_path, place, path):
    (tmp_path / "a \u00e4?b.txt").write_bytes(b"from disk")
    said = echoed(get("-T", str(tmp_path / "a \u00e4?b.txt"), url + place))
    assert (said["method"], said["path"], said["content"]) == ("PUT", path, "from disk")
    assert echoed(get("-T", "-", url + "/echo/", input=b"x"))["path"] == "/echo/"
    (tmp_path / "a").touch()
    line = get("--curl", "-T", "a", "http://a.example/b/").stdout.decode()
    assert line.rstrip().endswith(" -T a http://a.example/b/a")


def test_one_kind_of_content(get, url):
    done = get("-d", "a", "-F", "b=c", url)
    assert done.returncode == 2
    assert b"expected one kind of content, got -d and -F" in done.stderr


@pytest.mark.parametrize(
    ("options", "value"),
    [(["-u", "me:pw"], "Basic bWU6cHc="), (["--bearer", "abc"], "Bearer abc"), ([], None)],
)
def test_credentials(get, url, options, value):
    assert echoed(get(*options, url))["fields"].get("authorization") == value


def test_one_kind_of_credentials(get, url):
    for more in ([], ["--curl"]):
        done = get(*more, "-u", "me:pw", "--bearer", "abc", url)
        assert (done.returncode, done.stdout) == (2, b"")
        said = b"nethttp get: expected one kind of credentials, got -u for 'me' and --bearer\n"
        assert done.stderr == said


def test_credentials_of_the_url(get, url):
    assert get(url.replace("//", "//me:pw@") + "/private").stdout == b"welcome"


def test_compressed_content_is_unpacked(get, url):
    assert get(url + "/packed").stdout == b"unpacked"
    assert "gzip" in echoed(get(url))["fields"]["accept-encoding"]
    assert echoed(get("--no-compressed", url))["fields"]["accept-encoding"] == "identity"


def test_cookies_are_given_kept_and_saved(get, url, tmp_path):
    assert get("-b", "a=b", url + "/cookie").stdout == b"a=b"
    get("-c", "jar.txt", url + "/cookie")
    assert "id\t7" in (tmp_path / "jar.txt").read_text()
    assert get("-b", "jar.txt", url + "/cookie").stdout == b"id=7"
    assert get("--session", "mine", url + "/cookie").stdout == b""
    assert get("--session", "mine", url + "/cookie").stdout == b"id=7"
    assert get("--session", "other", url + "/cookie").stdout == b""
    (path,) = (tmp_path / "state" / "nethttp" / "sessions").glob("mine.db")
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_proxy(get, url):
    said = echoed(get("-x", url, "http://far.example/echo"))
    assert said["fields"]["host"] == "far.example"


def test_retries(get, url):
    done = get("--retry", "3", url + "/busy")
    assert (done.returncode, done.stdout) == (0, b"at last")


def test_several_urls_are_printed_one_after_the_other(get, url):
    done = get(url + "/json", url + "/missing")
    assert done.stdout == b'{"name":"value"}not here'
    assert done.returncode == 1


# --- what is shown -------------------------------------------------------------------------------


def test_verbose_shows_each_hop(get, url):
    done = get("-L", "-v", url + "/moved")
    lines = done.stderr.decode().splitlines()
    assert [line for line in lines if "HTTP/1.1" in line] == [
        "> GET /moved HTTP/1.1",
        "< HTTP/1.1 302 Found",
        "> GET /echo?moved HTTP/1.1",
        "< HTTP/1.1 200 OK",
    ]
    assert any(line.startswith("> User-Agent: nethttp") for line in lines)


def test_timing_names_the_phases(get, url):
    said = get("--timing", url).stderr.decode()
    for phase in ("connect", "wait", "receive"):
        assert f"  {phase} " in said


def test_what_is_exchanged_is_recorded(get, url, tmp_path):
    assert get("-L", "--har", "calls.har", url + "/moved").returncode == 0
    entries = json.loads((tmp_path / "calls.har").read_text())["log"]["entries"]
    assert [entry["response"]["status"] for entry in entries] == [302, 200]
    assert get("--har", "secret.har", "-u", "me:pw", url + "/private").returncode == 0
    text = (tmp_path / "secret.har").read_text()
    assert "welcome" in text
    assert base64.b64encode(b"me:pw").decode() not in text
    assert get("--har", "no/calls.har", url).returncode == 2


def test_curl_prints_and_sends_nothing(get):
    done = get("--curl", "-d", "x", "http://no.such.host.invalid/")
    assert done.returncode == 0
    assert done.stdout.startswith(b"curl -X POST ")


def test_downloads_are_shown_too(get, url):
    done = get("-v", "--timing", "-o", "saved", "--retry", "3", url + "/busy")
    assert done.returncode == 0
    lines = done.stderr.decode().splitlines()
    answers = [line for line in lines if line.startswith("< HTTP")]
    assert answers == ["< HTTP/1.1 503 Service Unavailable"] * 2 + ["< HTTP/1.1 200 OK"]
    assert sum(line.startswith("> GET /busy HTTP/1.1") for line in lines) == 3
    assert sum(line.startswith("  receive ") for line in lines) == 3
    done = get("-v", "-O", "--jobs", "2", url + "/missing", url + "/moved")
    said = done.stderr.decode()
    assert (done.returncode, said.count("> GET "), said.count("< HTTP/1.1 404 ")) == (1, 3, 1)
    assert "> GET /echo?moved HTTP/1.1" in said
    assert "nethttp get: " in said
    assert get("-O", "--curl", "-v", url + "/big").stderr == b""


def test_curls_command_has_the_cookies_and_says_what_it_lacks(get, url, tmp_path):
    get("--session", "mine", url + "/cookie")
    words = ["--session", "mine", "-b", "id=own; b=c", "--sha256", "0" * 64, "--har", "calls.har"]
    done = get("--curl", *words, url)
    assert b" -H 'Cookie: id=own; b=c' " in done.stdout
    assert done.stderr == (
        b"nethttp get: curl has no --session, --har, --sha256: its command does without\n"
    )
    assert b" -H 'Cookie: id=7' " in get("--curl", "--session", "mine", url).stdout
    assert b"Cookie" not in get("--curl", "--session", "mine", "http://a.example/").stdout
    get("-c", "jar.txt", url + "/cookie")
    before = (tmp_path / "jar.txt").read_text()
    done = get("--curl", "-b", "jar.txt", "-c", "jar.txt", url)
    assert b" -H 'Cookie: id=7' " in done.stdout
    get("--curl", "-c", "jar.txt", url)
    assert (tmp_path / "jar.txt").read_text() == before
    assert not (tmp_path / "calls.har").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "5", "-H", "X-A: b", "-X", "put"],
        ["-u", "me:pw", "-d", "a=b", "-H", "User-Agent:"],
        ["-F", "a=b;c", "-F", "d=@file;type=text/x", "-F", 'e=f";g;type=h/i', "-F", "j=@x;y"],
        ["-T", "file"],
        ["--bearer", "abc", "a=b", "c==d"],
        ["--session", "mine"],
    ],
)
def test_curl_sends_the_same(get, url, tmp_path, program, words):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "x;y").write_bytes(b"content")
    get("--session", "mine", url + "/cookie")
    line = get("--curl", *words, f"{url}/echo/").stdout.decode()
    command = [program("curl"), *shlex.split(line)[1:]]
    theirs = json.loads(subprocess.run(command, capture_output=True, cwd=tmp_path).stdout)
    ours = echoed(get(*words, f"{url}/echo/"))
    for said in (ours, theirs):
        for name in ("accept", "accept-encoding", "user-agent", "content-length", "expect"):
            said["fields"].pop(name, None)
        boundary = said["fields"].get("content-type", "").partition("boundary=")[2]
        if boundary:
            said["content"] = said["content"].replace(boundary, "*")
            said["fields"]["content-type"] = "multipart/form-data; boundary=*"
    assert theirs == ours


# --- downloads -----------------------------------------------------------------------------------


def test_remote_names_and_jobs(get, url, tmp_path):
    names = [f"big.{number}" for number in range(5)]
    done = get("-O", "--jobs", "3", *[f"{url}/{name}" for name in names])
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert all((tmp_path / name).read_bytes() == BIG for name in names)


def test_segments(get, url, tmp_path):
    Handler.parts.clear()
    right = hashlib.sha256(BIG).hexdigest()
    done = get("-O", "--segments", "3", "--sha256", right, f"{url}/parts.a")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert (tmp_path / "parts.a").read_bytes() == BIG
    assert Handler.parts[0] == "bytes=0-"
    assert len(Handler.parts) > 2
    done = get("-O", "--segments", "17", url)
    assert done.returncode == 2
    assert b"expected a number from 1 to 16, got 17" in done.stderr


def test_one_failure_costs_no_other(get, url, tmp_path):
    done = get("-O", "--jobs", "2", f"{url}/missing.1", f"{url}/big.2", f"{url}/big.3")
    assert done.returncode == 1
    assert b"missing.1: 404 Not Found" in done.stderr
    assert sorted(os.listdir(tmp_path)) == ["big.2", "big.3"]


@pytest.mark.parametrize("path", ["", "/", "/a/", "/a/..", "/%2e%2e", "/a%2Fb", "/a%00b"])
def test_a_url_without_a_name(get, url, path, tmp_path):
    done = get("-O", url + path)
    assert done.returncode == 2
    assert os.listdir(tmp_path) == []


def test_a_checksum(get, url, tmp_path):
    right = hashlib.sha256(BIG).hexdigest()
    assert get("-O", "--sha256", right.upper(), url + "/big.a").returncode == 0
    done = get("-O", "--sha256", "0" * 64, url + "/big.b")
    assert done.returncode == 8
    assert right.encode() in done.stderr
    assert os.listdir(tmp_path) == ["big.a"]
    assert get("--sha256", "xyz", url).returncode == 2


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_leaves_what_can_be_resumed_and_says_how(get, url, tmp_path, jobs):
    words = ["-O", f"{url}/slow.iso", "--jobs", str(jobs)]
    if jobs == 2:
        words.append(f"{url}/big.iso")
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp", "get", *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
    )
    assert Handler.half.wait(20)
    until = time.monotonic() + 20
    part = tmp_path / "slow.iso.part"
    while not (part.exists() and part.stat().st_size) and time.monotonic() < until:
        threading.Event().wait(0.01)
    process.send_signal(signal.SIGINT)
    # A thread ends when its server sends something, or closes the connection.
    threading.Event().wait(0.2)
    Handler.go_on.set()
    _, said = process.communicate(timeout=20)
    assert process.returncode == 130
    assert not (tmp_path / "slow.iso").exists()
    assert b"slow.iso: " in said
    assert b"-C goes on" in said
    done = get("-C", "-", "-O", f"{url}/slow.iso")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "slow.iso").read_bytes() == BIG


def test_a_download_follows_redirects(get, url, tmp_path):
    done = get("-o", "saved", url + "/moved")
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "saved").read_bytes())["path"] == "/echo?moved"
