"""Members for tests of archives, and their content."""

from __future__ import annotations

from collections.abc import Iterator

from nethttp.server.files.archives.members import Member

NAMES = (
    "a.txt",
    "Größe.txt",
    "日本語",
    "שלום",
    "🎈.png",
    "a b'c\"d",
    "line\nend",
    "-rf",
    "x" * 200,
)


def member(path: str, content: bytes = b"", modified: int = 1_700_000_000) -> Member:
    return Member(path, len(content), modified, tuple(path.strip("/").split("/")))


def content_of(contents: dict[str, bytes]):
    def content(of: Member, begin: int = 0) -> Iterator[bytes]:
        data = contents[of.path]
        for start in range(begin, len(data), 7000):
            yield data[start : start + 7000]

    return content
