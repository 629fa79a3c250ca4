"""What ``content=``, ``data=``, ``files=`` and ``json=`` stand for, as in requests and httpx.

>>> body_from_arguments(json=[1, 2])
(b'[1,2]', 'application/json')
>>> body_from_arguments(data={"a": "b"})
(b'a=b', 'application/x-www-form-urlencoded')
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, cast

from .forms import FORM_TYPE, JSON_TYPE, FormData, form_body, json_body
from .multipart import Files, MultipartBody, boundary_in
from .upload import Body, BytesBody, Content, Progress, WithProgress, body_of

__all__ = ["body_from_arguments"]


def body_from_arguments(
    *,
    content: Content | None = None,
    data: FormData | Content | None = None,
    files: Files | None = None,
    json: Any = None,
    content_type: str | None = None,
    dumps: Callable[[Any], str | bytes] | None = None,
    progress: Progress | None = None,
) -> tuple[bytes | Body | None, str | None]:
    """Return the body of a request, and the Content-Type that it is to be sent with, or None.

    `data` is a form if it is a mapping or a list of pairs, else the same as `content`, as in
    requests. `files` make a ``multipart/form-data`` of both. The program's own `content_type` stays
    (then None is returned), and its boundary is used; without the boundary that `files` need, it is
    replaced. An empty `data`, or empty `files`, are as if they were not given.
    Bytes are returned as they are, unless `progress` is to be told.

    Raises:
        TypeError: more than one of content, data or files, and json; or a value of another type.
        LocalProtocolError: the boundary is invalid.
        ValueError: the value has no form in JSON.
    """
    form, content = _form_or_content(data, content)
    given = [
        name
        for name, there in (
            ("content", content is not None),
            ("data or files", bool(form or files)),
            ("json", json is not None),
        )
        if there
    ]
    if len(given) > 1:
        raise TypeError(f"expected one of content, data or files, and json, got {given}")
    body: bytes | Body | None = None
    implied = None
    boundary = boundary_in(content_type)
    if files:
        body = MultipartBody(form or (), files, boundary=boundary)
        implied = body.content_type
    elif form:
        body, implied = form_body(form), FORM_TYPE
    elif json is not None:
        body, implied = json_body(json, dumps), JSON_TYPE
    elif isinstance(content, Body):
        body = content
    elif content is not None:
        body = body_of(content)
    if isinstance(body, BytesBody):
        body = body.data
    if progress is not None and body is not None:
        body = WithProgress(BytesBody(body) if isinstance(body, bytes) else body, progress)
    if content_type is not None and not (files and boundary is None):
        implied = None
    return body, implied


def _form_or_content(
    data: FormData | Content | None, content: Content | None
) -> tuple[FormData | None, Content | None]:
    if data is None:
        return None, content
    if _is_form(data):
        return cast(FormData, data), content
    if content is not None:
        raise TypeError("expected content or data, got both")
    return None, cast(Content, data)


def _is_form(data: FormData | Content) -> bool:
    if isinstance(data, list | tuple):
        # A list of pairs is a form; a list of bytes is content.
        return not data or not isinstance(data[0], bytes | bytearray | memoryview)
    return isinstance(data, Mapping)
