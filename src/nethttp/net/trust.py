"""The TLS contexts of clients: one for each configuration, made when it is first needed.

Reading the system's certificates takes up to 60 ms, so a context is shared by all connections and
clients that have the same `TLSSettings`, and is never changed. `ssl` itself is imported with the
first context, since its import takes longer than the client's.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import ExitStack
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from .pem import Source, file_of, is_text

if TYPE_CHECKING:
    import ssl

    from .pins import Pins

__all__ = ["Certificate", "TLSSettings", "Verify", "context_for", "made_context_for"]

Verify: TypeAlias = "bool | str | os.PathLike[str] | ssl.SSLContext"
"""True: the system's authorities. A path: the authorities of a PEM file, or of a directory that
``openssl rehash`` has prepared; or their PEM text itself. An `ssl.SSLContext` is used as it is.
False: nothing is verified, which lets anyone read and change what is sent."""

Certificate: TypeAlias = (
    Source | tuple[Source, Source | None] | tuple[Source, Source | None, str | None]
)
"""A PEM file of a client's certificate and key, or of the certificate, with the key's file second
and the key's password third. In place of a file there may be its PEM text, as str or bytes."""

#: Where systems keep their authorities, for a Python whose OpenSSL was built elsewhere.
_USUAL_FILES: Final = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Arch, Gentoo
    "/etc/pki/tls/certs/ca-bundle.crt",  # Fedora, Red Hat
    "/etc/ssl/ca-bundle.pem",  # SUSE
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",  # Alpine, the BSDs, macOS
)

MAX_CONTEXTS: Final = 64
"""How many contexts are kept, the newest ones; each holds about 0.5 MB of certificates."""


class TLSSettings(NamedTuple):
    """How a client's TLS connections are set up. TLS 1.2 is the oldest version.

    >>> TLSSettings(verify="/etc/company.pem").verify
    '/etc/company.pem'
    """

    verify: Verify = True
    cert: Certificate | None = None
    """The client's own certificate, for servers that want one."""
    trust_env: bool = True
    """Whether SSL_CERT_FILE and SSL_CERT_DIR replace the system's authorities, and SSLKEYLOGFILE
    names a file to which the secrets of the connections are written."""
    pins: Pins = ()
    """The public keys of which each server must have one: see `pins_of`."""

    def checked(self) -> TLSSettings:
        """Return these settings.

        Raises:
            OSError: a file that they name is not there, or cannot be read.
        """
        for name, given in (("verify", self.verify), ("cert", self.cert)):
            parts = given[:2] if isinstance(given, tuple) else (given,)
            for path in parts:
                if not isinstance(path, str | os.PathLike) or is_text(path):
                    continue
                if not os.access(path, os.R_OK):
                    reason = errno.EACCES if os.path.exists(path) else errno.ENOENT
                    raise OSError(
                        reason, f"cannot read the file of {name}: {os.strerror(reason)}", path
                    )
        return self


_contexts: dict[tuple[object, ...], ssl.SSLContext] = {}
_making = Lock()


def made_context_for(settings: TLSSettings) -> ssl.SSLContext | None:
    """Return the context of `settings` if it has been made; None: `context_for` makes it.

    So that a runner with an event loop needs a thread only for the first connection.
    """
    return _contexts.get(_key(settings))


def context_for(settings: TLSSettings) -> ssl.SSLContext:
    """Return the context of `settings`, made now if it is the first time, in up to 60 ms.

    >>> context_for(TLSSettings(verify=False)) is context_for(TLSSettings(verify=False))
    True

    Raises:
        OSError: a file cannot be read; `ssl.SSLError` if it has no PEM certificate or key.
        FileNotFoundError: this system has no certificates of authorities.
        ValueError: there is a `cert` beside an `ssl.SSLContext`; or its key's password is missing.
    """
    key = _key(settings)
    context = _contexts.get(key)
    if context is None:
        with _making:
            context = _contexts.get(key)
            if context is None:
                context = _make(settings)
                while len(_contexts) >= MAX_CONTEXTS:
                    del _contexts[next(iter(_contexts))]
                _contexts[key] = context
    return context


