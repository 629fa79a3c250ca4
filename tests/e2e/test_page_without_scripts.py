"""The page of a shared folder in a browser without scripts: each action is a link or a form."""

from __future__ import annotations

import time
import zipfile

import pytest

from .elements import NAMES, button, row


@pytest.fixture
def plain(page):
    page.call("Emulation.setScriptExecutionDisabled", value=True)
    page.open(page.url + "/?")
    yield page
    page.call("Emulation.setScriptExecutionDisabled", value=False)


def unfold(page, label: str) -> None:
    page.click(f"[...document.querySelectorAll('summary')].find(s => s.textContent === '{label}')")


def write(page, field: str, text: str) -> None:
    page.click(f"document.querySelector('{field}')")
    page.type(text)


def test_order_and_filter(plain):
    plain.click("[...document.querySelectorAll('th a')].find(a => a.textContent === 'Name')")
    plain.wait("document.querySelector('[aria-sort=descending]')")
    assert plain.run(NAMES) == [
        *("sub", "README.md", "picture.svg", "file10.txt", "file2.txt", "file1.txt")
    ]
    write(plain, "#filter", "E1")
    plain.click(button("Apply"))
    plain.wait(f"{NAMES}.length === 2")
    assert plain.run(NAMES) == ["file10.txt", "file1.txt"]
    plain.click("document.querySelector('#totals a')")
    plain.wait(f"{NAMES}.length === 6")


def test_pages_of_many_entries(plain, root):
    for number in range(1200):
        (root / "sub" / f"n{number}").touch()
    plain.open(plain.url + "/sub/?sort=name")
    plain.click("document.querySelector('#pager a:last-child')")
    plain.wait("location.search === '?page=3'")
    plain.wait(f"{NAMES}.at(-1) === 'n1199'")


def test_an_upload_and_a_new_folder(plain, root, tmp_path):
    for name in ("new.txt", "file1.txt"):
        (tmp_path / name).write_text("new")
    unfold(plain, "Upload files")
    plain.choose("document.querySelector('#files')", tmp_path / "new.txt", tmp_path / "file1.txt")
    plain.run("document.querySelector('#conflict').value = 'rename'")
    plain.click(button("Upload"))
    plain.wait(row("new.txt"))
    assert (root / "file1.txt").read_text() == "text 1"
    assert sum(file.read_text() == "new" for file in root.glob("*.txt")) == 2
    unfold(plain, "New folder")
    write(plain, "#folder", "made 100 %")
    plain.click(button("Make folder"))
    plain.wait(row("made 100 %"))
    assert (root / "made 100 %").is_dir()
    unfold(plain, "New folder")
    write(plain, "#folder", "sub")
    plain.click(button("Make folder"))
    plain.wait("document.body.innerText.includes('The name exists')")
    plain.click("document.querySelector('a')")
    plain.wait(row("made 100 %"))


def test_rename_move_and_delete(plain, root):
    plain.click(f"{row('file1.txt')}.querySelector('input')")
    unfold(plain, "Rename or move")
    write(plain, "#to", "first.txt")
    plain.click(button("Rename or move"))
    plain.wait(row("first.txt"))
    for name in ("first.txt", "file2.txt"):
        plain.click(f"{row(name)}.querySelector('input')")
    unfold(plain, "Rename or move")
    write(plain, "#into", "/sub/deep")
    plain.click(button("Rename or move"))
    plain.wait(f"!{row('first.txt')}")
    assert (root / "sub" / "deep" / "first.txt").read_text() == "text 1"
    assert (root / "sub" / "deep" / "file2.txt").exists()
    plain.click(f"{row('sub')}.querySelector('input')")
    unfold(plain, "Delete")
    plain.click(button("Delete the chosen entries"))
    plain.wait(f"!{row('sub')}")
    assert not (root / "sub").exists()


def test_an_archive_of_what_is_chosen(plain, tmp_path):
    plain.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    plain.click(f"{row('file10.txt')}.querySelector('input')")
    plain.click(button("Download as zip"))
    archive = tmp_path / "files.zip"
    until = time.monotonic() + 20
    while not archive.exists() and time.monotonic() < until:
        plain.run("1")
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() == ["file10.txt"]
