"""Options of the command line from a TOML file and from the environment.

A file has an option on each line, under its long name without dashes in front. In the environment
the name is in capital letters behind ``NETHTTP_SERVE_``::

    workers = 4                             NETHTTP_SERVE_WORKERS=4
    bind = ["127.0.0.1:8000", "[::1]:8000"]
    tls-self-signed = true                  NETHTTP_SERVE_TLS_SELF_SIGNED=true

What the command line gives counts before the environment, and that before the file.
"""

from __future__ import annotations

import argparse
import tomllib
from collections.abc import Iterator, Mapping, Set
from typing import Any, Final

from ...commandline import closest
from ...errors import reason_of
from .options import Refused

__all__ = ["PREFIX", "words_of_environment", "words_of_file"]

PREFIX: Final = "NETHTTP_SERVE_"
"""What the names of the environment's variables begin with."""

#: A file is read whole; one of more octets is not a list of options.
MAX_FILE: Final = 1024 * 1024

_TARGET: Final = "target"

_TRUE: Final = frozenset({"1", "true", "yes", "on"})
_FALSE: Final = frozenset({"", "0", "false", "no", "off"})


def words_of_file(
    path: str, options: Mapping[str, argparse.Action], given: Set[str]
) -> tuple[list[str], list[str]]:
    """Return the options in a TOML file as words of the command line, and the targets in it.

    `options` has the command line's options by their long names, and `given` the names of those
    that are given elsewhere, which are left out.

    Raises:
        Refused: the file cannot be read, or has something that is no option; the message names it.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_FILE + 1)
        if len(data) > MAX_FILE:
            raise Refused(f"{path}: expected at most {MAX_FILE} bytes of options, got more")
        table = tomllib.loads(data.decode())
    except OSError as error:
        raise Refused(f"--config: {reason_of(error)}") from None
    except ValueError as error:
        raise Refused(f"{path}: expected TOML: {error}") from None
    words: list[str] = []
    targets: list[str] = []
    known = {_TARGET, *options}
    for key, value in table.items():
        name = key.replace("_", "-")
        where = f"{path}: {key}"
        if name not in known:
            raise Refused(f"{where}: there is no such option{closest(name, known)}")
        if name in given:
            continue
        if name == _TARGET:
            targets.append(_text(value, where))
        else:
            words += _words(name, options[name], value, where)
    return words, targets


def words_of_environment(
    environ: Mapping[str, str], options: Mapping[str, argparse.Action], given: Set[str]
) -> tuple[list[str], list[str]]:
    """Return what `words_of_file` does, from the environment's variables.

    Raises:
        Refused: there is no such option, or an option without a value has another than yes or no.
    """
    words: list[str] = []
    targets: list[str] = []
    known = {_TARGET, *options}
    for variable, text in environ.items():
        if not variable.startswith(PREFIX):
            continue
        name = variable[len(PREFIX) :].lower().replace("_", "-")
        if name not in known:
            raise Refused(f"{variable}: there is no such option{closest(name, known)}")
        if name in given:
            continue
        if name == _TARGET:
            targets.append(text)
        else:
            value: Any = text
            if options[name].nargs in (0, "?") and text.lower() in _TRUE | _FALSE:
                value = text.lower() in _TRUE
            words += _words(name, options[name], value, variable)
    return words, targets


def _words(name: str, action: argparse.Action, value: Any, where: str) -> Iterator[str]:
    """Return what the command line would write for `value`."""
    values = value if isinstance(value, list) else [value]
    if len(values) > 1 and not _is_repeated(action):
        raise Refused(f"{where}: expected one value, got {len(values)}")
    for one in values:
        if one is False and action.nargs in (0, "?"):
            continue
        if one is True and action.nargs in (0, "?"):
            yield f"--{name}" if action.nargs == 0 else f"--{name}={action.const}"
        elif action.nargs == 0:
            raise Refused(f"{where}: expected true or false, got {one!r:.80}")
        else:
            yield f"--{name}={_text(one, where)}"


def _is_repeated(action: argparse.Action) -> bool:
    return isinstance(action, argparse._AppendAction)


def _text(value: object, where: str) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise Refused(f"{where}: expected a text or a number, got {value!r:.80}")
    return str(value)
