"""The page of a shared folder with accounts, in a browser."""

from __future__ import annotations

import json
import os
import time

import pytest

from nethttp.server.files.accounts.folder_accounts import FolderAccounts
from nethttp.server.files.accounts.passwords import hash_password
from nethttp.server.files.accounts.users import Users

from ..server.files.shares import handler_of, share
from .elements import NAMES, button, row

HASHES = {name: hash_password(f"{name}'s", cost=4) for name in ("ann", "bob")}
RULES = ("/ * r", "/ ann rwd", "/bobs bob rwd", "/drop * w", "/sub * -")

BUTTONS = (
    "[...document.querySelectorAll('button, summary')].filter(e => e.checkVisibility())"
    ".map(e => e.textContent).filter(label => label !== 'Share')"
)
"""What the page offers to do, but to share its link: with a QR code that is a link, too."""


@pytest.fixture
def visitor(chromium, serve, root, tmp_path):
    """The browser of one who has not signed in."""
    for name in ("drop", "bobs"):
        (root / name).mkdir()
    (root / "bobs" / "bob.txt").write_text("bob")
    (tmp_path / "accounts").mkdir()
    accounts = FolderAccounts(Users(HASHES), str(tmp_path / "accounts"))
    chromium.errors.clear()
    chromium.size(1000, 800)
    chromium.url = serve(handler_of(share(root, *RULES, accounts=accounts))).url
    chromium.call("Network.clearBrowserCookies")
    open_page(chromium, "/")
    yield chromium
    assert chromium.errors == []
    chromium.open("about:blank")


def open_page(browser, path: str) -> None:
    browser.open(browser.url + path)
    browser.wait("document.body.classList.contains('scripted')")


def fill_in(browser, name: str, password: str) -> None:
    browser.wait("document.querySelector('#password')")
    for field, text in (("name", name), ("password", password)):
        browser.run(f"document.querySelector('#{field}').select()")
        browser.type(text)
    browser.press("Enter")


def sign_in(browser, name: str) -> None:
    browser.click("document.querySelector('#account')")
    fill_in(browser, name, f"{name}'s")
    browser.wait(f"document.querySelector('#account')?.textContent === 'Signed in as {name}'")
    browser.wait("document.body.classList.contains('scripted')")


def end_session(browser) -> None:
    """End the session as another tab does, in which the user signs out."""
    browser.run(
        "fetch('?logout', {method: 'POST', headers: "
        "{'Content-Type': 'application/x-www-form-urlencoded'}}).then(r => r.status)"
    )


def sign_in_elsewhere(browser, name: str) -> None:
    """Sign in as another tab does."""
    form = json.dumps(f"name={name}&password={name}'s")
    browser.run(
        f"fetch('?login', {{method: 'POST', body: {form}, headers: "
        "{'Content-Type': 'application/x-www-form-urlencoded'}}).then(r => r.status)"
    )


def test_signing_in_and_out(visitor):
    assert "sub" not in visitor.run(NAMES)
    visitor.click("document.querySelector('#account')")
    fill_in(visitor, "ann", "wrong")
    visitor.wait("document.querySelector('[role=alert]')")
    assert "The name or the password is wrong." in visitor.text()
    fill_in(visitor, "ann", "ann's")
    visitor.wait("document.querySelector('#account')?.textContent === 'Signed in as ann'")
    assert "sub" in visitor.run(NAMES)
    visitor.click("document.querySelector('#account')")
    visitor.wait("document.body.innerText.includes('You are signed in as ann.')")
    visitor.click(button("Sign out"))
    visitor.wait("document.querySelector('#account')?.textContent === 'Sign in'")
    assert "sub" not in visitor.run(NAMES)


def test_a_page_that_is_refused_leads_to_signing_in(visitor):
    visitor.open(visitor.url + "/sub/")
    assert "Sign in to open this." in visitor.text()
    fill_in(visitor, "bob", "bob's")
    visitor.wait("document.body.innerText.includes('You may not')")
    visitor.click(
        "[...document.querySelectorAll('a')].find(a => a.textContent === 'The folder above')"
    )
    visitor.wait("document.querySelector('#account')?.textContent === 'Signed in as bob'")


def test_a_reader_sees_what_a_reader_may_do(visitor):
    assert visitor.run(BUTTONS) == ["Search", "Keys"]
    visitor.click(f"{row('file1.txt')}.querySelector('input')")
    visitor.wait(button("Download as zip"))
    assert visitor.run(BUTTONS) == ["Search", "Keys", "Download as zip", "Choose none"]
    visitor.press("Delete")
    visitor.press("F2")
    visitor.press("m")
    assert not visitor.run("document.querySelector('dialog, td input:not([type=checkbox])')")
    visitor.press("?")
    visitor.wait("document.querySelector('dialog dl')")
    assert "Delete" not in visitor.run("document.querySelector('dialog').innerText")


