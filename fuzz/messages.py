"""Almost-valid messages: hypothesis strategies, and a mutator of the corpus.

A message is assembled from pieces that parsers have disagreed about. Most pieces are valid, so that
most messages get far into a parser before they are refused.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

from hypothesis import strategies as st

from . import forms

__all__ = ["STRATEGIES", "mutations", "seeds"]

CORPUS = Path(__file__).parent.parent / "tests" / "corpus" / "h1"


def seeds(name: str) -> list[bytes]:
    """Return the messages that mutations of one kind of input begin with."""
    if name == "texts":
        return [SEPARATOR.join(pieces) for pieces in _TEXT_SEEDS]
    if name == "forms":
        return list(forms.SEEDS)
    role = {"requests": "server", "responses": "client"}[name]
    found = [
        path.with_suffix(".http").read_bytes()[:4096]
        for path in sorted(CORPUS.glob("*/*.json"))
        if f'"role": "{role}"' in path.read_text()
        # Valid messages six times: a message that is refused at once tests little of a parser.
        for _ in range(6 if path.parent.name == "valid" else 1)
    ]
    assert found, f"no messages for the {role} in {CORPUS}"
    return found


#: The separator between two texts of an input of `texts`.
SEPARATOR = b"\x1e"

_TEXT_SEEDS = (
    (b"GET", b"/a?b=c", b"Host", b"example.com", b"Accept", b"*/*"),
    (b"POST", b"http://a/", b"Cookie", b'a=b; c="d; e"; f', b"X", b"\xc3\xa4"),
    (b"GET", b"/ HTTP/1.1\r\nX: y", b"A\r\nB", b"\x00\x7f", b"C", b"\xe2\x82\xac"),
    (b'a="b;c"; Secure; d = e ;$Path=/', b'a=\\; b="\\""', b"=; =;", b"; a"),
)


# --- pieces --------------------------------------------------------------------------------------


def _mostly(usual: list[bytes], *odd: bytes) -> list[bytes]:
    """Return a list to choose from, in which about one piece in twenty is odd.

    The usual pieces are first, since hypothesis shrinks towards them.
    """
    return usual * max(1, 20 * len(odd) // len(usual)) + list(odd)


LINE_ENDS = _mostly([b"\r\n"], b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n ", b"\r\n\t", b" \r\n", b"")
BLANKS = _mostly([b" "], b"", b"  ", b"\t", b"\x0b", b"\x0c", b"\xa0", b"\r", b"\x00")
COLONS = _mostly(
    [b": ", b":", b":\t "], *(b" :", b"\t:", b"", b"=", b": \r\n ", b":\x00", b"::", b"\r\n: ")
)
METHODS = _mostly(
    [b"GET", b"POST", b"HEAD", b"PUT", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"],
    *(b"get", b"G\xc3\x89T", b"GET:", b"", b"M-SEARCH", b"PRI", b"SOURCE", b"(", b"X" * 40),
)
TARGETS = _mostly(
    [b"/", b"/a/b?c=d", b"*", b"a:80", b"http://a/", b"/%00"],
    *(b"https://a:1/b", b"//a", b"/a#b", b"a", b"/\xe9", b"/a b", b"", b"/" + b"x" * 300),
    *(b"/\x7f", b"http://", b"[::1]:80", b"/\t", b"/a\\b"),
)
VERSIONS = _mostly(
    [b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.1", b"HTTP/1.0"],
    *(b"HTTP/1.2", b"HTTP/1.9", b"HTTP/2.0", b"HTTP/0.9", b"HTTP/1", b"http/1.1", b"HTTP/1.10"),
    *(b"HTTP/1,1", b"HTTP /1.1", b"HTTP/11", b"HTTPS/1.1", b"", b"HTTP/1.1 ", b"ICE/1.0"),
)
STATUSES = _mostly(
    [b"200", b"404", b"204", b"304", b"100", b"101", b"206", b"500", b"103", b"999"],
    *(b"99", b"1000", b"20", b"2 0", b"2x0", b"", b"099", b"-200", b"200\t"),
)
REASONS = _mostly([b" OK", b" Not Found", b"", b" "], b" \xe9", b" \x00", b" a\tb", b"OK", b"  OK ")
LENGTHS = _mostly(
    [b"0", b"3", b"5", b"03", b"9" * 19],
    *(b"+3", b"-3", b"0x3", b"1_0", b"3 ", b"3,3", b"3, 3", b"3,5", b"3;", b"", b"9" * 20),
    *(b"\xb3", b"\xd9\xa3", b"18446744073709551616", b"18446744073709551619", b"3\x0b", b"3 3"),
)
CODINGS = _mostly(
    [b"chunked", b"chunked", b"Chunked", b"chunked "],
    *(
        b"gzip, chunked",
        b"chunked, gzip",
        b"chunked, chunked",
        b"identity",
        b"gzip",
        b"chunked;a=b",
    ),
    *(b"\x0bchunked", b"chunked\x00", b'"chunked"', b"xchunked", b"chunkedx", b"", b"chunked,"),
    *(b",chunked", b"chunke", b"identity, chunked", b"chun\r\n ked", b"chunked\xa0", b"chunked "),
)
HOSTS = _mostly(
    [b"a", b"example.com:80", b"[::1]", b""],
    *(b"a b", b"a,b", b"a/b", b"a@b", b"a:x", b"[::1", b"a:80:80", b"\xe9", b"a\x00"),
)
CONNECTIONS = [b"keep-alive", b"close", b"Upgrade", b"close, keep-alive", b"x", b"", b"\x0bclose"]
NAMES = _mostly(
    [b"Accept", b"X-A", b"Via", b"Cookie", b"Content_Length", b"Content-Lengthx"],
    *(b"A b", b"", b"A(", b"\xe9", b"X\x00", b"X:Y", b" A", b"A\t", b"A" * 300, b"\x0bHost"),
)
VALUES = _mostly(
    [b"a", b"", b"text/html", b"a, b", b"a\tb", b" a ", b"\xe9"],
    *(b"a\x00b", b"a\x7f", b"a\rb", b"a\nb", b"\x01", b"x" * 300, b"\r", b"a\r\nB: c"),
)
SIZES = _mostly(
    [b"3", b"1", b"5", b"a", b"3;a", b"3;a=b", b'3;a="b"', b"003", b"3;a ;b", b'3;a="\\""'],
    *(
        b"0",
        b"0x3",
        b"+3",
        b"-1",
        b"",
        b" 3",
        b"3 ",
        b'3;a="b\nc"',
        b"3;",
        b"3\t",
        b"3 ;a",
        b"G",
        b"3\r",
    ),
    *(b"ffffffffffffffff", b"10000000000000000", b"10000000000000003", b"0000000000000003"),
    *(b"0;a", b"00", b"3_0", b"3\n", b"3;a=b;c", b"3;\x00", b'3;a="\\"', b"3;a\xe9", b"3;a=b c"),
)
LAST_SIZES = _mostly([b"0", b"00", b"0;a=b"], *SIZES[-20:])

#: Pieces that the mutator puts in at random places.
TOKENS = sorted(
    {
        *(*LINE_ENDS, *BLANKS, *COLONS, *LENGTHS, *CODINGS, *SIZES, *VERSIONS, *CONNECTIONS),
        *(b"Content-Length: 3\r\n", b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"\r\n\r\n"),
        *(b"Content-Length", b"Transfer-Encoding", b"Host: a\r\n", b"\x80", b"\xff", b";", b'"'),
        *(
            b"Connection: close\r\n",
            b"Upgrade: x\r\n",
            b"Expect: 100-continue\r\n",
            b"3\r\nabc\r\n",
        ),
    }
)

_LINES = [token for token in TOKENS if token.endswith(b"\r\n")]
_LINES += [b"%b: %b\r\n" % (name, value) for name in NAMES[:6] for value in VALUES[:7]]
_LINES += [b"Content-Length: %b\r\n" % length for length in LENGTHS[:5]]

# --- strategies ----------------------------------------------------------------------------------

_line_end = st.sampled_from(LINE_ENDS)


def _line(
    name: bytes | st.SearchStrategy[bytes], value: st.SearchStrategy[bytes]
) -> st.SearchStrategy[bytes]:
    names = st.just(name) if isinstance(name, bytes) else name
    return st.builds(lambda *p: b"".join(p), names, st.sampled_from(COLONS), value, _line_end)


_length = _line(
    st.sampled_from(_mostly([b"Content-Length", b"content-length"], b"Content-Length ")),
    st.sampled_from(LENGTHS),
)
_coding = _line(
    st.sampled_from(_mostly([b"Transfer-Encoding"], b"transfer-encoding", b"Transfer-Encoding\t")),
    st.sampled_from(CODINGS),
)
_other = st.one_of(
    _line(st.sampled_from(NAMES), st.sampled_from(VALUES)),
    _line(b"Connection", st.sampled_from(CONNECTIONS)),
    _line(b"Upgrade", st.sampled_from(VALUES)),
    _line(b"Expect", st.sampled_from([b"100-continue", b"100-Continue", b"x"])),
    _line(st.sampled_from(_mostly([b"X-Host"], b"Host")), st.sampled_from(HOSTS)),
)
_framing = st.one_of(st.just(b""), _length, _coding, st.builds(bytes.__add__, _length, _coding))
_field_lines = st.builds(
    lambda before, framing, after: b"".join([*before, framing, *after]),
    st.lists(_other, max_size=2),
    _framing,
    st.lists(st.one_of(_other, _other, _length), max_size=1),
)

_chunk = st.builds(
    lambda size, end, data, after: size + end + data + after,
    st.sampled_from(SIZES),
    _line_end,
    st.sampled_from(_mostly([b"abc"], b"a", b"abcde", b"", b"\r\n", b"ab", b"abc\r\n")),
    _line_end,
)
_chunks = st.builds(
    lambda chunks, last, end, trailers, empty: b"".join(chunks) + last + end + trailers + empty,
    st.lists(st.one_of(st.just(b"3\r\nabc\r\n"), _chunk), max_size=3),
    st.sampled_from(LAST_SIZES),
    _line_end,
    st.sampled_from(
        _mostly([b"", b"", b"A: b\r\n", b"Content-Length: 3\r\n"], b"A b\r\n", b"A: b\n")
    ),
    _line_end,
)
_body = st.one_of(st.just(b""), st.just(b"abc"), st.just(b"abcde"), _chunks, st.just(b"abcGET / "))
_behind = st.sampled_from([b"", b"GET /behind HTTP/1.1\r\nHost: b\r\n\r\n", b"\r\n", b"x", b"\x00"])

requests: st.SearchStrategy[bytes] = st.builds(
    lambda *pieces: b"".join(pieces),
    st.sampled_from(_mostly([b""], b"\r\n", b"\n", b" ", b"\r\n\r\n")),
    st.sampled_from(METHODS),
    st.sampled_from(BLANKS),
    st.sampled_from(TARGETS),
    st.sampled_from(BLANKS),
    st.sampled_from(VERSIONS),
    _line_end,
    st.one_of(st.just(b"Host: a\r\n"), _line(b"Host", st.sampled_from(HOSTS))),
    _field_lines,
    _line_end,
    _body,
    _behind,
)
"""The bytes of a valid or almost valid request, and of what may follow it."""

responses: st.SearchStrategy[bytes] = st.builds(
    lambda *pieces: b"".join(pieces),
    st.sampled_from(_mostly([b""], b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n")),
    st.sampled_from(VERSIONS),
    st.sampled_from(BLANKS),
    st.sampled_from(STATUSES),
    st.sampled_from(REASONS),
    _line_end,
    _field_lines,
    _line_end,
    _body,
    st.sampled_from([b"", b"HTTP/1.1 404 Behind\r\nContent-Length: 0\r\n\r\n", b"\r\n", b"x"]),
)
"""The bytes of a valid or almost valid response."""

_texts = st.one_of(
    st.sampled_from(["GET", "/", "Host", "a", "", "OK", "a b", "a\r\nb", "\x00", "\x7f", "é", "€"]),
    st.text(st.characters(max_codepoint=0x17F, exclude_characters="\x1e"), max_size=12),
    st.lists(
        st.sampled_from(["a", "b", "$Path", "=", ";", "; ", " ", '"', "\\", "\t", "\x01", "é", "€"])
    ).map("".join),
)
texts: st.SearchStrategy[bytes] = st.lists(_texts, max_size=8).map(
    lambda pieces: SEPARATOR.join(piece.encode() for piece in pieces)
)
"""A program's arguments: method, target, names and values, and Cookie fields."""

