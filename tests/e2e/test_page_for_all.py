"""The page for everybody: by keyboard alone, small, enlarged, in other colours, read aloud."""

from __future__ import annotations

import os
from contextlib import contextmanager

import pytest

from nethttp.server.files.accounts.folder_accounts import FolderAccounts
from nethttp.server.files.accounts.passwords import hash_password
from nethttp.server.files.accounts.users import Users

from ..server.files.shares import handler_of, share
from .elements import NAMES, button, row

SAID = "document.querySelector('#said').textContent"

ANYTHING = "a, button, input, select, summary"
CONTROLS = "button, input:not([type=checkbox]), select, summary, #tools a"

FOCUS = "getComputedStyle(document.activeElement).outlineStyle"


def smaller_than(page, least: int, what: str) -> list[str]:
    """Return what a person can hit and is smaller than so many pixels, of what is seen."""
    return page.run(
        f"[...document.querySelectorAll('{what}')]"
        ".filter(e => e.checkVisibility() && !e.matches('.skip'))"
        ".map(e => [e, e.getBoundingClientRect()])"
        f".filter(([e, r]) => r.height < {least} || r.width < {least})"
        ".map(([e, r]) => `${e.outerHTML.slice(0, 80)}: ${r.width} x ${r.height}`)"
    )


def open_page(page, path: str) -> None:
    page.open(page.url + path)
    page.wait("document.body.classList.contains('scripted')")


@contextmanager
def slow_uploads(page):
    """Within this, an upload is in the middle for a while."""
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    page.call("Network.enable")
    page.call("Network.emulateNetworkConditions", uploadThroughput=1 << 20, **conditions)
    yield
    page.call("Network.emulateNetworkConditions", uploadThroughput=-1, **conditions)


def states(page, root, tmp_path):
    """Yield the name of each state of the page, once it is in it."""
    yield "listing"
    page.run("document.querySelectorAll('details').forEach(d => { d.open = true })")
    yield "forms"
    page.click(f"{row('file1.txt')}.querySelector('input')")
    page.wait(button("Move"))
    yield "chosen"
    for label in ("Move", "Delete", "Search", "Share", "Keys"):
        page.click(button(label) if label != "Share" else "document.querySelector('#share')")
        page.wait("document.querySelector('dialog[open]')")
        yield label
        page.press("Escape")
        page.wait("!document.querySelector('dialog')")
    page.click(button("Rename"))
    page.wait("document.querySelector('td input:not([type=checkbox])')")
    yield "rename"
    page.press("Escape")
    for name, shown in (("file1.txt", "pre"), ("picture.svg", "img"), ("film.mp4", "p")):
        page.click(f"{row(name)}.querySelector('a')")
        page.wait(f"document.querySelector('#preview .viewer {shown}')")
        yield f"preview of {name}"
        page.press("Escape")
        page.wait("!document.querySelector('dialog')")
    with slow_uploads(page):
        (tmp_path / "large.bin").write_bytes(b"x" * (4 << 20))
        page.drop(tmp_path / "large.bin")
        page.wait("document.querySelector('#tray progress')?.value > 0")
        yield "queue"
    page.wait(f"{SAID}.startsWith('1 of 1 file uploaded')")
    yield "queue that is done"
    (tmp_path / "file2.txt").write_text("new")
    page.drop(tmp_path / "file2.txt")
    page.wait(button("Keep both"))
    yield "conflict"
    page.click(button("Skip it"))
    page.wait(f"{SAID}.includes('skipped')")
    (root / "file10.txt").unlink()
    page.click(f"{row('file10.txt')}.querySelector('a')")
    page.wait("document.querySelector('#preview pre').textContent !== 'Loading …'")
    yield "preview of what is gone"
    page.press("Escape")
    open_page(page, "/many/?page=2")
    yield "one of several pages"
    page.open(page.url + "/missing")
    yield "error"


@pytest.fixture
def full(page, root):
    """The page of a folder that has something of each kind."""
    pytest.importorskip("segno")
    (root / "film.mp4").write_bytes(b"no film")
    (root / "many").mkdir()
    for number in range(1001):
        (root / "many" / f"n{number}").touch()
    (root / ("a long name without any blank " * 7)).touch()
    (root / ("x" * 200)).touch()
    os.symlink("nowhere", root / "link")
    open_page(page, "/?sort=name")
    return page


