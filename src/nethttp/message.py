"""`HTTPMessage`: a field section as the `email.message.Message` that programs expect.

It is the type of `headers` in the client and the server. It is filled with fields that `wire` has
parsed; the email parser is not used, since it would cut a value at U+0085, and lose every field
behind a malformed name (gh-81274).
"""

from __future__ import annotations

import email.message
from collections.abc import Iterable, Iterator, Sequence
from email import errors
from typing import TYPE_CHECKING

from .overrides import Bypassed

__all__ = ["HTTPMessage", "message_from_fields"]


if TYPE_CHECKING:
    # For type checkers this class is a subclass of the stdlib's, so both fit the same parameters.
    from http.client import HTTPMessage as _Message
else:
    _Message = email.message.Message


class HTTPMessage(_Message):
    """The fields of a message, and the API of `email.message.Message`.

    >>> message = message_from_fields([("Content-Type", "text/html; charset=utf-8")])
    >>> message["content-type"], message.get_content_charset()
    ('text/html; charset=utf-8', 'utf-8')
    """

    __module__ = "nethttp.client"

    # `message_from_fields` has the effect of these, at a fifth of their cost.
    _FILL_STEPS = Bypassed("set_raw", "set_payload")

    def getallmatchingheaders(self, name: str) -> list[str]:
        """Return the lines "Name: value" of all fields called `name`, in order.

        >>> message_from_fields([("Via", "a"), ("via", "b")]).getallmatchingheaders("Via")
        ['Via: a', 'via: b']
        """
        key = name.lower()
        return [f"{n}: {value}" for n, value in self.items() if n.lower() == key]


def message_from_fields(
    fields: Iterable[tuple[str, str]],
    message_class: type[email.message.Message] = HTTPMessage,
    *,
    unread: Sequence[str] | None = None,
) -> email.message.Message:
    """Return a `message_class` that holds the (name, value) pairs, in order.

    Each line in `unread`, which is not a field, becomes one of its `defects`; lines that the email
    parser would take for content are its payload. urllib3 warns of both.

    >>> message_from_fields([("Host", "example.com")])["host"]
    'example.com'
    """
    message = message_class()
    left_alone = HTTPMessage._FILL_STEPS.left_alone(message)
    if left_alone:
        message._headers.extend(fields)  # type: ignore[attr-defined]
    else:
        for name, value in fields:
            message.set_raw(name, value)
    if left_alone and not unread:
        message._payload = ""  # type: ignore[attr-defined]  # what a parser leaves
    else:
        message.set_payload("".join(_left_over(message, unread or ())))
    return message


def _left_over(message: email.message.Message, unread: Sequence[str]) -> Iterator[str]:
    """Add a defect for each line; yield the lines that the email parser would take for content."""
    for line in unread:
        if line.startswith(":"):
            message.defects.append(errors.InvalidHeaderDefect("Missing header name."))
        elif line[0] in " \t":
            message.defects.append(errors.FirstHeaderLineIsContinuationDefect(line))
        else:
            message.defects.append(errors.MissingHeaderBodySeparatorDefect())
            yield f"{line}\r\n"
