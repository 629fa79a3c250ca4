"""What reaches a terminal."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.command.terminal import colours, pretty_json, safe_text, text_writer


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("plain ä\t\n", "plain ä\t\n"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("a\rb", "a\\x0db"),
        ("a\r\nb", "a\nb"),
        ("\x9b31m", "\\x9b31m"),
        ("\x00\x7f", "\\x00\\x7f"),
        ("\u202eevil\u200f", "\\u202eevil\\u200f"),
        ("\ud800", "\\ud800"),
    ],
)
def test_control_characters_are_escaped(text, safe):
    assert safe_text(text) == safe


@given(st.text(), st.lists(st.integers(1, 5)))
def test_pieces_are_the_same_as_the_whole(text, sizes):
    shown: list[str] = []
    write = text_writer(shown.append, "utf-8")
    data = text.encode()
    for size in sizes:
        if data:
            write(data[:size])
            data = data[size:]
    if data:
        write(data)
    write(b"")
    assert "".join(shown) == safe_text(text)


def test_bytes_of_no_encoding_are_shown_as_such():
    shown: list[str] = []
    write = text_writer(shown.append, "no-such-encoding")
    write(b"a\xff")
    write(b"")
    assert "".join(shown) == "a\ufffd"


def test_json_is_laid_out():
    assert pretty_json(b'{"a": "\xc3\xa4"}') == '{\n  "a": "ä"\n}'
    odd = b'{"n":1e400,"n":-0.0,"n":12345678901234567890123,"e":[ ],"o":{},"s":"\\u00e4\\",["}'
    assert pretty_json(odd).splitlines() == [
        "{",
        '  "n": 1e400,',
        '  "n": -0.0,',
        '  "n": 12345678901234567890123,',
        '  "e": [],',
        '  "o": {},',
        '  "s": "ä\\",["',
        "}",
    ]
    assert pretty_json(b"{") is None
    assert pretty_json(b"[" * 100_000) is None


def test_no_colours_without_a_terminal(monkeypatch):
    assert colours(io.StringIO()) is None
    terminal = io.StringIO()
    terminal.isatty = lambda: True  # type: ignore[method-assign]
    assert colours(terminal) is not None
    monkeypatch.setenv("NO_COLOR", "1")
    assert colours(terminal) is None


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
)


@given(VALUES, st.sampled_from([None, 0, 3]), st.booleans())
def test_json_is_laid_out_as_python_does(value, indent, ascii_alone):
    content = json.dumps(value, indent=indent, ensure_ascii=ascii_alone).encode()
    assert pretty_json(content) == json.dumps(value, indent=2, ensure_ascii=False)
