"""nethttp under the standard library's names."""

from __future__ import annotations

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
        assert nethttp.client.HTTPConnection.__module__ == "nethttp.client.connection"
        assert http.server.__name__ == "http.server"
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
    ],
)
def test_wrong_use_is_told_in_a_line(arguments, said):
    done = python("-m", "nethttp.compat", *arguments)
    assert done.returncode == 2
    assert said in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def test_a_programs_own_error_is_its_own(tmp_path):
    program = tmp_path / "program.py"
    program.write_text("import no_such_module_at_all")
    done = python("-m", "nethttp.compat", str(program))
    assert done.returncode == 1
    assert "ModuleNotFoundError: No module named 'no_such_module_at_all'" in done.stderr
