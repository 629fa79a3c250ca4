"""`HTTPMessage`: a field section as the `email.message.Message` that programs know.

Client and server hand it out under `headers`. It is filled from fields that `wire` has parsed; the
email parser, which would cut a value at U+0085 and lose every field behind a name it cannot read
(gh-81274), has no part in it.
"""

from __future__ import annotations

import email.message
from collections.abc import Iterable

__all__ = ["HTTPMessage", "message_from_fields"]


class HTTPMessage(email.message.Message):
    """The fields of a message, and the API of `email.message.Message`."""

    def getallmatchingheaders(self, name: str) -> list[str]:
        """Return the lines "Name: value" of all fields called `name`, in order.

        >>> message_from_fields([("Via", "a"), ("via", "b")]).getallmatchingheaders("Via")
        ['Via: a', 'via: b']
        """
        key = name.lower()
        return [f"{n}: {value}" for n, value in self.items() if n.lower() == key]


def message_from_fields(
    fields: Iterable[tuple[str, str]], message_class: type[email.message.Message] = HTTPMessage
) -> email.message.Message:
    """Return a `message_class` that holds the (name, value) pairs, in order.

    >>> message_from_fields([("Host", "example.com")])["host"]
    'example.com'
    """
    message = message_class()
    if message_class.set_raw is email.message.Message.set_raw:
        # What that method does line by line, at a fifth of its cost.
        message._headers.extend(fields)  # type: ignore[attr-defined]
    else:
        for name, value in fields:
            message.set_raw(name, value)
    return message
