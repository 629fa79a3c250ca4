"""The style and the script of a page, and the policy that lets nothing else run in it."""

from __future__ import annotations

import base64
import functools
import hashlib
from typing import NamedTuple

__all__ = ["Assets", "assets", "content_security_policy"]


SCRIPTS = tuple(
    f"{name}.js"
    for name in (
        *("base", "list", "actions", "preview", "search", "share"),
        *("parts", "upload", "keys", "start"),
    )
)
"""The parts of the one script, in their order."""


class Assets(NamedTuple):
    """What a page embeds, as text."""

    style: str
    script: str


@functools.cache
def assets() -> Assets:
    """Return the style and the script, read once."""
    from importlib import resources  # start-up: only a listing needs it

    files = resources.files(__package__)
    style = (files / "page.css").read_text("utf-8")
    script = "\n".join((files / "scripts" / name).read_text("utf-8") for name in SCRIPTS)
    return Assets(style, script)


@functools.cache
def content_security_policy() -> str:
    """Return the value of Content-Security-Policy for a page.

    Content comes from this server alone, and nothing runs but the script, which makes no markup
    from text: https://www.w3.org/TR/trusted-types/.
    """
    style, script = (
        base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in assets()
    )
    return (
        f"default-src 'none'; style-src 'sha256-{style}'; script-src 'sha256-{script}'; "
        "img-src 'self' data:; media-src 'self'; frame-src 'self'; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'self'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    )
