"""The matrix of the gate: door x user x spelling of the path x source and destination.

What a user may do is written down here once more, by hand and without the rules' code. A cell is a
hole if a request changed or told what its user may not change or know, whatever its status. The
table of expectations must have a line for every door, so a new door fails until it has one.
"""

from __future__ import annotations

import ast
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import NamedTuple

import pytest

from nethttp.server import files
from nethttp.server.files.doors import DOORS
from nethttp.server.files.share import Share
from nethttp.server.files.shared import SharedFolderHandler
from nethttp.server.files.tree import names_of
from nethttp.server.files.unfinished import Wanted

from .shares import ByName, Client, contents, handler_of, share

STRESS = bool(os.environ.get("NETHTTP_STRESS"))

#: What doors may use of `os`: it opens and changes nothing.
HARMLESS = {"stat_result", "fsencode", "fsdecode", "pread", "read", "fstat", "sep"}

#: Directories, each with a file "f" that says where it lies.
PLACES = ("open", "secret", "secret/inner", "secrets", "team", "drop", "top/in")

RULES = (
    "/ * r",
    "/ ann rwd",
    "/secret * -",
    "/secret/inner carl r",
    "/team * -",
    "/team bob rw",
    "/team carl wd",
    "/drop * w",
    "/top/in * -",
    "/top carl rwd",
    "/top/in carl r",
)

#: By user: what each may do in `PLACES`, one after the other.
MAY = {
    None: ("r", "", "", "r", "", "w", ""),
    "ann": ("rwd", "rwd", "rwd", "rwd", "rwd", "rwd", "rwd"),
    "bob": ("r", "", "", "r", "rw", "w", ""),
    "carl": ("r", "", "r", "r", "wd", "w", "r"),
}

#: By way through a link inside the root: where it leads.
LINKS = {"open/to_secret": "secret", "open/to_inner": "secret/inner", "drop/to_open": "open"}


FORM, FIELDS = "multipart/form-data; boundary=x", "application/x-www-form-urlencoded"


class Line(NamedTuple):
    """What a door needs: rights at the path, and at the destination if it has one."""

    needs: str
    there: str | None = None
    content: bytes = b""
    kind: str = FORM
    fields: dict[str, str] = {}
    at: str = "f"
    """What is asked for in a place: its file, a name that is new there, or "" for itself."""


#: What a link that is not followed is answered, to one who may use the path.
LEADS_NOWHERE = (401, 403, 404, 409)

#: A line for every door, by its name, and for the methods that need none.
TABLE = {
    "GET": Line("r"),
    "HEAD": Line("r"),
    "OPTIONS": Line(""),
    "login page": Line("", at=""),
    "login": Line("", at=""),
    "logout": Line("", at=""),
    "put": Line("w", content=b"new", at="new"),
    "upload": Line("w", fields={"Upload-Complete": "?0", "Upload-Length": "9"}, at="new"),
    "upload append": Line(
        "w",
        content=b"new",
        kind="application/partial-upload",
        fields={"Upload-Complete": "?1", "Upload-Offset": "0"},
        at="new",
    ),
    "upload offset": Line("w", at="new"),
    "upload cancel": Line("w", at="new"),
    "page mkdir": Line("w", content=b"name=new", kind=FIELDS, at=""),
    "page delete": Line("d", content=b"name=f", kind=FIELDS, at=""),
    "page move": Line("rd", "w", content=b"name=f&to=", kind=FIELDS),
    "form": Line(
        "w",
        content=b'--x\r\nContent-Disposition: form-data; name="files"; filename="new"\r\n\r\n'
        b"new\r\n--x--",
        at="",
    ),
    "delete": Line("d"),
    "append": Line("wd", content=b"new", fields={"X-Update-Range": "append"}),
    "mkcol": Line("w", at="new"),
    "move": Line("rd", "w"),
    "copy": Line("r", "w"),
    "json": Line("r", at=""),
    "zip": Line("r", at=""),
    "tar": Line("r", at=""),
    "search": Line("r", at=""),
    "simple": Line("r", at=""),
    "hash": Line("r"),
}

#: What anyone may use at any path: it tells and changes nothing of the files.
ANYONES = ("OPTIONS", "login page", "login", "logout")

