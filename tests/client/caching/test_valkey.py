"""`ValkeyCache`: its server, and that it may be away."""

from __future__ import annotations

import signal
from contextlib import closing

import pytest

from nethttp.client.caching.store import GRACE, PIECE, UNFINISHED, Key
from nethttp.client.caching.valkey import ValkeyCache
from nethttp.errors import StorageAwayError, StorageError

from ...valkey import ValkeyServer
from .conftest import URL
from .test_stores import KEY, content_of, put


def test_two_caches_share_and_prefixes_part(valkey):
    with (
        closing(ValkeyCache(valkey.url)) as one,
        closing(ValkeyCache(valkey.url)) as two,
        closing(ValkeyCache(valkey.url, prefix="other")) as other,
    ):
        made = put(one, "c1", bytes(PIECE + 1))
        assert two.variants(KEY) == [made]
        assert content_of(two, made) == bytes(PIECE + 1)
        assert other.variants(KEY) == []


def test_nothing_is_left_of_what_is_removed(valkey):
    with closing(ValkeyCache(valkey.url)) as store:
        put(store, "c1", bytes(PIECE + 1))
        put(store, "c2", key=Key(URL, "p"))
        store.append("unfinished", 0, [bytes(PIECE)])
        store.remove([URL])
        assert valkey.command("GET", "{nethttp:cache}:size") == "0"
        for name, grace in (("c1", GRACE), ("unfinished", UNFINISHED)):
            assert 0 < valkey.command("TTL", f"{{nethttp:cache}}:bytes:{name}") <= grace
        left = {key.rpartition(":")[2] for key in valkey.command("KEYS", "*")}
        assert left == {"size", "c1", "c2", "unfinished"}


def test_the_server_is_told_of_discarded_contents_with_the_next_pieces(valkey):
    with closing(ValkeyCache(valkey.url)) as store:
        store.append("c1", 0, [bytes(PIECE)])
        store.discard("c1")
        store.append("c2", 0, [bytes(PIECE)])
        assert valkey.command("KEYS", "*") == ["{nethttp:cache}:bytes:c2"]


def test_a_content_that_the_server_evicted_is_gone(valkey):
    with closing(ValkeyCache(valkey.url)) as store:
        made = put(store, "c1")
        valkey.command("DEL", "{nethttp:cache}:bytes:c1")
        with pytest.raises(StorageError, match="gone"):
            store.open(KEY, made)


def test_a_server_that_is_away_is_not_asked_each_time(valkey):
    now = [0.0]
    store = ValkeyCache(valkey.url, timeout=0.2, clock=lambda: now[0])
    with closing(store):
        made = put(store, "c1")
        valkey.kill(signal.SIGKILL)
        with pytest.raises(StorageAwayError, match="is away"):
            store.variants(KEY)
        valkey.start()
        valkey.command("PING")
        with pytest.raises(StorageAwayError, match="a moment ago"):
            store.variants(KEY)
        now[0] = 1.0
        assert store.variants(KEY) == [made]


def refusal(url: str) -> str:
    """Return the server's refusal, once it listens."""
    with closing(ValkeyCache(url, timeout=5, clock=lambda: 0.0)) as store:
        while True:
            store._asked_again_at = 0.0
            try:
                store.variants(KEY)
            except StorageAwayError:
                continue
            except StorageError as error:
                return str(error)


def test_a_server_that_refuses(valkey_program, tmp_path):
    server = ValkeyServer(valkey_program, tmp_path, "--requirepass", "hunter2")
    try:
        assert "Authentication required" in refusal(server.url)
        assert "hunter1" not in refusal(server.url.replace("//", "//:hunter1@"))
    finally:
        server.kill()


@pytest.mark.parametrize("prefix", ["", "a{b"])
def test_a_prefix_has_no_braces(prefix):
    with pytest.raises(ValueError, match="prefix without braces"):
        ValkeyCache(prefix=prefix)
