"""Files and folders that a person chooses for an upload on the page of a shared folder."""

from __future__ import annotations

import pytest

from .elements import NAMES, button, row

SAID = "document.querySelector('#said').textContent"

#: The page makes the field for each choice: this keeps it, in place of the browser's window.
KEEP_THE_FIELD = "HTMLInputElement.prototype.click = function () { window.picker = this }; 0"


@pytest.fixture
def picker(page):
    page.run(KEEP_THE_FIELD)
    return page


def test_several_files(picker, root, tmp_path):
    files = [tmp_path / name for name in ("a b.txt", "100 %.txt", "ü?#.txt")]
    for file in files:
        file.write_text(file.name)
    picker.click(button("Upload files"))
    picker.wait("window.picker")
    picker.choose("window.picker", *files)
    picker.wait(f"{SAID}.startsWith('3 of 3 files uploaded')")
    assert [(root / file.name).read_text() for file in files] == [file.name for file in files]
    assert {"a b.txt", "100 %.txt", "ü?#.txt"} <= set(picker.run(NAMES))


def test_a_folder_with_those_in_it(picker, root, tmp_path):
    folder = tmp_path / "photos"
    (folder / "2026" / "june").mkdir(parents=True)
    for number in range(130):
        (folder / "2026" / "june" / f"{number}.jpg").write_bytes(b"x" * number)
    (folder / "list.txt").write_text("list")
    picker.click(button("Upload a folder"))
    picker.wait("window.picker")
    picker.choose("window.picker", folder)
    picker.wait(f"{SAID}.startsWith('131 of 131 files uploaded')")
    assert (root / "photos" / "2026" / "june" / "129.jpg").read_bytes() == b"x" * 129
    assert (root / "photos" / "list.txt").read_text() == "list"


def test_a_dropped_folder_of_more_than_a_browser_gives_at_once(page, root, tmp_path):
    """Chromium gives a hundred entries of a folder at a time."""
    folder = tmp_path / "many"
    (folder / "empty" / "below").mkdir(parents=True)
    for number in range(250):
        (folder / f"{number}.txt").write_text("x")
    page.drop(folder)
    page.wait(f"{SAID}.startsWith('250 of 250 files uploaded')")
    assert len(list((root / "many").iterdir())) == 251
    assert (root / "many" / "empty" / "below").is_dir()
    page.wait(row("many"))


def test_an_empty_folder_alone(page, root, tmp_path):
    (tmp_path / "empty").mkdir()
    page.drop(tmp_path / "empty")
    page.wait(row("empty"))
    assert (root / "empty").is_dir()
