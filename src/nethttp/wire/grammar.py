"""The tokens of RFC 9110 and RFC 9112, as byte tables and patterns.

Each rule stands beside its ABNF. Patterns are possessive (`++`, `*+`): none can backtrack, so all
take linear time. `x_BYTES` are the octets that a rule admits; `x` is a compiled pattern of bytes
for use with ``fullmatch``; `x_STR` is its twin for text.
"""

from __future__ import annotations

import re
from typing import Final

#: tchar = "!" / "#" / "$" / "%" / "&" / "'" / "*" / "+" / "-" / "." / "^" / "_" / "`" / "|" / "~"
#:         / DIGIT / ALPHA                                            ; RFC 9110 section 5.6.2
TCHAR: Final = r"!#$%&'*+\-.^_`|~0-9A-Za-z"

TOKEN: Final = re.compile(rf"[{TCHAR}]++".encode())
TOKEN_STR: Final = re.compile(rf"[{TCHAR}]++")

#: field-value = *field-content; field-vchar = VCHAR / obs-text; within: SP / HTAB
#:                                                                    ; RFC 9110 section 5.5
FIELD_VALUE: Final = re.compile(rb"[\t\x20-\x7e\x80-\xff]*+")
FIELD_VALUE_STR: Final = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")

#: What a value may never hold, whoever wrote it.
FORBIDDEN_IN_VALUE: Final = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
FORBIDDEN_IN_VALUE_STR: Final = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

#: request-target: VCHAR only; the forms are told apart in `head`.     ; RFC 9112 section 3.2
TARGET: Final = re.compile(rb"[\x21-\x7e]++")
TARGET_STR: Final = re.compile(r"[\x21-\x7e]++")

#: HTTP-version = "HTTP/" DIGIT "." DIGIT                             ; RFC 9112 section 2.3
VERSION: Final = re.compile(rb"HTTP/([0-9])\.([0-9])")

#: status-code = 3DIGIT                                               ; RFC 9112 section 4
STATUS_CODE: Final = re.compile(rb"[0-9]{3}")

#: reason-phrase = 1*( HTAB / SP / VCHAR / obs-text )                 ; RFC 9112 section 4
REASON_STR: Final = FIELD_VALUE_STR

#: Content-Length = 1*DIGIT                                           ; RFC 9110 section 8.6
DIGITS_STR: Final = re.compile(r"[0-9]++")

#: quoted-string = DQUOTE *( qdtext / quoted-pair ) DQUOTE            ; RFC 9110 section 5.6.4
QUOTED_STRING: Final = r'"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*+"'
QUOTED_STRING_STR: Final = re.compile(QUOTED_STRING)

#: chunk-size = 1*HEXDIG; chunk-ext = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
#:                                                                    ; RFC 9112 section 7.1
#: Sixteen digits bound the size below 2**64.
CHUNK_LINE: Final = re.compile(
    (
        r"([0-9A-Fa-f]{1,16}+)"
        rf"((?:[\t ]*+;[\t ]*+[{TCHAR}]++(?:[\t ]*+=[\t ]*+(?:[{TCHAR}]++|{QUOTED_STRING}))?+)*+)"
    ).encode("latin-1")
)

#: Host = uri-host [ ":" port ]                                       ; RFC 9110 section 7.2
#: uri-host: reg-name, IPv4address or "[" IPv6address / IPvFuture "]" ; RFC 3986 section 3.2.2
_REG_NAME = r"(?:[A-Za-z0-9\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})*+"
_IP_LITERAL = (
    r"\[(?:[0-9A-Fa-f:.]++(?:%25[A-Za-z0-9\-._~]++)?+"
    r"|v[0-9A-Fa-f]++\.[A-Za-z0-9\-._~!$&'()*+,;=:]++)\]"
)
AUTHORITY_STR: Final = re.compile(rf"(?:{_IP_LITERAL}|{_REG_NAME})(?::[0-9]*+)?+")
