"""What a flow may ask for: bytes, time, names, another flow's word. Every effect has a deadline.

A flow is a generator. It yields effects and receives their results, so the same flow is run by
`nethttp.net.blocking`, by `nethttp.net.aio`, and in tests by a runner with a script and a clock
that the test turns::

    def greet(link: Link, deadline: float) -> Flow[bytes]:
        data: bytes = yield Exchange(link, b"hello", deadline)
        while not data.endswith(b"!"):
            data += yield Read(link, deadline)
        return data

The rules, which all runners keep:

* A deadline is a moment of the runner's clock: `time.monotonic`, or the script's. `math.inf` is
  never. When it has passed, the runner throws a plain `TimeoutError` into the flow. A result that
  is there already is returned, even after its deadline.
* An error of an effect, a cancellation and a KeyboardInterrupt are raised at the yield. A flow may
  be closed at any yield (GeneratorExit), so its cleanup yields nothing: `Link.close`,
  `Attempt.close`, `Waiter.give_up` never wait.
* Effects are data that a runner only reads: a flow may change one and yield it again.
* One flow at a time uses a link. A flow belongs to one thread, or one task, until it ends.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator
from math import inf
from threading import Lock
from typing import Any, BinaryIO, NamedTuple, Protocol, TypeAlias, TypeVar, cast

from .link import Address, Link

__all__ = [
    "READ_SIZE",
    "Address",
    "Ask",
    "Attempt",
    "Call",
    "Dial",
    "Effect",
    "Exchange",
    "Flow",
    "Link",
    "Next",
    "Park",
    "Pull",
    "Read",
    "Resolve",
    "SendFile",
    "Sleep",
    "Socket",
    "Together",
    "Upload",
    "Waiter",
    "Write",
    "ending_by",
]

T = TypeVar("T")

READ_SIZE = 65536
"""How many bytes a `Read` asks the system for, unless it says otherwise."""


class Socket(NamedTuple):
    """How a socket is set up before it is connected.

    TCP probes an idle connection after `keep_alive` seconds, then every `probe_every` seconds, and
    gives up after `probes` probes without an answer; sent bytes that the peer does not acknowledge
    for as long end the connection too (TCP_USER_TIMEOUT). So a connection whose peer has vanished
    ends within minutes, even if nothing else bounds its waits. `keep_alive` 0: no probes.
    """

    local_address: tuple[str, int] | None = None
    """The address to bind to; only peers of its family are dialled."""
    keep_alive: int = 60
    probe_every: int = 30
    probes: int = 5


class Attempt(Protocol):
    """A connection that is being made: it ends with a `link` or with an `error`."""

    address: Address
    link: Link | None
    """The connection, once it is made. Whoever takes it sets the attribute to None."""
    error: OSError | None
    """Why no connection could be made."""

    def close(self) -> None:
        """Give the attempt up; a `link` that was not taken is closed."""
        ...


class Resolve:
    """Ask the system's resolver: the result is a list of `Address`, in the resolver's order.

    The resolver runs in a thread, since no system can interrupt it; after the deadline its answer
    is dropped. `socket.gaierror` says that there is no such host.
    """

    __slots__ = ("deadline", "host", "port")

    def __init__(self, host: str, port: int, deadline: float = inf) -> None:
        self.host = host
        self.port = port
        self.deadline = deadline


class Dial:
    """Begin a connection to an address: the result is an `Attempt`, at once.

    Nothing is waited for, so this effect alone has no deadline; `Next` waits for attempts. An
    address that the system refuses at once gives an attempt with its `error`.
    """

    __slots__ = ("address", "socket")

    def __init__(self, address: Address, socket: Socket = Socket()) -> None:  # noqa: B008
        self.address = address
        self.socket = socket


class Next:
    """Wait until one of `attempts` has ended: the result is that one.

    At the deadline the result is None instead of an error: then the next address is dialled.
    """

    __slots__ = ("attempts", "deadline")

    def __init__(self, attempts: list[Attempt], deadline: float) -> None:
        self.attempts = attempts
        self.deadline = deadline


class Read:
    """Receive bytes: the result is what is there, at least a byte; b"" if the peer has ended.

    About `size` bytes are received at a time, until `deadline` in the runner's seconds.
    Over TLS the bytes are plain ones, and `Link.cut` says after b"" whether the peer ended without
    TLS's own end.
    """

    __slots__ = ("deadline", "link", "size")

    def __init__(self, link: Link, deadline: float, size: int = READ_SIZE) -> None:
        self.link = link
        self.deadline = deadline
        self.size = size


class Write:
    """Send all of `data` until `deadline`, in the runner's seconds: the result is None.

    When the runner returns, the system has the bytes, or the event loop has them and few wait.
    `Link.sent` counts what the system or the event loop was given, also after an error.
    """

    __slots__ = ("data", "deadline", "link")

    def __init__(self, link: Link, data: bytes | memoryview, deadline: float) -> None:
        self.link = link
        self.data = data
        self.deadline = deadline


class Exchange:
    """`Write`, then `Read`, in one step: the result is the first bytes of the answer.

    If the peer has reset the connection meanwhile, the bytes that it sent before are returned
    first. `deadline` is for both, in the runner's seconds; at most `size` bytes are received. A
    usual request costs this one effect.
    """

    __slots__ = ("data", "deadline", "link", "size")

    def __init__(
        self, link: Link, data: bytes | memoryview, deadline: float, size: int = READ_SIZE
    ) -> None:
        self.link = link
        self.data = data
        self.deadline = deadline
        self.size = size


class Upload:
    """Send `data` while the peer is silent: the result is how many of its bytes were taken.

    Fewer than all means that there is something to `Read`: bytes, the end, or an error of the
    connection, which that `Read` reports. An empty `data` waits for nothing; the result is 0. Else
    the peer may be silent until `deadline`, in the runner's seconds.
    """

    __slots__ = ("data", "deadline", "link")

    def __init__(self, link: Link, data: bytes | memoryview, deadline: float) -> None:
        self.link = link
        self.data = data
        self.deadline = deadline


class SendFile:
    """Send `count` bytes of a file from `offset` by the system's sendfile, as `Upload` does.

    The result is how many bytes were sent; fewer than `count`: there is something to read, or
    the file is shorter. For links whose `can_send_files` is true; the file's own position stays.
    `deadline` is in the runner's seconds.
    """

    __slots__ = ("count", "deadline", "file", "link", "offset")

    def __init__(
        self, link: Link, file: BinaryIO, offset: int, count: int, deadline: float
    ) -> None:
        self.link = link
        self.file = file
        self.offset = offset
        self.count = count
        self.deadline = deadline


class Sleep:
    """Wait until the deadline: the result is None, and no error is raised."""

    __slots__ = ("deadline",)

    def __init__(self, deadline: float) -> None:
        self.deadline = deadline


class Park:
    """Wait until another flow wakes `waiter`: the result is the value that it was woken with.

    `deadline` is in the runner's seconds; a wait that reaches it ends by a TimeoutError.

    See `Waiter` for what the flow does with an error at this yield.
    """

    __slots__ = ("deadline", "waiter")

    def __init__(self, waiter: Waiter, deadline: float) -> None:
        self.waiter = waiter
        self.deadline = deadline


class Call:
    """Call `function` without an argument, in a thread if the runner serves an event loop.

    The result is the function's. For what takes its time and waits for no peer: certificates,
    a file, a database. After the deadline a runner that used a thread drops the result.
    """

    __slots__ = ("deadline", "function")

    def __init__(self, function: Callable[[], object], deadline: float = inf) -> None:
        self.function = function
        self.deadline = deadline


class Ask:
    """Call a program's `function` with `arguments`, in place; asyncio awaits an awaitable result.

    The result is what the function returned, or what its awaitable gave. Only awaiting has a
    deadline. The blocking runner refuses an awaitable by a TypeError.
    """

    __slots__ = ("arguments", "deadline", "function")

    def __init__(
        self,
        function: Callable[..., object | Awaitable[object]],
        *arguments: object,
        deadline: float = inf,
    ) -> None:
        self.function = function
        self.arguments = arguments
        self.deadline = deadline


class Pull:
    """Take the next item of an iterator: the result is the item, or None at the end.

    asyncio takes an asynchronous iterator too, and only then the deadline can interrupt it. The
    blocking runner refuses one by a TypeError.
    """

    __slots__ = ("deadline", "source")

    def __init__(
        self, source: Iterator[object] | AsyncIterator[object], deadline: float = inf
    ) -> None:
        self.source = source
        self.deadline = deadline


class Together:
    """Run `flows` at once: the result is the list of what they return, in their order.

    They run in threads, or in tasks of an event loop, the first of them in the caller's thread if
    there are threads. If one fails, the others are closed where they are, and its error is raised
    once they have ended; so they do at any error of the flow that waits for them. As for `Dial`
    there is no deadline: the flows have their own.
    """

    __slots__ = ("flows",)

    def __init__(self, flows: list[Flow[Any]]) -> None:
        self.flows = flows


class Waiter:
    """One flow's place in a queue. It is woken at most once, by any thread, or gives up.

    A wake that comes first is kept, so nothing is lost between the two. A flow that meets an error
    while it waits asks `give_up` whether a value came too late for its yield::

        try:
            slot = yield Park(waiter, deadline)
        except BaseException:
            if not waiter.give_up():
                pool.put_back(waiter.value)
            raise

    >>> waiter = Waiter()
    >>> waiter.wake("a connection"), waiter.wake("another one"), waiter.give_up(), waiter.value
    (True, False, False, 'a connection')
    """

    __slots__ = ("_lock", "_notify", "state", "value")

    WAITING, WOKEN, GONE = range(3)

    def __init__(self) -> None:
        self._lock = Lock()
        self._notify: Callable[[], object] | None = None
        self.state = self.WAITING
        self.value: Any = None
        """What the flow was woken with."""

    def wake(self, value: object = None) -> bool:
        """Give `value` to the flow; return False if it has one already, or waits no longer.

        After False the value is still the caller's, who gives it to the next waiter.
        """
        with self._lock:
            if self.state != self.WAITING:
                return False
            self.value = value
            self.state = self.WOKEN
            notify, self._notify = self._notify, None
        if notify is not None:
            notify()
        return True

    def give_up(self) -> bool:
        """Wait no longer; return False if the flow was woken before, so that `value` is its own."""
        with self._lock:
            if self.state == self.WAITING:
                self.state = self.GONE
            self._notify = None
            return self.state == self.GONE

    def notify_by(self, notify: Callable[[], object]) -> bool:
        """Have `notify` called at the wake, once, by its thread; return False if it has happened.

        For runners.
        """
        with self._lock:
            if self.state == self.WOKEN:
                return False
            self._notify = notify
            return True


Effect: TypeAlias = (
    Resolve | Dial | Next | Read | Write | Exchange | Upload | SendFile
    | Sleep | Park | Call | Ask | Pull | Together
)  # fmt: skip
Flow: TypeAlias = Generator[Effect, Any, T]


def ending_by(flow: Flow[T], deadline: float) -> Flow[T]:
    """Return what `flow` returns; each of its waits ends by `deadline`, or sooner if it says so.

    `deadline` is in the runner's seconds. So a caller can bound a flow that has deadlines already.
    """
    try:
        effect = next(flow)
        while True:
            if isinstance(effect, Together):
                effect.flows = [ending_by(each, deadline) for each in effect.flows]
            elif not isinstance(effect, Dial):
                effect.deadline = min(effect.deadline, deadline)
            try:
                result = yield effect
            except BaseException as error:
                effect = flow.throw(error)
            else:
                effect = flow.send(result)
    except StopIteration as end:
        return cast("T", end.value)
