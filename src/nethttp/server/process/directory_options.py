"""The options of the command line for a directory or a file, and the handlers that they make."""

from __future__ import annotations

import argparse
import functools
import os
from importlib.util import find_spec
from typing import Any

from ..files.cgi import CGIHTTPRequestHandler
from ..files.cors import ANY_ORIGIN
from ..files.folder import FolderHandler
from ..files.handler import SimpleHTTPRequestHandler
from ..files.single import SingleFileHandler
from . import option_values as kinds
from .options import Refused
from .sharing_options import first_sharing_option, is_shared, shared_folder_handler

__all__ = [
    "SPA_FILE",
    "add_directory_options",
    "directory_handler",
    "file_handler",
    "first_given",
]

SPA_FILE = "index.html"
"""The page of a single-page application, unless another one is given."""


def add_directory_options(group: Any) -> None:
    """Add the options to a group of the command line."""
    add = group.add_argument
    handler = SimpleHTTPRequestHandler
    add("-d", "--directory", metavar="DIRECTORY", help="the same as TARGET")
    add("--cgi", action="store_true", help="run the programs in /cgi-bin and /htbin")
    add(
        "--content-type",
        type=kinds.FIELD_VALUE.read,
        metavar="TYPE",
        help="media type of files whose extension is not known "
        f"(default: {handler.default_content_type})",
    )
    add(
        "--follow-links",
        choices=("inside", "all", "none"),
        help="symbolic links to follow: those that stay inside the directory, all, or none "
        f"(default: {handler.follow_links})",
    )
    add("-s", dest="spa", action="store_const", const=SPA_FILE, help="the same as --spa alone")
    add(
        "--spa",
        nargs="?",
        const=SPA_FILE,
        metavar="=FILE",
        help="serve a single-page application: FILE is sent for every page that does not exist; "
        f"--spa alone: {SPA_FILE}",
    )
    add(
        "--cache-control",
        type=kinds.FIELD_VALUE.read,
        metavar="VALUE",
        help="the Cache-Control field of files, for example max-age=3600",
    )
    add(
        *("-H", "--header"),
        action="append",
        type=kinds.FIELD.read,
        metavar="NAME:VALUE",
        help="add a field to every response but errors; may be repeated; NAME VALUE works too",
    )
    add(
        "--cors",
        action="append",
        nargs="?",
        const=ANY_ORIGIN,
        type=kinds.ORIGIN.read,
        metavar="=ORIGIN",
        help="let pages of ORIGIN read the responses, for example --cors=https://app.example; may "
        "be repeated; --cors alone: all pages",
    )
    add("--no-compress", action="store_true", help="do not compress responses")
    add(
        "--no-precompressed",
        action="store_true",
        help="do not send FILE.br, FILE.zst or FILE.gz in the place of FILE",
    )
    add("--no-listing", action="store_true", help="do not list directories without an index page")


def directory_handler(directory: str, arguments: argparse.Namespace) -> Any:
    """Return the handler class, with its arguments, that serves `directory`.

    What `arguments` do not give is left to the class, because that has the defaults.

    Raises:
        Refused: there is no such page as ``--spa`` names, or no library for ``--reload``.
    """
    if arguments.spa is not None:
        page = os.path.realpath(os.path.join(directory, arguments.spa))
        if not page.startswith(os.path.realpath(directory) + os.sep) or not os.path.isfile(page):
            raise Refused(f"--spa: there is no file {arguments.spa!r} in {directory}")
    if is_shared(arguments):
        return shared_folder_handler(
            directory,
            arguments,
            show_listing=not arguments.no_listing,
            **_of_each_file(arguments),
        )
    if given := first_sharing_option(arguments):
        raise Refused(f"{given} is for a directory with rights: see --upload and --allow")
    handler: type = FolderHandler
    if arguments.cgi:
        handler = CGIHTTPRequestHandler
    elif arguments.reload:
        handler = _live_handler()
    options = {
        "follow_links": arguments.follow_links or SimpleHTTPRequestHandler.follow_links,
        "show_listing": not arguments.no_listing,
    }
    if arguments.no_precompressed:
        options["precompressed"] = False
    if arguments.spa is not None:
        options["spa"] = arguments.spa
    return functools.partial(handler, directory=directory, **options, **_of_each_file(arguments))


def _live_handler() -> type:
    """Return the class whose pages load again; refuse where the library for it is missing."""
    from ..files.live import LiveHandler  # start-up: only --reload needs it

    if find_spec("watchfiles") is None:
        raise Refused("--reload needs the library watchfiles: pip install 'nethttp[reload]'")
    return LiveHandler


def file_handler(path: str, arguments: argparse.Namespace) -> Any:
    """Return the handler class, with its arguments, that serves the file `path` alone."""
    return functools.partial(SingleFileHandler, file=path, **_of_each_file(arguments))


def _of_each_file(arguments: argparse.Namespace) -> dict[str, Any]:
    options = {
        "default_content_type": arguments.content_type,
        "cache_control": arguments.cache_control,
        "extra_response_headers": arguments.header,
        "cors": arguments.cors,
        "compress": False if arguments.no_compress else None,
    }
    return {name: value for name, value in options.items() if value is not None}


_OF_A_DIRECTORY = ("directory", "cgi", "follow_links", "spa", "no_precompressed", "no_listing")
_OF_EACH_FILE = ("content_type", "cache_control", "header", "cors", "no_compress")


def first_given(arguments: argparse.Namespace, interface: str) -> str | None:
    """Return the first option that was given and means nothing for `interface`; else None.

    The command refuses it. A file that is served alone has the options of each file.
    """
    names = _OF_A_DIRECTORY if interface == "file" else _OF_A_DIRECTORY + _OF_EACH_FILE
    for name in names:
        if getattr(arguments, name):
            return f"--{name.replace('_', '-')}"
    return first_sharing_option(arguments)
