"""Rights in words: as many lines as a person reads, each no longer than a line."""

from __future__ import annotations

from nethttp.server.files.access import ANYTHING, Access, Rule
from nethttp.server.process.rights_notice import (
    MAX_LINES,
    MAX_PLACES,
    missing_notice,
    rights_notice,
)


def lines(access: Access, users: list[str]) -> list[str]:
    return [text for text, _ in rights_notice(access, users)]


def test_users_with_the_same_rights_share_a_line():
    names = [f"user{number}" for number in range(1000)]
    said = lines(Access([Rule((), name, ANYTHING) for name in names]), names)
    assert said == [
        "Nobody may do anything without signing in.",
        "user0, user1, user2, user3 and 996 more may read, add, replace and delete files.",
    ]


def test_two_users_share_a_line():
    said = lines(Access([Rule((), name, frozenset("r")) for name in "ab"]), ["a", "b"])
    assert said[1] == "a and b may read."


def test_many_kinds_of_rights():
    names = [f"user{number}" for number in range(20)]
    rules = [Rule((name,), name, frozenset("r")) for name in names]
    said = lines(Access(rules), names)
    assert len(said) == MAX_LINES + 3
    assert said[1] == "user0 may do nothing; in /user0: read."
    assert said[-2] == f"{20 - MAX_LINES} more users may do other things."


def test_many_places():
    rules = [Rule((f"place{number}",), None, frozenset("r")) for number in range(20)]
    (said, _) = lines(Access(rules), [])
    assert said.count("in /place") == MAX_PLACES
    assert said.endswith(f"; other rights in {20 - MAX_PLACES} more places.")


def test_paths_that_are_not_there_are_named(tmp_path):
    (tmp_path / "there" / "in").mkdir(parents=True)
    (tmp_path / "link").symlink_to("nowhere")
    paths = [(), ("there",), ("there", "in"), ("link",)]
    assert missing_notice(Access(Rule(path, None, ANYTHING) for path in paths), str(tmp_path)) == []
    paths += [("there", "out"), ("Link",)]
    (notice,) = missing_notice(Access(Rule(path, None, ANYTHING) for path in paths), str(tmp_path))
    assert notice.text == "There are rules for paths that do not exist: /Link, /there/out."
    assert notice.warns
    many = [Rule((f"a\n{number}",), None, ANYTHING) for number in range(MAX_PLACES + 3)]
    (notice,) = missing_notice(Access(many), str(tmp_path))
    assert notice.text.count("/a\\n") == MAX_PLACES
    assert notice.text.endswith(", 3 more.")


def test_a_path_is_escaped_and_cut():
    rules = [Rule(("a\n\x1b" * 100,), None, frozenset("r")), Rule((), "b" * 300, frozenset("r"))]
    for said in lines(Access(rules), ["b" * 300]):
        assert said.isprintable()
        assert len(said) < 200


def test_a_place_with_the_rights_of_the_one_above_is_not_named():
    rules = [Rule((), None, frozenset("r")), Rule(("a",), None, frozenset("r"))]
    rules += [Rule(("a", "b"), None, frozenset("rw"))]
    assert lines(Access(rules), [])[0] == (
        "Without a password anyone may read; in /a/b: read and add files."
    )


def test_who_may_delete_and_add_in_different_places_replaces_nothing():
    rules = [Rule(("a",), None, frozenset("w")), Rule(("b",), None, frozenset("d"))]
    assert lines(Access(rules), [])[-1] == "Nobody may replace files."
