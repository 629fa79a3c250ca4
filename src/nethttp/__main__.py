"""``python -m nethttp``: serve · get · cookies · status."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from . import __version__
from .status import HTTPStatus, reference_of
from .wire.head import TWIN


def _status(argv: Sequence[str]) -> int:
    """Print a code's row of the registry, or all rows."""
    parser = argparse.ArgumentParser(
        prog="nethttp status", description="Say what a status code means, and where that stands."
    )
    parser.add_argument("code", nargs="?", type=int, help="a status code (default: all)")
    code = parser.parse_args(argv).code
    rows = [status for status in HTTPStatus if code in (None, status.value)]
    for status in rows:
        print(f"{status.value} {status.phrase}  ({reference_of(status)})")
        if code is not None and status.description:
            print(status.description)
    if not rows:
        print(f"nethttp status: {code} is not a registered status code", file=sys.stderr)
        return 1
    return 0


def _serve(argv: Sequence[str]) -> int:
    from .server.__main__ import main  # start-up: only this command needs it

    return main(argv, prog="nethttp serve")


def _get(argv: Sequence[str]) -> int:
    from .client.__main__ import main  # start-up: only this command needs it

    return main(argv, prog="nethttp get")


def _cookies(argv: Sequence[str]) -> int:
    from .cookiejar.__main__ import main  # start-up: only this command needs it

    return main(argv, prog="nethttp cookies")


_COMMANDS = {
    "serve": (_serve, "serve a directory"),
    "get": (_get, "fetch a URL"),
    "cookies": (_cookies, "look into cookie jars, carry cookies between them"),
    "status": (_status, "say what a status code means"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that `argv` names and return its exit status."""
    parser = argparse.ArgumentParser(
        prog="nethttp",
        description="Python's http package as it should be.",
        epilog="\n".join(f"  {name:8}{about}" for name, (_, about) in _COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    version = f"nethttp {__version__}, {TWIN} parser, Python {sys.version.split()[0]}"
    parser.add_argument("--version", action="version", version=version)
    parser.add_argument("command", choices=_COMMANDS, help="what to do; each knows --help")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    arguments = parser.parse_args(argv)
    return _COMMANDS[arguments.command][0](arguments.arguments)


if __name__ == "__main__":
    sys.exit(main())
