"""Names of the module that programs replace have their effect at the next use."""

from __future__ import annotations

import math

import nethttp.client
from nethttp.client import seams
from nethttp.wire.limits import DEFAULT_LIMITS


def test_the_names_are_those_of_the_module():
    assert seams.NAMES is vars(nethttp.client)


def test_a_name_is_replaced_while_something_else_is_bound_to_it(monkeypatch):
    assert seams.replaced("parse_headers") is None
    own = nethttp.client.parse_headers
    assert seams.replaced("parse_headers") is None
    with monkeypatch.context() as patch:
        patch.setattr(nethttp.client, "parse_headers", print)
        assert seams.replaced("parse_headers") is print
    # What undoes it binds the name where there was only __getattr__ before.
    monkeypatch.setattr(nethttp.client, "parse_headers", own)
    assert seams.replaced("parse_headers") is None


def test_print_is_that_of_the_module_or_of_builtins(monkeypatch):
    said = []
    with monkeypatch.context() as patch:
        patch.setattr("builtins.print", lambda *values: said.append(("builtins", *values)))
        seams.say("a", 1)
        patch.setattr(
            nethttp.client, "print", lambda *v: said.append(("module", *v)), raising=False
        )
        seams.say("b", 2)
    assert said == [("builtins", "a", 1), ("module", "b", 2)]


def test_the_bounds_of_a_head_are_those_that_the_module_says(monkeypatch):
    assert seams.head_limits() is DEFAULT_LIMITS
    assert seams.head_limits(7).max_fields == 7
    monkeypatch.setattr(nethttp.client, "_MAXHEADERS", math.inf)
    assert seams.head_limits().max_fields > 10**9
    assert seams.head_limits(7).max_fields == 7
    monkeypatch.setattr(nethttp.client, "_MAXLINE", 1 << 20)
    limits = seams.head_limits()
    assert limits.max_field_line == limits.max_start_line == 1 << 20
    assert 1 << 20 < limits.max_field_section < 1 << 30
    assert "more than 1048576 bytes" in str(nethttp.client.LineTooLong("header line"))
    monkeypatch.setattr(nethttp.client, "_MAXINTERIMRESPONSES", 3)
    assert seams.head_limits(7).max_interim_responses == 3
