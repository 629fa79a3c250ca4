"""From options to what is sent: the client's settings, and the arguments of its requests."""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from io import BufferedReader
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote, unquote, urlsplit

from ...errors import InvalidURL, excerpt
from ...status import HTTPMethod
from ..messages.url import URL
from ..policy.auth.auth import Auth
from ..policy.redirects import Redirects
from ..policy.timeouts import Timeout
from .failures import Failure
from .forms import form_part
from .items import Words
from .options import MAX_REDIRECTS
from .passwords import password_of
from .tls import tls_settings

if TYPE_CHECKING:
    from ..flow.transport import Transport

__all__ = [
    "auth_of",
    "below_folder",
    "client_settings",
    "left_out",
    "method_of",
    "octets",
    "request_settings",
    "url_of",
]


def url_of(word: str, words: Words) -> URL:
    """Return the URL that a word names, with the query's items; without a scheme it is of http.

    >>> from .items import sorted_out
    >>> str(url_of("a/b c", sorted_out(["page==2"])))
    'http://a/b%20c?page=2'

    Raises:
        Failure: it is no URL of http or https.
    """
    if "://" not in word:
        word = "http://" + word
    if re.search(r"[\x00-\x1f\x7f]", word):
        raise Failure(f"expected a URL, got control characters in {excerpt(word)}")
    try:
        # A person types a blank where a program would write %20.
        url = URL(word.replace(" ", "%20"))
    except InvalidURL as error:
        raise Failure(str(error)) from None
    if url.scheme not in ("http", "https"):
        raise Failure(f"expected an http:// or https:// URL, got {excerpt(word)}")
    return url.with_params(words.query) if words.query else url


def below_folder(url: URL, file: str | None) -> URL:
    """Return where -T sends `file`: to its name below a URL that ends in a slash, as curl does.

    Any other URL stays as it is, as it does for standard input ("-") and without -T.

    >>> str(below_folder(URL("http://a/docs/?v=1"), "my/a b.txt"))
    'http://a/docs/a%20b.txt?v=1'
    """
    if file in (None, "-") or not url.path.endswith("/"):
        return url
    name = quote(os.fsencode(os.path.basename(file)), safe="")
    return url.join(name + url.target[len(url.path) :])