def test_rights_differ_from_folder_to_folder(visitor, root):
    sign_in(visitor, "bob")
    assert "Upload files" not in visitor.run(BUTTONS)
    open_page(visitor, "/bobs/")
    assert {"Upload files", "Upload a folder", "New folder"} <= set(visitor.run(BUTTONS))
    visitor.click(f"{row('bob.txt')}.querySelector('input')")
    visitor.wait(button("Move"))
    visitor.click(button("Move"))
    visitor.wait("document.querySelector('dialog input')")
    visitor.run("document.querySelector('dialog input').select()")
    visitor.type("/")
    visitor.press("Enter")
    visitor.wait("document.querySelector('#said').textContent.includes('may not create this')")
    assert (root / "bobs" / "bob.txt").exists()


def test_a_folder_for_deposits(visitor, root, tmp_path):
    (root / "drop" / "secret.txt").write_text("of another")
    (tmp_path / "mine.txt").write_text("mine")
    open_page(visitor, "/drop/")
    assert "You can put files here. What is here is not shown to you." in visitor.text()
    assert "secret" not in visitor.text()
    assert visitor.run(BUTTONS) == ["Keys", "Upload files", "Upload a folder", "New folder"]
    visitor.drop(tmp_path / "mine.txt")
    visitor.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "drop" / "mine.txt").read_text() == "mine"
    assert "mine.txt" not in visitor.run(NAMES)
    # Nobody is asked about names that are not theirs to know.
    (tmp_path / "secret.txt").write_text("mine")
    visitor.drop(tmp_path / "secret.txt")
    visitor.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "drop" / "secret.txt").read_text() == "of another"
    assert len(list((root / "drop").iterdir())) == 3


def ask_to_delete(visitor, name):
    """Press Delete on an entry; again if the list was read anew, which takes the focus away."""
    until = time.monotonic() + 20
    while not visitor.run(f"!!{button('Delete')}"):
        assert time.monotonic() < until
        visitor.run(f"{row(name)}?.querySelector('a').focus()")
        visitor.press("Delete")


def test_a_session_that_ended_leads_to_signing_in(visitor, root):
    sign_in(visitor, "ann")
    end_session(visitor)
    ask_to_delete(visitor, "file1.txt")
    visitor.click(button("Delete"))
    visitor.wait("document.querySelector('dialog')?.innerText.includes('You are signed out')")
    assert (root / "file1.txt").exists()
    assert visitor.run("document.querySelector('dialog a').target") == "_blank"
    sign_in_elsewhere(visitor, "ann")
    visitor.click(button("Go on"))
    visitor.wait("!document.querySelector('dialog')")
    ask_to_delete(visitor, "file1.txt")
    visitor.click(button("Delete"))
    visitor.wait(f"!{row('file1.txt')}")
    assert not (root / "file1.txt").exists()


@pytest.mark.parametrize("size", [3, 9 << 20], ids=["whole", "in parts"])
def test_uploads_wait_while_the_user_signs_in_again(visitor, root, tmp_path, size):
    (tmp_path / "new.txt").write_bytes(b"x" * size)
    sign_in(visitor, "ann")
    end_session(visitor)
    visitor.drop(tmp_path / "new.txt")
    visitor.wait("document.querySelector('dialog')?.innerText.includes('You are signed out')")
    sign_in_elsewhere(visitor, "ann")
    visitor.click(button("Go on"))
    visitor.wait("!document.querySelector('dialog')")
    visitor.wait("document.querySelector('#tray .failed')")
    visitor.click(button("Try again"))
    visitor.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "new.txt").stat().st_size == size


def test_a_session_that_ends_during_an_upload_costs_no_byte(visitor, root, tmp_path):
    (tmp_path / "large.bin").write_bytes(os.urandom(1 << 20) * 70)  # Three parts.
    sign_in(visitor, "ann")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    visitor.call("Network.enable")
    visitor.call("Network.emulateNetworkConditions", uploadThroughput=20 << 20, **conditions)
    visitor.drop(tmp_path / "large.bin")
    visitor.wait("document.querySelector('#tray progress').value > (33 << 20)")
    end_session(visitor)
    visitor.wait("document.querySelector('dialog')?.innerText.includes('You are signed out')")
    visitor.call("Network.emulateNetworkConditions", uploadThroughput=-1, **conditions)
    sign_in_elsewhere(visitor, "ann")
    visitor.click(button("Go on"))
    visitor.wait("!document.querySelector('dialog')")
    visitor.click(button("Try again"))
    visitor.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "large.bin").read_bytes() == (tmp_path / "large.bin").read_bytes()


def test_one_who_signs_in_elsewhere_sees_it_here(visitor):
    sign_in_elsewhere(visitor, "ann")
    visitor.click("document.querySelector('th a')")
    visitor.wait("document.querySelector('#account')?.textContent === 'Signed in as ann'")
    visitor.wait(button("Upload files"))


def test_signing_in_and_out_without_scripts(visitor):
    visitor.call("Emulation.setScriptExecutionDisabled", value=True)
    try:
        visitor.click("document.querySelector('#account')")
        fill_in(visitor, "ann", "ann's")
        visitor.wait("document.querySelector('#account')?.textContent === 'Signed in as ann'")
        visitor.click("document.querySelector('#account')")
        visitor.wait(button("Sign out"))
        visitor.click(button("Sign out"))
        visitor.wait("document.querySelector('#account')?.textContent === 'Sign in'")
    finally:
        visitor.call("Emulation.setScriptExecutionDisabled", value=False)
