"""The engine: who is waited for, who is not, and what is left at the end."""

from __future__ import annotations

import select
import selectors
import threading
import time
from contextlib import ExitStack

import pytest

from nethttp.server import HTTPServer, ThreadingHTTPServer
from nethttp.server.handlers.application import is_engine_compatible

pytestmark = pytest.mark.usefixtures("each_readiness")

GET = b"GET /%d HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture(params=["epoll", "selectors"])
def each_readiness(request, monkeypatch):
    """Run a test with each way in which sockets are waited for."""
    if request.param == "selectors":
        monkeypatch.delattr(select, "epoll", raising=False)
        # What `selectors` takes where there is no epoll.
        monkeypatch.setattr(selectors, "DefaultSelector", selectors.PollSelector)
    elif not hasattr(select, "epoll"):
        pytest.skip("this system has no epoll")


def test_an_idle_connection_costs_no_thread(serve, echo, connect, monkeypatch, eventually):
    # On a busy machine the lead may pass from thread to thread; those without work end soon.
    monkeypatch.setattr("nethttp.server.engine.threads.IDLE_SECONDS", 0.05)
    served = serve(echo)
    raws = [connect(served.address) for _ in range(50)]
    opened = [raw.__enter__() for raw in raws]
    try:
        for i, raw in enumerate(opened):
            raw.send(GET % i)
            assert raw.response()[2] == b"/%d" % i
        assert served.server._engine.connections == 50
        assert eventually(lambda: served.server._engine.busy_threads <= 3)
    finally:
        for raw in raws:
            raw.__exit__(None, None, None)


def test_a_handler_that_blocks_delays_nobody(serve, echo, connect):
    entered, leave = threading.Event(), threading.Event()

    class Blocking(echo):
        def do_GET(self):
            if self.path == "/0":
                entered.set()
                assert leave.wait(10)
            self.answer(self.path.encode())

    served = serve(Blocking)
    with connect(served.address) as slow, connect(served.address) as quick:
        slow.send(GET % 0)
        assert entered.wait(10)
        for i in range(1, 20):
            quick.send(GET % i)
            assert quick.response()[2] == b"/%d" % i
        leave.set()
        assert slow.response()[2] == b"/0"
        # The connection is the loop's again.
        slow.send(GET % 5)
        assert slow.response()[2] == b"/5"


def test_many_handlers_block_at_once(serve, echo, connect):
    together = threading.Barrier(20)

    class Meeting(echo):
        def do_GET(self):
            together.wait(10)
            self.answer(b"met")

    served = serve(Meeting)
    raws = [connect(served.address) for _ in range(20)]
    opened = [raw.__enter__() for raw in raws]
    try:
        for _ in range(2):
            for raw in opened:
                raw.send(GET % 1)
            assert [raw.response()[2] for raw in opened] == [b"met"] * 20
    finally:
        for raw in raws:
            raw.__exit__(None, None, None)


def test_an_httpserver_handles_one_request_at_a_time_in_its_own_thread(serve, echo, connect):
    seen = set()

    class Looking(echo):
        inside = 0

        def do_GET(self):
            seen.add(threading.current_thread())
            Looking.inside += 1
            assert Looking.inside == 1
            time.sleep(0)
            Looking.inside -= 1
            self.answer(b"")

    served = serve(Looking, HTTPServer)
    with connect(served.address) as one, connect(served.address) as two:
        for raw in (one, two, one, two):
            raw.send(GET % 1)
        for raw in (one, two, one, two):
            assert raw.response()[0] == 200
    assert len(seen) == 1


def test_who_asked_in_time_is_answered_however_long_the_loop_took_to_read(serve, echo, connect):
    waits, asked, sent = threading.Event(), threading.Event(), threading.Event()

    class Hasty(echo):
        def do_GET(self):
            if self.path == "/0":
                assert sent.wait(10)
                time.sleep(0.4)
            if self.path == "/1":
                self.connection.settimeout(0.2)
                # The slow request is there before this connection is idle.
                waits.set()
                assert asked.wait(10)
            self.answer(b"")

    served = serve(Hasty, HTTPServer)
    with connect(served.address) as slow, connect(served.address) as idle:
        idle.send(GET % 1)
        assert waits.wait(10)
        slow.send(GET % 0)
        asked.set()
        assert idle.response()[0] == 200
        idle.send(GET % 2)
        sent.set()
        assert slow.response()[0] == 200
        assert idle.response()[0] == 200


def test_those_that_are_given_up_cost_no_thread_each(serve, echo, connect):
    threads = set()

    class Hasty(echo):
        head_timeout = 0.2

        def send_error(self, *arguments):
            threads.add(threading.current_thread())
            super().send_error(*arguments)

    served = serve(Hasty)
    with ExitStack() as stack:
        raws = [stack.enter_context(connect(served.address)) for _ in range(50)]
        for raw in raws:
            raw.send(b"GET / HTTP/1.1\r\nHo")
        for raw in raws:
            assert raw.response()[0] == 408
            assert raw.is_closed()
    # The lead may have changed if one took long.
    assert len(threads) <= 5


