"""A stand-in web process: the built screens under their real policy, answers laid by a test."""

import json
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, cast

from nightbell.web.app import STATIC
from nightbell.web.headers import CSP

Answer = Callable[[dict[str, Any]], tuple[int, Any]]
KINDS = {
    ".html": "text/html; charset=utf-8", ".js": "text/javascript", ".css": "text/css",
    ".svg": "image/svg+xml", ".png": "image/png", ".woff2": "font/woff2",
    ".webmanifest": "application/manifest+json",
}  # fmt: skip


class StandIn:
    """Serves until `stop`. `say(method, path, body)` lays an answer down; `asked` is what came."""

    def __init__(self, now: datetime) -> None:
        self._begun = time.monotonic()
        self._now = now
        self.asked: list[tuple[str, str, dict[str, Any]]] = []
        self.queries: list[tuple[str, str]] = []
        self._answers: dict[tuple[str, str], Answer] = {}
        self._told = threading.Condition()
        self._news: list[str] = []
        self.away = False
        stand_in = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: object) -> None:
                return

            def date_time_string(self, timestamp: float | None = None) -> str:
                return formatdate(stand_in.now().timestamp(), usegmt=True)

            def do_GET(self) -> None:
                stand_in.answer(self, "GET")

            def do_POST(self) -> None:
                stand_in.answer(self, "POST")

            def do_PUT(self) -> None:
                stand_in.answer(self, "PUT")

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def now(self) -> datetime:
        return self._now + timedelta(seconds=time.monotonic() - self._begun)

    def stop(self) -> None:
        self.away = True
        with self._told:
            self._told.notify_all()
        self._server.shutdown()
        self._server.server_close()

    def say(self, method: str, path: str, body: Any, status: int = 200) -> None:
        self._answers[method, path] = lambda _: (status, body)

    def do(self, method: str, path: str, answer: Answer) -> None:
        self._answers[method, path] = answer

    def tell(self, kind: str) -> None:
        with self._told:
            self._news.append(kind)
            self._told.notify_all()

    def answer(self, request: BaseHTTPRequestHandler, method: str) -> None:
        path, _, query = request.path.partition("?")
        if query:
            self.queries.append((path, query))
        length = int(request.headers.get("Content-Length") or 0)
        sent = request.rfile.read(length) if length else b""
        if self.away:
            request.close_connection = True
            return
        if path == "/api/news":
            self._stream(request)
        elif path == "/healthz":
            _send(request, 200, b'{"ok":true}', "application/json")
        elif path.startswith("/api/"):
            body = cast("dict[str, Any]", json.loads(sent)) if sent else {}
            self.asked.append((method, path, body))
            answer = self._answers.get((method, path))
            status, said = answer(body) if answer else (404, _problem("Nothing is there."))
            text = b"" if said is None else json.dumps(said).encode()
            _send(request, status, text, "application/json")
        else:
            _send_file(request, path)

    def _stream(self, request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Type", "text/event-stream")
        request.send_header("Connection", "close")
        request.end_headers()
        seen = len(self._news)
        with suppress(OSError):
            request.wfile.write(b"event: hello\ndata: {}\n\n")
            request.wfile.flush()
            while not self.away:
                with self._told:
                    self._told.wait(1)
                    fresh, seen = self._news[seen:], len(self._news)
                for kind in fresh or [""]:
                    line = (
                        f'event: {kind}\ndata: {{"ids": {{}}}}\n\n' if kind else ": still here\n\n"
                    )
                    request.wfile.write(line.encode())
                request.wfile.flush()
        request.close_connection = True


def _problem(sentence: str) -> dict[str, Any]:
    return {"code": "not_found", "sentence": sentence, "facts": {}}


def _send(request: BaseHTTPRequestHandler, status: int, body: bytes, kind: str) -> None:
    with suppress(OSError):
        request.send_response(status)
        request.send_header("Content-Type", kind)
        request.send_header("Content-Length", str(len(body)))
        request.send_header("Content-Security-Policy", CSP)
        request.end_headers()
        request.wfile.write(body)


def _send_file(request: BaseHTTPRequestHandler, path: str) -> None:
    file = (STATIC / path.lstrip("/")).resolve()
    if file.is_dir():
        file = file / "index.html"
    if not file.is_file() or not file.is_relative_to(STATIC.resolve()):
        return _send(request, 404, b"", "text/plain")
    _send(request, 200, file.read_bytes(), KINDS.get(Path(file).suffix, "application/octet-stream"))
    return None
