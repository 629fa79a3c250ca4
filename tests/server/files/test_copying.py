"""Copies of directories, which are bounded, and of content, whatever the system can do."""

from __future__ import annotations

import errno
import os

import pytest

from nethttp.server.files import copying
from nethttp.server.files.copying import copy_content, copy_directory
from nethttp.server.files.refusal import Refusal
from nethttp.server.files.tree import Tree


def no_check(_descriptor: int, _size: int) -> None:
    pass


@pytest.mark.parametrize(("name", "bound"), [("MAX_DEPTH", 2), ("MAX_COPIED", 1)])
def test_hole_14_a_copy_has_bounds(root, monkeypatch, name, bound):
    (root / "d" / "e" / "f").mkdir(parents=True)
    monkeypatch.setattr(copying, name, bound)
    tree = Tree(str(root))
    with (
        tree.open(("d",)) as source,
        tree.open(()) as target,
        pytest.raises(Refusal) as refused,
    ):
        copy_directory(source, target, "copy", no_check)
    assert refused.value.status == 403


@pytest.mark.parametrize("ability", ["whole", "none", "missing"])
def test_content(root, monkeypatch, ability):
    content = os.urandom(3_000_000)
    (root / "a").write_bytes(content)

    def cannot(*_args, **_named):
        raise OSError(errno.EXDEV, "no")

    if ability == "none":
        monkeypatch.setattr(os, "copy_file_range", cannot, raising=False)
    elif ability == "missing":
        monkeypatch.delattr(os, "copy_file_range", raising=False)
    with open(root / "a", "rb") as source, open(root / "b", "wb") as target:
        assert copy_content(source.fileno(), target.fileno()) == len(content)
    assert (root / "b").read_bytes() == content
