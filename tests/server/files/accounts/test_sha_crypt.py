"""SHA-crypt against the vectors of its specification, and against openssl."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from nethttp.server.files.accounts.sha_crypt import sha_crypt

_SHA_512 = "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"


@pytest.mark.parametrize(
    ("algorithm", "expected"),
    [
        ("sha256", "5B8vYYiY.CVt1RlTTf8KbXBH3hsxY/GNooZaBBGWEc5"),
        (
            "sha512",
            "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1",
        ),
    ],
)
def test_vectors(algorithm, expected):
    assert sha_crypt(b"Hello world!", b"saltstring", 5000, algorithm) == expected


@pytest.mark.parametrize(("flag", "algorithm"), [("-5", "sha256"), ("-6", "sha512")])
@pytest.mark.parametrize("password", ["a", "x" * 31, "y" * 64, "z" * 200, "schön"])
@pytest.mark.parametrize("salt", ["a", "0123456789abcdef"])
def test_openssl_agrees(flag, algorithm, password, salt):
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    made = subprocess.run(
        ["openssl", "passwd", flag, "-salt", salt, "-stdin"],
        input=password.encode(),
        capture_output=True,
        check=True,
    ).stdout.decode()
    assert made.strip().rpartition("$")[2] == sha_crypt(
        password.encode(), salt.encode(), 5000, algorithm
    )
