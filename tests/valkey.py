"""A Valkey server of the test's own."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from .conftest import SEARCH_PATH

#: The programs that speak Valkey's protocol, the best first.
SERVERS = ("valkey-server", "redis-server")


class ValkeyServer:
    """A server on a port of its own that writes every change to its file before it answers."""

    def __init__(self, program: str, directory: Path, *options: str) -> None:
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self.port = free.getsockname()[1]
        self.url = f"valkey://127.0.0.1:{self.port}/0"
        self._command = [
            *(program, "--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(directory)),
            *("--save", "", "--appendonly", "yes", "--appendfsync", "always", *options),
        ]
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self._process = subprocess.Popen(
            self._command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self, how: int = signal.SIGKILL) -> None:
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def freeze(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def command(self, *words: str) -> Any:
        """Return the answer to a command, once the server listens."""
        import redis

        retry = redis.retry.Retry(redis.backoff.ConstantBackoff(0.02), 500)
        with closing(redis.Redis(port=self.port, retry=retry, decode_responses=True)) as client:
            return client.execute_command(*words)


@pytest.fixture
def valkey_program() -> str:
    for name in SERVERS:
        path = shutil.which(name, path=SEARCH_PATH)
        if path is not None:
            return path
    message = f"none of {', '.join(SERVERS)} is installed"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture
def valkey(valkey_program: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyServer]:
    server = ValkeyServer(valkey_program, tmp_path_factory.mktemp("valkey"))
    server.command("PING")
    yield server
    server.kill()
