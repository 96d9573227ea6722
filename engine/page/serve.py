"""The page over HTTP, for the person at this machine: one address on 127.0.0.1, one route.

Another site could have its own name resolve to 127.0.0.1 and read what is served here; a request is answered only when it asks for this
address by name (`Host`).
"""

from __future__ import annotations

import errno
import html
import os
import re
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from ..errors import CommandError, Problem

HOST = "127.0.0.1"
TRIED = 20
"""Ports tried, from the one asked for on."""
SECONDS = 10
"""How long a connection may be silent."""
_POLICY = re.compile(r'http-equiv="Content-Security-Policy" content="([^"]*)"')


class Server(ThreadingHTTPServer):
    """Serves one page; it listens as soon as it is made.

    Args:
        page: the HTML of the page.
        port: where to listen; 0 for any that is free.
    """

    daemon_threads = True
    allow_reuse_address = os.name == "posix"  # elsewhere it would let two programs have one port

    def __init__(self, page: str, port: int) -> None:
        super().__init__((HOST, port), _Handler)
        found = _POLICY.search(page)
        assert found
        self.body = page.encode()
        self.policy = html.unescape(found[1]) + "; frame-ancestors 'none'"
        self.hosts = {f"{name}:{self.server_port}" for name in (HOST, "localhost")}

    @property
    def address(self) -> str:
        """What to open."""
        return f"http://{HOST}:{self.server_port}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that breaks off is nobody's concern."""

    def open_browser(self) -> None:
        """Show the page in the person's browser, beside serving it: a browser in the terminal only returns when it is left."""
        import threading
        import webbrowser

        threading.Thread(target=webbrowser.open, args=[self.address], daemon=True).start()


def listen(page: str, port: int) -> Server:
    """A server of a page, at this port or, where that is taken, one of the next.

    Raises:
        CommandError: when none of them can be had.
    """
    for each in range(port, min(port + TRIED, 65536)):
        try:
            return Server(page, each)
        except OSError as error:
            if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
                raise
    last = min(port + TRIED, 65536) - 1
    raise CommandError(Problem(f"the ports {port} to {last} of {HOST} cannot be used", None, "name another one: --port N, or 0 for any"))


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = SECONDS

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        asked = [name.strip().lower() for name in self.headers.get_all("Host", [])]
        if len(asked) != 1 or asked[0] not in self.server.hosts:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST)
        elif self.path != "/":
            self.send_error(HTTPStatus.NOT_FOUND)
        else:
            self._send(HTTPStatus.OK, "text/html; charset=utf-8", self.server.body)

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """Refuse in a word, without repeating anything of the request."""
        status = HTTPStatus.METHOD_NOT_ALLOWED if code == HTTPStatus.NOT_IMPLEMENTED else HTTPStatus(code)
        self.close_connection = True
        self._send(status, "text/plain; charset=utf-8", f"{status.value} {status.phrase}\n".encode())

    def _send(self, status: HTTPStatus, kind: str, body: bytes) -> None:
        self.send_response_only(status)
        headers = {
            "Content-Type": kind,
            "Content-Length": str(len(body)),
            "Content-Security-Policy": self.server.policy,
            "Cross-Origin-Resource-Policy": "same-origin",
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cache-Control": "no-store",
        }
        if status == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = "GET, HEAD"
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in the standard library)
        """Say nothing: only the command line prints."""
