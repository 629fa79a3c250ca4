"""A browser opens the listing and follows a link; a page loads again when its file changes."""

from __future__ import annotations

import re
import subprocess

import pytest

from nethttp.server import SimpleHTTPRequestHandler
from nethttp.server.files import live

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


#: Has the server write the page anew, until that is seen.
WRITING = """<h1>before</h1><script>setInterval(() => fetch("/write"), 300)</script>"""


def test_a_page_loads_again_when_its_file_changes(browse, serve, tmp_path, monkeypatch):
    pytest.importorskip("watchfiles")
    # The browser's time stands still while it waits for a stream.
    monkeypatch.setattr(live, "STREAM_SECONDS", 0.3)
    monkeypatch.setattr(live, "UNUSED_SECONDS", 0.0)
    changes: dict[str, live.Changes] = {}
    page = tmp_path / "site" / "index.html"
    page.parent.mkdir()
    page.write_text(WRITING)

    class Handler(live.LiveHandler):
        protocol_version = "HTTP/1.1"
        _changes = changes

        def __init__(self, *args):
            super().__init__(*args, directory=page.parent)

        def do_GET(self):
            if self.path == "/write":
                page.write_text("<h1>after</h1>")
            super().do_GET()

        def log_message(self, format, *args):
            pass

    assert "<h1>after</h1>" in browse(serve(Handler).url)
    for each in changes.values():
        if each._watching is not None:
            each._watching.join(10)
