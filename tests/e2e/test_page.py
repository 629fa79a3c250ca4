"""The page of a shared folder in a browser, used as a person uses it."""

from __future__ import annotations

import os
import time
import zipfile

import pytest

from .elements import NAMES, button, row


def names(page) -> list[str]:
    return page.run(NAMES)


def test_filter_and_order(page):
    assert names(page) == [
        "sub",
        "file1.txt",
        "file2.txt",
        "file10.txt",
        "picture.svg",
        "README.md",
    ]
    page.press("/")
    page.type("FILE1")
    page.wait(f"{NAMES}.length === 2")
    assert names(page) == ["file1.txt", "file10.txt"]
    page.press("Escape")
    page.wait(f"{NAMES}.length === 6")
    page.click("document.querySelector('th a')")
    page.wait("document.querySelector('[aria-sort=descending]')")
    assert names(page)[1] == "README.md"
    assert page.run("location.search") == "?order=desc"
    page.run("history.back()")
    page.wait("document.querySelector('[aria-sort=ascending]')")


def test_keys_choose_and_delete(page, root):
    page.press("ArrowDown")
    page.press("j")
    page.press(" ")
    page.press("j")
    page.press(" ", shift=True)
    page.wait("document.querySelector('#bar').innerText.includes('2 entries chosen')")
    page.press("Delete")
    page.wait("document.querySelector('dialog[open]')")
    page.click(button("Delete"))
    page.wait(f"{NAMES}.length === 4")
    assert sorted(os.listdir(root)) == ["README.md", "file10.txt", "picture.svg", "sub"]
    assert "Deleted 2 entries" in page.text()


def test_rename_in_place(page, root):
    page.run(f"{row('file1.txt')}.querySelector('a').focus()")
    page.press("F2")
    page.type("new")
    page.press("Enter")
    page.wait(row("new.txt"))
    assert (root / "new.txt").read_text() == "text 1"
    page.press("F2")
    page.type("other")
    page.press("Escape")
    page.run(f"{row('new.txt')}.querySelector('a').focus()")
    page.press("F2")
    page.type("file2")
    page.press("Enter")
    page.wait("document.querySelector('#said').textContent.includes('Not renamed')")
    assert (root / "file2.txt").read_text() == "text 2"


def test_move_and_new_folder(page, root):
    page.run("document.querySelector('#mkdir').closest('details').open = true")
    page.run("document.querySelector('#folder').focus()")
    page.type("made #1")
    page.press("Enter")
    page.wait(row("made #1"))
    page.click(f"{row('file1.txt')}.querySelector('input')")
    page.wait(button("Move"))
    page.click(button("Move"))
    page.wait("document.querySelector('dialog[open] input')")
    page.run("document.querySelector('dialog input').value = ''")
    page.run("document.querySelector('dialog input').focus()")
    page.type("/made #1")
    page.press("Enter")
    page.wait(f"!{row('file1.txt')}")
    assert (root / "made #1" / "file1.txt").read_text() == "text 1"


def test_a_drop_of_200_files_in_folders(page, root, tmp_path):
    dropped = tmp_path / "dropped"
    for folder in range(4):
        (dropped / f"f {folder}" / "in").mkdir(parents=True)
        for number in range(50):
            (dropped / f"f {folder}" / "in" / f"{number}%.bin").write_bytes(b"x" * number)
    (dropped / "empty").mkdir()
    (dropped / "one.txt").write_text("one")
    os.utime(dropped / "one.txt", (10**9, 10**9))
    page.drop(*dropped.iterdir())
    page.wait("document.querySelector('#said').textContent.startsWith('201 of 201 files uploaded')")
    assert {p.relative_to(dropped) for p in dropped.rglob("*")} <= {
        p.relative_to(root) for p in root.rglob("*")
    }
    assert (root / "f 3" / "in" / "49%.bin").read_bytes() == b"x" * 49
    assert (root / "one.txt").stat().st_mtime == 10**9
    assert "one.txt" in names(page)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("Replace it", {"file1.txt": "new", "file2.txt": "new"}),
        ("Skip it", {"file1.txt": "text 1", "file2.txt": "text 2"}),
        ("Keep both", {"file1.txt": "text 1", "file2.txt": "text 2"}),
    ],
)
def test_one_question_for_all_names_that_exist(page, root, tmp_path, answer, expected):
    given = [tmp_path / "file1.txt", tmp_path / "file2.txt"]
    for file in given:
        file.write_text("new")
    before = len(os.listdir(root))
    page.drop(*given)
    page.wait(button(answer))
    page.click(button(answer))
    page.wait("document.querySelector('#said').textContent.includes('files uploaded')")
    assert {name: (root / name).read_text() for name in expected} == expected
    assert len(os.listdir(root)) == before + (2 if answer == "Keep both" else 0)


