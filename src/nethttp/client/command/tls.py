"""From the options of TLS to a client's settings: -k, --cacert, --cert, --key, --pinnedpubkey.

Each file is tried before anything is sent, so that an error names the option's file.
"""

from __future__ import annotations

import argparse
import os
import ssl
from typing import TYPE_CHECKING, Any

from ...net.pins import pins_of
from .failures import Failure
from .passwords import password_of

if TYPE_CHECKING:
    from ...net.trust import Certificate, Verify

__all__ = ["tls_settings"]


def tls_settings(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the arguments of `Client` for the options of TLS.

    Raises:
        Failure: a file has no certificate or key, the key's password is missing or another one, or
            a pin is none.
    """
    settings: dict[str, Any] = {"verify": _verify(arguments)}
    if arguments.cert is not None:
        settings["cert"] = _certificate(arguments.cert, arguments.key)
    elif arguments.key is not None:
        raise Failure(f"expected --cert FILE beside --key, got --key {arguments.key} alone")
    if arguments.pinnedpubkey is not None:
        settings["pins"] = _pins(arguments.pinnedpubkey)
    return settings


def _verify(arguments: argparse.Namespace) -> Verify:
    if arguments.insecure:
        return False
    if arguments.cacert is None:
        return True
    try:
        ssl.create_default_context().load_verify_locations(arguments.cacert)
    except OSError as error:
        no_pem = isinstance(error, ssl.SSLError)
        reason = "it has no certificate in PEM format" if no_pem else error.strerror
        raise Failure(f"cannot read {arguments.cacert}: {reason}") from None
    path: str = arguments.cacert
    return path


def _certificate(file: str, key: str | None) -> Certificate:
    """Return the client's certificate, its key and the key's password; `file` is in curl's form."""
    password: str | None = None
    if not os.path.exists(file) and ":" in file:
        file, _, password = file.rpartition(":")
    files = [name for name in (file, key) if name is not None]
    for name in files:
        if not os.access(name, os.R_OK) or os.path.isdir(name):
            raise Failure(f"cannot read {name}: there is no such file, or it may not be read")

    def given_or_typed() -> str:
        nonlocal password
        if password is None:
            password = password_of(f"the key in {files[-1]}", "FILE:PASSWORD after --cert")
        return password

    try:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.load_cert_chain(file, key, given_or_typed)
    except ssl.SSLError as error:
        reason = "there is no certificate with its key in PEM format"
        if error.reason == "KEY_VALUES_MISMATCH":
            reason = "the key is that of another certificate"
        elif password is not None:
            reason += " that this password opens"
        raise Failure(f"cannot use {' and '.join(files)}: {reason}") from None
    return file, key, password


def _pins(text: str) -> list[str]:
    pins = [pin.strip() for pin in text.split(";")]
    try:
        pins_of(pins)
    except ValueError as error:
        raise Failure(f"--pinnedpubkey: {error}") from None
    return pins
