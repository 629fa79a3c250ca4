"""multipart/form-data: heads, names, lengths, and files that stay on disk."""

from __future__ import annotations

import asyncio
import io
import tracemalloc
from email.parser import BytesParser
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nethttp.client.content.multipart import MultipartBody, boundary_in
from nethttp.errors import BodyNotReplayable, LocalProtocolError


def whole(body: MultipartBody) -> bytes:
    sent = b"".join(body.pieces())
    assert body.length in (None, len(sent))
    return sent


def parts(body: MultipartBody) -> list[tuple[dict[str, str], bytes]]:
    """Return what an independent parser reads."""
    message = BytesParser().parsebytes(
        b"Content-Type: %b\r\n\r\n" % body.content_type.encode() + whole(body)
    )
    assert not message.defects
    return [(dict(part.items()), part.get_payload(decode=True)) for part in message.get_payload()]


def heads(body: MultipartBody) -> list[str]:
    return [line for line in whole(body).decode().split("\r\n") if line.startswith("Content-")]


@given(
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.binary(max_size=30), max_size=4
    ),
    st.dictionaries(
        st.from_regex(r"[a-z]{1,5}", fullmatch=True), st.binary(max_size=30), max_size=4
    ),
)
def test_the_length_is_known_and_each_content_stands_between_boundaries(data, files):
    body = MultipartBody(data, files)
    pieces = whole(body).split(b"--" + body.boundary.encode())
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    contents = [piece.partition(b"\r\n\r\n")[2][:-2] for piece in pieces[1:-1]]
    assert contents == [*data.values(), *files.values()]


def test_an_independent_parser_reads_it():
    body = MultipartBody(
        {"text": "Grüße", "list": ["1", "2"]},
        [("file", ("a.txt", b"one")), ("file", ("b.bin", io.BytesIO(b"two"), "application/x-b"))],
    )
    assert [content for _, content in parts(body)] == [
        "Grüße".encode(),
        *(b"1", b"2", b"one", b"two"),
    ]
    assert parts(body)[3][0] == {
        "Content-Disposition": 'form-data; name="file"; filename="a.txt"',
        "Content-Type": "text/plain",
    }


@pytest.mark.parametrize(
    ("part", "head"),
    [
        (b"x", ['form-data; name="f"; filename="f"', "application/octet-stream"]),
        ("x", ['form-data; name="f"; filename="f"', "application/octet-stream"]),
        (("a.png", b"x"), ['form-data; name="f"; filename="a.png"', "image/png"]),
        (("a.png", b"x", "text/css"), ['form-data; name="f"; filename="a.png"', "text/css"]),
        (("a", b"x", None, {"content-type": "a/b"}), ['form-data; name="f"; filename="a"', None]),
        ((None, b"x"), ['form-data; name="f"']),
        ((None, b"x", "a/b"), ['form-data; name="f"', "a/b"]),
        (("", b"x"), ['form-data; name="f"; filename=""']),
    ],
)
def test_files_in_the_habits_of_requests_and_httpx(part, head):
    found = [line.partition(": ")[2] for line in heads(MultipartBody(files={"f": part}))]
    assert found == [line for line in head if line is not None]


def test_more_fields_of_a_part_and_a_disposition_of_its_own():
    body = MultipartBody(files={"f": ("a", b"x", "a/b", {"X-One": "1"})})
    assert b'filename="a"\r\nContent-Type: a/b\r\nX-One: 1\r\n\r\nx\r\n' in whole(body)
    own = MultipartBody(files={"f": ("a", b"x", "a/b", {"Content-Disposition": "attachment"})})
    assert heads(own) == ["Content-Type: a/b", "Content-Disposition: attachment"]


def test_files_on_disk_are_named_after_their_path_and_guessed(tmp_path):
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"jpeg")
    wanted = [
        'Content-Disposition: form-data; name="f"; filename="photo.jpg"',
        "Content-Type: image/jpeg",
    ]
    with open(path, "rb") as file:
        for given_as in (file, path):
            body = MultipartBody(files={"f": given_as})
            assert heads(body) == wanted
            assert b"\r\n\r\njpeg\r\n" in whole(body)
            body.rewind()
            assert b"\r\n\r\njpeg\r\n" in whole(body)


