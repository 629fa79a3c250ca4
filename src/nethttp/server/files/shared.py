"""`SharedFolderHandler`: serves a folder to users with rights, and lets them change it.

Reading is `SimpleHTTPRequestHandler`'s: here each path passes the gate before a kept answer is
looked for, and each file that it opens is opened by the gate. All else is a door's: see `doors`.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self
from urllib.parse import parse_qs

from ...errors import IncompleteRead
from ...status import HTTPStatus
from ...wire.h1.rules import announces_content
from . import cors, listing
from .access import ANYONE, Names, Operation, Rights, User
from .asking import ASKING, asking_fields
from .described import DescribedHandler
from .doors import DOORS, Door, allowed_methods, door_for
from .foreign import NOSNIFF, defusing_fields
from .gate import Gate
from .paths import names_directory
from .privacy import privacy_fields, private_cache_control
from .refusal import Refusal, refusal_of
from .reply import Reply
from .representations import Resource
from .request import DOOR_FIELDS, FolderRequest
from .share import Share
from .sites import check_name, check_site
from .stored import WrittenFile
from .tree import Entry, names_of

__all__ = ["SharedFolderHandler"]

PIECE = 256 * 1024
"""Bytes of content that a door receives at once, at most. With 1 MiB, which does not fit into a
processor's cache beside its copy, a GiB takes twice the time."""

FIRST_PIECE = 16 * 1024
"""Bytes of the first piece. Each is twice as long as the one before."""

#: Methods that read, and need no door.
_READING = ("GET", "HEAD", "OPTIONS")

#: The token of an unfinished upload in a request line.
_UPLOAD = re.compile(r"([?&]upload=)[^&\s]+")


