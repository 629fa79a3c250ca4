"""The page of an error, from which links lead back."""

from __future__ import annotations

__all__ = ["ERROR_PAGE"]

ERROR_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>%(code)d %(message)s</title>
<style>
:root { color-scheme: light dark; font: 100%%/1.5 system-ui, sans-serif }
body {
  margin: 4rem auto; max-width: 40rem; padding: 0 1rem;
  background: light-dark(#fff, #16181c); color: light-dark(#1b1e23, #e6e8eb)
}
a { color: light-dark(#0b57a4, #8ab4f8); display: inline-block; padding: .6rem 1rem .6rem 0 }
</style>
</head>
<body>
<main>
<h1>%(code)d</h1>
<p><strong>%(message)s</strong></p>
<p id="why">%(explain)s</p>
<nav aria-label="Ways back">
<a href="./">This folder</a> <a href="../">The folder above</a> <a href="/">The first folder</a>
</nav>
</main>
</body>
</html>
"""
"""A handler's `error_message_format`."""
