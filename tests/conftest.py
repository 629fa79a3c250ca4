"""What holds for every test: nothing leaks, and a missing peer is said, not passed over in CI."""

from __future__ import annotations

import os
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from types import ModuleType
from typing import Any

import pytest
from hypothesis import settings

# No test is about how long one example takes, and a busy machine takes long for any.
settings.register_profile("nethttp", deadline=None)
settings.load_profile("nethttp")

#: Where a distribution puts servers that are not on a user's PATH.
SEARCH_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])

#: Peers that cannot be had everywhere, even in CI.
MAY_BE_MISSING = {"chromium"}


def pytest_configure(config: pytest.Config) -> None:
    """Let tests fork in a worker of pytest-xdist, which has a thread that talks to the others.

    Python warns of a fork beside another thread. Without workers (``-n 0``) the warning is an error
    as any other; CI runs the tests that fork so too.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        config.addinivalue_line(
            "filterwarnings", "ignore:This process .* is multi-threaded:DeprecationWarning"
        )


@pytest.fixture(autouse=True, scope="session")
def children_obey_ctrl_c():
    """Let SIGINT end the programs of tests, also in a shell's background, which ignores it."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True, scope="session")
def resolvers_threads_end_at_once() -> Iterator[None]:
    """Have the threads of the resolver end without a name to resolve: each test waits for them."""
    from nethttp.net import resolver

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resolver, "IDLE", 0.01)
        yield


@pytest.fixture
def program() -> Callable[[str], str]:
    """Return a function that gives the path of a program, and skips without it (fails in CI)."""

    def find(name: str) -> str:
        path = shutil.which(name, path=SEARCH_PATH)
        if path is None:
            message = f"{name} is not installed"
            if os.environ.get("CI") and name not in MAY_BE_MISSING:
                pytest.fail(message)
            pytest.skip(message)
        return path

    return find


@pytest.fixture(scope="session", params=["pure", "C"])
def twin(request: pytest.FixtureRequest) -> ModuleType:
    """Return one twin after the other; skip a C twin that was not built, unless it must be."""
    from nethttp.wire.h1 import _head_py

    if request.param == "pure":
        return _head_py
    try:
        from nethttp.wire.h1 import _head_c
    except ImportError:
        if os.environ.get("NETHTTP_BUILD") == "require":
            raise
        pytest.skip("the C twin was not built")
    return _head_c


@contextmanager
def _no_thread_left() -> Iterator[None]:
    before = set(threading.enumerate())
    yield
    started = set(threading.enumerate()) - before
    # Those that have nothing to do any more are given the time to end.
    until = time.monotonic() + 5
    for thread in started:
        thread.join(max(0.0, until - time.monotonic()))
    left = [repr(thread) for thread in started if thread.is_alive()]
    assert not left, f"threads left running: {left}"


@pytest.fixture(autouse=True)
def no_thread_is_left() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    with _no_thread_left():
        yield


@pytest.fixture(scope="session")
def watch_threads() -> Callable[[], AbstractContextManager[None]]:
    """Return a context manager that fails if a thread is left when it ends.

    For what several tests share, which cannot be asked of each of them.
    """
    return _no_thread_left


@pytest.fixture(scope="session")
def eventually() -> Callable[[Callable[[], Any]], Any]:
    """Return a function that calls `ask` until what it returns is true, and returns that.

    For what a server does behind its answer: a client that has the answer may be ahead of it.
    """

    def wait_for(ask: Callable[[], Any]) -> Any:
        until = time.monotonic() + 10
        while not (found := ask()):
            assert time.monotonic() < until, f"waited in vain: {found!r}"
            time.sleep(0.002)  # there is no event to wait for: the server does it behind its answer
        return found

    return wait_for


@pytest.fixture
def printed(
    capfd: pytest.CaptureFixture[str], eventually: Callable[[Callable[[], Any]], Any]
) -> Callable[..., str]:
    """Return a function that waits until `text` is on standard error, and returns all of it."""
    seen = ""

    def has(text: str, times: int) -> bool:
        nonlocal seen
        seen += capfd.readouterr().err
        return seen.count(text) >= times

    def wait_for(text: str, times: int = 1) -> str:
        eventually(lambda: has(text, times))
        return seen

    return wait_for


class Served:
    """A server that runs in a thread: `address`, `port`, `url`, and what it printed of errors."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.address = server.server_address[:2]
        self.port = server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def serve() -> Iterator[Callable[..., Served]]:
    """Return a function that runs a handler class on a server of its own until the test ends."""
    from nethttp.server import ThreadingHTTPServer

    running: list[tuple[Any, threading.Thread]] = []

    def run(handler: Any, server_class: Any = ThreadingHTTPServer, **options: Any) -> Served:
        server = server_class(("127.0.0.1", 0), handler, **options)
        # Threads that are not daemons are joined when the server closes.
        server.daemon_threads = False
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        running.append((server, thread))
        return Served(server)

    yield run
    for server, thread in running:
        server.shutdown()
        thread.join()
        server.server_close()
