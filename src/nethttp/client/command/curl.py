"""The command of curl that sends the same request: ``--curl``."""

from __future__ import annotations

import argparse
import math
import shlex
from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..content.forms import json_body
from ..flow.cookies import CookieStore, joined
from ..messages.url import URL
from .asked import left_out, request_settings
from .downloads import is_download
from .forms import FormPart, form_part
from .items import Words
from .options import DEFAULT_TIMEOUT

if TYPE_CHECKING:
    from ...cookiejar import CookieJar

__all__ = ["curl_command", "curl_of", "not_in_curl"]

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
    "--retry": "retry",
}
_FLAGS = {
    "-L": "location",
    "-k": "insecure",
    "-i": "include",
    "-v": "verbose",
    "-O": "remote_name",
}
_OURS_ALONE = {
    "--session": "session",
    "--timing": "timing",
    "--har": "har",
    "--jobs": "jobs",
    "--segments": "segments",
    "--sha256": "sha256",
}


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


def curl_of(
    arguments: argparse.Namespace,
    words: Words,
    method: str,
    url: URL,
    jar: CookieJar | None = None,
) -> str:
    """Return the command of curl for the options of this one.

    It is made of the same settings as the request, so that the two cannot differ. The cookies of
    `jar` that belong to the URL are in it by their values, since curl reads few kinds of files.
    """
    with request_settings(arguments, words) as settings:
        fields = list(settings["headers"])
    cookies = CookieStore(jar).header_for(url)
    if cookies:
        fields = _with_cookies(fields, cookies)
    options: list[str] = [] if arguments.no_compressed else ["--compressed"]
    content: str | None = None
    if words.data:
        content = json_body(words.data).decode("utf-8", "surrogateescape")
        fields.append(("Content-Type", "application/json"))
    elif arguments.data is not None:
        content = arguments.data
    elif arguments.upload_file is not None:
        options += ["-T", arguments.upload_file]
    for line in arguments.form:
        options += _form_option(form_part(line), line)
    for flag, value in _WITH_VALUES.items():
        given = getattr(arguments, value)
        if given not in (None, 0):
            options += [flag, str(given)]
    options += _patience(arguments.timeout)
    if arguments.resume:
        options += ["-C", "-"]
    if is_download(arguments, method):
        options += ["-f"] if arguments.location else ["-f", "-L"]
    for flag, name in _FLAGS.items():
        if getattr(arguments, name):
            options.append(flag)
    if arguments.bearer is not None:
        fields.append(("Authorization", f"Bearer {arguments.bearer}"))
    fields += [(name, "") for name in left_out(arguments)]
    return curl_command(method, str(url), fields, content, options)


def not_in_curl(arguments: argparse.Namespace) -> list[str]:
    """Return the options that were given and that no command of curl can have.

    >>> from .options import parsed
    >>> not_in_curl(parsed("nethttp get", ["--har", "calls.har", "-L", "http://a.com/"]))
    ['--har']
    """
    none = (None, False, 1)
    return [flag for flag, name in _OURS_ALONE.items() if getattr(arguments, name) not in none]


def _with_cookies(fields: list[tuple[str, str]], cookies: str) -> list[tuple[str, str]]:
    """Return the fields with one Cookie: a command of curl that had two would send both."""
    own = "; ".join(value for name, value in fields if name.lower() == "cookie")
    others = [(name, value) for name, value in fields if name.lower() != "cookie"]
    return [*others, ("Cookie", joined(own, cookies))]


def _patience(timeout: float) -> list[str]:
    """Return the options that bound each wait as -m does; curl's -m bounds the whole."""
    if timeout == DEFAULT_TIMEOUT:
        return []
    connect = f"{timeout:.3f}".rstrip("0").rstrip(".")
    bytes_a_second, over = "1", str(math.ceil(timeout))  # curl takes whole seconds here
    return ["--connect-timeout", connect, "--speed-limit", bytes_a_second, "--speed-time", over]


def _form_option(part: FormPart, line: str) -> list[str]:
    """Return the option for a part of a form; quoted where curl would cut or read the value."""
    if not set('",;<@\\') & set(part.value):
        return ["-F", line]
    if not part.is_file and part.media_type is None and part.file_name is None:
        return ["--form-string", f"{part.name}={part.value}"]
    described = f"{part.name}={'@' * part.is_file}{_quoted(part.value)}"
    if part.media_type is not None:
        described += f";type={part.media_type}"
    if part.file_name is not None:
        described += f";filename={_quoted(part.file_name)}"
    return ["-F", described]


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
