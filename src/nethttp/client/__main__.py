"""``python -m nethttp.client URL``: fetch a URL to standard output or into a file."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

from ..commandline import run_command
from ..errors import HTTPException, StatusError
from .client import Client
from .command import asked, shown
from .command.cookies import jar_for
from .command.curl import curl_of, not_in_curl
from .command.downloads import download_all, is_download, targets_of
from .command.failures import Failure, exit_status, sentence
from .command.items import Words, sorted_out
from .command.options import parsed
from .command.output import CannotWrite, ReaderLeft
from .messages.response import Response
from .messages.url import URL


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.client") -> int:
    """Run the command and return its exit status."""

    def say(text: str) -> None:
        print(f"{prog}: {text}", file=sys.stderr)

    words = sys.argv[1:] if argv is None else argv
    return run_command(lambda: _answered(parsed(prog, words), say))


def _answered(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Run the command and return its exit status; print an error in one line."""
    try:
        return _run(arguments, say)
    except ReaderLeft:
        raise BrokenPipeError from None
    except (Failure, CannotWrite, HTTPException, ValueError, OSError) as error:
        if isinstance(error, BrokenPipeError) and not isinstance(error, HTTPException):
            raise
        say(sentence(error, arguments.words[0], arguments.timeout))
        return exit_status(error)


def _run(arguments: argparse.Namespace, say: Callable[[str], None]) -> int:
    words = sorted_out(arguments.words)
    urls = [
        asked.below_folder(asked.url_of(word, words), arguments.upload_file) for word in words.urls
    ]
    if not urls:
        raise Failure(f"expected a URL, got {arguments.words[0]!r} alone")
    if arguments.output is not None and len(urls) > 1:
        raise Failure(f"expected one URL with -o, got {len(urls)}: -O names a file for each")
    method = asked.method_of(arguments, words)
    settings = asked.client_settings(arguments)
    if arguments.curl:
        return _print_curl(arguments, words, method, urls, say)
    exchanges: list[Response] = []
    if is_download(arguments, method) and (arguments.verbose or arguments.timing):
        settings["events"] = {"response": exchanges.append}
    with jar_for(arguments) as jar, Client(cookies=jar, **settings) as client:
        for name in asked.left_out(arguments):
            client.headers.remove(name)
        if is_download(arguments, method):
            try:
                return _download(client, arguments, words, urls, say)
            finally:  # below the bars; a download that fails or is stopped needs it most
                _show(arguments, exchanges)
        return max(_exchange(client, arguments, words, method, url, say) for url in urls)


def _print_curl(
    arguments: argparse.Namespace,
    words: Words,
    method: str,
    urls: Sequence[URL],
    say: Callable[[str], None],
) -> int:
    unsaved = argparse.Namespace(**{**vars(arguments), "cookie_jar": None})  # nothing is received
    with jar_for(unsaved) as jar:
        for url in urls:
            print(curl_of(arguments, words, method, url, jar))
    if names := not_in_curl(arguments):
        say(f"curl has no {', '.join(names)}: its command does without")
    return 0


def _download(
    client: Client,
    arguments: argparse.Namespace,
    words: Words,
    urls: Sequence[URL],
    say: Callable[[str], None],
) -> int:
    def settings_of(url: URL) -> AbstractContextManager[dict[str, Any]]:
        return _request_settings(arguments, words, url)

    return download_all(client, targets_of(urls, arguments), arguments, settings_of, say)


def _show(arguments: argparse.Namespace, exchanges: Sequence[Response]) -> None:
    if arguments.verbose:
        shown.show_exchanges(exchanges)
    if arguments.timing:
        shown.show_timing(exchanges)


@contextmanager
def _request_settings(
    arguments: argparse.Namespace, words: Words, url: URL
) -> Iterator[dict[str, Any]]:
    with asked.request_settings(arguments, words) as settings:
        auth = asked.auth_of(arguments, url)
        if auth is not None:
            settings["auth"] = auth
        yield settings


def _exchange(
    client: Client,
    arguments: argparse.Namespace,
    words: Words,
    method: str,
    url: URL,
    say: Callable[[str], None],
) -> int:
    """Send one request, show its response, and return the exit status."""
    with (
        _request_settings(arguments, words, url) as settings,
        client.stream(method, url, **settings) as response,
    ):
        exchanges = [*response.history, response]
        if arguments.verbose:
            shown.show_exchanges(exchanges)
        shown.show(arguments, response)
        if not (arguments.include or arguments.head):
            shown.say_status(say, response, str(url))
        if arguments.timing:
            shown.show_timing(exchanges)
        return exit_status(StatusError("")) if response.is_error else 0


if __name__ == "__main__":
    sys.exit(main())
