"""The client's authentication against real peers: nginx, and squid that forwards requests."""

from __future__ import annotations

import asyncio
import hashlib
import subprocess

import pytest

from nethttp.client.aclient import AsyncClient
from nethttp.client.client import Client
from nethttp.client.policy.auth import Digest
from nethttp.client.policy.proxies import Proxy

from .test_client_proxies import configured, open_folder, squid, started

__all__ = ["open_folder", "started"]

NGINX = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {dir}/b; proxy_temp_path {dir}/p; fastcgi_temp_path {dir}/f;
  uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{
    listen 127.0.0.1:{port};
    location / {{ return 200 "open"; }}
    location /private {{
      auth_basic "Gr\u00fc\u00dfe"; auth_basic_user_file {users}; root {dir}/site;
      proxy_pass http://127.0.0.1:{port}/open;
    }}
  }}
}}
"""


@pytest.fixture
def nginx(started, tmp_path):
    """Return the URL of an nginx whose /private wants a name and password."""

    def arguments(port):
        word = subprocess.run(
            ["openssl", "passwd", "-apr1", "p\xe4ss"], capture_output=True, text=True, check=True
        )
        users = configured(tmp_path, "users", f"m\xe9:{word.stdout}")
        text = NGINX.format(dir=tmp_path, port=port, users=users)
        return ["-c", configured(tmp_path, "nginx.conf", text), "-e", str(tmp_path / "error.log")]

    return f"http://127.0.0.1:{started('nginx', arguments)}"


@pytest.mark.parametrize(
    ("auth", "status"),
    [(None, 401), (("m\xe9", "wrong"), 401), (("m\xe9", "p\xe4ss"), 200)],
)
def test_nginx_basic(nginx, auth, status):
    with Client(trust_env=False) as client:
        response = client.get(f"{nginx}/private", auth=auth)
        assert response.status_code == status
        assert client.get(f"{nginx}/").text == "open"

    async def main():
        async with AsyncClient(trust_env=False, auth=auth) as client:
            return (await client.get(f"{nginx}/private")).status_code

    assert asyncio.run(main()) == status


def test_nginx_by_the_urls_userinfo_and_by_netrc(nginx, tmp_path, monkeypatch):
    with Client(trust_env=False) as client:
        url = nginx.replace("://", "://m%C3%A9:p%C3%A4ss@")
        assert client.get(f"{url}/private").status_code == 200
    file = tmp_path / "netrc"
    file.write_text("machine 127.0.0.1 login m\xe9 password p\xe4ss")
    file.chmod(0o600)
    monkeypatch.setenv("NETRC", str(file))
    with Client() as client:
        assert client.get(f"{nginx}/private").status_code == 200


@pytest.mark.parametrize("scheme", ["basic", "digest"])
def test_squid_forwards(started, nginx, open_folder, scheme):
    if scheme == "basic":
        word = subprocess.run(
            ["openssl", "passwd", "-apr1", "pw"], capture_output=True, text=True, check=True
        )
        line = f"me:{word.stdout.strip()}\n"
        helper = "/usr/lib/squid/basic_ncsa_auth"
        auth = ("me", "pw")
    else:
        line = f"me:realm:{hashlib.md5(b'me:realm:pw').hexdigest()}\n"
        helper = "/usr/lib/squid/digest_file_auth -c"
        auth = Digest("me", "pw")
    users = configured(open_folder, "users", line)
    lines = f"auth_param {scheme} program {helper} {users}\nauth_param {scheme} realm realm\n"
    port = started("squid", lambda port: squid(open_folder, port, lines))
    proxy = Proxy.of(f"http://127.0.0.1:{port}")
    with Client(proxy=proxy._replace(auth=auth), trust_env=False) as client:
        for _ in range(3):
            assert client.get(f"{nginx}/").text == "open"
        assert client.get(f"{nginx}/private").status_code == 401
        assert client.get(f"{nginx}/private", auth=("m\xe9", "p\xe4ss")).status_code == 200
    with Client(proxy=proxy, trust_env=False) as client:
        assert client.get(f"{nginx}/").status_code == 407
