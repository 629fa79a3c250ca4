"""``?simple`` of a directory, over a connection."""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes

from nethttp.server.files.doors.listing_reply import AT_ONCE


def lines(client, path: str) -> list[str]:
    response = client.ask("GET", path)
    assert response.status == 200
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert response.headers["Cache-Control"] == "no-store"
    text = response.body.decode()
    assert text.splitlines() == text.split("\n")[:-1]  # Nothing else ends a line.
    return sorted(text.splitlines())


def test_names_one_a_line(shared, root):
    (root / "dir").mkdir()
    for name in ("a b.txt", "é", "\\", "#?", ".hidden"):
        (root / name).touch()
    (root / "to_dir").symlink_to("dir")
    (root / "to_nothing").symlink_to("nothing")
    client = shared("/ * r")
    assert lines(client, "/?simple") == sorted(
        ["a b.txt", "é", "\\", "#?", "dir/", "to_dir/", "to_nothing"]
    )
    assert lines(client, "/dir?simple") == []
    head = client.ask("HEAD", "/?simple")
    assert (head.status, head.body) == (200, b"")


def test_hole_10_no_name_forges_a_line(shared, root):
    """Unquoting a line gives the name back."""
    names = [
        *(b"a\nb", b"a%0Ab", b"a\r", b"\x1b[2J", b"a\x0bb\x0cc\x1cd", b"no utf-8 \xff"),
        *("next\x85line".encode(), "a\u2028b\u2029c".encode(), b"100%", b"\x7f"),
    ]
    for name in names:
        with open(os.path.join(os.fsencode(root), name), "wb"):
            pass
    found = lines(shared("/ * r"), "/?simple")
    assert all(line.isprintable() for line in found)
    assert sorted(map(unquote_to_bytes, found)) == sorted(names)


def test_only_what_the_user_may_know_of(shared, root):
    for name in ("open", "secret"):
        (root / name).mkdir()
        (root / name / "f").touch()
    client = shared("/ * r", "/secret * -")
    assert lines(client, "/?simple") == ["open/"]
    for path, status in (("/secret/", 403), ("/open/f", 400), ("/nothing/", 404)):
        assert client.status("GET", f"{path}?simple") == status


def test_more_names_than_a_piece_has(shared, root):
    names = [f"{number:04}" for number in range(2 * AT_ONCE)]
    for name in names:
        (root / name).touch()
    assert lines(shared("/ * r"), "/?simple") == names


def test_a_search_is_a_search_also_with_it(shared, root):
    (root / "a").touch()
    response = shared("/ * r").ask("GET", "/?q=a&simple")
    assert response.headers["Content-Type"] == "application/x-ndjson"
