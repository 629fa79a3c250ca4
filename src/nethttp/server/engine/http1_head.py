"""`Http1Head`: status and fields of a response as lines of HTTP/1, checked and written once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from ..._version import __version__
from ...errors import LocalProtocolError
from ...wire.fields import select_fields
from ...wire.h1.head import serialise_fields
from ...wire.h1.rules import (
    CONNECTION_FIELDS,
    OWN_RESPONSE_FIELDS,
    ResponsePlan,
    declared_response,
    plan_response,
)
from .dated_head import DatedHead, FixedHead

__all__ = ["ANY_LENGTH", "NO_LENGTH", "Http1Head"]

SERVER = f"nethttp/{__version__}"

NO_LENGTH: Final = -1
ANY_LENGTH: Final = -2


class Http1Head:
    """A prepared head, for any number of responses.

    Raises:
        LocalProtocolError: a field of the connection, or one that cannot be sent.
    """

    __slots__ = ("_closes", "_declared", "begun", "everyday", "known", "size", "status", "whole")

    def __init__(self, status: int, reason: str, fields: Sequence[tuple[str, str]]) -> None:
        names = {name.lower() for name, _ in fields}
        if refused := names & CONNECTION_FIELDS:
            raise LocalProtocolError(
                f"expected no field of the connection, got {', '.join(sorted(refused))}"
                " (RFC 9110 section 7.6.1)"
            )
        self.status = status
        found = declared_response(select_fields(fields, OWN_RESPONSE_FIELDS))
        self._declared, _, self._closes, _ = found
        self.known: tuple[tuple[str, int, bool, bool], ResponsePlan]
        """The arguments and the result of the last call of `plan`; most calls have the same."""
        self.everyday = plan = self.plan("GET", 11, True, True)
        """The plan for an everyday request, if all of the content is known at once."""
        self.whole = NO_LENGTH
        """The one length of content, in bytes, for which the head needs no more lines in answer to
        an everyday request; `ANY_LENGTH` if a line with the length is added; `NO_LENGTH` if there
        is neither."""
        if plan.measured and plan.persistent:
            self.whole = ANY_LENGTH
        elif plan.has_body and not plan.measured and not plan.lines:
            self.whole = plan.framing
        kept = [pair for pair in fields if pair[0].lower() != "connection"]
        lines = f"HTTP/1.1 {status} {reason}\r\n".encode("latin-1") + serialise_fields(kept)
        if "server" not in names:
            lines += f"Server: {SERVER}\r\n".encode("latin-1")
        self.size = len(lines)
        """Bytes of its lines, without the Date that is added."""
        self.begun: DatedHead | FixedHead = (
            FixedHead(lines) if "date" in names else DatedHead(lines + b"Date: ", b"\r\n")
        )
        """The head with a current Date, to which the lines of the plan and the end are added."""

    def plan(self, method: str, version: int, persistent: bool, measured: bool) -> ResponsePlan:
        """Return the plan of the response to such a request, and store it in `known`.

        `measured` says whether the length of the content is known at the beginning.
        """
        closes, declared = self._closes, self._declared
        plan = plan_response(
            method, version, self.status, declared, persistent and not closes, False, measured, True
        )
        self.known = (method, version, persistent, measured), plan  # at once, for other threads
        return plan
