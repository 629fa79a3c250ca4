"""The commands of docs/sharing.md and of the README's section on sharing, in their order.

Those that serve go on until the next one, and must say what they serve. curl must be answered with
the status that its comment begins with, and what stands in a block after a server's commands is
what that has printed.
"""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from pathlib import Path

import pytest
import trustme

from .reader import Reader, Served

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "sharing.md").read_text()
README = (ROOT / "README.md").read_text()
#: Commands that do not serve.
ENDS = ("explain", "passwd", "help")
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"^\$ (.*?)(?: +# (.*))?$", re.MULTILINE)

SECTIONS = {
    section.partition("\n")[0]: section
    for section in re.split(r"^## ", f"## Beginning\n{PAGE}", flags=re.MULTILINE)
    if "```console" in section
}
(SECTIONS["README"],) = re.findall(
    r"^## Share a folder\n(.*?)^## ", README, re.MULTILINE | re.DOTALL
)


@pytest.fixture
def reader(tmp_path):
    for name in ("folder", "elsewhere", "files"):
        (tmp_path / name).mkdir()
        for file in ("a.txt", "b.txt"):
            (tmp_path / name / file).write_text(file)
    folder = tmp_path / "folder"
    (tmp_path / "elsewhere" / "photo.jpg").write_bytes(b"photo, large")
    for name in ("sub", "dist", "drop", "private"):
        (folder / name).mkdir()
        (folder / name / "index.html").write_text("<h1>page</h1>")
    (folder / "talk.pdf").write_bytes(b"%PDF-1.7")
    certificate = trustme.CA().issue_cert("localhost")
    certificate.private_key_pem.write_to_path(folder / "key.pem")
    certificate.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    reader = Reader(folder)
    for user in ("ann", "bob"):
        assert reader.run(f"nethttp passwd {user} --file ../users", 0, "sesame\n").status == 0
    return reader


def serves(command: str) -> bool:
    words = command.split()
    return "nethttp" in words and words != ["nethttp"] and words[1] not in ENDS


def asks(reader: Reader, served: Served | None, command: str, expected: str | None) -> str:
    """Return what a command that ends has printed, and check its status."""
    if command.startswith("curl"):
        assert served is not None
        command = command.replace("PASSWORD", served.password if "PASSWORD" in command else "")
        answer = reader.run(f"cd ../elsewhere; {command}", served.port)
        wanted = re.match(r"\d{3}", expected or "")
        assert wanted, f"{command} says no status"
        assert str(answer.status) == wanted[0], (command, answer)
    else:
        answer = reader.run(command, 0, "sesame\n")
        assert answer.status == 0, (command, answer)
    return answer.text


@pytest.mark.parametrize("title", SECTIONS)
def test_each_command_does_what_the_page_says(reader, title):
    served: Served | None = None
    said = ""
    with ExitStack() as stack:
        for kind, block in BLOCK.findall(SECTIONS[title]):
            if kind == "toml":
                (reader.folder.parent / "serve.toml").write_text(block)
            for command, comment in COMMAND.findall(block) if kind == "console" else ():
                if not serves(command):
                    said = asks(reader, served, command, comment)
                    continue
                stack.close()
                command = re.sub(r"\b9000\b", "0", command)
                served = stack.enter_context(
                    reader.serving(f"env {command}" if command.startswith("NETHTTP_") else command)
                )
                said = served.said
                assert said.startswith(("Serving ", "Certificate of its own, "))
            if kind == "" and title == "Rights for each path":
                assert block in said


def test_the_warning_that_the_page_shows(reader):
    (shown,) = [
        block
        for kind, block in BLOCK.findall(SECTIONS["Let others add files"])
        if kind == "" and "WARNING" in block
    ]
    with reader.serving("nethttp -A w -b 0.0.0.0") as served:
        assert shown in served.said


def test_the_command_of_the_first_sentence(reader):
    (command,) = re.findall(r"\A# .+\n\n`(.+?)` shares the directory in which you type it", PAGE)
    with reader.serving(command) as served:
        assert served.said.startswith(f"Serving {reader.folder} at http://127.0.0.1:")


def test_every_section_is_in_the_table_of_needs():
    headings = set(re.findall(r"^## (.+)$", PAGE, re.MULTILINE))
    linked = set(re.findall(r"\]\(#([\w-]+)\)", PAGE))
    assert linked == {
        heading.lower().replace(",", "").replace(" ", "-")
        for heading in headings - {"Coming from another program"}
    }


def test_a_user_is_signed_out_while_the_server_runs(reader):
    with reader.serving("nethttp --auth-file ../users -w 2") as served:

        def status(words: str) -> int:
            command = f"curl -b jar -c jar {words} localhost:8000/a.txt"
            return reader.run(command, served.port).status

        form = "-d 'name=ann&password=sesame'"
        answer = reader.run(f"curl -c jar {form} 'localhost:8000/?login'", served.port)
        assert answer.status == 303
        assert [status("") for _ in range(6)] == [200] * 6
        answer = reader.run("nethttp passwd ann --sign-out", served.port)
        assert "ann was signed in once" in answer.text
        assert [status("") for _ in range(6)] == [401] * 6
        assert status("-u ann:sesame") == 200


def test_the_line_for_fail2ban(reader):
    (pattern,) = re.findall(r"^failregex = (.+)$", PAGE, re.MULTILINE)
    matching = re.compile(pattern.replace("<HOST>", r"127\.0\.0\.1"), re.MULTILINE)
    with reader.serving("nethttp --auth-file ../users") as served:
        form = "-d 'name=ann&password=sesame'"
        reader.run(f"curl -c jar {form} 'localhost:8000/?login'", served.port)
        # One who has signed in, and guesses the password of another.
        form = "-d 'name=bob&password=guess'"
        for words in ("-u bob:guess localhost:8000", f"-b jar {form} 'localhost:8000/?login'"):
            assert reader.run(f"curl {words}", served.port).status == 401
    log = reader.log.read_text()
    assert len(matching.findall(log)) == 2
    assert "guess" not in log
