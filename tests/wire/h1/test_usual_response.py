"""The quick verdict on a usual response is that of `judge_response`, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.errors import RemoteProtocolError
from nethttp.wire.h1.framing import CHUNKED
from nethttp.wire.h1.rules import judge_response
from nethttp.wire.h1.usual_response import usual_verdict

VALUES = {
    "content-length": ["0", "5", "+5", "5 ", "", "0x1", "1_0", "²", "1" * 18, "1" * 19, "5, 5"],
    "transfer-encoding": ["chunked", "Chunked", "gzip, chunked", "identity", ""],
    "connection": ["close", "Close", "keep-alive", "Keep-Alive", "upgrade", "keep-alive, close"],
    "keep-alive": ["timeout=5"],
    "proxy-connection": ["close", "keep-alive"],
    "server": ["x"],
}

fields = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}
)


@given(
    st.sampled_from(["GET", "HEAD", "POST", "CONNECT", None]),
    st.sampled_from([10, 11]),
    st.sampled_from([100, 101, 200, 204, 206, 304, 404, 500, 999]),
    fields,
)
def test_the_verdict_is_that_of_the_rules(method, version, status, index):
    verdict = usual_verdict(method, version, status, index)
    if verdict is not None:
        assert verdict == judge_response(method, version, status, list(index.items()))


@pytest.mark.parametrize(
    ("index", "framing", "persistent"),
    [
        ({"content-length": "5"}, 5, True),
        ({"content-length": "5", "connection": "keep-alive"}, 5, True),
        ({"content-length": "0", "connection": "close"}, 0, False),
        ({"transfer-encoding": "chunked"}, CHUNKED, True),
    ],
)
def test_usual_heads_have_one(index, framing, persistent):
    verdict = usual_verdict("GET", 11, 200, index)
    assert verdict is not None
    assert (verdict.framing, verdict.persistent) == (framing, persistent)


def test_what_the_rules_refuse_has_none():
    for length in VALUES["content-length"]:
        try:
            judge_response("GET", 11, 200, [("Content-Length", length)])
        except RemoteProtocolError:
            assert usual_verdict("GET", 11, 200, {"content-length": length}) is None
