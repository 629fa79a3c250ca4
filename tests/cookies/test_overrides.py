"""What a program overrides, sets or replaces in `http.cookies` has the effect that it has there."""

from __future__ import annotations

import copy
import http.cookies
import importlib
import pickle
import re
import sys
import warnings
from unittest import mock

import pytest

import nethttp.cookies
from nethttp.cookies import BaseCookie, CookieError, Morsel, SimpleCookie

from ..overriding import methods_of, overridden, ways_for

# --- methods -------------------------------------------------------------------------------------


def quietly(call):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return call()


def js_output(value):
    # 3.15 deprecates it.
    return quietly(value.js_output)


def filled(make):
    cookies = make()
    cookies["a"] = "b"
    return cookies


#: What programs do with cookies.
OF_COOKIES = {
    "construct": lambda make: make("a=b"),
    "load plain": lambda make: make().load("a=b; c=d"),
    "load quoted": lambda make: make().load('a="b"; Path=/; Secure; c=d'),
    "load a mapping": lambda make: make().load({"a": "b"}),
    "set": filled,
    "output": lambda make: filled(make).output(),
    "str": lambda make: str(filled(make)),
    "repr": lambda make: repr(filled(make)),
    "js_output": lambda make: js_output(filled(make)),
}


def set_up(make):
    morsel = make()
    morsel.set("a", "b", "b")
    morsel["path"] = "/"
    return morsel


OF_MORSELS = {
    "set": set_up,
    "output": lambda make: set_up(make).output(),
    "str": lambda make: str(set_up(make)),
    "repr": lambda make: repr(set_up(make)),
    "js_output": lambda make: js_output(set_up(make)),
    "OutputString": lambda make: set_up(make).OutputString(["path"]),
    "copy": lambda make: set_up(make).copy(),
    "update": lambda make: set_up(make).update({"path": "/x"}),
    "setdefault": lambda make: set_up(make).setdefault("path", "/x"),
    "equal": lambda make: set_up(make) == set_up(make),
}


def cases():
    for name, scenarios in (
        ("BaseCookie", OF_COOKIES),
        ("SimpleCookie", OF_COOKIES),
        ("Morsel", OF_MORSELS),
    ):
        for method in methods_of(getattr(http.cookies, name)):
            for way in ways_for(method):
                for scenario in scenarios:
                    yield pytest.param(
                        name,
                        method,
                        way,
                        scenarios[scenario],
                        id=f"{name}.{method}-{way}-{scenario}",
                    )


@pytest.mark.parametrize(("name", "method", "way", "scenario"), list(cases()))
def test_what_is_overridden_is_called_where_the_stdlib_calls_it(name, method, way, scenario):
    with overridden(getattr(http.cookies, name), method, way) as (make, theirs):
        scenario(make)
    with overridden(getattr(nethttp.cookies, name), method, way) as (make, ours):
        scenario(make)
    assert len(ours) >= len(theirs)


@pytest.mark.parametrize("way", ["subclass", "object", "class"])
@pytest.mark.parametrize("method", methods_of(http.cookies.Morsel))
@pytest.mark.parametrize("scenario", ["output", "str", "repr", "js_output"])
def test_a_morsel_of_a_programs_own_is_asked_where_the_stdlib_asks_it(scenario, method, way):
    called = []
    for module in (http.cookies, nethttp.cookies):
        with overridden(module.Morsel, method, way) as (make, calls):
            cookies = module.SimpleCookie()
            cookies["a"] = set_up(make)
            del calls[:]
            if scenario == "js_output":
                js_output(cookies)
            else:
                {"output": module.SimpleCookie.output, "str": str, "repr": repr}[scenario](cookies)
            called.append(len(calls))
    assert called[1] >= called[0]


@pytest.mark.parametrize("name", ["__init__", "set", "__setitem__", "output"])
def test_a_patched_morsel_makes_the_cookies_of_a_field(monkeypatch, name):
    original = getattr(Morsel, name)
    calls = []

    def override(self, *args, **kwargs):
        calls.append(name)
        return original(self, *args, **kwargs)

    monkeypatch.setattr(Morsel, name, override)
    SimpleCookie("a=b; Path=/").output()
    assert calls


