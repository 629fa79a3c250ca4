"""What several of these tests need."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from ..server.files.shares import handler_of, share

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The repository's files in a folder of their own, as a clone has them."""
    folder = tmp_path_factory.mktemp("copy") / "nethttp"
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).exists():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes((ROOT / name).read_bytes())
    return folder


@pytest.fixture(scope="module")
def chromium(tmp_path_factory):
    """The browser, which all tests use one after the other."""
    browser_module = pytest.importorskip("tests.e2e.browser")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("chromium is not installed")
    with contextlib.closing(
        browser_module.Browser(program, tmp_path_factory.mktemp("profile"))
    ) as browser:
        yield browser


@pytest.fixture
def root(tmp_path):
    """A directory to share."""
    root = tmp_path / "root"
    (root / "sub" / "deep").mkdir(parents=True)
    for number in (1, 2, 10):
        (root / f"file{number}.txt").write_text(f"text {number}")
    (root / "README.md").write_text("About <b>this</b>")
    (root / "picture.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><path d="M0 0h9v9"/></svg>'
    )
    return root


@pytest.fixture
def page(chromium, serve, root):
    """The browser with the page of `root`, of which anyone may change everything."""
    chromium.errors.clear()
    chromium.size(1000, 800)
    chromium.url = serve(handler_of(share(root))).url
    chromium.open(chromium.url + "/")
    chromium.wait("document.body.classList.contains('scripted')")
    yield chromium
    assert chromium.errors == []
    chromium.open("about:blank")


@pytest.fixture(scope="module")
def axe(tmp_path_factory):
    """The text of axe-core, which finds what keeps people from using a page."""
    place = tmp_path_factory.mktemp("axe")
    try:
        subprocess.run(
            ["npm", "install", "--prefix", str(place), "--no-audit", "--no-fund", "axe-core@4"],
            check=True,
            capture_output=True,
            timeout=120,
        )
    except (OSError, subprocess.SubprocessError) as error:
        pytest.skip(f"axe-core cannot be had from npm: {error}")
    return (place / "node_modules" / "axe-core" / "axe.min.js").read_text()
