"""HTTPStatus and HTTPMethod against the running interpreter's, and the registry."""

from __future__ import annotations

import copy
import http
import pickle
import sys

import pytest

import nethttp
from nethttp.status import HTTPMethod, HTTPStatus, phrase_of, reference_of

#: Assigned in the IANA registry (104 is temporary; 306 and 418 are reserved).
REGISTERED = (
    *(100, 101, 102, 103),
    *(200, 201, 202, 203, 204, 205, 206, 207, 208, 226),
    *(300, 301, 302, 303, 304, 305, 307, 308),
    *(400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417),
    *(418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451),
    *(500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511),
)

ALIASES = {
    "REQUEST_ENTITY_TOO_LARGE": "CONTENT_TOO_LARGE",
    "REQUEST_URI_TOO_LONG": "URI_TOO_LONG",
    "REQUESTED_RANGE_NOT_SATISFIABLE": "RANGE_NOT_SATISFIABLE",
    "UNPROCESSABLE_ENTITY": "UNPROCESSABLE_CONTENT",
}


def test_every_registered_code_is_there():
    assert tuple(HTTPStatus) == REGISTERED


@pytest.mark.parametrize("status", HTTPStatus)
def test_every_code_has_a_section(status):
    assert reference_of(status).startswith("RFC ")
    assert " section " in reference_of(status)


@pytest.mark.parametrize(("old", "new"), ALIASES.items())
def test_old_names_are_aliases(old, new):
    assert HTTPStatus[old] is HTTPStatus[new]
    assert HTTPStatus[new].name == new


@pytest.mark.parametrize("theirs", http.HTTPStatus, ids=str)
def test_the_stdlib_names_and_values(theirs):
    ours = HTTPStatus[theirs.name]
    assert ours == theirs
    assert repr(HTTPStatus.OK) == repr(http.HTTPStatus.OK)


def test_the_phrases_are_those_of_rfc_9110_on_every_python():
    # The running interpreter may be older than the names: 3.11 says "Request Entity Too Large".
    assert HTTPStatus(413).phrase == "Content Too Large"
    assert HTTPStatus(414).phrase == "URI Too Long"
    assert HTTPStatus(416).phrase == "Range Not Satisfiable"
    assert HTTPStatus(422).phrase == "Unprocessable Content"


def test_every_code_has_a_description():
    # Python 3.14 describes the last fifteen; an error page shows it.
    assert all(status.description for status in HTTPStatus)
    assert HTTPStatus.EARLY_HINTS.description == "Headers sent to prepare for the response"
    assert not any(status.description.endswith(".") for status in HTTPStatus)


@pytest.mark.skipif(sys.version_info < (3, 14), reason="this Python describes fewer codes")
@pytest.mark.parametrize("theirs", http.HTTPStatus, ids=str)
def test_phrases_and_descriptions_are_those_of_the_newest_python(theirs):
    ours = HTTPStatus(theirs)
    assert (ours.phrase, ours.description) == (theirs.phrase, theirs.description)


def test_classes_of_codes():
    names = ("informational", "success", "redirection", "client_error", "server_error")
    for status in HTTPStatus:
        told = [getattr(status, f"is_{name}") for name in names]
        assert told.index(True) == status // 100 - 1
        assert told.count(True) == 1


def test_an_unknown_code_has_no_phrase_and_raises_nothing():
    for code in (499, 520, 527, 561, 999):
        assert phrase_of(code) == ""
        assert reference_of(code) == ""
    with pytest.raises(ValueError):
        HTTPStatus(520)


@pytest.mark.parametrize("member", [HTTPStatus.OK, HTTPMethod.GET])
def test_members_are_singletons(member):
    assert pickle.loads(pickle.dumps(member)) is member
    assert copy.deepcopy(member) is member


def test_methods_are_the_stdlib_ones():
    assert [(m.name, m.value, m.description, repr(m)) for m in HTTPMethod] == [
        (m.name, m.value, m.description, repr(m)) for m in http.HTTPMethod
    ]


def test_the_face():
    assert nethttp.HTTPStatus is HTTPStatus
    assert nethttp.HTTPMethod is HTTPMethod
