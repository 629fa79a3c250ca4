"""Rows of the clients beside other clients, with nginx as the server.

Run it on the second core (``taskset -c 1``): nginx has the first. The figure is the CPU time
that the client takes for a request: a wait costs nothing, and the server's time does not count. A
peer that is not installed has no row.
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
from contextlib import contextmanager
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
AsyncGet = Callable[[], Awaitable[object]]


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


async def _cpu_us_at_once(get: AsyncGet, at_once: int) -> float:
    """Return the microseconds of CPU time of a request, with so many in flight."""
    left = iter(range(COUNT * 2))

    async def work() -> None:
        for _ in left:
            await get()

    began = time.process_time()
    await asyncio.gather(*[work() for _ in range(at_once)])
    return (time.process_time() - began) / (COUNT * 2) * 1e6


async def _async_figures(url: str) -> dict[str, list[float]]:
    """Return the figures of each client, in turns, and those of nethttp at 16 and 512 at once."""
    client = AsyncClient(limits=PoolLimits(max_connections=AT_ONCE))

    async def ours() -> None:
        _ = (await client.get(url)).content

    found: dict[str, list[float]] = {"nethttp": []}
    gets: dict[str, AsyncGet] = {"nethttp": ours}
    session: Any = None
    try:
        session = import_module("aiohttp").ClientSession()
    except ModuleNotFoundError:
        pass
    else:

        async def theirs() -> None:
            async with session.get(url) as response:
                await response.read()

        gets["aiohttp"] = theirs
        found["aiohttp"] = []
    for _ in range(REPEATS):
        for name, get in gets.items():
            found[name].append(await _cpu_us_at_once(get, AT_ONCE))
    found["16"], found["512"] = [], []
    for _ in range(REPEATS):
        for at_once in (16, 512):
            found[str(at_once)].append(await _cpu_us_at_once(ours, at_once))
    await client.close()
    if session is not None:
        await session.close()
    return found


def _async_rows(url: str, size: str) -> Iterator[Row]:
    loops = {"asyncio": asyncio.new_event_loop}
    try:
        loops["uvloop"] = import_module("uvloop").new_event_loop
    except ModuleNotFoundError:
        pass
    for loop, make in loops.items():
        with asyncio.Runner(loop_factory=make) as runner:
            found = runner.run(_async_figures(url))
        median = {name: statistics.median(figures) for name, figures in found.items()}
        if "aiohttp" in median:
            row = f"{AT_ONCE} GETs of {size} at once, {loop}, CPU"
            aim = 1.5 if size == "1 KB" else 1.3
            yield Row(row, median["aiohttp"], median["nethttp"], aim=aim, peer="aiohttp")
        row = f"512 GETs of {size} at once beside 16, {loop}, CPU"
        yield Row(row, median["16"], median["512"], aim=0.9, plotted=False, peer="nethttp")


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


def rows() -> list[Row]:
    """Return the rows of this file, measured now; they need nginx."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)  # nginx's worker is another user's where root starts it
        with _nginx(folder) as url:
            return [
                _connection_row(f"{url}/1k"),
                *_blocking_rows(f"{url}/1k"),
                _download_row(f"{url}/1g"),
                *_async_rows(f"{url}/1k", "1 KB"),
                *_async_rows(f"{url}/100k", "100 KB"),
            ]
