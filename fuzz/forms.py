"""Forms (multipart/form-data): read alike in whatever pieces they arrive, and as multipart does."""

from __future__ import annotations

import multipart
from hypothesis import strategies as st

from nethttp.server.files.forms import END_OF_PART, FormParser, Part
from nethttp.server.files.refusal import Refusal

__all__ = ["SEEDS", "STRATEGY", "check_form"]

#: The names of a part's field and file, and its content.
Found = list[tuple[str, str | None, bytes]]

_TWO_PARTS = (
    b'--x\r\nContent-Disposition: form-data; name="a"; filename="f"\r\n'
    b"Content-Type: text/plain\r\n\r\none\r\n--x\r\n"
    b'content-disposition: form-data; name=b; filename="%22"\r\n\r\n\r\n--x--'
)

_ODD = (
    b"preamble\r\n--x  \r\nA: b\r\nContent-Disposition: form-data;name=c\r\n\r\n"
    b"\r\n--y\r\n--x--\r\n"
)

SEEDS = (
    b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--x--\r\n',
    _TWO_PARTS,
    _ODD,
)

_PIECES = (
    *(
        b"--x",
        b"\r\n--x",
        b"\r\n--x--",
        b"\r\n",
        b"\r\n\r\n",
        b"--",
        b"x",
        b"\r",
        b"\n",
        b" ",
        b"y",
    ),
    *(b"Content-Disposition: form-data", b'; name="a"', b"; name=a", b'; filename="f"', b";", b'"'),
    *(b"\\", b"%22", b"\xff", b"\xc3\xa4", b"Content-Type: text/plain", b"; filename*=UTF-8''f"),
)

_PARTS = st.tuples(st.binary(max_size=20), st.booleans()).map(
    lambda part: (
        b'--x\r\nContent-Disposition: form-data; name="a"'
        + (b'; filename="f"' if part[1] else b"")
        + b"\r\n\r\n"
        + part[0]
        + b"\r\n"
    )
)

STRATEGY = st.one_of(
    st.lists(_PARTS, max_size=3).map(lambda parts: b"".join(parts) + b"--x--"),
    st.lists(st.one_of(_PARTS, st.sampled_from(_PIECES)), max_size=12).map(b"".join),
)


def check_form(data: bytes) -> None:
    """Check that a form means the same in any pieces, and to multipart if both accept it."""
    found = _by_nethttp(data, len(data) or 1)
    for size in (1, 2, 3, 7, 16):
        other = _by_nethttp(data, size)
        assert found == other, f"{found!r} in one piece, {other!r} in pieces of {size}"
    theirs = _by_multipart(data)
    # multipart ends the parameters at a tab.
    if found is not None and theirs is not None and b"\t" not in data:
        assert list(map(_plain, found)) == list(map(_plain, theirs)), f"{found!r}, {theirs!r}"


def _plain(part: tuple[str, str | None, bytes]) -> tuple[str, str | None, bytes]:
    """Return a part, without names that have escapes: programs take these apart in several ways."""
    name, filename, content = part
    both = name + (filename or "")
    return part if both.isascii() and not set(both) & set("\\%/\"'") else ("", None, content)


def _by_nethttp(data: bytes, size: int) -> Found | None:
    """Return the parts of a form that arrives in pieces of `size` bytes, None if it is none."""
    parser = FormParser("x")
    found: Found = []
    try:
        for at in range(0, len(data), size):
            for event in parser.feed(data[at : at + size]):
                if isinstance(event, Part):
                    found.append((event.name, event.filename, b""))
                elif event is not END_OF_PART:
                    assert isinstance(event, bytes)
                    name, filename, content = found[-1]
                    found[-1] = name, filename, content + event
        parser.close()
    except Refusal:
        return None
    return found


def _by_multipart(data: bytes) -> Found | None:
    """Return the parts that multipart finds, None if it finds no form."""
    found: Found = []
    try:
        with multipart.PushMultipartParser("x", strict=True) as parser:
            for event in (*parser.parse(data), *parser.parse(b"")):
                if isinstance(event, multipart.MultipartSegment):
                    found.append((event.name, event.filename, b""))
                elif event:
                    name, filename, content = found[-1]
                    found[-1] = name, filename, content + bytes(event)
    except (multipart.MultipartError, UnicodeError):
        return None
    return found
