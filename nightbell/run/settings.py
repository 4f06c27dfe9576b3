"""Every setting there is: read once from the environment, checked, then handed on unchanged.

`docs/settings.md` lists them; a test fails when one is missing there. This file imports nothing
that is slow to load: every process reads it first.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Self

from nightbell.core.errors import Refused
from nightbell.core.sockets import socket_folder

CARRIER_BESIDE = 2


class SettingRefused(Refused):
    """A setting cannot be used as it is written. `docs/settings.md` says what each may be."""


class DatabaseNotRunning(Refused):
    """No database is running for this data folder. Start `nightbell serve` first, name the right
    folder with NIGHTBELL_DATA, or set DATABASE_URL."""


def _port(text: str) -> int:
    port = int(text)
    if not 1 <= port <= 65535:
        raise ValueError
    return port


def _switched(text: str) -> bool:
    return {"on": True, "off": False}[text.strip().lower()]


def _path(text: str) -> Path:
    return Path(text).expanduser()


def _tls(text: str) -> str:
    if text not in ("", "self-signed", "own"):
        raise ValueError
    return text


# Each setting's name in the environment, and how it is read.
ENVIRONMENT: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "data": ("NIGHTBELL_DATA", _path),
    "host": ("NIGHTBELL_HOST", str),
    "port": ("NIGHTBELL_PORT", _port),
    "sip_port": ("NIGHTBELL_SIP_PORT", _port),
    "carrier_port": ("NIGHTBELL_CARRIER_PORT", _port),
    "sip_trunk": ("NIGHTBELL_SIP_TRUNK", str),
    "push": ("NIGHTBELL_PUSH", _switched),
    "push_contact": ("NIGHTBELL_PUSH_CONTACT", str),
    "demo": ("NIGHTBELL_DEMO", _switched),
    "tls": ("NIGHTBELL_TLS", _tls),
    "tls_certificate": ("NIGHTBELL_TLS_CERTIFICATE", _path),
    "tls_key": ("NIGHTBELL_TLS_KEY", _path),
    "database_url": ("DATABASE_URL", str),
}


@dataclass(frozen=True, slots=True)
class Settings:
    data: Path = Path(".data")
    host: str = "127.0.0.1"
    port: int = 8080
    sip_port: int = 5070
    carrier_port: int = 5070 + CARRIER_BESIDE
    sip_trunk: str = ""
    push: bool = False
    push_contact: str = "mailto:postmaster@localhost"
    demo: bool = True
    tls: str = ""
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    database_url: str = ""

    @classmethod
    def read(cls, environment: Mapping[str, str] | None = None) -> Self:
        """The settings as `environment` (this process's own) has them."""
        given = os.environ if environment is None else environment
        chosen = cls().having(data=Path(".data"))
        for name, (variable, read) in ENVIRONMENT.items():
            if text := given.get(variable, "").strip():
                chosen = chosen.having(**{name: _read(variable, read, text)})
        return chosen

    def having(self, **changed: Any) -> Self:
        """These settings with some changed; None leaves one as it is."""
        given = {name: value for name, value in changed.items() if value is not None}
        if "data" in given:
            given["data"] = given["data"].resolve()
        # The carrier stays beside the telephone engine, so that a second installation needs
        # only --port and --sip-port; unless it was given a port of its own.
        if "sip_port" in given and self.carrier_port == self.sip_port + CARRIER_BESIDE:
            given.setdefault("carrier_port", given["sip_port"] + CARRIER_BESIDE)
        return replace(self, **given)

    def environment(self) -> dict[str, str]:
        """The settings as a child process reads them."""
        return {var: _text(getattr(self, name)) for name, (var, _) in ENVIRONMENT.items()}

    @property
    def run_folder(self) -> Path:
        """Sockets and pid files: `NAME.pid` holds a part's process id; its age is the part's."""
        return self.data / "run"

    @property
    def logs(self) -> Path:
        return self.data / "logs"

    @property
    def keys(self) -> Path:
        return self.data / "keys"

    @property
    def switch_socket(self) -> Path:
        return socket_folder(self.run_folder, "switch.sock") / "switch.sock"

    @property
    def carrier_socket(self) -> Path:
        return socket_folder(self.run_folder, "carrier.sock") / "carrier.sock"

    @property
    def trunk(self) -> str:
        """Where outbound calls go: the named trunk, else the mock carrier on loopback."""
        return self.sip_trunk or f"127.0.0.1:{self.carrier_port}"

    @property
    def on_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def address(self) -> str:
        """What a person types into a browser."""
        scheme = "https" if self.tls else "http"
        host = "localhost" if self.host in ("0.0.0.0", "::") else self.host
        return f"{scheme}://{f'[{host}]' if ':' in host else host}:{self.port}"

    def database(self, role: str) -> str:
        """The database's URL as `role`: web, worker, backup or owner."""
        from nightbell.store.postgres import url_as

        return url_as(self.admin_url(), f"nightbell_{role}")

    def admin_url(self) -> str:
        """The URL that makes roles and runs migrations: for `serve` and tools, no other."""
        if self.database_url:
            return self.database_url
        from nightbell.store.postgres import running_at

        if found := running_at(self.data):
            return found
        raise DatabaseNotRunning(data=str(self.data))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return "" if value is None else str(value)


def _read(name: str, read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except (ValueError, KeyError):
        raise SettingRefused(setting=name) from None
