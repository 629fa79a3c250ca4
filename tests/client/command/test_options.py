"""The command line: what argparse alone would not read as curl does."""

from __future__ import annotations

import pytest

from nethttp.client.command.options import parsed


@pytest.mark.parametrize(
    "words",
    [
        ["-C", "-", "-O", "a"],
        ["-C", "-O", "a"],
        ["-C-", "-O", "a"],
        ["-OC", "-", "a"],
        ["-LOC-", "a"],
        ["--continue", "-", "-O", "a"],
        ["a", "-O", "-C", "-"],
        ["-C", "a", "-O"],
    ],
)
def test_to_go_on_with_a_file_in_curls_form(words):
    found = parsed("get", words)
    assert (found.resume, found.remote_name, found.words) == (True, True, ["a"])


def test_a_dash_elsewhere_stays():
    assert parsed("get", ["-T", "-", "a"]).upload_file == "-"
    assert parsed("get", ["-dC-", "a"]).data == "C-"
    assert parsed("get", ["a", "-"]).words == ["a", "-"]


def test_an_offset_is_refused(capsys):
    with pytest.raises(SystemExit):
        parsed("get", ["-C", "1000", "-O", "a"])
    assert "expected '-' or nothing, got the offset 1000" in capsys.readouterr().err
