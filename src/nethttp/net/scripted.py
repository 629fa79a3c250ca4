"""`ScriptedNetwork`: a network for tests. Servers are flows, and so is time: a third runner.

The client's own flows run on it unchanged: pool, parser, TLS and deadlines are the real ones. Only
names, connections and the clock are the script's, so a timeout of a minute takes no time::

    def server(link: Link) -> Flow[None]:
        request = yield Read(link, inf)
        yield Sleep(network.clock() + 60)
        yield Write(link, b"HTTP/1.1 200 OK\\r\\nContent-Length: 2\\r\\n\\r\\nhi", inf)

    network = ScriptedNetwork()
    network.serve("example.com", 80, server)

Nothing happens by itself: while a flow runs, every server is given its turn, in the order in which
they were started, until none can go on; only then the clock moves, to the next moment at which
something is due. So each run of a test is like the one before.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from inspect import isawaitable, iscoroutine
from math import inf
from typing import Any, Final, TypeVar, cast

from . import effects
from .effects import Address, Effect, Flow, Waiter
from .scriptedlink import NOT_YET, ScriptedAttempt, ScriptedLink, Server

__all__ = ["ScriptedNetwork"]

T = TypeVar("T")

START: Final = 1000.0
"""What the clock says at first, in seconds."""


class _Running:
    """A flow, and the effect that it waits for."""

    __slots__ = (
        "done", "effect", "error", "flow", "link", "parts", "progress", "result", "root", "since",
    )  # fmt: skip

    def __init__(self, flow: Flow[Any], link: ScriptedLink | None = None) -> None:
        self.flow = flow
        self.root = self
        """Itself; of a flow in a `Together`, the one that is nobody's part."""
        self.parts: list[_Running] = []
        self.link = link
        """The end of a server's connection; None for a flow of the client."""
        self.effect: Effect | None = None
        self.since = 0.0
        self.progress = 0
        """How many bytes of the effect have been sent; -1 once all are, of an `Exchange`."""
        self.done = False
        self.error: BaseException | None = None
        self.result: Any = None

    def outcome(self) -> Any:
        """Return what the flow has returned, or raise what it has raised."""
        if self.error is not None:
            raise self.error
        return self.result

    def deadline(self) -> float:
        """Return when the effect ends at the latest."""
        return cast("float", getattr(self.effect, "deadline", inf))


