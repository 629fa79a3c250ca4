"""The server's command as a process under test: where it listens, and its workers."""

from __future__ import annotations

import os
import re
import ssl
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Command", "unverified"]

Place = str | tuple[str, int]


class Command:
    """``python -m nethttp.server`` with `arguments`, running in `folder` until `stop`.

    It listens at a free port of the loopback, or at a Unix socket in `folder` with `unix`.

    Raises:
        SystemExit: it does not start.
    """

    def __init__(self, arguments: Sequence[str], folder: Path, *, unix: bool = False) -> None:
        self.told = folder / "stderr"
        path = folder / "socket"
        bind = f"unix:{path}" if unix else "127.0.0.1:0"
        here = str(Path(__file__).parent.parent)
        with open(self.told, "wb") as errors:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "nethttp.server", *arguments, "--bind", bind],
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
                cwd=folder,
                env={**os.environ, "PYTHONPATH": here},
                start_new_session=True,
            )
        assert self.process.stdout
        said = ""
        while "Ctrl-C" not in said:
            line = self.process.stdout.readline()
            if not line:
                raise SystemExit(f"the server did not start: {self.told.read_text()}")
            said += line
        port = re.search(r"://127\.0\.0\.1:(\d+)/", said)
        self.address: Place = ("127.0.0.1", int(port[1])) if port else str(path)

    @property
    def pid(self) -> int:
        """The supervisor's process."""
        return self.process.pid

    def workers(self) -> list[int]:
        """Return the processes of the workers there are now."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [*map(int, children.split())]

    def ended(self, seconds: float = 40.0) -> int:
        """Wait until the server ends, kill it if it does not, and return its exit status."""
        try:
            self.process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
        return self.process.returncode

    def stop(self) -> int:
        """Stop the server with SIGTERM, and return its exit status."""
        self.process.terminate()
        return self.ended()


def unverified() -> ssl.SSLContext:
    """Return a client's context for a certificate that the server has made for itself."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
