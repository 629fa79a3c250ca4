"""Rows of the clients beside other clients, with nginx as the server.

nginx has the first core, and the clients the last one. CPU is the time that the client
takes for a request: a wait costs nothing, and the server's time does not count. Requests a second
are those of one core too, whatever threads a client has. A peer that is not installed has no row.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import os
import random
import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

import nethttp.client
from nethttp.client import AsyncClient, Client, PoolLimits

from .files import NGINX
from .load import Contestant, free_port, serving
from .measure import REPEATS, Row

AT_ONCE = 64
THREADS = 20
COUNT = 600
"""Requests of one side in each turn."""
DOWNLOAD = 1024**3
"""Bytes of the large file."""

Get = Callable[[], object]
AsyncGet = Callable[[str], Awaitable[object]]
AsyncContestant = tuple[AsyncGet, Callable[[], object]]
"""What gets a URL, and what closes it."""


def _reused_handle(url: str) -> Get:
    pycurl = import_module("pycurl")
    handle = pycurl.Curl()
    handle.setopt(handle.URL, url)

    def get() -> None:
        content = io.BytesIO()
        handle.setopt(handle.WRITEDATA, content)
        handle.perform()

    return get


def _pool_manager(url: str) -> Get:
    pool = import_module("urllib3").PoolManager(maxsize=THREADS)
    return lambda: pool.request("GET", url).data


def _session(url: str) -> Get:
    session = import_module("requests").Session()
    return lambda: session.get(url).content


def _httpx2(url: str) -> Get:
    client = import_module("httpx2").Client()
    return lambda: client.get(url).content


def _ours(url: str) -> Get:
    client = Client()
    return lambda: client.get(url).content


def _connection(module: Any, url: str) -> Get:
    host, _, path = url.removeprefix("http://").partition("/")
    connection = module.HTTPConnection(host, timeout=10)

    def get() -> object:
        connection.request("GET", f"/{path}")
        return connection.getresponse().read()

    return get


#: The peers, and how many times less CPU time than they nethttp is to take.
BLOCKING = {
    "pycurl": (_reused_handle, 1 / 1.2),
    "urllib3": (_pool_manager, 2.5),
    "requests": (_session, 5.0),
    "httpx2": (_httpx2, 1 / 0.3),
}


def _turns(*actions: Callable[[], float]) -> tuple[float, float]:
    """Return the median of the result of each of two actions, measured in turns."""
    taken: list[list[float]] = [[] for _ in actions]
    for _ in range(REPEATS):
        for action, results in zip(actions, taken, strict=True):
            results.append(action())
    first, second = map(statistics.median, taken)
    return first, second


def _cpu_us(get: Get) -> float:
    began = time.process_time()
    for _ in range(COUNT):
        get()
    return (time.process_time() - began) / COUNT * 1e6


def _rate_of_threads(get: Get) -> float:
    """Return the requests a second of `THREADS` threads together."""

    def work() -> None:
        for _ in range(COUNT // THREADS):
            get()

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return COUNT / (time.perf_counter() - began)


def _connection_row(url: str) -> Row:
    sides = [_connection(module, url) for module in (http.client, nethttp.client)]
    figures = _turns(*[partial(_cpu_us, get) for get in sides])
    return Row("GET of 1 KB, HTTPConnection, CPU", *figures, aim=1 / 0.6)


def _seconds(receive: Callable[[str], int], url: str) -> float:
    began = time.perf_counter()
    received = receive(url)
    assert received == DOWNLOAD, received
    return time.perf_counter() - began


def _received_barely(url: str) -> int:
    """Return how many bytes of content a loop of `recv_into` received."""
    host, _, path = url.removeprefix("http://").partition("/")
    name, _, port = host.partition(":")
    with socket.create_connection((name, int(port))) as sock:
        sock.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        buffer = bytearray(128 * 1024)
        count = sock.recv_into(buffer)
        received = count - buffer.index(b"\r\n\r\n") - 4
        while count := sock.recv_into(buffer):
            received += count
    return received


def _received_by_client(url: str) -> int:
    with Client(timeout=None) as client, client.stream("GET", url) as response:
        return sum(map(len, response.iter_bytes()))


def _download_row(url: str) -> Row:
    bare, ours = (partial(_seconds, f, url) for f in (_received_barely, _received_by_client))
    return Row("1 GiB streamed", *_turns(bare, ours), "s", aim=0.9, peer="recv_into")


def _blocking_rows(url: str) -> Iterator[Row]:
    for name, (make, aim) in BLOCKING.items():
        try:
            theirs = make(url)
        except ModuleNotFoundError:
            continue
        ours = _ours(url)
        figures = _turns(partial(_cpu_us, theirs), partial(_cpu_us, ours))
        yield Row("GET of 1 KB, CPU", *figures, aim=aim, peer=name)
        if name in ("urllib3", "httpx2"):
            rates = _turns(partial(_rate_of_threads, theirs), partial(_rate_of_threads, ours))
            aim = 2 if name == "urllib3" else 5
            row = f"{THREADS} threads on one client"
            yield Row(row, *rates, "requests/s", "more", aim=aim, peer=name)


def _aiohttp() -> AsyncContestant:
    session = import_module("aiohttp").ClientSession()

    async def get(url: str) -> object:
        async with session.get(url) as response:
            return await response.read()

    return get, session.close


def _async_httpx2() -> AsyncContestant:
    httpx2 = import_module("httpx2")
    limits = httpx2.Limits(max_connections=AT_ONCE, max_keepalive_connections=AT_ONCE)
    client = httpx2.AsyncClient(limits=limits)

    async def get(url: str) -> object:
        return (await client.get(url)).content

    return get, client.aclose


def _pyreqwest() -> AsyncContestant:
    client = import_module("pyreqwest.client").ClientBuilder().build()

    async def get(url: str) -> object:
        response = await client.get(url).build().send()
        return await response.bytes()

    return get, client.close


def _async_ours(connections: int = AT_ONCE) -> AsyncContestant:
    client = AsyncClient(limits=PoolLimits(max_connections=connections))

    async def get(url: str) -> object:
        return (await client.get(url)).content

    return get, client.close


#: The peers, and how many times their rate nethttp is to have: for 1 KB, and for 100 KB.
ASYNC: dict[str, tuple[Callable[[], AsyncContestant], float, float]] = {
    "aiohttp": (_aiohttp, 1.5, 1.3),
    "httpx2": (_async_httpx2, 4.0, 0.0),
    "pyreqwest": (_pyreqwest, 1.0, 0.0),
}


async def _rate_at_once(get: AsyncGet, url: str, at_once: int, count: int) -> float:
    """Return the requests a second, with so many in flight."""
    left = iter(range(count))

    async def work() -> None:
        for _ in left:
            await get(url)

    began = time.perf_counter()
    await asyncio.gather(*[work() for _ in range(at_once)])
    return count / (time.perf_counter() - began)


async def _async_rates(url: str) -> dict[str, float]:
    """Return the median rates of all clients, measured in turns; of ours at 16 and 512 at once.

    512 requests have a connection each, or wait for one of fewer.
    """
    contestants = {"nethttp": _async_ours()}
    for name, (make, _, _) in ASYNC.items():
        with suppress(ModuleNotFoundError):
            contestants[name] = make()
    gets = {name: (get, AT_ONCE) for name, (get, _) in contestants.items()}
    contestants["512 connections"] = _async_ours(512)
    gets["16"] = contestants["nethttp"][0], 16
    gets["with a connection each"] = contestants["512 connections"][0], 512
    gets[f"in the queue for {AT_ONCE} connections"] = contestants["nethttp"][0], 512
    rates: dict[str, list[float]] = {name: [] for name in gets}
    for get, at_once in gets.values():
        await _rate_at_once(get, url, at_once, 2 * at_once)
    for _ in range(REPEATS):
        for name, (get, at_once) in gets.items():
            count = COUNT if name == "httpx2" else max(4 * COUNT, 16 * at_once)
            rates[name].append(await _rate_at_once(get, url, at_once, count))
    for _, close in contestants.values():
        closing = close()
        if isinstance(closing, Awaitable):
            await closing
    return {name: statistics.median(found) for name, found in rates.items()}


def _async_rows(url: str, size: str) -> Iterator[Row]:
    loops = {"asyncio": asyncio.new_event_loop}
    with suppress(ModuleNotFoundError):
        loops["uvloop"] = import_module("uvloop").new_event_loop
    for loop, make in loops.items():
        with asyncio.Runner(loop_factory=make) as runner:
            rates = runner.run(_async_rates(url))
        row = f"{AT_ONCE} GETs of {size} at once, {loop}"
        for name, (_, small, large) in ASYNC.items():
            if name in rates:
                aim = small if size == "1 KB" else large
                ours = rates["nethttp"]
                yield Row(row, rates[name], ours, "requests/s", "more", aim=aim, peer=name)
        for how in ("with a connection each", f"in the queue for {AT_ONCE} connections"):
            row = f"512 GETs of {size} at once {how}, {loop}"
            figures = rates["16"], rates[how]
            peer = "nethttp, 16 at once"
            yield Row(row, *figures, "requests/s", "more", aim=0.9, plotted=False, peer=peer)


@contextmanager
def _nginx(folder: Path) -> Iterator[str]:
    """Run nginx; give the start of its URLs."""
    site = folder / "site"
    site.mkdir()
    (site / "1k").write_bytes(random.randbytes(1000))
    (site / "100k").write_bytes(random.randbytes(102_400))
    (site / "1g").touch()
    os.truncate(site / "1g", DOWNLOAD)
    port = free_port()
    conf = folder / "nginx.conf"
    conf.write_text(NGINX.format(folder=folder, port=port))
    nginx = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if nginx is None:
        raise SystemExit("the rows of clients need nginx (Debian: apt install nginx)")
    with serving(Contestant((nginx, "-c", str(conf), "-p", str(folder))), port):
        yield f"http://127.0.0.1:{port}"


@contextmanager
def _on_the_last_core() -> Iterator[None]:
    """Keep this process off the server's core meanwhile, where that can be done."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need nginx."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user's where root starts it
        with _nginx(folder) as url, _on_the_last_core():
            return [
                _connection_row(f"{url}/1k"),
                *_blocking_rows(f"{url}/1k"),
                _download_row(f"{url}/1g"),
                *_async_rows(f"{url}/1k", "1 KB"),
                *_async_rows(f"{url}/100k", "100 KB"),
            ]
