"""Which of the files of a TLS server cannot be used, and why: OpenSSL says "PEM lib" to all."""

from __future__ import annotations

import os

from .worker import TLSFiles

__all__ = ["explained"]

_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


def explained(files: TLSFiles, error: OSError) -> str:
    """Return in one line why a certificate, its key or the authorities cannot be used."""
    keyfile = files.keyfile or files.certfile
    for path in filter(None, (files.certfile, keyfile, files.client_ca)):
        if not os.access(path, os.R_OK):
            return f"{path} cannot be read"
    certificate, key = _content(files.certfile), _content(keyfile)
    if b"-----BEGIN CERTIFICATE-----" not in certificate:
        return f"{files.certfile} has no certificate in PEM format"
    if b"PRIVATE KEY-----" not in key:
        hint = "" if files.keyfile else "; --tls-key names the file that has it"
        return f"{keyfile} has no private key in PEM format{hint}"
    if getattr(error, "reason", None) == "KEY_VALUES_MISMATCH":
        return f"the private key in {keyfile} is not that of the certificate in {files.certfile}"
    if any(mark in key for mark in _ENCRYPTED):
        if not files.password:
            return f"the private key in {keyfile} needs a password (--tls-password-file)"
        return f"the password does not open the private key in {keyfile}"
    if files.client_ca and b"-----BEGIN CERTIFICATE-----" not in _content(files.client_ca):
        return f"{files.client_ca} has no certificate in PEM format"
    what = f"{files.certfile} or {files.keyfile}" if files.keyfile else files.certfile
    return f"{what} is damaged: {error.strerror or error}"


def _content(path: str) -> bytes:
    with open(path, "rb") as file:
        return file.read(1 << 20)
