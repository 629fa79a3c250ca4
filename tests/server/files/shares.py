"""A shared folder for tests: users by name alone, and a client of one connection."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from nethttp.client import HTTPConnection
from nethttp.server.files.access import ANYONE, Rule, User
from nethttp.server.files.reply import Reply
from nethttp.server.files.share import Share
from nethttp.server.files.shared import SharedFolderHandler


class ByName:
    """Takes the value of Authorization for the user's name."""

    def user_of(self, fields, _address):
        name = fields.get("authorization")
        return ANYONE if name is None else User(name)

    def challenge(self, _fields):
        return Reply(401, [("WWW-Authenticate", 'Basic realm="test"')])

    def page(self, _request):
        return Reply(200)

    sign_in = sign_out = page


class QuietHandler(SharedFolderHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, format, *args):
        pass


def rule(text: str) -> Rule:
    """Return the rule that ``/path user rights`` says; "*" is anyone, "-" no right."""
    path, user, rights = text.split()
    return Rule(
        tuple(filter(None, path.split("/"))),
        None if user == "*" else user,
        frozenset() if rights == "-" else frozenset(rights),
    )


def share(root: Path, *rules: str, **options) -> Share:
    """Return the share of a directory, with its state beside it."""
    state = root.parent / f"state of {root.name}"
    state.mkdir(mode=0o700, exist_ok=True)
    return Share(str(root), map(rule, rules or ["/ * rwd"]), state=str(state), **options)


def handler_of(shared: Share, **options):
    return QuietHandler.of(shared, **options)


def contents(root: Path) -> dict[str, bytes | str | None]:
    """Return what lies below a directory, by path: content, where a link leads, None."""
    found: dict[str, bytes | str | None] = {}
    for place, directories, files in os.walk(root):
        for name in (*directories, *files):
            path = os.path.join(place, name)
            key = os.path.relpath(path, root)
            if os.path.islink(path):
                found[key] = os.readlink(path)
            elif os.path.isdir(path):
                found[key] = None
            else:
                with open(path, "rb") as file:
                    found[key] = file.read()
    return found


class Client:
    """Asks a server, on one connection that is opened again where it was closed."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._connection = HTTPConnection("127.0.0.1", port, timeout=20)

    def ask(self, method: str, path: str, content: bytes | Iterable[bytes] = b"", **fields: str):
        named = {name.replace("_", "-"): value for name, value in fields.items()}
        self._connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in named.items():
            self._connection.putheader(name, value)
        if isinstance(content, bytes):
            if content or method in ("PUT", "POST"):
                self._connection.putheader("Content-Length", str(len(content)))
            self._connection.endheaders(content or None)
        else:
            self._connection.putheader("Transfer-Encoding", "chunked")
            self._connection.endheaders(content, encode_chunked=True)
        response = self._connection.getresponse()
        response.body = response.read()
        return response

    def status(self, method: str, path: str, content: bytes = b"", **fields: str) -> int:
        return self.ask(method, path, content, **fields).status

    def close(self) -> None:
        self._connection.close()
