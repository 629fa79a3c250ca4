"""Where a body ends."""

from __future__ import annotations

import pytest

from nethttp.errors import LocalProtocolError, RemoteProtocolError
from nethttp.wire.h1.framing import (
    CHUNKED,
    UNTIL_CLOSE,
    declared_framing,
    request_framing,
    response_framing,
)
from nethttp.wire.limits import Limits

CL, TE = "content-length", "transfer-encoding"


@pytest.mark.parametrize(
    ("selected", "framing"),
    [({}, 0), ({CL: ["12"]}, 12), ({TE: ["chunked"]}, CHUNKED), ({TE: ["Chunked"]}, CHUNKED)],
)
def test_requests(selected, framing):
    assert request_framing("POST", 11, selected) == framing


@pytest.mark.parametrize(
    ("method", "status", "selected", "framing"),
    [
        ("GET", 200, {}, UNTIL_CLOSE),
        ("GET", 200, {CL: ["3"]}, 3),
        ("GET", 200, {CL: ["3", "3"]}, 3),
        ("GET", 200, {CL: ["3, 3", "3"]}, 3),
        ("GET", 200, {TE: ["Chunked"]}, CHUNKED),
        ("GET", 200, {TE: [", chunked ,"]}, CHUNKED),
        ("HEAD", 200, {CL: ["3"]}, 0),
        ("HEAD", 200, {CL: ["-1"], TE: ["x"]}, 0),
        ("GET", 304, {CL: ["0"], TE: ["chunked"]}, 0),
        ("GET", 304, {CL: ["x"]}, 0),
        ("GET", 204, {CL: ["0"]}, 0),
        ("GET", 100, {}, 0),
        ("CONNECT", 200, {CL: ["x"]}, 0),
        ("CONNECT", 407, {CL: ["3"]}, 3),
        (None, 200, {}, UNTIL_CLOSE),
    ],
)
def test_responses(method, status, selected, framing):
    assert response_framing(method, 11, status, selected) == (framing, True)


@pytest.mark.parametrize(
    ("status", "selected", "framing"),
    [
        (200, {CL: ["3"], TE: ["chunked"]}, CHUNKED),
        (200, {CL: ["x"], TE: ["chunked"]}, CHUNKED),
        (200, {TE: ["chunked", "chunked"]}, CHUNKED),
        (200, {TE: ["chunked, chunked"]}, CHUNKED),
        (200, {TE: ["identity, chunked"]}, CHUNKED),
        (200, {TE: ["gzip, chunked"]}, CHUNKED),
        (200, {TE: ["chunked, gzip"]}, UNTIL_CLOSE),
        (200, {TE: ["gzip"], CL: ["3"]}, UNTIL_CLOSE),
        (200, {TE: ["xchunked"]}, UNTIL_CLOSE),
        (200, {TE: ['"chunked"']}, UNTIL_CLOSE),
        (200, {TE: ["identity"]}, UNTIL_CLOSE),
        (200, {TE: ["identity"], CL: ["3"]}, 3),
        (200, {TE: [""], CL: ["3"]}, 3),
        (200, {TE: [""]}, UNTIL_CLOSE),
        (204, {TE: ["chunked"]}, 0),
        (204, {CL: ["3"]}, 0),
        (103, {CL: ["3"]}, 0),
    ],
)
def test_responses_that_end_their_connection(status, selected, framing):
    assert response_framing("GET", 11, status, selected) == (framing, False)


def test_a_coding_on_http_1_0_is_obeyed_once():
    assert response_framing("GET", 10, 200, {TE: ["chunked"]}) == (CHUNKED, False)


@pytest.mark.parametrize(
    "lengths",
    [
        ["3", "4"],
        ["3, 4"],
        ["03", "3"],
        ["+3"],
        ["-3"],
        ["3_0"],
        ["0x3"],
        [""],
        [" "],
        [","],
        ["x"],
    ],
)
def test_lengths_that_are_none_or_differ_are_refused(lengths):
    with pytest.raises(RemoteProtocolError, match="Content-Length"):
        response_framing("GET", 11, 200, {CL: lengths})


def test_a_declared_length_over_the_bound_is_413():
    limits = Limits(max_body=10)
    assert request_framing("POST", 11, {CL: ["10"]}, limits) == 10
    with pytest.raises(RemoteProtocolError, match="at most 10") as refused:
        request_framing("POST", 11, {CL: ["11"]}, limits)
    assert refused.value.status_hint == 413


def test_the_longest_length_is_read():
    assert request_framing("POST", 11, {CL: ["9" * 19]}) == 10**19 - 1
    with pytest.raises(RemoteProtocolError):
        request_framing("POST", 11, {CL: ["9" * 20]})


def test_what_this_program_declares():
    assert declared_framing({}) is None
    assert declared_framing({CL: ["7"]}) == 7
    assert declared_framing({TE: ["chunked"]}) == CHUNKED
    for selected in ({CL: ["7"], TE: ["chunked"]}, {CL: ["+7"]}, {CL: ["7", "8"]}, {TE: ["cow"]}):
        with pytest.raises(LocalProtocolError):
            declared_framing(selected)
