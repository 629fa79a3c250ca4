"""What the standard library's classes and functions can be called with, by position and keyword."""

from __future__ import annotations

import http.client
import http.cookiejar
import http.cookies
import http.server
import inspect
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest

import nethttp.client
import nethttp.cookiejar
import nethttp.cookies
import nethttp.server

PAIRS = [
    (http.client, nethttp.client),
    (http.server, nethttp.server),
    (http.cookies, nethttp.cookies),
    (http.cookiejar, nethttp.cookiejar),
]

P = inspect.Parameter
BY_POSITION = (P.POSITIONAL_ONLY, P.POSITIONAL_OR_KEYWORD)


def public_callables(theirs: ModuleType, ours: ModuleType) -> Iterator[tuple[str, Any, Any]]:
    """Give each function, and method of a class; those with an underscore if both have them."""
    names = {*getattr(theirs, "__all__", ()), "HTTPMessage", "parse_headers", "Morsel"}
    for name in sorted(names & set(dir(theirs))):
        value, own = getattr(theirs, name), getattr(ours, name)
        if inspect.isclass(value):
            for method in vars(value):
                told = method == "__init__" or not method.startswith("_")
                seam = not method.startswith("__") and hasattr(own, method)
                if (told or seam) and callable(getattr(value, method)):
                    yield f"{name}.{method}", getattr(value, method), getattr(own, method)
        elif inspect.isfunction(value):
            yield name, value, own


CASES = [case for pair in PAIRS for case in public_callables(*pair)]


@pytest.mark.parametrize(("name", "theirs", "ours"), CASES, ids=[name for name, *_ in CASES])
def test_what_can_be_called_there_can_be_called_here(name, theirs, ours):
    try:
        their, our = inspect.signature(theirs), inspect.signature(ours)
    except ValueError:
        pytest.skip("written in C, without a signature")
    takes_any_keyword = any(p.kind is P.VAR_KEYWORD for p in our.parameters.values())
    takes_any_position = any(p.kind is P.VAR_POSITIONAL for p in our.parameters.values())
    theirs_in_order = [p for p in their.parameters.values() if p.kind in BY_POSITION]
    ours_in_order = [p for p in our.parameters.values() if p.kind in BY_POSITION]
    for place, parameter in enumerate(theirs_in_order):
        same = ours_in_order[place] if place < len(ours_in_order) else None
        if same is None:
            assert takes_any_position, f"{name} takes no {parameter} by position: {our}"
        elif parameter.kind is P.POSITIONAL_OR_KEYWORD and not takes_any_keyword:
            assert same.name == parameter.name, f"{name}: {our}, the stdlib's {their}"
            assert same.kind is P.POSITIONAL_OR_KEYWORD, f"{name}: {our}, the stdlib's {their}"
        if same is not None and parameter.default is not P.empty:
            assert same.default is not P.empty, f"{name}: {our}, the stdlib's {their}"
    for parameter in their.parameters.values():
        if parameter.kind is P.KEYWORD_ONLY and not parameter.name.startswith("_"):
            assert takes_any_keyword or parameter.name in our.parameters, f"{name}: {our}"
    known = {p.name for p in their.parameters.values()}
    for parameter in our.parameters.values():
        if parameter.name not in known and parameter.kind in (*BY_POSITION, P.KEYWORD_ONLY):
            needed = parameter.default is P.empty and not any(
                p.kind is P.VAR_POSITIONAL for p in their.parameters.values()
            )
            assert not needed, f"{name} wants {parameter}: {our}, the stdlib's {their}"
