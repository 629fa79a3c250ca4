"""What ends the command: exit statuses by cause, and the sentence for each error."""

from __future__ import annotations

from typing import Final

from ... import errors
from ..part_file import ChecksumError
from .output import CannotWrite

__all__ = ["Failure", "exit_status", "sentence"]


class Failure(Exception):
    """An error that ends the command; its message is one line."""


#: The status and the classes that it stands for; the first row that fits counts.
_STATUSES: Final[tuple[tuple[int, tuple[type[BaseException], ...]], ...]] = (
    (8, (ChecksumError,)),
    (1, (errors.StatusError, errors.AuthenticationError)),
    (3, (errors.ResolveError,)),
    (5, (errors.TLSError,)),
    (6, (errors.RequestTimeout,)),
    (4, (errors.ConnectError, errors.ProxyError)),
    (2, (errors.InvalidURL, errors.LocalProtocolError, Failure, CannotWrite)),
    (7, (errors.HTTPException,)),
)


def exit_status(error: BaseException) -> int:
    """Return the command's exit status for an error. `options.EXIT_STATUSES` lists them.

    >>> exit_status(errors.ResolveError("no such host")), exit_status(OSError())
    (3, 2)
    """
    return next((status for status, kinds in _STATUSES if isinstance(error, kinds)), 2)


def sentence(error: BaseException, url: str, timeout: float) -> str:
    """Return the line that says what went wrong with `url`; `timeout` is -m's, in seconds.

    >>> sentence(errors.ReadTimeout("..."), "http://a/", 5.0)
    'http://a/: no answer within 5 seconds'
    """
    if isinstance(error, Failure | CannotWrite):
        return str(error)
    if isinstance(error, errors.RequestTimeout):
        return f"{url}: no answer within {timeout:g} seconds"
    why = getattr(error.__cause__, "verify_message", None)
    if isinstance(error, errors.CertificateError) and why:
        return f"{url}: the certificate is not trusted: {why}; --cacert FILE names who signed it"
    if isinstance(error, errors.RedirectRefused) and not isinstance(error, errors.TooManyRedirects):
        return f"{url}: a redirect leads from https to http, where anyone on the way can read along"
    if isinstance(error, OSError) and not isinstance(error, errors.HTTPException):
        where = f" {error.filename}" if error.filename else ""
        return f"{url}:{where} {error.strerror or error}"
    # The error's own text has the URL too.
    message = error.args[0] if isinstance(error, errors.RequestError) else error
    return f"{url}: " + " ".join(str(message).split("\n"))