@pytest.mark.parametrize(
    ("width", "dark"), [(1000, False), (1000, True), (320, False)], ids=["light", "dark", "phone"]
)
def test_axe_finds_nothing_in_any_state(full, root, tmp_path, axe, width, dark):
    full.size(width, 800, dark=dark)
    found = {}
    for state in states(full, root, tmp_path):
        full.run(f"window.axe || {axe};0")
        found[state] = full.run(
            "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))"
        )
    assert {state: findings for state, findings in found.items() if findings} == {}
    assert len(found) == 18


def test_axe_finds_nothing_where_one_signs_in(chromium, serve, root, tmp_path, axe):
    accounts = FolderAccounts(Users({"ann": hash_password("x", cost=4)}), str(tmp_path))
    url = serve(handler_of(share(root, "/ ann r", accounts=accounts))).url
    findings = "axe.run().then(r => r.violations.map(v => v.id + ': ' + v.nodes[0].html))"
    for dark in (False, True):
        chromium.size(320, 600, dark=dark)
        for path in ("/?login", "/"):
            chromium.open(url + path)
            chromium.run(f"{axe};0")
            assert chromium.run(findings) == []
            assert smaller_than(chromium, 44, ANYTHING) == []
    chromium.open("about:blank")


@pytest.mark.parametrize(("width", "height"), [(320, 600), (640, 400), (1280, 800)])
def test_all_of_it_fits_and_can_be_hit(full, root, tmp_path, width, height):
    full.size(width, height)  # 640 is what 200 % zoom leaves of 1280.
    for state in states(full, root, tmp_path):
        assert full.run("document.documentElement.scrollWidth") <= width, state
        assert smaller_than(full, 24, ANYTHING) == [], state
        if width == 320:
            assert smaller_than(full, 44, CONTROLS) == [], state


@pytest.mark.parametrize("dark", [False, True])
def test_a_phone_shows_all_of_it(page, dark):
    page.size(320, 600, dark=dark)
    assert page.run("document.documentElement.scrollWidth") <= 320
    back = page.run("getComputedStyle(document.body).backgroundColor")
    assert back == ("rgb(22, 24, 28)" if dark else "rgb(255, 255, 255)")
    date = f"{row('file1.txt')}.querySelector('time').getBoundingClientRect()"
    name = f"{row('file1.txt')}.querySelector('a').getBoundingClientRect()"
    assert page.run(f"{date}.top >= {name}.bottom - 5 && {date}.width > 0")


def test_colours_that_the_system_forces(page):
    features = [{"name": "forced-colors", "value": "active"}]
    page.call("Emulation.setEmulatedMedia", features=features)
    text = page.run("getComputedStyle(document.querySelector('h1')).color")
    for name in ("file1.txt", "picture.svg", "sub"):
        icon = f"getComputedStyle({row(name)}.querySelector('td:nth-child(2)'), '::before')"
        assert page.run(f"{icon}.backgroundColor") == text
    page.click(f"{row('file1.txt')}.querySelector('input')")
    assert page.run(f"getComputedStyle({row('file1.txt')}).outlineStyle") == "solid"


def test_nothing_moves_for_those_who_want_it_still(page):
    moving = "getComputedStyle(document.querySelector('button')).transitionDuration"
    assert page.run(moving) != "0s"
    features = [{"name": "prefers-reduced-motion", "value": "reduce"}]
    page.call("Emulation.setEmulatedMedia", features=features)
    assert page.run(moving) == "0s"


def test_dates_are_those_of_the_reader(page, root):
    os.utime(root / "file1.txt", (1_780_300_800,) * 2)  # 2026-06-01 08:00 UTC
    page.call("Emulation.setTimezoneOverride", timezoneId="Asia/Tokyo")
    page.call("Emulation.setLocaleOverride", locale="de-DE")
    try:
        open_page(page, "/?sort=date")
        assert page.run(f"{row('file1.txt')}.querySelector('time').textContent") == (
            "01.06.2026, 17:00"
        )
        assert "UTC" not in page.text()
    finally:
        page.call("Emulation.setTimezoneOverride", timezoneId="")
        page.call("Emulation.setLocaleOverride")


