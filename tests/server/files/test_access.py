"""Who may do what, where: whole names, the longest path, nothing by combination."""

from __future__ import annotations

import pytest

from nethttp.server.files.access import ANYONE, Access, Operation, User

from .shares import rule

READ, LIST, CREATE = Operation.READ, Operation.LIST, Operation.CREATE
REPLACE, DELETE = Operation.REPLACE, Operation.DELETE
ANN, BOB = User("ann"), User("bob")


def access(*rules: str) -> Access:
    return Access(map(rule, rules))


def letters(rights) -> str:
    return "".join(letter for letter in "rwd" if letter in rights)


def test_without_a_rule_nothing_is_allowed():
    assert not any(Access([]).allows(ANN, operation, ()) for operation in Operation)


@pytest.mark.parametrize(
    ("path", "anyone", "ann", "bob"),
    [
        ((), "r", "rwd", "r"),
        (("a",), "r", "rwd", "r"),
        (("drop",), "w", "rwd", "w"),
        (("drop", "x"), "w", "rwd", "w"),
        (("drops",), "r", "rwd", "r"),
        (("secret",), "", "rwd", ""),
        (("secret", "team"), "", "rwd", "rw"),
        (("secret", "team", "x", "y"), "", "rwd", "rw"),
        (("Secret",), "r", "rwd", "r"),
    ],
)
def test_the_longest_path_wins(path, anyone, ann, bob):
    rules = access("/ * r", "/drop * w", "/secret * -", "/secret/team bob rw", "/ ann rwd")
    found = [letters(rules.rights(user, path)) for user in (ANYONE, ANN, BOB)]
    assert found == [anyone, ann, bob]


def test_signing_in_takes_nothing_away():
    rules = access("/ * r", "/ ann w", "/a ann -")
    assert letters(rules.rights(ANN, ("a",))) == "r"


def test_hole_5_no_option_widens_rights_by_combination():
    with pytest.raises(ValueError, match="one rule for anyone at /"):
        access("/ * rwd", "/ * r")


@pytest.mark.parametrize("wrong", ["/a/../b * r", "/. * r", "/a * rx"])
def test_a_wrong_rule_is_refused(wrong):
    with pytest.raises(ValueError, match="expected"):
        access(wrong)


def test_what_an_operation_needs():
    table = {READ: "r", LIST: "r", CREATE: "w", REPLACE: "wd", DELETE: "d"}
    assert {operation: letters(operation.rights) for operation in Operation} == table


def test_replacing_a_file_deletes_what_it_was():
    rules = access("/ * rw")
    assert rules.allows(ANYONE, CREATE, ("a",))
    assert not rules.allows(ANYONE, REPLACE, ("a",))


def test_a_directory_is_touched_with_all_that_is_below_it():
    rules = access("/ * rwd", "/a/b/secret * r")
    assert rules.allows(ANYONE, DELETE, ("a",))
    assert not rules.allows_beneath(ANYONE, DELETE, ("a",))
    assert not rules.allows_beneath(ANYONE, DELETE, ())
    assert rules.allows_beneath(ANYONE, DELETE, ("a", "c"))


def test_a_folder_to_write_into_shows_nothing():
    rules = access("/drop * w")
    assert rules.allows(ANYONE, LIST, ("drop",))
    assert rules.allows(ANYONE, LIST, ())
    assert not rules.allows(ANYONE, LIST, ("drop", "x"))
    assert not rules.allows(ANYONE, LIST, ("other",))
