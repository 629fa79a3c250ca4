"""Jars that share a storage."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from nethttp.cookiejar import SQLiteCookieJar, ValkeyCookieJar
from nethttp.cookiejar.shared.jar import SharedCookieJar

from ..valkey import valkey, valkey_program  # noqa: F401  # fixtures


class Shared:
    """Opens jars on one storage, and closes them when the test is over."""

    def __init__(self, kind: str, place: str, stack: ExitStack) -> None:
        self.kind = kind
        self.place = place
        self._stack = stack

    def open(self, **options: Any) -> SharedCookieJar:
        jar_class = SQLiteCookieJar if self.kind == "sqlite" else ValkeyCookieJar
        return self._stack.enter_context(jar_class(self.place, **options))


@pytest.fixture(params=["sqlite", "valkey"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Shared]:
    """One storage after the other, with nothing in it."""
    if request.param == "sqlite":
        place = str(tmp_path / "cookies.db")
    else:
        place = request.getfixturevalue("valkey").url
    with ExitStack() as stack:
        yield Shared(request.param, place, stack)
