"""A client's tunnels through real proxies: squid, tinyproxy, microsocks, and stunnel before one."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

from nethttp.client.flow.dial import Dialler, Route
from nethttp.client.messages.url import Origin
from nethttp.client.policy.auth.basic import Basic
from nethttp.client.policy.auth.digest import Digest
from nethttp.client.policy.proxies import Proxy
from nethttp.errors import CertificateError, ProxyError
from nethttp.net.effects import Exchange
from nethttp.net.trust import TLSSettings

from ..client.flow.certificates import Authority, tls_peer
from ..flows import peer, runner

__all__ = ["peer", "runner"]


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def server(peer, authority):
    """Return an https server that echoes."""

    def echo(connection):
        while data := connection.recv(65536):
            connection.sendall(data)

    return peer(tls_peer(authority.server("localhost"), echo))


@pytest.fixture
def started(program, eventually):
    """Return a function that starts a program which listens at a port, and returns the port."""
    running = []

    def start(name, make_arguments):
        path = program(name)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        process = subprocess.Popen(
            [path, *make_arguments(port)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        running.append(process)

        def listens():
            if process.poll() is not None:
                pytest.fail(f"{name} has ended: {process.stderr.read().decode()}")
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", port)) == 0

        eventually(listens)
        return port

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def open_folder():
    """Return a folder that squid can read after it has changed to a user of its own."""
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        yield Path(name)


class Marks:
    dns = tls = 0.0


def through(proxy, server, authority):
    """Connect to the server through `proxy`; return the echo of a word."""
    origin = Origin("https", "localhost", server.port)
    route = Route(origin, TLSSettings(str(authority.path)), proxy)
    link = yield from Dialler().connect(route, time.monotonic() + 10, Marks())
    try:
        return (yield Exchange(link, b"hello", time.monotonic() + 10))
    finally:
        link.close()


def configured(folder, name, text):
    path = folder / name
    path.write_text(text)
    path.chmod(0o644)
    return str(path)


def squid(folder, port, auth):
    """The arguments of a squid that wants a user's name and password by `auth`."""
    return [
        "-N",
        "-f",
        configured(
            folder,
            "squid.conf",
            f"""
http_port 127.0.0.1:{port}
{auth}
acl known proxy_auth REQUIRED
http_access allow known
http_access deny all
cache deny all
access_log none
cache_log /dev/null
cache_store_log none
pid_filename none
shutdown_lifetime 0 seconds
""",
        ),
    ]


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_squid(runner, started, server, authority, open_folder, scheme):
    if scheme == "basic":
        word = subprocess.run(
            ["openssl", "passwd", "-apr1", "pw"], capture_output=True, text=True, check=True
        )
        line = f"me:{word.stdout.strip()}\n"
        helper = "/usr/lib/squid/basic_ncsa_auth"
        auth = Basic("me", "pw")
    else:
        line = f"me:realm:{hashlib.md5(b'me:realm:pw').hexdigest()}\n"
        helper = "/usr/lib/squid/digest_file_auth -c"
        auth = Digest("me", "pw")
    users = configured(open_folder, "users", line)
    lines = f"auth_param {scheme} program {helper} {users}\nauth_param {scheme} realm realm\n"
    port = started("squid", lambda port: squid(open_folder, port, lines))
    proxy = Proxy.of(f"http://127.0.0.1:{port}")
    assert runner(through(proxy._replace(auth=auth), server, authority)) == b"hello"
    with pytest.raises(ProxyError, match=r"by 407 .*put them into the proxy's URL") as raised:
        runner(through(proxy, server, authority))
    assert b"Cache Access Denied" in raised.value.response.content
    wrong = type(auth)("me", "wrong")
    with pytest.raises(ProxyError, match=r"by 407 .*check the user name and password"):
        runner(through(proxy._replace(auth=wrong), server, authority))


def tinyproxy(folder, port):
    text = f"Port {port}\nListen 127.0.0.1\nBasicAuth me pw\nMaxClients 10\nTimeout 30\n"
    return ["-d", "-c", configured(folder, "tinyproxy.conf", text)]


def test_tinyproxy(runner, started, server, authority, tmp_path):
    port = started("tinyproxy", lambda port: tinyproxy(tmp_path, port))
    proxy = Proxy.of(f"http://me:pw@127.0.0.1:{port}")
    assert runner(through(proxy, server, authority)) == b"hello"
    with pytest.raises(
        ProxyError, match=r"refused a tunnel to localhost:\d+ by 401 .*check the user name"
    ):
        # 401 is wrong here (RFC 9110 section 15.5.2), and what this proxy says.
        runner(through(proxy._replace(auth=("me", "wrong")), server, authority))


def test_stunnel_before_tinyproxy(runner, started, server, authority, tmp_path):
    other = Authority(tmp_path)
    issued = other.ca.issue_cert("proxy.test", "localhost")
    pem = issued.private_key_and_cert_chain_pem.bytes().decode()
    inner = started("tinyproxy", lambda port: tinyproxy(tmp_path, port))
    port = started(
        "stunnel",
        lambda port: [
            configured(
                tmp_path,
                "stunnel.conf",
                f"foreground = yes\npid =\n[proxy]\naccept = 127.0.0.1:{port}\n"
                f"connect = 127.0.0.1:{inner}\ncert = {configured(tmp_path, 'p.pem', pem)}\n",
            )
        ],
    )
    proxy = Proxy.of(f"https://me:pw@localhost:{port}")._replace(verify=str(other.path))
    assert runner(through(proxy, server, authority)) == b"hello"
    with pytest.raises(CertificateError):
        runner(through(proxy._replace(verify=str(authority.path)), server, authority))


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_microsocks(runner, started, server, authority, scheme):
    port = started(
        "microsocks",
        lambda port: ["-i", "127.0.0.1", "-p", str(port), "-u", "me", "-P", "pw"],
    )
    proxy = Proxy.of(f"{scheme}://me:pw@127.0.0.1:{port}")
    assert runner(through(proxy, server, authority)) == b"hello"
    with pytest.raises(ProxyError, match="refused the user name and password"):
        runner(through(proxy._replace(auth=("me", "wrong")), server, authority))
    with pytest.raises(ProxyError, match=r"wants (a user name|another)"):
        runner(through(proxy._replace(auth=None), server, authority))
