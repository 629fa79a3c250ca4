"""The options of the command line for a directory, and the handler that they make."""

from __future__ import annotations

import argparse
import functools
import os
from typing import Any

from ..files.cgi import CGIHTTPRequestHandler
from ..files.cors import ANY_ORIGIN
from ..files.handler import SimpleHTTPRequestHandler
from . import option_values as kinds
from .options import Refused

__all__ = ["SPA_FILE", "add_directory_options", "directory_handler", "first_given"]

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
        Refused: there is no such page as ``--spa`` names.
    """
    if arguments.spa is not None:
        page = os.path.realpath(os.path.join(directory, arguments.spa))
        if not page.startswith(os.path.realpath(directory) + os.sep) or not os.path.isfile(page):
            raise Refused(f"--spa: there is no file {arguments.spa!r} in {directory}")
    options: dict[str, Any] = {
        "follow_links": arguments.follow_links or SimpleHTTPRequestHandler.follow_links,
        "default_content_type": arguments.content_type,
        "spa": arguments.spa,
        "cache_control": arguments.cache_control,
        "extra_response_headers": arguments.header,
        "cors": arguments.cors,
        "compress": not arguments.no_compress,
        "precompressed": not arguments.no_precompressed,
        "show_listing": not arguments.no_listing,
    }
    given = {name: value for name, value in options.items() if value is not None}
    handler = CGIHTTPRequestHandler if arguments.cgi else SimpleHTTPRequestHandler
    return functools.partial(handler, directory=directory, **given)


def first_given(arguments: argparse.Namespace) -> str | None:
    """Return the first of these options that was given; None if none was.

    An application has no use for them, so the command refuses them.
    """
    names = (
        *("directory", "cgi", "content_type", "follow_links", "spa", "cache_control", "header"),
        *("cors", "no_compress", "no_precompressed", "no_listing"),
    )
    for name in names:
        if getattr(arguments, name):
            return f"--{name.replace('_', '-')}"
    return None