def client_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `Client` for the options.

    -m bounds each wait and not the whole, so that a long download is not cut, as in curl's
    --speed-time.

    Raises:
        Failure: an option of TLS cannot be obeyed, the recording cannot be written, or there are
            credentials of two kinds.
    """
    if arguments.user is not None and arguments.bearer is not None:
        raise Failure(
            f"expected one kind of credentials, got -u for {excerpt(arguments.user.split(':')[0])}"
            " and --bearer"
        )
    seconds = arguments.timeout
    settings: dict[str, Any] = {
        "timeout": Timeout(queue=seconds, connect=seconds, write=seconds, read=seconds),
        "follow_redirects": Redirects(max=MAX_REDIRECTS) if arguments.location else False,
        **tls_settings(arguments),
    }
    if arguments.proxy is not None:
        settings["proxy"] = arguments.proxy
    if arguments.retry:
        settings["retries"] = arguments.retry
    if arguments.har is not None:
        settings["transport"] = _recording(arguments.har)
    return settings


def _recording(path: str) -> Callable[[Transport], Transport]:
    """Return a function that makes a transport which writes a HAR file when it is closed.

    Raises:
        Failure: the file cannot be written, which is seen before anything is sent.
    """
    folder = os.path.dirname(path) or os.curdir
    if not os.path.isdir(folder):
        raise Failure(f"cannot write {path}: there is no directory {folder}")
    if os.path.isdir(path) or not os.access(path if os.path.exists(path) else folder, os.W_OK):
        raise Failure(f"cannot write {path}: it is a directory, or may not be written")
    from ..testing.recording import RecordingTransport  # start-up: few users record

    return lambda usual: RecordingTransport(usual, path)


def method_of(arguments: argparse.Namespace, words: Words) -> str:
    """Return the method: that of -X, or the one that the content makes usual, as curl does it.

    A usual method is sent in capitals, since ``post`` is another method (RFC 9110 section 9.1),
    which servers do not know.

    >>> [method_of(argparse.Namespace(request=it), Words([], {}, [])) for it in ("post", "Purge")]
    ['POST', 'Purge']
    """
    if arguments.request is not None:
        method: str = arguments.request
        return method.upper() if method.upper() in HTTPMethod.__members__ else method
    if arguments.upload_file is not None:
        return "PUT"
    if arguments.head:
        return "HEAD"
    has_content = arguments.data is not None or arguments.form or words.data
    return "POST" if has_content else "GET"


@contextmanager
def request_settings(arguments: argparse.Namespace, words: Words) -> Iterator[dict[str, Any]]:
    """Return a context with the arguments of `Client.request`, without the credentials.

    The files that are sent stay open in it. Fields of -H replace those that other options imply,
    since the user has named them.

    Raises:
        Failure: the options contradict each other, or a file cannot be read.
    """
    with ExitStack() as files:
        yield {**_content(arguments, words, files), "headers": _headers(arguments, words)}


def _headers(arguments: argparse.Namespace, words: Words) -> list[tuple[str, str]]:
    headers: list[tuple[str, str]] = []
    if arguments.json or words.data:
        headers.append(("Accept", "application/json, */*;q=0.5"))
    if arguments.json and arguments.data is not None:
        headers.append(("Content-Type", "application/json"))
    elif arguments.data is not None:
        headers.append(("Content-Type", "application/x-www-form-urlencoded"))
    if arguments.no_compressed:
        headers.append(("Accept-Encoding", "identity"))
    if arguments.cookie is not None and not os.path.exists(arguments.cookie):
        if "=" not in arguments.cookie:
            raise Failure(
                f"expected NAME=VALUE or the file of a cookie jar after -b, got "
                f"{excerpt(arguments.cookie)}, which is neither"
            )
        headers.append(("Cookie", arguments.cookie))
    given = [_field(line) for line in arguments.header]
    names = {name.lower() for name, _ in given}
    headers = [pair for pair in headers if pair[0].lower() not in names]
    return headers + [(name, value) for name, value in given if value]


def left_out(arguments: argparse.Namespace) -> list[str]:
    """Return the names of fields that ``-H 'NAME:'`` leaves out.

    >>> left_out(argparse.Namespace(header=["Accept:", "X-A: b"]))
    ['Accept']
    """
    return [name for name, value in map(_field, arguments.header) if not value]


def _field(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Failure(f"expected 'NAME: VALUE' after -H, got {excerpt(line)}")
    return name.strip(), value.strip()


def _content(arguments: argparse.Namespace, words: Words, files: ExitStack) -> dict[str, Any]:
    """Return the argument of `Client.request` that is the content; none without content."""
    kinds = {
        "-d": arguments.data is not None,
        "-F": bool(arguments.form),
        "-T": arguments.upload_file is not None,
        "NAME=VALUE": bool(words.data),
    }
    given = [name for name, there in kinds.items() if there]
    if len(given) > 1:
        raise Failure(f"expected one kind of content, got {' and '.join(given)}")
    if words.data:
        return {"json": words.data}
    if arguments.upload_file is not None:
        return {"content": _opened(arguments.upload_file, files)}
    if arguments.form:
        return _form(arguments.form, files)
    if arguments.data is None:
        return {}
    return {"content": _data(arguments, files)}


def _data(arguments: argparse.Namespace, files: ExitStack) -> Any:
    data: str = arguments.data
    content: Any = octets(data)
    if data == "@-":
        # As a whole, so that its length is known: many servers take no chunks from a form.
        content = b"".join(_standard_input())
    elif data.startswith("@"):
        content = _opened(data[1:], files)
    if arguments.json and isinstance(content, bytes):
        try:
            json.loads(content)
        except ValueError:
            raise Failure(f"expected JSON after -d, got {excerpt(data)}") from None
    return content


def _form(lines: list[str], files: ExitStack) -> dict[str, Any]:
    parts: list[tuple[str, Any]] = []
    for part in map(form_part, lines):
        content = _opened(part.value, files) if part.is_file else octets(part.value)
        parts.append((part.name, (part.file_name, content, part.media_type)))
    return {"files": parts}


def _opened(name: str, files: ExitStack) -> Any:
    """Return the file `name`, or standard input for "-", to be read while it is sent."""
    if name == "-":
        return _standard_input()
    if os.path.isdir(name):
        raise Failure(f"cannot read {name}: Is a directory")
    try:
        return files.enter_context(open(name, "rb"))  # it is read while the request is sent
    except OSError as error:
        raise Failure(f"cannot read {name}: {error.strerror}") from None


def _standard_input() -> Iterator[bytes]:
    try:
        while piece := cast("BufferedReader", sys.stdin.buffer).read1(65536):
            yield piece
    except OSError as error:
        raise Failure(f"cannot read standard input: {error.strerror}") from None


def octets(text: str) -> bytes:
    """Return the bytes of an argument of the command line, which may be invalid UTF-8.

    >>> octets("a\\udcff")
    b'a\\xff'
    """
    return text.encode("utf-8", "surrogateescape")


def auth_of(arguments: argparse.Namespace, url: URL) -> Auth | tuple[str, str] | None:
    """Return the credentials of --bearer, -u or the URL, None without; ask for a missing password.

    >>> auth_of(argparse.Namespace(bearer=None, user="me:pw"), URL("http://a/"))
    ('me', 'pw')

    Raises:
        Failure: there is no terminal to ask for the password.
    """
    if arguments.bearer is not None:
        from ..policy.auth.bearer import Bearer  # start-up: few users give a token

        return Bearer(arguments.bearer)
    if arguments.user is None:
        parts = urlsplit(str(url))
        if parts.username is None:
            return None
        return unquote(parts.username), unquote(parts.password or "")
    user, colon, password = arguments.user.partition(":")
    if not colon:
        password = password_of(f"{user} at {url.host}", "USER:PASSWORD after -u")
    return user, password
