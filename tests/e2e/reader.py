"""A reader of the documentation, who types its commands in a folder of their own.

Commands run as they are written, in a shell. Two things differ: a server takes a free port instead
of 8000, and curl says the status after what it prints, so that a test can see it.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PORT = re.compile(r"\b(localhost|127\.0\.0\.1):8000\b")
_CURL = 'silent\nshow-error\nmax-time = 20\nwrite-out = "\\n%{http_code}"\n'


class Served(NamedTuple):
    """A server that the reader has started."""

    process: subprocess.Popen[str]
    said: str
    """What it has printed at the start."""

    @property
    def port(self) -> int:
        """Its port, 0 if it has none."""
        found = re.search(r"https?://[\d.]+:(\d+)/", self.said)
        return int(found[1]) if found else 0

    @property
    def password(self) -> str:
        """The password that was made for a user."""
        return re.search(r"The password of \S+ for this run: (\S+)", self.said)[1]

    def more(self, lines: int) -> str:
        """Return the next lines that it prints."""
        return "".join(self.process.stdout.readline() for _ in range(lines))


class Answer(NamedTuple):
    """What a command has printed."""

    status: int
    """The exit status; of curl that answered, the status of the response."""
    text: str


class Reader:
    """Types commands in `folder`; beside it is what the reader's home has."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        home = folder.parent / "home"
        (home / "bin").mkdir(parents=True)
        command = home / "bin" / "nethttp"
        command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m nethttp "$@"\n')
        command.chmod(0o755)
        (home / ".curlrc").write_text(_CURL)
        self.home = home
        self.log = home / "log"
        """What the last server has written to standard error."""
        self.environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("NETHTTP_")},
            "HOME": str(home),
            "CURL_HOME": str(home),
            "XDG_STATE_HOME": str(home / "state"),
            "PATH": f"{home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "NETHTTP_SERVE_PORT": "0",
        }

    @contextmanager
    def serving(self, command: str) -> Iterator[Served]:
        """Run a command that serves, and end it as Ctrl-C does."""
        with self.log.open("w") as log:
            process = subprocess.Popen(
                ["sh", "-c", f"exec {command}"],
                cwd=self.folder,
                env=self.environment,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                start_new_session=True,
            )
        said = ""
        try:
            while "Ctrl-C ends it." not in said:
                line = process.stdout.readline()
                assert line, f"{command}: {self.log.read_text()}"
                said += line
            yield Served(process, said)
        finally:
            os.killpg(process.pid, signal.SIGINT)
            process.communicate(timeout=30)
        assert process.returncode == 0, self.log.read_text()
        assert "Traceback" not in self.log.read_text()

    def run(self, command: str, port: int, text: str | None = None) -> Answer:
        """Run a command to its end, where the server has `port`; `text` is what it can read."""
        done = subprocess.run(
            ["sh", "-c", PORT.sub(rf"\1:{port}", command)],
            cwd=self.folder,
            env=self.environment,
            input=text,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="surrogateescape",
            timeout=60,
        )
        if "curl " in command and done.returncode == 0:
            printed, _, status = done.stdout.rpartition("\n")
            return Answer(int(status), printed)
        return Answer(done.returncode, done.stdout)
