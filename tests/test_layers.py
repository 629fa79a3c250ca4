"""Which modules may import which, read off the imports."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

SRC = Path(__file__).parent.parent / "src" / "nethttp"

#: Which parts a part may import, itself always included. Everything may import the first row.
GROUND = {"errors", "caching", "overrides", "public", "status", "message", "_version"}
ALLOWED = {
    "errors": set(),
    "caching": set(),
    "overrides": set(),
    "public": set(),
    "status": set(),
    "message": set(),
    "_version": set(),
    "commandline": {"_version", "wire"},
    "wire": {"errors", "status"},
    "net": {"wire", *GROUND},
    "cookies": {"errors", "wire", "overrides", "public"},
    "cookiejar": {"errors", "wire", "cookies", "commandline", "overrides", "public"},
    "client": {"wire", "net", "cookies", "cookiejar", "commandline", *GROUND},
    "server": {"wire", "net", "cookies", "commandline", *GROUND},
    "compat": {"commandline", "status", "__init__"},
    # The parts, for type checkers alone: they are imported when they are first used.
    "__init__": {"client", "compat", "cookiejar", "cookies", "server", *GROUND},
    "__main__": {"__init__", "client", "cookiejar", "server", "status", "commandline"},
}

#: The same inside a part: the files of a folder, and those beside the folders by their own name.
#: What is not named is one more folder, "".
INSIDE = {
    "cookiejar": {
        "": set(),
        "formats": {""},
        "shared": {""},
        "any_format": {"", "formats", "shared"},
        "__main__": {"", "formats", "shared", "any_format"},
        "__init__": {"", "formats", "shared"},
    },
}

#: What has no place in `wire`: it knows no input, output, time or threads.
NOT_IN_WIRE = {"socket", "ssl", "threading", "asyncio", "select", "selectors", "logging", "_thread"}


def modules() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def part_of(path: Path) -> str:
    return path.relative_to(SRC).parts[0].removesuffix(".py")


def imports(path: Path) -> list[tuple[str, ast.AST]]:
    """Return (absolute module name, node) for every import of a file."""
    package = ["nethttp", *path.relative_to(SRC).parts[:-1]]
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found += [(alias.name, node) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            name = ".".join([*base, *([node.module] if node.module else [])])
            if node.level and not node.module:
                found += [(f"{name}.{alias.name}", node) for alias in node.names]
            else:
                found.append((name, node))
    return found


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_imports_follow_the_arrows(path):
    part = part_of(path)
    for name, _ in imports(path):
        if name.split(".")[0] != "nethttp":
            continue
        parts = name.split(".")
        target = parts[1] if len(parts) > 1 else "__init__"
        if (SRC / f"{target}.py").exists() or (SRC / target).is_dir():
            assert target == part or target in ALLOWED[part], f"{part} imports {name}"


def place_in(part: str, parts: tuple[str, ...]) -> str:
    """Return which row of `INSIDE` a module belongs to; `parts` is its path below the part."""
    first = parts[0] if parts else "__init__"
    return first if first in INSIDE[part] else ""


@pytest.mark.parametrize("part", INSIDE)
def test_imports_follow_the_arrows_inside_a_part(part):
    rows = INSIDE[part]
    for path in sorted((SRC / part).rglob("*.py")):
        own = place_in(part, path.relative_to(SRC / part).with_suffix("").parts)
        for name, _ in imports(path):
            if name.startswith(f"nethttp.{part}."):
                other = place_in(part, tuple(name.split(".")[2:]))
                assert other == own or other in rows[own], f"{path} imports {name}"


def test_no_circle_of_imports_inside_a_part():
    for part in INSIDE:
        modules_of = {
            ".".join(path.relative_to(SRC.parent).with_suffix("").parts): path
            for path in sorted((SRC / part).rglob("*.py"))
        }
        arrows = {
            module: {name for name, _ in imports(path) if name in modules_of}
            for module, path in modules_of.items()
        }
        TopologicalSorter(arrows).prepare()


@pytest.mark.parametrize("path", sorted((SRC / "wire").rglob("*.py")), ids=lambda path: path.name)
def test_the_wire_knows_no_input_or_output(path):
    assert not {name.split(".")[0] for name, _ in imports(path)} & NOT_IN_WIRE


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_imports_stand_at_the_top_or_say_why_not(path):
    lines = path.read_text().splitlines()
    tree = ast.parse(path.read_text())
    inner = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for node in ast.walk(function)
    }
    for _, node in imports(path):
        if id(node) in inner:
            assert "#" in lines[node.lineno - 1], f"{path.name}:{node.lineno} says no reason"


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SRC)))
def test_a_file_opens_with_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


def test_no_room_for_odds_and_ends():
    assert not {path.stem for path in modules()} & {"utils", "helpers", "common", "misc"}
