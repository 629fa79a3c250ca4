"""What a browser shows of the files of a folder: in the dialog of the page, and on their own."""

from __future__ import annotations

import struct
import time

import pytest

from .elements import button, row

#: A blank page. Its table of objects is left out, which viewers make anew.
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 200]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)

SECOND = 8000
#: A second of silence: https://www.rfc-editor.org/rfc/rfc2361 names its parts.
SOUND = (
    b"RIFF"
    + struct.pack("<I", 36 + SECOND)
    + b"WAVEfmt "
    + struct.pack("<IHHIIHH", 16, 1, 1, SECOND, SECOND, 1, 8)
    + b"data"
    + struct.pack("<I", SECOND)
    + bytes([128]) * SECOND
)

#: Records a film of half a second, and stores it as film.webm.
FILM = """
(async () => {
  const canvas = document.createElement("canvas");
  const context = canvas.getContext("2d");
  const recorder = new MediaRecorder(canvas.captureStream(30), {mimeType: "video/webm"});
  const parts = [];
  recorder.ondataavailable = event => parts.push(event.data);
  const over = new Promise(resolve => { recorder.onstop = resolve; });
  recorder.start();
  const drawing = setInterval(() => context.fillRect(parts.length, Date.now() % 99, 9, 9), 20);
  setTimeout(() => recorder.stop(), 500);
  await over;
  clearInterval(drawing);
  return (await fetch("film.webm", {method: "PUT", body: new Blob(parts)})).status;
})()
"""


def open_preview(page, name: str) -> None:
    page.open(page.url + "/?sort=name")
    page.wait("document.body.classList.contains('scripted')")
    page.click(f"{row(name)}.querySelector('a')")
    page.wait("document.querySelector('#preview')")


@pytest.mark.parametrize(
    ("content", "shown"),
    [
        ("grüße 漢字".encode(), "grüße 漢字"),
        ("grüße".encode("latin-1"), "grüße"),
        (b"\xff\xfe" + "grüße".encode("utf-16-le"), "grüße"),
        (b"\xfe\xff" + "grüße".encode("utf-16-be"), "grüße"),
        (b"", ""),
        (b"<b>\r\n", "<b>\r\n"),
        ("ü".encode() * (1 << 18), "ü" * (1 << 17) + "\n…"),
        (b"a" + "ü".encode() * (1 << 18), "a" + "ü" * ((1 << 17) - 1) + "\n…"),
    ],
    ids=["utf-8", "latin-1", "utf-16-le", "utf-16-be", "empty", "markup", "long", "cut"],
)
def test_text_in_its_encoding(page, root, content, shown):
    (root / "notes.log").write_bytes(content)
    open_preview(page, "notes.log")
    page.wait("document.querySelector('#preview pre')?.textContent !== 'Loading …'")
    assert page.run("document.querySelector('#preview pre').textContent") == shown


def test_sound_and_film(page, root):
    (root / "sound.wav").write_bytes(SOUND)
    assert page.run(FILM) == 201
    open_preview(page, "sound.wav")
    page.wait("document.querySelector('#preview audio').duration === 1")
    open_preview(page, "film.webm")
    page.wait("document.querySelector('#preview video').videoWidth === 300")
    page.press("Escape")
    page.wait("!document.querySelector('dialog')")


def test_a_pdf(page, root):
    (root / "report.pdf").write_bytes(PDF)
    open_preview(page, "report.pdf")
    shown = set()
    until = time.monotonic() + 20
    while f"{page.url}/report.pdf" not in shown and time.monotonic() < until:
        # The browser's viewer is a page of its own, and has the file in another one.
        targets = page.call("Target.getTargets")["targetInfos"]
        shown = {target["url"] for target in targets if target["type"] == "iframe"}
    assert f"{page.url}/report.pdf" in shown


def test_what_cannot_be_shown_says_so(page, root):
    for name in ("broken.png", "broken.mp3", "broken.mp4"):
        (root / name).write_bytes(b"nothing of the kind")
    open_preview(page, "broken.mp3")
    for _ in range(2):
        page.wait("document.querySelector('#preview').innerText.includes('cannot show')")
        page.click(button("Next"))
    page.wait("document.querySelector('#preview').innerText.includes('cannot show')")


@pytest.mark.parametrize(
    "name",
    ["a.txt", "a.md", "a.log", "a.py", "a.rs", "a.sh", "a.yaml", "a.toml", "a.json", "LICENSE"],
)
def test_text_opens_as_text_in_utf_8(page, root, name):
    (root / name).write_text('"grüße 漢字"')
    page.open(f"{page.url}/{name}")
    assert page.text() == '"grüße 漢字"'
    assert page.run("document.characterSet") == "UTF-8"


def test_a_readme_is_text_below_the_files(page, root):
    (root / "README.md").write_text("Grüße <b>from</b> us")
    page.open(page.url + "/?sort=date")
    assert page.run("document.querySelector('section pre').textContent") == ("Grüße <b>from</b> us")
    assert page.run("document.querySelector('section h2').textContent") == "README.md"
