"""Stores of each kind, and a cache whose clock the test turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from nethttp.client.caching.entry import Entry
from nethttp.client.caching.memory import MemoryCache
from nethttp.client.caching.sqlite import SQLiteCache
from nethttp.client.caching.store import Store

from ...valkey import valkey, valkey_program  # noqa: F401  # fixtures

URL = "http://a.example/b"


class Clock:
    """Seconds since 1970 that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "sqlite", "valkey"])
def make_store(request: pytest.FixtureRequest, tmp_path: Path, clock: Clock):
    """Return a function that opens a store with a bound; all calls open the same place."""
    opened: list[Store] = []

    def make(max_size: int = 10_000_000, max_content: int | None = None) -> Store:
        if request.param == "memory":
            store: Store = MemoryCache(max_size, max_content)
        elif request.param == "sqlite":
            store = SQLiteCache(tmp_path / "cache.db", max_size, max_content, now=clock)
        else:
            from nethttp.client.caching.valkey import ValkeyCache

            url = request.getfixturevalue("valkey").url
            store = ValkeyCache(url, max_size, max_content, now=clock)
        opened.append(store)
        return store

    yield make
    for store in opened:
        store.close()


@pytest.fixture
def store(make_store) -> Iterator[Store]:
    with closing(make_store()) as store:
        yield store


def entry(
    fields: dict[str, str] | None = None,
    status: int = 200,
    *,
    at: float = 1_000_000_000.0,
    delay: float = 0.0,
    content: str = "c1",
    size: int = 5,
    **more,
) -> Entry:
    pairs = tuple((fields or {}).items())
    made = {"selecting": (), **more}
    return Entry(
        URL,
        status,
        "",
        pairs,
        requested_at=at - delay,
        received_at=at,
        content=content,
        size=size,
        **made,
    )
