"""Conditional requests: RFC 9110 section 13, evaluated in the order of section 13.2.2."""

from __future__ import annotations

from collections.abc import Mapping

from ...status import HTTPStatus
from ...wire.values import EntityTag, match_etags, parse_entity_tag, parse_http_date

__all__ = ["evaluate", "evaluate_tag", "range_applies"]


def evaluate(
    method: str, fields: Mapping[str, str], etag: EntityTag, modified: int
) -> HTTPStatus | None:
    """Return 304 or 412 if a precondition decides so, None if the method is to be performed.

    `fields` has lower-case names; `modified` is in seconds since 1970.

    ``If-None-Match: *`` with GET names no copy to compare with. It is ignored, and with it
    If-Modified-Since, as in the standard library.

    >>> evaluate("GET", {"if-none-match": '"a"'}, EntityTag("a"), 0)
    <HTTPStatus.NOT_MODIFIED: 304>
    """
    reading = method in ("GET", "HEAD")
    if (if_match := fields.get("if-match")) is not None:
        if not match_etags(if_match, etag, weakly=False):
            return HTTPStatus.PRECONDITION_FAILED
    elif (since := _date(fields, "if-unmodified-since")) is not None and modified > since:
        return HTTPStatus.PRECONDITION_FAILED
    if (if_none_match := fields.get("if-none-match")) is not None:
        if reading and if_none_match.strip() == "*":
            return None
        if match_etags(if_none_match, etag, weakly=True):
            return HTTPStatus.NOT_MODIFIED if reading else HTTPStatus.PRECONDITION_FAILED
    elif reading and (since := _date(fields, "if-modified-since")) is not None:
        return HTTPStatus.NOT_MODIFIED if modified <= since else None
    return None


def evaluate_tag(fields: Mapping[str, str], etag: EntityTag) -> HTTPStatus | None:
    """Return what `evaluate` returns for what is read, and has an entity tag and no time of change.

    >>> evaluate_tag({"if-none-match": '"a"', "if-modified-since": "?"}, EntityTag("a"))
    <HTTPStatus.NOT_MODIFIED: 304>
    """
    names = ("if-match", "if-none-match")
    return evaluate("GET", {name: fields[name] for name in names if name in fields}, etag, -1)


def range_applies(if_range: str | None, etag: EntityTag, modified: int, now: float) -> bool:
    """Return whether Range applies, given the value of If-Range. RFC 9110 section 13.1.5.

    A tag must match strongly. A date must be `modified`, and so old that the file cannot have
    changed twice within its second. `modified` and `now` are in seconds since 1970.

    >>> range_applies('"a"', EntityTag("a"), 0, now=100.0)
    True
    """
    if if_range is None:
        return True
    if (tag := parse_entity_tag(if_range)) is not None:
        return not tag.weak and not etag.weak and tag == etag
    return parse_http_date(if_range.strip()) == modified and now - modified >= 1


def _date(fields: Mapping[str, str], name: str) -> int | None:
    value = fields.get(name)
    return None if value is None else parse_http_date(value.strip())
