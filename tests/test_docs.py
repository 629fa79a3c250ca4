"""Every example in the documentation runs: docstrings, and the Python blocks of the pages.

The blocks of a page run in their order, in one namespace, in an empty directory, and print what the
comments behind their calls of `print` say. A block whose fence says ``python no-run`` is shown
only. The README and the tutorial are for newcomers, who paste them into files and into the prompt:
`tests/e2e/test_newcomer.py` does that.
"""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
import pkgutil
import re
import tomllib
from pathlib import Path

import pytest

import nethttp
from nethttp import client
from nethttp.client import Client, testing
from nethttp.client.options import RequestOptions
from nethttp.client.policy import auth
from nethttp.errors import request as request_errors
from nethttp.server.engine import connection
from nethttp.server.process.command_line import command_line

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
FOR_NEWCOMERS = {"README.md", "tutorial.md"}
BLOCK = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)
SHOWN = re.compile(r"^ *print\(.*\) +# (.*)$", re.MULTILINE)
LINK = re.compile(r"\]\((?!https?:)([^)#]+)")


def modules() -> list[str]:
    found = pkgutil.walk_packages(nethttp.__path__, "nethttp.")
    return ["nethttp", *(info.name for info in found if not info.name.endswith("__main__"))]


class Finder(doctest.DocTestFinder):
    """Looks in the file of a class or function, whatever its `__module__` says."""

    def _from_module(self, module, object):
        members = vars(object).values() if inspect.isclass(object) else (object,)
        files = {m.__globals__["__name__"] for m in members if inspect.isfunction(m)}
        if any(name.startswith("nethttp.") for name in files):
            return module.__name__ in files
        return super()._from_module(module, object)


@pytest.mark.parametrize("name", modules())
def test_docstring_examples(name):
    runner = doctest.DocTestRunner()
    module = importlib.import_module(name)
    for examples in Finder().find(module, name):
        runner.run(examples)
    assert runner.failures == 0