STRATEGIES: dict[str, st.SearchStrategy[bytes]] = {
    "requests": requests,
    "responses": responses,
    "texts": texts,
    "forms": forms.STRATEGY,
}
"""Strategies by the kind of input, as `properties` names them."""


# --- mutation ------------------------------------------------------------------------------------


def mutations(name: str, seed: int, number: int) -> Iterator[bytes]:
    """Yield `number` seeds with a few changes each; the same `seed` yields the same messages."""
    mutator = _Mutator(seeds(name), seed)
    for _ in range(number):
        yield mutator.next()


class _Mutator:
    def __init__(self, seeds: list[bytes], seed: int) -> None:
        self._seeds = seeds
        self._random = random.Random(seed)

    def next(self) -> bytes:
        data = bytearray(self._random.choice(self._seeds))
        for _ in range(self._random.choice((1, 1, 1, 2, 3))):
            self._random.choice(_MUTATIONS)(self, data)
        return bytes(data)

    def _place(self, data: bytearray) -> int:
        return self._random.randint(0, len(data))

    def _insert(self, data: bytearray) -> None:
        place = self._place(data)
        data[place:place] = self._random.choice(TOKENS)

    def _replace_octet(self, data: bytearray) -> None:
        if data:
            data[self._random.randrange(len(data))] = self._random.randrange(256)

    def _delete(self, data: bytearray) -> None:
        place = self._place(data)
        del data[place : place + self._random.randint(1, 4)]

    def _repeat(self, data: bytearray) -> None:
        begin, place = self._place(data), self._place(data)
        data[place:place] = data[begin : begin + self._random.randint(1, 30)]

    def _repeat_line(self, data: bytearray) -> None:
        lines = bytes(data).splitlines(keepends=True)
        if lines:
            place = self._random.randint(0, len(lines))
            lines.insert(place, self._random.choice(lines))
            data[:] = b"".join(lines)

    def _insert_line(self, data: bytearray) -> None:
        lines = bytes(data).splitlines(keepends=True)
        lines.insert(self._random.randint(0, len(lines)), self._random.choice(_LINES))
        data[:] = b"".join(lines)

    def _swap_letter(self, data: bytearray) -> None:
        if data:
            place = self._random.randrange(len(data))
            data[place : place + 1] = data[place : place + 1].swapcase()

    def _cross(self, data: bytearray) -> None:
        other = self._random.choice(self._seeds)
        data[self._place(data) :] = other[self._random.randint(0, len(other)) :]


_MUTATIONS = (
    *(_Mutator._insert, _Mutator._insert, _Mutator._replace_octet, _Mutator._delete),
    *(_Mutator._repeat, _Mutator._repeat_line, _Mutator._cross, _Mutator._insert_line),
    *(_Mutator._insert_line, _Mutator._swap_letter),
)
