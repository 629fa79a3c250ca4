"""Morsel, BaseCookie, SimpleCookie: what is read, and what is refused to be written."""

from __future__ import annotations

import copy
import pickle
import re
import sys
import time
import urllib.parse
import weakref
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nethttp.cookies
from nethttp.cookies import (
    BaseCookie,
    CookieError,
    Morsel,
    SimpleCookie,
)
from nethttp.wire.h1._cookie_py import _cookie_pattern

#: 3.15 warns of them, which test_overrides.py tests.
pytestmark = pytest.mark.filterwarnings("ignore:.*js_output is deprecated:DeprecationWarning")

#: How a script holds a cookie: as in this Python's own module.
PERCENT_ENCODED = sys.version_info >= (3, 14)

CONTROLS = ["a\r\nX: y", "a\nb", "a\0b", "a\x1fb", "a\x7f"]


@pytest.mark.parametrize(
    ("field", "name", "value"),
    [
        ('a={"json": [1, "x"]}', "a", '{"json": [1, "x"]}'),
        ("a=b c", "a", "b c"),
        ("a=", "a", ""),
        ("a=b=c", "a", "b=c"),
        ('a="b;c"', "a", "b;c"),
        ('a="b"c', "a", '"b"c'),
        ('a="b\\073"', "a", "b;"),
        ("a=\u00e9", "a", "\u00e9"),
        ("a=1; a=2", "a", "2"),
        ("  a  =  b  ", "a", "b"),
        ("__Host-a=b", "__Host-a", "b"),
    ],
)
def test_what_peers_send_is_read(field, name, value):
    assert SimpleCookie(field)[name].value == value


def test_attributes_belong_to_the_cookie_before():
    cookies = SimpleCookie('a=1; Path=/x; $Domain="d"; Secure; unknown=2; HttpOnly; partitioned')
    assert cookies["a"]["path"] == "/x"
    assert cookies["a"]["domain"] == "d"
    assert cookies["a"]["secure"] is True
    assert cookies["unknown"]["httponly"] is True
    assert cookies["unknown"]["partitioned"] is True
    assert cookies["a"]["httponly"] == ""


@pytest.mark.parametrize("bad", ["bad", "=2", "b c=2", "b=\x01", 'b="\\\x01"', "b=\t\x7f"])
def test_an_attribute_of_a_cookie_passed_over_goes_with_it(bad):
    cookies = SimpleCookie(f"a=1; {bad}; Path=/x; c=3")
    assert list(cookies) == ["a", "c"]
    assert cookies.output(sep="\n") == "Set-Cookie: a=1\nSet-Cookie: c=3"


@given(st.text(alphabet='abc=;" \\,\t$[]{}\x01\u00e9', max_size=60))
def test_nothing_that_a_peer_sends_raises(field):
    for name, morsel in SimpleCookie(field).items():
        assert morsel.key == name
        assert name


@given(st.text(st.characters(max_codepoint=0xFF), max_size=30))
def test_what_is_written_reads_back(value):
    cookies = SimpleCookie()
    cookies["name"] = value
    line = cookies.output(header="").strip()
    assert SimpleCookie(line)["name"].value == value
    assert not set(line) & set("\r\n\0")