def _key(settings: TLSSettings) -> tuple[object, ...]:
    """Return what the context depends on: a changed file or variable gives another context."""
    files: list[object] = []
    if settings.trust_env:
        files += [os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")]
    if isinstance(settings.verify, str | os.PathLike):
        files.append(settings.verify)
    if settings.cert is not None:
        files += settings.cert if isinstance(settings.cert, tuple) else [settings.cert]
    keylog = os.environ.get("SSLKEYLOGFILE") if settings.trust_env else None
    # True and 1, and two contexts, must not be one key: so the kind belongs to it.
    made_of = (settings.verify, settings.cert, settings.trust_env)
    return type(settings.verify), *made_of, keylog, *files, *map(_changed, files)


def _changed(path: Any) -> int | None:
    """When a file was last changed, in nanoseconds; None if there is none."""
    try:
        return os.stat(path).st_mtime_ns if path and not is_text(path) else None
    except (OSError, ValueError):
        return None


def _make(settings: TLSSettings) -> ssl.SSLContext:
    import ssl  # start-up: see above

    verify = settings.verify
    if isinstance(verify, ssl.SSLContext):
        if settings.cert is not None:
            raise ValueError(
                "expected cert=None beside an ssl.SSLContext: load it into the context"
            )
        return verify
    asks_system = verify is True and sys.platform in ("darwin", "win32") and not _given(settings)
    system = _system_context() if asks_system else None
    context = system or ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_alpn_protocols(["http/1.1"])
    context.hostname_checks_common_name = False  # RFC 9525 section 2: names are in the SAN alone
    if context.post_handshake_auth is not None:  # RFC 8446 section 4.6.2
        context.post_handshake_auth = True
    if verify is False:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif not isinstance(verify, bool):
        context.load_verify_locations(**_locations(os.fspath(verify)))
    elif given := _given(settings):
        context.load_verify_locations(**given)
    elif system is None:
        _load_authorities(context)
    if settings.cert is not None:
        _load_certificate(context, settings.cert)
    if settings.trust_env and (keylog := os.environ.get("SSLKEYLOGFILE")):
        context.keylog_filename = keylog
    return context


def _load_certificate(context: ssl.SSLContext, cert: Certificate) -> None:
    parts = cert if isinstance(cert, tuple) else (cert,)
    certificate, key, password = (*parts, None, None)[:3]

    def no_password() -> str:
        raise ValueError("the key is encrypted: pass its password as cert=(certificate, key, ...)")

    with file_of(certificate) as certificate_file, ExitStack() as stack:
        key_file = None if key is None else stack.enter_context(file_of(key))
        # Without a function OpenSSL would ask for the password at the terminal, and wait.
        context.load_cert_chain(certificate_file, key_file, password or no_password)


def _given(settings: TLSSettings) -> dict[str, str]:
    """The authorities that the environment names, as `load_verify_locations` takes them."""
    if not settings.trust_env:
        return {}
    names = {"cafile": "SSL_CERT_FILE", "capath": "SSL_CERT_DIR"}
    return {key: os.environ[name] for key, name in names.items() if os.environ.get(name)}


def _locations(verify: str) -> dict[str, str]:
    if "-----BEGIN" in verify:
        return {"cadata": verify}
    return {"capath" if os.path.isdir(verify) else "cafile": verify}


def _system_context() -> ssl.SSLContext | None:
    """Return a context that asks macOS or Windows, or None without the package that can."""
    try:
        import truststore  # type: ignore[import-not-found,unused-ignore]  # an extra
    except ImportError:
        return None
    import ssl  # start-up: see above

    make: Callable[[int], ssl.SSLContext] = truststore.SSLContext
    return make(ssl.PROTOCOL_TLS_CLIENT)


def _load_authorities(context: ssl.SSLContext) -> None:
    """Load the system's authorities; the variables of the environment are obeyed elsewhere."""
    import ssl  # start-up: see above

    if sys.platform == "win32":
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
        return
    paths = ssl.get_default_verify_paths()
    file = next(filter(os.path.isfile, (paths.openssl_cafile, *_USUAL_FILES)), None)
    folder = paths.openssl_capath if os.path.isdir(paths.openssl_capath) else None
    if file is None and folder is None:
        raise FileNotFoundError(
            "expected this system's certificates of authorities, and found none: install the"
            " package ca-certificates, or name a file by verify= or SSL_CERT_FILE"
        )
    context.load_verify_locations(file, folder)
