"""Morsel, BaseCookie, SimpleCookie: what is read, and what is refused to be written."""

from __future__ import annotations

import copy
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.cookies import BaseCookie, CookieError, Morsel, SimpleCookie

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
        for arguments in ((text, "v", "v"), ("k", text, text)):
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
        ):
            with pytest.raises(CookieError):
                change()
        assert morsel.output() == "Set-Cookie: k=v", "all or nothing"

    def test_cve_2026_3644_in_setstate(self, text):
        with pytest.raises(CookieError):
            Morsel().__setstate__({"key": text, "value": "v", "coded_value": "v"})
        with pytest.raises(CookieError):
            Morsel().__setstate__({"key": "k", "value": "v", "coded_value": text})

    def test_cve_2026_3644_in_output_and_js_output(self, text):
        morsel = Morsel()
        morsel.set("k", "v", "v")
        dict.__setitem__(morsel, "path", text)
        for write in (morsel.output, morsel.js_output, morsel.OutputString):
            with pytest.raises(CookieError):
                write()

    def test_gh_143919_gh_145599_from_a_peer_are_passed_over(self, text):
        assert list(SimpleCookie(f"good=1; bad={text}; fine=2")) == ["good", "fine"]

    def test_base_cookie_values(self, text):
        with pytest.raises(CookieError):
            BaseCookie()["a"] = text


def test_load_of_a_mapping_takes_all_or_nothing():
    cookies = SimpleCookie("kept=1")
    with pytest.raises(CookieError):
        cookies.load({"new": "1", "bad name": "2"})
    assert list(cookies) == ["kept"]
    cookies.load({"new": "1"})
    assert cookies["new"].value == "1"


def test_nothing_in_a_script_ends_it():
    cookies = SimpleCookie()
    cookies["a"] = "</script><script>alert(1)"
    script = cookies.js_output()
    assert script.count("</script>") == 1
    assert "\\u003c/script>" in script


def test_an_attribute_cannot_begin_another():
    morsel = Morsel()
    morsel.set("a", "b", "b")
    morsel["path"] = "/; Domain=evil.example"
    with pytest.raises(CookieError, match="';'"):
        morsel.output()


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


BIG = 400_000


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
    ],
    ids=lambda field: repr(field[:6]),
)
def test_cve_2024_7592_gh_149028_tornado_2024_52804_reading_takes_linear_time(field):
    """Megabytes of it: what backtracks, or looks from every quote to the end, takes hours."""
    SimpleCookie(field)


def test_cve_2024_7592_octal_escapes():
    cookies = SimpleCookie('a="' + "\\134" * BIG + '"')
    assert cookies["a"].value == "\\" * BIG


def test_werkzeug_2023_23934_a_nameless_cookie_becomes_no_other():
    assert "__Host-x" not in SimpleCookie("=__Host-x=bad; a=b")