@pytest.mark.parametrize("text", CONTROLS)
class TestControls:
    """CVE-2026-0672, CVE-2026-3644: by whatever way they try to get in."""

    def test_cve_2026_0672_in_set(self, text):
        for arguments in ((text, "v", "v"), ("k", text, text), ("k", text, "v"), ("k", "v", text)):
            with pytest.raises(CookieError):
                Morsel().set(*arguments)

    def test_cve_2026_0672_in_attributes(self, text):
        morsel = Morsel()
        morsel.set("k", "v", "v")
        for change in (
            lambda: morsel.__setitem__("path", text),
            lambda: morsel.setdefault("path", text),
            lambda: morsel.update({"domain": "fine", "path": text}),
            lambda: morsel.__ior__({"path": text}),
            lambda: morsel.__setitem__(text, "v"),
            lambda: morsel.update([("domain", "fine"), ("path", text)]),
        ):
            with pytest.raises(CookieError):
                change()
        assert morsel.output() == "Set-Cookie: k=v", "all or nothing"

    def test_cve_2026_3644_in_setstate(self, text):
        with pytest.raises(CookieError):
            Morsel().__setstate__({"key": text, "value": "v", "coded_value": "v"})
        with pytest.raises(CookieError):
            Morsel().__setstate__({"key": "k", "value": "v", "coded_value": text})
        with pytest.raises(CookieError):
            Morsel().__setstate__({"key": "k", "value": text, "coded_value": "v"})

    def test_cve_2026_3644_in_output_and_js_output(self, text):
        morsel = Morsel()
        morsel.set("k", "v", "v")
        dict.__setitem__(morsel, "path", text)
        for write in (morsel.output, morsel.js_output, morsel.OutputString):
            with pytest.raises(CookieError):
                write()
        cookies = SimpleCookie()
        cookies["k"] = morsel
        for write in (cookies.output, cookies.js_output):
            with pytest.raises(CookieError):
                write()
        assert repr(morsel).isprintable(), "what is looked at for debugging neither raises nor lies"

    def test_aiohttp_12395_what_its_coded_value_escapes_is_no_danger(self, text):
        cookies = SimpleCookie()
        cookies["k"] = text
        for clone in (cookies["k"].copy(), pickle.loads(pickle.dumps(cookies["k"]))):
            assert clone.value == text
            assert clone.output().isprintable()

    def test_a_peers_escape_hides_none_in_an_attribute(self, text):
        escaped = "".join(f"\\{ord(c):03o}" for c in text)
        cookies = SimpleCookie(f'a=b; path="{escaped}"; domain=fine')
        assert cookies.output() == "Set-Cookie: a=b; Domain=fine"

    def test_gh_143919_gh_145599_from_a_peer_are_passed_over(self, text):
        cookies = SimpleCookie(f"good=1; bad={text}; fine=2")
        if "\n" in text:
            # Lines are read one after the other: what ends one is in no value.
            assert cookies.pop("bad").value == "a"
        assert list(cookies) == ["good", "fine"]

    def test_base_cookie_values(self, text):
        with pytest.raises(CookieError):
            BaseCookie()["a"] = text


def test_gh_154546_load_of_a_mapping_takes_all_or_nothing():
    cookies = SimpleCookie("kept=1")
    kept = cookies["kept"]
    with pytest.raises(CookieError):
        cookies.load({"kept": "2", "new": "1", "bad name": "2"})
    assert list(cookies) == ["kept"]
    assert kept.value == "1"
    cookies.load({"new": "1"})
    assert cookies["new"].value == "1"


def test_gh_154546_load_of_a_field_with_an_invalid_name_or_attribute_keeps_the_valid():
    cookies = SimpleCookie("kept=1")
    cookies.load("a=1; b c=2; $foo=3; d=4")
    assert {name: morsel.value for name, morsel in cookies.items()} == {
        "kept": "1",
        "a": "1",
        "d": "4",
    }


def test_a_subclass_loads_mappings_whatever_its_constructor_and_setter():
    class Logging(SimpleCookie):
        def __init__(self, log):
            super().__init__()
            self.log = log

        def __setitem__(self, key, value):
            self.log.append(key)
            super().__setitem__(key, value)

    log = []
    cookies = Logging(log)
    morsel = Morsel()
    morsel.set("m", "1", "1")
    cookies.load({"a": "b", "m": morsel})
    assert log == ["a", "m"]
    assert cookies["m"] is morsel


