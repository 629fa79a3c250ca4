"""``python -m nethttp.server``: serve a directory, a handler class or a WSGI application.

Every option of ``python -m http.server`` is there. Two defaults differ: it listens to this machine
alone, and it speaks HTTP/1.1.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress

from .applications import NotServable
from .listeners import ANYWHERE, LOOPBACK, Address, Listeners
from .loglines import reason_of, write_stderr
from .options import Refused, addresses_of, parsed, settings_of
from .supervisor import Supervisor, serve_in_this_process
from .worker import Settings, TLSFiles


@contextmanager
def _own_certificate(
    settings: Settings, addresses: Sequence[Address], client_ca: str | None
) -> Iterator[Settings]:
    """Give settings with a certificate that is made, and removed in the end."""
    from .selfsigned import write_certificate  # start-up: only who asks for it needs it

    with tempfile.TemporaryDirectory(prefix="nethttp-") as folder:
        path = os.path.join(folder, "certificate.pem")
        hosts = [address.host for address in addresses if address.kind == "tcp"]
        try:
            fingerprint = write_certificate(path, [host for host in hosts if host not in ANYWHERE])
        except ImportError:
            raise Refused(
                "--tls-self-signed needs the library cryptography: pip install "
                "'nethttp[self-signed]'"
            ) from None
        print(f"Certificate of its own, SHA-256 {fingerprint}", flush=True)
        yield settings._replace(tls=TLSFiles(path, client_ca=client_ca))


def _announcement(what: str, urls: Sequence[str], addresses: Sequence[Address]) -> str:
    lines = [f"Serving {what} at {' and '.join(urls)}"]
    hosts = [address.host for address in addresses if address.kind == "tcp"]
    if any(host in ANYWHERE for host in hosts):
        lines.append("Everyone on the network can read it.")
    elif hosts and all(host == LOOPBACK for host in hosts):
        lines.append("For this machine alone; --bind 0.0.0.0 opens it to the network.")
    return "\n".join([*lines, "Ctrl-C ends it."])


def _check_tls(settings: Settings) -> None:
    """Say at once what every worker would find out."""
    if settings.tls is None:
        return
    try:
        settings.tls.context()
    except OSError as error:
        raise Refused(
            f"cannot use the certificate {settings.tls.certfile}: expected a certificate, its "
            f"private key and the key's password, got {error.strerror or error}"
        ) from None


def _serve(arguments: argparse.Namespace, settings: Settings, what: str) -> int:
    """Serve until told to end, and return the exit status."""
    addresses = addresses_of(arguments)
    _check_tls(settings)
    try:
        listeners = Listeners(
            addresses, arguments.workers, backlog=arguments.backlog, unix_mode=arguments.unix_mode
        )
    except OSError as error:
        raise Refused(f"cannot bind to {error.filename}: {error.strerror}") from None

    def announce() -> None:
        urls = listeners.urls("https" if settings.tls else "http")
        # A standard output that takes no lines ends no server.
        with suppress(OSError, ValueError):
            print(_announcement(what, urls, addresses), flush=True)

    try:
        if not hasattr(os, "fork"):
            if arguments.workers > 1 or arguments.reload:
                raise Refused("--workers and --reload need a system that can fork")
            serve_in_this_process(settings, listeners, announce)
            return 0
        with _watched(listeners, settings.name) if arguments.reload else nullcontext():
            return Supervisor(settings, listeners, arguments.workers, announce).run()
    finally:
        listeners.close()


def _watched(listeners: Listeners, name: str) -> AbstractContextManager[None]:
    """Let the workers be renewed, while this is entered, when a file below this directory changes.

    Raises:
        Refused: the library for it is not installed.
    """
    from .watcher import watching  # start-up: only --reload needs it

    try:
        return watching([os.getcwd()], listeners.all(), name)
    except ImportError:
        raise Refused(
            "--reload needs the library watchfiles: pip install 'nethttp[reload]'"
        ) from None


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.server") -> int:
    """Run the command and return its exit status."""
    arguments = parsed(prog, sys.argv[1:] if argv is None else argv)
    try:
        settings, what = settings_of(arguments)
        settings = settings._replace(name=prog)
        if not arguments.tls_self_signed:
            return _serve(arguments, settings, what)
        with _own_certificate(settings, addresses_of(arguments), arguments.tls_client_ca) as own:
            return _serve(arguments, own, what)
    except (Refused, NotServable, OSError) as refused:
        write_stderr(f"{prog}: {reason_of(refused)}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
