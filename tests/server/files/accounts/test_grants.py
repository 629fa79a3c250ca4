"""Rights as the command line writes them."""

from __future__ import annotations

import pytest

from nethttp.server.files.access import Rule
from nethttp.server.files.accounts.grants import grants_of, rules_of


def rules(text: str, users=("ann", "bob")) -> set[tuple[str, str | None, str]]:
    return {
        ("/" + "/".join(path), user, "".join(sorted(rights)))
        for path, user, rights in rules_of(grants_of(text), users)
    }


def test_anyone_reads_and_users_write():
    assert rules("r,users=rwd") == {
        *(("/", None, "r"), ("/", "ann", "drw"), ("/", "bob", "drw")),
    }


def test_paths_and_single_users():
    assert rules("r, -@/private, ann=rw@/private/a%20b%2Cc,users=w@/drop/,bob=rd@/drop") == {
        *(("/", None, "r"), ("/private", None, ""), ("/private/a b,c", "ann", "rw")),
        *(("/drop", "ann", "w"), ("/drop", "bob", "dr")),
    }


@pytest.mark.parametrize("text", ["", "x", "r,", "=r", "ann=", "ann:r", "r@", "r@team", "rw-"])
def test_what_is_no_grant(text):
    with pytest.raises(ValueError, match="expected"):
        grants_of(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("carl=r", "no such user"),
        ("r,w", "one rule for anyone at /"),
        ("ann=r@/a,ann=w@/a/", "one rule for ann at /a"),
    ],
)
def test_grants_that_mean_no_rules(text, message):
    with pytest.raises(ValueError, match=message):
        rules(text)


def test_users_without_users():
    with pytest.raises(ValueError, match="see --auth"):
        rules("users=r", ())
    assert rules_of(grants_of("r"), ()) == [Rule((), None, frozenset("r"))]
