"""The first hour of a newcomer: copy the repository, install it, and do what the pages say.

Each Python block of the README is a program in a file of its own, the tutorial goes line by line
into a prompt, so does each section of the how-to into a fresh one, and each command of the README
is run as it stands.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
TUTORIAL = (ROOT / "docs" / "tutorial.md").read_text()
HOW_TO = (ROOT / "docs" / "howto.md").read_text()
BLOCK = re.compile(r"^```python( serve)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*?)(?: +# .*)?$", re.MULTILINE)
SHOWN = re.compile(r"print\(.*\) +# (.*)$", re.MULTILINE)
PAGE = b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"

PROGRAMS = [block for serves, block in BLOCK.findall(README) if not serves]
(HELLO,) = [block for serves, block in BLOCK.findall(README) if serves]
_, *SECTIONS = re.split(r"^## ", HOW_TO, flags=re.MULTILINE)
SECTIONS = [section for section in SECTIONS if BLOCK.search(section)]
((_, SHARED), *_) = BLOCK.findall(HOW_TO)
COMMANDS = COMMAND.findall(README.partition("## Commands")[2].partition("## How fast")[0])


@pytest.fixture(scope="module")
def environment(copy, tmp_path_factory):
    """What the shell of the newcomer has after the README's installation."""
    venv = tmp_path_factory.mktemp("environment") / "venv"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, capture_output=True)
    subprocess.run(
        [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "."],
        cwd=copy,
        check=True,
        capture_output=True,
    )
    path = os.pathsep.join([str(venv / "bin"), os.environ["PATH"]])
    # The coverage of this project's own tests must not reach into the installed copy.
    hidden = ("COVERAGE_", "COV_", "PYTHON", "NETHTTP_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
    return {**kept, "PATH": path, "VIRTUAL_ENV": str(venv)}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where the newcomer works: what one program leaves there the next one finds."""
    return tmp_path_factory.mktemp("work")


def run(environment, folder, *command: str, text: str | None = None) -> tuple[int, str]:
    """Return a command's exit status, and all that it printed."""
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        input=text,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout


@contextmanager
def serving(environment, folder, *command: str) -> Iterator[int]:
    """Run a command that serves, give its port, and end it as Ctrl-C does."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    said = ""
    try:
        assert process.stdout is not None
        while not (address := re.search(r"http://127\.0\.0\.1:(\d+)/", said)):
            line = process.stdout.readline()
            assert line, said
            said += line
        yield int(address[1])
    finally:
        # A terminal tells every process of the group.
        os.killpg(process.pid, signal.SIGINT)
        rest, _ = process.communicate(timeout=30)
    # make does not outlive the signal.
    assert process.returncode in (0, -signal.SIGINT), said + rest
    assert "Traceback" not in said + rest


def answer(port: int) -> bytes:
    """Return what a server answers to a plain GET."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(PAGE)
        while data := connection.recv(65536):
            received += data
    return received


@pytest.fixture
def port_8000_is_free():
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", 8000))
        except OSError:
            pytest.skip("another program has port 8000, which the README uses")


@pytest.mark.parametrize("program", PROGRAMS, ids=range(len(PROGRAMS)))
def test_each_program_of_the_readme_runs_alone_and_prints_what_it_says(
    program, environment, folder
):
    (folder / "program.py").write_text(program)
    status, printed = run(environment, folder, "python", "-W", "error", "program.py")
    assert status == 0, printed
    assert printed
    for shown in SHOWN.findall(program):
        assert shown in printed


@pytest.mark.usefixtures("port_8000_is_free")
def test_the_server_of_the_readme_serves_until_it_is_told_to_end(environment, folder):
    (folder / "hello.py").write_text(HELLO)
    with serving(environment, folder, "python", "-W", "error", "hello.py") as port:
        assert answer(port).endswith(b"\r\n\r\nHello, World!")


@pytest.mark.usefixtures("port_8000_is_free")
def test_each_command_of_the_readme_does_something(environment, folder):
    (folder / "hello.py").write_text(HELLO)
    asked = []
    for command in map(shlex.split, COMMANDS):
        if "serve" in command or "http.server" in command:
            with serving(environment, folder, *command) as port:
                assert answer(port).startswith(b"HTTP/1.1 200 OK\r\n")
        elif "get" in command:
            asked.append(command)
        else:
            asks = "a password\n" if "passwd" in command else None
            status, printed = run(environment, folder, *command, text=asks)
            assert status == 0, printed
            assert printed, command
    with serving(environment, folder, "nethttp", "serve"):
        for command in asked:
            status, printed = run(environment, folder, *command)
            assert status == 0, printed
            assert "hello.py" in printed


def test_the_tutorial_can_be_pasted_into_the_prompt(environment, tmp_path):
    blocks = "\n".join(block for _, block in BLOCK.findall(TUTORIAL))
    for _ in range(2):  # a second time in the same directory, too
        status, printed = run(environment, tmp_path, "python", "-q", "-i", text=blocks)
        assert status == 0, printed
        assert "Error" not in printed
        assert "Traceback" not in printed
        for shown in SHOWN.findall(blocks):
            assert shown in printed


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.partition("\n")[0])
def test_each_section_of_the_how_to_can_be_pasted_into_a_fresh_prompt(
    section, environment, tmp_path
):
    blocks = "\n".join([SHARED, *(block for _, block in BLOCK.findall(section)), ""])
    status, printed = run(environment, tmp_path, "python", "-q", "-i", text=blocks)
    assert status == 0, printed
    assert "Error" not in printed
    assert "Traceback" not in printed
    for shown in SHOWN.findall(blocks):
        assert shown in printed


def test_make_serve_serves_from_a_fresh_copy(copy, environment):
    with serving(environment, copy, "make", "serve", "ARGS=0") as port:
        assert b"README.md" in answer(port)
