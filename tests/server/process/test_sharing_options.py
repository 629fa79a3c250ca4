"""What the command line lets others do with a directory."""

from __future__ import annotations

import os
import re

import pytest

from nethttp.server.files.accounts.users import Users
from nethttp.server.files.folder import FolderHandler
from nethttp.server.files.shared import SharedFolderHandler
from nethttp.server.process.command_line import parsed, service_of
from nethttp.server.process.options import Refused
from nethttp.server.process.sharing_options import sharing_notice


@pytest.fixture
def served(tmp_path):
    """Return a function that gives the handler for the words of a command line."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "index.html").touch()
    (tmp_path / "state").mkdir(mode=0o700)

    def handler(*words: str):
        given = ["--state", str(tmp_path / "state")] if "--state" not in words and words else []
        arguments = parsed("serve", [str(tmp_path / "site"), *words, *given])
        return service_of(arguments, "serve")[0].find().value

    return handler


def test_without_an_option_a_directory_is_served_as_before(served):
    assert served().func is FolderHandler


@pytest.mark.parametrize(
    ("words", "rights"),
    [
        (["--upload"], "rw"),
        (["--delete"], "dr"),
        (["--upload", "--delete"], "drw"),
        (["--allow", "rwd"], "drw"),
        (["--allow", "w"], "w"),
        (["--allow", "r"], "r"),
    ],
)
def test_rights(served, words, rights):
    handler = served(*words)
    assert issubclass(handler, SharedFolderHandler)
    (rule,) = handler.share.access.rules
    assert (rule.path, rule.user, "".join(sorted(rule.rights))) == ((), None, rights)


def test_hole_6_files_that_the_server_reads_are_not_served(served, tmp_path):
    users = tmp_path / "site" / "users"
    users.write_text("ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=\n")
    log = tmp_path / "site" / "log"
    log.touch()
    words = ["--auth-file", str(users), "--access-log-file", str(log), "--hidden"]
    handler = served(*words, "--bind", f"unix:{tmp_path / 'site' / 'http'}", "--bind", "::1")
    tree = handler.share.tree
    with tree.open(()) as root:
        assert [entry.name for entry in root.children()] == ["index.html"]
    assert tree.holds_own(("users",))
    assert tree.holds_own(("log",))
    assert tree.holds_own(("http",))


def rules_of(handler) -> set[tuple[str, str | None, str]]:
    return {
        ("/" + "/".join(rule.path), rule.user, "".join(sorted(rule.rights)))
        for rule in handler.share.access.rules
    }


ANN, BOB = "ann:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M=", "bob:{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="


@pytest.mark.parametrize(
    ("words", "rules"),
    [
        ([], {("/", "ann", "r"), ("/", "bob", "r")}),
        (["--upload"], {("/", "ann", "rw"), ("/", "bob", "rw")}),
        (["--allow", "r,ann=rwd"], {("/", None, "r"), ("/", "ann", "drw")}),
        (
            ["--allow", "r", "--allow", "users=w@/in,-@/private"],
            {
                *(("/", None, "r"), ("/private", None, "")),
                *(("/in", "ann", "w"), ("/in", "bob", "w")),
            },
        ),
        (["-A", "r", "-A", "-@/private"], {("/", None, "r"), ("/private", None, "")}),
        (["--allow", "-,r@/in"], {("/", None, ""), ("/in", None, "r")}),
        (["-A", "-"], {("/", None, "")}),
    ],
)
def test_users_and_what_they_may(served, tmp_path, words, rules):
    (tmp_path / "users").write_text(f"{BOB}\n")
    handler = served("--auth", ANN, "--auth-file", str(tmp_path / "users"), *words)
    assert rules_of(handler) == rules
    assert handler.share.accounts is not None


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--auth", ANN, "--auth", ANN], "--auth: the user ann occurs twice"),
        (["--auth-file", "/nowhere"], "--auth-file: /nowhere: No such file"),
        (["--auth-file", os.devnull], "--auth-file: there is no user"),
        (["--auth", ANN, "--allow", "carl=r"], "--allow: .*no such user"),
        (["--allow", "users=r"], "--allow: .*see --auth"),
    ],
)
def test_users_that_cannot_be(served, words, message):
    with pytest.raises(Refused, match=message):
        served(*words)


def test_a_password_is_not_taken_for_a_hash(served, capsys):
    with pytest.raises(SystemExit):
        served("--auth", "ann:sesame")
    told = capsys.readouterr().err
    assert "nethttp passwd" in told
    assert "sesame" not in told


def test_the_other_options(served):
    words = ["--upload", "--max-file", "1K", "--reserve", "2K", "--hidden", "--no-listing"]
    words += ["--on-conflict", "rename", "--allowed-host", "a", "--allowed-host", "b"]
    handler = served(*words, "--follow-links", "none", "--cors")
    share = handler.share
    assert (share.store.room.max_file, share.store.room.reserve) == (1024, 2048)
    assert (share.tree.hidden, share.tree.links) == (True, "none")
    assert (share.on_conflict, share.hosts) == ("rename", ("a", "b"))
    assert handler.show_listing is False
    assert handler.cors == ["*"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--allow", "rw", "--delete"], "expected --allow, or --upload and --delete"),
        (["--upload", "--cgi"], "--cgi is not for a directory with rights"),
        (["--upload", "--reload"], "--reload is not"),
        (["--max-file", "1"], "--max-file is for a directory with rights"),
        (["--upload", "--spa"], "--spa is not for a directory that others"),
    ],
)
def test_what_does_not_fit_together(served, words, message):
    with pytest.raises(Refused, match=message):
        served(*words)


def test_a_system_that_cannot_open_names_in_a_directory(served, monkeypatch):
    monkeypatch.setattr("nethttp.server.files.beneath.CAN_WALK", False)
    with pytest.raises(Refused, match="needs a system"):
        served("--upload")


def test_what_is_no_right(served, capsys):
    with pytest.raises(SystemExit):
        served("--allow", "rx")
    assert "expected RIGHTS such as r or rwd" in capsys.readouterr().err


def test_an_application_has_no_rights(tmp_path, monkeypatch):
    (tmp_path / "app_of_mine.py").write_text("def app(environ, start_response): ...\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(Refused, match="--upload is for a directory"):
        service_of(parsed("serve", ["app_of_mine:app", "--upload"]), "serve")


READS, CHANGES_NOTHING = "ann may read.", "Nobody may change anything."
SIGN_IN = "Nobody may do anything without signing in."
ANYONE = "Without a password anyone may"
NO_CHANGE, NO_TLS = "Nobody may replace or delete files.", "Passwords are sent without TLS: see "
ADDS = "add files and see none"


@pytest.mark.parametrize(
    ("words", "lines"),
    [
        ("", []),
        ("--allow r", ["Anyone may read.", CHANGES_NOTHING]),
        ("--upload", [f"{ANYONE} read and add files.", NO_CHANGE]),
        ("--delete", [f"{ANYONE} read and delete files.", "Nobody may add or replace files."]),
        ("--upload --delete", [f"{ANYONE} read, add, replace and delete files."]),
        ("--allow w", [f"{ANYONE} {ADDS}.", NO_CHANGE]),
        ("--allow r,w@/in", [f"{ANYONE} read; in /in: {ADDS}.", NO_CHANGE]),
        ("--allow w@/in", [f"{ANYONE} do nothing; in /in: {ADDS}.", NO_CHANGE]),
        ("--auth ANN", [SIGN_IN, READS, CHANGES_NOTHING, NO_TLS]),
        ("--auth ANN --tls-self-signed", [SIGN_IN, READS, CHANGES_NOTHING]),
        ("--auth ANN --upload", [SIGN_IN, "ann may read and add files.", NO_CHANGE, NO_TLS]),
        (
            "--auth ANN --auth-file BOB --allow r,ann=rwd",
            [
                *("Anyone may read.", "ann may read, add, replace and delete files."),
                *("bob may read.", NO_TLS),
            ],
        ),
        (
            "--auth ANN --auth-file BOB --allow users=rwd,ann=r@/kept",
            [
                SIGN_IN,
                "ann may read, add, replace and delete files; in /kept: read.",
                *("bob may read, add, replace and delete files.", NO_TLS),
            ],
        ),
    ],
)
def test_the_start_says_who_may_do_what(tmp_path, words, lines):
    (tmp_path / "users").write_text(BOB)
    given = words.replace("ANN", ANN).replace("BOB", str(tmp_path / "users")).split()
    for name in ("drop", "private", "kept", "in"):
        (tmp_path / name).mkdir()
    notices = sharing_notice(parsed("serve", given, {}), str(tmp_path))
    assert [text for text, _ in notices] == [
        text + "--tls-self-signed." if text == NO_TLS else text for text in lines
    ]
    # A password that can be read on the way, and rights to change for all, are to be seen.
    assert [text for text, warns in notices if warns] == [
        text for text, _ in notices if text.startswith((ANYONE, NO_TLS))
    ]


def test_a_user_without_a_hash_has_a_password_made_for_this_run(served, tmp_path):
    arguments = parsed("serve", ["-a", "ann", "-a", BOB], {})
    password = arguments.made_passwords["ann"]
    assert list(arguments.made_passwords) == ["ann"]
    assert re.fullmatch(r"[a-z2-9]{4}(-[a-z2-9]{4}){2}", password)
    assert f"The password of ann for this run: {password}" in [
        text for text, _ in sharing_notice(arguments, str(tmp_path))
    ]
    users = Users(dict(arguments.auth))
    assert users.check("ann", password.encode())
    assert not users.check("ann", b"")
    assert parsed("serve", ["-a", "ann"], {}).made_passwords["ann"] != password


@pytest.mark.parametrize("name", ["", "users", "a b", "a,b", "a=b", "a@b", "a\n"])
def test_a_name_that_no_user_may_have(name, capsys):
    with pytest.raises(SystemExit):
        parsed("serve", ["-a", name], {})
    assert "expected a user's name without blank" in capsys.readouterr().err
