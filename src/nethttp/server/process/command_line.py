"""The command line of ``python -m nethttp.server``: its arguments, and what they mean together.

The arguments are the rows of `ServeOptions`, and a few that only the command has.
"""

from __future__ import annotations

import argparse
import errno
import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from ...commandline import CommandParser
from ...wire import grammar
from ..files.cors import ANY_ORIGIN
from . import option_values as kinds
from .configuration import PREFIX, words_of_environment, words_of_file
from .directory_options import (
    SPA_FILE,
    add_directory_options,
    directory_handler,
    file_handler,
    first_given,
)
from .discover import NotServable, Target, is_shared, loader_for
from .listeners import ALL_IPV4, LOOPBACK, PORT, Address, parse_address
from .options import GENERAL, OPERATION, ROWS, TLS, Refused, Row, ServeOptions, option_help
from .sharing_options import add_sharing_options, clean_drafts, make_passwords
from .worker import Service

__all__ = [
    "add_arguments",
    "addresses_of",
    "arguments_of",
    "command_line",
    "directory_of",
    "parsed",
    "renews_workers",
    "service_of",
]


def parsed(
    prog: str, words: Sequence[str], environ: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """Return the arguments of a command line, and what the environment and a file add to them.

    >>> parsed("serve", ["dist", "--cors", "9000"], {}).target
    ['dist', '9000']
    >>> parsed("serve", ["dist"], {"NETHTTP_SERVE_PORT": "9000"}).port
    9000

    Raises:
        Refused: the environment or the file has what is no option, or cannot be read.
    """
    arguments = arguments_of(command_line(prog), words, environ)
    make_passwords(arguments)
    return arguments


def arguments_of(
    parser: CommandParser, words: Sequence[str], environ: Mapping[str, str] = os.environ
) -> argparse.Namespace:
    """Return what `parsed` does, for a parser with these arguments among others.

    Raises:
        Refused: the environment or the file has what is no option, or cannot be read.
    """
    options = {
        name[2:]: action
        for name, action in parser._option_string_actions.items()
        if name.startswith("--") and action.dest not in (argparse.SUPPRESS, "help")
    }
    every_word = _with_values_joined(words)
    arguments = parser.parse_intermixed_args(every_word)
    more, targets = words_of_environment(environ, options, _given(arguments, options))
    if more or targets:
        parser.source = f"the environment's {PREFIX}..."
        every_word = [*more, *every_word, *targets]
        arguments = parser.parse_intermixed_args(every_word)
    if arguments.config is not None:
        parser.source = arguments.config
        del options["config"]
        given = _given(arguments, options)
        more, targets = words_of_file(arguments.config, options, given)
        arguments = parser.parse_intermixed_args([*more, *every_word, *targets])
    return arguments


def _given(arguments: argparse.Namespace, options: Mapping[str, argparse.Action]) -> set[str]:
    """Return the long names of the options that have a value; a target and a port have two."""
    given = {name for name, action in options.items() if getattr(arguments, action.dest)}
    for word in arguments.target:
        given |= {"port"} if word.isdigit() else {"target", "directory"}
    if "directory" in given:
        given.add("target")
    return given


def command_line(prog: str) -> CommandParser:
    """Return the parser of the command line, for a command called `prog`.

    >>> "--max-body BYTES" in command_line("serve").format_help()
    True
    """
    parser = CommandParser(
        prog=prog,
        usage=f"{prog} [OPTION ...] [TARGET] [PORT]",
        description="Serve a directory, a file, a WSGI application or a handler class over HTTP.",
        epilog="Ctrl-C and SIGTERM let running requests finish, then end the server; a second one "
        "ends it at once. SIGHUP starts new workers with the new code, certificates and log file "
        "in the place of the old ones, and loses no request.",
    )
    add_arguments(parser)
    return parser


def add_arguments(parser: CommandParser) -> None:
    """Add all that says what is served, and how."""
    add = parser.add_argument
    add(
        "target",
        nargs="*",
        metavar="TARGET [PORT]",
        help="a directory (default: the current one), a file, or module:name of a WSGI "
        "application, of a handler class, or of a function that returns one of them; a number is "
        f"the port (default: {PORT}; 0: any free port)",
    )
    _add_rows(parser, GENERAL)
    add("--port", type=kinds.PORT.read, metavar="PORT", help="the same as PORT alone")
    add(
        *("-q", "--qr"),
        action="store_true",
        help="print the QR code of the URL for a phone; without --bind this opens the server to "
        "the network",
    )
    add("-o", "--open", action="store_true", help="open the URL in the browser")
    add(
        "--config",
        metavar="FILE",
        help="read options from a TOML file, by their names without dashes: workers = 4; what the "
        f"command line gives counts first, then the environment's {PREFIX}WORKERS and its like",
    )
    add(
        *("-r", "--reload"),
        action="store_true",
        help="start new workers when a Python file below the current directory changes; if TARGET "
        "is a directory, load its pages in browsers again when one of its files changes",
    )
    add_directory_options(parser.add_argument_group("if TARGET is a directory or a file"))
    sharing = parser.add_argument_group(
        "if others may change a directory",
        "With users or rights a directory has archives, search and ?json, and hides names that "
        "begin with a dot: --allow r, for one, lets everyone read so.",
    )
    add_sharing_options(sharing)
    tls = parser.add_argument_group(TLS)
    _add_rows(tls, TLS)
    tls.add_argument(
        "--tls-password-file", metavar="FILE", help="file with the private key's password"
    )
    tls.add_argument(
        "--tls-self-signed",
        action="store_true",
        help="serve HTTPS with a certificate made for this run, which browsers warn about",
    )
    _add_rows(parser.add_argument_group(OPERATION), OPERATION)


def _add_rows(group: Any, of_group: str) -> None:
    """Add the options of one group of the table. What is not given is None."""
    for name, row in ROWS.items():
        if row.group == of_group:
            flags = row.flags or (f"--{name.replace('_', '-')}",)
            group.add_argument(*flags, dest=name, help=option_help(row), **_value_of(row))


def _value_of(row: Row) -> dict[str, Any]:
    """Return the arguments of `add_argument` for an option's value."""
    if row.kind is kinds.WORD:
        return {"choices": row.choices}
    action = "append" if row.repeated else "store"
    return {"action": action, "type": row.kind.read, "metavar": row.kind.metavar}


def _with_values_joined(words: Sequence[str]) -> list[str]:
    """Return `words` with each option that may have a value, or has two words, joined to it.

    What follows ``--spa`` and ``--cors`` is the directory or the port, unless it is an origin. The
    first rule of ``--allow`` may begin with a dash, for no right.
    """
    rest = list(words)
    joined: list[str] = []
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*joined, word, *rest]
        if word == "--spa":
            word = f"--spa={SPA_FILE}"
        elif word == "--cors":
            word = f"--cors={rest.pop(0) if rest and kinds.is_origin(rest[0]) else ANY_ORIGIN}"
        elif (
            word in ("-H", "--header")
            and len(rest) > 1
            and grammar.TOKEN.fullmatch(rest[0])
            and not rest[1].startswith("--")
        ):
            word = f"--header={rest.pop(0)}:{rest.pop(0)}"
        elif word in ("-A", "--allow") and rest and rest[0].startswith(("-@", "-,")):
            word = f"--allow={rest.pop(0)}"
        joined.append(word)
    return joined


