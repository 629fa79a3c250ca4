"""Prints a response: its head, its content, and what the content does not show."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable
from typing import Any

from ...errors import excerpt
from ...status import HTTPStatus
from ..messages.connection_info import ConnectionInfo, TLSInfo
from ..messages.request import Request
from ..messages.response import Response
from . import terminal
from .failures import Failure
from .output import output_file, writing_to
from .progress import progress_on

__all__ = ["head_of", "say_status", "show", "show_exchanges", "show_timing"]


def head_of(response: Response) -> tuple[str, list[tuple[str, str]]]:
    """Return a response's status line and its fields, as they were received: RFC 9112 section 4."""
    version = response.http_version
    return f"{version} {response.status_code} {response.reason}".rstrip(), response.headers.pairs


def show(arguments: argparse.Namespace, response: Response) -> None:
    """Print or save the response as the options say.

    Raises:
        Failure: binary content would be printed to a terminal.
        CannotWrite: the output cannot be written.
        RequestError: the content did not arrive whole.
    """
    with_head = arguments.include or arguments.head
    if arguments.output not in (None, "-"):
        with (
            output_file(arguments.output) as file,
            progress_on(sys.stderr, [arguments.output]) as (bar,),
        ):
            write = writing_to(file, arguments.output)
            if with_head:
                write(_head_bytes(response))
            done, total = 0, _length(response)
            bar(0, total)
            for piece in response.iter_bytes():
                write(piece)
                done += len(piece)
                bar(done, total)
        return
    if sys.stdout.isatty() and arguments.output is None:
        _show_on_terminal(response, with_head)
        return
    with open(sys.stdout.fileno(), "wb", buffering=0, closefd=False) as output:
        write = writing_to(output, "standard output")
        if with_head:
            write(_head_bytes(response))
        for piece in response.iter_bytes():
            write(piece)


def _head_bytes(response: Response) -> bytes:
    first, fields = head_of(response)
    lines = [first, *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1", "replace")


def _length(response: Response) -> int | None:
    """Return the bytes that the decoded content will have, None if that is not known."""
    text = response.headers.get("content-length") or ""
    coded = response.headers.get("content-encoding") is not None
    return int(text[:19]) if text.isascii() and text.isdigit() and not coded else None


def _show_on_terminal(response: Response, with_head: bool) -> None:
    console = terminal.colours(sys.stdout)
    if with_head:
        first, fields = head_of(response)
        _print_head(sys.stdout, console, first, fields)
        print()
    kind = response.headers.get("content-type") or ""
    pieces = response.iter_bytes()
    if "json" in kind.partition(";")[0].lower():
        kept = _up_to(pieces, terminal.MAX_PRETTY)
        text = terminal.pretty_json(b"".join(kept)) if len(kept) else None
        if text is not None and (rest := next(pieces, b"")) == b"":
            if console is None:
                print(terminal.safe_text(text))
            else:
                terminal.print_json(console, text)
            return
        pieces = _chained(kept, pieces) if text is None else _chained([*kept, rest], pieces)
    write = terminal.text_writer(sys.stdout.write, response.encoding)
    for piece in pieces:
        if b"\0" in piece:
            shown = f" ({excerpt(kind)})" if kind else ""
            raise Failure(
                f"the content is binary{shown}: -o FILE saves it, -o - prints it to the terminal"
            )
        write(piece)
        sys.stdout.flush()
    write(b"")


def _up_to(pieces: Iterable[bytes], most: int) -> list[bytes]:
    """Return the first pieces, until they have more than `most` bytes or end."""
    kept: list[bytes] = []
    size = 0
    for piece in pieces:
        kept.append(piece)
        size += len(piece)
        if size > most:
            break
    return kept


def _chained(first: Iterable[bytes], rest: Iterable[bytes]) -> Any:
    yield from first
    yield from rest


def _print_head(
    stream: Any, console: Any, first: str, fields: Iterable[tuple[str, str]], mark: str = ""
) -> None:
    if console is not None:
        terminal.print_fields(
            console, mark + first, [(mark + name, value) for name, value in fields]
        )
        return
    print(mark + terminal.safe_text(first), file=stream)
    for name, value in fields:
        print(f"{mark}{terminal.safe_text(name)}: {terminal.safe_text(value)}", file=stream)


def show_exchanges(responses: Iterable[Response]) -> None:
    """Print the request of each response, and the response's head, to standard error: -v."""
    console = terminal.colours(sys.stderr)
    for each in responses:
        request: Request = each.request
        if each.connection is not None and each.connection.tls is not None:
            print(f"* {_encryption(each.connection)}", file=sys.stderr)
        first = f"{request.method} {request.target} HTTP/1.1"
        _print_head(sys.stderr, console, first, request.headers.pairs, "> ")
        print(">", file=sys.stderr)
        _print_head(sys.stderr, console, *head_of(each), "< ")
        print("<", file=sys.stderr)


def _encryption(connection: ConnectionInfo) -> str:
    """Return how a connection is encrypted, with its pin in the form of --pinnedpubkey."""
    tls = connection.tls or TLSInfo()
    shown = [connection.address, tls.version, tls.cipher, "resumed" if tls.resumed else None]
    pin = tls.pin and tls.pin.replace("/", "//", 1)
    return ", ".join(each for each in [*shown, pin] if each)


def show_timing(responses: Iterable[Response]) -> None:
    """Print how long each phase of each exchange took, in milliseconds: --timing."""
    for each in responses:
        print(f"{each.request}: {each.status_code}", file=sys.stderr)
        for name, seconds in zip(each.timing._fields, each.timing, strict=True):
            if seconds is not None:
                print(f"  {name:8} {seconds * 1000:9.1f} ms", file=sys.stderr)


def say_status(say: Callable[[str], object], response: Response, url: str) -> None:
    """Say what the content does not show: an error, or a redirect that is not followed."""
    status = response.status_code
    location = response.headers.get("location") if 300 <= status < 400 else None
    if status < 400 and location is None:
        return
    phrase = next((each.phrase for each in HTTPStatus if each == status), "")
    to = "" if location is None else f", to {excerpt(location)}; -L follows it"
    say(f"{url}: {status} {phrase}".rstrip() + to)
