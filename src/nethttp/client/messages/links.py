"""Parses the Link field: RFC 8288 section 3."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["parse_links"]

#: "<" URI-Reference ">" *( OWS ";" OWS link-param )
_LINK: Final = re.compile(r'[\s,]*+<([^>]*+)>((?:[^",]|"(?:[^"\\]|\\.)*+"?+)*+)', re.DOTALL)
#: token BWS [ "=" BWS ( token / quoted-string ) ]
_PARAM: Final = re.compile(
    r';\s*+([^\s;=",]++)\s*+(?:=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^;",\s]*+)))?+'
)


def parse_links(value: str) -> dict[str, dict[str, str]]:
    """Return the links of a field value by relation, or by URL where there is none.

    A link with several relations is there under each. Of one name, the first parameter counts.

    >>> parse_links('<https://a/2>; rel="next"; title=b')
    {'next': {'url': 'https://a/2', 'rel': 'next', 'title': 'b'}}
    """
    links: dict[str, dict[str, str]] = {}
    position = 0
    while found := _LINK.match(value, position):
        position = found.end()
        link = {"url": found[1]}
        for name, quoted, token in _PARAM.findall(found[2]):
            link.setdefault(name.lower(), re.sub(r"\\(.)", r"\1", quoted) if quoted else token)
        for relation in link.get("rel", "").split() or [found[1]]:
            links.setdefault(relation, link)
    return links
