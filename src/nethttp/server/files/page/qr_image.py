"""The QR code of a URL as an image, so that a phone opens the page that shows it."""

from __future__ import annotations

import io
from importlib.util import find_spec

__all__ = ["can_make_qr_codes", "qr_image"]

MAX_URL = 1000
"""Characters of a URL that is shown; a code of more is hard to read."""


def can_make_qr_codes() -> bool:
    """Return whether the library for it is there: ``pip install 'nethttp[qr]'``."""
    return find_spec("segno") is not None


def qr_image(url: str) -> bytes | None:
    """Return the QR code of a URL as SVG, dark on white; None if the URL is too long.

    >>> qr_image("http://192.0.2.1:8000/")[:4]
    b'<svg'
    """
    if len(url) > MAX_URL:
        return None
    import segno  # start-up: few look at a code

    image = io.BytesIO()
    segno.make(url, micro=False).save(
        image, kind="svg", scale=6, border=3, light="#fff", xmldecl=False, svgns=True
    )
    return image.getvalue()
