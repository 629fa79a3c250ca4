"""The QR code of a URL."""

from __future__ import annotations

import segno

from nethttp.server.process.qr_code import qr_code

URL = "http://192.0.2.20:8000/"

#: The squares that a character shows, light ones as True: the upper and the lower.
SQUARES = {" ": (False, False), "▀": (True, False), "▄": (False, True), "█": (True, True)}


def test_it_shows_the_squares_of_the_code_with_a_light_border():
    lines = qr_code(URL, colours=False).splitlines()
    rows = [[SQUARES[character][half] for character in line] for line in lines for half in (0, 1)]
    code = [[not square for square in row] for row in segno.make(URL, micro=False).matrix]
    size = len(code)
    assert [row[2 : 2 + size] for row in rows[2 : 2 + size]] == code
    assert all(rows[0])
    assert all(row[0] and row[1] and row[-1] and row[-2] for row in rows[: size + 4])


def test_it_is_dark_on_light_whatever_the_terminal_has():
    for line in qr_code(URL, colours=True).splitlines():
        assert line.startswith("\x1b[97;40m")
        assert line.endswith("\x1b[0m")