class ScriptedNetwork:
    """Names, servers and a clock, by which a client's flows are run.

    >>> from nethttp.net.effects import Read, Resolve, Write
    >>> network = ScriptedNetwork()
    >>> def echo(link: Link) -> Flow[None]:
    ...     yield Write(link, (yield Read(link, inf)), inf)
    >>> network.serve("example.com", 80, echo)
    >>> network.name("slow.example", after=2.5, error=socket.gaierror(-2, "no such name"))
    >>> def resolve() -> Flow[list[Address]]:
    ...     return (yield Resolve("slow.example", 80))
    >>> network.run(resolve())
    Traceback (most recent call last):
    socket.gaierror: [Errno -2] no such name
    >>> network.clock()
    1002.5
    """

    def __init__(self) -> None:
        self._now = START
        self._names: dict[str, tuple[float, list[str] | OSError]] = {}
        self._servers: dict[tuple[str, int], tuple[float, Server | OSError]] = {}
        self._running: list[_Running] = []
        self._moves = 0  # how often a flow has gone on
        self.links: list[ScriptedLink] = []
        """The client's ends of all connections so far, in their order."""

    def clock(self) -> float:
        """Return the script's time, in seconds; only runs move it."""
        return self._now

    def name(
        self, host: str, *addresses: str, after: float = 0.0, error: OSError | None = None
    ) -> None:
        """Have DNS answer for `host` by IP addresses, or by an error, `after` so many seconds."""
        self._names[host] = (after, error or list(addresses))

    def serve(self, host: str, port: int, server: Server, *, after: float = 0.0) -> None:
        """Have `server` accept connections, each of which takes `after` seconds to be made.

        `host` is an address, or a name: one without addresses so far is given one of 192.0.2.0/24.
        """
        self._listen(host, port, (after, server))

    def refuse(
        self, host: str, port: int, error: OSError | None = None, *, after: float = 0.0
    ) -> None:
        """Have connections fail, `after` so many seconds: by default they are refused.

        With `after` infinite there is no answer at all.
        """
        refused = error or ConnectionRefusedError(111, "Connection refused")
        self._listen(host, port, (after, refused))

    def _listen(self, host: str, port: int, outcome: tuple[float, Server | OSError]) -> None:
        if _family(host) is not None:
            self._servers[host, port] = outcome
            return
        if host not in self._names:
            self._names[host] = (0.0, [f"192.0.2.{len(self._names) + 1}"])
        addresses = self._names[host][1]
        if not isinstance(addresses, OSError):
            for address in addresses:
                self._servers[address, port] = outcome

    # --- running ---

    def run(self, flow: Flow[T]) -> T:
        """Return what `flow` returns; servers are given their turns meanwhile.

        Raises:
            RuntimeError: nothing can go on, and nothing is due: the flow would wait for ever.
        """
        main = self._begin(flow)
        try:
            while not main.done:
                if not self._take_turns(main):
                    self._turn_clock()
        finally:
            self._end(main)
        return cast("T", main.outcome())

    async def arun(self, flow: Flow[T]) -> T:
        """Return what `flow` returns, as a task beside others that run flows on this network.

        Raises:
            RuntimeError: nothing can go on, and nothing is due: the flow would wait for ever.
        """
        main = self._begin(flow)
        try:
            while not main.done:
                moves = self._moves
                if self._take_turns(main):
                    continue
                try:
                    await asyncio.sleep(0)  # every other task takes its turns meanwhile
                except asyncio.CancelledError as error:
                    self._step(main, main.flow.throw, error)
                    continue
                if self._moves == moves and not self._awaiting():
                    self._turn_clock()
        finally:
            self._end(main)
        return cast("T", main.outcome())

    def _begin(self, flow: Flow[T], root: _Running | None = None) -> _Running:
        main = _Running(flow)
        main.root = root or main
        self._running.append(main)
        self._step(main, flow.send, None)
        return main

    def _end(self, main: _Running) -> None:
        if main in self._running:
            self._running.remove(main)
            main.done = True
        self._end_parts(main)
        if isinstance(main.result, asyncio.Future):
            main.result.cancel()
        main.flow.close()

    def _take_turns(self, main: _Running) -> bool:
        """Let `main` and every server go on as far as they can; return whether any has."""
        moves = self._moves
        for running in list(self._running):
            if running.root is main or running.root.link is not None:
                self._go_on(running)
        return self._moves != moves

    def _awaiting(self) -> bool:
        """Whether a program's coroutine is awaited, which the script knows nothing of."""
        return any(isinstance(running.result, asyncio.Future) for running in self._running)

    def _turn_clock(self) -> None:
        due = min(map(self._due, self._running), default=inf)
        if due == inf:
            waits = ", ".join(type(running.effect).__name__ for running in self._running)
            raise RuntimeError(f"expected something to happen, but all wait for ever: {waits}")
        self._now = max(self._now, due)

    def _due(self, running: _Running) -> float:
        """Return the moment at which the effect of `running` may have a result."""
        effect = running.effect
        due = running.deadline()
        if isinstance(effect, effects.Resolve) and effect.host in self._names:
            return min(due, running.since + self._names[effect.host][0])
        if isinstance(effect, effects.Next):
            return min([due, *(cast("ScriptedAttempt", attempt).at for attempt in effect.attempts)])
        return due

    def _go_on(self, running: _Running) -> None:
        while not running.done:
            sent = running.progress
            try:
                result = self._perform(running)
            except Exception as error:
                self._step(running, running.flow.throw, error)
            else:
                if result is NOT_YET:
                    self._moves += running.progress != sent
                    return
                self._step(running, running.flow.send, result)

    def _perform(self, running: _Running) -> Any:
        effect = running.effect
        result = _PERFORM[type(cast("Effect", effect))](self, effect, running)
        if result is not NOT_YET or self._now < running.deadline():
            return result
        if isinstance(effect, effects.Next):
            return None
        raise TimeoutError("expected it in time, by the script's clock")

    def _step(self, running: _Running, go: Callable[[Any], Effect], value: object) -> None:
        """Give a flow a result or an error, and note what it asks for next."""
        self._moves += 1
        self._end_parts(running)
        running.since, running.progress, running.result = self._now, 0, None
        try:
            running.effect = go(value)
        except StopIteration as end:
            running.result = end.value
            self._finish(running)
        except BaseException as error:
            self._finish(running)
            if running.link is None:
                running.error = error
            elif not isinstance(error, OSError):
                raise  # a server's mistake; an OSError is the client that has closed its end

    def _finish(self, running: _Running) -> None:
        running.done = True
        self._running.remove(running)
        if running.link is not None:
            running.link.close()

    def _end_parts(self, running: _Running) -> None:
        for part in running.parts:
            self._end(part)
        running.parts = []

    # --- effects: each returns the result, or `NOT_YET` ---

    def _resolve(self, effect: effects.Resolve, running: _Running) -> Any:
        after, found = self._names.get(
            effect.host, (0.0, socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
        )
        if self._now < running.since + after:
            return NOT_YET
        if isinstance(found, OSError):
            raise found
        return [
            Address(_family(ip) or 0, (ip, effect.port, 0, 0) if ":" in ip else (ip, effect.port))
            for ip in found
        ]

    def _dial(self, effect: effects.Dial, _: _Running) -> Any:
        address = effect.address
        port = address.sockaddr[1] if isinstance(address.sockaddr, tuple) else 0
        refused = ConnectionRefusedError(111, "Connection refused")
        after, outcome = self._servers.get((address.host, port), (0.0, refused))
        return ScriptedAttempt(address, self._now + after, outcome)

    def _next(self, effect: effects.Next, _: _Running) -> Any:
        for attempt in cast("list[ScriptedAttempt]", effect.attempts):
            if attempt.at <= self._now:
                if attempt.server is not None:
                    near, far = ScriptedLink.pair(attempt.address)
                    attempt.link = near
                    self.links.append(near)
                    server = _Running(attempt.server(far), far)
                    attempt.server = None
                    self._running.append(server)
                    self._step(server, server.flow.send, None)
                return attempt
        return NOT_YET

    def _read(self, effect: effects.Read, _: _Running) -> Any:
        return cast("ScriptedLink", effect.link).take()

    def _write(self, effect: effects.Write | effects.Exchange, running: _Running) -> Any:
        link = cast("ScriptedLink", effect.link)
        view = memoryview(effect.data)
        while running.progress < len(view):
            room = link.room()
            if not room:
                return NOT_YET
            link.give(view[running.progress : running.progress + room])
            running.progress = min(len(view), running.progress + room)
        return None

    def _exchange(self, effect: effects.Exchange, running: _Running) -> Any:
        link = cast("ScriptedLink", effect.link)
        if running.progress >= 0:
            try:
                if self._write(effect, running) is NOT_YET:
                    return NOT_YET
            except OSError:
                if not link.readable():
                    raise
            running.progress = -1
        return link.take()

    def _upload(self, effect: effects.Upload, running: _Running) -> Any:
        link = cast("ScriptedLink", effect.link)
        view = memoryview(effect.data)
        while running.progress < len(view) and not link.readable():
            room = link.room()
            if not room:
                return NOT_YET
            link.give(view[running.progress : running.progress + room])
            running.progress = min(len(view), running.progress + room)
        return running.progress

    def _send_file(self, effect: effects.SendFile, _: _Running) -> Any:
        raise ValueError("expected a link that can send files, got one of a script")

    def _sleep(self, effect: effects.Sleep, _: _Running) -> Any:
        return None if self._now >= effect.deadline else NOT_YET

    def _park(self, effect: effects.Park, _: _Running) -> Any:
        return effect.waiter.value if effect.waiter.state == Waiter.WOKEN else NOT_YET

    def _call(self, effect: effects.Call, _: _Running) -> Any:
        return effect.function()

    def _ask(self, effect: effects.Ask, running: _Running) -> Any:
        if running.result is None:
            return self._awaited(effect.function(*effect.arguments), running)
        return self._awaited(running.result, running)

    def _pull(self, effect: effects.Pull, running: _Running) -> Any:
        if running.result is not None:
            return self._awaited(running.result, running)
        if isinstance(effect.source, Iterator):
            return next(effect.source, None)
        return self._awaited(anext(effect.source, None), running)

    def _together(self, effect: effects.Together, running: _Running) -> Any:
        if not running.parts:
            running.parts = [self._begin(flow, running.root) for flow in effect.flows]
        for part in running.parts:
            if part.error is not None:
                raise part.error
        done = all(part.done for part in running.parts)
        return [part.result for part in running.parts] if done else NOT_YET

    def _awaited(self, result: Any, running: _Running) -> Any:
        """Return a function's result; of one that is to be awaited, what it gives, once it has."""
        if not isawaitable(result):
            return result
        if asyncio._get_running_loop() is None:
            if iscoroutine(result):
                result.close()
            raise TypeError("expected a plain function or iterator, got one that is to be awaited")
        running.result = future = asyncio.ensure_future(result)
        return future.result() if future.done() else NOT_YET


def _family(host: str) -> int | None:
    """Return the family of an IP address; None for a name."""
    for family in (socket.AF_INET, socket.AF_INET6):
        try:
            socket.inet_pton(family, host)
        except OSError:
            continue
        return family
    return None


_PERFORM: Final[dict[type[Effect], Callable[[ScriptedNetwork, Any, _Running], Any]]] = {
    effects.Resolve: ScriptedNetwork._resolve,
    effects.Dial: ScriptedNetwork._dial,
    effects.Next: ScriptedNetwork._next,
    effects.Read: ScriptedNetwork._read,
    effects.Write: ScriptedNetwork._write,
    effects.Exchange: ScriptedNetwork._exchange,
    effects.Upload: ScriptedNetwork._upload,
    effects.SendFile: ScriptedNetwork._send_file,
    effects.Sleep: ScriptedNetwork._sleep,
    effects.Park: ScriptedNetwork._park,
    effects.Call: ScriptedNetwork._call,
    effects.Ask: ScriptedNetwork._ask,
    effects.Pull: ScriptedNetwork._pull,
    effects.Together: ScriptedNetwork._together,
}
