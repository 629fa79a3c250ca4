"""What the lines of the log say of a request, in each format, by whatever way it was answered."""

from __future__ import annotations

import base64
import json
import re
import signal
import socket
import subprocess
import sys

import pytest

from nethttp.server.files.accounts.passwords import hash_password

PASSWORD = "opensesame"
FORMATS = (None, "plain", "common", "combined", "json")


@pytest.fixture(params=FORMATS)
def logged(request, tmp_path):
    """Return a server's port, and a function that ends it and returns format and log lines."""
    (tmp_path / "root").mkdir()
    (tmp_path / "root" / "f").write_bytes(b"1")
    users = "".join(f"{name}:{hash_password(PASSWORD, cost=4)}\n" for name in ("ann", "bob"))
    (tmp_path / "users").write_text(users)
    form = ["--access-log", request.param] if request.param else []
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "nethttp.server", "0", "-d", str(tmp_path / "root"), *form),
            *("--auth-file", str(tmp_path / "users"), "--allow", "r,users=rwd,-@/private"),
            *("--state", str(tmp_path / "state")),
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )

    def ended() -> tuple[str | None, list[str]]:
        process.send_signal(signal.SIGTERM)
        return request.param, process.communicate(timeout=20)[1].splitlines()

    try:
        line = process.stdout.readline()
        yield int(re.search(r":(\d+)/", line)[1]), ended
    finally:
        process.kill()
        process.communicate()


def user_in(form: str | None, line: str) -> str | None:
    if form == "json":
        return json.loads(line)["user"]
    found = re.match(r"127\.0\.0\.1 - (\S+) \[", line)
    return None if found[1] == "-" else found[1]


def ask(sock: socket.socket, head: str, content: str = "") -> bytes:
    """Send a request, and return the head of its response."""
    length = f"Content-Length: {len(content)}\r\n" if content else ""
    sock.sendall(f"{head}\r\nHost: localhost\r\n{length}\r\n{content}".encode())
    with sock.makefile("rb", buffering=0) as file:
        response = b""
        while not response.endswith(b"\r\n\r\n"):
            response += file.read(1)
        if found := re.search(rb"Content-Length: (\d+)", response):
            left = 0 if head.startswith("HEAD") else int(found[1])
            while left:
                left -= len(file.read(left))
        return response


def basic(name: str, password: str = PASSWORD) -> str:
    return f"Authorization: Basic {base64.b64encode(f'{name}:{password}'.encode()).decode()}"


def test_each_line_has_the_user_of_its_request_and_no_secret(logged):
    port, ended = logged
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        expected: list[str | None] = []
        for _ in range(4):  # The last ones repeat what is kept of the file.
            for user in ("ann", "bob", None):
                field = f"\r\n{basic(user)}" if user else ""
                assert ask(sock, f"GET /f HTTP/1.1{field}").startswith(b"HTTP/1.1 200 ")
                expected.append(user)
        ask(sock, f"PUT /g HTTP/1.1\r\n{basic('bob')}", "content")
        ask(sock, "GET /f HTTP/1.1")
        ask(sock, f"GET /private HTTP/1.1\r\n{basic('ann', 'guessed')}")
        expected += ["bob", None, None]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        kind = "Content-Type: application/x-www-form-urlencoded"
        said = ask(sock, f"POST /?login HTTP/1.1\r\n{kind}", f"name=ann&password={PASSWORD}")
        token = re.search(rb"Set-Cookie: ([\w-]+=([\w-]+))", said)
        for target in ("/f", "/"):
            ask(sock, f"GET {target} HTTP/1.1\r\nCookie: {token[1].decode()}")
        # A request that is none has no user, though the one before on this connection had.
        ask(sock, "GET /f HTTP/1.1\r\nBad field")
        expected += [None, "ann", "ann", None]
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        begin = "Upload-Complete: ?0\r\nUpload-Length: 9"
        said = ask(sock, f"PUT /h HTTP/1.1\r\n{basic('ann')}\r\n{begin}", "part")
        upload = re.search(rb"Location: \?upload=(\w+)", said)[1].decode()
        for user in ("ann", "bob"):
            ask(sock, f"HEAD /h?upload={upload} HTTP/1.1\r\n{basic(user)}")
        ask(sock, f"POST /h?a=b&upload={upload} HTTP/1.1")
        expected += ["ann", "ann", "bob", None]
    form, lines = ended()
    requests = [line for line in lines if "HTTP/1.1" in line]
    assert [user_in(form, line) for line in requests] == expected
    log = "\n".join(lines)
    for secret in (PASSWORD, "guessed", "Basic ", basic("ann")[21:], token[2].decode(), upload):
        assert secret not in log
    assert log.count("upload=...") == 3
