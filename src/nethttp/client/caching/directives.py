"""The directives of Cache-Control, of a request and of a response. RFC 9111 section 5.2."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from ...wire.values import parse_list
from .fields import values_of

__all__ = ["FOREVER", "Directives", "directives_of"]

FOREVER: Final = 2**31
"""The greatest number of seconds: a greater one counts as this. RFC 9111 section 1.2.2."""

_QUOTED_PAIR = re.compile(r"\\(.)")


class Directives:
    """The directives of one message, found by their names in lower case.

    >>> control = Directives(['no-cache="Set-Cookie", MAX-AGE=60'])
    >>> "max-age" in control, control.seconds("max-age"), control.names("no-cache")
    (True, 60, frozenset({'set-cookie'}))
    """

    __slots__ = ("_arguments",)

    def __init__(self, values: Iterable[str]) -> None:
        self._arguments: dict[str, list[str | None]] = {}
        for value in values:
            for member in parse_list(value):
                name, equals, argument = member.partition("=")
                given = self._arguments.setdefault(name.lower(), [])
                given.append(_unquoted(argument) if equals else None)

    def __contains__(self, name: str) -> bool:
        return name in self._arguments

    def seconds(self, name: str) -> int | None:
        """Return the argument of the directive `name` in seconds, at most `FOREVER`.

        None: the message does not have the directive. Of several the first counts. An argument that
        is no number is 0, so that the response is stale: RFC 9111 section 4.2.1.
        """
        if name not in self._arguments:
            return None
        argument = self._arguments[name][0]
        if argument is None or not (argument.isascii() and argument.isdigit()):
            return 0
        # Two thousand digits would take long to convert, and say no more than eleven.
        digits = argument.lstrip("0") or "0"
        return min(int(digits[:11]), FOREVER)

    def argument(self, name: str) -> str | None:
        """Return the text after the equals sign of the directive `name`, None if it has none."""
        return self._arguments.get(name, [None])[0]

    def names(self, name: str) -> frozenset[str]:
        """Return the field names, in lower case, that the directive `name` is limited to.

        Empty: the directive is for the whole response, or is missing. RFC 9111 section 5.2.2.4.
        """
        arguments = self._arguments.get(name, [])
        found = frozenset(
            field.lower() for argument in arguments if argument for field in parse_list(argument)
        )
        return frozenset() if None in arguments else found

    def of_all(self, name: str) -> bool:
        """Return whether the message has the directive `name`, for all of the response."""
        return name in self._arguments and not self.names(name)


def _unquoted(argument: str) -> str:
    if len(argument) >= 2 and argument[0] == argument[-1] == '"':
        return _QUOTED_PAIR.sub(r"\1", argument[1:-1])
    return argument


def directives_of(fields: Iterable[tuple[str, str]]) -> Directives:
    """Return the directives of the Cache-Control lines among `fields`.

    >>> "no-store" in directives_of([("Cache-Control", "no-store")])
    True
    """
    return Directives(values_of(fields, "cache-control"))
