"""The jobs of docs/howto.md: each command is run as it stands, and must do what it is for.

None is longer than that of the other program in its row, but for the name of the program.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import threading
import zipfile
from pathlib import Path

import pytest
import trustme

from nethttp.server.process.interfaces import network_addresses
from nethttp.server.process.qr_code import qr_code

from .reader import PORT, Reader, Served

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "howto.md").read_text().partition("## Share a folder")[2]
ROWS = re.findall(r"^\| (.+?) \| `(.+?)` \| `(.+?)` \|$", TABLE.partition("\n## ")[0], re.MULTILINE)
JOBS = {job: command for job, command, _ in ROWS}
BIG = bytes(range(256)) * 4000


@pytest.fixture
def reader(tmp_path):
    folder = tmp_path / "folder"
    (folder / "dist").mkdir(parents=True)
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "sub" / "deep" / "report.txt").write_text("found")
    (folder / "dist" / "index.html").write_text("<h1>application</h1>")
    (folder / "page.html").write_text("<h1>page</h1>")
    (folder / "file.iso").write_bytes(BIG)
    (folder / "a.txt").write_text("content")
    (folder / ".env").write_text("secret")
    return Reader(folder)


@pytest.fixture
def curl(reader):
    """Return a function that runs curl with some words, on a server."""

    def run(served: Served, words: str):
        return reader.run(f"curl {words}", served.port)

    return run


def test_there_is_a_check_for_every_job():
    assert list(JOBS) == [
        *("with a phone, by a QR code", "with a password", "with upload"),
        *("with upload and a password", "anyone reads, one writes", "take files, show none"),
        *("one file", "folders as zip", "search in the whole tree", "hide dotfiles"),
        *("a single-page application", "live reload", "with CORS", "and open the browser"),
        *("TLS, own certificate", "TLS, self-signed certificate"),
        *(
            "upload by curl",
            "upload a form by curl",
            "go on with a download",
            "a listing for programs",
            "the SHA-256 of a file",
        ),
    ]


@pytest.mark.parametrize(("job", "ours", "best"), ROWS, ids=JOBS)
def test_no_command_is_longer_than_that_of_others(job, ours, best):
    def after_name(command: str) -> int:
        return len(command.partition(" ")[2])

    assert len(ours) <= len(best) or after_name(ours) <= after_name(best)


def test_with_a_phone_by_a_qr_code(reader, curl):
    with reader.serving(JOBS["with a phone, by a QR code"]) as served:
        addresses = network_addresses(socket.AF_INET)
        urls = [f"http://{address}:{served.port}/" for address in addresses]
        if urls:
            assert f"Everyone on the network can open it: {' and '.join(urls)}\n" in served.said
        for url in urls[:1]:
            code = qr_code(url, colours=False) + "\n"
            assert served.more(code.count("\n")) == code
            answer = reader.run(f"curl {url}", served.port)
            assert (answer.status, "file.iso" in answer.text) == (200, True)


def test_with_a_password(reader, curl):
    with reader.serving(JOBS["with a password"]) as served:
        assert "me may read.\nNobody may change anything.\n" in served.said
        assert curl(served, "localhost:8000").status == 401
        assert curl(served, "-u me:wrong localhost:8000").status == 401
        assert curl(served, f"-u me:{served.password} localhost:8000/a.txt") == (200, "content")
        assert curl(served, f"-u me:{served.password} -T a.txt localhost:8000/b").status == 403


def test_with_upload(reader, curl):
    with reader.serving(JOBS["with upload"]) as served:
        assert "anyone may read and add files.\nNobody may replace or delete files." in served.said
        assert curl(served, "-T a.txt localhost:8000/b").status == 201
        assert curl(served, "-T page.html localhost:8000/b").status == 403
        assert curl(served, "-X DELETE localhost:8000/b").status == 403
    assert (reader.folder / "b").read_text() == "content"


def test_with_upload_and_a_password(reader, curl):
    with reader.serving(JOBS["with upload and a password"]) as served:
        assert "me may read and add files." in served.said
        assert curl(served, "-T a.txt localhost:8000/b").status == 401
        assert curl(served, f"-u me:{served.password} -T a.txt localhost:8000/b").status == 201
    assert (reader.folder / "b").read_text() == "content"


def test_anyone_reads_one_writes(reader, curl):
    with reader.serving(JOBS["anyone reads, one writes"]) as served:
        assert "Anyone may read.\nme may read and add files.\n" in served.said
        assert curl(served, "localhost:8000/a.txt") == (200, "content")
        assert curl(served, "-T a.txt localhost:8000/b").status == 401
        assert curl(served, f"-u me:{served.password} -T a.txt localhost:8000/b").status == 201


def test_take_files_show_none(reader, curl):
    with reader.serving(JOBS["take files, show none"]) as served:
        assert "anyone may add files and see none." in served.said
        assert curl(served, "-T a.txt localhost:8000/b").status == 201
        assert curl(served, "localhost:8000/b").status == 403
        assert json.loads(curl(served, "'localhost:8000/?json'").text)["entries"] == []
        assert "a.txt" not in curl(served, "localhost:8000/").text


def test_one_file(reader, curl):
    with reader.serving(JOBS["one file"]) as served:
        assert curl(served, "-L -o got localhost:8000").status == 200
        assert curl(served, "localhost:8000/a.txt").status == 404
    assert (reader.folder / "got").read_bytes() == BIG


def test_folders_as_zip(reader, curl):
    with reader.serving(JOBS["folders as zip"]) as served:
        assert "?zip" in curl(served, "localhost:8000").text
        assert curl(served, "-o got.zip 'localhost:8000/sub/?zip'").status == 200
    with zipfile.ZipFile(reader.folder / "got.zip") as archive:
        (name,) = [name for name in archive.namelist() if name.endswith("report.txt")]
        assert archive.read(name) == b"found"


def test_search_in_the_whole_tree(reader, curl):
    with reader.serving(JOBS["search in the whole tree"]) as served:
        lines = curl(served, "'localhost:8000/?q=rep*.txt'").text.splitlines()
        assert [line for line in lines if "sub/deep/report.txt" in line]
        assert not [line for line in lines if "a.txt" in line]


def test_hide_dotfiles(reader, curl):
    with reader.serving(JOBS["hide dotfiles"]) as served:
        assert ".env" not in curl(served, "localhost:8000").text
        assert curl(served, "localhost:8000/.env").status == 404
        assert curl(served, "localhost:8000/a.txt").status == 200


def test_a_single_page_application(reader, curl):
    with reader.serving(JOBS["a single-page application"]) as served:
        assert curl(served, "localhost:8000/users/7") == (200, "<h1>application</h1>")


def test_live_reload(reader, curl):
    pytest.importorskip("watchfiles")
    with reader.serving(JOBS["live reload"]) as served:
        page = curl(served, "localhost:8000/page.html").text
        stream = re.search(r'EventSource\("(.+?)"\)', page)[1]
        stop = threading.Event()

        def change() -> None:
            while not stop.wait(0.1):
                (reader.folder / "page.html").write_text("<h1>new</h1>")

        changing = threading.Thread(target=change)
        changing.start()
        try:
            assert "data:" in curl(served, f"localhost:8000{stream}").text
        finally:
            stop.set()
            changing.join()


def test_with_cors(reader, curl):
    with reader.serving(JOBS["with CORS"]) as served:
        head = curl(served, "-i -H 'Origin: https://app.example' localhost:8000/a.txt").text
        assert re.search(r"^Access-Control-Allow-Origin: \*", head, re.MULTILINE | re.IGNORECASE)


def test_and_open_the_browser(reader):
    browser = reader.home / "bin" / "browser"
    browser.write_text(
        f'#!/bin/sh\necho "$1" > "{reader.home}/shown.new"\n'
        f'mv "{reader.home}/shown.new" "{reader.home}/shown"\n'
    )
    browser.chmod(0o755)
    reader.environment["BROWSER"] = f"{browser} %s &"
    with reader.serving(JOBS["and open the browser"]) as served:
        shown = reader.home / "shown"
        for _ in range(200):
            if shown.exists():
                break
            threading.Event().wait(0.1)
        assert shown.read_text() == f"http://127.0.0.1:{served.port}/\n"


def test_tls_with_an_own_certificate(reader, curl):
    authority = trustme.CA()
    certificate = authority.issue_cert("localhost")
    certificate.private_key_pem.write_to_path(reader.folder / "k.pem")
    certificate.cert_chain_pems[0].write_to_path(reader.folder / "c.pem")
    authority.cert_pem.write_to_path(reader.folder / "ca.pem")
    with reader.serving(JOBS["TLS, own certificate"]) as served:
        trusted = "--cacert ca.pem https://localhost:8000/a.txt"
        assert curl(served, trusted) == (200, "content")


def test_tls_with_a_self_signed_certificate(reader, curl):
    pytest.importorskip("cryptography")
    with reader.serving(JOBS["TLS, self-signed certificate"]) as served:
        assert curl(served, "-k https://localhost:8000/a.txt") == (200, "content")


@pytest.fixture
def writable(reader):
    with reader.serving("nethttp -u") as served:
        yield served


def test_upload_by_curl(reader, writable):
    shutil.move(reader.folder / "a.txt", reader.folder.parent / "a.txt")
    command = JOBS["upload by curl"].replace("a.txt", "../a.txt")
    assert reader.run(command, writable.port).status == 201
    assert (reader.folder / "a.txt").read_text() == "content"


def test_upload_a_form_by_curl(reader, writable):
    shutil.move(reader.folder / "a.txt", reader.folder.parent / "a.txt")
    command = JOBS["upload a form by curl"].replace("a.txt", "../a.txt")
    assert reader.run(command, writable.port).status == 204
    assert (reader.folder / "a.txt").read_text() == "content"


def test_go_on_with_a_download(reader, writable):
    elsewhere = reader.folder.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "file.iso").write_bytes(BIG[:600_000])
    command = f"cd {elsewhere}; {JOBS['go on with a download']}"
    assert reader.run(command, writable.port).status == 206
    assert (elsewhere / "file.iso").read_bytes() == BIG


def test_a_listing_for_programs(reader, writable):
    answer = reader.run(JOBS["a listing for programs"], writable.port)
    assert answer.status == 200
    assert "a.txt" in json.dumps(json.loads(answer.text))


def test_the_sha_256_of_a_file(reader, writable):
    answer = reader.run(JOBS["the SHA-256 of a file"], writable.port)
    assert answer == (200, hashlib.sha256(BIG).hexdigest())


def test_every_command_that_asks_has_the_port_of_the_server():
    assert all(PORT.search(command) for command in JOBS.values() if command.startswith("curl"))
