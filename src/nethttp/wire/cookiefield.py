"""The fields Cookie and Set-Cookie, taken apart by the twin that reads heads."""

from __future__ import annotations

from .h1.head import split_cookie_field

__all__ = ["split_cookie_field"]
