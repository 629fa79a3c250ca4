"""Judges whether the docstring of a public name is full.

A full docstring says

* in its first line what comes back, or what is done where nothing does;
* under ``Raises:`` each exception that the body raises, or that a private function which it calls
  raises for it;
* of every number that is taken or given what it counts: its unit, its bounds, or its place in a
  sentence by name (which may stand in the docstring of the class or the module);
* of a class and of a function that returns something: how it is used, or why it is as it is. That
  is an example that a test runs (its own, or one of its module that uses the name), a section of an
  RFC, a reason, and for a class at least a second sentence, or a docstring for an attribute.
  Methods are shown by their class.

An exception needs no more than its first line: it says when it is raised. A method without a
docstring has its base's, where that is in this package. Methods that `io` defines, with `io`'s
meaning, need none.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cached_property
from itertools import pairwise
from typing import NamedTuple

from .imports import modules

Function = ast.FunctionDef | ast.AsyncFunctionDef

#: A word that says what a number counts, or what is known by that number.
UNIT = re.compile(
    r"\b(bytes?|octets?|characters?|seconds?|milliseconds?|minutes?|hours?|days?|number|count|length"
    r"|size|lines?|fields?|cookies?|ports?|status(es)?|versions?|index|position|offset|level|step"
    r"|descriptors?|errno|code|how (many|much|long|often)|at most|at least|more than|the most"
    r"|positive|negative|monotonic|timestamp|epoch|per cent|times|threads?|connections?|workers?"
    r"|processes|KiB|MiB|bits?|mask|flags?|year|id)\b"
)

#: How a sentence begins that gives a reason, or names where one stands.
REASON = re.compile(
    r"\b(RFC \d+|section \d|PEP \d+|gh-\d+|because|since|[Ss]o [a-z]+|which is why|otherwise"
    r"|as (in )?(the standard library|`?http\.\w+|browsers|curl|nginx|socketserver|wsgiref))\b"
)

#: A first line begins so where something comes back ...
GIVES = re.compile(r"(?:.*?[;,:.]? (?:and )?)?\b[Rr]eturn(s|ed)?\b|(?:.* )?\b[Yy]ields?\b")
#: ... and where nothing does, it does not begin like a thing.
THING = re.compile(r"(The|An?|This|That|These|What|Whether|How|Where|When|Who|If|For)\b")


#: What every file object has, and what it means, is the standard library's.
OF_FILES = {"close", "closed", "detach", "fileno", "flush", "isatty", "readable", "seekable"}
OF_FILES |= {"seek", "tell", "truncate", "writable"}

#: Numbers whose name says all: a status code of RFC 9110, a port.
SAID_BY_THEIR_NAME = {"status", "code", "port"}


class Public(NamedTuple):
    """A public class, function or method, where it is defined."""

    module: str
    """A path below the package, without its suffix."""
    name: str
    """Its name in the module; a method's as "Class.method"."""
    node: ast.ClassDef | Function
    owner: ast.ClassDef | None
    """The class of a method."""

    def __str__(self) -> str:
        return f"src/nethttp/{self.module}.py:{self.node.lineno} {self.name}"


class Module:
    """What one file defines."""

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.tree = ast.parse(text)
        self.exported = _exported(self.tree)

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {n.name: n for n in self.tree.body if isinstance(n, ast.ClassDef)}

    @cached_property
    def functions(self) -> dict[str, Function]:
        return {n.name: n for n in self.tree.body if isinstance(n, Function)}

    @cached_property
    def imported(self) -> dict[str, tuple[str, str]]:
        """Local names of what other files of the package define: (file, name there)."""
        package = self.path.split("/")[:-1]
        found = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and node.level:
                base = package[: len(package) - node.level + 1]
                path = "/".join([*base, *(node.module or "").split(".")]).strip("/")
                for alias in node.names:
                    found[alias.asname or alias.name] = (path, alias.name)
        return found

    def public(self) -> Iterator[Public]:
        """Yield what `__all__` names and this file defines, and public methods of its classes."""
        for name in sorted(self.exported):
            if name in self.functions:
                yield Public(self.path, name, self.functions[name], None)
            elif name in self.classes:
                owner = self.classes[name]
                yield Public(self.path, name, owner, None)
                yield from (
                    Public(self.path, f"{name}.{node.name}", node, owner)
                    for node in owner.body
                    if isinstance(node, Function)
                    and not node.name.startswith("_")
                    and not _decorators(node) & {"overload", "setter", "deleter"}
                )


