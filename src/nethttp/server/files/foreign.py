"""Fields that keep content which anyone may have written from acting as a page of this site."""

from __future__ import annotations

__all__ = ["NOSNIFF", "defusing_fields"]

NOSNIFF = ("X-Content-Type-Options", "nosniff")
"""Keeps a browser from taking content for another kind than its media type says."""

#: Kinds of content that a browser runs scripts from.
_ACTIVE = ("text/html", "application/xhtml+xml", "image/svg+xml", "text/xml", "application/xml")

_SANDBOX = (
    "sandbox; default-src 'none'; img-src 'self' data:; media-src 'self'; "
    "style-src 'self' 'unsafe-inline'; font-src 'self'; form-action 'none'; base-uri 'none'"
)

#: Browsers show no PDF in a sandbox. Their viewers run its scripts in no origin of the site's.
_NO_SCRIPT = "script-src 'none'; object-src 'self'; base-uri 'none'"


def defusing_fields(media_type: str) -> list[tuple[str, str]]:
    """Return the fields of a response with content of a media type, as (name, value).

    >>> defusing_fields("text/plain")
    [('X-Content-Type-Options', 'nosniff')]
    >>> defusing_fields("image/svg+xml")[1][1].startswith("sandbox;")
    True
    """
    essence = media_type.partition(";")[0].strip().lower()
    fields = [NOSNIFF]
    if essence in _ACTIVE or essence.endswith("+xml"):
        fields.append(("Content-Security-Policy", _SANDBOX))
    elif essence == "application/pdf":
        fields.append(("Content-Security-Policy", _NO_SCRIPT))
    return fields
