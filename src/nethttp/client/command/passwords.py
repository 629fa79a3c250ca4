"""Asks for a password that the command line leaves out, on the terminal."""

from __future__ import annotations

import warnings

from .failures import Failure

__all__ = ["password_of"]


def password_of(whose: str, expected: str) -> str:
    """Return the password of `whose`, typed on the terminal, where it is not shown.

    `expected` says how the command line would have given it.

    Raises:
        Failure: there is no terminal.
    """
    from getpass import GetPassWarning, getpass  # start-up: few users leave the password out

    try:
        with warnings.catch_warnings():
            # Without a terminal, getpass would read standard input, which may be the content of -d.
            warnings.simplefilter("error", GetPassWarning)
            return getpass(f"Password of {whose}: ")
    except (GetPassWarning, EOFError):
        raise Failure(
            f"expected {expected}: there is no terminal to ask for the password"
        ) from None
