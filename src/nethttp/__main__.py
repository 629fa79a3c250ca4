"""``python -m nethttp``, or ``nethttp``: the commands, each with its ``--help``.

Without the name of a command the words are for serve: ``nethttp site``, ``nethttp --upload``.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence

from .commandline import CommandParser, closest, run_command, version_line
from .status import HTTPStatus, reference_of


def _serve(words: Sequence[str]) -> int:
    from .server.__main__ import main  # start-up: only this command needs it

    return main(words, prog="nethttp serve")


def _get(words: Sequence[str]) -> int:
    from .client.__main__ import main  # start-up: only this command needs it

    return main(words, prog="nethttp get")


def _cookies(words: Sequence[str]) -> int:
    from .cookiejar.__main__ import main  # start-up: only this command needs it

    return main(words, prog="nethttp cookies")


def _passwd(words: Sequence[str]) -> int:
    from .server.files.accounts.command import main  # start-up: only this command needs it

    return main(words, prog="nethttp passwd")


def _explain(words: Sequence[str]) -> int:
    from .server.process.explain import main  # start-up: only this command needs it

    return main(words, prog="nethttp explain")


def _status(words: Sequence[str]) -> int:
    """Print the registry's row of one status code, or of all."""
    parser = CommandParser(
        prog="nethttp status", description="Print a status code's meaning and its RFC section."
    )
    parser.add_argument(
        "code", nargs="?", type=_code, metavar="CODE", help="a status code (default: all of them)"
    )
    code = parser.parse_args(words).code
    rows = [status for status in HTTPStatus if code in (None, status.value)]
    for status in rows:
        print(f"{status.value} {status.phrase}  ({reference_of(status)})")
        if code is not None and status.description:
            print(status.description)
    if not rows:
        print(f"nethttp status: {code} is not a registered status code", file=sys.stderr)
        return 1
    return 0


def _code(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"expected a status code such as 404, got {text!r}")
    return int(text)


def _help(words: Sequence[str]) -> int:
    """Print the help of a command, or a list of all commands."""
    parser = CommandParser(
        prog="nethttp help",
        usage="nethttp help [COMMAND]",
        description="Print the help of a command, or a list of all commands.",
    )
    parser.add_argument("command", nargs="?", type=_command, help=argparse.SUPPRESS)
    command = parser.parse_args(words).command
    return main(["--help"] if command is None else [command, "--help"])


def _version(words: Sequence[str]) -> int:
    """Print the version."""
    CommandParser(prog="nethttp version", description="Print the version.").parse_args(words)
    print(version_line())
    return 0


_COMMANDS: dict[str, tuple[Callable[[Sequence[str]], int], str]] = {
    "serve": (_serve, "serve a directory, a WSGI application or a handler class"),
    "get": (_get, "send a request and print or save the response"),
    "cookies": (_cookies, "list, convert and clean cookie jars"),
    "passwd": (_passwd, "hash a password for nethttp serve --auth, or sign a user out"),
    "explain": (_explain, "say what is allowed at a path of a directory, and by which rule"),
    "status": (_status, "print what a status code means"),
    "help": (_help, "print the help of a command: nethttp help serve"),
    "version": (_version, "print the version"),
}


def _parser() -> CommandParser:
    parser = CommandParser(
        prog="nethttp",
        usage="nethttp [COMMAND] [ARGUMENT ...]",
        description="An HTTP server, an HTTP client and cookie jars for the command line.",
        epilog="\n".join(
            [
                "commands:",
                *(f"  {name:9}{about}" for name, (_, about) in _COMMANDS.items()),
                "",
                "Each command has its own --help. Options of serve, or the path of a directory or",
                "file, need no COMMAND: nethttp --upload, nethttp site",
            ]
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", type=_command, help=argparse.SUPPRESS)
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _command(word: str) -> str:
    if word not in _COMMANDS:
        hint = closest(word, _COMMANDS)
        if "://" in word:
            hint = "; nethttp get sends a request to a URL"
        elif "/" in word:
            hint = ", and no such directory or file"
        raise argparse.ArgumentTypeError(f"there is no command {word}{hint}")
    return word


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names and return its exit status; without one, print the help."""
    return run_command(lambda: _run(list(sys.argv[1:] if argv is None else argv)))


def _is_for_serve(words: Sequence[str]) -> bool:
    """Return whether the words are those of serve, though it is not named."""
    first = words[0] if words else "--help"
    if first.startswith("-"):
        return first not in ("-h", "--help", "--version")
    return first not in _COMMANDS and os.path.exists(first)


def _run(words: Sequence[str]) -> int:
    if _is_for_serve(words):
        return _serve(words)
    parser = _parser()
    arguments = parser.parse_args(words)
    if arguments.command is None:
        parser.print_help()
        return 0
    return _COMMANDS[arguments.command][0](arguments.arguments)


if __name__ == "__main__":
    sys.exit(main())
