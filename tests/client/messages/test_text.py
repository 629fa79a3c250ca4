"""Which encoding a text is in."""

from __future__ import annotations

import codecs
import encodings
import json
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.messages.text import check_encoding, encoding_of, json_encoding


@pytest.mark.parametrize(
    ("content_type", "content", "wanted"),
    [
        ("text/html; charset=utf-8", "é".encode(), "é"),
        ("text/html; charset=UTF8", "é".encode(), "é"),
        ('text/html; charset="iso-8859-1"', b"\xe9", "é"),
        ("text/html; charset=windows-1252", b"\x80", "€"),
        ("text/html; charset=windows-1251", b"\xe9", "й"),
        ("text/html; charset=koi8-u", b"\xa4", "є"),
        ("text/html; charset=cp874", b"\xa1", "ก"),
        ("text/html; charset=Shift_JIS", b"\x82\xa0", "あ"),
        ("text/html; charset=EUC-KR", b"\xb0\xa1", "가"),
        ("text/html; charset=gb18030", b"\x81\x30\x81\x30", "\x80"),
        ("text/html; charset=utf-16", "é".encode("utf-16"), "é"),
        ("text/html; charset=utf-8", b"\xef\xbb\xbfa", "a"),
        ("text/html; charset=us-ascii", b"a\xff", "a\ufffd"),
        ("text/html", b"\xef\xbb\xbfa", "a"),
        ("text/html", "é".encode("utf-16"), "é"),
        ("text/html", "é".encode("utf-32"), "é"),
        (None, "é".encode(), "é"),
        (None, b"\xff", "\ufffd"),
        (None, b"", ""),
        ("text/html; charset=", "é".encode(), "é"),
        ("text/html; charset=nothing", "é".encode(), "é"),
        ("text/html; charset=none; charset=latin-1", "é".encode(), "é"),
        ("text", "é".encode(), "é"),
    ],
)
def test_charset_mark_and_default(content_type, content, wanted):
    assert content.decode(encoding_of(content_type, content), "replace") == wanted


@pytest.mark.parametrize(
    "charset",
    [
        *("undefined", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "utf-7"),
        *("base64", "rot13", "zlib", "bz2", "hex", "uu", "quopri", "aliases", "__init__"),
        *("..", "os", "a" * 5000, "utf-8\0", "é", "./utf-8", "mbcs_codec"),
    ],
)
def test_what_is_no_encoding_of_the_web_is_passed_over(charset):
    assert encoding_of(f'text/html; charset="{charset}"', b"") == "utf-8"


@given(st.binary(max_size=20))
@pytest.mark.parametrize("name", sorted({*encodings.aliases.aliases.values()}))
def test_no_charset_that_a_server_may_name_fails(name, content):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        content.decode(encoding_of(f"text/plain; charset={name}", content), "replace")


def test_unknown_charsets_leave_nothing_behind():
    before = len(encodings._cache)
    for number in range(1000):
        assert encoding_of(f"text/html; charset=unknown-{number}", b"") == "utf-8"
    assert len(encodings._cache) == before


def test_a_function_may_find_the_encoding_out():
    seen = []

    def detect(content: bytes) -> str:
        seen.append(content)
        return "koi8-r"

    assert encoding_of("text/html", b"abc", detect) == "koi8-r"
    assert encoding_of("text/html; charset=latin-1", b"abc", detect) == "iso8859-1"
    assert encoding_of(None, codecs.BOM_UTF8, detect) == "utf-8-sig"
    assert seen == [b"abc"]


@pytest.mark.parametrize("value", ["", "a", "é", 1, 12, None, [], [1], {}, {"é": "☃"}, "☃☃"])
@pytest.mark.parametrize(
    "encoding",
    [
        *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"),
        *("utf-32", "utf-32-le", "utf-32-be"),
    ],
)
def test_json_is_read_in_each_encoding_of_unicode(value, encoding):
    content = json.dumps(value, ensure_ascii=False).encode(encoding)
    assert json.loads(content.decode(json_encoding(content))) == value


@pytest.mark.parametrize("content", [b"", b"1", b"\0", b"\0\0", b"\0\0\0\0", b"{}"])
def test_json_of_few_bytes(content):
    content.decode(json_encoding(content), "replace")


@pytest.mark.parametrize("name", ["utf-8", "UTF8", "utf-16", "latin-1", "utf-7"])
def test_an_encoding_that_python_has_may_be_set(name):
    check_encoding(name)


@pytest.mark.parametrize("name", ["utf-9", "", "base64", "idna", "a\0b", "\ud800"])
def test_a_name_of_no_encoding_of_text_is_refused(name):
    with pytest.raises(ValueError, match="expected the name of an encoding, got"):
        check_encoding(name)


def test_an_encoding_is_named_by_text():
    with pytest.raises(TypeError, match="expected the name of an encoding as str, got int"):
        check_encoding(5)
