"""What is opened lies beneath the root, whoever exchanges names between a look and an open."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

import pytest

from nethttp.client import HTTPConnection
from nethttp.server import CGIHTTPRequestHandler
from nethttp.server.files import beneath
from nethttp.server.files.beneath import is_directory, open_beneath, open_named

pytestmark = pytest.mark.filterwarnings("ignore:.*CGIHTTPRequestHandler:DeprecationWarning")


def read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb") as file:
        return file.read()


@pytest.fixture
def root(tmp_path):
    """Return a directory with a file, a directory, and links in all directions."""
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    (root / "file").write_bytes(b"inside")
    (root / "sub" / "page").write_bytes(b"page")
    outside = tmp_path / "outside"
    (outside / "sub").mkdir(parents=True)
    for name in ("file", "page", "sub/page"):
        (outside / name).write_bytes(b"SECRET")
    for name, target in {
        "relative": "sub/page",
        "absolute": root / "file",
        "around": "../root/file",
        "directory": "sub",
        "chain": "directory/page",
        "sub/up": "../file",
        "out": outside / "file",
        "up": "../outside/file",
        "outdir": outside,
        "through": "outdir/page",
        "loop": "loop",
        "nowhere": "nothing",
    }.items():
        (root / name).symlink_to(target)
    return root


@pytest.fixture(params=["walks", "looks"])
def way(request, monkeypatch):
    """Open as systems do that open names relative to a directory, and as those that do not."""
    monkeypatch.setattr(beneath, "CAN_WALK", request.param == "walks")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("file", b"inside"),
        ("sub/page", b"page"),
        ("./sub//page", b"page"),
        ("sub/../file", b"inside"),
        ("relative", b"page"),
        ("absolute", b"inside"),
        ("around", b"inside"),
        ("directory/page", b"page"),
        ("chain", b"page"),
        ("sub/up", b"inside"),
    ],
)
def test_what_lies_beneath_is_opened(way, root, name, content):
    assert read(open_beneath(str(root), f"{root}/{name}")) == content


@pytest.mark.parametrize(
    "name",
    [
        *("out", "up", "outdir", "outdir/page", "through", "loop", "nowhere", "nothing"),
        *("../outside/file", "file/", "file/x", "sub/../../outside/file", "a\0b"),
    ],
)
def test_nothing_else_is(way, root, name):
    with pytest.raises(OSError):
        os.close(open_beneath(str(root), f"{root}/{name}"))


def test_directories_are_opened_too(way, root):
    for name in ("", "/", "sub", "directory", "sub/deep/"):
        descriptor = open_beneath(str(root), f"{root}/{name}")
        assert is_directory(descriptor)
        os.close(descriptor)
    descriptor = open_named(str(root / "outdir"))
    assert is_directory(descriptor)
    os.close(descriptor)


def test_the_policy_on_links(way, root):
    for name in ("relative", "directory/page", "absolute", "out"):
        with pytest.raises(OSError):
            os.close(open_beneath(str(root), f"{root}/{name}", "none"))
    assert read(open_beneath(str(root), f"{root}/sub/page", "none")) == b"page"
    assert read(open_beneath(str(root), f"{root}/out", "all")) == b"SECRET"
    with pytest.raises(FileNotFoundError):
        open_beneath(str(root), f"{root}/../outside/file", "all")


def test_a_root_may_be_a_link_or_relative_or_the_system_s(way, root, monkeypatch):
    (root.parent / "alias").symlink_to(root)
    alias = str(root.parent / "alias")
    for name in ("file", "absolute", "around"):
        assert read(open_beneath(alias, f"{alias}/{name}")) == b"inside"
    assert read(open_beneath(alias, f"{alias}/file", "none")) == b"inside"
    monkeypatch.chdir(root)
    assert read(open_beneath(".", "./file")) == b"inside"
    assert read(open_beneath("", "file")) == b"inside"
    assert read(open_beneath("/", f"{root}/file")) == b"inside"
    assert read(open_beneath(f"{root}/", f"{root}/file")) == b"inside"


def test_a_directory_that_may_be_entered_and_not_read_is_passed_through(root, as_a_user):
    (root / "sub").chmod(0o711)
    with as_a_user():
        assert read(open_beneath(str(root), f"{root}/sub/page")) == b"page"


# --- names that are exchanged meanwhile ---


class Exchanger:
    """Puts one name in the place of another at the worst moment: just before the n-th open.

    That is what a process with renameat2(RENAME_EXCHANGE) does, when it is lucky.
    """

    def __init__(self, monkeypatch, first: os.PathLike, second: os.PathLike) -> None:
        self.names = first, second
        self.at = 0
        self.calls = 0
        self.open = os.open
        for name in ("open", "stat", "lstat", "readlink", "scandir"):
            monkeypatch.setattr(os, name, self.before(getattr(os, name)))

    def before(self, call):
        def exchange_and_call(*args, **named):
            self.calls += 1
            if self.calls == self.at:
                self.exchange()
            return call(*args, **named)

        return exchange_and_call

    def exchange(self) -> None:
        first, second = self.names
        spare = first.with_name("spare")
        os.rename(first, spare)
        os.rename(second, first)
        os.rename(spare, second)

    def moments(self) -> Iterator[int]:
        """Yield one moment after the other at which the names are exchanged, and back after it."""
        for at in range(1, 60):
            self.calls, self.at = 0, at
            yield at
            reached = self.calls >= at
            self.at = 0
            if not reached:
                return
            self.exchange()
        raise AssertionError("more calls than expected")


@pytest.mark.parametrize("exchanged", ["file", "directory"])
@pytest.mark.parametrize("links", ["inside", "none"])
def test_no_exchange_of_names_opens_what_lies_outside(root, monkeypatch, exchanged, links):
    (root / "evil").symlink_to(root.parent / "outside" / ("file" if exchanged == "file" else "sub"))
    name, path = ("file", "file") if exchanged == "file" else ("sub", "sub/page")
    monkeypatch.setattr(beneath, "CAN_WALK", True)
    exchanger = Exchanger(monkeypatch, root / name, root / "evil")
    opened = 0
    for at in exchanger.moments():
        try:
            content = read(open_beneath(str(root), f"{root}/{path}", links))
        except OSError:
            continue
        assert content != b"SECRET", at
        opened += 1
    assert opened


@pytest.fixture
def ask(serve, root):
    """Return a function that asks a file server for a path: (status, content)."""

    class Handler(CGIHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __init__(self, *args):
            super().__init__(*args, directory=root)

        def log_message(self, format, *args):
            pass

    connection = HTTPConnection("127.0.0.1", serve(Handler).port, timeout=10)

    def get(path: str, **fields: str) -> tuple[int, bytes]:
        connection.request("GET", path, headers=fields)
        response = connection.getresponse()
        return response.status, response.read()

    yield get
    connection.close()


@pytest.mark.parametrize(
    ("path", "kept", "evil"),
    [
        ("/data.txt", "data.txt", "file"),
        ("/data.txt", "data.txt.gz", "file"),
        ("/with/page", "with", "sub"),
        ("/with/", "with/index.html", "file"),
        ("/missing", "404.html", "file"),
        ("/with2/", "with2", "sub"),
    ],
    ids=["a file", "a neighbour", "a directory", "an index page", "the page of a 404", "a listing"],
)
def test_no_exchange_of_names_serves_what_lies_outside(root, ask, monkeypatch, path, kept, evil):
    (root / "with").mkdir()
    (root / "with2").mkdir()
    (root / "with2" / "inner").touch()
    (root.parent / "outside" / "sub" / "SECRET").touch()
    for name in ("data.txt", "with/page", "with/index.html", "404.html"):
        (root / name).write_bytes(b"fine")
    import gzip

    (root / "data.txt.gz").write_bytes(gzip.compress(b"fine"))
    (root / "evil").symlink_to(root.parent / "outside" / evil)
    exchanger = Exchanger(monkeypatch, root / kept, root / "evil")
    for at in exchanger.moments():
        _, content = ask(path, **{"Accept-Encoding": "gzip"})
        assert b"SECRET" not in content, at


def test_what_a_listing_says_of_links_is_what_may_be_served(root, ask):
    os.truncate(root.parent / "outside" / "file", 123)
    content = ask("/")[1]
    assert b"123" not in content
    for name in (b"out", b"up", b"outdir", b"through", b"loop", b"nowhere"):
        assert b"<li><span>%b@</span>" % name in content
        assert b'href="%b' % name not in content
    assert b'<a href="relative">relative@</a>' in content
    assert b'<a href="directory/">directory/</a>' in content


def test_scripts_outside_are_not_run(root, ask):
    script = root.parent / "outside" / "script.py"
    script.write_text("print('SECRET')")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    (root / "cgi-bin").mkdir()
    (root / "cgi-bin" / "evil.py").symlink_to(script)
    assert ask("/cgi-bin/evil.py")[0] == 404
