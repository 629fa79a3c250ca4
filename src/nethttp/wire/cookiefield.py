"""Splits the fields Cookie and Set-Cookie, with the twin (C or pure) that parses heads."""

from __future__ import annotations

from .h1.head import split_cookie_field

__all__ = ["split_cookie_field"]
