"""What to do for a request, given what is stored: the one decision. RFC 9111 section 4."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from math import inf
from typing import Final, NamedTuple

from .directives import Directives, directives_of
from .entry import Entry
from .fields import Pairs, joined, replaced, without
from .freshness import current_age, lifetime, may_be_stale
from .ranges import Piece, fields_of_piece, piece_for, range_applies
from .validation import CONDITIONS, is_not_modified, validating_fields
from .variants import newest, selected

__all__ = [
    "ERROR_STATUSES",
    "Answer",
    "Decision",
    "Step",
    "answer_from",
    "decide",
    "helps_on_error",
]

ERROR_STATUSES: Final = frozenset({500, 502, 503, 504})
"""Statuses in whose place stale-if-error gives a stored response. RFC 5861 section 4."""


class Step(Enum):
    """What the client does for a request. RFC 9111 section 4."""

    ANSWER = "answer from the store"
    ANSWER_AND_VALIDATE = "answer from the store, and ask the origin meanwhile"
    VALIDATE = "ask the origin whether the stored response is still true"
    FETCH = "send the request as it is"
    REFUSE = "answer 504: the request wants a stored response, and there is none"


class Decision(NamedTuple):
    """What to do, with which stored response, and the conditions to send for it.

    A stored response that is not used now may still be given in the place of an error, so it is
    named then too.
    """

    step: Step
    entry: Entry | None = None
    conditions: Pairs = ()


class Answer(NamedTuple):
    """A response made of a stored one: `piece` is the part of its content, None for no content."""

    status: int
    reason: str
    fields: Pairs
    piece: Piece | None


def decide(
    method: str,
    request_fields: Sequence[tuple[str, str]],
    variants: Sequence[Entry],
    now: float,
) -> Decision:
    """Return what to do at `now` (seconds since 1970), given a URL's stored `variants`."""
    control = _request_directives(request_fields)
    candidates = [
        entry for entry in selected(variants, request_fields) if _has_content(request_fields, entry)
    ]
    whole = [entry for entry in candidates if entry.part is None]
    chosen = newest(whole) or newest(candidates)
    if method not in ("GET", "HEAD") or "no-store" in control or _is_about_state(request_fields):
        return Decision(Step.FETCH)
    if chosen is not None:
        step = _usable(chosen, control, now)
        if step is not Step.VALIDATE:
            return Decision(step, chosen)
    if "only-if-cached" in control:
        return Decision(Step.REFUSE)
    if _is_conditional(request_fields) or joined(request_fields, "range") is not None:
        # The origin decides: two conditions of different versions would mean nothing.
        return Decision(Step.FETCH, chosen)
    complete = [entry for entry in variants if entry.part is None]
    validated = chosen if chosen is None or chosen.part is None else None
    conditions = validating_fields(validated, complete)
    return Decision(Step.VALIDATE if conditions else Step.FETCH, validated, conditions)


def _request_directives(request_fields: Sequence[tuple[str, str]]) -> Directives:
    """Return the request's directives. Pragma counts where there are none: RFC 9111 section 5.4."""
    control = directives_of(request_fields)
    pragma = joined(request_fields, "pragma") or ""
    if "no-cache" in pragma.lower() and joined(request_fields, "cache-control") is None:
        return Directives(["no-cache"])
    return control


def _is_about_state(request_fields: Sequence[tuple[str, str]]) -> bool:
    """Return whether a condition is for the origin alone to judge. RFC 9111 section 4.3.2."""
    return any(name.lower() in ("if-match", "if-unmodified-since") for name, _ in request_fields)


def _is_conditional(request_fields: Sequence[tuple[str, str]]) -> bool:
    return any(name.lower() in CONDITIONS for name, _ in request_fields)


def _has_content(request_fields: Sequence[tuple[str, str]], entry: Entry) -> bool:
    """Return whether the stored response has what the request asks for."""
    if range_applies(request_fields, entry):
        return piece_for(request_fields, entry) is not None
    return entry.part is None


def _usable(entry: Entry, control: Directives, now: float) -> Step:
    """Return whether the entry answers a request: at once, at once with a question, or after it."""
    if "no-cache" in control or entry.control.of_all("no-cache"):
        return Step.VALIDATE
    age = current_age(entry, now)
    longest = control.seconds("max-age")
    # RFC 8246 section 2: a reload asks for nothing that cannot change while it is fresh.
    reload = longest == 0 and "immutable" in entry.control
    if longest is not None and age > longest and not reload:
        return Step.VALIDATE
    left = lifetime(entry) - age
    if left > (control.seconds("min-fresh") or 0):
        return Step.ANSWER
    if not may_be_stale(entry):
        return Step.VALIDATE
    if "max-stale" in control and "min-fresh" not in control:
        tolerated = control.seconds("max-stale") if control.argument("max-stale") else inf
        if -left <= (tolerated or 0):
            return Step.ANSWER
    # A request that says how fresh it wants the response gets no stale one: RFC 5861 section 3.
    plain = longest is None and "min-fresh" not in control
    if plain and -left <= (entry.control.seconds("stale-while-revalidate") or -1):
        return Step.ANSWER_AND_VALIDATE
    return Step.VALIDATE


def helps_on_error(
    entry: Entry, request_fields: Sequence[tuple[str, str]], now: float, default: float = 0.0
) -> bool:
    """Return whether a stored response answers instead of an error at `now`: stale-if-error.

    The request's directive comes before the response's, and both before `default`: the seconds
    after its freshness that a response without the directive may be used. `now` is in seconds since
    1970. RFC 5861 section 4.
    """
    control = directives_of(request_fields)
    if not may_be_stale(entry) or "no-cache" in control or "no-store" in control:
        return False
    seconds = control.seconds("stale-if-error")
    if seconds is None:
        seconds = entry.control.seconds("stale-if-error")
    stale = current_age(entry, now) - lifetime(entry)
    limit = default if seconds is None else seconds
    return limit > 0 and stale <= limit


def answer_from(
    entry: Entry,
    method: str,
    request_fields: Sequence[tuple[str, str]],
    now: float,
    *,
    confirmed: bool = False,
) -> Answer:
    """Return the response to give at `now`: the stored one, a part of it, or a 304.

    Age is added (RFC 9111 section 4). If the origin has not just `confirmed` the response, fields
    that no-cache names are left out (section 5.2.2.4).
    """
    fields = entry.fields
    if not confirmed:
        fields = without(fields, entry.control.names("no-cache"))
        age = current_age(entry, now)
        fields = replaced(fields, [("Age", str(int(min(age, 2**31))))])
    if entry.status in (200, 206) and is_not_modified(request_fields, entry):
        return Answer(304, "Not Modified", without(fields, {"content-length"}), None)
    if range_applies(request_fields, entry):
        piece = piece_for(request_fields, entry)
        if piece is not None:
            part = None if method == "HEAD" else piece
            return Answer(206, "Partial Content", fields_of_piece(fields, piece), part)
    whole = Piece(0, entry.size, entry.size)
    return Answer(entry.status, entry.reason, fields, None if method == "HEAD" else whole)
