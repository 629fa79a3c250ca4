"""The figures of ``make house`` that must be 0, and the judge of docstrings against poor ones."""

from __future__ import annotations

from textwrap import dedent

import pytest

from . import house
from .docstrings import Package


def test_every_figure_that_must_be_nothing_is():
    figures = {what: found for what, found in house.must_be_nothing().items() if found}
    assert figures == {}


def test_every_file_that_may_be_long_is():
    long = {path for path, _ in house.long_and_counted()}
    assert set(house.LONG) <= long


def test_nearly_all_docstrings_are_full():
    drawn, missed = house.sample(seed=0, size=0)
    assert len(missed) <= drawn * (1 - house.GOAL), "\n".join(missed)


def test_a_sample_is_the_same_for_the_same_seed():
    assert house.sample(7, 20) == house.sample(7, 20)
    assert house.sample(7, 20)[0] == 20


def judge(source: str, name: str) -> list[str]:
    package = Package({"given": dedent(source)})
    return next(package.misses(public) for public in package.public() if public.name == name)


FULL = '''
    __all__ = ["Reader", "take"]

    def take(data: bytes, count: int) -> bytes:
        """Return the first `count` bytes of `data`. RFC 9112 section 6.3.

        Raises:
            ValueError: `data` is shorter.
        """
        _check(data, count)
        return data[:count]

    def _check(data, count):
        if len(data) < count:
            raise ValueError(count)

    class Reader:
        """Reads pieces of `size` bytes from a file.

        >>> Reader(4).read()
        b"1234"
        """

        def __init__(self, size: int) -> None: ...

        def read(self) -> bytes:
            """Return the next piece."""
            try:
                raise EOFError
            except EOFError:
                return b""
'''


@pytest.mark.parametrize("name", ["take", "Reader", "Reader.read"])
def test_a_full_docstring_has_no_misses(name):
    assert judge(FULL, name) == []


@pytest.mark.parametrize(
    ("name", "full", "poor", "miss"),
    [
        ("take", "Return the first", "The first", "the first line does not say what comes back"),
        ("take", "Raises:", "Errors:", "no `Raises:`, though it raises ValueError"),
        ("take", "ValueError: `data`", "TypeError: `data`", "`Raises:` does not name ValueError"),
        ("take", "the first `count` bytes", "the first of", "the number `count` is not spoken of"),
        ("take", " RFC 9112 section 6.3.", "", "no example and no reason"),
        ("Reader", "pieces of `size` bytes", "", "the number `size` is not spoken of"),
        ("Reader", ">>> Reader", "Reader", "no example and no reason"),
        ("Reader.read", "Return the next piece.", "Return.", "the first line says next to nothing"),
        ("Reader.read", "Return the next piece.", "", "no docstring"),
        ("Reader.read", "except EOFError", "except OSError",
         "no `Raises:`, though it raises EOFError"),
        ("Reader.read", "-> bytes:\n            \"\"\"Return", "-> int:\n            \"\"\"Return",
         "a number is returned, and its unit is not said"),
    ],
)  # fmt: skip
def test_what_a_poor_docstring_lacks_is_named(name, full, poor, miss):
    assert full in FULL
    assert judge(FULL.replace(full, poor), name) == [miss]
