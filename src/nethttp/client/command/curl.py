"""The command of curl that sends the same request: ``--curl``."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterable

from ..messages.url import URL
from .asked import left_out, request_settings
from .items import Words

__all__ = ["curl_command", "curl_of"]

#: curl's options that have the values of ours.
_WITH_VALUES = {
    "-u": "user",
    "-c": "cookie_jar",
    "-x": "proxy",
    "-o": "output",
    "--cacert": "cacert",
    "--cert": "cert",
    "--key": "key",
    "--pinnedpubkey": "pinnedpubkey",
}
_FLAGS = {"-L": "location", "-k": "insecure", "-i": "include", "-O": "remote_name"}


def curl_command(
    method: str,
    url: str,
    fields: Iterable[tuple[str, str]],
    content: str | None = None,
    options: Iterable[str] = (),
) -> str:
    """Return a line for a POSIX shell. `content` is the value of curl's --data-binary.

    >>> curl_command("POST", "http://a.com/?b=c", [("X-A", "it's")], "hi")
    'curl -X POST -H \\'X-A: it\\'"\\'"\\'s\\' --data-binary hi \\'http://a.com/?b=c\\''
    """
    words = ["curl"]
    if method == "HEAD":
        words.append("-I")
    elif method != ("GET" if content is None else "POST") or content is not None:
        words += ["-X", method]
    for name, value in fields:
        words += ["-H", f"{name}: {value}" if value else f"{name};"]
    if content is not None:
        words += ["--data-binary", content]
    return shlex.join([*words, *options, url])


def curl_of(arguments: argparse.Namespace, words: Words, method: str, url: URL) -> str:
    """Return the command of curl for the options of this one.

    It is made of the same settings as the request, so that the two cannot differ.
    """
    with request_settings(arguments, words) as settings:
        fields = settings["headers"]
    options: list[str] = [] if arguments.no_compressed else ["--compressed"]
    content: str | None = None
    if words.data:
        content = json.dumps(words.data)
        fields = [*fields, ("Content-Type", "application/json")]
    elif arguments.data is not None:
        content = arguments.data
    elif arguments.upload_file is not None:
        options += ["-T", arguments.upload_file]
    for field in arguments.form:
        options += ["-F", field]
    for flag, value in _WITH_VALUES.items():
        given = getattr(arguments, value)
        if given is not None:
            options += [flag, str(given)]
    for flag, name in _FLAGS.items():
        if getattr(arguments, name):
            options.append(flag)
    if arguments.bearer is not None:
        fields = [*fields, ("Authorization", f"Bearer {arguments.bearer}")]
    fields = [*fields, *((name, "") for name in left_out(arguments))]
    return curl_command(method, str(url), fields, content, options)