def test_a_head_that_begins_behind_the_rest_of_another_has_its_own_deadline(serve, echo, connect):
    class Hasty(echo):
        head_timeout = 1.0
        idle_timeout = 60.0

    served = serve(Hasty)
    with connect(served.address) as raw, connect(served.address) as other:
        raw.send(b"GET /1 HTTP/1.1\r\nHo")
        other.send(GET % 3)
        other.response()  # By now the beginning has been read.
        raw.send(b"st: a\r\n\r\nGET /2 HTTP/1.1\r\nHo")
        assert raw.response()[2] == b"/1"
        assert raw.response()[0] == 408
        assert raw.is_closed()


@pytest.mark.parametrize("size", [1, 3, 7])
def test_a_head_in_pieces_is_judged_where_it_can_be(serve, echo, connect, size):
    request = b"GET /1 HTTP/1.1\r\nHost: a\r\nX: y\n z\r\n\r\n"
    fine = request.replace(b"\n z", b" z")
    with connect(serve(echo).address) as raw:
        for _ in range(3):
            for at in range(0, len(fine), size):
                raw.send(fine[at : at + size])
            assert raw.response()[2] == b"/1"
        for at in range(0, len(request), size):
            raw.send(request[at : at + size])
        assert raw.response()[0] == 400
    with connect(serve(echo).address) as raw:
        # Nobody waits for the end of a head whose first line is none.
        raw.drip(b"GET /1 HTTP/1.1 x\r\n")
        assert raw.response()[0] == 400


def test_who_was_in_the_middle_of_a_handshake_when_the_end_began_is_answered(serve, echo, connect):
    served = serve(echo)
    with connect(served.address) as idle:
        idle.send(GET % 1)
        assert idle.response()[0] == 200
        served.server.drain(10)
        with connect(served.address) as late:
            late.send(GET % 2)
            status, fields, _ = late.response()
            assert (status, fields["connection"]) == (200, "close")
        assert idle.is_closed()


def test_giving_up_may_block_and_delays_nobody(serve, echo, connect):
    entered, leave = threading.Event(), threading.Event()

    class Hasty(echo):
        head_timeout = 0.2

        def send_error(self, *arguments):
            entered.set()
            assert leave.wait(10)
            super().send_error(*arguments)

    served = serve(Hasty)
    with ExitStack() as stack:
        raws = [stack.enter_context(connect(served.address)) for _ in range(3)]
        for raw in raws:
            raw.send(b"GET / HTTP/1.1\r\nHo")
        assert entered.wait(10)
        with connect(served.address) as quick:
            quick.send(GET % 1)
            assert quick.response()[0] == 200
        leave.set()
        for raw in raws:
            assert raw.response()[0] == 408


def test_requests_beyond_the_threads_and_the_queue_are_answered_503(serve, echo, connect):
    leave = threading.Event()
    entered = threading.Semaphore(0)

    class Small(ThreadingHTTPServer):
        max_threads = 2
        max_waiting = 1

    class Blocking(echo):
        def do_GET(self):
            entered.release()
            assert leave.wait(10)
            self.answer(b"done")

    served = serve(Blocking, Small)
    raws = [connect(served.address) for _ in range(8)]
    opened = [raw.__enter__() for raw in raws]
    try:
        opened[0].send(GET % 1)
        assert entered.acquire(timeout=10)
        for raw in opened[1:]:
            raw.send(GET % 1)
        refused = select.select([raw.sock for raw in opened], [], [], 10)[0]
        assert refused
        assert {raw.response()[0] for raw in opened if raw.sock in refused} == {503}
    finally:
        leave.set()
        for raw in raws:
            raw.__exit__(None, None, None)


def test_what_a_handler_keeps_on_self_is_there_for_the_next_request(serve, echo, connect):
    class Counting(echo):
        count = 0

        def do_GET(self):
            self.count += 1
            self.answer(b"%d" % self.count)

    with connect(serve(Counting).address) as raw:
        for i in (b"1", b"2", b"3"):
            raw.send(GET % 1)
            assert raw.response()[2] == i