# --- what the arguments mean together ---


def _target_and_port(arguments: argparse.Namespace) -> tuple[str | None, int]:
    words = list(arguments.target)
    numbers = [word for word in words if word.isascii() and word.isdigit()]
    names = [word for word in words if word not in numbers]
    if len(numbers) > 1 or len(names) > 1:
        raise Refused(f"expected one TARGET and one PORT, got {' and '.join(words)}")
    if numbers and arguments.port is not None:
        raise Refused(f"expected one port, got {numbers[0]} and --port {arguments.port}")
    port = int(numbers[0]) if numbers else PORT if arguments.port is None else arguments.port
    if port > 65535:
        raise Refused(f"expected a port from 0 to 65535, got {port}")
    return names[0] if names else None, port


def addresses_of(arguments: argparse.Namespace) -> list[Address]:
    """Return the addresses to listen on.

    >>> addresses_of(parsed("serve", ["9000", "--bind", "::1"]))
    [Address(kind='tcp', host='::1', port=9000)]

    Raises:
        Refused: an address or a port that cannot be read.
    """
    _, port = _target_and_port(arguments)
    try:
        # A phone cannot open an address of this machine alone.
        texts = arguments.bind or ([ALL_IPV4] if arguments.qr else [LOOPBACK])
        return [parse_address(text, port) for text in texts]
    except ValueError as error:
        raise Refused(f"--bind: {error}") from None


