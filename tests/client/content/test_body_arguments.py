"""What content=, data=, files= and json= stand for."""

from __future__ import annotations

import io

import pytest

from nethttp.client.content.body_arguments import body_from_arguments
from nethttp.client.content.upload import Body, BytesBody, FileBody, IterableBody, WithProgress

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    ("arguments", "wanted"),
    [
        ({}, (None, None)),
        ({"content": b"a"}, (b"a", None)),
        ({"content": "é"}, (b"\xc3\xa9", None)),
        ({"content": b""}, (b"", None)),
        ({"data": {"a": "b"}}, (b"a=b", FORM)),
        ({"data": [("a", "b"), ("a", "c")]}, (b"a=b&a=c", FORM)),
        ({"data": (("a", "b"),)}, (b"a=b", FORM)),
        ({"data": "a=b"}, (b"a=b", None)),
        ({"data": b"a"}, (b"a", None)),
        ({"json": {"a": 1}}, (b'{"a":1}', "application/json")),
        ({"json": []}, (b"[]", "application/json")),
        ({"json": 0, "dumps": lambda _: "zero"}, (b"zero", "application/json")),
        ({"data": {}, "json": False}, (b"false", "application/json")),
        ({"data": {}, "files": {}}, (None, None)),
        ({"data": []}, (None, None)),
    ],
)
def test_bodies_in_memory(arguments, wanted):
    assert body_from_arguments(**arguments) == wanted


@pytest.mark.parametrize(
    ("given", "kind"),
    [(io.BytesIO(b"a"), FileBody), (iter([b"a"]), IterableBody), ([b"a"], IterableBody)],
)
def test_data_that_is_no_form_is_content(given, kind):
    for name in ("content", "data"):
        body, content_type = body_from_arguments(**{name: given})
        assert isinstance(body, kind)
        assert content_type is None


def test_a_body_of_the_program_is_used_as_it_is():
    own = BytesBody(b"a")
    assert body_from_arguments(content=own) == (b"a", None)
    own = IterableBody([b"a"])
    assert body_from_arguments(content=own) == (own, None)


def test_files_make_a_multipart_of_both():
    body, content_type = body_from_arguments(data={"a": "b"}, files={"f": ("n", b"x")})
    assert isinstance(body, Body)
    assert content_type.startswith("multipart/form-data; boundary=")
    sent = b"".join(body.pieces())
    assert sent.index(b'name="a"') < sent.index(b'name="f"')


def test_the_boundary_of_a_content_type_is_used():
    body, content_type = body_from_arguments(
        files={"f": b"x"}, content_type="multipart/form-data; boundary=mine"
    )
    assert content_type is None
    assert b"".join(body.pieces()).startswith(b"--mine\r\n")


@pytest.mark.parametrize("arguments", [{"json": 1}, {"data": {"a": "b"}}, {"content": b"a"}])
def test_the_programs_own_content_type_stays(arguments):
    _, content_type = body_from_arguments(**arguments, content_type="text/mine")
    assert content_type is None


@pytest.mark.parametrize("own", ["multipart/form-data", "text/plain", ""])
def test_files_replace_a_content_type_that_lacks_their_boundary(own):
    _, content_type = body_from_arguments(files={"f": b"x"}, content_type=own)
    assert content_type.startswith("multipart/form-data; boundary=")


@pytest.mark.parametrize(
    "arguments",
    [
        {"content": b"a", "json": 1},
        {"content": b"a", "data": {"a": "b"}},
        {"content": b"a", "data": b"b"},
        {"content": b"a", "files": {"f": b"x"}},
        {"data": {"a": "b"}, "json": 1},
        {"data": b"raw", "files": {"f": b"x"}},
        {"files": {"f": b"x"}, "json": 1},
    ],
)
def test_two_bodies_are_refused(arguments):
    with pytest.raises(TypeError, match=r"expected .*, got"):
        body_from_arguments(**arguments)


@pytest.mark.parametrize(
    "arguments",
    [{"content": b"abc"}, {"json": 123}, {"files": {"f": b"x"}}, {"data": iter([b"a"])}],
)
def test_progress_is_told_of_any_body(arguments):
    told = []
    body, _ = body_from_arguments(**arguments, progress=lambda *now: told.append(now))
    assert isinstance(body, WithProgress)
    sent = sum(map(len, body.pieces()))
    assert told[-1] == (sent, body.length)


def test_without_a_body_there_is_no_progress():
    assert body_from_arguments(progress=print) == (None, None)
