"""The five parts have all that the standard library's have."""

from __future__ import annotations

import importlib
import importlib.resources
import inspect
import pydoc
import re
import subprocess
import sys

import pytest

import nethttp

PARTS = ["client", "server", "cookies", "cookiejar"]


@pytest.mark.parametrize("part", PARTS)
def test_every_public_name_is_there(part):
    theirs = importlib.import_module(f"http.{part}")
    ours = importlib.import_module(f"nethttp.{part}")
    assert set(theirs.__all__) <= set(ours.__all__)
    for name in ours.__all__:
        assert hasattr(ours, name)


def test_constants_of_the_client_are_the_statuses():
    from nethttp import client

    for name, status in nethttp.HTTPStatus.__members__.items():
        assert getattr(client, name) is status
    assert client.OK is nethttp.HTTPStatus.OK
    assert client.responses[404] == "Not Found"
    assert (client.HTTP_PORT, client.HTTPS_PORT) == (80, 443)
    assert client.error is client.HTTPException


def public_callables(part):
    theirs = importlib.import_module(f"http.{part}")
    for name in theirs.__all__:
        value = getattr(theirs, name)
        if inspect.isclass(value):
            yield name
            for method, function in vars(value).items():
                if inspect.isfunction(function) and not method.startswith("_"):
                    yield f"{name}.{method}"


def signature_of(module, dotted):
    value = module
    for part in dotted.split("."):
        value = getattr(value, part)
    return inspect.signature(value)


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part in PARTS for name in public_callables(part)]
)
def test_every_argument_is_accepted(part, name):
    theirs = importlib.import_module(f"http.{part}")
    ours = importlib.import_module(f"nethttp.{part}")
    try:
        wanted = signature_of(theirs, name)
    except ValueError:
        return
    accepted = signature_of(ours, name).parameters
    takes_any = any(p.kind is p.VAR_KEYWORD for p in accepted.values())
    for parameter in wanted.parameters.values():
        if parameter.name.startswith("_"):
            continue
        if parameter.kind in (parameter.KEYWORD_ONLY, parameter.POSITIONAL_OR_KEYWORD):
            known = parameter.name in accepted or takes_any
            positional = [p for p in accepted.values() if p.kind is p.POSITIONAL_ONLY]
            assert known or positional or has_varargs(accepted), f"{name}({parameter.name})"


def has_varargs(parameters) -> bool:
    return any(p.kind is p.VAR_POSITIONAL for p in parameters.values())


def test_types_are_shipped():
    assert importlib.resources.files(nethttp).joinpath("py.typed").is_file()


def test_parts_are_imported_on_first_use():
    code = (
        "import sys, nethttp; assert not any(m.startswith('nethttp.client') for m in sys.modules);"
        "nethttp.client; assert 'nethttp.client' in sys.modules; assert 'server' in dir(nethttp)"
    )
    subprocess.run([sys.executable, "-I", "-c", code], check=True)
    with pytest.raises(AttributeError):
        nethttp.nothing


# pydoc asks for `__version__`, which Python 3.15 deprecates.
asks_for_the_version = pytest.mark.filterwarnings("ignore:'__version__':DeprecationWarning")


@asks_for_the_version
@pytest.mark.parametrize("part", PARTS)
def test_dir_and_pydoc_show_what_is_public(part):
    module = importlib.import_module(f"nethttp.{part}")
    shown = dir(module)
    assert set(module.__all__) <= set(shown)
    assert not [name for name in shown if name.startswith("_")]
    assert not [name for name in shown if inspect.ismodule(getattr(module, name))]
    page = pydoc.plain(pydoc.render_doc(module))
    assert not re.findall(r"^ \|  (_[a-z]\w*)", page, re.MULTILINE)


@asks_for_the_version
def test_pydoc_shows_the_entry_for_production():
    import nethttp.server

    # Newer Pythons break a long signature into lines.
    assert re.search(r"\bserve\(\s*app", pydoc.plain(pydoc.render_doc(nethttp.server)))
