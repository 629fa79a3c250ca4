"""``python -m nethttp.cookiejar``: list, convert and clean cookie jars.

Exit statuses: 0 done; 1 no cookie has the name; 2 wrong usage, or a jar cannot be read or written,
which is then as it was.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ..commandline import CommandParser, run_command
from ..errors import reason_of
from .any_format import FORMATS, TEXT_FORMATS, changed, format_of, format_of_new, read, text_in
from .cookie import Cookie
from .dates import time2isoz
from .formats.file_jar import write_whole

EPILOG = """\
A JAR is a file, a Firefox profile, or a URL: valkey://host:port/0#PREFIX. Formats: mozilla
(cookies.txt), lwp, json, sqlite, valkey, firefox (read only). The format of a jar is detected;
that of a new file follows from its extension: .txt, .lwp, .json, .db, .sqlite, .sqlite3."""

_COLUMNS = ("domain", "path", "name", "value", "expires", "attributes")


def _parser(prog: str) -> argparse.ArgumentParser:
    parser = CommandParser(
        prog=prog,
        description="List, convert and clean cookie jars.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(prog=prog)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, about: str) -> Any:
        added = commands.add_parser(name, help=about, description=about)
        added.add_argument("jar", metavar="JAR", help="a file, a Firefox profile, or a URL")
        added.add_argument("--from", dest="kind", choices=FORMATS, help="the JAR's format")
        return added

    def chosen(added: Any) -> None:
        added.add_argument("--domain", help="only the cookies of this host or domain")

    def shown(added: Any) -> None:
        chosen(added)
        added.add_argument("--values", action="store_true", help="show the cookies' values")
        added.add_argument("--json", action="store_true", help="print JSON")

    shown(command("list", "print the cookies of a jar"))
    show = command("show", "print all attributes of a cookie")
    show.add_argument("name", metavar="NAME", help="the cookie's name")
    shown(show)
    take = command(
        "import", "add the cookies of SOURCE to JAR, which is created if it does not exist"
    )
    take.add_argument("source", metavar="SOURCE", help="the jar to read")
    take.add_argument("--source-format", choices=FORMATS, help="the SOURCE's format")
    chosen(take)
    export = command("export", "print the cookies of JAR, or write them to a new file")
    export.add_argument(
        "target", metavar="TARGET", nargs="?", default="-", help="the new file (default: print)"
    )
    convert = command("convert", "write the cookies of JAR to a new jar of another format")
    convert.add_argument("target", metavar="TARGET", help="a file or a URL")
    for added in (export, convert):
        added.add_argument("--to", choices=FORMATS[:-1], help="the TARGET's format")
        added.add_argument("--force", action="store_true", help="replace TARGET if it exists")
        chosen(added)
    export.add_argument("--values", action="store_true", help="print values to a terminal")
    prune = command("prune", "remove expired cookies")
    prune.add_argument("--session", action="store_true", help="remove session cookies too")
    return parser


# --- which cookies -------------------------------------------------------------------------------


def _is_for(cookie: Cookie, domain: str | None) -> bool:
    """Return whether a cookie belongs to `domain` or to a host below it; to None all do."""
    if domain is None:
        return True
    own, wanted = cookie.domain.removeprefix("."), domain.lower().removeprefix(".")
    return own == wanted or own.endswith("." + wanted)


def _cookies(arguments: argparse.Namespace) -> list[Cookie]:
    kind = arguments.kind or format_of(arguments.jar)
    cookies = read(arguments.jar, kind)
    domain = getattr(arguments, "domain", None)
    cookies = [cookie for cookie in cookies if _is_for(cookie, domain)]
    return sorted(cookies, key=lambda cookie: (cookie.domain.removeprefix("."), cookie.path))


# --- what is printed -----------------------------------------------------------------------------


def _plain(text: str) -> str:
    """Return `text` with all that a terminal would not print, and tabs, escaped."""
    return "".join(sign if sign.isprintable() else ascii(sign)[1:-1] for sign in text)


def _when(expires: float | None) -> str:
    if expires is None:
        return "session"
    try:
        return time2isoz(float(expires))
    except (OverflowError, ValueError, OSError):
        return str(expires)


def _attributes(cookie: Cookie) -> str:
    words = [
        "Secure" if cookie.secure else "",
        "HttpOnly" if cookie.http_only else "",
        f"SameSite={cookie.same_site}" if cookie.same_site else "",
        "host-only" if cookie.host_only else "",
        f"Partitioned={cookie.partition_key}" if cookie.partition_key else "",
        "expired" if cookie.is_expired() else "",
    ]
    return " ".join(word for word in words if word)


def _row(cookie: Cookie, values: bool) -> list[str]:
    shown = {
        "domain": cookie.domain,
        "path": cookie.path,
        "name": cookie.name,
        "value": cookie.value or "",
        "expires": _when(cookie.expires),
        "attributes": _attributes(cookie),
    }
    return [_plain(shown[column]) for column in _columns(values)]


def _columns(values: bool) -> list[str]:
    return [column for column in _COLUMNS if values or column != "value"]


def _described(cookie: Cookie, values: bool) -> dict[str, Any]:
    row = cookie.to_dict()
    if not values:
        del row["value"]
    return row


def _print_rows(cookies: Iterable[Cookie], values: bool) -> None:
    rows = [_row(cookie, values) for cookie in cookies]
    if sys.stdout.isatty():
        with contextlib.suppress(ImportError):
            from rich.console import Console  # optional: plain columns without it
            from rich.table import Table  # optional: the same
            from rich.text import Text  # optional: the same

            table = Table(*_columns(values))
            for row in rows:
                table.add_row(*map(Text, row))
            Console().print(table)
            return
    for row in rows:
        print("\t".join(row))


# --- the commands --------------------------------------------------------------------------------


def _list(arguments: argparse.Namespace) -> int:
    cookies = _cookies(arguments)
    if arguments.json:
        print(json.dumps([_described(cookie, arguments.values) for cookie in cookies], indent=1))
    else:
        _print_rows(cookies, arguments.values)
    return 0


def _show(arguments: argparse.Namespace) -> int:
    cookies = [cookie for cookie in _cookies(arguments) if cookie.name == arguments.name]
    rows = [_described(cookie, arguments.values) for cookie in cookies]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    elif not rows:
        print(f"{arguments.prog}: no cookie called {_plain(arguments.name)!r}", file=sys.stderr)
    else:
        texts = (
            "\n".join(f"{key}\t{_plain(str(value))}" for key, value in row.items()) for row in rows
        )
        print("\n\n".join(texts))
    return 0 if rows else 1


def _import(arguments: argparse.Namespace) -> int:
    source_kind = arguments.source_format or format_of(arguments.source)
    cookies = [c for c in read(arguments.source, source_kind) if _is_for(c, arguments.domain)]
    kind = arguments.kind
    if kind is None:
        there = "://" in arguments.jar or os.path.exists(arguments.jar)
        kind = format_of(arguments.jar) if there else format_of_new(arguments.jar)
    with changed(arguments.jar, kind) as jar:
        for cookie in cookies:
            jar.set_cookie(cookie)
    print(f"{len(cookies)} cookies from {_safe(arguments.source)} in {_safe(arguments.jar)}")
    return 0


def _export(arguments: argparse.Namespace) -> int:
    if arguments.target != "-":
        return _convert(arguments)
    kind = arguments.to or "mozilla"
    if kind not in TEXT_FORMATS:
        raise ValueError(f"expected a format that can be printed, got {kind}")
    if sys.stdout.isatty() and not arguments.values:
        raise ValueError("the cookies' values would be printed to a terminal; --values allows it")
    sys.stdout.write(text_in(kind, _cookies(arguments)))
    return 0


def _convert(arguments: argparse.Namespace) -> int:
    cookies = _cookies(arguments)
    kind = arguments.to or format_of_new(arguments.target)
    target = arguments.target
    if "://" not in target and os.path.lexists(target):
        if not arguments.force:
            raise ValueError(f"{target!r} exists; --force replaces it")
        if os.path.realpath(arguments.jar) == os.path.realpath(target):
            raise ValueError("JAR and TARGET are the same file")
    if kind in TEXT_FORMATS:
        write_whole(target, text_in(kind, cookies))
    else:
        with changed(target, kind) as jar:
            if len(jar) and not arguments.force:
                raise ValueError(f"{_safe(target)} has cookies already; --force replaces them")
            jar.clear()
            for cookie in cookies:
                jar.set_cookie(cookie)
    print(f"{len(cookies)} cookies in {_safe(target)}")
    return 0


def _prune(arguments: argparse.Namespace) -> int:
    kind = arguments.kind or format_of(arguments.jar)
    if kind == "sqlite":
        os.stat(arguments.jar)
    with changed(arguments.jar, kind) as jar:
        now = time.time()
        before = list(jar)
        over = sum(
            cookie.is_expired(now) or (arguments.session and cookie.discard) for cookie in before
        )
        jar.clear_expired_cookies()
        if arguments.session:
            jar.clear_session_cookies()
    print(f"{over} cookies removed, {len(before) - over} left")
    return 0


def _safe(place: str) -> str:
    """Return a place without the user and password of a URL."""
    scheme, separator, rest = place.partition("://")
    return scheme + separator + rest.rpartition("@")[2] if separator else place


_COMMANDS: dict[str, Callable[[argparse.Namespace], int]] = {
    "list": _list,
    "show": _show,
    "import": _import,
    "export": _export,
    "convert": _convert,
    "prune": _prune,
}


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.cookiejar") -> int:
    """Run the command with `argv` (default: the process's arguments); return its exit status."""
    return run_command(lambda: _run(_parser(prog).parse_args(argv), prog))


def _run(arguments: argparse.Namespace, prog: str) -> int:
    try:
        return _COMMANDS[arguments.command](arguments)
    except BrokenPipeError:
        raise
    except json.JSONDecodeError as error:
        print(f"{prog}: expected a jar in JSON: {error}", file=sys.stderr)
        return 2
    except (ArithmeticError, ImportError, OSError, RecursionError, ValueError) as error:
        print(f"{prog}: {_plain(reason_of(error))}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
