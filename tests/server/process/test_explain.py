"""``nethttp explain``: what is allowed at a path, to whom, by which rule."""

from __future__ import annotations

import os

import pytest

from nethttp import __main__ as command
from nethttp.server.files.accounts.grants import grants_of, rules_of, text_of

from ...commands import run_here

HASH = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="
USERS = ["-a", f"ann:{HASH}", "-a", f"bob:{HASH}"]
RULES = ["-A", "r,users=rw,w@/drop,-@/private,ann=rwd@/private,bob=-@/private/inner"]


@pytest.fixture
def explain(tmp_path, monkeypatch):
    """Return a function that runs the command in a directory, and returns its lines."""
    for name in ("private", "drop", ".git"):
        (tmp_path / name).mkdir()
    os.symlink("private", tmp_path / "link")
    (tmp_path / "file").touch()
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.startswith("NETHTTP_SERVE_"):
            monkeypatch.delenv(name)

    def run(*words: str, status: int = 0) -> list[str]:
        done = run_here(command.main, "explain", *words)
        assert done.returncode == status, done
        assert (done.stdout if status else done.stderr) == b""
        return (done.stderr if status else done.stdout).decode().splitlines()

    return run


def test_a_user_has_the_rights_of_two_rules(explain):
    assert explain("--as", "bob", "/private", *USERS, *RULES, ".", "9000") == [
        "bob may read and add files at /private; in /private/inner: nothing.",
        "  read     yes, but not everywhere below",
        "  list     yes, but not everywhere below",
        "  create   yes, but not everywhere below",
        "  replace  no: d is missing",
        "  delete   no: d is missing",
        "By these rules, whose rights add up:",
        "  -@/private  anyone may do nothing",
        "  users=rw    bob may read and add files",
    ]


def test_anyone(explain):
    assert explain("/drop/a%20b", *USERS, *RULES) == [
        "Anyone may add files and see none at /drop/a b.",
        "  read     no: r is missing",
        "  list     no: r is missing",
        "  create   yes",
        "  replace  no: d is missing",
        "  delete   no: d is missing",
        "By this rule:",
        "  w@/drop  anyone may add files and see none",
    ]


def test_a_path_without_a_rule_that_leads_to_one(explain):
    lines = explain("/", "-A", "r@/drop")
    assert lines[0] == "Anyone may do nothing at /; in /drop: read."
    assert lines[2] == "  list     yes, but only what has rights, or leads there"
    assert lines[-1] == "No rule gives rights here, so there are none."


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ([], "Anyone may read at /a.", "No option gives other rights; see --allow."),
        (["-u"], "Anyone may read and add files at /a.", "--upload means --allow rw."),
        (
            ["-u", "--delete", *USERS],
            "Anyone may do nothing at /a.",
            "No rule gives rights here, so there are none.",
        ),
        (
            ["-u", "--delete", *USERS, "--as", "ann"],
            "ann may read, add, replace and delete files at /a.",
            "--upload and --delete and --auth together mean --allow users=rwd.",
        ),
    ],
)
def test_rules_that_other_options_mean(explain, words, first, last):
    lines = explain("/a", *words)
    assert (lines[0], lines[-1]) == (first, last)


def test_a_link_needs_rights_at_both_ends(explain):
    lines = explain("/link", "-A", "r,-@/private")
    assert lines[:5] == [
        "Anyone may read at /link.",
        "A link leads to /private; to read there needs rights at both ends.",
        "Anyone may do nothing at /private.",
        "  read     no: r is missing",
        "  list     no: r is missing",
    ]
    lines = explain("/link", "--allow=-,r@/private")
    assert lines[3] == "  read     no: r is missing"
    lines = explain("/link", "-A", "r,-@/private,-@/link/x")
    assert lines[3] == "  read     no: r is missing"
    assert len(explain("/link", "-A", "r,-@/private", "--follow-links", "none")) == 8


def test_a_hidden_name(explain):
    assert explain("/.git/x", "-A", "r") == [
        "Nobody may do anything at /.git/x: it is hidden; see --hidden."
    ]
    assert explain("/.git/x", "-A", "r", "--hidden")[0] == "Anyone may read at /.git/x."
    assert explain("/.git/x")[0] == "Anyone may read at /.git/x."


def test_options_and_the_directory_from_a_file_and_the_environment(explain, tmp_path, monkeypatch):
    (tmp_path / "serve.toml").write_text('allow = "rwd"\ntarget = "drop"\nbind = "0.0.0.0"\n')
    assert explain("/", "--config", "serve.toml")[1:6] == [
        f"  {verb:9}yes" for verb in ("read", "list", "create", "replace", "delete")
    ]
    monkeypatch.setenv("NETHTTP_SERVE_ALLOW", "-")
    monkeypatch.setenv("NETHTTP_SERVE_TARGET", "private")
    assert explain("/")[0] == "Anyone may do nothing at /."


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--as", "bib", "/", *USERS], "--as: there is no user bib; did you mean bob?"),
        (["--as", "ann", "/"], "--as: there is no user ann, nor any other; see --auth"),
        (["private", "-u"], "expected a path such as /team, got 'private'"),
        (["/a%00", "-u"], "expected a path such as /team, got '/a%00'"),
        (["/", "nowhere"], "no such directory: nowhere"),
        (["/", "file"], "expected a directory, got the file file"),
        (["/", "-A", "eve=r"], "--allow: rights are given to eve, and there is no such user"),
        (["/", "-A", "r", "-u"], "expected --allow, or --upload and --delete, got both"),
        (["/", "--auth-file", "none"], "--auth-file: "),
        (["/", "--config", "none"], "--config: "),
    ],
)
def test_what_is_wrong_is_said_in_a_line(explain, words, message):
    (line,) = explain(*words, status=1)
    assert line.startswith(f"nethttp explain: {message}")


def test_a_path_is_needed(explain):
    assert explain(status=2) == ["nethttp explain: expected PATH (see nethttp explain --help)"]


def test_the_help_has_the_options_that_decide(explain):
    told = "\n".join(explain("--help"))
    assert told.startswith("usage: nethttp explain [--as USER] PATH [OPTION ...] [TARGET]")
    for option in ("--as", "--allow", "--auth-file", "--upload", "--delete", "--config"):
        assert option in told
    assert "--tls-cert" not in told
    assert len(explain("--help")) < 60


@pytest.mark.parametrize("text", ["r", "-@/a%20b", "ann=rwd@/x/y", "users=w", "r,ann=-,w@/drop"])
def test_a_rule_is_written_as_it_is_read(text):
    assert ",".join(map(text_of, grants_of(text))) == text
    assert rules_of(grants_of(text), ["ann"])