def test_one_handle_may_be_in_two_parts():
    file = io.BytesIO(b"abc")
    assert whole(MultipartBody(files=[("a", file), ("b", file)])).count(b"\r\n\r\nabc\r\n") == 2


def test_a_name_is_utf_8_and_escapes_what_html_escapes():
    body = MultipartBody({'na"me\r\n': "x"}, {"ü": ('"é\n\\%', b"")})
    assert heads(body)[:2] == [
        'Content-Disposition: form-data; name="na%22me%0D%0A"',
        'Content-Disposition: form-data; name="ü"; filename="%22é%0A\\%"',
    ]


@pytest.mark.parametrize(
    "part",
    [
        ("a\0b", b"x"),
        ("a", b"x", "text/plain\r\nX: y"),
        ("a", b"x", None, {"X": "a\nb"}),
        ("a", b"x", None, {"X Y": "a"}),
        ("a", b"x", None, {"": "a"}),
    ],
)
def test_aiohttp_2026_34514_nothing_with_a_line_end_leaves(part):
    with pytest.raises(LocalProtocolError, match="expected a header field of a part"):
        MultipartBody(files={"f": part})


@pytest.mark.parametrize("boundary", ["", "a b ", "a" * 71, "a\r\nb", 'a"b', "ä", "a;b"])
def test_a_boundary_that_rfc_2046_forbids_is_refused(boundary):
    with pytest.raises(LocalProtocolError, match="expected a boundary"):
        MultipartBody(boundary=boundary)


def test_a_chosen_boundary_must_not_occur_in_a_part():
    big = b"a" * 65_530 + b"--xyz"
    for data in (b"--xyz", big, b"\r\n--xyzzy"):
        with pytest.raises(LocalProtocolError, match="occurs in no part"):
            MultipartBody({"a": data}, boundary="xyz")
    assert MultipartBody({"a": b"-xyz"}, boundary="xyz").length


def test_a_boundary_is_quoted_where_it_has_to_be():
    assert MultipartBody(boundary="a b:c").content_type == 'multipart/form-data; boundary="a b:c"'
    for content_type in ("multipart/form-data; boundary=abc", 'Multipart/Mixed; Boundary="abc"'):
        assert boundary_in(content_type) == "abc"
    for content_type in (None, "", "text/plain; boundary=abc", "multipart/form-data", "junk;"):
        assert boundary_in(content_type) is None


def test_random_boundaries_differ():
    assert MultipartBody().boundary != MultipartBody().boundary


def test_an_iterator_makes_the_length_unknown_and_the_form_unrepeatable():
    body = MultipartBody(files={"f": ("a", iter([b"1", b"2"]))})
    assert body.length is None
    assert b"\r\n\r\n12\r\n" in whole(body)
    with pytest.raises(BodyNotReplayable):
        body.rewind()
    again = MultipartBody(files={"f": ("a", lambda: iter([b"1", b"2"]))})
    assert whole(again) == whole(again)


async def numbers():
    yield b"1"


@pytest.mark.parametrize(
    "part", [numbers(), ("a", numbers()), (b"x",), ("a", b"x", "b/c", {}, 5), io.StringIO("a"), 3]
)
def test_other_files_are_refused(part):
    with pytest.raises(TypeError, match="expected"):
        MultipartBody(files={"f": part})
    # A generator that was never started warns unless it is closed.
    for given_part in part if isinstance(part, tuple) else (part,):
        if hasattr(given_part, "aclose"):
            asyncio.run(given_part.aclose())


def test_small_parts_make_one_piece_and_large_ones_are_not_held():
    assert len(list(MultipartBody({"a": "1", "b": "2"}, {"c": b"3"}).pieces())) == 1
    pieces = list(MultipartBody({"a": b"x" * 200_000}).pieces())
    assert max(map(len, pieces)) <= 65_536


def test_a_large_form_takes_constant_memory(tmp_path: Path):
    with open(tmp_path / "sparse", "wb") as file:
        file.truncate(64 << 20)
    body = MultipartBody({"a": "b"}, {"f": tmp_path / "sparse", "g": tmp_path / "sparse"})
    tracemalloc.start()
    try:
        assert sum(map(len, body.pieces())) == body.length
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
