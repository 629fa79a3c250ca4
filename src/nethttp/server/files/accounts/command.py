"""``nethttp passwd``: prints the line of a user with the hash of a password, or files it.

With ``--sign-out`` it ends what the user has signed in to.
"""

from __future__ import annotations

import getpass
import os
import sqlite3
import sys
from collections.abc import Sequence

from ....commandline import CommandParser
from ....errors import reason_of
from ....whole_file import whole_file
from .passwords import hash_password
from .shared_state import sign_out_everywhere
from .users import check_name, read_users

__all__ = ["main"]


def main(words: Sequence[str], prog: str = "nethttp passwd") -> int:
    """Return the exit status: 0, or 1 after printing what is wrong."""
    parser = CommandParser(
        prog=prog,
        description="Ask for a password, and print USER:HASH for nethttp serve --auth and "
        "--auth-file. The hash is scrypt's. With --sign-out, end the sign-ins of a user instead.",
    )
    parser.add_argument("user", metavar="USER", help="the name of the user")
    parser.add_argument(
        "--file", metavar="FILE", help="put the line in FILE, in the place of the user's old one"
    )
    parser.add_argument(
        "--stdin", action="store_true", help="read the password from standard input, up to its end"
    )
    parser.add_argument(
        "--sign-out",
        action="store_true",
        help="sign USER out of DIRECTORY, in all browsers. Programs that send the password are let "
        "in until it is another one",
    )
    parser.add_argument(
        *("-d", "--directory"),
        metavar="DIRECTORY",
        help="the directory that is served (default: the current one)",
    )
    parser.add_argument(
        "--state", metavar="DIRECTORY", help="the server's own files, if nethttp serve has --state"
    )
    arguments = parser.parse_args(words)
    if arguments.sign_out:
        if arguments.file is not None or arguments.stdin:
            parser.error("expected --sign-out, or --file and --stdin, got both")
        return _sign_out(arguments.user, arguments.directory, arguments.state, prog)
    if arguments.directory is not None or arguments.state is not None:
        parser.error("expected --sign-out with --directory and --state")
    try:
        check_name(arguments.user)
        line = f"{arguments.user}:{hash_password(_password(arguments.stdin))}"
        if arguments.file is None:
            print(line)
        else:
            _put(arguments.file, line)
    except (OSError, ValueError) as error:
        print(f"{prog}: {reason_of(error)}", file=sys.stderr)
        return 1
    return 0


def _sign_out(user: str, directory: str | None, state: str | None, prog: str) -> int:
    """End the sign-ins of a user, say how many, and return the exit status."""
    root = os.path.abspath(directory or os.curdir)
    try:
        if not os.path.isdir(root):
            raise ValueError(f"there is no directory {root}")
        ended = sign_out_everywhere(user, root, state)
    except (OSError, ValueError, sqlite3.Error) as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return 1
    times = "nowhere" if not ended else "once" if ended == 1 else f"{ended} times"
    print(f"{user} was signed in {times} to {root}{', and is no longer' if ended else ''}.")
    return 0


def _password(from_stdin: bool) -> str:
    """Return the password.

    Raises:
        ValueError: two different ones were typed.
    """
    if from_stdin or not sys.stdin.isatty():
        return sys.stdin.read().removesuffix("\n")
    password = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != password:
        raise ValueError("expected the same password twice")
    return password


def _put(path: str, line: str) -> None:
    """Put a user's line in a file, which is written whole and is its owner's alone.

    Raises:
        ValueError: the file has what is no user.
        OSError: it cannot be read or written.
    """
    user = line.partition(":")[0]
    lines: list[str] = []
    if os.path.exists(path):
        read_users(path)
        with open(path, encoding="utf-8") as file:
            lines = file.read().splitlines()
    places = [number for number, old in enumerate(lines) if old.partition(":")[0].strip() == user]
    if places:
        lines[places[0]] = line
    else:
        lines.append(line)
    with whole_file(path, 0o600) as file:
        left = memoryview("".join(f"{each}\n" for each in lines).encode())
        while left:
            left = left[file.write(left) :]
