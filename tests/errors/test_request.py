"""What a client's error tells: its kind, the request, the phase, the attempt, the addresses."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace

import pytest

from nethttp import errors

REQUEST = SimpleNamespace(method="POST", url="https://me:pw@example.com/a", body=open)
KINDS = [
    kind
    for kind in vars(errors).values()
    if isinstance(kind, type) and issubclass(kind, errors.RequestError)
]


def full(kind):
    return kind(
        "it failed", request=REQUEST, phase="connect", attempt=2, addresses=("192.0.2.1", "::1")
    )


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_tells_the_same(kind):
    error = full(kind)
    assert error.request is REQUEST
    assert (error.phase, error.attempt, error.addresses) == ("connect", 2, ("192.0.2.1", "::1"))
    assert (error.method, error.url) == ("POST", "https://***@example.com/a")
    assert str(error) == "it failed (POST https://***@example.com/a, phase connect, attempt 2)"
    assert "pw" not in repr(error)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("copied", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_a_pickle_keeps_all_but_the_request(kind, copied):
    error = full(kind)
    if isinstance(error, OSError):
        error.errno = 111
    again = copied(error)
    assert type(again) is kind
    assert str(again) == str(error)
    assert again.addresses == error.addresses
    assert again.request is None
    if isinstance(error, OSError):
        assert again.errno == 111


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_needed_but_the_kind(kind):
    error = kind()
    assert (str(error), error.request, error.phase, error.attempt) == ("", None, None, 0)
    assert error.addresses == ()
    assert type(pickle.loads(pickle.dumps(error))) is kind


@pytest.mark.parametrize(
    ("kind", "bases"),
    [
        (errors.ConnectError, (ConnectionError, errors.TransportError)),
        (errors.ReadError, (ConnectionError, errors.TransportError)),
        (errors.PoolTimeout, (TimeoutError, errors.TransportError)),
        (errors.ConnectTimeout, (TimeoutError, errors.TransportError)),
        (errors.InvalidResponse, (errors.RemoteProtocolError, errors.TransportError)),
        (errors.UnsupportedProtocol, (errors.InvalidURL, errors.TransportError)),
        (errors.CertificateError, (errors.TLSError, errors.ConnectError)),
        (errors.StreamConsumed, (RuntimeError, errors.ImproperConnectionState)),
        (errors.StatusError, (errors.HTTPException,)),
    ],
)
def test_an_error_is_caught_by_its_bases(kind, bases):
    assert issubclass(kind, bases)
    for base in bases:
        assert issubclass(kind, base)


def test_the_first_to_know_is_believed():
    error = errors.ReadError("reset", phase="wait").about(REQUEST, phase="receive", attempt=3)
    error.about(SimpleNamespace(method="GET", url="http://other/"), attempt=4)
    assert (error.method, error.phase, error.attempt) == ("POST", "wait", 3)


def test_a_status_error_keeps_its_response():
    response = SimpleNamespace(status_code=404, request=REQUEST)
    error = errors.StatusError("404 Not Found", response=response)
    assert (str(error), error.response, error.request) == ("404 Not Found", response, REQUEST)
    assert errors.StatusError().request is None
    kept = pickle.loads(pickle.dumps(errors.StatusError("x", response=(404, "Not Found"))))
    assert (kept.args, kept.response) == (("x",), (404, "Not Found"))
