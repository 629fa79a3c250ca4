"""What -F describes."""

from __future__ import annotations

import pytest

from nethttp.client.command.failures import Failure
from nethttp.client.command.forms import form_part


@pytest.mark.parametrize(
    ("line", "part"),
    [
        ("a=b", ("a", "b", False, None, None)),
        ("a=", ("a", "", False, None, None)),
        ("a=b=@c", ("a", "b=@c", False, None, None)),
        ("a=@b/c.txt", ("a", "b/c.txt", True, None, "c.txt")),
        ("a=@b.txt;type=text/x", ("a", "b.txt", True, "text/x", "b.txt")),
        ("a=@b ; type=text/x; charset=utf-8", ("a", "b", True, "text/x; charset=utf-8", "b")),
        ("a=@b;filename=c d;type=e/f", ("a", "b", True, "e/f", "c d")),
        ('a=@b;filename="c;\\"d"', ("a", "b", True, None, 'c;"d')),
        ('a=@"b;c"', ("a", "b;c", True, None, "b;c")),
        ("a=@b;c", ("a", "b;c", True, None, "b;c")),
        ("a=b;c;type=d/e", ("a", "b;c", False, "d/e", None)),
        ("a=b;filename=c", ("a", "b", False, None, "c")),
        ('a="b"', ("a", '"b"', False, None, None)),
        ("a=b;Type=c", ("a", "b;Type=c", False, None, None)),
        ("a=@-", ("a", "-", True, None, "-")),
    ],
)
def test_a_part(line, part):
    assert form_part(line) == part


@pytest.mark.parametrize("line", ["a", "a=b;type=c", "a=@b;type=", "a=@b;type=c d/e"])
def test_what_is_no_part(line):
    with pytest.raises(Failure, match="expected"):
        form_part(line)