def _exported(tree: ast.Module) -> set[str]:
    """Return the names in a module's `__all__`, without those that begin with "_"."""
    found: set[str] = set()
    for node in tree.body:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        if any(isinstance(t, ast.Name) and t.id == "__all__" for t in targets):
            found |= {
                item.value
                for item in ast.walk(node)
                if isinstance(item, ast.Constant) and isinstance(item.value, str)
            }
    return {name for name in found if not name.startswith("_")}


def _decorators(node: Function) -> set[str]:
    """Return the last names of a function's decorators."""
    found = set()
    for decorator in node.decorator_list:
        inner = decorator.func if isinstance(decorator, ast.Call) else decorator
        found.add(inner.attr if isinstance(inner, ast.Attribute) else getattr(inner, "id", ""))
    return found


class Package:
    """Every public name of the package, and the judgement of each."""

    def __init__(self, texts: dict[str, str] | None = None) -> None:
        """`texts` are the modules' sources by path; without them, those of src/nethttp."""
        if texts is None:
            texts = {path: file.read_text() for path, file in modules().items()}
        self.modules = {
            path: Module(path, text)
            for path, text in texts.items()
            if not path.endswith("__main__")
        }

    def public(self) -> list[Public]:
        """Return the public names in the order of the files."""
        return [name for module in self.modules.values() for name in module.public()]

    # --- looking names up ------------------------------------------------------------------------

    def _define(self, module: Module, name: str) -> tuple[Module, ast.ClassDef | Function] | None:
        """Return where a name that a module uses is defined in the package."""
        for _ in range(4):
            found = module.classes.get(name) or module.functions.get(name)
            if found is not None:
                return module, found
            path, name = module.imported.get(name, ("", ""))
            there = self.modules.get(path) or self.modules.get(f"{path}/__init__")
            if there is None:
                return None
            module = there
        return None

    def _bases(self, module: Module, owner: ast.ClassDef) -> Iterator[tuple[Module, ast.ClassDef]]:
        """Yield a class and its bases in this package, the nearest first."""
        yield module, owner
        for base in owner.bases:
            inner = base.value if isinstance(base, ast.Subscript) else base
            found = self._define(module, inner.id) if isinstance(inner, ast.Name) else None
            if found is not None and isinstance(found[1], ast.ClassDef):
                yield from self._bases(found[0], found[1])

    def _method(
        self, module: Module, owner: ast.ClassDef, name: str
    ) -> tuple[Module, ast.ClassDef, Function] | None:
        """Return the method that objects of a class have under a name."""
        for there, base in self._bases(module, owner):
            for node in base.body:
                if isinstance(node, Function) and node.name == name:
                    return there, base, node
        return None

    def docstring(self, public: Public) -> str:
        """Return its docstring, or its base's, or ""."""
        own = ast.get_docstring(public.node)
        if own or public.owner is None:
            return own or ""
        texts = (
            ast.get_docstring(node)
            for _, base in self._bases(self.modules[public.module], public.owner)
            for node in base.body
            if isinstance(node, Function) and node.name == public.node.name
        )
        return next(filter(None, texts), "")

    # --- what a body raises ----------------------------------------------------------------------

    def _raised(
        self,
        module: Module,
        owner: ast.ClassDef | None,
        function: Function,
        seen: frozenset[int] = frozenset(),
    ) -> set[str]:
        """Return the names of the exceptions that a body raises, private helpers' too."""
        if id(function) in seen or len(seen) > 3:
            return set()
        seen |= {id(function)}
        found: set[str] = set()
        for node, caught in _with_caught(function.body, frozenset()):
            if isinstance(node, ast.Raise):
                name = _exception_of(node)
                found |= _uncaught({name}, caught)
            elif isinstance(node, ast.Call):
                callee = self._private_callee(module, owner, node.func)
                if callee is not None:
                    found |= _uncaught(self._raised(*callee, seen), caught)
        return {
            name for name in found if name in EXCEPTIONS or name.endswith(("Error", "Exception"))
        }

    def _private_callee(
        self, module: Module, owner: ast.ClassDef | None, called: ast.expr
    ) -> tuple[Module, ast.ClassDef | None, Function] | None:
        """Return the private function of the same file, or method of the same object, called."""
        if isinstance(called, ast.Name) and called.id.startswith("_"):
            function = module.functions.get(called.id)
            return None if function is None else (module, None, function)
        if (
            isinstance(called, ast.Attribute)
            and owner is not None
            and called.attr.startswith("_")
            and isinstance(called.value, ast.Name)
            and called.value.id in ("self", "cls")
        ):
            return self._method(module, owner, called.attr)
        return None

    # --- examples --------------------------------------------------------------------------------

    def _has_example(self, public: Public, text: str) -> bool:
        """Return whether an example that a test runs uses the name."""
        if ">>>" in text:
            return True
        module = self.modules[public.module]
        texts = [ast.get_docstring(module.tree) or ""]
        if public.owner is not None:
            texts += [
                ast.get_docstring(node) or ""
                for _, base in self._bases(module, public.owner)
                for node in (base, *(n for n in base.body if isinstance(n, Function)))
            ]
        elif isinstance(public.node, ast.ClassDef):
            init = self._method(module, public.node, "__init__")
            texts += [ast.get_docstring(init[2]) or ""] if init else []
        else:
            texts += [ast.get_docstring(node) or "" for node in module.functions.values()]
        short = public.name.rpartition(".")[2]
        dot = "[.]" if public.owner else ""
        used = re.compile(rf"^\s*(?:>>>|\.\.\.) .*{dot}\b{short}\b", re.MULTILINE)
        return any(used.search(other) for other in texts)

    # --- the judgement ---------------------------------------------------------------------------

    def misses(self, public: Public) -> list[str]:
        """Return what a name's docstring lacks: an empty list if it is full."""
        text = self.docstring(public)
        if not text.strip():
            of_files = public.owner is not None and public.node.name in OF_FILES
            return [] if of_files else ["no docstring"]
        if isinstance(public.node, ast.ClassDef):
            return list(self._misses_of_class(public, public.node, text))
        return list(self._misses_of_function(public, public.node, text))

    def _misses_of_class(self, public: Public, node: ast.ClassDef, text: str) -> Iterator[str]:
        module = self.modules[public.module]
        init = self._method(module, node, "__init__")
        whole = text
        if init is not None and init[1] is node:
            own = ast.get_docstring(init[2]) or ""
            whole = "\n".join([text, own, *_of_attributes(node), *_of_attributes(init[2])])
            bases = [ast.get_docstring(base) or "" for _, base in self._bases(module, node)]
            yield from _missing_numbers(init[2], "\n".join([whole, *bases]))
            yield from _missing_raises(self._raised(module, node, init[2]), whole)
        sentences = len(re.findall(r"[.:](?:\s|$)", text.partition(">>>")[0]))
        sentences += len(_of_attributes(node)) + (len(_of_attributes(init[2])) if init else 0)
        if public.name.endswith(("Error", "Exception")) or self._is_exception(module, node):
            return
        if sentences < 2 and not REASON.search(whole) and not self._has_example(public, whole):
            yield "no example and no reason"

    def _is_exception(self, module: Module, node: ast.ClassDef) -> bool:
        """Return whether a class is an exception, by its bases' names."""
        return any(
            name.endswith(("Error", "Exception"))
            for _, base in self._bases(module, node)
            for name in map(ast.unparse, base.bases)
        )

    def _misses_of_function(self, public: Public, node: Function, text: str) -> Iterator[str]:
        module = self.modules[public.module]
        first = text.partition("\n\n")[0]
        decorators = _decorators(node)
        is_property = bool(decorators & {"property", "cached_property"})
        gives = _gives_something(node)
        if not is_property and gives and not GIVES.match(first.replace("\n", " ")):
            yield "the first line does not say what comes back"
        if not is_property and not gives and THING.match(first):
            yield "the first line does not say what is done"
        if len(first.split()) < 2:
            yield "the first line says next to nothing"
        yield from _missing_raises(self._raised(module, public.owner, node), text)
        around = [module.tree, *([public.owner] if public.owner is not None else [])]
        spoken = [text, *(ast.get_docstring(place) or "" for place in around)]
        yield from _missing_numbers(node, "\n".join(spoken))
        if _is_number(node.returns) and not UNIT.search(text):
            yield "a number is returned, and its unit is not said"
        if (
            public.owner is None
            and gives
            and not (REASON.search(text) or self._has_example(public, text))
        ):
            yield "no example and no reason"


