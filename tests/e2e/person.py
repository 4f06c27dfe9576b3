"""Somebody at a program instead of a browser: the same public interface, the same keys."""

import base64
import time
from typing import Any

import httpx

from nightbell.accounts import demonstration
from nightbell.sealing.keys import PersonKeys
from nightbell.sealing.passphrase import Kdf, derive, unwrap
from tests.e2e.whole import WholeService

PATIENCE_S = 40.0


class Person:
    """One signed-in person; a request is made again while the service is being brought back."""

    def __init__(self, one: WholeService, handle: str) -> None:
        origin = {"origin": one.address}
        self._http = httpx.Client(base_url=one.address, headers=origin, timeout=10)
        begun = self.post("/api/sign-in/begin", {"handle": handle})
        kdf = Kdf(begun["kdf"]["memory_kib"], begun["kdf"]["passes"], begun["kdf"]["lanes"])
        derived = derive(demonstration.PASSPHRASE, base64.b64decode(begun["salt"]), kdf)
        verifier = base64.b64encode(derived.verifier).decode()
        self.me = self.post("/api/sign-in", {"handle": handle, "verifier": verifier})
        self.keys: PersonKeys = unwrap(base64.b64decode(self.me["wrapped_key"]), derived.kek)
        self._http.headers["x-csrf"] = self.me["csrf"]

    def get(self, path: str) -> Any:
        return self._ask("GET", path)

    def post(self, path: str, body: Any = None) -> Any:
        return self._ask("POST", path, body)

    def put(self, path: str, body: Any = None) -> Any:
        return self._ask("PUT", path, body)

    def close(self) -> None:
        self._http.close()

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        give_up = time.monotonic() + PATIENCE_S
        while True:
            try:
                answer = self._http.request(method, path, json=body)
            except httpx.TransportError:
                if time.monotonic() > give_up:
                    raise
                time.sleep(0.1)
                continue
            if answer.status_code >= 500 and time.monotonic() < give_up:
                time.sleep(0.1)  # Not yet up again: a browser asks again too.
                continue
            assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text[:300]}"
            return answer.json() if answer.content else None
