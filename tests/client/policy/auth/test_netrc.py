"""Netrc: which file, whose entry, and what is never used."""

from __future__ import annotations

import netrc
import os
from base64 import b64encode

import pytest

from nethttp.client.policy.auth import Netrc
from nethttp.client.policy.auth.netrc import environment_netrc

from .doubles import Request

ENTRIES = """\
machine example.com login me password secret
machine Upper.example login up password case
machine empty.example login "" password ""
machine account.example account acc password word
machine only.example login lonely
default login anyone password leaked
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / ".netrc"
    path.write_text(ENTRIES)
    path.chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("NETRC", raising=False)
    return path


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("example.com", ("me", "secret")),
        ("upper.example", ("up", "case")),
        ("account.example", ("acc", "word")),
        ("only.example", ("lonely", "")),
        # requests#7205: an entry without a name and password is none.
        ("empty.example", None),
        # CVE-2024-47081: no other host, and no default.
        ("www.example.com", None),
        ("example.com.evil.example", None),
        ("default", None),
    ],
)
def test_an_entry_is_for_exactly_its_host(file, host, expected):
    assert Netrc(file).find(host) == expected


@pytest.mark.parametrize("auth", [Netrc(), environment_netrc()])
def test_the_usual_file_is_in_the_home_directory(file, auth):
    [request] = list(auth.flow(Request(url="https://example.com/")))
    assert request.headers["Authorization"] == f"Basic {b64encode(b'me:secret').decode()}"
    [request] = list(auth.flow(Request(url="https://other.example/")))
    assert "Authorization" not in request.headers


def test_the_environment_names_another_file(file, tmp_path, monkeypatch):
    other = tmp_path / "other"
    other.write_text("machine example.com login other password word")
    other.chmod(0o600)
    monkeypatch.setenv("NETRC", str(other))
    assert Netrc().find("example.com") == ("other", "word")


def test_a_file_is_read_again_when_it_has_changed(file):
    auth = Netrc(file)
    assert auth.find("example.com") == ("me", "secret")
    file.write_text("machine example.com login me password changed-since")
    assert auth.find("example.com") == ("me", "changed-since")


def test_a_file_is_read_once(file, monkeypatch):
    auth = Netrc(file)
    auth.find("example.com")
    monkeypatch.setattr(netrc, "netrc", None)
    assert auth.find("example.com") == ("me", "secret")


def test_a_missing_file(file):
    file.unlink()
    assert Netrc().find("example.com") is None
    assert environment_netrc().find("example.com") is None
    with pytest.raises(FileNotFoundError):
        Netrc(file).find("example.com")


def open_to_others(path):
    path.chmod(0o640)


def not_in_the_format(path):
    path.write_text("machine")


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize(
    ("spoil", "error"),
    [
        (open_to_others, PermissionError),
        (not_in_the_format, netrc.NetrcParseError),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_or_if_nobody_asked_for_it_a_warning(
    file, spoil, error
):
    spoil(file)
    for auth in (Netrc(file), Netrc()):
        with pytest.raises(error):
            auth.find("example.com")
    with pytest.warns(UserWarning, match="netrc is not used"):
        assert environment_netrc().find("example.com") is None


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="gives a file away")
def test_another_users_file_is_refused(file):
    os.chown(file, 65534, 65534)
    with pytest.raises(PermissionError, match="owner 65534"):
        Netrc(file).find("example.com")


def test_the_entries_are_not_shown(file):
    auth = Netrc(file)
    auth.find("example.com")
    assert "secret" not in repr(auth)
