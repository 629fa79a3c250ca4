"""``python -m nethttp.server``, as a user types it."""

from __future__ import annotations

import re
import signal
import socket
import ssl
import subprocess
import sys
from contextlib import contextmanager

import pytest
import trustme

from nethttp.client import HTTPConnection, HTTPSConnection


@contextmanager
def running(*options: str, cwd=None):
    """Run the command and give (process, what it says before it serves, the port)."""
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp.server", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=cwd,
    )
    try:
        said = ""
        while "Ctrl-C" not in said:
            line = process.stdout.readline()
            assert line, process.stderr.read()
            said += line
        yield process, said, int(re.search(r":(\d+)/", said)[1])
    finally:
        process.kill()
        process.communicate()


def refused(*options: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "nethttp.server", *options],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.returncode in (1, 2)
    assert "Traceback" not in done.stderr
    return done.stderr.strip().splitlines()[-1]


def get(port: int, path: str = "/"):
    with HTTPConnection("127.0.0.1", port, timeout=10) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(), response.version


def test_serves_the_current_directory_to_this_machine(tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    with running("0", cwd=tmp_path) as (process, said, port):
        assert f"Serving {tmp_path} at http://127.0.0.1:{port}/" in said
        assert "--bind 0.0.0.0" in said
        assert get(port, "/a.txt") == (200, b"hello", 11)
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0


def test_sigterm_ends_it_cleanly(tmp_path):
    with running("0", "--directory", str(tmp_path)) as (process, _, _port):
        process.terminate()
        assert process.wait(10) == 0


def test_options(tmp_path):
    with running("0", "-d", str(tmp_path), "-b", "0.0.0.0", "-p", "HTTP/1.0") as (_, said, port):
        assert "Everyone on the network can open it" in said
        assert get(port)[2] == 10


@pytest.mark.skipif(not socket.has_ipv6, reason="no IPv6 here")
def test_ipv6_serves_ipv4_too(tmp_path):
    with running("0", "-d", str(tmp_path), "-b", "::") as (_, said, port):
        assert f"http://[::1]:{port}/" in said
        assert get(port)[0] == 200


def test_cgi(tmp_path):
    (tmp_path / "cgi-bin").mkdir()
    (tmp_path / "cgi-bin" / "a.py").write_text("print('Content-Type: text/plain\\n\\nran')")
    with running("0", "-d", str(tmp_path), "--cgi") as (_, _said, port):
        assert get(port, "/cgi-bin/a.py")[1].strip() == b"ran"


def test_links_option(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "x").write_text("outside")
    (site / "x").symlink_to(tmp_path / "x")
    with running("0", "-d", str(site)) as (_, _said, port):
        assert get(port, "/x")[0] == 404
    with running("0", "-d", str(site), "--follow-links", "all") as (_, _said, port):
        assert get(port, "/x")[1] == b"outside"


@pytest.fixture(scope="module")
def tls(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tls")
    authority = trustme.CA()
    issued = authority.issue_cert("localhost")
    issued.private_key_and_cert_chain_pem.write_to_path(folder / "both.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    (folder / "garbage.pem").write_text("garbage")
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return folder, context


def test_https(tls, tmp_path):
    folder, context = tls
    for files in (["both.pem"], ["cert.pem", "key.pem"]):
        options = ["--tls-cert", str(folder / files[0])]
        if len(files) > 1:
            options += ["--tls-key", str(folder / files[1])]
        with running("0", "-d", str(tmp_path), *options) as (_, said, port):
            assert f"https://127.0.0.1:{port}/" in said
            with HTTPSConnection("localhost", port, timeout=10, context=context) as connection:
                connection.request("GET", "/")
                assert connection.getresponse().status == 200


def test_what_is_wrong_is_said_in_a_line(tls, tmp_path):
    folder, _ = tls
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"cannot bind to 127.0.0.1 port {port}: Address already in use" in refused(port)
    assert "no such directory: /nothing" in refused("-d", "/nothing")
    assert "cannot bind to no.such.host" in refused("-b", "no.such.host.invalid", "0")
    said = refused("--tls-cert", "/nothing")
    assert "cannot read /nothing: No such file or directory" in said
    garbage = str(folder / "garbage.pem")
    assert "cannot use the certificate" in refused("--tls-cert", garbage, "0")
    assert "cannot use the certificate" in refused("--tls-cert", str(folder / "cert.pem"), "0")
    assert "expected --tls-cert" in refused("--tls-key", garbage)
    assert "no such directory or file: abc (an application is named as abc:app)" in refused("abc")
    assert "port" in refused("70000")
