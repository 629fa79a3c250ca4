"""The files of docs/production.md, used as they stand: only paths and ports are others."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest
import trustme

from nethttp.client import HTTPSConnection

PAGE = (Path(__file__).parents[2] / "docs" / "production.md").read_text()
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
BLOCKS = FENCE.findall(PAGE)

(PROGRAM,) = [text for language, text in BLOCKS if language == "python"]
(SITE,) = [text for language, text in BLOCKS if language == "nginx"]
SOCKET, SERVICE = [text for language, text in BLOCKS if language == "ini"]
(ROTATION,) = [text for language, text in BLOCKS if "postrotate" in text]

NGINX = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  {site}
}}
"""

SERVE = """\
import os, sys
os.environ["LISTEN_PID"] = str(os.getpid())
os.environ["LISTEN_FDS"] = "1"
from nethttp.__main__ import main
sys.exit(main())
"""
"""What systemd does between its fork and the program; the socket is descriptor 3."""


def options_of_the_service(log: Path) -> list[str]:
    """Return what ExecStart gives to nethttp."""
    command = SERVICE.replace("\\\n", " ").partition("ExecStart=")[2].partition("\n")[0].split()
    assert command[0] == "/srv/program/venv/bin/nethttp"
    return [word.replace("/var/log/program/access.log", str(log)) for word in command[1:]]


@pytest.fixture
def service(tmp_path):
    """The program, served at a Unix socket that this process has opened in systemd's place."""
    (tmp_path / "program.py").write_text(PROGRAM)
    with closing(socket.socket(socket.AF_UNIX)) as listener:
        listener.bind(str(tmp_path / "http"))
        listener.listen()
        command = [sys.executable, "-c", SERVE, *options_of_the_service(tmp_path / "access.log")]
        shell = f'exec 3<&{listener.fileno()}; exec "$@"'
        process = subprocess.Popen(
            ["bash", "-c", shell, "-", *command],
            cwd=tmp_path,
            pass_fds=[listener.fileno()],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        said = process.stdout.readline()
        assert "program:app" in said, said
        yield tmp_path
        process.terminate()
        rest = process.communicate(timeout=30)[0]
        assert process.returncode == 0, rest


@pytest.fixture
def site(service, program):
    """nginx in front of the service; gives its port and the authority of its certificate."""
    authority = trustme.CA()
    authority.issue_cert("localhost").private_key_and_cert_chain_pem.write_to_path(
        str(service / "both.pem")
    )
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    text = SITE.replace("listen 443", f"listen 127.0.0.1:{port}")
    text = text.replace("/run/program/http", str(service / "http"))
    text = re.sub(r"/etc/letsencrypt\S+(?=;)", str(service / "both.pem"), text)
    (service / "nginx.conf").write_text(NGINX.format(dir=service, site=text))
    error_log = service / "error.log"
    process = subprocess.Popen(
        [program("nginx"), "-c", str(service / "nginx.conf"), "-e", str(error_log)],
        stderr=subprocess.PIPE,
    )
    until = time.monotonic() + 10
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            break
        except ConnectionRefusedError:
            assert process.poll() is None, error_log.read_text()
            assert time.monotonic() < until, "nginx did not begin to listen"
    context = ssl.create_default_context()
    authority.configure_trust(context)
    yield port, context
    process.terminate()
    process.communicate(timeout=30)


def test_the_program_sees_the_client_behind_nginx(site, service):
    port, context = site
    with HTTPSConnection("localhost", port, context=context, timeout=10) as connection:
        for invented in ("192.0.2.9", "::1, unix"):
            connection.request("GET", "/", headers={"X-Forwarded-For": invented})
            answer = connection.getresponse()
            assert answer.status == 200
            assert answer.read() == b"Hello, 127.0.0.1, by https\n"
        for path in ("/alive", "/ready"):
            connection.request("GET", path)
            answer = connection.getresponse()
            assert (answer.status, answer.read()) == (200, b"ok\n")
    for line in (service / "access.log").read_text().splitlines()[:2]:
        assert line.startswith("127.0.0.1 ")
        assert '"GET / HTTP/1.1" 200 27' in line


def test_systemd_knows_every_word_of_the_units(program, tmp_path):
    # The command must exist where it is looked for.
    executable = shutil.which("true")
    service = SERVICE.replace("/srv/program/venv/bin/nethttp", executable)
    (tmp_path / "program.service").write_text(service)
    (tmp_path / "program.socket").write_text(SOCKET)
    done = subprocess.run(
        [program("systemd-analyze"), "verify", *map(str, sorted(tmp_path.glob("program.*")))],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_logrotate_reads_the_rules(program, tmp_path):
    (tmp_path / "rules").write_text(ROTATION)
    (tmp_path / "rules").chmod(0o644)
    done = subprocess.run(
        [
            program("logrotate"),
            "--debug",
            "--state",
            str(tmp_path / "state"),
            str(tmp_path / "rules"),
        ],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0
    assert "error" not in done.stderr
