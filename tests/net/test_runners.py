"""Every effect, by every runner, against real sockets."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
import time
from math import inf

import pytest

from nethttp.net import blocking, resolver
from nethttp.net.aio import arun
from nethttp.net.effects import (
    Address,
    Ask,
    Call,
    Dial,
    Exchange,
    Next,
    Park,
    Pull,
    Read,
    Resolve,
    SendFile,
    Sleep,
    Socket,
    Upload,
    Waiter,
    Write,
)

from ..flows import reset

BIG = b"0123456789abcdef" * 500_000


def soon(seconds: float = 5.0) -> float:
    return time.monotonic() + seconds


def connect(address, settings=Socket()):  # noqa: B008
    attempt = yield Dial(address, settings)
    attempt = yield Next([attempt], soon())
    if attempt.error is not None:
        raise attempt.error
    link, attempt.link = attempt.link, None
    return link


def using(address, use):
    """Connect, let `use` have the link, close it."""
    link = yield from connect(address)
    try:
        return (yield from use(link))
    finally:
        link.close()


def echo(connection):
    while data := connection.recv(65536):
        connection.sendall(data)


def test_sends_and_receives(runner, peer):
    def use(link):
        first = yield Exchange(link, b"hello", soon())
        yield Write(link, b"again", soon())
        return first, (yield Read(link, soon())), link.sent, link.is_stale(), str(link.address)

    server = peer(echo)
    result = runner(using(server.address, use))
    assert result == (b"hello", b"again", 10, False, f"127.0.0.1:{server.port}")


def test_what_was_received_too_early_is_read_first(runner, peer):
    def use(link):
        link.ahead = b"early"
        return (yield Read(link, soon())), (yield Exchange(link, b"x", soon()))

    assert runner(using(peer(echo).address, use)) == (b"early", b"x")


def test_sends_more_than_the_system_takes_at_once(runner, peer):
    received = bytearray()

    def script(connection):
        while data := connection.recv(65536):
            received.extend(data)
            if len(received) == len(BIG):
                connection.sendall(b"all")

    def use(link):
        return (yield Exchange(link, memoryview(BIG), soon())), link.sent

    assert runner(using(peer(script).address, use)) == (b"all", len(BIG))
    assert received == BIG


def test_receives_more_than_is_kept(runner, peer):
    def use(link):
        received = [(yield Exchange(link, b"go", soon()))]
        yield Sleep(soon(0.05))  # the peer sends on: a link that does not stop reading is found out
        while data := (yield Read(link, soon())):
            received.append(data)
        assert max(map(len, received)) <= 1 << 20
        return b"".join(received)

    def script(connection):
        connection.recv(2)
        connection.sendall(BIG)

    assert runner(using(peer(script).address, use)) == BIG


@pytest.mark.parametrize("effect", [Read, Exchange, Write, Upload])
def test_a_deadline_that_passes_is_a_timeout(runner, peer, effect):
    done = threading.Event()

    def use(link):
        started = time.monotonic()
        with pytest.raises(TimeoutError, match="expected"):
            if effect is Read:
                yield Read(link, soon(0.05))
            elif effect is Exchange:
                yield Exchange(link, b"x", soon(0.05))
            else:
                deadline = soon(0.05)
                while True:
                    yield effect(link, BIG, deadline)
        done.set()
        return time.monotonic() - started

    server = peer(lambda _: done.wait(10))
    assert 0.05 <= runner(using(server.address, use)) < 0.5


def test_a_deadline_can_be_earlier_than_the_one_before(runner, peer):
    done = threading.Event()

    def script(connection):
        connection.sendall(connection.recv(10))
        done.wait(10)

    def use(link):
        yield Exchange(link, b"x", soon(60))
        for _ in range(2):
            started = time.monotonic()
            with pytest.raises(TimeoutError):
                yield Read(link, soon(0.05))
            assert 0.05 <= time.monotonic() - started < 0.5
        done.set()

    runner(using(peer(script).address, use))


def test_bytes_that_are_there_are_returned_after_the_deadline(runner, peer):
    def use(link):
        yield Exchange(link, b"1", soon())
        yield Write(link, b"2", soon())
        yield Sleep(soon(0.05))
        return (yield Read(link, time.monotonic() - 1))

    assert runner(using(peer(echo).address, use)) == b"2"


def test_the_end_is_read_again_and_again(runner, peer):
    def use(link):
        return (yield Exchange(link, b"1", soon())), (yield Read(link, soon())), link.is_stale()

    assert runner(using(peer(lambda connection: connection.recv(10)).address, use)) == (
        b"",
        b"",
        True,
    )


def test_a_reset_is_an_error(runner, peer):
    def script(connection):
        connection.recv(10)
        reset(connection)

    def use(link):
        with pytest.raises(ConnectionResetError):
            yield Exchange(link, b"1", soon())
        return link.is_stale()

    assert runner(using(peer(script).address, use))


def test_bytes_that_nobody_asked_for_make_a_link_stale(runner, peer):
    def use(link):
        fresh = link.is_stale()
        yield Exchange(link, b"1", soon())
        for _ in range(400):  # The bytes may take a while on a busy machine.
            if link.is_stale():
                break
            yield Sleep(soon(0.01))
        return fresh, link.is_stale()

    def script(connection):
        connection.sendall(connection.recv(10))
        sent_by_peer.wait(0.01)
        connection.sendall(b"junk")
        connection.recv(10)

    sent_by_peer = threading.Event()
    assert runner(using(peer(script).address, use)) == (False, True)


@pytest.mark.parametrize("ends_by", ["answer", "answer and reset", "end"])
def test_an_upload_stops_when_the_peer_speaks(runner, peer, ends_by):
    answered = threading.Event()

    def script(connection):
        connection.recv(10)
        if ends_by != "end":
            connection.sendall(b"413")
        if ends_by == "answer and reset":
            reset(connection)
        elif ends_by == "end":
            connection.shutdown(socket.SHUT_WR)
        answered.wait(10)

    def use(link):
        yield Write(link, b"x", soon())
        rounds = 0
        while (yield Upload(link, BIG, soon())) == len(BIG):
            rounds += 1
            assert rounds < 100
        answer = yield Read(link, soon())
        answered.set()
        return answer

    assert runner(using(peer(script).address, use)) == (b"" if ends_by == "end" else b"413")


def test_an_upload_that_is_reset_is_an_error_of_the_read(runner, peer):
    def script(connection):
        connection.recv(10)
        reset(connection)

    def use(link):
        yield Write(link, b"x", soon())
        while (yield Upload(link, BIG, soon())) == len(BIG):
            pass
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            yield Read(link, soon())
        return link.is_stale()

    assert runner(using(peer(script).address, use))


def test_sending_fails_at_once_although_nothing_can_be_read(runner, tmp_path):
    """The peer has closed its receiving side alone, as only a Unix socket tells."""
    path = os.fspath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def use(link):
            served, _ = listener.accept()
            with served:
                served.shutdown(socket.SHUT_RD)
                with pytest.raises(BrokenPipeError):
                    yield Exchange(link, b"x", soon())

        began = time.monotonic()
        runner(using(Address(socket.AF_UNIX, path), use))
        assert time.monotonic() - began < 3


def test_a_socket_that_connects_to_itself_is_refused(runner):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = listener.getsockname()
    with pytest.raises(ConnectionRefusedError):
        runner(connect(Address(socket.AF_INET, address), Socket(local_address=address)))


def test_an_exchange_after_a_reset_returns_what_was_sent_before(runner, peer):
    ended = threading.Event()

    def script(connection):
        connection.recv(10)
        connection.sendall(b"408")
        connection.close()
        ended.set()

    def use(link):
        yield Write(link, b"x", soon())
        ended.wait(10)
        yield Write(link, b"y", soon())  # the peer's system answers by a reset
        time.sleep(0.05)
        return (yield Exchange(link, b"z", soon()))

    assert runner(using(peer(script).address, use)) == b"408"


def test_an_upload_to_a_peer_that_reads_takes_all(runner, peer):
    def script(connection):
        left = len(BIG)
        while left and (data := connection.recv(65536)):
            left -= len(data)
        connection.sendall(b"ok")

    def use(link):
        assert (yield Upload(link, b"", soon())) == 0
        taken = yield Upload(link, BIG, soon())
        return taken, (yield Read(link, soon()))

    assert runner(using(peer(script).address, use)) == (len(BIG), b"ok")


@pytest.mark.skipif(not hasattr(os, "sendfile"), reason="the system has no sendfile")
@pytest.mark.parametrize("peer_reads", [True, False])
def test_a_file_is_sent_from_the_middle(runner, peer, peer_reads, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"head" + BIG)
    received = bytearray()
    done = threading.Event()

    def script(connection):
        if not peer_reads:
            connection.sendall(b"no")
            done.wait(10)
            return
        while len(received) < len(BIG) and (data := connection.recv(65536)):
            received.extend(data)
        connection.sendall(b"ok")

    def use(link):
        assert link.can_send_files
        if not peer_reads:
            assert (yield Read(link, soon())) == b"no"
            link.ahead = b"no"
        with path.open("rb") as file:
            sent = yield SendFile(link, file, 4, len(BIG) + 100, soon())
            assert file.tell() == 0
        done.set()
        return sent, (yield Read(link, soon()))

    expected = (len(BIG), b"ok") if peer_reads else (0, b"no")
    assert runner(using(peer(script).address, use)) == expected
    assert received == (BIG if peer_reads else b"")


@pytest.mark.skipif(not hasattr(os, "sendfile"), reason="the system has no sendfile")
def test_a_file_is_sent_within_its_deadline(runner, peer, tmp_path):
    path = tmp_path / "file"
    path.write_bytes(BIG)
    done = threading.Event()

    def use(link):
        with path.open("rb") as file, pytest.raises(TimeoutError):
            yield SendFile(link, file, 0, len(BIG), soon(0.05))
        done.set()

    runner(using(peer(lambda _: done.wait(10)).address, use))


def test_the_first_attempt_that_ends_is_told(runner, peer):
    server = peer(echo)
    # No one answers there: RFC 5737. A machine without a route fails at once, which is fine too.
    silent = Address(socket.AF_INET, ("192.0.2.1", 81))

    def flow():
        slow = yield Dial(silent)
        quick = yield Dial(server.address)
        attempts = [slow, quick]
        try:
            ended = yield Next(attempts, soon())
            if ended is slow:
                assert slow.error is not None
                ended = yield Next([quick], soon())
            assert ended is quick
            assert quick.link is not None
            return (yield Exchange(quick.link, b"hi", soon()))
        finally:
            for attempt in attempts:
                attempt.close()

    assert runner(flow()) == b"hi"


def test_next_returns_nothing_at_its_deadline(runner):
    # A listener whose queue is full answers no more.
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listener.getsockname())

        def flow():
            attempt = yield Dial(Address(socket.AF_INET, listener.getsockname()))
            try:
                return (yield Next([attempt], soon(0.05)))
            finally:
                attempt.close()

        assert runner(flow()) is None
        for filler in fillers:
            filler.close()


def test_a_refused_connection_is_an_error_of_its_attempt(runner):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            runner(connect(Address(socket.AF_INET, closed.getsockname())))


def test_a_local_address_that_is_not_there_is_an_error_of_its_attempt(runner):
    settings = Socket(local_address=("192.0.2.9", 0))
    with pytest.raises(OSError, match="assign"):
        runner(connect(Address(socket.AF_INET, ("127.0.0.1", 9)), settings))


def test_a_unix_socket_is_dialled(runner, tmp_path):
    with socket.socket(socket.AF_UNIX) as listener:
        path = os.fspath(tmp_path / "s")
        listener.bind(path)
        with pytest.raises(ConnectionRefusedError):
            runner(connect(Address(socket.AF_UNIX, path)))
        listener.listen()

        def use(link):
            served, _ = listener.accept()
            with served:
                served.sendall(b"hi")
                return (yield Read(link, soon())), str(link.address)

        assert runner(using(Address(socket.AF_UNIX, path), use)) == (b"hi", path)


def test_sockets_probe_idle_connections(runner, peer):
    def use(link):
        sock = getattr(link, "sock", None) or link._socket()
        options = [
            sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE),
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE),
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL),
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT),
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT),
            sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY),
        ]
        yield Sleep(0)
        return options

    options = runner(using(peer(echo).address, use))
    assert options == [1, 60, 30, 5, 210_000, 1]


def test_names_are_resolved(runner, monkeypatch):
    asked = []

    def getaddrinfo(host, port, *rest):
        asked.append((host, port))
        if host == "no.example":
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        one = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.7", port))
        return [one, one]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)

    def flow():
        found = yield Resolve("a.example", 80, soon())
        with pytest.raises(socket.gaierror):
            yield Resolve("no.example", 80, soon())
        return found

    assert runner(flow()) == [Address(socket.AF_INET, ("192.0.2.7", 80))]
    assert asked == [("a.example", 80), ("no.example", 80)]


def test_a_resolver_that_never_answers_is_abandoned(runner, monkeypatch):
    answer = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_: answer.wait(10) and [])

    def flow():
        started = time.monotonic()
        with pytest.raises(TimeoutError):
            yield Resolve("slow.example", 80, soon(0.05))
        return time.monotonic() - started

    try:
        assert runner(flow()) < 1
    finally:
        answer.set()


def test_a_name_whose_turn_has_not_come_is_abandoned(runner, monkeypatch, eventually):
    answer = threading.Event()
    asked = []
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *_: asked.append(host) or answer.wait(10)
    )
    for number in range(resolver.MAX_THREADS):
        resolver.resolve_by(lambda _: None, f"{number}.example", 80)
    eventually(lambda: len(asked) == resolver.MAX_THREADS)

    def flow():
        with pytest.raises(TimeoutError):
            yield Resolve("late.example", 80, soon(0.02))

    try:
        runner(flow())
        assert not resolver._threads._waiting
    finally:
        answer.set()


def test_a_parked_flow_is_woken_by_another_thread(runner):
    waiter = Waiter()

    def flow():
        thread = threading.Timer(0.02, waiter.wake, ["value"])
        thread.start()
        woken = yield Park(waiter, soon())
        thread.join()
        early = Waiter()
        early.wake("early")
        return woken, (yield Park(early, inf))

    assert runner(flow()) == ("value", "early")


def test_a_parked_flow_is_thrown_out_at_its_deadline(runner):
    waiter = Waiter()

    def flow():
        try:
            yield Park(waiter, soon(0.02))
        except TimeoutError:
            return waiter.give_up(), waiter.wake("too late")

    assert runner(flow()) == (True, False)


def test_functions_are_called(runner):
    def flow():
        called = yield Call(lambda: threading.current_thread().name, soon())
        with pytest.raises(ZeroDivisionError):
            yield Call(lambda: 1 // 0, soon())
        asked = yield Ask(divmod, 7, 2)
        items = iter([1, 2])
        return called, asked, (yield Pull(items)), (yield Pull(items)), (yield Pull(items))

    called, *rest = runner(flow())
    assert rest == [(3, 1), 1, 2, None]
    assert (called == "MainThread") == (runner is blocking.run)


def test_asyncio_awaits_what_is_to_be_awaited():
    async def double(number):
        await asyncio.sleep(0)
        return 2 * number

    async def numbers():
        yield 1

    async def forever():
        await asyncio.Event().wait()

    def flow():
        items = numbers()
        result = (yield Ask(double, 4)), (yield Pull(items)), (yield Pull(items))
        with pytest.raises(TimeoutError):
            yield Ask(forever, deadline=soon(0.02))
        return result

    assert asyncio.run(arun(flow())) == (8, 1, None)


def test_the_blocking_runner_refuses_what_is_to_be_awaited():
    async def double(number):
        return 2 * number

    async def numbers():
        yield 1

    def flow():
        with pytest.raises(TypeError, match="double"):
            yield Ask(double, 4)
        with pytest.raises(TypeError, match="expected an iterator"):
            yield Pull(numbers())

    blocking.run(flow())


def test_an_exception_of_a_flow_ends_the_run(runner):
    def flow():
        yield Sleep(0)
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        runner(flow())


@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_a_cancellation_is_raised_at_the_effect(loop, peer):
    factory = None if loop == "asyncio" else pytest.importorskip("uvloop").new_event_loop
    server = peer(lambda connection: connection.recv(10))
    seen = []

    def use(link):
        started.set()
        try:
            yield Read(link, soon(60))
        except BaseException as error:
            seen.append(type(error))
            raise

    async def main():
        task = asyncio.create_task(arun(using(server.address, use)))
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    started = asyncio.Event()
    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(main())
    assert seen == [asyncio.CancelledError]


def test_a_link_of_another_loop_is_stale_and_closed_from_anywhere(peer):
    server = peer(echo)

    async def main():
        link = await arun(connect(server.address))
        assert not link.is_stale()
        assert await asyncio.to_thread(link.is_stale)
        await asyncio.to_thread(link.close)
        await asyncio.sleep(0)
        assert link._transport.is_closing()

    asyncio.run(main())