def test_content_that_drips_holds_no_thread(serve, echo, connect):
    ran = []

    class Noting(echo):
        def do_POST(self):
            ran.append(self.rfile.read())
            self.answer(b"done")

    with connect(serve(Noting).address) as raw:
        raw.send(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhe")
        with connect(serve(echo).address) as other:
            other.send(GET % 1)
            other.response()
        assert ran == []
        raw.send(b"llo" + GET % 2)
        assert raw.response()[2] == b"done"
        assert raw.response()[2] == b"/2"
        assert ran == [b"hello"]


@pytest.mark.parametrize("name", ["setup", "handle", "finish", "handle_one_request"])
def test_a_handler_that_reads_its_connection_itself_is_left_to(serve, echo, connect, name):
    called = threading.Event()

    def override(self):
        called.set()
        getattr(super(Own, self), name)()

    Own = type("Own", (echo,), {name: override})
    assert not is_engine_compatible(Own)
    with connect(serve(Own).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"/1"
    assert called.wait(10)


@pytest.mark.parametrize("name", ["process_request", "finish_request"])
def test_a_server_that_hands_requests_out_itself_is_left_to(serve, echo, connect, name):
    called = threading.Event()

    class Own(ThreadingHTTPServer):
        pass

    def override(self, request, address):
        called.set()
        return getattr(super(Own, self), name)(request, address)

    setattr(Own, name, override)
    with connect(serve(echo, Own).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"/1"
    assert called.is_set()


def test_verify_request_is_asked(serve, echo, connect):
    class Choosy(ThreadingHTTPServer):
        def verify_request(self, request, client_address):
            return False

    with connect(serve(echo, Choosy).address) as raw:
        assert raw.is_closed()


def test_service_actions_are_called(serve, echo):
    for base in (HTTPServer, ThreadingHTTPServer):

        class Acting(base):
            called = threading.Event()

            def service_actions(self):
                self.called.set()

        serve(echo, Acting)
        assert Acting.called.wait(10)


def test_a_crash_is_answered_and_the_connection_goes_on(capfd, serve, echo, connect):
    class Broken(echo):
        def do_GET(self):
            if self.path == "/1":
                raise RuntimeError("broke")
            self.answer(b"whole")

    with connect(serve(Broken).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[0] == 500
        raw.send(GET % 2)
        assert raw.response()[2] == b"whole"
    assert "RuntimeError: broke" in capfd.readouterr().err


def test_a_handler_that_ends_its_thread_ends_only_its_connection(serve, echo, connect):
    class Leaving(echo):
        def do_GET(self):
            if self.path == "/1":
                raise SystemExit
            self.answer(b"here")

    served = serve(Leaving)
    with connect(served.address) as raw:
        raw.send(GET % 1)
        assert raw.is_closed()
    with connect(served.address) as raw:
        raw.send(GET % 2)
        assert raw.response()[2] == b"here"


@pytest.mark.parametrize("server_class", [HTTPServer, ThreadingHTTPServer])
def test_a_drain_lets_what_runs_finish_and_returns(echo, connect, server_class):
    entered, leave = threading.Event(), threading.Event()

    class Blocking(echo):
        def do_GET(self):
            entered.set()
            assert leave.wait(10)
            self.answer(b"done")

    with server_class(("127.0.0.1", 0), Blocking) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        with connect(server.server_address) as raw:
            raw.send(GET % 1)
            assert entered.wait(10)
            server.drain(10)
            leave.set()
            assert raw.response()[2] == b"done"
            thread.join(10)
            assert not thread.is_alive()


def test_a_connection_that_becomes_idle_during_a_drain_is_closed(echo, connect):
    entered, leave = threading.Event(), threading.Event()

    class Blocking(echo):
        def do_GET(self):
            if self.path == "/1":
                entered.set()
                assert leave.wait(10)
            self.answer(self.path.encode())

    with ThreadingHTTPServer(("127.0.0.1", 0), Blocking) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        address = server.server_address
        with connect(address) as slow, connect(address) as one, connect(address) as other:
            slow.send(GET % 1)
            assert entered.wait(10)
            for raw in (one, other):
                raw.send(GET % 2)
                raw.response()
            server.drain(60)
            # Two answers, one after the other: by then the loop has looked for who is idle.
            for raw in (one, other):
                raw.send(GET % 3)
                assert raw.response()[1]["connection"] == "close"
            leave.set()
            assert "connection" not in slow.response()[1]
            thread.join(10)
            assert not thread.is_alive()


def test_serving_may_begin_again(echo, connect):
    with ThreadingHTTPServer(("127.0.0.1", 0), echo) as server:
        for _ in range(2):
            thread = threading.Thread(target=server.serve_forever, args=(0.01,))
            thread.start()
            with connect(server.server_address) as raw:
                raw.send(GET % 1)
                assert raw.response()[2] == b"/1"
            server.shutdown()
            thread.join()


def test_more_than_two_hundred_fields_or_64_kib_of_them_are_refused(serve, echo, connect):
    served = serve(echo)
    for fields in (
        b"A: b\r\n" * 201,
        b"".join(b"A%d: %b\r\n" % (i, b"x" * 1000) for i in range(70)),
    ):
        with connect(served.address) as raw:
            raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + fields + b"\r\n")
            assert raw.response()[0] == 431
    with connect(served.address) as raw:
        raw.send(b"GET / HTTP/1.1\r\nHost: a\r\n" + b"A: b\r\n" * 199 + b"\r\n")
        assert raw.response()[0] == 200


def test_a_raw_request_line_is_there_for_programs_that_look(serve, echo, connect):
    class Raw(echo):
        def do_GET(self):
            self.answer(self.raw_requestline)

    with connect(serve(Raw).address) as raw:
        raw.send(GET % 1)
        assert raw.response()[2] == b"GET /1 HTTP/1.1\r\n"


def test_a_slow_reader_gets_all_of_a_big_response(serve, echo, connect):
    body = bytes(range(256)) * 40_000

    class Big(echo):
        def do_GET(self):
            self.answer(body)

    with connect(serve(Big).address) as raw:
        raw.send(GET % 1)
        raw.file.peek()
        assert raw.response()[2] == body
