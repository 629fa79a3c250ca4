"""python -m nethttp.cookiejar: from any jar into any other, and no word of a value unless asked."""

from __future__ import annotations

import contextlib
import json
import os
import sqlite3
import subprocess
import sys
import time

import pytest

from nethttp.cookiejar import MozillaCookieJar, SQLiteCookieJar, read_firefox
from nethttp.cookiejar.__main__ import main
from nethttp.cookiejar.any_format import read
from nethttp.cookiejar.formats.comments import _facts

from .formats.test_firefox import make_firefox
from .test_store import cookie

LATER = int(time.time()) + 10_000


@pytest.fixture
def source(tmp_path):
    path = str(tmp_path / "cookies.txt")
    jar = MozillaCookieJar(path)
    jar.set_cookie(
        cookie("id", value="secret", expires=LATER, secure=True, rest={"HttpOnly": None})
    )
    jar.set_cookie(cookie("piece", value="secret2", partition_key="https://t.example"))
    jar.set_cookie(cookie("other", domain=".b.example", value="\x1b[31m"))
    jar.save(ignore_discard=True)
    return path


def test_values_are_shown_when_asked_for(source, capsys):
    assert main(["list", source]) == 0
    said = capsys.readouterr().out
    assert "secret" not in said
    assert "a.example\t/\tid\t" in said
    assert "Secure HttpOnly host-only" in said
    assert main(["list", source, "--values", "--domain", "a.example"]) == 0
    said = capsys.readouterr().out
    assert "secret" in said
    assert "b.example" not in said
    assert main(["list", source, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert len(rows) == 3
    assert not any("value" in row for row in rows)
    assert main(["list", source, "--values"]) == 0
    assert "\x1b" not in capsys.readouterr().out
    assert main(["show", source, "id"]) == 0
    said = capsys.readouterr().out
    assert "http_only\tTrue" in said
    assert "secret" not in said
    assert main(["show", source, "id", "--values", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["value"] == "secret"
    assert main(["show", source, "nothing"], prog="nethttp cookies") == 1
    assert capsys.readouterr() == ("", "nethttp cookies: no cookie called 'nothing'\n")


def test_a_table_on_a_terminal(source, capsys, monkeypatch):
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert main(["list", source]) == 0
    assert "─" in capsys.readouterr().out
    assert main(["export", source]) == 2
    assert "--values allows it" in capsys.readouterr().err
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert main(["list", source]) == 0
    assert "─" not in capsys.readouterr().out


def test_round_trip_through_every_format(source, tmp_path, valkey, capsys):
    before = {found.name: _facts(found) for found in read(source, "mozilla")}
    places = [str(tmp_path / name) for name in ("a.lwp", "b.db", "c.json", "d.sqlite3", "e.txt")]
    places.insert(2, valkey.url + "#some:prefix")
    here = source
    for place in places:
        assert main(["convert", here, place]) == 0
        assert main(["convert", here, place]) == 2
        assert "--force" in capsys.readouterr().err
        assert main(["convert", here, place, "--force"]) == 0
        here = place
    assert {found.name: _facts(found) for found in read(here, "mozilla")} == before
    for place in places:
        if "://" not in place:
            assert os.stat(place).st_mode & 0o777 == 0o600
    for kind in ("mozilla", "lwp", "json"):
        capsys.readouterr()
        assert main(["export", places[1], "--to", kind]) == 0
        text = capsys.readouterr().out
        (tmp_path / "exported").write_text(text)
        assert len(read(str(tmp_path / "exported"), kind)) == 3
    assert main(["export", source, "--to", "sqlite"]) == 2
    assert main(["export", source, str(tmp_path / "x.json"), "--domain", "b.example"]) == 0
    assert len(read(str(tmp_path / "x.json"), "json")) == 1


def test_importing_adds(source, tmp_path, capsys):
    place = str(tmp_path / "jar.db")
    with SQLiteCookieJar(place) as jar:
        jar.set_cookie(cookie("mine"))
    assert main(["import", place, source]) == 0
    profile = tmp_path / "profile"
    profile.mkdir()
    make_firefox(str(profile / "cookies.sqlite"), 16)
    assert main(["import", place, str(profile)]) == 0
    assert main(["import", place, str(profile / "cookies.sqlite")]) == 0
    with SQLiteCookieJar(place) as jar:
        names = {found.name for found in jar}
        assert {"mine", "id", "piece", "other"} < names
        assert len(names) == 4 + len(read_firefox(profile))
    new = str(tmp_path / "new.txt")
    assert main(["import", new, place]) == 0
    assert len(read(new, "mozilla")) == len(names)


@pytest.mark.parametrize("ending", ["txt", "db", "json"])
def test_pruning(ending, tmp_path, capsys):
    place = str(tmp_path / f"jar.{ending}")
    old = tmp_path / "old.txt"
    old.write_text(
        "# Netscape HTTP Cookie File\n"
        f"a.example\tFALSE\t/\tFALSE\t{LATER}\tlate\t1\n"
        "a.example\tFALSE\t/\tFALSE\t0\tsession\t1\n"
        + ("" if ending == "db" else "a.example\tFALSE\t/\tFALSE\t1000\tover\t1\n")
    )
    assert main(["convert", str(old), place]) == 0
    capsys.readouterr()
    assert main(["prune", place]) == 0
    assert capsys.readouterr().out == f"{0 if ending == 'db' else 1} cookies removed, 2 left\n"
    assert main(["prune", place, "--session"]) == 0
    assert capsys.readouterr().out == "1 cookies removed, 1 left\n"


def test_what_cannot_be_done_is_said_in_a_line(source, tmp_path, capsys):
    (tmp_path / "empty").mkdir()
    odd = tmp_path / "odd"
    odd.write_text("what is this?\n")
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "bad.txt").write_text("# Netscape HTTP Cookie File\nx\n")
    (tmp_path / "deep.json").write_text('{"a":' * 100_000)
    document = '{"format": "nethttp.cookiejar", "version": 1, "cookies": [%s]}'
    row = '{"name": "a", "value": "b", "domain": "c", "expires": Infinity}'
    (tmp_path / "endless.json").write_text(document % row)
    line = "a.example\tFALSE\t/\tFALSE\tinf\ta\tb\n"
    (tmp_path / "endless.txt").write_text(f"# Netscape HTTP Cookie File\n{line}")
    other = tmp_path / "other.db"
    with contextlib.closing(sqlite3.connect(other)) as database:
        database.execute("CREATE TABLE t (a)")
    profile = str(tmp_path / "cookies.sqlite")
    make_firefox(profile, 12)
    for arguments in (
        ["list", str(tmp_path / "missing")],
        ["list", str(tmp_path / "missing.db"), "--from", "sqlite"],
        ["list", str(odd)],
        ["list", str(odd), "--from", "json"],
        ["list", str(tmp_path / "bad.json")],
        ["list", str(tmp_path / "bad.txt")],
        *(["list", str(tmp_path / name)] for name in ("deep.json", "endless.json", "endless.txt")),
        ["list", str(other)],
        ["prune", profile],
        ["convert", source, source, "--force"],
        ["convert", source, str(tmp_path / "noending")],
        ["import", str(tmp_path / "missing" / "x.db"), source],
        ["list", "valkey://user:hunter2@127.0.0.1:1/0"],
        ["list", str(tmp_path / "empty")],
    ):
        before = capsys.readouterr()
        began = time.monotonic()
        assert main(arguments) == 2, arguments
        said = capsys.readouterr().err
        assert said.count("\n") == 1, (arguments, said, before)
        assert "hunter2" not in said
        assert time.monotonic() - began < 10
    assert not (tmp_path / "missing.db").exists()


def test_as_a_program(source):
    command = [sys.executable, "-m", "nethttp.cookiejar", "list", source]
    said = subprocess.run(command, capture_output=True, text=True, timeout=30)
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout.count("\n") == 3
    command = [sys.executable, "-m", "nethttp", "cookies", "list", source]
    assert subprocess.run(command, capture_output=True, timeout=30).stdout.count(b"\n") == 3
    reader = subprocess.Popen(
        [sys.executable, "-m", "nethttp.cookiejar", "list", source, "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with reader:
        reader.stdout.close()
        assert reader.stderr.read() == b""
    assert reader.returncode == 0


def test_what_is_wrong_is_said_in_plain_words(source, tmp_path, capsys):
    (tmp_path / "bad.json").write_text("{")
    for words, said in (
        (["list", "nothing.txt"], "nothing.txt: No such file or directory"),
        (["list", str(tmp_path / "bad.json")], "expected a jar in JSON: Expecting property name"),
        (["convert", source, "/nothing/a.txt"], "/nothing/a.txt: No such file or directory"),
    ):
        assert main(words) == 2
        error = capsys.readouterr().err
        assert f"python -m nethttp.cookiejar: {said}" in error
        assert error.count("\n") == 1


def test_saving_names_the_file_and_not_the_one_that_takes_its_place():
    with pytest.raises(FileNotFoundError) as failed:
        MozillaCookieJar().save("/nothing/cookies.txt")
    assert failed.value.filename == "/nothing/cookies.txt"