@DescribedHandler._ANSWER_STEPS.also
class SharedFolderHandler(DescribedHandler):
    """Serves and changes the files of a `share`, as far as its users' rights go.

    `of` makes the class for a share. Where anyone may write, no file stands for another: index
    pages, the page of a 404 and compressed neighbours are off, and a file that could act as a page
    of this site is defused.
    """

    share: ClassVar[Share]

    cache_control = "no-cache"

    _STORED = WrittenFile
    # How long a GET takes depends on its path: few are for the offset of an upload.
    _PACED_BY_METHOD = frozenset(door.method for door in DOORS if door.changes) - {"GET"}

    __slots__ = ("_is_foreign", "_may_read", "_section", "_through_link", "_user")
    _user: User
    _section: bytes
    """The field lines of the request that was asked about last, if it came in one block."""
    _may_read: bool
    """Whether the user may read a file at the path: what is kept is for those who may."""
    _is_foreign: bool
    """Whether the response has content that a user may have written."""
    _through_link: bool
    """Whether a path of this request was a link, so that its file has another path in the rules."""

    @classmethod
    def of(cls, share: Share, **options: Any) -> type[Self]:
        """Return a handler class for a share; `options` are those of `SimpleHTTPRequestHandler`.

        What is kept of files is kept by the class, so it is never another share's.
        """
        fixed: dict[str, Any] = {
            "share": share,
        }
        if share.is_written:
            fixed |= {"index_pages": (), "not_found_page": None, "spa": None}
        if share.is_written or share.access.has_paths:
            fixed["precompressed"] = False
        if share.accounts is not None:
            fixed["cache_control"] = private_cache_control(options.get("cache_control"))
        return type(cls.__name__, (cls,), {**options, **fixed, "__doc__": cls.__doc__})

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, directory=self.share.root, **options)

    # --- reading: what the base class does, behind the gate ---

    def do_GET(self) -> None:
        """Send a file, a part of it, or a listing, or what the query asks a door for."""
        if "?" in self.path and (door := door_for("GET", self._query())) is not None:
            self._pass(door)
        elif self._admit():
            try:
                super().do_GET()
            except Refusal as refusal:
                self._deny(refusal)

    def do_HEAD(self) -> None:
        """Send the head that GET would have."""
        if "?" in self.path and (door := door_for("HEAD", self._query())) is not None:
            self._pass(door)
        elif self._admit():
            try:
                super().do_HEAD()
            except Refusal as refusal:
                self._deny(refusal)

    def _admit(self) -> bool:
        """Return whether the user may know of the path; if not, the refusal is sent."""
        self._is_foreign = True
        self._through_link = False
        try:
            fields = self._asking_fields()
            user = self._identify(fields)
            if user is None:
                return False
            self._user = user
            self._may_read = self.share.may_read(user, self.path)
            wants = "want-repr-digest" in fields or "want-content-digest" in fields
            self._wants = fields if wants else None
            self._repeats = self._repeats and self._may_read and not wants
        except Refusal as refusal:
            self._deny(refusal)
            return False
        return True

    def _asking_fields(self) -> Mapping[str, str]:
        if self._block and self._message is None:
            self._section = super()._field_section()
            return asking_fields(self._section)
        return self._asked(ASKING)

    def _field_section(self) -> bytes:
        # The same object as `_asking_fields` looked up: its hash, a twentieth of the time that a
        # request for a small file takes, is known by now.
        return self._section

    def _identify(self, fields: Mapping[str, str]) -> User | None:
        """Return the user of the request; None after sending a reply that refuses it.

        Raises:
            Refusal: the request is not for this server.
        """
        if "upload=" in self.requestline:
            # Whoever reads the log must not be able to go on with an upload.
            self.requestline = _UPLOAD.sub(r"\1...", self.requestline)
        share = self.share
        check_name(fields.get("host", ""), share.hosts)
        if share.accounts is None:
            return ANYONE
        user = share.accounts.user_of(fields, self.address_string())
        if isinstance(user, Reply):
            self._send_reply(user)
            return None
        self._user_name = user.name
        return user

    @property
    def _gate(self) -> Gate:
        return self.share.gate(self._user)

    def _cached(self, path: str) -> Resource | None:
        return super()._cached(path) if self._may_read else None

    def _open_once(self, path: str) -> int:
        names = self._names_below(path)
        found = self._gate.open(names)
        if found.names != names:
            self._through_link = True
        return found.detach()

    def _names_below(self, path: str) -> Names:
        return tuple(filter(None, path[len(self.directory) :].split(os.sep)))

    def _open_index(self, path: str) -> int:
        try:
            return self._open(path)
        except (OSError, Refusal):
            return -1

    def _page(self, name: str) -> Resource | None:
        try:
            self._gate.check(Operation.READ, (name,))
            return super()._page(name)
        except Refusal:
            return None

    def _may_keep(self, path: str, file: str) -> bool:
        # What is kept is found by its path alone, so the rules for that path must be those for it.
        return not self._through_link and (path == file or not self.share.access.has_paths)

    def list_directory(self, path: str | os.PathLike[str]) -> Any:
        """Send the page of the directory at `path`; return None."""
        self._is_foreign = False
        return super().list_directory(path)

    def _rights_at(self, names: Names) -> Rights:
        return self._gate.rights(names)

    def _account(self) -> str | None:
        if self.share.accounts is None:
            return None
        return "Sign in" if self._user.name is None else f"Signed in as {self._user.name}"

    def _read_entries(self, path: str) -> Iterator[listing.Entry]:
        with self._gate.open(self._names_below(path)) as directory:
            yield from map(_listed, self._gate.entries(directory))

    def end_headers(self) -> None:
        """End the head of the response, with the fields that a shared folder adds to all of them.

        They defuse content of others, and tell caches for whom a response is.
        """
        if (self._status or 0) >= 200 and self._sent_lines != ():  # Else they are a part's.
            for name, value in self._fields_of_share():
                self.send_header(name, value)
        super().end_headers()

    def _fields_of_share(self) -> Iterator[tuple[str, str]]:
        yield from self._added
        fields = _fields_in(self._headers_buffer)
        if self.share.is_written and self._status in (200, 206) and self._is_foreign:
            yield from defusing_fields(fields.get("content-type", ""))
        if self.share.accounts is not None:
            yield from privacy_fields(fields)

    # --- the doors ---

    def _answer_door(self) -> None:
        door = door_for(self.command, self._query(), self._asked(DOOR_FIELDS))
        if door is None:
            self._refuse_method()
        else:
            self._pass(door)

    do_PUT = do_PATCH = do_POST = do_DELETE = do_MKCOL = do_MOVE = do_COPY = _answer_door

    def _pass(self, door: Door) -> None:
        """Answer the request by a door, or refuse it."""
        self._is_foreign = False
        try:
            fields = self._asked(DOOR_FIELDS)
            user = self._identify(fields)
            if user is None:
                return
            self._user = user
            if door.changes:
                check_site(fields)
            request = self._request(fields, user)
            reply = door.answer(request, self._gate)
        except Refusal as refusal:
            self._deny(refusal)
        except (ConnectionError, TimeoutError):
            raise  # of the client's connection
        except OSError as error:
            self._deny(refusal_of(error))
        else:
            self._send_reply(reply)

    def _request(self, fields: Mapping[str, str], user: User) -> FolderRequest:
        """Return the request as doors see it.

        Raises:
            Refusal: 404, nothing can have its path.
        """
        names = names_of(self.path)
        if names is None:
            raise Refusal(404, "There is no such file")
        length = self._content_length()
        return FolderRequest(
            method=self.command,
            names=names,
            ends_with_slash=names_directory(self.path),
            query=self._query(),
            fields=fields,
            user=user,
            address=self.address_string(),
            length=length,
            announces_content=length != 0 or announces_content(self._known_fields()),
            content=self._pieces_of_content,
            check_client=self._check_client,
        )

    def _query(self) -> dict[str, list[str]]:
        # The bound of a target is one of the parameters in it. Names need not be UTF-8 in a system.
        text = self.path.partition("#")[0].partition("?")[2]
        return parse_qs(text, keep_blank_values=True, errors="surrogateescape")

    def _pieces_of_content(self) -> Iterator[memoryview]:
        if self._awaits_continue:
            super().handle_expect_100()
        buffer = memoryview(bytearray(PIECE))
        # An upload that goes on later keeps the pieces before a break: half of what came, at least.
        size = FIRST_PIECE
        try:
            while count := self.rfile.readinto(buffer[:size]):
                yield buffer[:count]
                size = min(2 * size, PIECE)
        except IncompleteRead as error:
            yield memoryview(error.partial)
            raise

    def handle_expect_100(self) -> bool:
        """Return True: the door sends 100 Continue when it asks for the content."""
        return True

    def do_OPTIONS(self) -> None:
        """Send the methods that the user may use at this path, and a browser's preflight."""
        try:
            user = self._identify(self._asking_fields())
        except Refusal as refusal:
            self._deny(refusal)
            return
        if user is None:
            return
        self._user = user
        self.send_response(HTTPStatus.NO_CONTENT)
        self.send_header("Allow", self._allow())
        if self.cors is not None and "Access-Control-Request-Method" in self.headers:
            wanted = self.headers["Access-Control-Request-Headers"]
            # Pages of other sites may read, and never write.
            for name, value in cors.preflight_fields(_READING, wanted):
                self.send_header(name, value)
        self.end_headers()

    def _allow(self) -> str:
        """Return the value of Allow for the user at the path of the request."""
        names = names_of(self.path)
        if names is None:
            return "OPTIONS"
        return ", ".join(allowed_methods(self._gate, names, self._query()))

    # --- replies ---

    def _deny(self, refusal: Refusal) -> None:
        """Send a refusal; one who may sign in is asked to."""
        accounts = self.share.accounts
        if refusal.status == HTTPStatus.UNAUTHORIZED and accounts is not None:
            self._send_reply(accounts.challenge(self._asked(DOOR_FIELDS)))
            return
        # Content that a client is about to send would be read as its next request.
        self._error_ends_connection = self._awaits_continue or self._content_left
        self._added = [NOSNIFF]
        if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED:
            self._added.append(("Allow", self._allow()))
        elif refusal.retry_after is not None:
            self._added.append(("Retry-After", str(refusal.retry_after)))
        try:
            self._report(refusal.status, None, refusal.message)
        finally:
            self._error_ends_connection = True
            self._added = []

    def _send_reply(self, reply: Reply) -> None:
        if reply.note is not None:
            self.log_error("%s", reply.note)
        if reply.status >= 400 and (self._awaits_continue or self._content_left):
            # Content that a client is about to send would be read as its next request.
            reply = reply._replace(fields=[*reply.fields, ("Connection", "close")])
        super()._send_reply(reply)


def _listed(entry: Entry) -> listing.Entry:
    """Return an entry as the listing shows it."""
    status = entry.status
    if status is None:
        return listing.Entry(entry.name, False, entry.is_link, None, None)
    is_directory = stat.S_ISDIR(status.st_mode)
    size = None if is_directory else status.st_size
    return listing.Entry(entry.name, is_directory, entry.is_link, size, status.st_mtime)


def _fields_in(lines: list[bytes]) -> dict[str, str]:
    """Return the fields in the lines of a head, by lower-case names."""
    named = (line.partition(b":") for line in b"".join(lines).split(b"\r\n")[1:])
    return {
        name.decode("latin-1").lower(): value.decode("latin-1").strip() for name, _, value in named
    }
