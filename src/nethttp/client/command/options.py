"""The options of ``nethttp get``: one table, from which the parser and ``--help`` are made."""

from __future__ import annotations

import argparse
import re
from collections.abc import Sequence
from typing import Any, Final

from ...commandline import CommandParser, seconds
from ..flow.segments import MAX_SEGMENTS

__all__ = ["DEFAULT_TIMEOUT", "EXIT_STATUSES", "MAX_REDIRECTS", "parsed", "parser"]

DEFAULT_TIMEOUT: Final = 60.0
"""How long each wait may take without -m, in seconds."""

MAX_REDIRECTS: Final = 20
"""The most redirects that -L follows."""

EXIT_STATUSES: Final = """\
exit status:
  0  the status is 2xx or 3xx             5  TLS: the certificate, or no TLS at all
  1  an HTTP error: 4xx or 5xx            6  no answer in time
  2  the command line, or a local file    7  the response broke off, or is malformed
  3  the host's name is not found         8  the file has another SHA-256
  4  no connection                        130  Ctrl-C
"""


def _count(text: str) -> int:
    """Return the value of an option that takes a number of things, 1 or more."""
    if not re.fullmatch("[0-9]{1,4}", text) or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to 9999, got {text!r}")
    return int(text)


def _segments(text: str) -> int:
    count = _count(text)
    if count > MAX_SEGMENTS:
        raise argparse.ArgumentTypeError(f"expected a number from 1 to {MAX_SEGMENTS}, got {count}")
    return count


def _sha256(text: str) -> str:
    if not re.fullmatch("[0-9a-fA-F]{64}", text):
        raise argparse.ArgumentTypeError(f"expected 64 hexadecimal digits, got {text!r}")
    return text.lower()


class _Once(argparse.Action):
    """Stores a value, and refuses a second one: to drop the first would lose data."""

    def __call__(
        self, parser: argparse.ArgumentParser, namespace: Any, values: Any, option: Any = None
    ) -> None:
        first = getattr(namespace, self.dest)
        if first is not None:
            raise argparse.ArgumentError(
                self, f"expected it once, got {first!r:.80} and {values!r:.80}: join them with '&'"
            )
        setattr(namespace, self.dest, values)


Options = tuple[tuple[tuple[str, ...], dict[str, Any]], ...]

_MANY: dict[str, Any] = {"action": "append", "default": []}
_FLAG: dict[str, Any] = {"action": "store_true"}

