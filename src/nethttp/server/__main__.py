"""``python -m nethttp.server``: serve a directory, a handler class or a WSGI application.

Every option of ``python -m http.server`` is there. Two defaults differ: it listens to this machine
alone, and it speaks HTTP/1.1.
"""

from __future__ import annotations

import os
import sys
import tempfile
from argparse import Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace

from ..commandline import discard_output
from ..errors import reason_of
from .logs.colours import has_colours
from .logs.lines import write_stderr
from .process.announcement import announcement, certified_hosts, network_urls
from .process.command_line import addresses_of, parsed, renews_workers, service_of
from .process.discover import NotServable
from .process.listeners import Address, CannotListen, Listeners
from .process.options import Refused, ServeOptions
from .process.sharing_options import sharing_notice
from .process.supervisor import Supervisor
from .process.worker import Service
from .process.worker_process import serve_in_this_process


@contextmanager
def _with_own_certificate(service: Service, listeners: Listeners) -> Iterator[Service]:
    """Give `service` with a new self-signed certificate, which is removed at the end."""
    from .process.selfsigned import write_certificate  # start-up: only --tls-self-signed needs it

    with tempfile.TemporaryDirectory(prefix="nethttp-") as folder:
        path = os.path.join(folder, "certificate.pem")
        try:
            fingerprint = write_certificate(path, certified_hosts(listeners.one_each()))
        except ImportError:
            raise Refused(
                "--tls-self-signed needs the library cryptography: pip install "
                "'nethttp[self-signed]'"
            ) from None
        _print(f"Certificate of its own, SHA-256 {fingerprint}")
        yield service._replace(options=replace(service.options, tls_cert=path))


def _print(text: str) -> None:
    """Print lines; the server goes on if standard output cannot be written."""
    try:
        print(text, flush=True)
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            discard_output()


def _open_listeners(addresses: list[Address], options: ServeOptions) -> Listeners:
    try:
        return Listeners(
            addresses, options.workers, backlog=options.backlog, unix_mode=options.unix_mode
        )
    except CannotListen as error:
        from .process.bindfailure import explained  # start-up: most addresses are free

        raise Refused(explained(error)) from None


def _qr_code() -> Callable[[str, bool], str]:
    try:
        from .process.qr_code import qr_code  # start-up: only --qr needs it
    except ImportError:
        raise Refused("--qr needs the library segno: pip install 'nethttp[qr]'") from None
    return qr_code


def _open(url: str, name: str) -> None:
    from .process.browser import open_in_browser  # start-up: only --open needs it

    if open_in_browser(url) is None:
        write_stderr(f"{name}: --open: there is no browser with a window on this machine\n")


def _serve(service: Service, listeners: Listeners, what: str, arguments: Namespace) -> int:
    """Serve until told to end, and return the exit status."""
    tls = service.options.tls
    qr_code = _qr_code() if arguments.qr else None
    notices = sharing_notice(arguments, what)
    if tls is not None:
        tls.context()  # a wrong file is reported here, not once by each worker

    def announce() -> None:
        scheme = "https" if tls else "http"
        colours = has_colours(sys.stdout)
        urls, one_each = listeners.urls(scheme), listeners.one_each()
        _print(announcement(what, urls, one_each, scheme, colours, notices))
        if qr_code is not None:
            _print(qr_code((network_urls(one_each, scheme) or urls)[0], colours))
        if arguments.open:
            _open(urls[0], service.name)

    if not hasattr(os, "fork"):
        if renews_workers(arguments):
            raise Refused("--reload needs a system that can fork")
        serve_in_this_process(service, listeners, announce)
        return 0
    with _watched(listeners, service.name) if renews_workers(arguments) else nullcontext():
        return Supervisor(service, listeners, announce).run()


def _watched(listeners: Listeners, name: str) -> AbstractContextManager[None]:
    """Return a context in which a changed Python file below this directory renews the workers.

    Raises:
        Refused: the library for it is not installed.
    """
    from .process.reload import watching  # start-up: only --reload needs it

    try:
        return watching([os.getcwd()], listeners.all(), name)
    except ImportError:
        raise Refused(
            "--reload needs the library watchfiles: pip install 'nethttp[reload]'"
        ) from None


def main(argv: Sequence[str] | None = None, prog: str = "python -m nethttp.server") -> int:
    """Run the command and return its exit status."""
    try:
        arguments = parsed(prog, sys.argv[1:] if argv is None else argv)
        service, what = service_of(arguments, prog)
        listeners = _open_listeners(addresses_of(arguments), service.options)
        try:
            if not arguments.tls_self_signed:
                return _serve(service, listeners, what, arguments)
            with _with_own_certificate(service, listeners) as own:
                return _serve(own, listeners, what, arguments)
        finally:
            listeners.close()
    except (Refused, NotServable, OSError) as refused:
        write_stderr(f"{prog}: {reason_of(refused)}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
