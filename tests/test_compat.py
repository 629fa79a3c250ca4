"""nethttp under the standard library's names."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import pytest


def python(*arguments: str, code: str | None = None, cwd=None) -> subprocess.CompletedProcess[str]:
    if code is not None:
        arguments = ("-c", textwrap.dedent(code))
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, timeout=60, cwd=cwd
    )


def succeed(code: str) -> None:
    done = python(code=code)
    assert done.returncode == 0, done.stderr


def test_install_before_anything_else():
    succeed(
        """
        from nethttp import compat
        compat.install()
        compat.install()
        import http, http.client, http.server, http.cookies, http.cookiejar, nethttp
        from http import HTTPStatus
        assert http.client is nethttp.client and http.server is nethttp.server
        assert http.cookies is nethttp.cookies and http.cookiejar is nethttp.cookiejar
        assert HTTPStatus is nethttp.HTTPStatus
        assert http.client.HTTPConnection.__module__ == "http.client"
        import urllib.request
        assert urllib.request.http.client is nethttp.client
        """
    )


def test_install_after_others_have_imported():
    succeed(
        """
        import http.client, http.cookies, urllib.request
        from http import HTTPStatus as Taken
        from http.client import HTTPConnection, HTTPException
        theirs = HTTPConnection
        from nethttp import compat
        compat.install()
        import __main__, nethttp.client
        assert __main__.HTTPConnection is nethttp.client.HTTPConnection
        assert __main__.HTTPException is nethttp.client.HTTPException
        assert __main__.Taken is nethttp.HTTPStatus
        assert urllib.request.http.client is nethttp.client
        compat.uninstall()
        compat.uninstall()
        assert __main__.HTTPConnection is theirs
        import http.client, http.server, sys
        assert http.client.HTTPConnection is theirs
        assert nethttp.client.HTTPConnection.__module__ == "nethttp.client"
        assert http.server.__name__ == "http.server"
        """
    )


def test_functions_outside_all_that_others_have_taken_are_bound_anew():
    succeed(
        """
        from http.client import _encode
        from http.cookiejar import _debug, deepvalues, domain_match, request_host
        from http.cookies import _quote
        taken = {name: globals()[name] for name in dir() if hasattr(globals()[name], "__code__")}
        assert len(taken) == 6, taken
        from nethttp import compat
        compat.install()
        for name, value in taken.items():
            assert "nethttp" in globals()[name].__code__.co_filename, name
        compat.uninstall()
        assert {name: globals()[name] for name in taken} == taken
        """
    )


def test_pickles_are_those_of_the_stdlib():
    succeed(
        """
        import pickle
        from nethttp import compat
        compat.install()
        import http.cookies
        data = pickle.dumps(http.cookies.SimpleCookie("a=1"))
        assert b"http.cookies" in data and b"nethttp" not in data
        assert pickle.loads(data)["a"].value == "1"
        """
    )


def test_a_program_runs_as_it_would_by_itself(tmp_path):
    (tmp_path / "beside.py").write_text("value = 7")
    program = tmp_path / "program.py"
    program.write_text(
        "import sys, http.client, beside\n"
        "print(__name__, sys.argv[1:], http.client.__name__, beside.value)\n"
        "sys.exit(5)\n"
    )
    done = python("-m", "nethttp.compat", str(program), "a", "-b")
    assert done.stdout == "__main__ ['a', '-b'] nethttp.client 7\n"
    assert done.returncode == 5


def test_a_module_runs(tmp_path):
    (tmp_path / "mine.py").write_text("import http.server\nprint(http.server.__name__)")
    done = python("-m", "nethttp.compat", "-m", "mine", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "nethttp.server\n")
    done = python("-m", "nethttp.compat", "-m", "http.server", "--help")
    assert "--directory" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "usage:"),
        (["nothing.py"], "no such program: nothing.py"),
        (["-m"], "expected a module"),
        (["-m", "no_such_module"], "No module named no_such_module"),
        (["--odd"], "expected a program or -m, got --odd"),
        ([os.path.dirname(__file__)], f"no __main__.py in {os.path.dirname(__file__)}"),
    ],
)
def test_wrong_use_is_told_in_a_line(arguments, said):
    done = python("-m", "nethttp.compat", *arguments)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_the_version():
    done = python("-m", "nethttp.compat", "--version")
    assert (done.returncode, done.stdout.split()[0]) == (0, "nethttp")


def test_a_programs_own_error_is_its_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import no_such_module_at_all")
    done = python("-m", "nethttp.compat", str(program))
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'no_such_module_at_all'" in done.stderr


def test_programs_that_take_chunks_apart_themselves_get_them_undecoded():
    succeed(
        """
        from nethttp import compat
        compat.install()
        import http.client, http.server, threading

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = b""
                while size := int(self.rfile.readline().strip(), 16):
                    piece = bytearray(size)
                    assert self.rfile.readinto(piece) == size
                    body += piece
                    assert self.rfile.read(2) == b"\\r\\n"
                assert self.rfile.readline() == b"\\r\\n"
                assert self.rfile.readline() == self.rfile.read() == b""
                self.reply(body)

            def do_PUT(self):
                self.reply(self.rfile.read(3) + self.rfile.readline() + self.rfile.read())

            def do_LINES(self):
                self.reply(self.rfile.readline() + self.rfile.readline() + self.rfile.read())

            def do_PATCH(self):
                self.rfile.readline()
                self.reply(b"enough")

            def reply(self, body):
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever)
            thread.start()
            with http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10) as c:
                for _ in range(2):
                    for method, answer in (("POST", b"ab\\ncdef"), ("PUT", b"ab\\ncdef")):
                        c.request(method, "/", iter([b"ab\\n", b"cdef"]))
                        assert c.getresponse().read() == answer
                    c.request("LINES", "/", b"with\\na length")
                    assert c.getresponse().read() == b"with\\na length"
                    c.request("PATCH", "/", iter([b"x" * 1000] * 10))
                    assert c.getresponse().read() == b"enough"
            server.shutdown()
            thread.join()
        compat.uninstall()
        assert Handler._decodes_chunks
        """
    )


def test_what_a_restricted_unpickler_is_asked_for_is_the_stdlibs():
    succeed(
        """
        import io, pickle
        from nethttp import compat
        compat.install()
        import http, http.client, http.cookies
        asked = []
        class Restricted(pickle.Unpickler):
            def find_class(self, module, name):
                asked.append((module, name))
                return super().find_class(module, name)
        error = http.client.BadStatusLine("x")
        kept = [http.HTTPStatus.OK, http.cookies.SimpleCookie("a=1"), error]
        Restricted(io.BytesIO(pickle.dumps(kept))).load()
        assert ("http", "HTTPStatus") in asked and ("http.cookies", "SimpleCookie") in asked
        assert ("http.cookies", "Morsel") in asked and ("http.client", "BadStatusLine") in asked
        assert not any(module.startswith("nethttp") for module, _ in asked), asked
        """
    )


def test_classes_and_functions_are_shown_as_the_stdlibs():
    succeed(
        """
        from nethttp import compat
        compat.install()
        import http.client, http.server
        assert repr(http.client.HTTPConnection) == "<class 'http.client.HTTPConnection'>"
        assert repr(http.server.HTTPServer) == "<class 'http.server.HTTPServer'>"
        assert repr(http.HTTPStatus) == "<enum 'HTTPStatus'>"
        assert http.client.parse_headers.__module__ == http.client.HTTPMessage.__module__
        assert http.client.parse_headers.__module__ == "http.client"
        import http.cookiejar, pickle
        assert http.cookiejar.request_host.__module__ == "http.cookiejar"
        assert b"nethttp" not in pickle.dumps(http.cookiejar.domain_match)
        compat.uninstall()
        import nethttp.client
        assert nethttp.client.parse_headers.__module__ == "nethttp.client"
        assert nethttp.HTTPStatus.__module__ == "nethttp"
        """
    )


def test_a_module_can_be_imported_in_any_way_and_again():
    succeed(
        """
        from nethttp import compat
        compat.install()
        import importlib, sys
        import http.client as one
        from http import client as two
        three = importlib.import_module("http.client")
        assert one is two is three is sys.modules["http.client"]
        caught = one.IncompleteRead
        assert importlib.reload(one) is one
        assert issubclass(caught, one.HTTPException) and one.IncompleteRead is caught
        assert one.HTTPConnection.__module__ == "http.client"
        """
    )


@pytest.mark.parametrize("how", ["program.py", "-m"])
def test_processes_that_are_spawned_exchange_objects_with_their_parent(tmp_path, how):
    program = tmp_path / "program.py"
    program.write_text(
        textwrap.dedent(
            """
            import multiprocessing, http.client, http.cookies
            from concurrent.futures import ProcessPoolExecutor
            from http import HTTPStatus

            def answer(asked):
                cookies, status, error = asked
                assert cookies["a"].value == "1" and isinstance(cookies, http.cookies.SimpleCookie)
                assert status is HTTPStatus.OK and isinstance(error, http.client.BadStatusLine)
                return http.cookies.SimpleCookie("b=2"), HTTPStatus(404), http.client.__name__

            if __name__ == "__main__":
                error = http.client.BadStatusLine("x")
                asked = http.cookies.SimpleCookie("a=1"), HTTPStatus.OK, error
                spawn = multiprocessing.get_context("spawn")
                with ProcessPoolExecutor(1, mp_context=spawn) as pool:
                    cookies, status, name = pool.submit(answer, asked).result(timeout=30)
                assert cookies["b"].value == "2" and isinstance(cookies, http.cookies.SimpleCookie)
                assert status is HTTPStatus.NOT_FOUND
                print(http.client.__name__, name)
            """
        )
    )
    arguments = ("-m", "program") if how == "-m" else (str(program),)
    done = python("-m", "nethttp.compat", *arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "nethttp.client http.client\n"


def test_all_that_is_exported_says_the_standard_librarys_module():
    text = """
        import nethttp.compat; nethttp.compat.install()
        import http.client, http.cookiejar, http.cookies, http.server
        for module in (http.client, http.cookiejar, http.cookies, http.server):
            for name in module.__all__:
                owner = getattr(getattr(module, name), "__module__", None)
                assert owner != module.__name__, (name, owner)
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(text)], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
