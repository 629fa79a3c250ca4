"""Users and their files; a name that nobody has costs what a wrong password does."""

from __future__ import annotations

import pytest

from nethttp.server.files.accounts import users as module
from nethttp.server.files.accounts.passwords import hash_password
from nethttp.server.files.accounts.users import Users, read_user, read_users

SHA = "{SHA}qUqP5cyxm6YcTAhz05Hph5gvu9M="


def test_a_file_of_users(tmp_path):
    path = tmp_path / "users"
    path.write_text(f"# our people\n\nann:{SHA}\n  bob:{SHA}  \n")
    assert read_users(str(path)) == {"ann": SHA, "bob": SHA}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"ann:{SHA}\nann:{SHA}\n", "line 2: the user ann occurs twice"),
        ("ann:secret\n", "line 1: user ann: expected a hash"),
        ("ann\n", "line 1: expected USER:HASH"),
        (":x\n", "line 1: expected USER:HASH"),
        (f"users:{SHA}\n", "line 1: expected a user's name"),
        (f"a b:{SHA}\n", "line 1: expected a user's name"),
        (f"a,b:{SHA}\n", "line 1: expected a user's name"),
        (f" #a:{SHA}\n", "line 1: expected a user's name"),
    ],
)
def test_a_line_that_is_no_user_is_named(tmp_path, text, message):
    path = tmp_path / "users"
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as refused:
        read_users(str(path))
    assert "secret" not in str(refused.value)


def test_a_file_in_another_encoding_is_named(tmp_path):
    path = tmp_path / "users"
    path.write_bytes(f"é:{SHA}\n".encode("latin-1"))
    with pytest.raises(ValueError, match="users: expected UTF-8"):
        read_users(str(path))


def test_a_file_has_a_bound(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "MAX_FILE", 10)
    (tmp_path / "users").write_text(f"ann:{SHA}\n")
    with pytest.raises(ValueError, match="at most 10 characters"):
        read_users(str(tmp_path / "users"))


def test_a_hash_whose_dollars_a_shell_has_taken():
    with pytest.raises(ValueError, match="single quotes"):
        read_user("ann:b.04.x")


def test_passwords_of_users():
    users = Users({"ann": hash_password("a:b", cost=4), "bob": SHA})
    assert users.check("ann", b"a:b")
    assert users.check("bob", b"test")
    assert not users.check("ann", b"test")
    assert not users.check("carl", b"test")
    assert not users.check("bob", b"")
    assert sorted(users) == ["ann", "bob"]


def test_no_users():
    with pytest.raises(ValueError, match="at least one"):
        Users({})


def test_hole_17_the_same_work_for_a_name_that_nobody_has(monkeypatch):
    users = Users({"ann": SHA, "bob": SHA})
    compared = []
    users._verifiers = {name: lambda _, name=name: compared.append(name) or True for name in "ab"}
    users._names = ["a", "b"]
    assert [users.check(name, b"x") for name in ("a", "nobody", "nobody")] == [True, False, False]
    assert compared[0] == "a"
    assert len(compared) == 3
    assert compared[1] == compared[2]


def test_hole_17_a_long_password_costs_nothing():
    users = Users({"ann": SHA})
    users._verifiers = {"ann": lambda _: pytest.fail("was hashed")}
    assert not users.check("ann", b"x" * 1025)


def test_a_stamp_changes_with_the_password():
    one, other = Users({"ann": SHA}), Users({"ann": hash_password("test", cost=4)})
    assert one.stamp("ann") != other.stamp("ann")
    assert one.stamp("bob") is None
