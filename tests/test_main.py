"""``nethttp`` and what all of its commands have: a version, help, and errors of one line."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from typing import NamedTuple

import pytest

from nethttp import __main__ as command
from nethttp.client.command import options
from nethttp.cookiejar import __main__ as cookiejar

from .commands import run_here

COMMANDS = (["serve"], ["get"], ["cookies"], ["status"])
MODULES = ("nethttp.server", "nethttp.client", "nethttp.cookiejar", "nethttp")


class Done(NamedTuple):
    returncode: int
    stdout: str
    stderr: str


def run(*words: str) -> Done:
    done = run_here(command.main, *words)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def run_module(module: str, *words: str) -> Done:
    """Run ``python -m module`` in a process of its own."""
    command = [sys.executable, "-m", module, *words]
    options = {"stdin": subprocess.DEVNULL, "capture_output": True, "text": True, "timeout": 30}
    done = subprocess.run(command, **options)
    return Done(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("words", [[], ["help"], ["--help"], ["-h"]])
def test_the_help_names_every_command(words):
    done = run(*words)
    assert (done.returncode, done.stderr) == (0, "")
    for name in ("serve", "get", "cookies", "status", "help", "version"):
        assert f"\n  {name}" in done.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command(command):
    done = run("help", *command)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == run(*command, "--help").stdout
    assert done.stdout.startswith(f"usage: nethttp {command[0]} ")


@pytest.mark.parametrize(
    "words", [["version"], ["--version"], *([*c, "--version"] for c in COMMANDS)]
)
def test_every_command_has_a_version(words):
    done = run(*words)
    assert done.returncode == 0
    assert done.stdout.startswith("nethttp ")
    assert " parser, Python 3." in done.stdout


@pytest.mark.parametrize("words", [["-u"], ["."], ["a"], ["../a"]])
def test_options_and_paths_are_for_serve(words, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    monkeypatch.chdir(tmp_path / "a" if words[0].startswith(".") else tmp_path)
    asked = []
    monkeypatch.setitem(command._COMMANDS, "serve", (lambda _: 1, ""))
    monkeypatch.setattr(command, "_serve", lambda words: asked.append(words) or 0)
    assert command.main(words) == 0
    assert asked == [words]


def test_a_command_counts_before_a_directory_of_its_name(tmp_path, monkeypatch):
    (tmp_path / "status").mkdir()
    monkeypatch.chdir(tmp_path)
    assert run("status", "404").stdout.startswith("404 Not Found")


@pytest.mark.parametrize("module", MODULES)
def test_every_module_has_a_version_and_help(module):
    assert run_module(module, "--version") == run("version")
    done = run_module(module, "--help")
    assert done.stdout.startswith("usage: ")
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["srve"], "nethttp: there is no command srve; did you mean serve? (see nethttp --help)"),
        (["xyz"], "nethttp: there is no command xyz (see nethttp --help)"),
        (
            ["./x"],
            "nethttp: there is no command ./x, and no such directory or file (see nethttp --help)",
        ),
        (
            ["http://a/"],
            (
                "nethttp: there is no command http://a/; nethttp get sends a request to a URL "
                "(see nethttp --help)"
            ),
        ),
        (["help", "xyz"], "nethttp help: there is no command xyz (see nethttp help --help)"),
        (
            ["--upoad"],
            (
                "nethttp serve: there is no option --upoad; did you mean --upload? "
                "(see nethttp serve --help)"
            ),
        ),
        (["get"], "nethttp get: expected URL (see nethttp get --help)"),
        (
            ["get", "--outptu=a", "url"],
            (
                "nethttp get: there is no option --outptu; did you mean --output? "
                "(see nethttp get --help)"
            ),
        ),
        (
            ["status", "4x4"],
            (
                "nethttp status: CODE: expected a status code such as 404, got '4x4' "
                "(see nethttp status --help)"
            ),
        ),
        (["get", "--odd"], "nethttp get: there is no option --odd (see nethttp get --help)"),
        (["get", "-k", "-m5"], "nethttp get: expected URL (see nethttp get --help)"),
        (
            ["cookies", "--odd"],
            "nethttp cookies: there is no option --odd (see nethttp cookies --help)",
        ),
        (
            ["cookies", "lst"],
            (
                "nethttp cookies: COMMAND: expected list, show, import, export, convert or prune, "
                "got 'lst'; did you mean list? (see nethttp cookies --help)"
            ),
        ),
        (
            ["serve", "--access-log", "jsn"],
            (
                "nethttp serve: --access-log: expected off, plain, common, combined or json, "
                "got 'jsn'; did you mean json? (see nethttp serve --help)"
            ),
        ),
        (
            ["version", "404"],
            "nethttp version: expected nothing more, got 404 (see nethttp version --help)",
        ),
        (["help", "--odd"], "nethttp help: there is no option --odd (see nethttp help --help)"),
        (
            ["help", "serve", "x"],
            "nethttp help: expected nothing more, got x (see nethttp help --help)",
        ),
        (
            ["status", "404", "405"],
            "nethttp status: expected nothing more, got 405 (see nethttp status --help)",
        ),
    ],
)
def test_wrong_usage_is_said_in_one_line(words, said):
    done = run(*words)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"{said}\n")


@pytest.mark.parametrize("words", [["status"], ["help", "serve"]])
def test_a_reader_that_has_enough(words):
    process = subprocess.Popen(
        [sys.executable, "-m", "nethttp", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    process.stdout.close()
    with process.stderr as errors:
        assert errors.read() == b""
    assert process.wait(30) == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs /dev/full")
@pytest.mark.parametrize("words", [["status"], ["version"]])
def test_an_output_that_cannot_be_written(words):
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "nethttp", *words],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=30,
        )
    said = "cannot write standard output: No space left on device\n"
    assert (done.returncode, done.stderr) == (2, said)


@pytest.mark.parametrize("parser", [options.parser("prog"), cookiejar._parser("prog")])
def test_no_option_has_a_value_that_may_be_left_out(parser):
    """Such an option takes the word behind it, which is meant for something else."""
    parsers = [parser]
    for found in parsers:
        for action in found._actions:
            if isinstance(action, argparse._SubParsersAction):
                parsers += action.choices.values()
            assert not action.option_strings or action.nargs in (None, 0)


@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        ("version >&-", 2, "cannot write standard output: Bad file descriptor\n"),
        ("status 404 >&-", 2, "cannot write standard output: Bad file descriptor\n"),
        ("get -d @- http://a/ <&-", 2, "nethttp get: cannot read standard input: Bad file descr"),
        ("cookies list /nothing 2>&-", 2, ""),
        ("xyz 2>&-", 2, ""),
        ("get 2>&-", 2, ""),
    ],
)
def test_closed_standard_streams(command, status, said):
    done = subprocess.run(
        f"'{sys.executable}' -m nethttp {command}",
        shell=True,
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == (1 if said else 0)