EXCEPTIONS = {"BadStatusLine", "IncompleteRead", "LineTooLong", "CannotSendRequest", "CookieError"}
EXCEPTIONS |= {
    "CannotSendHeader",
    "ResponseNotReady",
    "NotConnected",
    "InvalidURL",
    "UnknownProtocol",
}


def _exception_of(node: ast.Raise) -> str:
    """Return the name of the exception that a statement raises; "" if that cannot be read off."""
    raised = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if isinstance(raised, ast.Attribute):
        return raised.attr
    return raised.id if isinstance(raised, ast.Name) else ""


def _with_caught(
    statements: list[ast.stmt], caught: frozenset[str]
) -> Iterator[tuple[ast.AST, frozenset[str]]]:
    """Yield raise statements and calls with the exceptions that are caught around them."""
    for statement in statements:
        if isinstance(statement, Function | ast.ClassDef):
            continue
        if isinstance(statement, ast.Try):
            here = {
                n.attr if isinstance(n, ast.Attribute) else getattr(n, "id", "")
                for handler in statement.handlers
                if handler.type is not None
                for n in ast.walk(handler.type)
            }
            yield from _with_caught(statement.body, caught | here)
            for handler in statement.handlers:
                yield from _with_caught(handler.body, caught)
            yield from _with_caught([*statement.orelse, *statement.finalbody], caught)
            continue
        blocks = [getattr(statement, name, None) for name in ("body", "orelse")]
        cases = [case.body for case in getattr(statement, "cases", ())]
        nested = [block for block in (*blocks, *cases) if isinstance(block, list)]
        below = {id(n) for block in nested for s in block for n in ast.walk(s)}
        for node in ast.walk(statement):
            if id(node) not in below and isinstance(node, ast.Raise | ast.Call):
                yield node, caught
        for block in nested:
            yield from _with_caught(block, caught)