def test_an_upload_stops_and_goes_on(page, root, tmp_path):
    (tmp_path / "large.bin").write_bytes(os.urandom(1 << 20) * 40)
    # So slow that it is in the middle for a while.
    page.call("Network.enable")
    conditions = {"offline": False, "latency": 0, "downloadThroughput": -1}
    page.call("Network.emulateNetworkConditions", uploadThroughput=2 << 20, **conditions)
    page.drop(tmp_path / "large.bin")
    page.wait("document.querySelector('#tray progress').value > 0")
    page.click(button("Pause"))
    page.wait("document.querySelector('#tray').innerText.includes('paused')")
    assert not (root / "large.bin").exists()
    page.call("Network.emulateNetworkConditions", uploadThroughput=-1, **conditions)
    page.click(button("Continue"))
    page.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "large.bin").stat().st_size == 40 << 20


def test_what_failed_is_tried_again(page, root, tmp_path):
    (tmp_path / "a.txt").write_text("a")
    (root / "a.txt").mkdir()
    page.drop(tmp_path / "a.txt")
    page.wait(button("Replace it"))
    page.click(button("Replace it"))
    page.wait("document.querySelector('#tray .failed')")
    (root / "a.txt").rmdir()
    page.wait(f"!{button('Try again')}.hidden")
    page.click(button("Try again"))
    page.wait("document.querySelector('#said').textContent.startsWith('1 of 1 file uploaded')")
    assert (root / "a.txt").read_text() == "a"


def test_an_archive_of_what_is_chosen(page, tmp_path):
    page.call("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    for name in ("sub", "file10.txt"):
        page.click(f"{row(name)}.querySelector('input')")
    page.wait(button("Download as zip"))
    page.click(button("Download as zip"))
    page.wait("document.querySelector('#said').textContent.includes('archive')")
    archive = tmp_path / "files.zip"
    until = time.monotonic() + 20
    while not archive.exists() and time.monotonic() < until:
        page.run("new Promise(done => setTimeout(done, 50))")
    with zipfile.ZipFile(archive) as opened:
        assert {"file10.txt", "sub/"} <= set(opened.namelist())
        assert "file1.txt" not in opened.namelist()


def test_preview(page):
    page.click(f"{row('file1.txt')}.querySelector('a')")
    page.wait("document.querySelector('#preview pre')?.textContent === 'text 1'")
    page.press("ArrowRight")
    page.wait("document.querySelector('#preview pre')?.textContent === 'text 2'")
    page.click(button("Next"))
    page.click(button("Next"))
    page.wait("document.querySelector('#preview img')?.naturalWidth === 9")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    assert page.run("document.activeElement.textContent") == "picture.svg"


def test_a_page_is_opened_and_runs_nothing_here(page, root):
    (root / "page.html").write_text("<h1>Opened</h1><script>document.title = 'ran'</script>")
    page.open(page.url + "/?sort=name")
    page.wait("document.body.classList.contains('scripted')")
    page.click(f"{row('page.html')}.querySelector('a')")
    page.wait("document.querySelector('h1')?.textContent === 'Opened'")
    assert page.run("document.title") != "ran"
    page.errors.clear()  # The policy says that it has kept the script from running.


def test_share_and_help(page):
    pytest.importorskip("segno")
    page.press("?")
    page.wait("document.querySelector('dialog dl')")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")
    page.click("document.querySelector('#share')")
    page.wait("document.querySelector('dialog img')?.naturalWidth > 100")
    assert page.run("document.querySelector('#url').value") == page.url + "/"


def test_a_search_finds_what_lies_below(page, root):
    (root / "sub" / "deep" / "50 % of report.pdf").touch()
    page.click(button("Search"))
    page.wait("document.querySelector('#wanted')")
    page.run("document.querySelector('#wanted').focus()")
    page.type("REPORT")
    page.press("Enter")
    page.wait("document.querySelector('dialog').innerText.includes('1 found')")
    assert page.run("document.querySelector('#results a').textContent") == (
        "/sub/deep/50 % of report.pdf"
    )
    assert page.run("fetch(document.querySelector('#results a').href).then(r => r.status)") == 200


def test_many_entries_are_filtered_and_sorted_by_the_server(page, root):
    for number in range(1200):
        (root / "sub" / f"n{number}").write_bytes(b"x" * number)
    page.open(page.url + "/sub/")
    page.wait("document.querySelector('#pager')")
    assert len(names(page)) == 500
    page.click("document.querySelectorAll('th a')[1]")
    page.wait("location.search === '?sort=size'")
    page.click("document.querySelectorAll('th a')[1]")
    page.wait(f"{NAMES}[1] === 'n1199'")
    page.click("document.querySelector('#pager a:last-child')")
    page.wait(f"{NAMES}.at(-1) === 'n0'")
    assert page.run("location.search") == "?sort=size&order=desc&page=3"
    page.press("/")
    page.type("n119")
    page.wait(f"{NAMES}.length === 11")
    assert page.run("document.activeElement.id") == "filter"