def renews_workers(arguments: argparse.Namespace) -> bool:
    """Return whether ``--reload`` concerns programs: a directory has its pages loaded again."""
    target, _ = _target_and_port(arguments)
    is_directory = target is None or os.path.isdir(target)
    return bool(arguments.reload and (arguments.cgi or not is_directory))


def service_of(arguments: argparse.Namespace, name: str) -> tuple[Service, str]:
    """Return what to serve and how, and what the announcement calls it.

    `name` is the command's, because messages begin with it.

    Raises:
        Refused: options that do not fit together, or a file that cannot be read.
    """
    target, _ = _target_and_port(arguments)
    find, what = _application(target, arguments)
    _check_tls(arguments)
    given = {option: getattr(arguments, option) for option in ROWS}
    if arguments.access_log is None and arguments.access_log_file is not None:
        given["access_log"] = "common"
    if arguments.tls_password_file:
        with open(arguments.tls_password_file, "rb") as file:
            given["tls_password"] = file.readline().strip()
    try:
        options = ServeOptions(
            **{option: value for option, value in given.items() if value is not None}
        )
    except ValueError as error:
        raise Refused(str(error)) from None
    return Service(find, options, name), what


def _application(target: str | None, arguments: argparse.Namespace) -> tuple[Any, str]:
    """Return a function that finds what is to be served, and what to call it."""
    if target is not None and not os.path.isdir(target):
        try:
            find = loader_for(target, arguments.interface)
        except NotServable as error:
            raise Refused(str(error)) from None
        shared = arguments.interface == "file" or is_shared(target)
        given = first_given(arguments, "file" if shared else "application")
        if given:
            kind = "a file" if shared else "an application"
            raise Refused(f"{given} is for a directory, and {target} is {kind}")
        if shared:
            alone = file_handler(target, arguments)
            return lambda: Target("file", alone), os.path.abspath(target)
        return find, target
    directory = directory_of(arguments)
    served = directory_handler(directory, arguments)
    return functools.partial(_cleaned, served), directory


def directory_of(arguments: argparse.Namespace) -> str:
    """Return the path of the directory that is to be served.

    Raises:
        Refused: there is none, or two are given.
    """
    target, _ = _target_and_port(arguments)
    directory = arguments.directory
    if target is not None and directory is not None:
        raise Refused(f"expected one directory, got {target} and --directory {directory}")
    if arguments.interface not in (None, "directory"):
        raise Refused(f"expected a TARGET for --interface {arguments.interface}")
    directory = os.path.abspath(target or directory or os.getcwd())
    if not os.path.isdir(directory):
        there = os.path.exists(directory)
        wrong = "expected a directory, got the file" if there else "no such directory:"
        raise Refused(f"{wrong} {target or arguments.directory}")
    return directory


def _cleaned(served: Any) -> Target:
    """Return the handler of a directory, without what dead workers have left there."""
    clean_drafts(served)
    return Target("directory", served)


def _check_tls(arguments: argparse.Namespace) -> None:
    certificate = arguments.tls_cert
    if certificate is None:
        if arguments.tls_key or arguments.tls_password_file:
            raise Refused("expected --tls-cert with --tls-key and --tls-password-file")
        if arguments.tls_client_ca and not arguments.tls_self_signed:
            raise Refused("expected --tls-cert or --tls-self-signed with --tls-client-ca")
    elif arguments.tls_self_signed:
        raise Refused("expected --tls-cert or --tls-self-signed, got both")
    files = (certificate, arguments.tls_key, arguments.tls_password_file, arguments.tls_client_ca)
    for path in files:
        if path is not None and not os.access(path, os.R_OK):
            reason = errno.EACCES if os.path.exists(path) else errno.ENOENT
            raise Refused(f"cannot read {path}: {os.strerror(reason)}")
