"""Finds what decides HTTP/1's framing and persistence outside `wire.h1`, where the rules stand.

`python tests/rules_outside.py` prints what it finds.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

SRC = Path(__file__).parent.parent / "src" / "nethttp"

#: Functions that decide where content ends and what names a resource: the rules' own tools.
NAMES = {
    "check_host",
    "check_target",
    "declared_framing",
    "request_framing",
    "response_framing",
    "response_has_body",
}

#: Text that only code needs that decides for itself: a name to look for (in lower case, as names
#: are compared), a value to look for, or a line to add. ``"Content-Length"`` is a field to send.
TEXT = re.compile(
    r"content-length|(?i:transfer-encoding|keep-alive|proxy-connection|chunked|100-continue)"
    r"|(?i:(?:\r\n)?(?:content-length|transfer-encoding|connection):.*)",
    re.DOTALL,
)

#: Where such text decides nothing of a message that this program reads or sends.
ALLOWED = {
    ("client/caching/storing.py", "keep-alive"): "fields of a connection, which are not stored",
    ("client/caching/storing.py", "proxy-connection"): "the same",
    ("client/caching/storing.py", "transfer-encoding"): "the same",
    ("client/caching/validation.py", "content-length"): "a field that a 304 does not change",
    ("client/caching/reuse.py", "content-length"): "a field that a 304 does not have",
    ("client/caching/flow.py", "content-length"): "whether a content may be stored",
    ("client/command/shown.py", "content-length"): "how long a bar of progress is",
    ("client/compat/base_client.py", "keep-alive"): "a header that httpx's programs see",
    ("client/compat/request.py", "content-length"): "the same; the wire judges what is sent",
    ("client/compat/request.py", "transfer-encoding"): "the same",
    ("client/compat/response.py", "content-length"): "the same, of a program's own response",
    ("client/compat/response.py", "Transfer-Encoding"): "the same",
    ("client/compat/streams.py", "Transfer-Encoding"): "the same, of both",
    ("client/compat/streams.py", "chunked"): "the same",
    ("client/policy/redirects.py", "transfer-encoding"): "the same",
    ("client/testing/replaying.py", "content-length"): "fields of content as it was sent",
    ("client/testing/replaying.py", "transfer-encoding"): "the same",
    ("server/handlers/pieces.py", "Transfer-Encoding"): "content in chunks, as a program sends it",
    ("server/handlers/pieces.py", "chunked"): "the same",
    ("server/process/option_values.py", "content-length"): "a field that no option may add",
    ("server/process/option_values.py", "transfer-encoding"): "the same",
}


def _docstrings(tree: ast.AST) -> set[int]:
    """Return the strings that stand as statements."""
    return {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}


def rules_outside() -> list[str]:
    """Return what decides outside `wire.h1`, each as "file:line: what"."""
    found = []
    for path in sorted(SRC.rglob("*.py")):
        place = path.relative_to(SRC).as_posix()
        if place.startswith("wire/"):
            continue
        tree = ast.parse(path.read_text())
        ignored = _docstrings(tree)
        for node in ast.walk(tree):
            what: str | None = None
            if isinstance(node, ast.Name | ast.alias | ast.Attribute):
                name = {ast.Name: "id", ast.alias: "name", ast.Attribute: "attr"}[type(node)]
                what = getattr(node, name) if getattr(node, name) in NAMES else None
            elif isinstance(node, ast.Constant) and id(node) not in ignored:
                text = node.value
                if isinstance(text, bytes):
                    text = text.decode("latin-1")
                if isinstance(text, str) and TEXT.fullmatch(text):
                    what = text
            if what is not None and (place, what) not in ALLOWED:
                found.append(f"{place}:{node.lineno}: {what!r}")
    return found


if __name__ == "__main__":
    print("\n".join(rules_outside()))
