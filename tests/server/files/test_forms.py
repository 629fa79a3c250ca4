"""multipart/form-data, in every way that it can be cut into pieces, and as it must not be."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.server.files import forms
from nethttp.server.files.forms import END_OF_PART, FormParser, Part, boundary_of
from nethttp.server.files.refusal import Refusal


def part(content: bytes, disposition: bytes = b'form-data; name="a"; filename="f"') -> bytes:
    return b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + content + b"\r\n"


def parse(form: bytes, size: int = 1 << 20, boundary: str = "x") -> list[tuple[Part, bytes]]:
    """Return the parts of a form that arrives in pieces of `size` bytes."""
    parser, found, content = FormParser(boundary), [], b""
    for at in range(0, len(form), size):
        for event in parser.feed(form[at : at + size]):
            if isinstance(event, Part):
                found.append(event)
                content = b""
            elif event is END_OF_PART:
                found[-1] = (found[-1], content)
            else:
                assert event
                content += event
    parser.close()
    return found


@given(
    st.lists(
        st.lists(st.sampled_from([b"\r", b"\n", b"-", b"x", b"--", b"\r\n--", b"\r\n", b"y"])),
        max_size=4,
    ),
    st.integers(1, 40),
    st.sampled_from([b"", b"\r\n", b"preamble\r\n"]),
)
def test_every_content_in_every_piece(contents, size, before):
    joined = [b"".join(pieces) for pieces in contents]
    joined = [content for content in joined if b"\r\n--x" not in b"\r\n" + content + b"\r\n"]
    form = before + b"".join(map(part, joined)) + b"--x--\r\nepilogue"
    assert parse(form, size) == [(Part("a", "f"), content) for content in joined]


@pytest.mark.parametrize(
    ("disposition", "expected"),
    [
        (b'form-data; name="a"', Part("a", None)),
        (b"form-data; name=a; filename=b", Part("a", "b")),
        (b'form-data; filename="b";name="a"', Part("a", "b")),
        (b'FORM-DATA ; NAME="a"', Part("a", None)),
        (b'form-data; name="a"; filename="%22%0D%0A%41"', Part("a", '"\r\n%41')),
        (rb'form-data; name="a"; filename="q\"\\q"', Part("a", 'q"\\q')),
        (rb'form-data; name="a"; filename="C:\dir\f"', Part("a", r"C:\dir\f")),
        ('form-data; name="é"; filename="日本"'.encode(), Part("é", "日本")),
        (b'form-data; name="a"; filename="\xff"', Part("a", "\udcff")),
        (b'form-data; name="a"; filename=""', Part("a", "")),
        (b'form-data; name="a"; filename="x;y"', Part("a", "x;y")),
    ],
)
def test_names(disposition, expected):
    assert parse(part(b"", disposition) + b"--x--") == [(expected, b"")]


@pytest.mark.parametrize(
    ("form", "status"),
    [
        (b"", 400),
        (b"--x", 400),
        (b"--x\r\n", 400),
        (part(b"c"), 400),
        (b"--x junk\r\n", 400),
        (b"--x" + b" " * 2000, 400),
        (b"junk" * 1000, 400),
        (b"--x\r\n\r\nc\r\n--x--", 400),
        (b"--x\r\nno field\r\n\r\n", 400),
        (b"--x\r\nContent-Type: text/plain\r\n\r\n", 400),
        (part(b"", b"attachment; name=a"), 400),
        (part(b"", b"form-data; filename=a"), 400),
        (part(b"", b'form-data; name="a" junk'), 400),
        (part(b"", b"form-data; name=a; name=b"), 400),
        (part(b"", b"form-data; name=a; filename=b; FILENAME=c"), 400),
        (part(b"", b"form-data; name=a\r\nContent-Disposition: form-data; name=b"), 400),
        (part(b"", b"form-data; name=a\r\nContent-Transfer-Encoding: base64"), 400),
        (b"--x\r\nContent-Disposition: form-data; name=a\r\n\r\n--x--", 400),
        (part(b"", b"form-data; name=a; filename="), 400),
        (part(b"", b"form-data; name=a=b"), 400),
        (b"--x\r\n" + b"a" * 10_000, 413),
        (b"--x\r\n" + b"a: b\r\n" * 20 + b"\r\n", 413),
    ],
)
@pytest.mark.parametrize("size", [1, 7, 1 << 20])
def test_what_is_no_form(form, status, size):
    with pytest.raises(Refusal) as refused:
        parse(form, size)
    assert refused.value.status == status


def test_hole_23_the_number_of_parts(monkeypatch):
    monkeypatch.setattr(forms, "MAX_PARTS", 3)
    assert len(parse(part(b"") * 3 + b"--x--")) == 3
    with pytest.raises(Refusal) as refused:
        parse(part(b"") * 4 + b"--x--")
    assert refused.value.status == 413


@pytest.mark.parametrize("content", [b"c", b"\r", b"\r\n", b"\r\n--", b"\r\n-\r\n--"])
def test_hole_23_a_large_part_takes_no_memory_and_linear_time(content):
    parser = FormParser("x")
    list(parser.feed(part(b"")[:-2]))
    piece = content * (65536 // len(content))
    tracemalloc.start()
    try:
        total = sum(len(event) for _ in range(50) for event in parser.feed(piece))
        assert tracemalloc.get_traced_memory()[1] < 10 * len(piece)
    finally:
        tracemalloc.stop()
    assert 50 * len(piece) - total < 10


@pytest.mark.parametrize(
    ("value", "status"),
    [
        ("text/plain", 415),
        ("", 415),
        ("multipart/form-data", 400),
        ('multipart/form-data; boundary="é"', 400),
        ("multipart/form-data; boundary=" + "x" * 71, 400),
    ],
)
def test_what_has_no_boundary(value, status):
    with pytest.raises(Refusal) as refused:
        boundary_of(value)
    assert refused.value.status == status