def _of_attributes(node: ast.ClassDef | Function) -> list[str]:
    """Return the docstrings behind assignments in a body, each with the attribute's name."""
    return [
        f"{ast.unparse(before)}: {text.value.value}"
        for before, text in pairwise(node.body)
        if isinstance(before, ast.Assign | ast.AnnAssign)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    ]


def _uncaught(names: set[str], caught: frozenset[str]) -> set[str]:
    """Return the exceptions that none of the classes `caught` catches, by their names."""
    wide = caught & {"Exception", "BaseException"}
    return (
        set()
        if wide
        else {n for n in names if n not in caught and not BROADER.get(n, set()) & caught}
    )


def _missing_raises(raised: set[str], text: str) -> Iterator[str]:
    """Yield a complaint if exceptions are raised and `Raises:` does not say so."""
    raised = raised - {"NotImplementedError", "StopIteration", "AssertionError"}
    if not raised:
        return
    section = text.partition("Raises:")[2]
    if not section:
        yield f"no `Raises:`, though it raises {', '.join(sorted(raised))}"
        return
    named = set(re.findall(r"^\s+([A-Za-z_.,| ]+):", section, re.MULTILINE))
    words = {word.rpartition(".")[2] for line in named for word in re.findall(r"[\w.]+", line)}
    for name in sorted(raised):
        if name not in words and not BROADER.get(name, set()) & words:
            yield f"`Raises:` does not name {name}"


#: The classes by which an exception may be announced instead.
BROADER = {
    "FileNotFoundError": {"OSError"},
    "PermissionError": {"OSError"},
    "ConnectionError": {"OSError"},
    "NotADirectoryError": {"OSError"},
    "TimeoutError": {"OSError"},
    "KeyError": {"LookupError"},
    "LocalProtocolError": {"ValueError"},
    "RemoteProtocolError": {"HTTPException"},
    "UnknownProtocol": {"HTTPException"},
    "BrokenPipeError": {"ConnectionError", "OSError"},
    "UnsupportedOperation": {"OSError", "ValueError"},
    "LineTooLong": {"RemoteProtocolError", "HTTPException"},
    "BadStatusLine": {"RemoteProtocolError", "HTTPException"},
    "IncompleteRead": {"RemoteProtocolError", "HTTPException"},
}


def _numbers(function: Function) -> list[ast.arg]:
    """Return the arguments that are numbers by their annotation."""
    arguments = function.args
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    return [argument for argument in every if _is_number(argument.annotation)]


def _is_number(annotation: ast.expr | None) -> bool:
    """Return whether an annotation is a number's, None allowed: `int`, `float | None`."""
    if annotation is None:
        return False
    text = ast.unparse(annotation).strip("'\"")
    return set(re.split(r"\s*\|\s*", text)) <= {"int", "float", "None"} and text != "None"


def _missing_numbers(function: Function, text: str) -> Iterator[str]:
    """Yield a complaint for every number that the text neither names nor measures."""
    for argument in _numbers(function):
        said = argument.arg in SAID_BY_THEIR_NAME or argument.arg.startswith("_")
        if not said and not re.search(rf"\b{argument.arg}\b", text):
            spoken = argument.arg.replace("_", " ").rstrip("s")
            if not (re.search(rf"\b{spoken}s?\b", text) and UNIT.search(text)):
                yield f"the number `{argument.arg}` is not spoken of"


def _gives_something(node: Function) -> bool:
    """Return whether a call has a result: by the annotation, or by a `return` with a value."""
    if node.returns is not None:
        return ast.unparse(node.returns).strip("'\"") not in ("None", "NoReturn", "Never")
    return any(isinstance(n, ast.Return) and n.value is not None for n in ast.walk(node))
