"""`CommandParser`: the argument parser of every command.

It reports an error in one line: argparse prints the usage first, and with the server's forty
options the error scrolls off the screen. Every command has ``--version``.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, NoReturn

from ._version import __version__

__all__ = ["CommandParser", "closest", "discard_output", "run_command", "seconds", "version_line"]


def version_line() -> str:
    """Return the version of nethttp, which twin of the parser runs, and Python's version.

    >>> version_line().split()[0]
    'nethttp'
    """
    from .wire.h1.head import TWIN  # start-up: only --version needs it

    return f"nethttp {__version__}, {TWIN} parser, Python {sys.version.split()[0]}"


def seconds(text: str) -> float:
    """Return the value of an option that takes seconds, above 0.

    >>> seconds("0.5")
    0.5

    Raises:
        argparse.ArgumentTypeError: `text` is no such number.
    """
    try:
        found = float(text)
    except ValueError:
        found = -1
    if not 0 < found < float("inf"):
        raise argparse.ArgumentTypeError(f"expected seconds, such as 10 or 0.5, got {text!r}")
    return found


def closest(word: str, known: Iterable[str]) -> str:
    """Return a suggestion of the closest of the `known` words, "" if no word is close.

    >>> closest("--prot", ["--port", "--bind"])
    '; did you mean --port?'
    """
    from difflib import get_close_matches  # start-up: only a wrong word needs it

    found = get_close_matches(word, list(known), 1)
    return f"; did you mean {found[0]}?" if found else ""


def run_command(run: Callable[[], int]) -> int:
    """Return the exit status that `run` returns: 130 after Ctrl-C.

    If the reader of standard output closes it, the command ends without an error, with status 0. If
    standard output cannot be written, an error is printed, and the status is 2.

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
    """Replace each closed standard stream by a file that cannot be read or written.

    Python sets such a stream to None. The file takes up its descriptor, so that no socket gets the
    number of a standard stream.
    """
    for name, mode, flags in (
        ("stdin", "r", os.O_WRONLY),
        ("stdout", "w", os.O_RDONLY),
        # Errors cannot be reported anywhere, so writing to /dev/null succeeds.
        ("stderr", "w", os.O_WRONLY),
    ):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, flags), mode))  # noqa: SIM115  # to stay


def discard_output() -> None:
    """Discard the buffered output: the interpreter would try to write it again at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


#: The error of argparse for a word outside an argument's choices, in the texts of all Pythons.
_NO_CHOICE = re.compile(
    r"(?P<subject>.*): invalid choice: (?P<quote>['\"])(?P<given>.*)(?P=quote)"
    r"(, maybe you meant .*\?)? \(choose from (?P<choices>.*)\)"
)


class CommandParser(argparse.ArgumentParser):
    """An `argparse.ArgumentParser` that prints an error in one line and exits with status 2.

    >>> parser = CommandParser(prog="nethttp example")
    >>> parser.parse_args([])
    Namespace()
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._words: list[str] = []
        self.source = ""
        """Where the words come from, if not from the command line: errors say it."""
        self.add_argument("--version", action=_PrintVersion, help="show the version and exit")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return the parsed options and the remaining words of `args`, as `argparse` does.

        All words are kept, so that an error message can quote them.
        """
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_args(args, namespace)

    def parse_known_intermixed_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Return what `parse_known_args` does; options and other words may be mixed."""
        self._words = list(sys.argv[1:] if args is None else args)
        return super().parse_known_intermixed_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Print the error in one line to standard error, and exit with status 2."""
        where = f"{self.source}: " if self.source else ""
        words = self._in_plain_words(message)
        self.exit(2, f"{self.prog}: {where}{words} (see {self.prog} --help)\n")

    def _in_plain_words(self, message: str) -> str:
        message = message.removeprefix("argument command: ").removeprefix("argument ")
        subject, _, words = message.partition(": ")
        if subject == "the following arguments are required":
            # A misspelt option may be the reason why an argument is missing.
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
        """Return the error for the first unknown option in `words`, None if there is none."""
        known = self._option_string_actions
        for word in words:
            name = word.partition("=")[0]
            if word == "--":
                break
            # argparse accepts an abbreviated long option, and a value right behind a short one.
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