def test_a_subclass_is_asked_to_decode_every_value():
    class Upper(SimpleCookie):
        def value_decode(self, val):
            return val.upper(), val

    morsel = Upper("a=b; c=d")["a"]
    assert (morsel.value, morsel.coded_value) == ("B", "b")


def test_a_replaced_decoder_is_asked(monkeypatch):
    monkeypatch.setattr(SimpleCookie, "value_decode", lambda _, val: (val.upper(), val))
    assert SimpleCookie("a=b")["a"].value == "B"


def test_base_cookie_leaves_quotes():
    assert BaseCookie('a="b"')["a"].value == '"b"'


def test_nothing_in_a_script_ends_it():
    cookies = SimpleCookie()
    cookies["a"] = "</script><script>alert(1)"
    script = cookies.js_output()
    assert script.count("</script>") == 1
    assert ("%3C%2Fscript%3E" if PERCENT_ENCODED else "\\u003c/script>") in script


def test_a_script_says_what_the_field_says():
    cookies = BaseCookie()
    cookies["a"] = '"\\054' + "\u2028\u2029" + '<"'
    if PERCENT_ENCODED:
        text = re.search(r'document.cookie = decodeURIComponent\("(.*)"\);', cookies.js_output())
        assert urllib.parse.unquote(text[1]) == cookies.output(header="").strip()
    else:
        assert r'document.cookie = "a=\"\\054\u2028\u2029\u003c\"";' in cookies.js_output()


class Rude:
    def __str__(self):
        return "/; Domain=evil.example"


@pytest.mark.parametrize("value", [str(Rude()), Rude()], ids=["text", "object"])
def test_an_attribute_cannot_begin_another(value):
    morsel = Morsel()
    morsel.set("a", "b", "b")
    morsel["path"] = value
    for write in (morsel.output, morsel.js_output):
        with pytest.raises(CookieError, match="no ';' in an attribute"):
            write()
    assert "evil" in repr(morsel)


@pytest.mark.parametrize(
    "value", ["1; Domain=evil", '"1"; Domain=evil', '"1; Domain=evil', '"1\\";']
)
def test_a_value_cannot_begin_an_attribute(value):
    cookies = BaseCookie()
    cookies["a"] = value
    with pytest.raises(CookieError, match="only in a quoted cookie value"):
        cookies.output()


def test_an_empty_value_is_written_in_quotes():
    """As the stdlib does: programs that take a cookie back compare with it."""
    cookies = SimpleCookie()
    cookies["a"] = ""
    assert cookies.output() == 'Set-Cookie: a=""'
    assert SimpleCookie('a=""')["a"].value == ""


def test_an_error_shows_little_of_a_long_name():
    name = "[" * 4999 + ","
    with pytest.raises(CookieError, match="5000 bytes") as caught:
        SimpleCookie(f"{name}=1")[name].output()
    assert len(str(caught.value)) < 200


def test_a_lines_end_is_no_part_of_its_last_cookie():
    cookies = SimpleCookie("a=b; c=d\r\n")
    assert cookies["c"].value == "d"


def test_same_site_is_checked_when_written():
    morsel = Morsel()
    morsel.set("a", "b", "b")
    for value in ("Lax", "strict", "NONE"):
        morsel["samesite"] = value
        assert f"SameSite={value}" in morsel.output()
    morsel["samesite"] = "sometimes"
    with pytest.raises(CookieError, match="Strict, Lax or None"):
        morsel.output()


def test_partitioned_on_every_python():
    morsel = Morsel()
    morsel.set("a", "b", "b")
    morsel["partitioned"] = True
    assert morsel.output() == "Set-Cookie: a=b; Partitioned"


def test_copies_and_pickles():
    cookies = SimpleCookie("a=1; b=2; path=/")
    for clone in (pickle.loads(pickle.dumps(cookies)), copy.deepcopy(cookies)):
        assert clone.output() == cookies.output()
        assert isinstance(clone["b"], Morsel)
    assert cookies["b"].copy() == cookies["b"]
    assert cookies["b"] != cookies["a"]
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(cookies["b"], protocol)) == cookies["b"]