@pytest.mark.parametrize("name", ["key", "value", "coded_value"])
def test_a_property_of_a_morsel_can_be_overridden(name):
    kind = type("Mine", (Morsel,), {name: property(lambda _: "mine")})
    morsel = kind()
    morsel.set("a", "b", "b")
    assert ("mine" in morsel.output()) == (name != "value")
    cookies = SimpleCookie()
    cookies["a"] = morsel
    assert ("mine" in repr(cookies)) == (name == "value")


def test_the_first_value_wins_if_a_program_has_it_so():
    class First(SimpleCookie):
        def _BaseCookie__set(self, key, real_value, coded_value):
            if key not in self:
                super()._BaseCookie__set(key, real_value, coded_value)

    cookies = First("a=1; a=2; Path=/x; odd/name=1; b=3")
    assert {name: morsel.value for name, morsel in cookies.items()} == {"a": "1", "b": "3"}
    assert cookies["a"]["path"] == "/x"


def test_values_are_decoded_and_encoded_by_a_programs_own_methods():
    class Upper(BaseCookie):
        def value_decode(self, val):
            return val.upper(), val

        def value_encode(self, val):
            return val, val.lower()

    cookies = Upper("a=b")
    assert (cookies["a"].value, cookies["a"].coded_value) == ("B", "b")
    cookies.load({"c": "D"})
    assert cookies.output(sep="|") == "Set-Cookie: a=b|Set-Cookie: c=d"


def test_a_program_may_bring_its_own_pattern():
    class ByComma(SimpleCookie):
        def load(self, rawdata):
            pattern = re.compile(r"\s*(?P<key>\w+)(?:=(?P<val>\w*))?\s*(?:,|$)")
            self._BaseCookie__parse_string(rawdata, pattern)

    cookies = ByComma("a=1, b=2, secure, c=3")
    assert cookies.output(sep="|", header="") == " a=1| b=2; Secure| c=3"
    theirs = SimpleCookie()
    theirs._BaseCookie__parse_string("a=1; b=2", http.cookies._CookiePattern)
    assert sorted(theirs) == ["a", "b"]


# --- attributes of a morsel ----------------------------------------------------------------------


def test_a_program_adds_an_attribute():
    with (
        mock.patch.dict(Morsel._reserved, {"priority": "Priority", "fresh": "Fresh"}),
        mock.patch.object(Morsel, "_flags", Morsel._flags | {"fresh"}),
    ):
        assert Morsel()["priority"] == ""
        cookies = SimpleCookie("a=b; Priority=High; fresh")
        assert cookies["a"]["fresh"] is True
        assert cookies.output() == "Set-Cookie: a=b; Fresh; Priority=High"
        assert SimpleCookie("a=b")["a"]["priority"] == ""
    assert "priority" not in Morsel()


def test_a_subclass_has_attributes_of_its_own():
    class Mine(Morsel):
        _reserved = {**Morsel._reserved, "priority": "Priority"}

    morsel = Mine()
    morsel.set("a", "b", "b")
    assert morsel["priority"] == ""
    morsel["Priority"] = "High"
    assert morsel.OutputString() == "a=b; Priority=High"
    clone = pickle.loads(pickle.dumps(Kept(morsel)))
    assert clone.text == "a=b; Priority=High"


class Kept:
    """What is written of a morsel of a class that cannot be pickled itself."""

    def __init__(self, morsel):
        self.text = morsel.OutputString()


def test_a_copy_has_what_a_program_hung_on_a_morsel():
    morsel = Morsel()
    morsel.set("a", "b", "b")
    morsel.note = "mine"
    assert morsel.copy().note == copy.copy(morsel).note == "mine"
    kind = type("Mine", (Morsel,), {})
    assert type(copy.copy(kind())) is kind


# --- names of the module -------------------------------------------------------------------------

NEVER_OURS = {"__file__", "__cached__", "__doc__", "__loader__", "__spec__", "__builtins__"}


@pytest.mark.parametrize("name", sorted(set(vars(http.cookies)) - NEVER_OURS))
def test_every_name_of_the_stdlibs_module_is_there(name):
    assert hasattr(nethttp.cookies, name)


@pytest.mark.parametrize("kind", ["BaseCookie", "SimpleCookie", "Morsel", "CookieError"])
def test_every_attribute_of_the_stdlibs_classes_is_there(kind):
    theirs, ours = getattr(http.cookies, kind), getattr(nethttp.cookies, kind)
    assert set(dir(theirs)) - {"__firstlineno__", "__static_attributes__"} <= set(dir(ours))


