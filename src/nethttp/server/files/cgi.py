"""`CGIHTTPRequestHandler`: runs scripts for GET, HEAD and POST. RFC 3875.

The standard library deprecates it in Python 3.13 and has none from 3.15 on. Each script is run as a
process of its own, on every platform, never by forking a process that has threads.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import urllib.parse
from contextlib import suppress
from typing import Any

from ...errors import HTTPException
from ...net.nonblocking import end_sending
from ...status import HTTPStatus
from ...wire.h1.block import read_field_block
from ...wire.h1.head import parse_lenient_field_section
from ..seams import current, remember
from .handler import SimpleHTTPRequestHandler

__all__ = ["CGIHTTPRequestHandler", "executable", "nobody_uid", "url_collapse_path"]

#: Seconds that content which was received already may take to be read, once a script has ended.
FEED_SECONDS = 0.05


def nobody_uid() -> int:
    """Return the user id of "nobody", -1 if this platform has no user ids.

    Nothing here uses it, since scripts run as new processes. Programs read it from `http.server`.
    """
    known: int | None = current("nobody")
    if not known:
        try:
            import pwd  # not on every platform
        except ImportError:
            return -1
        try:
            known = pwd.getpwnam("nobody").pw_uid
        except KeyError:
            known = 1 + max(entry.pw_uid for entry in pwd.getpwall())
        remember("nobody", known)
    return known


def executable(path: str) -> bool:
    """Return whether this process may execute the file at `path`.

    >>> import sys
    >>> executable(sys.executable)
    True
    """
    return os.access(path, os.X_OK)


def url_collapse_path(path: str) -> str:
    """Return the path of a URL with escapes decoded and `.`, `..` and empty segments resolved.

    The last segment follows a directory and a slash. A segment in the root follows two slashes.

    Raises:
        IndexError: it goes above the root.

    >>> url_collapse_path("/cgi-bin//./a/../b%20c?d=e"), url_collapse_path("/a")
    ('/cgi-bin/b c?d=e', '//a')
    """
    path, question, query = path.partition("?")
    *head, tail = urllib.parse.unquote(path).split("/")
    kept: list[str] = []
    for part in head:
        if part == "..":
            kept.pop()
        elif part and part != ".":
            kept.append(part)
    if tail == "..":
        kept.pop()
        tail = ""
    elif tail == ".":
        tail = ""
    return "/" + "/".join(kept) + "/" + tail + question + query


class CGIHTTPRequestHandler(SimpleHTTPRequestHandler):
    """`SimpleHTTPRequestHandler` that runs the scripts in `cgi_directories` (paths of URLs)."""

    have_fork = hasattr(os, "fork")
    rbufsize = 0
    cgi_directories = ["/cgi-bin", "/htbin"]
    script_timeout = 300.0
    """Seconds that a script may take for its whole answer."""

    def __init__(self, *args: Any, **options: Any) -> None:
        if sys.version_info >= (3, 13):
            import warnings  # start-up: only this handler warns

            warnings.warn(
                "'http.server.CGIHTTPRequestHandler' is deprecated: the standard library has none "
                "from Python 3.15 on",
                DeprecationWarning,
                stacklevel=2,
            )
        super().__init__(*args, **options)

    def do_POST(self) -> None:
        """Run a script. Any other resource is answered with 501."""
        if self.is_cgi():
            self.run_cgi()
        else:
            self.send_error(HTTPStatus.NOT_IMPLEMENTED, "Can only POST to CGI scripts")

    def send_head(self) -> Any:
        """Return a file with the content, as the base does, or None after running a script."""
        return self.run_cgi() if self.is_cgi() else super().send_head()

    def is_cgi(self) -> bool:
        """Return whether `path` names a script, and set `cgi_info` to (directory, rest) if so."""
        try:
            path = url_collapse_path(self.path)
        except IndexError:
            return False
        # The root itself may be a directory of scripts: "/".
        slash = path.find("/", 1)
        while slash > 0 and path[:slash] not in self.cgi_directories:
            slash = path.find("/", slash + 1)
        if slash <= 0:
            return False
        self.cgi_info = path[:slash], path[slash + 1 :]
        return True

    def is_executable(self, path: str) -> bool:
        """Return whether this process may execute the file at `path`."""
        return executable(path)

    def is_python(self, path: str) -> bool:
        """Return whether `path` is a Python script, by its name."""
        return os.path.splitext(path)[1].lower() in (".py", ".pyw")

    def run_cgi(self) -> None:
        """Run the script that `cgi_info` names, and send its output as the response."""
        directory, rest = self.cgi_info
        rest, _, query = rest.partition("?")
        script, slash, path_info = rest.partition("/")
        # The script may be in a directory below the CGI directory.
        while slash and os.path.isdir(self.translate_path(f"{directory}/{script}")):
            directory = f"{directory}/{script}"
            script, slash, path_info = path_info.partition("/")
        name = f"{directory}/{script}"
        file = self.translate_path(name)
        if not self._is_there(file):
            self.send_error(HTTPStatus.NOT_FOUND, f"No such CGI script ({name!r})")
        elif not os.path.isfile(file):
            self.send_error(HTTPStatus.FORBIDDEN, f"CGI script is not a plain file ({name!r})")
        elif not self.is_python(name) and not self.is_executable(file):
            self.send_error(HTTPStatus.FORBIDDEN, f"CGI script is not executable ({name!r})")
        else:
            self._run_script(file, query, self._environment(name, slash + path_info, query))

    def _is_there(self, file: str) -> bool:
        """Return whether there is a script, or a directory, inside the root.

        The script is then run by its name: a user who can exchange that can also write scripts.
        """
        try:
            os.close(self._open(file))
        except PermissionError:
            # A script that may be run need not be readable.
            return os.path.exists(file)
        except OSError:
            return False
        return True

    def _environment(self, name: str, path_info: str, query: str) -> dict[str, str]:
        """Return the meta-variables of RFC 3875 section 4.1, after this process's environment."""
        address: Any = self.server.server_address
        variables = {
            "SERVER_SOFTWARE": self.version_string(),
            "SERVER_NAME": str(getattr(self.server, "server_name", address[0])),
            "GATEWAY_INTERFACE": "CGI/1.1",
            "SERVER_PROTOCOL": self.protocol_version,
            "SERVER_PORT": str(address[1]),
            "REQUEST_METHOD": self.command,
            "PATH_INFO": urllib.parse.unquote(path_info),
            "PATH_TRANSLATED": self.translate_path(path_info or "/"),
            "SCRIPT_NAME": name,
            "QUERY_STRING": query,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("content-type") or self.headers.get_content_type(),
        }
        from ...wire.environ import environ_of_fields  # start-up: only a script needs it

        fields = environ_of_fields(self.headers.items())
        # RFC 3875 section 4.1.18: credentials are for the server. CONTENT_TYPE has a default.
        for key in fields.keys() - {"HTTP_AUTHORIZATION", "CONTENT_TYPE"}:
            variables[key] = fields[key]
        variables.update(self._authorization())
        for name in ("ACCEPT", "USER_AGENT", "COOKIE", "REFERER"):
            variables.setdefault(f"HTTP_{name}", "")
        variables.setdefault("REMOTE_HOST", "")
        return {**os.environ, **variables}

    def _authorization(self) -> dict[str, str]:
        scheme, _, credentials = (self.headers.get("authorization") or "").partition(" ")
        if not credentials:
            return {}
        import base64  # start-up: few scripts are asked with credentials
        import binascii  # start-up: the same

        found = {"AUTH_TYPE": scheme}
        if scheme.lower() == "basic":
            with suppress(binascii.Error, UnicodeError):
                user = base64.b64decode(credentials.strip(), validate=True).decode("ascii")
                found["REMOTE_USER"] = user.partition(":")[0]
        return found

    def _run_script(self, file: str, query: str, environment: dict[str, str]) -> None:
        import subprocess  # start-up: few servers run scripts

        command = [file]
        if self.is_python(file):
            command = [sys.executable, "-u", file]
        if query and "=" not in query:
            # RFC 3875 section 4.4: the words of an indexed query are arguments.
            command += [urllib.parse.unquote_plus(word) for word in query.split("+")]
        content = self.rfile
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            cwd=os.path.dirname(file) or None,
        ) as process:
            watchdog = threading.Timer(self.script_timeout, process.kill)
            feeder = threading.Thread(target=self._feed, args=(content, process.stdin))
            watchdog.start()
            feeder.start()
            try:
                self._send_answer(process.stdout)
            finally:
                watchdog.cancel()
                process.kill()
                feeder.join(FEED_SECONDS)
                if feeder.is_alive():
                    self._end_connection()
                    feeder.join()
                watchdog.join()
        if process.returncode not in (0, -9):
            self.log_error("CGI script exit code %d", process.returncode)

    def _end_connection(self) -> None:
        """End the connection in both directions: the client may never send the rest of its content.

        The thread that waits for it reads an end.
        """
        self.close_connection = True
        with suppress(OSError):
            self.wfile.flush()
            self._settle()
            end_sending(self._socket)
            # A TLS socket's own `shutdown` would forget TLS, which that thread still reads.
            socket.socket.shutdown(self._socket, socket.SHUT_RD)

    @staticmethod
    def _feed(content: Any, stdin: Any) -> None:
        # A script need not read its input.
        with suppress(BrokenPipeError, HTTPException, OSError), stdin:
            while data := content.read1(65536):
                stdin.write(data)

    def _send_answer(self, stdout: Any) -> None:
        """Send the script's output: its fields, then its content until it ends."""
        try:
            fields, _ = parse_lenient_field_section(read_field_block(stdout.readline, self.limits))
        except HTTPException as error:
            self.log_error("CGI script sent no valid head: %s", error)
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        status, reason = HTTPStatus.OK.value, "Script output follows"
        answered = {name.lower(): value for name, value in fields}
        if "location" in answered and "status" not in answered:
            status, reason = HTTPStatus.FOUND.value, HTTPStatus.FOUND.phrase
        if "status" in answered:
            code, _, said = answered["status"].partition(" ")
            if code.isascii() and code.isdigit() and 200 <= int(code) <= 999:
                status, reason = int(code), said
        self.send_response(status, reason)
        for name, value in fields:
            if name.lower() != "status":
                self.send_header(name, value)
        self.end_headers()
        while data := stdout.read1(65536):
            self.wfile.write(data)
