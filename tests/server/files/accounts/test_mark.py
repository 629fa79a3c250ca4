"""A mark that all workers see."""

from __future__ import annotations

import os

from nethttp.server.files.accounts.mark import SIZE, Mark


def test_another_process_sees_a_change(tmp_path):
    mark = Mark(str(tmp_path / "mark"))
    before = mark.value()
    child = os.fork()
    if child == 0:
        mark.change()
        os._exit(0)
    os.waitpid(child, 0)
    assert mark.value() != before


def test_it_stays_when_a_worker_starts(tmp_path):
    path = str(tmp_path / "mark")
    mark = Mark(path)
    mark.change()
    assert Mark(path).value() == mark.value()
    assert os.stat(path).st_size == SIZE