def test_names_of_older_pythons_are_there():
    for name in ("_OctalPatt", "_QuotePatt", "_unquote_sub", "_has_control_character", "string"):
        assert hasattr(nethttp.cookies, name)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        nethttp.cookies.nothing
    with pytest.raises(AttributeError, match="no attribute '_nothing'"):
        nethttp.cookies._nothing


def test_plain_names_are_those_of_the_stdlib():
    for name in ("_LegalChars", "_UnescapedChars", "_Translator", "_weekdayname", "_monthname"):
        assert getattr(nethttp.cookies, name) == getattr(http.cookies, name)
    for text in ("", "a", "a b", '"', "\\", "é", "a;b", None):
        assert nethttp.cookies._quote(text) == http.cookies._quote(text)
        assert nethttp.cookies._unquote(text) == http.cookies._unquote(text)
    with mock.patch("time.time", return_value=1e9):
        assert nethttp.cookies._getdate(60) == http.cookies._getdate(60)
    assert nethttp.cookies._getdate(0, ["day"] * 7, ["month"] * 13).startswith("day, ")


@pytest.mark.parametrize(
    "field", ["a=b; c=d", 'a="b;c"; d', "expires=Wed, 09-Nov-1999 23:12:40 GMT; a=b", "a[b]={c}"]
)
def test_the_pattern_cuts_as_the_stdlibs(field):
    ours, theirs = nethttp.cookies._CookiePattern, http.cookies._CookiePattern
    assert [m["key"] for m in ours.finditer(field)] == [m["key"] for m in theirs.finditer(field)]
    assert [m["val"] for m in ours.finditer(field)] == [m["val"] for m in theirs.finditer(field)]


def test_a_patched_judge_of_names_is_asked():
    with mock.patch("nethttp.cookies._is_legal_key", return_value=True):
        cookies = SimpleCookie()
        cookies["a/b"] = "1"
        assert cookies.output() == "Set-Cookie: a/b=1"
        # It judges what need not be quoted too; what would end a field is still refused.
        cookies["a/b"] = "1; Domain=evil"
        with pytest.raises(CookieError):
            cookies.output()
        cookies["a;b"] = "1"
        with pytest.raises(CookieError):
            cookies.output()
    with pytest.raises(CookieError):
        SimpleCookie()["a/b"] = "1"


def test_patched_functions_are_called(monkeypatch):
    monkeypatch.setattr(nethttp.cookies, "_quote", lambda text: f"<{text}>")
    monkeypatch.setattr(nethttp.cookies, "_unquote", lambda text: text.upper())
    monkeypatch.setattr(nethttp.cookies, "_getdate", lambda future: f"in {future} s")
    cookies = SimpleCookie("a=b")
    assert cookies["a"].value == "B"
    cookies["a"] = "c"
    cookies["a"]["expires"] = 7
    assert cookies.output() == "Set-Cookie: a=<c>; expires=in 7 s"


def test_a_replaced_morsel_class_is_used(monkeypatch):
    class Mine(Morsel):
        def set(self, key, val, coded_val):
            super().set(key, val, coded_val + "!")

    monkeypatch.setattr(nethttp.cookies, "Morsel", Mine)
    assert SimpleCookie("a=b")["a"].coded_value == "b!"
    monkeypatch.undo()
    assert type(SimpleCookie("a=b")["a"]) is Morsel


@pytest.mark.parametrize(
    "name", ["BaseCookie", "SimpleCookie", "Morsel", "CookieError", "SetCookie"]
)
def test_a_class_says_the_public_modules_name(name):
    kind = getattr(nethttp.cookies, name)
    assert kind.__module__ == "nethttp.cookies"
    assert getattr(importlib.import_module(kind.__module__), kind.__qualname__) is kind
    assert nethttp.cookies.parse_cookie.__module__ == "nethttp.cookies"


# --- what is deprecated --------------------------------------------------------------------------


@pytest.mark.parametrize("write", [set_up(Morsel).js_output, filled(SimpleCookie).js_output])
def test_scripts_warn_where_the_stdlib_warns(write):
    if sys.version_info >= (3, 15):
        with pytest.warns(DeprecationWarning, match="use output") as caught:
            write()
        assert [warning.filename for warning in caught] == [__file__]
    else:
        assert "document.cookie" in write()
