"""What a server asks for and tells: WWW-Authenticate, Authentication-Info and those of proxies.

RFC 9110 section 11. The values are parsed in one pass, in linear time, and read what servers send:
several challenges in one field or several, values without quotes, empty elements. What cannot be
read is left out up to the next comma; a challenge that lacks what its scheme needs is then not
answered.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from ....wire import grammar

__all__ = ["Challenge", "credentials", "parse_challenges", "parse_parameters", "quoted"]

MAX_CHALLENGES = 32
"""The most challenges that are read of one response; the others are left out."""

MAX_PARAMETERS = 64
"""The most parameters that are read of one challenge; the others are left out."""

_GAP = re.compile(r"[ \t,]*+")
#: auth-scheme, and a token68 that is all of the challenge             ; RFC 9110 section 11.2
_SCHEME = re.compile(rf"([{grammar.TCHAR}]++)(?=[ \t,]|\Z)")
_TOKEN68 = re.compile(r"[ \t]++([A-Za-z0-9\-._~+/]++=*+)[ \t]*+(?=,|\Z)")
#: auth-param = token BWS "=" BWS ( token / quoted-string ), or a value that lacks its quotes
_PARAMETER = re.compile(
    rf"([{grammar.TCHAR}]++)[ \t]*+=[ \t]*+(?:({grammar.QUOTED_STRING})|([^\s,\"]*+))"
    r"[ \t]*+(?=,|\Z)"
)
_QUOTED_PAIR = re.compile(r"\\(.)")
_JUNK = re.compile(rf"(?:{grammar.QUOTED_STRING}|[^,\"])*+(?:\".*+)?+", re.DOTALL)
_NEEDS_ESCAPE = re.compile(r'(["\\])')


class Challenge(NamedTuple):
    """One challenge: its scheme in lower case, and a token or parameters, names in lower case."""

    scheme: str
    token: str | None
    parameters: Mapping[str, str]


def parse_challenges(lines: Iterable[str]) -> list[Challenge]:
    """Return the challenges of a response's WWW-Authenticate lines, in order.

    At most `MAX_CHALLENGES` with `MAX_PARAMETERS` each. Of two parameters of the same name the
    first counts. RFC 9110 section 11.6.1.

    >>> for scheme, token, parameters in parse_challenges(
    ...     ['Digest realm="a, b", nonce=x, Basic realm="c"', "Negotiate YWJj="]
    ... ):
    ...     print(scheme, token, parameters)
    digest None {'realm': 'a, b', 'nonce': 'x'}
    basic None {'realm': 'c'}
    negotiate YWJj= {}
    """
    found: list[Challenge] = []
    for line in lines:
        parameters: dict[str, str] = {}
        position = _end(_GAP, line, 0)
        while position < len(line):
            if parameter := _PARAMETER.match(line, position):
                # Without a scheme before it, it says nothing: `parameters` is no challenge's.
                _put(parameters, parameter)
                position = parameter.end()
            elif scheme := _SCHEME.match(line, position):
                if len(found) == MAX_CHALLENGES:
                    return found
                parameters = {}
                position = scheme.end()
                token = _TOKEN68.match(line, position)
                if token is not None:
                    position = token.end()
                found.append(Challenge(scheme[1].lower(), token[1] if token else None, parameters))
                if token is not None:
                    parameters = {}  # a challenge has one or the other
            else:
                position = _end(_JUNK, line, position)
            position = _end(_GAP, line, position)
    return found


def parse_parameters(text: str) -> dict[str, str]:
    """Return the parameters of an Authentication-Info value, names in lower case.

    RFC 9110 section 11.6.3.

    >>> parse_parameters('nextnonce="abc", qop=auth, nc=00000001')
    {'nextnonce': 'abc', 'qop': 'auth', 'nc': '00000001'}
    """
    parameters: dict[str, str] = {}
    position = _end(_GAP, text, 0)
    while position < len(text):
        parameter = _PARAMETER.match(text, position)
        if parameter is not None:
            _put(parameters, parameter)
        position = parameter.end() if parameter else _end(_JUNK, text, position)
        position = _end(_GAP, text, position)
    return parameters


def quoted(value: str) -> str:
    """Return `value` as a quoted string. RFC 9110 section 5.6.4.

    >>> print(quoted('a "b"'))
    "a \\"b\\""
    """
    return '"' + _NEEDS_ESCAPE.sub(r"\\\1", value) + '"'


def credentials(scheme: str, parameters: Mapping[str, str]) -> str:
    """Return the value of an Authorization field; the parameters are quoted already, or tokens.

    RFC 9110 section 11.6.2.

    >>> credentials("Digest", {"username": quoted("me"), "qop": "auth"})
    'Digest username="me", qop=auth'
    """
    return f"{scheme} " + ", ".join(f"{name}={value}" for name, value in parameters.items())


def _put(parameters: dict[str, str], found: re.Match[str]) -> None:
    name, in_quotes, bare = found.groups()
    if len(parameters) < MAX_PARAMETERS:
        value = bare if in_quotes is None else _QUOTED_PAIR.sub(r"\1", in_quotes[1:-1])
        parameters.setdefault(name.lower(), value)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    assert found is not None  # these patterns match the empty text too
    return found.end()
