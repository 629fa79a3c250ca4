"""`Basic`: a user name and a password, sent with every request. RFC 7617."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import TYPE_CHECKING

from ....errors import LocalProtocolError
from .auth import Auth

if TYPE_CHECKING:
    from .auth import AuthFlow, Signed

__all__ = ["Basic"]

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Basic(Auth):
    """Sends a user name and a password, in UTF-8, without waiting to be asked. RFC 7617.

    Both can be read by everyone who sees the request: use it over TLS alone.

    Raises:
        LocalProtocolError: the name has a colon, or one of the two a control character, which the
            scheme cannot carry.

    >>> Basic("Aladdin", "open sesame").value
    'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='
    """

    def __init__(self, username: str, password: str = "") -> None:
        name = prepared(username, "user name")
        if b":" in name:
            raise LocalProtocolError("expected a user name without a colon (RFC 7617 section 2)")
        pair = b64encode(name + b":" + prepared(password, "password"))
        self.value = f"Basic {pair.decode()}"
        """The value of the Authorization field."""

    def flow(self, request: Signed) -> AuthFlow:
        """Yield `request` with the credentials, once."""
        request.headers["Authorization"] = self.value
        yield request

    def __repr__(self) -> str:
        return "Basic([secret])"


def prepared(text: str, what: str) -> bytes:
    """Return a user name or password as it is sent: in UTF-8, of normalisation form C.

    Raises:
        TypeError: it is not `str`.
        LocalProtocolError: `text` has a control character. RFC 7617 sections 2 and 2.1.
    """
    if not isinstance(text, str):
        raise TypeError(f"expected a {what} as str, got {type(text).__name__}")
    if _CONTROL.search(text):
        raise LocalProtocolError(
            f"expected a {what} without control characters (RFC 7617 section 2)"
        )
    if not text.isascii():
        from unicodedata import normalize  # start-up: for few users

        text = normalize("NFC", text)
    return text.encode()
