"""The proof that nothing poisons a client's pool.

Each scenario is a flow of the client. It is run to its end by every runner, with and without TLS;
then again for each of its yields, with an error raised there, and with the task cancelled there.
Afterwards the pool must count exactly the sockets that are open, hold none, and let as many
requests through at once as it has places. `pytest -s` prints how many runs that were.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, ClassVar

import pytest
import trustme

from nethttp.client import AsyncClient, Client, PoolLimits, Timeout
from nethttp.client.base import BaseClient
from nethttp.errors import InvalidResponse, RequestError
from nethttp.net.aio import arun
from nethttp.net.blocking import run
from nethttp.net.effects import Flow

#: Three in `make proofs`.
PLACES = 3 if os.environ.get("NETHTTP_STRESS") == "1" else 2
BODY = b"hello, world"

pytestmark = pytest.mark.skipif(
    not Path("/proc/self/fd").exists(), reason="open sockets are counted by /proc"
)


# --- the scenarios ---

Scenario = Callable[[BaseClient[Any]], Flow[Any]]
SCENARIOS: dict[str, Scenario] = {}


def scenario(flow: Scenario) -> Scenario:
    SCENARIOS[flow.__name__.replace("_", " ")] = flow
    return flow


def whole(client: BaseClient[Any], method: str, path: str, **options: Any) -> Flow[bytes]:
    response = yield from client._whole_call(method, path, options)  # type: ignore[arg-type]
    return bytes(response.content)


@scenario
def get(client):
    assert (yield from whole(client, "GET", "/plain")) == BODY


@scenario
def get_twice_on_one_connection(client):
    for _ in range(2):
        assert (yield from whole(client, "GET", "/plain")) == BODY


@scenario
def head_and_no_content(client):
    assert (yield from whole(client, "HEAD", "/plain")) == b""
    assert (yield from whole(client, "GET", "/empty")) == b""


@scenario
def chunks_and_trailers(client):
    assert (yield from whole(client, "GET", "/chunked")) == BODY


@scenario
def content_until_close(client):
    assert (yield from whole(client, "GET", "/until-close")) == BODY
    assert (yield from whole(client, "GET", "/close")) == BODY


@scenario
def interim_response(client):
    assert (yield from whole(client, "GET", "/interim")) == BODY


@scenario
def coding_and_cookie(client):
    assert (yield from whole(client, "GET", "/cookie")) == BODY
    assert (yield from whole(client, "GET", "/gzip")) == BODY


@scenario
def large_content(client):
    assert len((yield from whole(client, "GET", "/large"))) == 300_000


@scenario
def stale_connection(client):
    assert (yield from whole(client, "GET", "/stale")) == BODY
    assert (yield from whole(client, "GET", "/plain")) == BODY


@scenario
def short_upload(client):
    assert (yield from whole(client, "POST", "/plain", content=b"x" * 10)) == BODY


@scenario
def long_upload(client):
    assert (yield from whole(client, "POST", "/plain", content=b"x" * 400_000)) == BODY


@scenario
def upload_in_chunks(client):
    pieces = (b"x" * 1000 for _ in range(3))
    assert (yield from whole(client, "POST", "/plain", content=pieces)) == BODY


@scenario
def upload_when_asked_for(client):
    headers = {"Expect": "100-continue"}
    assert (yield from whole(client, "POST", "/plain", content=b"x", headers=headers)) == BODY


@scenario
def upload_that_is_refused(client):
    response = yield from client._whole_call("POST", "/refuse", {"content": b"x" * 8_000_000})
    assert response.status_code == 413


@scenario
def malformed_response(client):
    with pytest.raises(InvalidResponse):
        yield from whole(client, "GET", "/malformed")


@scenario
def content_that_is_cut_off(client):
    with pytest.raises(RequestError):
        yield from whole(client, "GET", "/cut")


@scenario
def streamed_in_pieces(client):
    response = yield from client._call("GET", "/large", {})
    try:
        size = 0
        while piece := (yield from response.next_raw_flow()):
            size += len(piece)
        assert size == 300_000
    finally:
        response.abandon()


@scenario
def streamed_and_closed_early(client):
    response = yield from client._call("GET", "/large", {})
    try:
        assert (yield from response.next_raw_flow())
        yield from response.close_flow()
    finally:
        response.abandon()


@scenario
def streamed_and_forgotten(client):
    forgotten = [(yield from client._call("GET", "/large", {}))]
    with pytest.warns(ResourceWarning, match="never closed"):
        forgotten.clear()


@scenario
def wait_in_the_queue(client):
    held = []
    timer = threading.Timer(0.005, lambda: [one.abandon() for one in held])
    try:
        for _ in range(PLACES):
            held.append((yield from client._call("GET", "/large", {})))  # noqa: PERF401 - a yield
        timer.start()
        assert (yield from whole(client, "GET", "/plain")) == BODY
    finally:
        for one in held:
            one.abandon()
        if timer.ident is not None:
            timer.join()


# --- the runners ---


class Stopped(Exception):
    """Raised at a yield by a test."""


def counting(flow: Flow[Any], seen: Counter[str]) -> Flow[Any]:
    """Run `flow` as it is, and count its yields."""
    return (yield from stopping(flow, -1, lambda: None, seen))


def stopping(
    flow: Flow[Any], at: int, stop: Callable[[], object], seen: Counter[str] | None = None
) -> Flow[Any]:
    """Run `flow`; at its yield number `at` call `stop`, whose error is raised in the flow."""
    number = 0
    try:
        effect = next(flow)
        while True:
            if seen is not None:
                seen[type(effect).__name__] += 1
            try:
                if number == at:
                    stop()
                number += 1
                result = yield effect
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        return end.value
    finally:
        flow.close()


def raise_stopped() -> None:
    raise Stopped


class Blocking:
    name = "blocking"
    client: ClassVar[type[BaseClient[Any]]] = Client
    stops: ClassVar = {"an error": raise_stopped}

    def each(self, one: Callable[[Callable[[Flow[Any]], Any]], None]) -> None:
        raise NotImplementedError

    def run(self, flow: Flow[Any]) -> Any:
        return run(flow)

    def run_at_once(self, flows: list[Flow[Any]]) -> list[Any]:
        with ThreadPoolExecutor(len(flows)) as threads:
            return list(threads.map(run, flows))

    def close(self) -> None:
        pass


def cancel_task() -> None:
    task = asyncio.current_task()
    assert task is not None
    task.cancel()


class InLoop:
    """asyncio or uvloop, with one event loop for all runs."""

    client: ClassVar[type[BaseClient[Any]]] = AsyncClient
    stops: ClassVar = {"an error": raise_stopped, "a cancellation": cancel_task}

    def __init__(self, name: str, make_loop: Callable[[], asyncio.AbstractEventLoop]) -> None:
        self.name = name
        self._loop = asyncio.Runner(loop_factory=make_loop)
        self._loop.run(asyncio.sleep(0))

    def run(self, flow: Flow[Any]) -> Any:
        try:
            return self._loop.run(arun(flow))
        except asyncio.CancelledError:  # also after a flow that ended before the loop's next turn
            raise Stopped from None

    def run_at_once(self, flows: list[Flow[Any]]) -> list[Any]:
        async def all_of_them() -> list[Any]:
            return await asyncio.gather(*[arun(flow) for flow in flows])

        return self._loop.run(all_of_them())

    def settle(self) -> None:
        """Let the loop close what it was told to close."""

        async def turns() -> None:
            for _ in range(3):
                await asyncio.sleep(0)

        self._loop.run(turns())

    def close(self) -> None:
        self._loop.close()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    folder = tmp_path_factory.mktemp("proof")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "authority.pem")
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        folder / "server.pem"
    )
    program = Path(__file__).with_name("proof_server.py")
    with subprocess.Popen(
        [sys.executable, str(program), str(folder / "server.pem")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        plain, secured, proxy = process.stdout.readline().split()
        yield {
            "http": f"http://127.0.0.1:{plain}",
            "https": f"https://127.0.0.1:{secured}",
            "CONNECT": f"http://127.0.0.1:{proxy}",
            "SOCKS": f"socks5://127.0.0.1:{proxy}",
            "authority": str(folder / "authority.pem"),
        }
        process.stdin.close()
        process.wait(10)


def open_sockets() -> int:
    count = 0
    for number in os.listdir("/proc/self/fd"):
        try:
            count += os.readlink(f"/proc/self/fd/{number}").startswith("socket:")
        except OSError:
            pass  # the listing's own
    return count


class Proof:
    """Runs scenarios, and checks the pool after each."""

    def __init__(self, runner: Any, way: str, server: dict[str, str]) -> None:
        self.runner = runner
        self.scheme = {"CONNECT": "https", "SOCKS": "http"}.get(way, way)
        self.proxy = server[way] if way in THROUGH_A_PROXY else False
        self.server = server
        self.runs = 0
        self.seen: Counter[str] = Counter()

    def client(self) -> Any:
        return self.runner.client(
            base_url=self.server[self.scheme],
            verify=self.server["authority"],
            limits=PoolLimits(max_connections=PLACES),
            timeout=Timeout(20, read=10),
            trust_env=False,
            proxy=self.proxy,
        )

    def prove(self, scenario: Scenario) -> None:
        seen: Counter[str] = Counter()
        self.check(lambda client: counting(scenario(client), seen), stopped=False)
        self.seen += seen
        for stop in self.runner.stops.values():
            for at in range(sum(seen.values())):
                self.check(
                    lambda client, at=at, stop=stop: stopping(scenario(client), at, stop),
                    stopped=True,
                )

    def check(self, flow: Scenario, *, stopped: bool) -> None:
        before = open_sockets()
        client = self.client()
        pool = client.transport.pool
        try:
            try:
                self.runner.run(flow(client))
            except Stopped:
                assert stopped
            counts = pool.counts()
            assert (counts.held, counts.waiting) == (0, 0)
            self.settle()
            assert open_sockets() - before == counts.idle <= PLACES
            path = f"/meet?{PLACES}"
            flows = [whole(client, "GET", path) for _ in range(PLACES)]
            assert self.runner.run_at_once(flows) == [BODY] * PLACES
            assert pool.counts() == (0, PLACES, 0)
        finally:
            client.transport.close()
            self.settle()
        assert open_sockets() == before
        self.runs += 1

    def settle(self) -> None:
        if isinstance(self.runner, InLoop):
            self.runner.settle()


RUNNERS: dict[str, Callable[[], Any]] = {
    "blocking": Blocking,
    "asyncio": lambda: InLoop("asyncio", asyncio.new_event_loop),
    "uvloop": lambda: InLoop("uvloop", pytest.importorskip("uvloop").new_event_loop),
}


#: Once a tunnel stands, a connection through it is like any other.
THROUGH_A_PROXY = {"CONNECT", "SOCKS"}
SCENARIOS_THROUGH_A_PROXY = [
    get_twice_on_one_connection,
    stale_connection,
    long_upload,
    content_that_is_cut_off,
    streamed_in_pieces,
    wait_in_the_queue,
]


@pytest.mark.parametrize("way", ["http", "https", "CONNECT", "SOCKS"])
@pytest.mark.parametrize("name", RUNNERS)
def test_no_error_and_no_cancellation_poisons_the_pool(name, way, server):
    runner = RUNNERS[name]()
    proof = Proof(runner, way, server)
    scenarios = SCENARIOS_THROUGH_A_PROXY if way in THROUGH_A_PROXY else SCENARIOS.values()
    try:
        for each in scenarios:
            proof.prove(each)
    finally:
        runner.close()
    print(
        f"\n{name:9} {way:8} {len(scenarios):2} scenarios, {sum(proof.seen.values())} yields, "
        f"{proof.runs} runs; {dict(proof.seen.most_common())}"
    )
