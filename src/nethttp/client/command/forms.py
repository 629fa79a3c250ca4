"""The parts of a form, as -F has them: ``name=value``, ``name=@file;type=image/png``."""

from __future__ import annotations

import os
import re
from typing import Final, NamedTuple

from ...errors import excerpt
from .failures import Failure

__all__ = ["FormPart", "form_part"]

#: Where a part's own options begin. Any other semicolon belongs to the value, which is sent whole.
_OPTION: Final = re.compile(r"[ \t]*;[ \t]*(?=(?:type|filename)=)")
_MEDIA_TYPE: Final = re.compile(r"[^\s/;]+/[^\s/;]+(?:[ \t]*;.*)?")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)


class FormPart(NamedTuple):
    """A part of a form: a field, or a file, whose `value` is its path."""

    name: str
    value: str
    is_file: bool
    media_type: str | None
    """None: that of a file follows from its name; a field has none."""
    file_name: str | None
    """What the part says; None: it is a field."""


def form_part(line: str) -> FormPart:
    """Return the part that a value of -F describes.

    >>> form_part("photo=@cats/tom.png;type=image/x")
    FormPart(name='photo', value='cats/tom.png', is_file=True, media_type='image/x', \
file_name='tom.png')
    >>> form_part("note=a;b").value
    'a;b'

    Raises:
        Failure: there is no ``=``, or what follows ``;type=`` is no media type.
    """
    name, equals, described = line.partition("=")
    if not equals:
        raise Failure(f"expected NAME=VALUE after -F, got {excerpt(line)}")
    is_file = described.startswith("@")
    value, *options = _OPTION.split(described.removeprefix("@"))
    given = dict(option.split("=", 1) for option in options)
    media_type = given.get("type")
    if media_type is not None and not _MEDIA_TYPE.fullmatch(media_type):
        raise Failure(
            f"expected a media type such as image/png after ;type=, got {excerpt(media_type)}"
        )
    if is_file:
        value = _unquoted(value)
    file_name = _unquoted(given["filename"]) if "filename" in given else None
    if is_file and file_name is None:
        file_name = os.path.basename(value)
    return FormPart(name, value, is_file, media_type, file_name)


def _unquoted(text: str) -> str:
    m = _QUOTED.fullmatch(text)
    return text if m is None else re.sub(r"\\(.)", r"\1", m[1], flags=re.DOTALL)
