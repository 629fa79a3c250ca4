"""Makes the pictures of `nethttp get` in docs/images: what the real command prints to a terminal.

Each picture is one run of the command in a pseudo-terminal. The server that answers is given to the
command as its proxy, so that the pictures show names instead of a port of this machine.
`make pictures` writes them; `tests/test_pictures.py` holds them against the command.
"""

from __future__ import annotations

import fcntl
import html
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from rich.console import Console
from rich.text import Text

from nethttp.server import BaseHTTPRequestHandler, ThreadingHTTPServer

IMAGES = Path(__file__).parent.parent / "docs" / "images"
WIDTH = 78
ROWS = 40
#: The bytes of a file, and of each piece in which it is sent.
LARGE = 30_000_000
PIECE = 500_000
#: How much of each file has been received when the picture is taken.
SHARES = {"a": 0.9, "b": 0.7, "c": 0.4}

#: What a terminal does before it writes a line anew: rich clears the lines of its bars from below.
CLEARED = re.compile(rb"(?:\r|\x1b\[2K|\x1b\[1A|\x1b\[\?25[lh])+")

FONTS = re.compile(r"^ *@font-face \{.*?\}\n", re.MULTILINE | re.DOTALL)


class Picture(NamedTuple):
    """A picture: the file's name, the arguments of `nethttp get`, and whether it moves."""

    name: str
    arguments: tuple[str, ...]
    moves: bool = False


PICTURES = (
    Picture("get-json", ("http://api.example.com/users", "name=Ada", "langs:=[1, 2]")),
    Picture("get-verbose", ("-v", "-L", "http://api.example.com/me")),
    Picture(
        "get-progress",
        ("-O", "--jobs", "3", *(f"http://files.example.com/{name}.iso" for name in "abc")),
        moves=True,
    ),
)


class Answering(BaseHTTPRequestHandler):
    """A proxy that answers by itself, always the same."""

    protocol_version = "HTTP/1.1"
    until_seen = threading.Event()

    def do_GET(self) -> None:
        if self.path.endswith(".iso"):
            self.send_file()
        elif self.path.endswith("/me"):
            self.send(302, b"", "text/plain", Location="/users/7")
        else:
            self.send_json(200, {"id": 7, "name": "Ada", "admin": True, "team": None})

    def do_POST(self) -> None:
        sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_json(201, {"id": 7, **sent, "created": "2026-11-28T10:00:00Z"})

    def send_json(self, status: int, value: object) -> None:
        self.send(status, json.dumps(value).encode(), "application/json")

    def send(self, status: int, content: bytes, kind: str, **fields: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def send_file(self) -> None:
        """Send a file's share, and the rest of it when the picture is taken."""
        self.send_response(200)
        self.send_header("Content-Type", "application/octet-stream")
        self.send_header("Content-Length", str(LARGE))
        self.end_headers()
        first = int(LARGE * SHARES[self.path[-5]]) // PIECE
        for _ in range(first):
            self.wfile.write(bytes(PIECE))
            self.until_seen.wait(0.03)
        self.until_seen.wait(60)
        self.wfile.write(bytes(LARGE - first * PIECE))

    def version_string(self) -> str:
        return "nethttp"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return "Sat, 28 Nov 2026 10:00:00 GMT"

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def answering() -> Iterator[str]:
    """Give the URL of a proxy that answers."""
    Answering.until_seen = threading.Event()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answering) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        Answering.until_seen.set()
        server.shutdown()
        thread.join()


def printed(picture: Picture, proxy: str) -> bytes:
    """Return what the command prints to a terminal; of a picture that moves, up to a moment."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, WIDTH, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    with TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "nethttp", "get", *picture.arguments],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            cwd=folder,
            env={**kept, "http_proxy": proxy, "TERM": "xterm-256color", "PYTHONUTF8": "1"},
        )
        os.close(theirs)
        shown = b""
        try:
            while data := _read(ours):
                shown += data
                if picture.moves and _is_the_moment(shown):
                    break
            seen = shown
            Answering.until_seen.set()
            while _read(ours):
                pass
        finally:
            os.close(ours)
            status = process.wait(60)
    assert status == 0, (status, shown)
    return seen


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that no process has the terminal open
        return b""


def _is_the_moment(shown: bytes) -> bool:
    """Return whether each server has sent what it sends before the picture is taken."""
    last = frame(shown)
    return all(f"{share * LARGE / 1e6:.1f}/" in last for share in SHARES.values())


def frame(shown: bytes) -> str:
    """Return what the screen shows at the end: the text after the lines that were last cleared."""
    return CLEARED.split(shown.replace(b"\r\n", b"\n"))[-1].decode()


def command_of(picture: Picture) -> str:
    """Return the command as a user types it."""
    quoted = (f"'{word}'" if " " in word else word for word in picture.arguments)
    return " ".join(["nethttp", "get", *quoted])


def svg_of(picture: Picture, text: str) -> str:
    """Return the picture of a terminal with the command, and below it the text."""
    with open(os.devnull, "w") as nowhere:
        console = Console(
            record=True, width=WIDTH, file=nowhere, force_terminal=True, color_system="truecolor"
        )
        console.print(Text("$ ", style="bold green") + Text(command_of(picture)))
        console.print(Text.from_ansi(text.strip("\n")))
        svg = console.export_svg(title=" ", unique_id=picture.name)
    # Fonts of other hosts: pages that show pictures do not load them.
    return FONTS.sub("", svg)


def drawn(picture: Picture) -> str:
    """Return the picture of what the command prints now."""
    with answering() as proxy:
        return svg_of(picture, frame(printed(picture, proxy)))


def words_of(svg: str) -> list[str]:
    """Return the texts of a picture, in their order."""
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", svg)
    return " ".join(html.unescape(text) for text in texts).split()


def main() -> None:
    """Write all pictures into docs/images."""
    for picture in PICTURES:
        path = IMAGES / f"{picture.name}.svg"
        path.write_text(drawn(picture))
        print(path)


if __name__ == "__main__":
    main()