@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in FOR_NEWCOMERS], ids=lambda page: page.name
)
def test_page_examples(page, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in BLOCK.findall(page.read_text()):
        exec(compile(block, str(page), "exec"), namespace)
        printed = capsys.readouterr().out
        for shown in SHOWN.findall(block):
            assert shown in printed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in LINK.findall(page.read_text()):
        assert (page.parent / target).exists(), target


TEST_ID = re.compile(r"`(tests/[a-z0-9_/]+\.py)::(\w+)`")


def test_every_hole_has_the_test_it_names():
    named = TEST_ID.findall((ROOT / "docs" / "hardening.md").read_text())
    assert len(named) > 60
    for path, name in named:
        assert f"def {name}(" in (ROOT / path).read_text(), name


def in_the_list_of_modules() -> list[str]:
    """Return the modules that docs/design.md lists, as paths below the package."""
    text = (ROOT / "docs" / "design.md").read_text().partition("## The modules\n\n```\n")[2]
    listed, folder = [], ""
    for line in text.partition("\n```")[0].splitlines():
        if line.startswith("nethttp/"):
            folder = line.split()[0].removeprefix("nethttp/")
        elif line:
            listed.append(folder + line.split()[0])
    return sorted(listed)


def test_the_design_lists_every_module():
    src = ROOT / "src" / "nethttp"
    paths = [path.relative_to(src).with_suffix("").as_posix() for path in src.rglob("*.py")]
    assert in_the_list_of_modules() == sorted(
        path for path in paths if path == "__init__" or not path.endswith("__init__")
    )


def where_things_are() -> list[tuple[str, str]]:
    """Return the rows of "Where is ...?" in docs/design.md: (file, name)."""
    text = (ROOT / "docs" / "design.md").read_text().partition("## Where is ...?")[2]
    return re.findall(r"\| `([\w/]+\.py)` \| `(\w+)` \|", text.partition("\n## ")[0])


def test_the_design_answers_ten_questions():
    assert len(where_things_are()) == 10


@pytest.mark.parametrize(("path", "name"), where_things_are())
def test_a_thing_is_where_the_design_says(path, name):
    tree = ast.parse((ROOT / "src" / "nethttp" / path).read_text())
    defined = [n for n in tree.body if isinstance(n, ast.ClassDef | ast.FunctionDef)]
    assert name in [node.name for node in defined]


def test_the_design_has_every_stage_of_a_connection():
    text = (ROOT / "docs" / "design.md").read_text().partition("| stage |")[2]
    rows = re.findall(r"^\| ([A-Z]+) \|", text.partition("\n\n")[0], re.MULTILINE)
    stages = {name for name, value in vars(connection).items() if type(value) is int}
    assert sorted(rows) == sorted(stages)


DRAWN = re.compile(r"(?<![\w/])[a-z]\w+/[\w/]+")


def test_the_walks_name_files_that_there_are():
    src = ROOT / "src" / "nethttp"
    text = (ROOT / "docs" / "design.md").read_text().partition("## Five walks")[2]
    drawings = "".join(text.partition("\n## ")[0].split("```")[1::2])
    named = set(DRAWN.findall(drawings))
    assert len(named) > 40
    missing = [
        path
        for path in named
        if not any((src / part / f"{path}.py").exists() for part in ("", "server"))
        and not (src / path).is_dir()
    ]
    assert missing == []


PATH = re.compile(r"`((?:\w+/)+\w+(?:\.py)?)`")


def test_the_design_names_files_that_there_are():
    places = [ROOT / "src" / "nethttp", ROOT / "src" / "nethttp" / "server", ROOT]
    named = PATH.findall((ROOT / "docs" / "design.md").read_text())
    assert len(named) > 15
    for path in named:
        path = path if path.endswith(".py") else f"{path}.py"
        there = [place / path for place in places]
        assert any(file.exists() or file.with_suffix("").is_dir() for file in there), path


def test_every_package_that_an_extra_installs_has_its_row():
    """A row of docs/dependencies.md has packages, the extras that install them, and reasons."""
    rows: dict[str, set[str]] = {}
    for line in (ROOT / "docs" / "dependencies.md").read_text().splitlines():
        if line.startswith("| ") and (cells := line.split(" | "))[1].startswith("`"):
            for name in re.findall(r"[\w.-]+", cells[0].lower()):
                rows.setdefault(name, set()).update(re.findall(r"`([\w-]+)`", cells[1]))
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    for extra, requirements in extras.items():
        for requirement in requirements:
            name = re.match(r"[\w.-]+", requirement)[0].lower()
            if name != "nethttp" and extra not in rows.get(name, ()):
                # An extra that a user installs may be installed for the tests as well.
                assert (name in rows, extra) == (True, "test"), name


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


def test_the_reference_has_every_option_of_serve():
    shown = OPTION.findall(command_line("nethttp serve").format_help())
    listed = OPTION.findall((ROOT / "docs" / "reference.md").read_text())
    assert sorted(set(shown) - {*listed, "--help"}) == []


def test_the_reference_has_every_name_of_the_client():
    listed = (ROOT / "docs" / "reference.md").read_text()
    section = listed.partition("\n## nethttp.client\n")[2].partition("\n## ")[0]
    names = [*client._OURS, *testing.__all__, *auth.__all__]
    assert [name for name in names if not re.search(rf"`{name}\b", section)] == []


@pytest.mark.parametrize("of", [Client.__init__, RequestOptions])
def test_the_reference_has_every_argument_of_a_client(of):
    section = (ROOT / "docs" / "reference.md").read_text().partition("\n## nethttp.client\n")[2]
    if inspect.isclass(of):
        names = list(of.__annotations__)
    else:
        parameters = inspect.signature(of).parameters.values()
        # What ``**`` takes is there to be refused.
        names = [each.name for each in parameters if each.kind is not each.VAR_KEYWORD]
    assert [name for name in names if name != "self" and f"`{name}`" not in section] == []


def test_the_page_of_the_client_has_every_error_of_a_request():
    page = (ROOT / "docs" / "client.md").read_text().partition("## Errors")[2]
    assert [name for name in request_errors.__all__ if f"`{name}`" not in page] == []
