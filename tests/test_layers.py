"""Which modules may import which, read off the imports. The rows stand in `layers.toml`."""

from __future__ import annotations

import ast

import pytest

from .imports import (
    ROWS,
    SRC,
    Import,
    circle,
    floors,
    imported_names,
    imports,
    modules,
    outside_their_row,
    row_of,
    upwards,
)

#: What has no place in `wire`: it knows no input, output, time or threads.
NOT_IN_WIRE = {"socket", "ssl", "threading", "asyncio", "select", "selectors", "logging", "_thread"}

MODULES = modules()
IMPORTS = imports()


def test_every_module_imports_what_its_row_allows():
    assert [str(arrow) for arrow in outside_their_row(IMPORTS)] == []


def test_no_import_points_upwards():
    assert [str(arrow) for arrow in upwards(IMPORTS)] == []


def test_no_circle_of_imports():
    assert circle(IMPORTS) == []


@pytest.mark.parametrize("table", ROWS)
def test_rows_allow_no_circle(table):
    assert set(floors(table)) == set(ROWS[table])


@pytest.mark.parametrize("table", ROWS)
def test_every_row_is_of_a_file_or_folder_and_every_one_has_a_row(table):
    folder = SRC if table == "nethttp" else SRC.joinpath(*table.split("."))
    names = {path.stem for path in folder.iterdir() if path.suffix == ".py"}
    names |= {path.name for path in folder.iterdir() if (path / "__init__.py").exists()}
    assert set(ROWS[table]) - {"rest"} <= names
    if "rest" not in ROWS[table]:
        assert names - {"__init__"} <= set(ROWS[table])


@pytest.mark.parametrize(
    ("arrow", "judges"),
    [
        (("wire/values", "server/engine/loop"), (outside_their_row, upwards)),
        (("client/connection", "server/engine/loop"), (outside_their_row,)),
        (("server/engine/loop", "server/handlers/handler"), (outside_their_row, upwards)),
        (("server/files/handler", "server/wsgi/response"), (outside_their_row, upwards)),
        (("server/logs/lines", "server/process/worker"), (outside_their_row, upwards)),
        (("server/handlers/handler", "server/engine/loop"), (outside_their_row,)),
        (("server/engine/timers", "server/engine/loop"), (outside_their_row, upwards)),
        (("wire/grammar", "wire/h1/head"), (outside_their_row, upwards)),
        (("cookiejar/jar", "cookiejar/shared/jar"), (outside_their_row, upwards)),
    ],
)
def test_an_import_against_the_arrows_is_found(arrow, judges):
    wrong = Import(*arrow, line=1, inner=True)
    for judge in (outside_their_row, upwards):
        assert (wrong in judge([*IMPORTS, wrong])) == (judge in judges), judge.__name__


def test_a_circle_is_found_though_one_of_its_imports_stands_in_a_function():
    back = Import("wire/grammar", "wire/values", line=1, inner=True)
    assert set(circle([*IMPORTS, back])) == {"wire/grammar", "wire/values"}


@pytest.mark.parametrize("path", [m for m in MODULES if row_of(m, "nethttp") == "wire"])
def test_the_wire_knows_no_input_or_output(path):
    names = {
        name.split(".")[0] for _, name in imported_names(ast.parse(MODULES[path].read_text()), [])
    }
    assert not names & NOT_IN_WIRE


def say_no_reason(tree: ast.AST, lines: list[str]) -> list[int]:
    """Return the lines of imports in functions that say no reason; one is enough for a run."""
    found = []
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            end = 0
            for node, _ in imported_names(function, []):
                said = any("#" in line for line in lines[node.lineno - 2 : node.lineno])
                if not said and node.lineno not in (end, end + 1):
                    found.append(node.lineno)
                end = node.end_lineno or node.lineno
    return found


@pytest.mark.parametrize("path", MODULES)
def test_imports_stand_at_the_top_or_say_why_not(path):
    text = MODULES[path].read_text()
    assert say_no_reason(ast.parse(text), text.splitlines()) == []


def test_an_import_in_a_function_that_says_no_reason_is_found():
    text = "def f():\n    import a  # start-up\n    import b\n\n    import c, d\n"
    assert set(say_no_reason(ast.parse(text), text.splitlines())) == {5}


@pytest.mark.parametrize("path", MODULES)
def test_a_file_opens_with_what_it_is(path):
    assert ast.get_docstring(ast.parse(MODULES[path].read_text())), f"{path} has no docstring"


def test_no_room_for_odds_and_ends():
    names = {path.stem for path in SRC.rglob("*.py")}
    assert not names & {"utils", "helpers", "common", "misc"}