def test_a_morsel_is_an_object_like_others():
    morsel = SimpleCookie("a=b")["a"]
    morsel.seen = True
    assert weakref.ref(morsel)() is morsel
    assert morsel.seen
    assert morsel.keys() == Morsel().keys()


# --- time ----------------------------------------------------------------------------------------

BIG = 400_000


@contextmanager
def linear_time():
    """Linear work on `BIG` characters takes well under a second; quadratic takes minutes."""
    began = time.process_time()
    yield
    assert time.process_time() - began < 10


def repeats(parsed):
    """Yield the opcode of every unbounded repeat in a parsed pattern."""
    for op, argument in parsed:
        if isinstance(argument, tuple) and argument[1:2] == (re._constants.MAXREPEAT,):
            yield op
        for part in argument if isinstance(argument, tuple | list) else [argument]:
            for piece in part if isinstance(part, list) else [part]:
                if isinstance(piece, re._parser.SubPattern):
                    yield from repeats(piece)


def test_cve_2024_7592_gh_149028_no_pattern_can_backtrack():
    rooms = [nethttp.cookies.date, nethttp.cookies.field, nethttp.cookies.morsel]
    rooms += [nethttp.cookies.setcookie, nethttp.cookies.simple]
    patterns = [
        value for room in rooms for value in vars(room).values() if isinstance(value, re.Pattern)
    ]
    patterns.append(_cookie_pattern())
    found = [
        op
        for pattern in patterns
        for op in repeats(re._parser.parse(pattern.pattern, pattern.flags))
    ]
    assert len(found) >= 20, "the walk sees them"
    assert set(found) == {re._constants.POSSESSIVE_REPEAT}


