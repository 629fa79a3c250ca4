"""`CommandParser`: the argument parser of every command.

It says what is wrong in one line: argparse prints the usage first, which for the server's forty
options pushes the reason off the screen. Every command has ``--version``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from ._version import __version__

__all__ = ["CommandParser", "closest", "discard_output", "run_command", "version_line"]


def version_line() -> str:
    """Return the version of nethttp, which twin of the parser runs, and Python's version.

    >>> version_line().split()[0]
    'nethttp'
    """
    from .wire.h1.head import TWIN  # start-up: few ask for it

    return f"nethttp {__version__}, {TWIN} parser, Python {sys.version.split()[0]}"


def closest(word: str, known: Iterable[str]) -> str:
    """Return a question whether the closest of the `known` words is meant, "" if none is close.

    >>> closest("--prot", ["--port", "--bind"])
    '; did you mean --port?'
    """
    from difflib import get_close_matches  # start-up: only a wrong word needs it

    found = get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


def run_command(run: Callable[[], int]) -> int:
    """Return the exit status that `run` returns: 130 after Ctrl-C.

    A program that reads standard output may stop reading; then nothing more is written, and the
    status is 0. If standard output cannot be written, that is said, and the status is 2.

    >>> run_command(lambda: 3)
    3
    """
    _replace_closed_streams()
    try:
        try:
            return run()
        finally:
            sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        return 0
    except KeyboardInterrupt:
        return 130
    except OSError as error:
        discard_output()
        print(f"cannot write standard output: {error.strerror or error}", file=sys.stderr)
        return 2


def _replace_closed_streams() -> None:
    """Let reading and writing fail where a standard stream is closed, as with any closed file.

    Python has None there. The descriptor is taken, so that no socket gets the number of a stream.
    """
    for name, mode, flags in (
        ("stdin", "r", os.O_WRONLY),
        ("stdout", "w", os.O_RDONLY),
        # There is nobody to tell that it fails.
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode))  # noqa: SIM115  # to stay


def discard_output() -> None:
    """Let what is left to print go nowhere: the interpreter would try again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


#: What argparse says of a word that is none of an argument's choices. The words differ by Python.
_NO_CHOICE = re.compile(
    r"(?P<subject>.*): invalid choice: (?P<quote>['\"])(?P<given>.*)(?P=quote)"
    r"(, maybe you meant .*\?)? \(choose from (?P<choices>.*)\)"
)


class CommandParser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser` whose errors are one line; the exit status is 2.

    >>> parser = CommandParser(prog="nethttp example")
    >>> parser.parse_args([])
    Namespace()
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._words: list[str] = []
        self.add_argument("--version", action=_PrintVersion, help="show the version and exit")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the options that `args` give, and the words that are left, as `argparse` does.

        The words are kept, so that an error message can quote them.
        """
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, and exit."""
        self.exit(2, f"{self.prog}: {self._in_plain_words(message)} (see {self.prog} --help)\n")

    def _in_plain_words(self, message: str) -> str:
        message = message.removeprefix("argument command: ").removeprefix("argument ")
        subject, _, words = message.partition(": ")
        if subject == "the following arguments are required":
            # An option that there is not may be the reason why an argument is missing.
            return self._unknown_option(self._words) or f"expected {words}"
        if subject == "unrecognized arguments":
            return self._unknown_option(words.split()) or f"expected nothing more, got {words}"
        if found := _NO_CHOICE.fullmatch(message):
            choices = [choice.strip(" '") for choice in found["choices"].split(",")]
            one_of = ", ".join(choices[:-1]) + f" or {choices[-1]}"
            return (
                f"{found['subject']}: expected {one_of}, got {found['given']!r}"
                f"{closest(found['given'], choices)}"
            )
        return message

    def _unknown_option(self, words: Iterable[str]) -> str | None:
        """Return what is wrong with the first word that is an option which there is not."""
        known = self._option_string_actions
        for word in words:
            name = word.partition("=")[0]
            if word == "--":
                break
            # argparse takes a long option's first letters, and a short one's value behind it.
            if not word.startswith("-") or any(option.startswith(name) for option in known):
                continue
            if not word.startswith("--") and word[:2] in known:
                continue
            return f"there is no option {name}{closest(name, known)}"
        return None


class _PrintVersion(argparse.Action):
    def __init__(self, option_strings: list[str], dest: str, **options: Any) -> None:
        super().__init__(option_strings, argparse.SUPPRESS, nargs=0, **options)

    def __call__(self, parser: argparse.ArgumentParser, *_: Any) -> None:
        print(version_line())
        parser.exit()