#: Doors that show of a directory what the user may know of.
LISTING = ("json", "zip", "tar", "search", "simple")


def spellings(path: str) -> Iterator[str]:
    """Yield ways to write a path, which all name the same file."""
    first, _, rest = path.partition("/")
    yield f"/{path}"
    yield "/" + "".join(f"%{ord(letter):02X}" for letter in path)
    yield "/" + path.replace("/", "%2f")
    yield f"//{path}"
    yield f"/open/../{path}"
    yield f"/open/%2e%2e/{path}"
    yield f"/{first}/./{rest}"
    yield f"/{first}/x/..//{rest}"
    yield f"/..%2f../{path}"
    yield f"http://localhost/{path}"
    yield f"/{path}?a=/open/f"


def ways_to_write() -> Iterator[Callable[[str], list[str]]]:
    """Yield functions that give spellings of a destination: each all of them, or another one.

    All for each cell would be 10,000 requests.
    """
    for number in count():

        def some(path: str, number: int = number) -> list[str]:
            paths = [way for way in spellings(path) if "?" not in way and "http:" not in way]
            return paths if STRESS else [paths[number % len(paths)]]

        yield some


def test_every_door_has_a_line():
    assert {door.name for door in DOORS} | {"GET", "HEAD", "OPTIONS"} == set(TABLE)


def test_every_method_of_the_handler_is_a_door_or_reads():
    methods = {name[3:] for name in dir(SharedFolderHandler) if name.startswith("do_")}
    assert methods - {"GET", "HEAD", "OPTIONS"} == {door.method for door in DOORS} - {"GET"}


