"""A package looks like one module: what is set on it is passed on, and its classes say its name."""

from __future__ import annotations

import importlib
import sys
from unittest import mock

import pytest

FILES = {
    "__init__.py": """
        import time
        from nethttp import public
        from .inner import BOUND, Thing, call, remembered
        def __getattr__(name):
            if name == "late":
                from . import inner
                return len
            raise AttributeError(name)
        public.present(__name__)
    """,
    "inner.py": """
        import time
        from functools import lru_cache
        BOUND = 7
        size = len
        class Thing: pass
        def call(): return Thing()
        @lru_cache
        def remembered(text): return size(text), BOUND
    """,
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    (tmp_path / "one_module").mkdir()
    for name, text in FILES.items():
        lines = [line[8:] for line in text.splitlines()]
        (tmp_path / "one_module" / name).write_text("\n".join(lines))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield importlib.import_module("one_module")
    for name in [name for name in sys.modules if name.startswith("one_module")]:
        del sys.modules[name]


def test_what_is_set_is_passed_on_and_taken_back(package):
    class Mine(package.Thing):
        pass

    with mock.patch("one_module.Thing", Mine):
        assert type(package.call()) is Mine
    assert type(package.call()) is package.Thing
    package.BOUND = 8
    assert package.remembered("abc") == (3, 8)


def test_what_was_remembered_before_is_forgotten(package):
    assert package.remembered("abc") == (3, 7)
    package.BOUND = 8
    assert package.remembered("abc") == (3, 8)


def test_a_name_that_is_made_when_it_is_asked_for(package):
    with mock.patch("one_module.late", return_value="mine"):
        assert package.remembered("abc") == ("mine", 7)
    assert package.late is len
    assert package.remembered("abc") == (3, 7)


def test_modules_of_others_are_left_alone(package):
    import time

    with mock.patch("one_module.time", None):
        assert sys.modules["one_module.inner"].time is None
    assert time.time is sys.modules["one_module.inner"].time.time


def test_its_classes_and_functions_say_its_name(package):
    for value in (package.Thing, package.call, package.remembered):
        assert value.__module__ == "one_module"
    assert repr(package.Thing).startswith("<class 'one_module.Thing'")


def test_a_new_name_is_a_name_like_any(package):
    package.new = 1
    assert package.new == 1
    del package.new
    with pytest.raises(AttributeError):
        del package.new
