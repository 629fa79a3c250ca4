"""The tokens of RFC 9110 and RFC 9112, as patterns.

Each rule stands beside its ABNF. Patterns are possessive (`++`, `*+`): they cannot backtrack, so
all take linear time. They expect text decoded as ISO-8859-1, and are used with ``fullmatch``. Those
that are not compiled are parts of other patterns.
"""

from __future__ import annotations

import re
from typing import Final

#: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
#:         / DIGIT / ALPHA                                            ; RFC 9110 section 5.6.2
TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"

#: token = 1*tchar                                                    ; RFC 9110 section 5.6.2
TOKEN: Final = re.compile(rf"[{TCHAR}]++")

#: field-value = *field-content; field-vchar = VCHAR / obs-text; within: SP / HTAB
#:                                                                    ; RFC 9110 section 5.5
#: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )                 ; RFC 9112 section 4
FIELD_VALUE: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")

#: The characters that no value may hold, neither a received nor a sent one.
FORBIDDEN_IN_VALUE: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: The characters that make a response's line invalid: "a recipient of CR, LF, or NUL within a field
#: value MUST either reject the message or replace"; it MAY retain other control characters.
#:                                                                    ; RFC 9110 section 5.5
NEVER_IN_A_LINE: Final = re.compile(r"[\0\r\n]")

#: request-target: VCHAR only; the forms are told apart in `target`.   ; RFC 9112 section 3.2
TARGET: Final = re.compile(r"[\x21-\x7e]++")

#: The characters of an origin-form or absolute-form, for use in a set: visible ASCII except
#: " # < >, which no URI contains and browsers escape. Browsers do not escape [ ] { } | \\ ^ and `.
#:                                                                    ; RFC 3986 section 2
URI: Final = r"\x21\x24-\x3b\x3d\x3f-\x7e"

#: HTTP-version = "HTTP/" DIGIT "." DIGIT                             ; RFC 9112 section 2.3
VERSION: Final = re.compile(r"HTTP/([0-9])\.([0-9])")

#: Content-Length = 1*DIGIT                                           ; RFC 9110 section 8.6
DIGITS: Final = re.compile(r"[0-9]++")

#: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE            ; RFC 9110 section 5.6.4
QUOTED_STRING: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'

#: chunk-size = 1*HEXDIG; chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
#:                                                                    ; RFC 9112 section 7.1
#: Sixteen digits bound the size below 2**64. This pattern is for bytes.
CHUNK_LINE: Final = re.compile(
    (
        r"([0-9A-Fa-f]{1,16}+)"
        rf"((?:[\t ]*+;[\t ]*+[{TCHAR}]++(?:[\t ]*+=[\t ]*+(?:[{TCHAR}]++|{QUOTED_STRING}))?+)*+)"
    ).encode("latin-1")
)

#: A chunk line of a response; its extensions are not checked. No other message shares a client's
#: buffer, so blanks around the size and a bare LF do no harm.
LENIENT_CHUNK_LINE: Final = re.compile(rb"[\t ]*+([0-9A-Fa-f]{1,16}+)[\t ]*+(;[^\0\r\n]*+)?\r?\n")

#: The form of nearly all chunk lines: the size alone.
PLAIN_CHUNK_LINE: Final = re.compile(rb"[0-9A-Fa-f]{1,16}+\r\n")

#: Host = uri-host [ ":" port ]                                       ; RFC 9110 section 7.2
#: uri-host: reg-name, IPv4address or "[" IPv6address / IPvFuture "]" ; RFC 3986 section 3.2.2
_REG_NAME = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+"
_IP_LITERAL = (
    r"\[(?:[0-9A-Fa-f:.]++(?:%25[A-Za-z0-9\-._~]++)?+"
    r"|v[0-9A-Fa-f]++\.[A-Za-z0-9\-._~!$&'()*+,;=:]++)\]"
)
AUTHORITY: Final = re.compile(rf"(?:{_IP_LITERAL}|{_REG_NAME})(?::[0-9]*+)?+")

#: The control characters, for use in a set of a pattern.               ; RFC 5234 appendix B.1
CONTROL: Final = r"\x00-\x1f\x7f"

#: A whole quoted cookie value. Laxer than RFC 6265, since peers escape arbitrary characters.
QUOTED_COOKIE: Final = rf'"(?:[^\\"{CONTROL}]++|\\[^{CONTROL}])*+"'
