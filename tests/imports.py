"""Reads the imports of src/nethttp, and which of them the rows of `layers.toml` allow."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "nethttp"

#: For each folder of the package: its rows, and the rows that each may import.
ROWS: dict[str, dict[str, list[str]]] = tomllib.loads(
    (Path(__file__).parent / "layers.toml").read_text()
)


class Import(NamedTuple):
    """One import of a module of this package by another."""

    importer: str
    """A path below the package, without its suffix: "server/engine/loop"."""
    imported: str
    line: int
    inner: bool
    """Whether it stands in a function: late, so that a program starts quickly."""

    def __str__(self) -> str:
        return f"src/nethttp/{self.importer}.py:{self.line} imports {self.imported}"


def modules() -> dict[str, Path]:
    """Return the files of the package by their path below it, without the suffix."""
    return {p.relative_to(SRC).with_suffix("").as_posix(): p for p in sorted(SRC.rglob("*.py"))}


def imported_names(tree: ast.AST, package: list[str]) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each import statement with the absolute name of each thing that it names.

    For ``from a import b`` that is "a.b", whether `b` is a module or stands in one.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            base = [*base, *([node.module] if node.module else [])]
            for alias in node.names:
                yield node, ".".join([*base, alias.name])


def _statements_in(tree: ast.AST, kind: type | tuple[type, ...]) -> set[int]:
    """Return the identities of the nodes below the nodes of a kind."""
    return {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, kind)
        for inner in ast.walk(outer)
    }


def _typing_only(tree: ast.AST) -> set[int]:
    """Return the identities of the nodes that only type checkers see."""
    return {
        id(inner)
        for outer in ast.walk(tree)
        if isinstance(outer, ast.If)
        and isinstance(outer.test, ast.Name)
        and outer.test.id == "TYPE_CHECKING"
        for statement in outer.body
        for inner in ast.walk(statement)
    }


def _module_of(name: str, files: dict[str, Path]) -> str | None:
    """Return which module of the package has an absolute name, or None for other packages'."""
    if name != "nethttp" and not name.startswith("nethttp."):
        return None
    parts = name.split(".")[1:]
    for end in (len(parts), len(parts) - 1):
        path = "/".join(parts[:end])
        for candidate in (path, f"{path}/__init__" if path else "__init__"):
            if end >= 0 and candidate in files:
                return candidate
    return None


def imports() -> list[Import]:
    """Return the imports of modules of the package by each other.

    What two files of one folder import for type checkers alone is left out: two objects that hold
    each other may know each other's type.
    """
    files = modules()
    found = []
    for importer, path in files.items():
        tree = ast.parse(path.read_text())
        inner = _statements_in(tree, (ast.FunctionDef, ast.AsyncFunctionDef))
        typing_only = _typing_only(tree)
        package = ["nethttp", *importer.split("/")[:-1]]
        for node, name in imported_names(tree, package):
            imported = _module_of(name, files)
            if imported is None or imported == importer:
                continue
            beside = imported.rpartition("/")[0] == importer.rpartition("/")[0]
            if not (beside and id(node) in typing_only):
                found.append(Import(importer, imported, node.lineno, id(node) in inner))
    return found


def row_of(module: str, table: str) -> str | None:
    """Return the row of a table that a module belongs to.

    >>> row_of("server/engine/loop", "server"), row_of("server/engine/loop", "server.engine")
    ('engine', 'loop')
    >>> row_of("cookiejar/jar", "cookiejar"), row_of("client/connection", "server")
    ('rest', None)
    """
    folders = [] if table == "nethttp" else table.split(".")
    parts = module.split("/")
    if parts[: len(folders)] != folders or len(parts) == len(folders):
        return None
    name = parts[len(folders)]
    return name if name in ROWS[table] else "rest"


def _allows(row: str, arrow: Import, table: str, other: str) -> bool:
    """Return whether a row may import a module of another row."""
    allowed = ROWS[table].get(row, [])
    if other in allowed:
        return True
    below = arrow.imported.replace("/", ".")
    return (below if table == "nethttp" else below.removeprefix(f"{table}.")) in allowed


def outside_their_row(arrows: list[Import]) -> list[Import]:
    """Return the imports that no row allows. Files of a table without a row for them are among
    these as well, since nothing allows them anything."""
    found = []
    for table in ROWS:
        for arrow in arrows:
            row, other = row_of(arrow.importer, table), row_of(arrow.imported, table)
            if row and other and row != other and not _allows(row, arrow, table, other):
                found.append(arrow)
    return found


def floors(table: str) -> dict[str, int]:
    """Return on which floor each row stands: 0 if it imports no other row, else one above those.

    Raises:
        CycleError: two rows may import each other.
    """
    graph = {row: {name.split(".")[0] for name in allowed} for row, allowed in ROWS[table].items()}
    floor: dict[str, int] = {}
    for row in TopologicalSorter(graph).static_order():
        floor[row] = 1 + max((floor[other] for other in graph.get(row, ())), default=-1)
    return floor


def upwards(arrows: list[Import]) -> list[Import]:
    """Return the imports from one row to another that does not stand below it."""
    found = []
    for table in ROWS:
        floor = floors(table)
        for arrow in arrows:
            row, other = row_of(arrow.importer, table), row_of(arrow.imported, table)
            if row and other and row != other and floor.get(row, 0) <= floor.get(other, 0):
                found.append(arrow)
    return found


def circle(arrows: list[Import]) -> list[str]:
    """Return the modules of one circle of imports, or an empty list if there is none.

    Imports in functions count: they may be late so that a program starts quickly, never to break a
    circle.
    """
    graph: dict[str, set[str]] = {}
    for arrow in arrows:
        graph.setdefault(arrow.importer, set()).add(arrow.imported)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return list(error.args[1])
    return []
