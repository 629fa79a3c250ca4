"""The rules of HTTP/1's framing and persistence stand in `wire.h1` alone."""

from __future__ import annotations

import pytest

from . import rules_outside


def test_no_rule_stands_outside():
    assert rules_outside.rules_outside() == []


@pytest.mark.parametrize(
    "source",
    [
        "from nethttp.wire.h1.framing import response_has_body",
        "framing.request_framing('GET', 11, {})",
        "if name.lower() == 'content-length': pass",
        "TOKENS = {b'keep-alive', b'close'}",
        "line = b'Connection: close\\r\\n'",
        "lines += b'Content-Length: %d\\r\\n' % size",
        "chunked = 'chunked' in value",
    ],
)
def test_a_rule_is_found(tmp_path, monkeypatch, source):
    monkeypatch.setattr(rules_outside, "SRC", tmp_path)
    (tmp_path / "wire").mkdir()
    (tmp_path / "wire" / "rules.py").write_text(source)
    assert rules_outside.rules_outside() == []
    (tmp_path / "server.py").write_text(source)
    assert len(rules_outside.rules_outside()) == 1


@pytest.mark.parametrize(
    "source",
    [
        '"""Content-Length"""',
        "self.send_header('Content-Length', str(size))",
        "raise ValueError('expected chunked content')",
        "self.send_header('Connection', 'close')",
    ],
)
def test_what_states_or_explains_is_none(tmp_path, monkeypatch, source):
    monkeypatch.setattr(rules_outside, "SRC", tmp_path)
    (tmp_path / "server.py").write_text(source)
    assert rules_outside.rules_outside() == []
