"""The path of a URL, and where it leads: what is kept of it."""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes

import pytest

from nethttp.caching import clear_all
from nethttp.server.files import paths
from nethttp.server.files.paths import local_path, repeated_local_path


@pytest.fixture(autouse=True)
def nothing_is_kept():
    clear_all()
    yield
    clear_all()


@pytest.mark.parametrize(
    "path", ["/%C3%A9", "/%FF", "/%ED%A0%80", "/%ED%B0%80%C3%A9", "/%F0%9F%98%80", "/%ED%A0"]
)
def test_every_name_that_a_system_has_can_be_written(path):
    """The last are bytes that are not UTF-8; among them those of half a surrogate."""
    assert os.fsencode(local_path("/srv", path)) == b"/srv" + unquote_to_bytes(path)


def test_a_path_is_kept_from_the_second_time_on():
    for kept in (0, 1, 1):
        for root in ("/srv", "/www"):
            assert repeated_local_path(root, "/a/../b%20c") == f"{root}/b c"
        assert len(paths._KNOWN) == 2 * kept


def test_a_long_path_is_not_kept():
    for _ in range(3):
        long = "/" + "a" * paths._KNOWN.max_key
        assert repeated_local_path("/srv", long) == local_path("/srv", long)
    assert len(paths._KNOWN) == 0


def test_kept_paths_have_a_bound_in_bytes():
    most = 0
    for number in range(paths._KNOWN.max_entries):
        for _ in range(2):
            repeated_local_path("/srv", f"/{number:0500d}")
        most = max(most, len(paths._KNOWN))
    assert 0 < most < paths._KNOWN.max_bytes / (4 * 2 * 500) < paths._KNOWN.max_entries
