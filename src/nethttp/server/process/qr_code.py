"""The QR code of a URL for a terminal, so that a phone opens it without typing."""

from __future__ import annotations

import io

import segno

from ..logs.colours import coloured

__all__ = ["qr_code"]


def qr_code(url: str, colours: bool) -> str:
    """Return the lines of the QR code of `url`; one character has two of its squares.

    With `colours` it is dark on light, whatever colours the terminal has.

    >>> print(qr_code("http://127.0.0.1:8000/", colours=False).splitlines()[1])
    ██ ▄▄▄▄▄ █▀▄ ▀  █ ▄█ ▄▄▄▄▄ ██
    """
    code = io.StringIO()
    segno.make(url, micro=False).terminal(code, compact=True, border=2)
    lines = code.getvalue().splitlines()
    return "\n".join(coloured(line, "qr") if colours else line for line in lines)
