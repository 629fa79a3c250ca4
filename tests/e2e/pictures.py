"""Takes the pictures of the page for the README: `make pictures`."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from contextlib import closing
from pathlib import Path

from nethttp.server import ThreadingHTTPServer

from ..server.files.shares import handler_of, share
from .browser import Browser

IMAGES = Path(__file__).parents[2] / "docs" / "images"

#: 2026-06-01.
SOME_TIME = 1_780_300_800

FILES = {
    "Letters/to Ada.txt": 900,
    "Photos/harbour 1.svg": 400,
    "Photos/harbour 2.svg": 400,
    "budget 2026.csv": 48_200,
    "concert.mp3": 7_400_000,
    "lake.svg": 300,
    "minutes 9.md": 2_100,
    "minutes 10.md": 3_300,
    "report.pdf": 1_260_000,
    "setup.tar.gz": 24_800_000,
    "talk.mp4": 61_000_000,
    "README.md": 0,
}

LAKE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 160 90"><path fill="#9cc7e8" '
    'd="M0 0h160v90H0z"/><path fill="#5c7d5a" d="M0 55l40-30 30 22 35-35 55 43z"/>'
    '<path fill="#3f6f99" d="M0 55h160v35H0z"/></svg>'
)
README = "Everything from the club, newest minutes last.\n\nPlease put pictures into Photos.\n"

BOXES = "document.querySelectorAll('tbody input')"
CHOOSE = f"{BOXES}.forEach((box, i) => (i > 1 && i < 5) && box.click())"
OPEN = "[...document.querySelectorAll('td a')].find(a => a.textContent === 'lake.svg').click()"


def fill(root: Path) -> None:
    """Make the files that the pictures show."""
    for number, (path, size) in enumerate(FILES.items()):
        file = root / path
        file.parent.mkdir(exist_ok=True, parents=True)
        with open(file, "wb") as opened:
            opened.truncate(size)
        if path.endswith(".svg"):
            file.write_text(LAKE)
        if path == "README.md":
            file.write_text(README)
        os.utime(file, (SOME_TIME + 86_400 * number,) * 2)
    for folder in ("Letters", "Photos"):
        os.utime(root / folder, (SOME_TIME, SOME_TIME))


def take(browser: Browser, url: str) -> None:
    """Take each picture."""
    for name, width, height, dark, script in (
        ("listing", 1000, 760, False, CHOOSE),
        ("listing-dark", 1000, 760, True, "0"),
        ("listing-phone", 360, 640, False, "0"),
        ("listing-preview", 1000, 760, False, OPEN),
    ):
        browser.size(width, height, dark=dark)
        browser.open(url)
        browser.wait("document.body.classList.contains('scripted')")
        browser.run(script)
        browser.wait("[...document.images].every(image => image.complete)")
        (IMAGES / f"{name}.png").write_bytes(browser.picture())


def main() -> None:
    """Serve a folder and take its pictures."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("chromium is not installed")
    with tempfile.TemporaryDirectory() as place:
        root = Path(place) / "Club"
        root.mkdir()
        fill(root)
        handler = handler_of(share(root))
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            try:
                with closing(Browser(program, Path(place) / "profile")) as browser:
                    take(browser, f"http://127.0.0.1:{server.server_port}/")
            finally:
                server.shutdown()
                thread.join()


if __name__ == "__main__":
    main()