@pytest.mark.parametrize(
    "field",
    [
        'a="' + "\\" * BIG,
        'a="' + "\\\\" * BIG + '"',
        'a="' + '\\"' * BIG,
        'a="' * BIG,
        '"' * BIG,
        ";" * BIG,
        " " * BIG,
        "a=" + " " * BIG + "b",
        'a=" ' * BIG,
        "a=b; " * (BIG // 10),
        "=" * BIG,
        'a="b" ' * (BIG // 10),
        'a="b;' * (BIG // 5),
        'a="\\";' * (BIG // 6),
        'a="b" x;' * (BIG // 8),
        "a=b " + " " * BIG + "\x01",
        "a" + " \t" * (BIG // 2) + "x=y",
        "a=" + "b " * (BIG // 2) + "\x01",
        "a=b; " + "path=x; " * (BIG // 8),
        "a=b; $" * (BIG // 6),
    ],
    ids=lambda field: repr(field[:6]),
)
def test_cve_2024_7592_gh_149028_tornado_2024_52804_reading_takes_linear_time(field):
    """Hundreds of kilobytes of it: what backtracks, or looks from every quote to the end, hangs."""
    with linear_time():
        SimpleCookie(field)


def test_cve_2024_7592_backslash_quoted_cookie_is_linear():
    for escaped, plain in (("\\134", "\\"), ('\\"', '"'), ("\\\\", "\\"), ("\\x", "x")):
        with linear_time():
            cookies = SimpleCookie('a="' + escaped * BIG + '"')
        assert cookies["a"].value == plain * BIG


def test_cve_2024_7592_writing_is_linear():
    cookies = SimpleCookie()
    with linear_time():
        cookies["a"] = '\\";' * BIG
        line = cookies.output()
        cookies.js_output()
    assert line.count("\\073") == BIG


def test_werkzeug_2023_23934_a_nameless_cookie_becomes_no_other():
    assert "__Host-x" not in SimpleCookie("=__Host-x=bad; a=b")


# --- what peers called their cookies -------------------------------------------------------------


@pytest.mark.parametrize("name", ["/Common/app~pool", "odd/name", "f(g)", "[x]", "a@b", "{c}", "é"])
def test_a_peers_name_goes_back_as_it_came(name):
    morsel = Morsel()
    # As aiohttp puts them in.
    morsel.__setstate__({"key": name, "value": "1", "coded_value": "1"})
    morsel["path"] = "/"
    assert morsel.OutputString() == f"{name}=1; Path=/"
    assert morsel.output(header="", attrs=[]) == f" {name}=1"
    assert name in repr(morsel)
    assert SimpleCookie(f"{name}=1").output() == f"Set-Cookie: {name}=1"
    with pytest.raises(CookieError, match="Illegal key"):
        Morsel().set(name, "1", "1")


@pytest.mark.parametrize("name", ["", "a b", "a;b", "a=b", "a,b", "a\xa0b", "a\u2028b"])
def test_a_name_that_would_end_its_part_of_the_field_is_refused(name):
    morsel = Morsel()
    morsel.__setstate__({"key": name, "value": "1", "coded_value": "1"})
    for write in (morsel.output, morsel.OutputString, morsel._js_output):
        with pytest.raises(CookieError, match="Illegal key"):
            write()
    assert repr(morsel)


# --- lines and commas ----------------------------------------------------------------------------


def test_what_output_wrote_is_read():
    cookies = SimpleCookie({"sid": "7", "lang": "en; de", "theme": "dark"})
    cookies["sid"]["expires"] = "Wed, 09 Jun 2021 10:18:14 GMT"
    for sep in ("\r\n", "\n", "\n\n"):
        read = SimpleCookie(cookies.output(header="", sep=sep))
        assert read == cookies


def test_lines_are_read_one_after_the_other():
    cookies = SimpleCookie(
        """
        sid=7; theme=dark;
        lang=en; Path=/
        """
    )
    assert cookies.output(header="", sep="|") == " lang=en; Path=/| sid=7| theme=dark"


@pytest.mark.parametrize(
    ("joined", "read"),
    [
        (
            "a=t; Secure; Path=/, b=7; HttpOnly; Path=/app",
            "a=t; Path=/; Secure|b=7; HttpOnly; Path=/app",
        ),
        ("a=t; Secure, b=7; Path=/", "a=t; Secure|b=7; Path=/"),
        (
            "a=t; expires=Wed, 09 Jun 2021 10:18:14 GMT, b=7",
            "a=t; expires=Wed, 09 Jun 2021 10:18:14 GMT|b=7",
        ),
        (
            "a=t; EXPIRES=Wed, 09-Jun-21 10:18:14 GMT , b=7",
            "a=t; expires=Wed, 09-Jun-21 10:18:14 GMT|b=7",
        ),
        ('a=t; Comment="x, y=2", b=7', 'a=t; Comment="x\\054 y=2"|b=7'),
        ('a="x; path=/, b=1"; c=7', 'a="x; path=/, b=1"|c=7'),
        ("a=1, b=2; Path=/x,y=1", "a=1, b=2; Path=/x,y=1"),
    ],
)
def test_fields_that_were_joined_by_commas_are_read(joined, read):
    cookies = SimpleCookie(joined)
    assert "|".join(cookie.OutputString() for _, cookie in sorted(cookies.items())) == read


@pytest.mark.parametrize(
    "part",
    [",", ", ", " ,", ", a", ", a ", "a, b=", '"', '="', "path=", " ", "\n", "path=/, a", '", "'],
)
def test_joined_fields_are_read_in_linear_time(part):
    def seconds(size):
        field = "a=1; path=" + part * size
        began = time.process_time()
        SimpleCookie(field)
        return time.process_time() - began

    seconds(10)
    small = min(seconds(4_000) for _ in range(3))
    large = min(seconds(32_000) for _ in range(3))
    assert large < 8 * small * 4 + 0.05
