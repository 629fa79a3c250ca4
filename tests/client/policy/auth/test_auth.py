"""`Auth`, and functions that sign requests."""

from __future__ import annotations

import asyncio

import pytest

from nethttp.client.policy.auth import Auth, FunctionAuth
from nethttp.net import aio, blocking

from .doubles import Request, Response


def signed_by(auth, request):
    """A flow of the client: return the request that `auth` would send."""
    flow = auth.flow(request)
    step = next(flow)
    while not isinstance(step, Request):
        step = flow.send((yield step))
    with pytest.raises(StopIteration):
        flow.send(Response())
    return step


def test_the_base_sends_requests_as_they_are():
    request = Request()
    assert list(Auth().flow(request)) == [request]
    assert request.headers.pairs == []


def test_a_function_changes_the_request():
    def sign(request):
        request.headers["X-Signed"] = f"{request.method} {request.target}"

    request = Request("POST", "http://example.com/a?b")
    assert blocking.run(signed_by(FunctionAuth(sign), request)) is request
    assert request.headers["X-Signed"] == "POST /a?b"


def test_a_function_returns_another_request():
    other = Request()
    assert blocking.run(signed_by(FunctionAuth(lambda _request: other), Request())) is other


def test_an_async_function_is_awaited():
    async def sign(request):
        await asyncio.sleep(0)
        request.headers["X-Signed"] = "yes"

    request = Request()
    assert asyncio.run(aio.arun(signed_by(FunctionAuth(sign), request))) is request
    assert request.headers["X-Signed"] == "yes"