_GROUPS: Final[tuple[tuple[str, Options], ...]] = (
    (
        "the request",
        (
            (
                ("-X", "--request"),
                {"metavar": "METHOD", "help": "the method (default: GET; with content: POST)"},
            ),
            (
                ("-H", "--header"),
                {
                    **_MANY,
                    "metavar": "'NAME: VALUE'",
                    "help": "add a field; 'NAME:' leaves a field out; may be repeated",
                },
            ),
            (
                ("-d", "--data"),
                {
                    "action": _Once,
                    "metavar": "DATA",
                    "help": "content to send; @FILE: the content of FILE, @-: standard input",
                },
            ),
            (
                ("--json",),
                {**_FLAG, "help": "the content is JSON, and so should the response be"},
            ),
            (
                ("-F", "--form"),
                {
                    **_MANY,
                    "metavar": "NAME=VALUE",
                    "help": "a field of a form (multipart); NAME=@FILE: a file; then perhaps "
                    "';type=MEDIA/TYPE' and ';filename=NAME'; may be repeated",
                },
            ),
            (
                ("-T", "--upload-file"),
                {
                    "metavar": "FILE",
                    "help": "send FILE, by PUT, under its name if the URL ends in /; -: standard "
                    "input",
                },
            ),
            (("-I", "--head"), {**_FLAG, "help": "send HEAD; print the status and the fields"}),
            (
                ("-L", "--location"),
                {**_FLAG, "help": f"follow up to {MAX_REDIRECTS} redirects"},
            ),
            (
                ("--no-compressed",),
                {**_FLAG, "help": "do not ask for compressed content"},
            ),
            (("--compressed",), {**_FLAG, "help": "ask for compressed content (the default)"}),
        ),
    ),
    (
        "credentials and cookies",
        (
            (
                ("-u", "--user"),
                {
                    "metavar": "USER[:PASSWORD]",
                    "help": "send these credentials (Basic) to the URL's own origin; without a "
                    "password, the command asks for it",
                },
            ),
            (("--bearer",), {"metavar": "TOKEN", "help": "send this token (Bearer)"}),
            (
                ("-b", "--cookie"),
                {
                    "metavar": "DATA|FILE",
                    "help": "send cookies: 'NAME=VALUE; …', or those of a cookie jar's file",
                },
            ),
            (
                ("-c", "--cookie-jar"),
                {"metavar": "FILE", "help": "save the cookies in FILE (Netscape's format)"},
            ),
            (
                ("--session",),
                {
                    "metavar": "NAME|FILE",
                    "help": "keep cookies from run to run, under a name or in FILE",
                },
            ),
        ),
    ),
    (
        "the connection",
        (
            (
                ("-x", "--proxy"),
                {"metavar": "URL", "help": "go through a proxy: http://, https:// or socks5h://"},
            ),
            (("-k", "--insecure"), {**_FLAG, "help": "do not check the server's certificate"}),
            (("--cacert",), {"metavar": "FILE", "help": "trust the certificates in FILE (PEM)"}),
            (
                ("-E", "--cert"),
                {
                    "metavar": "FILE[:PASSWORD]",
                    "help": "show the server this certificate (PEM, with its key or --key); the "
                    "command asks for a password that the key needs",
                },
            ),
            (
                ("--key",),
                {"metavar": "FILE", "help": "the certificate's key, if it has its own file"},
            ),
            (
                ("--pinnedpubkey",),
                {
                    "metavar": "PINS",
                    "help": "keys of which the server must have one: sha256//BASE64; -v shows it",
                },
            ),
            (
                ("-m", "--timeout"),
                {
                    "type": seconds,
                    "default": DEFAULT_TIMEOUT,
                    "metavar": "SECONDS",
                    "help": "longest time to wait for the server to send something (default: "
                    f"{DEFAULT_TIMEOUT:g})",
                },
            ),
        ),
    ),
    (
        "the response",
        (
            (
                ("-o", "--output"),
                {
                    "metavar": "FILE",
                    "help": "save the content in FILE; -: print it, even binary content on a "
                    "terminal",
                },
            ),
            (("-i", "--include"), {**_FLAG, "help": "print the status and the fields too"}),
            (
                ("-v", "--verbose"),
                {**_FLAG, "help": "show the request and the response's fields, and each redirect"},
            ),
            (("--timing",), {**_FLAG, "help": "show how long each phase took"}),
            (
                ("--har",),
                {
                    "metavar": "FILE",
                    "help": "record all requests and responses in FILE (HAR), secrets left out",
                },
            ),
            (("--curl",), {**_FLAG, "help": "send nothing: print the command of curl that would"}),
        ),
    ),
    (
        "downloads",
        (
            (
                ("-O", "--remote-name"),
                {**_FLAG, "help": "save each URL's content under the last part of its path"},
            ),
            (
                ("-C", "--continue"),
                {
                    **_FLAG,
                    "dest": "resume",
                    "help": "go on with a file that an earlier run left unfinished",
                },
            ),
            (
                ("--jobs",),
                {
                    "type": _count,
                    "default": 1,
                    "metavar": "N",
                    "help": "download N URLs at a time (default: 1)",
                },
            ),
            (
                ("--segments",),
                {
                    "type": _segments,
                    "default": 1,
                    "metavar": "N",
                    "help": "fetch up to N parts of a large file at a time (1 to 16; default: 1)",
                },
            ),
            (
                ("--sha256",),
                {
                    "type": _sha256,
                    "metavar": "HEX",
                    "help": "keep the file only if it has this SHA-256",
                },
            ),
            (
                ("--retry",),
                {
                    "type": _count,
                    "default": 0,
                    "metavar": "N",
                    "help": "try again up to N times after errors that may pass",
                },
            ),
        ),
    ),
)

_SWITCHES: Final = "".join(
    flags[0][1]
    for _, group in _GROUPS
    for flags, how in group
    if how.get("action") == "store_true" and not flags[0].startswith("--")
)
"""The letters of the options without a value."""

_CONTINUE: Final = re.compile(f"-[{_SWITCHES}]*C-?|--continue")
"""-C, alone or behind other such options; ``-C-`` is curl's ``-C -``."""


def parser(prog: str) -> CommandParser:
    """Return the parser of the command, which calls itself `prog`.

    >>> parser("nethttp get").parse_args(["-L", "http://a.com/"]).words
    ['http://a.com/']
    """
    made = CommandParser(
        prog=prog,
        usage=f"{prog} [OPTION ...] URL [URL ...] [NAME=VALUE ...]",
        description="Send a request and print or save the response.\n\n"
        "  NAME=VALUE   a field of a JSON object to send; NAME:=1 a number, true, null, [], {}\n"
        "  NAME==VALUE  a parameter of the URL's query\n",
        epilog=EXIT_STATUSES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "words",
        nargs="+",
        metavar="URL",
        help="an http:// or https:// URL; http:// may be left out",
    )
    for title, options in _GROUPS:
        group = made.add_argument_group(title)
        for flags, settings in options:
            group.add_argument(*flags, **settings)
    return made


def parsed(prog: str, argv: Sequence[str]) -> argparse.Namespace:
    """Return the values of a command line; URLs may stand before, between and behind its options.

    >>> parsed("nethttp get", ["-OC", "-", "http://a.com/b"]).words
    ['http://a.com/b']
    """
    made = parser(prog)
    words: list[str] = []
    behind = False
    for word in argv:
        # To argparse, -C has a value or none; but a URL behind it is none.
        if behind and word == "-":
            behind = False
            continue
        if behind and word.isdigit():
            made.error(f"argument -C/--continue: expected '-' or nothing, got the offset {word}")
        behind = _CONTINUE.fullmatch(word) is not None
        words.append(word.removesuffix("-") if behind else word)
    return made.parse_intermixed_args(words)
