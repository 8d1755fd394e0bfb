"""Rotated refresh tokens on disk, where the next run and other processes find them.

One file may hold the tokens of several applications. It is readable by its owner alone, replaced
as a whole, and written before the new token is used: whoever is killed in between leaves either
the old state or the new one.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import msgspec
from filelock import FileLock, Timeout

from erp_common.errors import ERPConnectionError, ERPValidationError

_VERSION = 1
_LOCK_TIMEOUT = 300.0
"""Seconds to wait for another process that refreshes: longer than all of its retries take."""


@dataclass(frozen=True)
class StoredToken:
    """The tokens of one application.

    Attributes:
        refresh_token: The one to use next.
        seed: Hash of the setting's refresh token from which this chain began; empty if the
            setting held none.
        access_token: The newest one; empty if unknown.
        expires_at: When that expires, in seconds since the epoch.
        lifetime: Seconds for which it was given.
    """

    refresh_token: str
    seed: str
    access_token: str = ""
    expires_at: float = 0.0
    lifetime: float = 0.0


def fingerprint(token: str | None) -> str:
    """A hash by which a token is recognised without being kept; empty for none."""
    return hashlib.sha256(token.encode()).hexdigest() if token else ""


def application(token_url: str, client_id: str | None) -> str:
    """The name under which an application's tokens are kept."""
    return hashlib.sha256(f"{token_url}\n{client_id or ''}".encode()).hexdigest()[:32]


class TokenStore:
    """The file named by the setting `token_store`."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Name the file; it is made by the first `save`."""
        # A link stays a link: what it points to is replaced.
        self._path = Path(path).expanduser().resolve()
        self._lock = FileLock(f"{self._path}.lock", mode=0o600)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the only one that refreshes, among all processes.

        Raises:
            ERPConnectionError: Another process holds on to it.
            ERPValidationError: The folder cannot be written to.
        """
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock.acquire(timeout=_LOCK_TIMEOUT)
        except Timeout:
            raise ERPConnectionError(
                f"Another process has been renewing the token in {self._path} for "
                f"{_LOCK_TIMEOUT:.0f} s; end it and run again."
            ) from None
        except OSError as error:
            raise self._unusable("cannot be written to", error) from None
        try:
            yield
        finally:
            self._lock.release()

    def check(self) -> None:
        """Check that tokens can be kept here, before one is asked for.

        Raises:
            ERPConnectionError: Another process holds on to it.
            ERPValidationError: The file cannot be used, or is no token store.
        """
        with self.locked():
            self._entries()

    def load(self, name: str) -> StoredToken | None:
        """The tokens of an application; None if there are none yet.

        Raises:
            ERPValidationError: The file cannot be read, or is no token store.
        """
        entry = self._entries().get(name)
        if entry is None:
            return None
        try:
            return msgspec.convert(entry, StoredToken)
        except msgspec.ValidationError:
            raise self._damaged() from None

    def save(self, name: str, token: StoredToken) -> None:
        """Put the tokens of an application on disk, durably; call it with the lock held.

        Raises:
            ERPValidationError: The file cannot be written, or is no token store.
        """
        entries = {**self._entries(), name: asdict(token)}
        data = json.dumps({"version": _VERSION, "tokens": entries}, indent=1).encode()
        try:
            self._replace(data)
        except OSError as error:
            raise self._unusable("cannot be written to", error) from None

    def _entries(self) -> dict[str, dict[str, object]]:
        try:
            data = self._path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._unusable("cannot be read", error) from None
        try:
            content = json.loads(data)
            entries = content["tokens"] if content["version"] == _VERSION else None
        except (ValueError, TypeError, KeyError):
            entries = None
        if not isinstance(entries, dict):
            raise self._damaged()
        return entries

    def _replace(self, data: bytes) -> None:
        # mkstemp makes the file for its owner alone.
        handle, name = tempfile.mkstemp(prefix=f".{self._path.name}.", dir=self._path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(self._path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        if os.name == "posix":  # the new name must survive a power cut as well
            folder = os.open(self._path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _damaged(self) -> ERPValidationError:
        return ERPValidationError(
            f"token_store {self._path} is no token store; restore it, or remove it and authorise "
            "again.",
            ends_run=True,
        )

    def _unusable(self, what: str, error: OSError) -> ERPValidationError:
        return ERPValidationError(
            f"token_store {self._path} {what} ({error.strerror or type(error).__name__}); correct "
            "the path or its permissions.",
            ends_run=True,
        )
