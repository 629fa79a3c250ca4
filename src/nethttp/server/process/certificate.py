"""The files of a TLS server, and what is wrong with them: OpenSSL says "PEM lib" to all."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from ...net.tls import server_context

if TYPE_CHECKING:
    import ssl

__all__ = ["TLSFiles"]

_ENCRYPTED = (b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED")


class TLSFiles(NamedTuple):
    """The files of a TLS server, in PEM format.

    Each worker reads them anew, because a certificate may have been renewed since. `keyfile` None:
    the key is in `certfile`, too.
    """

    certfile: str
    keyfile: str | None = None
    password: bytes | None = None
    client_ca: str | None = None

    def context(self) -> ssl.SSLContext:
        """Return a context that is made of the files.

        Raises:
            OSError: as `server_context`; its `strerror` says which file is wrong, and how.
        """
        # Without a password OpenSSL would ask for one on the terminal.
        password = b"" if self.password is None else self.password
        try:
            return server_context(
                self.certfile, self.keyfile, password, ["http/1.1"], self.client_ca
            )
        except OSError as error:
            error.strerror = f"cannot use the certificate: {_explained(self, error)}"
            error.filename = None  # Python 3.15 has it, and the explanation too.
            raise


def _explained(files: TLSFiles, error: OSError) -> str:
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
