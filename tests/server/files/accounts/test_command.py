"""``nethttp passwd``."""

from __future__ import annotations

import io
import os
import stat

import pytest

from nethttp.server.files.accounts import command, passwords
from nethttp.server.files.accounts.shared_state import open_sessions
from nethttp.server.files.accounts.users import Users, read_user, read_users


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(passwords, "_SCRYPT", (4, 8, 1))
    monkeypatch.setattr(
        command, "hash_password", lambda password: passwords.hash_password(password, cost=4)
    )


@pytest.fixture
def typed(monkeypatch):
    def types(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))

    return types


def test_it_prints_the_line_of_a_user(typed, capsys):
    typed("a:b c\n")
    assert command.main(["ann"]) == 0
    name, hashed = read_user(capsys.readouterr().out)
    assert Users({name: hashed}).check("ann", b"a:b c")


def test_it_puts_the_line_in_a_file(typed, tmp_path):
    path = tmp_path / "users"
    for user, password in (("ann", "1"), ("bob", "2"), ("ann", "3")):
        typed(password)
        assert command.main([user, "--stdin", "--file", str(path)]) == 0
    users = Users(read_users(str(path)))
    assert users.check("ann", b"3")
    assert users.check("bob", b"2")
    assert not users.check("ann", b"1")
    assert [line.partition(":")[0] for line in path.read_text().splitlines()] == ["ann", "bob"]
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


@pytest.mark.parametrize(
    ("words", "text", "message"),
    [
        (["a:b"], "x", "user's name"),
        (["users"], "x", "user's name"),
        (["#a"], "x", "user's name"),
        ([" a"], "x", "user's name"),
        (["ann"], "", "1 to 1024 bytes"),
        (["ann"], "x" * 1025, "1 to 1024 bytes"),
        (["ann"], "\udcff", "a password in UTF-8"),
        (["ann", "--file", "/nowhere/x"], "x", "passwd: /nowhere"),
    ],
)
def test_it_says_what_is_wrong(typed, capsys, words, text, message):
    typed(text)
    assert command.main(words) == 1
    assert message in capsys.readouterr().err


def test_two_passwords_that_differ(monkeypatch, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    answers = iter(["one", "other"])
    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr(command.getpass, "getpass", lambda _: next(answers))
    assert command.main(["ann"]) == 1
    assert "the same password twice" in capsys.readouterr().err


def test_a_wrong_name_is_refused_before_a_password_is_typed(monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", None)
    assert command.main(["a b"]) == 1
    assert "user's name" in capsys.readouterr().err


def test_it_signs_a_user_out(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    state = tmp_path / "state"
    state.mkdir(mode=0o700)
    _, sessions = open_sessions(str(state))
    words = ["ann", "--sign-out", "--state", str(state)]
    for number, said in ((2, "2 times"), (1, "once")):
        for _ in range(number):
            sessions.begin("ann", b"")
        assert command.main(words) == 0
        assert capsys.readouterr().out == (
            f"ann was signed in {said} to {tmp_path}, and is no longer.\n"
        )
    assert command.main(words) == 0
    assert capsys.readouterr().out == f"ann was signed in nowhere to {tmp_path}.\n"


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["ann", "--sign-out", "-d", "/nowhere/x"], 1, "there is no directory /nowhere/x"),
        (["ann", "--sign-out", "--state", "/proc/x"], 1, "/proc/x"),
        (["ann", "--sign-out", "--stdin"], 2, "expected --sign-out, or --file and --stdin"),
        (["ann", "-d", "."], 2, "expected --sign-out with --directory"),
    ],
)
def test_what_it_cannot_sign_out(capsys, words, status, message):
    try:
        found = command.main(words)
    except SystemExit as ended:
        found = ended.code
    assert found == status
    assert message in capsys.readouterr().err
