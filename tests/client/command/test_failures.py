"""Exit statuses by cause."""

from __future__ import annotations

import re

import pytest

from nethttp import errors
from nethttp.client.command.failures import Failure, exit_status, sentence
from nethttp.client.command.options import EXIT_STATUSES
from nethttp.client.command.output import CannotWrite
from nethttp.client.part_file import ChecksumError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.StatusError("404"), 1),
        (errors.AuthenticationError("x"), 1),
        (Failure("x"), 2),
        (CannotWrite("x"), 2),
        (errors.InvalidURL("x"), 2),
        (errors.LocalProtocolError("x"), 2),
        (OSError("x"), 2),
        (errors.ResolveError("x"), 3),
        (errors.ConnectError("x"), 4),
        (errors.AddressRefused("x"), 4),
        (errors.ProxyError("x"), 4),
        (errors.TLSError("x"), 5),
        (errors.CertificateError("x"), 5),
        (errors.ConnectTimeout("x"), 6),
        (errors.ReadTimeout("x"), 6),
        (errors.ReadError("x"), 7),
        (errors.InvalidResponse("x"), 7),
        (errors.TooManyRedirects("x"), 7),
        (errors.DecodingError("x"), 7),
        (ChecksumError("x"), 8),
    ],
)
def test_each_cause_has_its_status(error, status):
    assert exit_status(error) == status
    assert re.search(rf"\b{status}  ", EXIT_STATUSES), "the help lists it"
    assert "\n" not in sentence(error, "http://a/", 5.0)
