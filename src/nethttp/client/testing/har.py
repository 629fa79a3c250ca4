"""HAR: a file of requests and responses that people, browsers and editors can read.

The format is HTTP Archive 1.2. An entry holds content as it was decoded; binary content is in
base64.
"""

from __future__ import annotations

import base64
import json
import os
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import parse_qsl, urlsplit

from ..._version import __version__
from ...errors import DecodingError
from ...whole_file import whole_file
from ...wire.fields import FieldLines
from ...wire.values import parse_media_type
from ..content.decoding import decoder_for
from ..messages.timing import Timing
from .redaction import Redaction

__all__ = ["Entry", "Exchanged", "content_of", "entry_of", "read_har", "write_har"]

Entry: TypeAlias = dict[str, Any]
"""One request and its response, as in the file."""

_MODE = 0o600
"""The file may hold what the redaction does not know: its owner alone may read it."""


class Exchanged(NamedTuple):
    """What was exchanged: the material of one entry."""

    began: datetime
    seconds: float
    """From the call to the last byte."""
    timing: Timing
    method: str
    url: str
    request_fields: FieldLines
    request_body: bytes | None
    """None: it was not kept, since it was too long."""
    version: int
    status: int
    """0: there was no response, because of `error`."""
    reason: str
    fields: FieldLines
    body: bytes | None
    """As it was received; None: it was not kept, since it was too long."""
    error: str = ""


def entry_of(exchanged: Exchanged, redaction: Redaction) -> Entry:
    """Return the entry of what was exchanged, without secrets.

    >>> from datetime import UTC
    >>> began = datetime(2026, 1, 2, tzinfo=UTC)
    >>> sent = "GET", "http://a.test/?token=b", [], b""
    >>> received = 11, 200, "OK", [], b"content"
    >>> entry = entry_of(Exchanged(began, 0.5, Timing(), *sent, *received), Redaction())
    >>> entry["request"]["url"], entry["response"]["content"]["text"]
    ('http://a.test/?token=REDACTED', 'content')
    """
    url = redaction.url(exchanged.url)
    request_fields = redaction.lines(exchanged.request_fields)
    fields = redaction.lines(exchanged.fields)
    version = "HTTP/1.0" if exchanged.version == 10 else "HTTP/1.1"
    request: Entry = {
        "method": exchanged.method,
        "url": url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": _objects(request_fields),
        "queryString": _objects(parse_qsl(urlsplit(url).query, keep_blank_values=True)),
        "headersSize": -1,
        "bodySize": -1 if exchanged.request_body is None else len(exchanged.request_body),
    }
    if exchanged.request_body:
        media_type = _field(request_fields, "content-type")
        request["postData"] = _text(exchanged.request_body, media_type, redaction)
    content, omitted = _decoded(exchanged.body, _field(fields, "content-encoding"))
    entry: Entry = {
        "startedDateTime": exchanged.began.isoformat(timespec="milliseconds"),
        "time": _milliseconds(exchanged.seconds),
        "request": request,
        "response": {
            "status": exchanged.status,
            "statusText": exchanged.reason,
            "httpVersion": version,
            "cookies": [],
            "headers": _objects(fields),
            "content": {
                "size": len(content),
                **_text(content, _field(fields, "content-type"), redaction),
                **({"comment": omitted} if omitted else {}),
            },
            "redirectURL": redaction.url(_field(fields, "location")),
            "headersSize": -1,
            "bodySize": -1 if exchanged.body is None else len(exchanged.body),
        },
        "cache": {},
        "timings": _timings(exchanged.timing),
    }
    if exchanged.error:
        entry["response"]["_error"] = exchanged.error
    return entry


def content_of(part: Entry) -> bytes:
    """Return the bytes of an entry's ``content`` or ``postData``.

    >>> content_of({"text": "Zm9v", "encoding": "base64"}), content_of({"text": "é"})
    (b'foo', b'\\xc3\\xa9')
    """
    text = part.get("text", "")
    if part.get("encoding") == "base64":
        return base64.b64decode(text)
    return str(text).encode(_charset(part.get("mimeType", "")) or "utf-8", "replace")


def write_har(path: str | os.PathLike[str], entries: list[Entry]) -> None:
    """Write a file whole, or leave what was there; its owner alone may read it."""
    document = {
        "log": {
            "version": "1.2",
            "creator": {"name": "nethttp", "version": __version__},
            "entries": entries,
        }
    }
    left = memoryview(json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n")
    with whole_file(os.fspath(path), _MODE) as file:
        while left:
            left = left[file.write(left) :]


def read_har(path: str | os.PathLike[str]) -> list[Entry]:
    """Return the entries of a file, so that they can be replayed; browsers write such files too.

    Raises:
        ValueError: the file is not HAR.
    """
    with open(path, encoding="utf-8-sig") as file:
        try:
            entries = json.load(file)["log"]["entries"]
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"expected HTTP Archive 1.2 in {os.fspath(path)}: {error}") from None
    if not isinstance(entries, list):
        raise ValueError(f"expected a list of entries in {os.fspath(path)}")
    return entries


def _objects(pairs: FieldLines) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]


def _field(fields: FieldLines, wanted: str) -> str:
    return ", ".join(value for name, value in fields if name.lower() == wanted)


def _milliseconds(seconds: float | None) -> float:
    return -1 if seconds is None else round(seconds * 1000, 3)


def _timings(timing: Timing) -> dict[str, float]:
    return {
        "blocked": _milliseconds(timing.queue),
        "dns": _milliseconds(timing.dns),
        "connect": _milliseconds(timing.connect),
        "ssl": _milliseconds(timing.tls),
        "send": _milliseconds(timing.send or 0.0),
        "wait": _milliseconds(timing.wait or 0.0),
        "receive": _milliseconds(timing.receive or 0.0),
    }


def _decoded(body: bytes | None, coding: str) -> tuple[bytes, str]:
    """Return content without its codings, and why it is not there or still has them."""
    if body is None:
        return b"", "not kept: it is too long"
    try:
        decoder = decoder_for(coding)
        content = b"".join(decoder.decode(body))
        decoder.finish()
    except DecodingError as error:
        return body, str(error)
    return content, ""


def _text(content: bytes, media_type: str, redaction: Redaction) -> Entry:
    """Return content as text if its charset has it, else in base64."""
    parsed = parse_media_type(media_type)
    try:
        text = content.decode(_charset(media_type) or "utf-8")
    except (UnicodeDecodeError, LookupError):
        encoded = base64.b64encode(content).decode("ascii")
        return {"mimeType": media_type, "text": encoded, "encoding": "base64"}
    return {
        "mimeType": media_type,
        "text": redaction.text(text, "" if parsed is None else parsed[0]),
    }


def _charset(media_type: str) -> str:
    parsed = parse_media_type(media_type)
    return "" if parsed is None else parsed[1].get("charset", "")
