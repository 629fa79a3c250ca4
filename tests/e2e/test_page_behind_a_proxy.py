"""The page of a shared folder behind nginx, which takes a prefix off the path of each request."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from .elements import button, row

CONFIG = """\
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off; client_body_temp_path {dir}/b; proxy_temp_path {dir}/p;
  fastcgi_temp_path {dir}/f; uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s;
  server {{
    listen 127.0.0.1:{port};
    location /our/files/ {{
      proxy_pass http://127.0.0.1:{behind}/; proxy_set_header Host $http_host;
    }}
  }}
}}
"""


@pytest.fixture
def proxied(page, program, tmp_path):
    """The browser with the page, at the URL that the proxy has for it."""
    path = program("nginx")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = free.getsockname()[1]
    place = tmp_path / "nginx"
    place.mkdir()
    config = place / "nginx.conf"
    config.write_text(CONFIG.format(dir=place, port=port, behind=urlsplit(page.url).port))
    process = subprocess.Popen(
        [path, "-c", str(config), "-e", str(place / "error.log")], stderr=subprocess.DEVNULL
    )
    try:
        until = time.monotonic() + 10
        while time.monotonic() < until and process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.02)
        page.url = f"http://127.0.0.1:{port}/our/files"
        page.open(page.url + "/")
        page.wait("document.body.classList.contains('scripted')")
        yield page
    finally:
        process.terminate()
        process.wait(10)


def test_all_of_it_holds_behind_a_prefix(proxied, root, tmp_path):
    said = "document.querySelector('#said').textContent"
    (tmp_path / "new.txt").write_text("new")
    proxied.run(f"{row('file1.txt')}.querySelector('a').focus()")
    proxied.press("F2")
    proxied.type("first")
    proxied.press("Enter")
    proxied.wait(row("first.txt"))
    proxied.press("m")
    proxied.wait("document.activeElement.id === 'move-into'")
    proxied.press("End")
    proxied.type("sub/deep")
    proxied.press("Enter")
    proxied.wait(f"{said}.startsWith('Moved 1 entry')")
    assert (root / "sub" / "deep" / "first.txt").read_text() == "text 1"
    proxied.drop(tmp_path / "new.txt")
    proxied.wait(f"{said}.startsWith('1 of 1 file uploaded')")
    assert (root / "new.txt").read_text() == "new"
    proxied.click(button("Search"))
    proxied.wait("document.activeElement.id === 'wanted'")
    proxied.type("first")
    proxied.press("Enter")
    proxied.wait("document.querySelector('#results a')")
    proxied.click("document.querySelector('#results a')")
    proxied.wait("document.body.textContent === 'text 1'")
    proxied.open(proxied.url + "/sub/deep/")
    proxied.wait("document.body.classList.contains('scripted')")
    proxied.run(f"{row('first.txt')}.querySelector('a').focus()")
    proxied.press("F2")
    proxied.type("last")
    proxied.press("Enter")
    proxied.wait(row("last.txt"))
    proxied.press("Delete")
    proxied.wait(button("Delete"))
    proxied.click(button("Delete"))
    proxied.wait(f"!{row('last.txt')}")
    assert not list((root / "sub" / "deep").iterdir())
    proxied.click("document.querySelector('nav a')")
    proxied.wait(f"location.href === '{proxied.url}/' && {row('new.txt')}")


def test_forms_lead_back_behind_a_prefix(proxied, root):
    proxied.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        proxied.open(proxied.url + "/sub/?sort=name")
        proxied.click("document.querySelectorAll('summary')[1]")
        proxied.click("document.querySelector('#folder')")
        proxied.type("made")
        proxied.click(button("Make folder"))
        proxied.wait(row("made"))
        assert proxied.run("location.href") == proxied.url + "/sub/"
    finally:
        proxied.call("Emulation.setScriptExecutionDisabled", value=False)
    assert (root / "sub" / "made").is_dir()
