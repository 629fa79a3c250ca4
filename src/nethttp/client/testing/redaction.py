"""`Redaction`: takes secrets out of what is written to a file for others to read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import quote_plus, unquote_plus

from ...wire.fields import FieldLines

__all__ = ["NO_MORE", "REDACTED", "Redaction"]

REDACTED: Final = "REDACTED"

#: Fields that carry credentials, by their lower-case names.
_FIELDS: Final = frozenset(
    {
        *("authorization", "proxy-authorization", "authentication-info", "cookie", "set-cookie"),
        *("x-api-key", "api-key", "x-auth-token", "x-csrf-token", "x-amz-security-token"),
    }
)

#: Parameters of a query, fields of a form, members of a JSON object, by their lower-case names.
_NAMES: Final = frozenset(
    {
        *("access_token", "refresh_token", "id_token", "token", "auth", "code", "code_verifier"),
        *("password", "passwd", "secret", "client_secret", "api_key", "apikey", "key"),
        *("signature", "sig", "x-amz-signature", "x-amz-credential", "x-amz-security-token"),
        *("x-goog-signature", "x-goog-credential", "session", "sessionid"),
    }
)

_USERINFO: Final = re.compile(r"(?<=://)[^/?#@]*+@")
_COOKIE_VALUE: Final = re.compile(r"(?<==)[^;]*+")


class Redaction:
    """Replaces secrets by ``REDACTED``, by the names that they stand under.

    Names of header fields are `fields`; those of parameters, form fields and members of JSON are
    `names`. Both are added to what is known to carry credentials, and compared in any case.

    >>> redaction = Redaction(names=["ssn"])
    >>> redaction.url("https://me:pw@example.com/?page=1&ssn=123&token=abc")
    'https://REDACTED@example.com/?page=1&ssn=REDACTED&token=REDACTED'
    >>> redaction.lines([("Authorization", "Bearer abc"), ("Cookie", "a=b; c=d")])
    [('Authorization', 'Bearer REDACTED'), ('Cookie', 'a=REDACTED; c=REDACTED')]
    """

    def __init__(self, fields: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        self._fields = _FIELDS | {name.lower() for name in fields}
        self._names = _NAMES | {name.lower() for name in names}

    def lines(self, pairs: FieldLines) -> FieldLines:
        """Return field lines: of secret ones the name, and what tells no secret, stays."""
        return [
            (name, self._value(name.lower(), value) if name.lower() in self._fields else value)
            for name, value in pairs
        ]

    def _value(self, name: str, value: str) -> str:
        if name == "cookie":
            return _COOKIE_VALUE.sub(REDACTED, value)
        if name == "set-cookie":
            return _COOKIE_VALUE.sub(REDACTED, value, count=1)
        scheme, blank, _ = value.partition(" ")
        return f"{scheme} {REDACTED}" if blank and "authorization" in name else REDACTED

    def url(self, url: str) -> str:
        """Return a URL without user name, password, and secret parameters."""
        url = _USERINFO.sub(f"{REDACTED}@", url)
        start, mark, query = url.partition("?")
        return f"{start}{mark}{self._pairs(query)}"

    def text(self, text: str, media_type: str) -> str:
        """Return a body; secrets are looked for in forms and in JSON."""
        if media_type == "application/x-www-form-urlencoded":
            return self._pairs(text)
        if media_type != "application/json" and not media_type.endswith("+json"):
            return text
        try:
            value = json.loads(text)
        except ValueError:
            return text
        changed = self._json(value)
        return text if changed == value else json.dumps(changed, ensure_ascii=False)

    def _pairs(self, query: str) -> str:
        pairs = []
        for pair in query.split("&"):
            name, mark, _ = pair.partition("=")
            secret = mark and unquote_plus(name).lower() in self._names
            pairs.append(f"{name}={quote_plus(REDACTED)}" if secret else pair)
        return "&".join(pairs)

    def _json(self, value: Any) -> Any:
        if isinstance(value, list):
            return [self._json(item) for item in value]
        if not isinstance(value, dict):
            return value
        return {
            name: REDACTED if name.lower() in self._names and item else self._json(item)
            for name, item in value.items()
        }


NO_MORE: Final = Redaction()
"""Takes out what is known to carry credentials, and no more."""
