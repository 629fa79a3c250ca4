"""Names as a page shows them: nothing in them is markup, invisible, or turns round what follows."""

from __future__ import annotations

import html
import os
import re
import urllib.parse

from ..listing import UNSEEN

__all__ = ["attribute", "can_be_sent", "link_to", "shown", "text"]

#: Bytes of a name that are not UTF-8, as Python decodes them.
_BYTES = {0xDC00 + byte: f"\\x{byte:02x}" for byte in range(0x80, 0x100)}
_SHOWN = UNSEEN | _BYTES

_OUTER_BLANKS = re.compile(r"^ +| +\Z")
#: A form's field cannot hold these: browsers make CR LF of each, and bytes are no text.
_NOT_IN_A_FIELD = re.compile("[\r\n\ud800-\udfff]")


def shown(name: str) -> str:
    r"""Return a name as text of HTML, for an element that isolates its direction.

    >>> shown("<a>\n"), shown(" b")
    ('&lt;a&gt;\\x0a', '\\x20b')
    """
    return text(_OUTER_BLANKS.sub(lambda blanks: r"\x20" * len(blanks[0]), name))


def text(line: str) -> str:
    """Return a line as text of HTML in which each character is seen, and none turns others round.

    >>> text(" a&b")
    ' a&amp;b'
    """
    return html.escape(line.translate(_SHOWN), quote=False)


def attribute(value: str) -> str:
    """Return text as the value of an attribute of HTML, in quotes.

    >>> attribute('a "b" & c')
    '"a &quot;b&quot; &amp; c"'
    """
    return f'"{html.escape(value)}"'


def link_to(name: str, *, directory: bool = False) -> str:
    """Return the relative URL of a name in the same directory.

    >>> link_to("a b:c"), link_to("d", directory=True)
    ('a%20b%3Ac', 'd/')
    """
    return urllib.parse.quote(os.fsencode(name), safe="") + ("/" if directory else "")


def can_be_sent(name: str) -> bool:
    r"""Return whether a form can send a name as it is.

    >>> can_be_sent("a\tb"), can_be_sent("a\nb")
    (True, False)
    """
    return _NOT_IN_A_FIELD.search(name) is None
