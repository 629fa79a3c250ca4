"""What reaches a terminal: text without control sequences, JSON and fields in colour.

A response's bytes are another's: escape sequences in them could retitle the window, hide text or
answer as if the user had typed. So every control character but tab and line end is shown escaped.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Callable, Iterable
from typing import Any, TextIO

__all__ = ["MAX_PRETTY", "colours", "pretty_json", "safe_text", "text_writer"]

MAX_PRETTY = 1024 * 1024
"""The most bytes of JSON that are laid out and coloured; longer ones are printed as they came."""

#: C0 without tab and line feed, DEL, C1; what turns the direction of text around; and halves of
#: surrogate pairs, which JSON may escape and no terminal's encoding has.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def safe_text(text: str) -> str:
    r"""Return the text with each control character escaped, but tabs and line ends as they are.

    >>> safe_text("a\tb\r\n\x1b[31mred")
    'a\tb\n\\x1b[31mred'
    """
    return _CONTROLS.sub(lambda m: _escaped(ord(m[0])), text.replace("\r\n", "\n"))


def _escaped(code: int) -> str:
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def text_writer(write: Callable[[str], object], encoding: str) -> Callable[[bytes], None]:
    """Return a function that decodes pieces of a text and passes them on without controls.

    An empty piece ends the text. Bytes that are not in the encoding become U+FFFD.

    >>> shown = []
    >>> piece = text_writer(shown.append, "utf-8")
    >>> piece("ä".encode()[:1]), piece("ä".encode()[1:]), piece(b"")
    (None, None, None)
    >>> "".join(shown)
    'ä'
    """
    try:
        decoder = codecs.getincrementaldecoder(encoding)("replace")
    except LookupError:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
    kept = ""

    def take(piece: bytes) -> None:
        nonlocal kept
        text = kept + decoder.decode(piece, final=not piece)
        # The line end of "\r\n" may be split between two pieces.
        kept = "\r" if piece and text.endswith("\r") else ""
        write(safe_text(text.removesuffix("\r") if kept else text))

    return take


def colours(stream: TextIO) -> Any | None:
    """Return a console of the extra `rich` for a terminal; None: no terminal, no rich, or NO_COLOR.

    https://no-color.org says what NO_COLOR means.

    >>> import io
    >>> colours(io.StringIO()) is None
    True
    """
    if not stream.isatty() or os.environ.get("NO_COLOR"):
        return None
    try:
        from rich.console import Console  # an extra
    except ImportError:
        return None
    return Console(file=stream, highlight=False, soft_wrap=True)


def pretty_json(content: bytes) -> str | None:
    """Return JSON laid out over lines, None if the content is not JSON.

    Numbers stay as they were written, and so do names that occur twice; only texts lose the escapes
    that they do not need.

    >>> print(pretty_json(b'{"a":[1]}'))
    {
      "a": [
        1
      ]
    }
    """
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return None
    tokens = _TOKEN.findall(content.decode(json.detect_encoding(content)))
    lines, level = [""], 0
    for before, token in zip(["", *tokens], tokens, strict=False):
        closes = token in "]}"
        level -= closes
        if (
            (before and before in "[{" and not closes)
            or before == ","
            or (closes and before not in "[{")
        ):
            lines.append("  " * level)
        level += token in "[{"
        text = json.dumps(json.loads(token), ensure_ascii=False) if token[0] == '"' else token
        lines[-1] += ": " if token == ":" else text
    return "\n".join(lines)


#: A text, a mark, or a number or name, of JSON that is known to be well formed. RFC 8259 section 2.
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{},:]|[^\s\[\]{},:"]+')


def print_json(console: Any, text: str) -> None:
    """Print JSON text in colour."""
    from rich.syntax import Syntax  # an extra

    console.print(Syntax(safe_text(text), "json", theme="ansi_dark", background_color="default"))


def print_fields(console: Any, first: str, fields: Iterable[tuple[str, str]]) -> None:
    """Print a start line and fields in colour."""
    from rich.text import Text  # an extra

    console.print(Text(safe_text(first), style="bold"))
    for name, value in fields:
        line = Text(safe_text(name), style="cyan")
        line.append(": ", style="dim").append(safe_text(value), style="default")
        console.print(line)
