"""The pictures of `nethttp get` in the documentation show what the command prints."""

from __future__ import annotations

import re

import pytest

from nethttp import __version__

from .pictures import IMAGES, PICTURES, drawn, words_of

#: What changes from run to run, and with what is installed.
VARIES = re.compile(r"[\d.]+ [kM]B/s|[-\d]:[-\d]{2}:[-\d]{2}|(?:[╸╺━]+ )+|gzip,(?: \w+,?)*? (?=>)")


def told(svg: str) -> str:
    return VARIES.sub("...", " ".join(words_of(svg)))


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_is_what_the_command_prints(picture):
    """If this fails after the command was changed on purpose, `make pictures` draws them anew."""
    kept = (IMAGES / f"{picture.name}.svg").read_text()
    assert told(drawn(picture)) == told(kept)


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.name)
def test_a_picture_loads_nothing_from_elsewhere(picture):
    kept = (IMAGES / f"{picture.name}.svg").read_text()
    assert re.findall(r"@font-face|@import|href|url\((?!#)", kept) == []


def test_the_picture_has_this_version():
    kept = (IMAGES / "get-verbose.svg").read_text()
    assert f"nethttp/{__version__}" in " ".join(words_of(kept))
