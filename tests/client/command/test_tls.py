"""--cert and --key: tried before anything is sent, and what goes wrong said in a line."""

from __future__ import annotations

import subprocess

import pytest
import trustme
from cryptography.hazmat.primitives import serialization

from ..test_command import Terminal, failed, fetch_in_a_process


@pytest.fixture
def own(tmp_path):
    """The files of a client's certificate, of its key, of the key encrypted, and another key."""
    issued = trustme.CA().issue_cert("client@example.test")
    key = issued.private_key_pem.bytes()
    other = trustme.CA().issue_cert("other@example.test").private_key_pem.bytes()
    encrypted = serialization.load_pem_private_key(key, None).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    paths = [tmp_path / name for name in ("own.pem", "own.key", "locked.key", "other.key")]
    texts = (issued.cert_chain_pems[0].bytes(), key, encrypted, other)
    for path, text in zip(paths, texts, strict=True):
        path.write_bytes(text)
    return [str(path) for path in paths]


def test_a_certificate_is_tried_before_anything_is_sent(own, tmp_path):
    certificate, key, locked, other = own
    url = "https://127.0.0.1:1/"
    assert "no such file" in failed("-E", str(tmp_path), url)
    assert "expected --cert FILE beside --key, got --key" in failed("--key", key, url)
    wanted = "there is no certificate with its key in PEM format"
    assert f"cannot use {certificate}: {wanted}\n" in failed("-E", certificate, url)
    said = failed("-E", certificate, "--key", other, url)
    assert said.endswith(
        f"cannot use {certificate} and {other}: the key is that of another certificate\n"
    )
    said = failed("-E", f"{certificate}:wrong", "--key", locked, url)
    assert said.endswith(f"{wanted} that this password opens\n")
    assert "wrong" not in said
    for words in (("--key", key), ("--key", locked)):
        password = ":secret" if locked in words else ""
        assert "Connection refused" in failed("-E", certificate + password, *words, url, status=4)


def test_the_password_of_a_key_is_asked_for(own):
    certificate, _, locked, _ = own
    terminal = Terminal()
    words = ("-E", certificate, "--key", locked, "https://127.0.0.1:1/")
    assert terminal.run(*words, typed=b"secret\n") == 4
    assert f"Password of the key in {locked}: ".encode() in terminal.shown
    assert b"secret" not in terminal.shown
    done = fetch_in_a_process(*words, start_new_session=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert b"expected FILE:PASSWORD after --cert: there is no terminal" in done.stderr
