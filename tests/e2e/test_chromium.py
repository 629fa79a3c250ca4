"""A browser opens the listing and follows a link."""

from __future__ import annotations

import re
import subprocess

import pytest

from nethttp.server import SimpleHTTPRequestHandler

FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--disable-dev-shm-usage",
]

FOLLOWING = """\
<!DOCTYPE html><title>follow</title><iframe src="/folder/"></iframe><script>
const frame = document.querySelector("iframe");
let step = 0;
frame.onload = () => {
  const page = frame.contentDocument;
  if (step++ === 0) {
    document.title = page.title;
    [...page.querySelectorAll("a")].find(a => a.textContent.startsWith("note")).click();
  } else {
    document.body.dataset.arrived = frame.contentWindow.location.pathname + " " +
      page.body.innerText;
  }
};
</script>
"""


@pytest.fixture
def url(serve, tmp_path):
    site = tmp_path / "site"
    (site / "folder").mkdir(parents=True)
    (site / "folder" / "note \u00fc & <b>.html").write_text("<body>the note</body>")
    (site / "follow.html").write_text(FOLLOWING)

    class Handler(SimpleHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=site)

        def log_message(self, format, *args):
            pass

    return serve(Handler).url


@pytest.fixture
def browse(program, tmp_path):
    """Return a function that gives a page as the browser has it after its scripts have run."""

    def dump(url: str) -> str:
        done = subprocess.run(
            [
                *(program("chromium"), *FLAGS, f"--user-data-dir={tmp_path}/profile"),
                *("--virtual-time-budget=5000", "--dump-dom", url),
            ],
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return dump


def test_a_browser_opens_the_listing_and_follows_a_link(browse, url):
    page = browse(url + "/follow.html")
    assert "<title>Directory listing for /folder/</title>" in page
    arrived = re.search(r'data-arrived="([^"]*)"', page)
    assert arrived, page
    assert arrived[1] == "/folder/note%20%C3%BC%20%26%20%3Cb%3E.html the note"