def tab_to(page, what: str) -> None:
    """Press Tab until the focus is on an element, and is seen there."""
    for _ in range(60):
        page.press("Tab")
        if page.run(f"document.activeElement === {what}"):
            assert page.run(FOCUS) != "none"
            return
    raise AssertionError(f"no Tab leads to {what}")


def test_every_action_by_keyboard(page, root):
    page.press("Tab")
    assert page.run("document.activeElement.textContent") == "Skip to the files"
    page.press("Enter")
    page.wait("document.activeElement.id === 'entries'")
    page.press("n")
    page.wait("document.activeElement.id === 'folder'")
    page.type("made")
    page.press("Enter")
    page.wait("document.activeElement.textContent === 'made/'")
    page.press("ArrowDown")
    page.press("ArrowDown")
    assert page.run("document.activeElement.textContent") == "file1.txt"
    page.press("m")
    page.wait("document.activeElement.id === 'move-into'")
    page.press("End")
    page.type("made")
    page.press("Enter")
    page.wait(f"{SAID}.startsWith('Moved 1 entry')")
    assert (root / "made" / "file1.txt").exists()
    page.press("s")
    page.wait("document.activeElement.id === 'wanted'")
    page.type("file1.txt")
    page.press("Enter")
    page.wait("document.querySelector('dialog').innerText.includes('1 found')")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    page.press("a")
    page.wait(f"{SAID} === '6 entries chosen'")
    page.press("a")
    page.wait(f"{SAID} === '0 entries chosen'")
    tab_to(page, "document.querySelectorAll('th a')[1]")
    page.press("Enter")
    page.wait("location.search === '?sort=size'")
    open_page(page, "/made/")
    page.press("Backspace")
    page.wait("location.pathname === '/'")
    page.wait("document.body.classList.contains('scripted')")
    page.press("ArrowDown")
    page.press("Enter")
    page.wait("location.pathname === '/made/'")


def test_the_picker_and_the_archive_have_keys(page, tmp_path):
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    page.run("HTMLInputElement.prototype.click = function () { window.picked = this.type }; 0")
    page.press("u")
    page.wait("window.picked === 'file'")
    page.press("j")
    page.press("z")
    page.wait(f"{SAID} === 'The archive is made while it is loaded'")


def test_keys_of_one_character_can_be_turned_off(page):
    page.press("?")
    page.wait("document.querySelector('dialog input')")
    page.click("document.querySelector('dialog input')")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    open_page(page, "/?sort=name")
    page.press("n")
    page.press("?")
    page.press("ArrowDown")
    assert page.run("document.activeElement.textContent") == "sub/"
    assert not page.run("document.querySelector('dialog')")
    page.click(button("Keys"))
    page.wait("document.querySelector('dialog input')")
    page.click("document.querySelector('dialog input')")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    page.press("?")
    page.wait("document.querySelector('dialog dl')")


def test_what_happens_is_said(page, root, tmp_path):
    """A screen reader hears what a live region says, if the region is no part of what is inert."""
    (tmp_path / "a.txt").write_text("a")
    page.run(
        "window.heard = []; new MutationObserver(changes => heard.push("
        "document.querySelector('#said').textContent)).observe("
        "document.querySelector('#said'), {childList: true}); 0"
    )
    page.drop(tmp_path / "a.txt")
    page.wait(f"{SAID}.startsWith('1 of 1 file uploaded')")
    assert "Uploading 1 file" in page.run("heard")
    page.press("/")
    page.type("file1")
    page.wait(f"{SAID} === '2 entries shown'")
    page.click("document.querySelector('#share') ?? " + button("Share"))
    page.wait(button("Copy the link"))
    page.click(button("Copy the link"))
    page.wait("document.querySelector('dialog [role=status]').textContent === 'Copied the link'")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    page.click(f"{row('file1.txt')}.querySelector('a')")
    page.wait("document.querySelector('#preview [role=status]')")
    said = "document.querySelector('#preview [role=status]').textContent"
    assert page.run(said) == "file1.txt, 1 of 2"
    page.press("ArrowLeft")
    page.wait(f"{said} === 'file10.txt, 2 of 2'")
    assert page.run(NAMES) == ["file1.txt", "file10.txt"]