def test_no_door_opens_a_file_by_itself():
    """Doors and archives have their files from the gate, so what they open was judged."""
    folder = Path(files.__file__).parent
    for path in (*folder.glob("doors/*.py"), *folder.glob("archives/*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                if node.value.id == "os":
                    assert node.attr in HARMLESS, f"{path.name}: os.{node.attr}"
            elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id not in ("open", "exec", "eval"), path.name
            elif isinstance(node, ast.ImportFrom):
                assert node.module not in ("os", "shutil", "pathlib", "glob"), path.name


def alone_in(place: str) -> str:
    """Return the name of a file that no other place has."""
    return "alone-in-" + place.replace("/", "-")


def fill(root) -> None:
    for place in PLACES:
        (root / place).mkdir(parents=True, exist_ok=True)
        (root / place / "f").write_bytes(b"content of " + place.encode())
        (root / place / alone_in(place)).write_bytes(b"content of " + place.encode())
    for link, target in LINKS.items():
        os.symlink(os.path.relpath(root / target, (root / link).parent), root / link)
    os.symlink("../outside", root / "open" / "out")


@pytest.fixture
def matrix(root, serve, monkeypatch):
    """Return the root, and a client of it."""
    monkeypatch.setattr(os, "fsync", lambda _descriptor: None)  # thousands of them
    fill(root)
    (root.parent / "outside").mkdir()
    (root.parent / "outside" / "f").write_bytes(b"content of outside")
    shared = share(root, *RULES, accounts=ByName())
    client = Client(serve(handler_of(shared)).port)
    yield Matrix(root, client, shared)
    client.close()


class Matrix:
    """Asks one request for each cell, and repairs the folder afterwards."""

    def __init__(self, root, client: Client, shared: Share) -> None:
        self.root = root
        self.client = client
        self.shared = shared
        self.before = contents(root)
        self.count: Counter[str] = Counter()
        self.holes: list[str] = []

    def ask(
        self,
        door: str,
        user: str | None,
        path: str,
        allowed: bool,
        to: str = "",
        quiet: tuple[int, ...] = (401, 403),
        method: str | None = None,
    ) -> None:
        """Ask, and judge the answer; `allowed` says whether the request may be carried out."""
        known = {door.name: door for door in DOORS}.get(door)
        method = method or (known.method if known else door)
        query = f"{'&' if '?' in path else '?'}{known.query}=f" if known and known.query else ""
        self.shared.store.unfinished.drop_beneath(())
        if known is not None and known.query == "upload":
            query = query[:-1] + self.begin_upload(user, path)
        before = contents(self.root)
        line = TABLE[door]
        fields = {"Content-Type": line.kind, "Destination": to, **line.fields}
        content = line.content
        if door == "page move":
            content = f"name={alone_in(path[1:].rpartition('/')[0])}&into={to}".encode()
            path = path.rpartition("/")[0]
        if user is not None:
            fields["Authorization"] = user
        response = self.client.ask(method, path + query, content, **fields)
        done = 200 <= response.status < 304
        found = contents(self.root)
        changed = found != before
        self.count["cells"] += 1
        self.count["carried out" if done else "refused"] += 1
        told = self.told(response.body, user)
        where = f"{door} by {user}: {path} {to}"
        if (changed or done) and not allowed:
            self.holes.append(f"{where} was carried out: {response.status}")
        if not allowed and response.status not in quiet:
            self.holes.append(f"{where} told what is there: {response.status}")
        if told:
            self.holes.append(f"{where} told of {told}")
        if not done and allowed:
            self.holes.append(f"{where} was refused: {response.status} {response.body!r}")
        if found != self.before:
            self.repair(found)

    def begin_upload(self, user: str | None, path: str) -> str:
        """Return what the user knows of an upload that began when that was still allowed."""
        uploads = self.shared.store.unfinished
        names = names_of(path)
        try:
            place, _ = self.shared.tree.parent(names)
        except OSError:
            return "f"
        with place, closing(uploads.begin(place, Wanted(user, names, 3, {}))) as unfinished:
            return unfinished.token

    def told(self, body: bytes, user: str | None) -> list[str]:
        """Return the places whose content a body has, though the user may not read it."""
        rights = {**dict(zip(PLACES, MAY[user], strict=True)), "outside": ""}
        return [
            place
            for place, letters in rights.items()
            if "r" not in letters and has_content(body, b"content of " + place.encode())
        ]

    def repair(self, found: dict[str, bytes | str | None]) -> None:
        """Make of what was found what was there before, since a whole new one takes longer."""
        wrong = {path for path in found if found[path] != self.before.get(path, "not there")}
        for path in sorted(wrong, reverse=True):
            if found[path] is None:
                os.rmdir(self.root / path)
            else:
                os.unlink(self.root / path)
        for path, content in sorted(self.before.items()):
            if path in wrong or path not in found:
                if content is None:
                    (self.root / path).mkdir()
                elif isinstance(content, str):
                    os.symlink(content, self.root / path)
                else:
                    (self.root / path).write_bytes(content)
        assert contents(self.root) == self.before

    def done(self, capsys, name: str) -> None:
        with capsys.disabled():
            counted = ", ".join(f"{count} {what}" for what, count in self.count.items())
            print(f"\nthe gate, {name}: {counted}, {len(self.holes)} holes")
        assert self.holes == []


def has_content(body: bytes, content: bytes) -> bool:
    """Return whether a response has a file's content, alone or as all of a file in an archive."""
    return body == content or content + b"PK" in body or content + b"\0" in body


def covers(letters: str, needs: str) -> bool:
    return set(needs) <= set(letters)


@pytest.mark.parametrize("door", [name for name, line in TABLE.items() if line.there is None])
def test_one_path(matrix, capsys, door):
    line = TABLE[door]
    for user, given in MAY.items():
        for place, letters in zip(PLACES, given, strict=True):
            if door in LISTING:
                paths, allowed = spellings(place), bool(letters)
                if place == "secret" and user == "carl":
                    allowed = True  # It leads on to what carl may read, and shows only that.
            else:
                paths = spellings(f"{place}/{line.at}".rstrip("/"))
                allowed = covers(letters, line.needs)
            for path in paths:
                matrix.ask(door, user, path, allowed)
            if door in LISTING:
                matrix.ask(door, user, f"/{place}", allowed, method="HEAD")
            if not allowed:
                matrix.ask(door, user, f"/{place}/nothing/x", False)
            if door in ("put", "upload", "upload append"):
                for path in spellings(f"{place}/f"):
                    matrix.ask(door, user, path, covers(letters, "wd"))
        if door == "delete":
            # A directory is deleted with what other rules keep below it.
            for directory in ("/secret", "/top", "/top/"):
                matrix.ask(door, user, directory, user == "ann")
        for link, place in LINKS.items():
            way = MAY[user][PLACES.index(link.split("/")[0])]
            both = set(way) & set(MAY[user][PLACES.index(place)])
            if door in ("GET", "HEAD", "hash"):
                matrix.ask(door, user, f"/{link}/f", "r" in both, quiet=LEADS_NOWHERE)
            elif door in LISTING:
                matrix.ask(
                    door,
                    user,
                    f"/{link}",
                    "r" in both or (user == "carl" and link == "open/to_secret"),
                    quiet=LEADS_NOWHERE,
                )
            elif door not in ANYONES:
                matrix.ask(door, user, f"/{link}/{line.at}".rstrip("/"), False, quiet=LEADS_NOWHERE)
        for path in (
            "/open/out/f",
            "/../outside/f",
            "/%2e%2e/outside/f",
            "/open/..%2f../outside/f",
        ):
            if door not in ANYONES and not (door in ("put", "mkcol") and user == "ann"):
                matrix.ask(door, user, path, False, quiet=LEADS_NOWHERE)
    matrix.done(capsys, door)


@pytest.mark.parametrize("door", [name for name, line in TABLE.items() if line.there is not None])
def test_source_and_destination(matrix, capsys, door):
    line = TABLE[door]
    ways = ways_to_write()
    for user, given in MAY.items():
        rights = dict(zip(PLACES, given, strict=True))
        for source in PLACES:
            for target in PLACES:
                allowed = covers(rights[source], line.needs) and covers(rights[target], line.there)
                if door == "page move":
                    # It moves into a directory, whose path a person wrote, and replaces nothing.
                    for to in (f"/{target}", f"//{target}/", f"/open/../{target}", target):
                        moves = allowed and source != target
                        matrix.ask(door, user, f"/{source}/f", moves, to=to)
                    continue
                for to in next(ways)(f"{target}/new"):
                    matrix.ask(door, user, f"/{source}/f", allowed, to=to)
                over = covers(rights[source], line.needs) and covers(rights[target], "wd")
                if source != target:
                    matrix.ask(door, user, f"/{source}/f", over, to=f"/{target}/f")
        if door == "page move":
            continue
        # A directory is moved or copied with what other rules keep below it.
        for source, inner in (("secret", "secret/inner"), ("top", "top/in")):
            own = {"top": "rwd" if user in ("ann", "carl") else "r"}.get(source, rights.get(source))
            for target in ("open", "drop"):
                allowed = (
                    covers(own, line.needs)
                    and covers(rights[inner], line.needs)
                    and covers(rights[target], line.there)
                )
                matrix.ask(door, user, f"/{source}", allowed, to=f"/{target}/new")
    matrix.done(capsys, door)


def test_options_lists_what_each_user_may_do(matrix, capsys):
    """A method that Allow has is carried out, and one that it has not is refused."""
    form = TABLE["form"]
    requests = {
        "PUT": (b"new", {}),
        "PATCH": (b"new", {"X-Update-Range": "append"}),
        "POST": (form.content, {"Content-Type": FORM}),
        "DELETE": (b"", {}),
        "MKCOL": (b"", {}),
        "MOVE": (b"", {}),
        "COPY": (b"", {}),
    }
    paths = [
        "/",
        "/top/",
        *(f"/{place}/{at}" for place in PLACES for at in ("", "f", "new", "upload")),
    ]
    for user in MAY:
        signed_in = {} if user is None else {"Authorization": user}
        to = {"Destination": "/elsewhere" if user == "ann" else "/drop/elsewhere"}
        for path in paths:
            allow = matrix.client.ask("OPTIONS", path, **signed_in).headers["Allow"].split(", ")
            for method, (content, fields) in requests.items():
                response = matrix.client.ask(method, path, content, **fields, **to, **signed_in)
                done = 200 <= response.status < 304
                matrix.count["carried out" if done else "refused"] += 1
                # Of one who may not know what is there, the rights alone count.
                knows = "GET" in allow
                if done != (method in allow) and (done or knows):
                    where = f"{method} {path} by {user}: {response.status}"
                    matrix.holes.append(f"{where}, Allow: {', '.join(allow)}")
                if done:
                    matrix.repair(contents(matrix.root))
    matrix.done(capsys, "OPTIONS")
