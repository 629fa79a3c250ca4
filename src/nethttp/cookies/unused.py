"""Names that programs import from ``http.cookies``, and that nothing here uses."""

from __future__ import annotations

import re

from .morsel import LEGAL_CHARS

__all__ = [
    "_CookiePattern",
    "_LegalKeyChars",
    "_LegalValueChars",
    "_OctalPatt",
    "_QuotePatt",
    "_monthname",
    "_nulljoin",
    "_semispacejoin",
    "_spacejoin",
    "_weekdayname",
]

_nulljoin = "".join
_semispacejoin = "; ".join
_spacejoin = " ".join

_weekdayname = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
_monthname = [
    *(None, "Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
]

# For use within [...] of a pattern.
_LegalKeyChars = re.escape(LEGAL_CHARS + "<>@,/$)(?}{=")
_LegalValueChars = _LegalKeyChars + r"\[\]"

#: One cookie of a field, as the standard library splits it: the groups "key" and "val".
_CookiePattern = re.compile(
    rf"""
    \s*
    (?P<key> [{_LegalKeyChars}]+? )
    (?:
        \s* = \s*
        (?P<val>
            "(?:[^\\"]|\\.)*"
          | (?:\w{{3,6}}day|\w{{3}}),\s[\w\s-]{{9,11}}\s[\d:]{{8}}\sGMT      # a date
          | [{_LegalValueChars}]*
        )
    )?
    \s*
    (?: \s+ | ; | \Z )
    """,
    re.ASCII | re.VERBOSE,
)

_OctalPatt = re.compile(r"\\[0-3][0-7][0-7]")
_QuotePatt = re.compile(r"[\\].")
