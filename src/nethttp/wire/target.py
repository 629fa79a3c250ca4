"""Which resource a request names: the forms of a request target, and Host.

RFC 9112 sections 3.2 and 3.3. If a target can be read in two ways, an attacker can make a server
act on one reading, and log, cache or authorise the other.
"""

from __future__ import annotations

import re
from typing import Literal

from ..errors import RemoteProtocolError, excerpt
from . import grammar

__all__ = ["TargetForm", "check_host", "check_target", "target_form"]

TargetForm = Literal["origin", "absolute", "authority", "asterisk"]

_ORIGIN = re.compile(rf"/[{grammar.URI}]*+")
_ABSOLUTE = re.compile(
    rf"[A-Za-z][A-Za-z0-9+.\-]*+://(?:(?![/?])[{grammar.URI}])++(?:[/?][{grammar.URI}]*+)?+"
)
_AUTHORITY_WITH_PORT = re.compile(rf"(?!:)(?:{grammar.AUTHORITY.pattern})(?<=[0-9])")

#: The target forms that each method takes; None: every other method. RFC 9112 section 3.2.
_FORMS: dict[str | None, frozenset[TargetForm]] = {
    "CONNECT": frozenset({"authority"}),
    "OPTIONS": frozenset({"origin", "absolute", "asterisk"}),
    None: frozenset({"origin", "absolute"}),
}


def target_form(target: str) -> TargetForm | None:
    """Return the form of a request target, or None if it is not one of the four.

    >>> target_form("/where?q=now"), target_form("*"), target_form("example.com:443")
    ('origin', 'asterisk', 'authority')
    """
    if target.startswith("/"):
        return "origin" if _ORIGIN.fullmatch(target) else None
    if target == "*":
        return "asterisk"
    if _ABSOLUTE.fullmatch(target):
        return "absolute"
    if ":" in target and _AUTHORITY_WITH_PORT.fullmatch(target):
        return "authority"
    return None


def check_target(method: str, target: str) -> None:
    """Return nothing if `target` has a form that `method` takes.

    Raises:
        RemoteProtocolError: with `status_hint` 400. RFC 9112 section 3.2.
    """
    # Nearly every request is origin-form, and no method but CONNECT refuses that.
    if method != "CONNECT" and _ORIGIN.fullmatch(target):
        return
    allowed = _FORMS.get(method, _FORMS[None])
    if target_form(target) not in allowed:
        raise RemoteProtocolError(
            f"expected a target in {' or '.join(sorted(allowed))} form for {excerpt(method)}, "
            f"got {excerpt(target)} (RFC 9112 section 3.2)"
        )


def check_host(version: int, hosts: list[str]) -> None:
    """Return nothing if the Host field lines of a request are valid.

    `version` is 10 (HTTP/1.0, where Host may be missing) or 11.

    Raises:
        RemoteProtocolError: with `status_hint` 400: no Host on HTTP/1.1, more than one, or a value
            other than ``uri-host [ ":" port ]``. RFC 9112 section 3.2, RFC 9110 section 7.2.

    >>> check_host(11, ["example.com:8080"])
    """
    if len(hosts) == 1:
        if not grammar.AUTHORITY.fullmatch(hosts[0]):
            raise RemoteProtocolError(
                f"expected Host to be 'host' or 'host:port', got {excerpt(hosts[0])} "
                "(RFC 9110 section 7.2)"
            )
    elif hosts:
        raise RemoteProtocolError(
            f"expected one Host field, got {len(hosts)} (RFC 9112 section 3.2)"
        )
    elif version >= 11:
        raise RemoteProtocolError("expected a Host field, got none (RFC 9112 section 3.2)")
